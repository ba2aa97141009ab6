import { PublicKey, SecretKey, Signature, verify } from '@chainsafe/blst'
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { numberToBytesBE } from '@noble/curves/utils.js'
import bls from 'bls-eth-wasm'
import { expect } from 'chai'
import {
  combineSignatures, decodeG1, decodeG1OnCurve, decodeG2, DST_SHARE_PROOF, DST_SIGNATURE, encodeG1, encodeG2, integerLagrange, lagrangeAtZero, R, scalarFromBytes,
  scalarToBytes, signShare, timesBase, toBigInt, verifyShareSignatures, verifySignature,
} from '../../crypto/bls.ts'
import type { G1 } from '../../crypto/bls.ts'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { codeOf, seededRandom } from './random.ts'

const random = seededRandom('bls')
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

/** The compressed form of an x, right or wrong. */
function compressed(x: bigint, flags = 0x80): Uint8Array {
  const bytes = numberToBytesBE(x, 48)
  bytes[0]! |= flags
  return bytes
}

/** Points on the curve that are not in the subgroup: nearly all of those with a small x. */
function outside(count: number): G1[] {
  const points: G1[] = []
  for (let x = 1n; points.length < count; x++) {
    try {
      const point = decodeG1OnCurve(compressed(x))
      if (!point.isTorsionFree()) points.push(point)
    } catch { /* no point has this x */ }
  }
  return points
}

const blstTakesKey = (bytes: Uint8Array) => {
  try {
    PublicKey.fromBytes(bytes, true)
    return true
  } catch {
    return false
  }
}

const blstTakesSignature = (bytes: Uint8Array) => {
  try {
    Signature.fromBytes(bytes, true, true)
    return true
  } catch {
    return false
  }
}

before(() => bls.init(bls.BLS12_381))

describe('G1 and G2 points', () => {
  it('are written as other libraries write them, and read back', () => {
    for (let i = 0; i < 6; i++) {
      const secret = scalar()
      const bytes = encodeG1(timesBase(secret))
      expect(bytes).to.deep.equal(Uint8Array.from(SecretKey.fromBytes(scalarToBytes(secret)).toPublicKey().toBytes()))
      expect(encodeG1(decodeG1(bytes))).to.deep.equal(bytes)
      expect(encodeG1(decodeG1(bytes).negate())).to.deep.equal(bls12_381.G1.Point.fromBytes(bytes).negate().toBytes())
      const signature = encodeG2(signShare(secret, random(8), DST_SIGNATURE))
      expect(encodeG2(decodeG2(signature))).to.deep.equal(signature)
      expect(encodeG2(decodeG2(signature).negate())).to.deep.equal(bls12_381.G2.Point.fromBytes(signature).negate().toBytes())
    }
  })

  it('of G1 are refused for each fault by name, as blst refuses them', () => {
    const good = encodeG1(timesBase(5n))
    const x = toBigInt(good) & (2n ** 381n - 1n)
    const cases: [bytes: Uint8Array, reason: string][] = [
      [good.subarray(1), 'it has 47 bytes, not 48'],
      [new Uint8Array(), 'it has 0 bytes, not 48'],
      [bls12_381.G1.Point.BASE.toBytes(false), 'it has 96 bytes, not 48'],
      [compressed(x, 0), 'it is not compressed'],
      [compressed(0n, 0xc0), 'it is the identity'],
      [compressed(0n, 0xe0), 'it is the identity'],
      [compressed(x, 0xc0), 'it is the identity'],
      [compressed(P), 'it is not canonical'],
      [compressed(P + 4n), 'it is not canonical'],
      [compressed(2n ** 381n - 1n), 'it is not canonical'],
      [compressed(1n), 'it is not on the curve'],
      [encodeG1(outside(1)[0]!), 'it is not in the prime-order subgroup'],
      [compressed(0n), 'it is not in the prime-order subgroup'], // The point (0, 2) has order 3.
    ]
    for (const [bytes, reason] of cases) {
      expect(why(() => decodeG1(bytes)), reason).to.equal(reason)
      if (bytes.length !== 96) expect(blstTakesKey(bytes), reason).to.be.false
    }
    expect(why(() => encodeG1(timesBase(0n)))).to.equal('it is the identity')
    expect(() => decodeG1(compressed(1n), 'The key of alice')).to.throw('The key of alice is refused: it is not on the curve.')
  })

  it('of G1 that lie outside the subgroup are taken only where sums are made of them', () => {
    for (const point of outside(5)) {
      expect(why(() => decodeG1OnCurve(encodeG1(point)))).to.equal('taken')
      expect(why(() => decodeG1(encodeG1(point)))).to.equal('it is not in the prime-order subgroup')
    }
    expect(why(() => decodeG1OnCurve(compressed(1n)))).to.equal('it is not on the curve')
    expect(why(() => decodeG1OnCurve(compressed(0n, 0xc0)))).to.equal('it is the identity')
  })

  it('of G2 are refused for each fault by name, as blst refuses them', () => {
    const good = encodeG2(signShare(5n, utf8('m'), DST_SIGNATURE))
    const swapped = (at: number, value: bigint) => {
      const bytes = Uint8Array.from(good)
      bytes.set(numberToBytesBE(value, 48), at)
      bytes[0]! |= 0x80
      return bytes
    }
    const off = Array.from({ length: 40 }, (_, i) => swapped(48, BigInt(i))).map((bytes) => ({ bytes, reason: why(() => decodeG2(bytes)) }))
    const cases: [bytes: Uint8Array, reason: string][] = [
      [good.subarray(0, 48), 'it has 48 bytes, not 96'],
      [Uint8Array.from(good, (byte, i) => (i === 0 ? byte & 0x7f : byte)), 'it is not compressed'],
      [Uint8Array.from(good, (byte, i) => (i === 0 ? byte | 0x40 : byte)), 'it is the identity'],
      [swapped(0, P), 'it is not canonical'],
      [swapped(48, P + 1n), 'it is not canonical'],
      ...off.map(({ bytes, reason }): [Uint8Array, string] => [bytes, reason]),
    ]
    expect(new Set(off.map(({ reason }) => reason))).to.deep.equal(new Set(['it is not on the curve', 'it is not in the prime-order subgroup']))
    for (const [bytes, reason] of cases) {
      expect(why(() => decodeG2(bytes))).to.equal(reason)
      expect(blstTakesSignature(bytes), reason).to.be.false
    }
  })
})

describe('scalars', () => {
  it('are 32 bytes, big endian, below r', () => {
    expect(toHex(scalarToBytes(1n))).to.equal(`${'00'.repeat(31)}01`)
    expect(scalarFromBytes(scalarToBytes(R - 1n))).to.equal(R - 1n)
    for (const value of [R, -1n, 2n ** 256n]) expect(codeOf(() => scalarToBytes(value))).to.equal('crypto.bad-scalar')
    for (const bytes of [numberToBytesBE(R, 32), new Uint8Array(32).fill(255), new Uint8Array(31), new Uint8Array(33)]) {
      expect(codeOf(() => scalarFromBytes(bytes))).to.equal('crypto.bad-scalar')
    }
  })

  it('are not shown in the error about them', () => {
    expect(() => scalarToBytes(R + 12345n)).to.throw('A scalar is not a 32-byte number below the group order.')
  })
})

describe('signatures', () => {
  const message = utf8('message')

  it('hash to G2 as RFC 9380 J.10.1 says', () => {
    const dst = 'QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_'
    const { x } = signShare(1n, new Uint8Array(), dst).toAffine()
    expect(Fp2.eql(x, Fp2.fromBigTuple([
      0x0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78an,
      0x05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03dn,
    ]))).to.be.true
  })

  it('are those of blst and bls-eth-wasm, bit by bit, and hold there', () => {
    for (let i = 0; i < 3; i++) {
      const secret = scalar()
      const ours = encodeG2(signShare(secret, message, DST_SIGNATURE))
      const key = SecretKey.fromBytes(scalarToBytes(secret))
      expect(toHex(ours)).to.equal(toHex(Uint8Array.from(key.sign(message).toBytes())))
      expect(verify(message, key.toPublicKey(), Signature.fromBytes(ours, true), true, true)).to.be.true
      const wasm = new bls.SecretKey()
      wasm.deserialize(scalarToBytes(secret))
      expect(toHex(ours)).to.equal(wasm.sign(message).serializeToHexStr())
      expect(verifySignature(timesBase(secret), message, decodeG2(ours), DST_SIGNATURE)).to.be.true
    }
  })

  it('hold for one message, key and domain only, and never for the identity', () => {
    const secret = scalar()
    const [key, signature] = [timesBase(secret), signShare(secret, message, DST_SIGNATURE)]
    const identity = signature.subtract(signature)
    expect(verifySignature(key, utf8('other'), signature, DST_SIGNATURE)).to.be.false
    expect(verifySignature(timesBase(secret + 1n), message, signature, DST_SIGNATURE)).to.be.false
    expect(verifySignature(key, message, signature, DST_SHARE_PROOF)).to.be.false
    expect(verifySignature(key, message, signature.negate(), DST_SIGNATURE)).to.be.false
    expect(verifySignature(timesBase(0n), message, identity, DST_SIGNATURE)).to.be.false
    expect(verifySignature(key, message, identity, DST_SIGNATURE)).to.be.false
  })

  it('of many are checked at once, and one bad one among them is noticed', () => {
    const secrets = Array.from({ length: 5 }, scalar)
    const entries = secrets.map((secret) => ({ publicKey: timesBase(secret), signature: signShare(secret, message, DST_SHARE_PROOF) }))
    const holds = (list: typeof entries, text = message) => verifyShareSignatures(list, text, DST_SHARE_PROOF, random)
    expect(holds(entries)).to.be.true
    expect(holds([])).to.be.true
    expect(holds(entries.slice(0, 1))).to.be.true
    expect(holds(entries, utf8('other'))).to.be.false
    for (let bad = 0; bad < entries.length; bad++) {
      const changed = entries.map((entry, i) => (i === bad ? { ...entry, signature: entry.signature.double() } : entry))
      expect(holds(changed), `entry ${bad}`).to.be.false
    }
  })

  it('that are bad only one by one, with a right sum, are noticed by the weights', () => {
    const secrets = [scalar(), scalar()]
    const [one, two] = secrets.map((secret) => ({ publicKey: timesBase(secret), signature: signShare(secret, message, DST_SHARE_PROOF) }))
    const error = signShare(7n, utf8('error'), DST_SHARE_PROOF)
    const shifted = [{ ...one!, signature: one!.signature.add(error) }, { ...two!, signature: two!.signature.subtract(error) }]
    expect(verifyShareSignatures(shifted, message, DST_SHARE_PROOF, random)).to.be.false
    const identity = { publicKey: timesBase(0n), signature: error.subtract(error) }
    expect(verifyShareSignatures([one!, identity], message, DST_SHARE_PROOF, random)).to.be.false
  })

  it('are not checked with weights from a broken generator', () => {
    const entry = { publicKey: timesBase(2n), signature: signShare(3n, message, DST_SHARE_PROOF) }
    for (const broken of [(n: number) => new Uint8Array(n), () => new Uint8Array(3).fill(1)]) {
      expect(codeOf(() => verifyShareSignatures([entry, entry], message, DST_SHARE_PROOF, broken))).to.equal('crypto.bad-argument')
    }
  })
})

describe('Lagrange interpolation at zero', () => {
  const spread = (count: number, step: number) => Array.from({ length: count }, (_, i) => 1 + i * step)

  for (const indices of [[1], [3], [2, 5], [5, 2, 1], spread(43, 1), [...spread(42, 1), 64], spread(86, 1), spread(60, 17), spread(200, 5)]) {
    it(`gives f(0) of a polynomial of degree ${indices.length - 1}, as fractions and as integers over one denominator`, () => {
      const coefficients = indices.map(scalar)
      const values = indices.map((x) => coefficients.reduceRight((sum, one) => (sum * BigInt(x) + one) % R, 0n))
      const dot = (factors: readonly bigint[]) => (values.reduce((sum, one, i) => sum + one * factors[i]!, 0n) % R + R) % R
      expect(dot(lagrangeAtZero(indices))).to.equal(coefficients[0])
      const { numerators, denominator } = integerLagrange(indices)
      expect(dot(numerators)).to.equal((coefficients[0]! * denominator) % R)
      expect(numerators.every((one) => one < R && -one < R)).to.be.true
    })
  }

  it('uses short integers where the index set allows', () => {
    expect(integerLagrange([1, 2, 3])).to.deep.equal({ numerators: [3n, -3n, 1n], denominator: 1n })
  })

  it('refuses indices that repeat, are zero, or are not whole', () => {
    for (const indices of [[1, 1], [0, 1], [-1, 2], [1.5, 2], [Number.NaN]]) {
      expect(codeOf(() => lagrangeAtZero(indices)), String(indices)).to.equal('crypto.bad-argument')
      expect(codeOf(() => integerLagrange(indices)), String(indices)).to.equal('crypto.bad-argument')
    }
  })
})

describe('combined signatures', () => {
  const message = utf8('message')

  it('are the same from every t partial ones, the group\'s own, and what bls-eth-wasm recovers', () => {
    for (const [t, n, subsets] of [[3, 5, [[1, 2, 3], [5, 3, 1], [2, 4, 5], [1, 2, 3, 4, 5]]], [6, 11, [[1, 3, 5, 7, 9, 11], [11, 10, 8, 6, 3, 2]]]] as const) {
      const coefficients = Array.from({ length: t }, scalar)
      const value = (x: number) => coefficients.reduceRight((sum, one) => (sum * BigInt(x) + one) % R, 0n)
      const partials = Array.from({ length: n }, (_, i) => ({ index: i + 1, signature: signShare(value(i + 1), message, DST_SIGNATURE) }))
      const own = toHex(encodeG2(signShare(coefficients[0]!, message, DST_SIGNATURE)))
      for (const subset of subsets) {
        const parts = subset.map((index) => partials[index - 1]!)
        expect(toHex(encodeG2(combineSignatures(parts))), String(subset)).to.equal(own)
        const recovered = new bls.Signature()
        recovered.recover(parts.map(({ signature }) => {
          const part = new bls.Signature()
          part.deserialize(encodeG2(signature))
          return part
        }), subset.map((index) => {
          const id = new bls.Id()
          id.setInt(index)
          return id
        }))
        expect(recovered.serializeToHexStr()).to.equal(own)
      }
      const few = subsets[0].slice(0, t - 1).map((index) => partials[index - 1]!)
      expect(toHex(encodeG2(combineSignatures(few)))).not.to.equal(own)
    }
  })

  it('refuse two parts of one signer', () => {
    const part = { index: 1, signature: signShare(3n, message, DST_SIGNATURE) }
    expect(codeOf(() => combineSignatures([part, part]))).to.equal('crypto.bad-argument')
  })
})

describe('the crafted points of these tests', () => {
  it('are what they are said to be: r does not annul them', () => {
    const [point] = outside(1)
    expect(mulAddUnsafe(bls12_381.G1.Point, [point!], [R], true).is0()).to.be.false
    expect(fromHex(toHex(encodeG1(point!)))).to.have.length(48)
  })
})
