import { expect } from 'chai'
import { equalBytes, fromHex, hexPattern, isHex, toHex, utf8 } from '../../base/bytes.ts'
import { hkdf, sha256, sha256Hex } from '../../crypto/hash.ts'
import { codeOf } from './random.ts'

describe('bytes', () => {
  it('reads one spelling of hex only: lower case, whole bytes, the right length', () => {
    expect(toHex(fromHex('00ff10'))).to.equal('00ff10')
    expect(fromHex('')).to.have.length(0)
    for (const text of ['0', 'FF', '0x00', ' 00', '00\n', 'gg', '٠٠']) {
      expect(codeOf(() => fromHex(text)), text).to.equal('bytes.not-hex')
    }
    expect(codeOf(() => fromHex('00', 2))).to.equal('bytes.not-hex')
    expect(() => fromHex('00', 2, 'The ceremony id')).to.throw('The ceremony id is not lower-case hex of 2 bytes.')
  })

  it('says whether a value is hex as it says it to a schema', () => {
    expect([isHex(''), isHex('00ff'), isHex('00ff', 2)]).to.deep.equal([true, true, true])
    const values = ['0', '00', '00ff', '00fF', '0x00', ' 00', '00\n', 'gg00', '٠٠', '000000']
    for (const value of values) {
      expect(isHex(value), value).to.equal(new RegExp(`^${hexPattern()}$`).test(value))
      expect(isHex(value, 2), value).to.equal(new RegExp(`^${hexPattern(2)}$`).test(value))
    }
    for (const value of [undefined, null, 12, ['00'], {}]) expect(isHex(value)).to.equal(false)
  })

  it('hashes parts as if they were one string (FIPS 180 example)', () => {
    const whole = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    expect(sha256Hex(utf8('abc'))).to.equal(whole)
    expect(toHex(sha256(utf8('a'), new Uint8Array(), utf8('bc')))).to.equal(whole)
    expect(sha256Hex()).to.equal('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('compares bytes by length and content', () => {
    expect(equalBytes(fromHex('0102'), fromHex('0102'))).to.be.true
    expect(equalBytes(fromHex('0102'), fromHex('0103'))).to.be.false
    expect(equalBytes(fromHex('0102'), fromHex('01'))).to.be.false
  })

  it('derives as RFC 5869 test case 1 and 3 say', () => {
    const ikm = new Uint8Array(22).fill(0x0b)
    const one = hkdf(ikm, fromHex('000102030405060708090a0b0c'), fromHex('f0f1f2f3f4f5f6f7f8f9'), 42)
    expect(toHex(one)).to.equal('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
    const three = hkdf(ikm, new Uint8Array(), '', 42)
    expect(toHex(three)).to.equal('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8')
  })
})
