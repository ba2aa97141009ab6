import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import { concat, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { checkEd25519Key, ed25519FromSeed, signEd25519, verifyEd25519 } from '../../crypto/ed25519.ts'
import { primitives as fast } from '../../crypto/fast.ts'
import { primitives as portable } from '../../crypto/portable.ts'
import { codeOf, seededRandom } from './random.ts'

const { Point } = ed25519
const L = Point.Fn.ORDER
type Point = typeof Point.BASE

const [RFC_8032_1, RFC_8032_2, RFC_8032_3] = [
  ['9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '', 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'],
  ['4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72', '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'],
  ['c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82', '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a'],
] as const

const random = seededRandom('ed25519')
const message = utf8('statement')
const secret = bytesToNumberLE(random(32)) % L
const nonce = bytesToNumberLE(random(32)) % L
const torsion = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex))
const [T] = torsion.filter((point) => !point.double().double().is0())

/** Makes a signature that would hold but for its faulty parts: S = r + k·a, with k over the given encodings. */
function craft({ A, R, r = nonce, a = secret }: { A: Uint8Array; R: Uint8Array; r?: bigint; a?: bigint }, text = message): Uint8Array {
  const k = bytesToNumberLE(sha512(concat(R, A, text))) % L
  return concat(R, numberToBytesLE((r + k * a) % L, 32))
}

/** The answers of every implementation in use, with and without the check of the key. */
const answers = (A: Uint8Array, text: Uint8Array, signature: Uint8Array) => [
  verifyEd25519(A, text, signature), fast.ed25519Verify(A, text, signature), portable.ed25519Verify(A, text, signature),
]

const A = Point.BASE.multiply(secret)
const R = Point.BASE.multiply(nonce)
const good = craft({ A: A.toBytes(), R: R.toBytes() })

describe('Ed25519', () => {
  for (const [seed, key, text, signature] of [RFC_8032_1, RFC_8032_2, RFC_8032_3]) {
    it(`signs and verifies as RFC 8032 §7.1 says, message "${text}"`, () => {
      const pair = ed25519FromSeed(fromHex(seed))
      expect(toHex(pair.publicKey)).to.equal(key)
      expect(toHex(signEd25519(pair.secretKey, fromHex(text)))).to.equal(signature)
      expect(answers(fromHex(key), fromHex(text), fromHex(signature))).to.deep.equal([true, true, true])
      expect(checkEd25519Key(fromHex(key))).to.equal(null)
    })
  }

  it('refuses a signature with any one bit changed, or of another message, key or length', () => {
    for (let bit = 0; bit < 512; bit += 7) {
      const changed = Uint8Array.from(good)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(answers(A.toBytes(), message, changed), `bit ${bit}`).to.deep.equal([false, false, false])
    }
    expect(verifyEd25519(A.toBytes(), utf8('other'), good)).to.be.false
    expect(verifyEd25519(R.toBytes(), message, good)).to.be.false
    expect(verifyEd25519(A.toBytes(), message, good.subarray(0, 63))).to.be.false
    expect(verifyEd25519(A.toBytes().subarray(1), message, good)).to.be.false
  })

  it('signs with 32-byte seeds only', () => {
    expect(codeOf(() => signEd25519(random(64), message))).to.equal('crypto.bad-length')
    expect(codeOf(() => ed25519FromSeed(random(31)))).to.equal('crypto.bad-length')
  })
})

describe('the exact Ed25519 rule, in every implementation in use', () => {
  it('accepts a signature that keeps it', () => {
    expect(answers(A.toBytes(), message, good)).to.deep.equal([true, true, true])
  })

  it('refuses an R with torsion, which a check with the cofactor would accept', () => {
    for (const point of torsion.filter((one) => !one.is0())) {
      const signature = craft({ A: A.toBytes(), R: R.add(point).toBytes() })
      expect(ed25519.verify(signature, message, A.toBytes(), { zip215: true })).to.be.true
      expect(answers(A.toBytes(), message, signature)).to.deep.equal([false, false, false])
    }
  })

  it('refuses a key with torsion always, though the equation holds for one message in eight', () => {
    const key = A.add(T!).toBytes()
    expect(checkEd25519Key(key)).to.equal('it is not in the prime-order subgroup')
    const seen = new Set<boolean>()
    for (let i = 0; i < 40; i++) {
      const text = utf8(`statement ${i}`)
      const [checked, native, pure] = answers(key, text, craft({ A: key, R: R.toBytes() }, text))
      expect(checked).to.be.false
      expect(native).to.equal(pure)
      seen.add(native!)
    }
    expect([...seen]).to.have.members([true, false])
  })

  it('refuses the identity and all keys of low order, under which anyone can sign', () => {
    for (const point of torsion) {
      const key = point.toBytes()
      expect(checkEd25519Key(key)).to.equal(point.is0() ? 'it is the identity' : 'it is not in the prime-order subgroup')
      expect(verifyEd25519(key, message, craft({ A: key, R: R.toBytes(), a: 0n }))).to.be.false
    }
    const identity = Point.ZERO.toBytes()
    expect(fast.ed25519Verify(identity, message, craft({ A: identity, R: R.toBytes(), a: 0n }))).to.be.true // So the check matters.
  })

  it('refuses S + L, a second spelling of a good signature', () => {
    const S = bytesToNumberLE(good.subarray(32))
    for (const other of [S + L, S + 2n * L, L, 2n ** 256n - 1n]) {
      expect(answers(A.toBytes(), message, concat(R.toBytes(), numberToBytesLE(other, 32)))).to.deep.equal([false, false, false])
    }
  })

  it('takes an R of low order if it is canonical, and refuses its other spellings', () => {
    const canonical = Point.ZERO.toBytes()
    expect(answers(A.toBytes(), message, craft({ A: A.toBytes(), R: canonical, r: 0n }))).to.deep.equal([true, true, true])
    const withSign = Uint8Array.from(canonical)
    withSign[31] = 0x80
    for (const other of [withSign, numberToBytesLE(Point.Fp.ORDER + 1n, 32)]) {
      expect(answers(A.toBytes(), message, craft({ A: A.toBytes(), R: other, r: 0n }))).to.deep.equal([false, false, false])
    }
  })

  it('refuses every key that is not canonical or not on the curve', () => {
    const why = 'it is not the canonical encoding of a point on the curve'
    for (let y = Point.Fp.ORDER; y < 2n ** 255n; y++) {
      for (const sign of [0n, 2n ** 255n]) expect(checkEd25519Key(numberToBytesLE(y + sign, 32))).to.equal(why)
    }
    const negativeZero = numberToBytesLE(1n + 2n ** 255n, 32)
    expect(checkEd25519Key(negativeZero)).to.equal(why)
    expect(checkEd25519Key(numberToBytesLE(2n, 32))).to.equal(why)
    expect(checkEd25519Key(new Uint8Array(31))).to.equal('it has 31 bytes, not 32')
    expect(verifyEd25519(negativeZero, message, good)).to.be.false
  })
})
