import { PublicKey, SecretKey, Signature } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { numberToBytesBE } from '@noble/curves/utils.js'
import { expect } from 'chai'
import {
  decodeG1, decodeG1Affine, decodeG2, decodeG2Affine, DST_SIGNATURE, encodeG1, encodeG1Affine, encodeG2, encodeG2Affine, R, scalarToBytes, signShare,
  timesBase, toBigInt,
} from '../../crypto/bls.ts'
import { concat, fromHex, toHex } from '../../base/bytes.ts'
import { seededRandom } from './random.ts'

const random = seededRandom('affine')
const scalar = () => toBigInt(random(48)) % R
const { Fp, Fp2 } = bls12_381.fields
const P = Fp.ORDER

/** The reason why decoding refuses these bytes. */
function why(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect((error as { code?: string }).code).to.equal('crypto.bad-point')
    return String((error as { facts: { why?: unknown } }).facts.why)
  }
  return 'taken'
}

const coordinates = (...fields: readonly bigint[]): Uint8Array => concat(...fields.map((field) => numberToBytesBE(field, 48)))
/** The field elements of the coordinates. */
const fieldsOf = (bytes: Uint8Array): bigint[] => Array.from({ length: bytes.length / 48 }, (_, i) => toBigInt(bytes.subarray(48 * i, 48 * (i + 1))))
const withByte = (bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array => bytes.map((byte, i) => (i === at ? change(byte) : byte))

const one = encodeG1Affine(timesBase(scalar()))
const two = encodeG2Affine(signShare(scalar(), random(8), DST_SIGNATURE))

/** Each form, with a good point and its size in bytes. */
const forms = [
  { name: 'G1', good: one, decode: decodeG1Affine, size: 96 },
  { name: 'G2', good: two, decode: decodeG2Affine, size: 192 },
] as const

describe('points by their coordinates', () => {
  it('of G1 are those of noble and blst, there and back', () => {
    for (let i = 0; i < 8; i++) {
      const secret = scalar()
      const bytes = encodeG1Affine(timesBase(secret))
      expect(toHex(bytes)).to.equal(toHex(bls12_381.G1.Point.BASE.multiply(secret).toBytes(false)))
      const theirs = SecretKey.fromBytes(scalarToBytes(secret)).toPublicKey()
      expect(toHex(bytes)).to.equal(toHex(Uint8Array.from(theirs.toBytes(false))))
      expect(toHex(encodeG1Affine(decodeG1Affine(bytes)))).to.equal(toHex(bytes))
      expect(toHex(encodeG1(decodeG1Affine(bytes)))).to.equal(toHex(Uint8Array.from(theirs.toBytes(true))))
      expect(decodeG1Affine(bytes).equals(decodeG1(encodeG1(timesBase(secret))))).to.equal(true)
      expect(toHex(Uint8Array.from(PublicKey.fromBytes(bytes, true).toBytes(true)))).to.equal(toHex(encodeG1(timesBase(secret))))
    }
  })

  it('of G2 are those of noble and blst, there and back', () => {
    for (let i = 0; i < 4; i++) {
      const message = random(8)
      const secret = scalar()
      const point = signShare(secret, message, DST_SIGNATURE)
      const bytes = encodeG2Affine(point)
      expect(toHex(bytes)).to.equal(toHex(bls12_381.G2.Point.fromBytes(encodeG2(point)).toBytes(false)))
      const theirs = SecretKey.fromBytes(scalarToBytes(secret)).sign(message)
      expect(toHex(bytes)).to.equal(toHex(Uint8Array.from(theirs.toBytes(false))))
      expect(toHex(encodeG2Affine(decodeG2Affine(bytes)))).to.equal(toHex(bytes))
      expect(decodeG2Affine(bytes).equals(decodeG2(encodeG2(point)))).to.equal(true)
      expect(toHex(Uint8Array.from(Signature.fromBytes(bytes, true, true).toBytes(true)))).to.equal(toHex(encodeG2(point)))
    }
  })

  for (const { name, good, decode, size } of forms) {
    const fields = fieldsOf(good)

    it(`of ${name} are exactly ${size} bytes`, () => {
      for (const length of [0, 1, size / 2, size - 1, size + 1, 2 * size]) {
        expect(why(() => decode(new Uint8Array(length)))).to.equal(`it has ${length} bytes, not ${size}`)
      }
      expect(why(() => decode(good.subarray(1)))).to.equal(`it has ${size - 1} bytes, not ${size}`)
      expect(why(() => decode(concat(good, Uint8Array.of(0))))).to.equal(`it has ${size + 1} bytes, not ${size}`)
    })

    it(`of ${name} have none of the three flags, in any coordinate`, () => {
      for (let at = 0; at < size; at += 48) {
        for (const flag of [0x80, 0x40, 0x20, 0xe0]) expect(why(() => decode(withByte(good, at, (byte) => byte | flag))), `${flag} at ${at}`).to.equal('it is not canonical')
      }
    })

    it(`of ${name} have one spelling: every coordinate is below p`, () => {
      fields.forEach((field, i) => {
        for (const more of [P, 2n * P]) {
          const bent = fields.map((one, k) => (k === i ? one + more : one))
          if (field + more < 2n ** 384n) expect(why(() => decode(coordinates(...bent))), `coordinate ${i}`).to.equal('it is not canonical')
        }
        expect(why(() => decode(coordinates(...fields.map((one, k) => (k === i ? P : one)))))).to.equal('it is not canonical')
      })
    })

    it(`of ${name} lie on the curve`, () => {
      for (let at = 0; at < size; at += 48) expect(why(() => decode(withByte(good, at + 47, (byte) => byte ^ 1))), String(at)).to.equal('it is not on the curve')
      expect(why(() => decode(coordinates(...fields.toReversed())))).to.equal('it is not on the curve')
      expect(why(() => decode(coordinates(...fields.map(() => 1n))))).to.equal('it is not on the curve')
    })

    it(`of ${name} are never infinity, in no spelling of it`, () => {
      const zero = new Uint8Array(size)
      expect(why(() => decode(zero))).to.equal('it is not on the curve')
      for (const flags of [0x40, 0xc0, 0x60, 0xe0]) expect(why(() => decode(withByte(zero, 0, () => flags)))).to.equal('it is not canonical')
    })
  }

  it('are never written of infinity', () => {
    expect(why(() => encodeG1Affine(timesBase(0n)))).to.equal('it is the identity')
    const point = decodeG2Affine(two)
    expect(why(() => encodeG2Affine(point.subtract(point)))).to.equal('it is the identity')
  })

  it('are not taken for two compressed ones, nor those for them', () => {
    const compressed = encodeG1(timesBase(5n))
    expect(why(() => decodeG1Affine(concat(compressed, compressed)))).to.equal('it is not canonical')
    expect(why(() => decodeG1(one))).to.equal('it has 96 bytes, not 48')
    const signature = encodeG2(decodeG2Affine(two))
    expect(why(() => decodeG2Affine(concat(signature, signature)))).to.equal('it is not canonical')
    expect(why(() => decodeG2(two))).to.equal('it has 192 bytes, not 96')
  })

  it('say whose they are where they are refused', () => {
    expect(() => decodeG1Affine(new Uint8Array(96), 'The point of anna')).to.throw('The point of anna is refused: it is not on the curve.')
    expect(() => decodeG2Affine(new Uint8Array(192), 'The point of anna')).to.throw('The point of anna is refused: it is not on the curve.')
  })

  it('may be outside the subgroup, as (0, 2) and (0, -2) are, of order 3: sums are checked instead', () => {
    for (const y of [2n, P - 2n]) {
      const point = decodeG1Affine(coordinates(0n, y))
      expect(point.add(point).add(point).is0()).to.equal(true)
      expect(point.isTorsionFree()).to.equal(false)
      expect(why(() => decodeG1(encodeG1(point)))).to.equal('it is not in the prime-order subgroup')
      expect(toHex(encodeG1Affine(point))).to.equal(toHex(coordinates(0n, y)))
    }
  })

  it('have both signs, told apart by y', () => {
    const point = decodeG1Affine(one)
    const [x = 0n, y = 0n] = fieldsOf(one)
    expect(decodeG1Affine(coordinates(x, P - y)).equals(point.negate())).to.equal(true)
    const [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n] = fieldsOf(two)
    expect(decodeG2Affine(coordinates(x1, x0, P - y1, P - y0)).equals(decodeG2Affine(two).negate())).to.equal(true)
    // c1 stands before c0, as in the compressed form.
    expect(Fp2.eql(decodeG2Affine(two).toAffine().x, Fp2.fromBigTuple([x0, x1]))).to.equal(true)
    expect(toHex(fromHex(toHex(two)).subarray(0, 96))).to.equal(toHex(withByte(encodeG2(decodeG2Affine(two)), 0, (byte) => byte & 0x1f)))
  })
})
