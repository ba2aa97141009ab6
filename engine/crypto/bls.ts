/**
 * BLS12-381: points in and out, threshold signatures with keys in G1 (48 bytes) and signatures in G2 (96 bytes), as on
 * Ethereum. A `G1` or `G2` that `decodeG1` or `decodeG2` made is on the curve, in the subgroup and not the identity.
 */
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { numberToBytesBE } from '@noble/curves/utils.js'
import { concat } from './bytes.ts'
import { cryptoError } from './errors.ts'
import { integerLagrange } from './lagrange.ts'
import { R, randomWeights, toBigInt } from './scalar.ts'
import { inSubgroup } from './subgroup.ts'

export { lagrangeAtZero } from './lagrange.ts'
export { scalarFromBytes, scalarToBytes } from './scalar.ts'

const { Fp, Fp2, Fp12 } = bls12_381.fields
const G1Point = bls12_381.G1.Point
export const G2Point = bls12_381.G2.Point
const FIELD = 48

/** Why a point of the curve is refused that does not have the order r. */
export const OUTSIDE_SUBGROUP = 'it is not in the prime-order subgroup'

/** A point of BLS12-381's E(Fp). */
export type G1 = WeierstrassPoint<bigint>
/** A point of BLS12-381's E'(Fp²). */
export type G2 = WeierstrassPoint<typeof Fp2.ONE>

/** Domain of an airgap's proof that its share works; nothing else is ever signed in it. */
export const DST_SHARE_PROOF = 'KEYRITE_BLS12381G2_SHARE_PROOF_'
/** Ethereum's signatures: draft-irtf-cfrg-bls-signature, proof-of-possession scheme. */
export const DST_SIGNATURE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

/** G1's generator times a secret scalar, in constant time. */
export const timesBase = (scalar: bigint): G1 => (scalar === 0n ? G1Point.ZERO : G1Point.BASE.multiply(scalar))

/** The sum of points; the identity for none. */
export const sumG1 = (points: readonly G1[]): G1 => points.reduce((sum, point) => sum.add(point), G1Point.ZERO)

/** Σ scalarᵢ·pointᵢ for public values: the time depends on the scalars. */
export const combineG1 = (points: readonly G1[], scalars: readonly bigint[]): G1 =>
  mulAddUnsafe(G1Point, [...points], [...scalars])

/**
 * Reads a compressed point, without the subgroup check: for points of which only sums are used.
 *
 * @throws crypto.bad-point with the reason: length, form, not canonical, identity, not on the curve
 */
export function decodeG1OnCurve(bytes: Uint8Array, what = 'A G1 point'): G1 {
  const { larger, fields } = readFlags(bytes, 1, what)
  const x = fields[0] ?? 0n
  const y = root(Fp, Fp.add(Fp.mul(Fp.sqr(x), x), 4n), what)
  return G1Point.fromAffine({ x, y: isLarger(y) === larger ? y : Fp.neg(y) })
}

/**
 * Reads a compressed point of the prime-order subgroup, 48 bytes.
 *
 * @throws crypto.bad-point with the reason: as above, or not in the subgroup
 */
export function decodeG1(bytes: Uint8Array, what = 'A G1 point'): G1 {
  const point = decodeG1OnCurve(bytes, what)
  if (!inSubgroup(point)) throw outsideSubgroup(what)
  return point
}

/** 48 bytes, compressed. @throws crypto.bad-point for the identity, which nothing here may send */
export function encodeG1(point: G1): Uint8Array {
  // noble's toBytes checks the subgroup again, which takes longer than all the rest.
  if (point.is0()) throw cryptoError('bad-point', { what: 'A G1 point', why: 'it is the identity' })
  const { x, y } = point.toAffine()
  return withFlags(numberToBytesBE(x, FIELD), isLarger(y))
}

/**
 * Reads a compressed point of the prime-order subgroup, 96 bytes.
 *
 * @throws crypto.bad-point with the reason
 */
export function decodeG2(bytes: Uint8Array, what = 'A G2 point'): G2 {
  const point = decodeG2OnCurve(bytes, what)
  if (!point.isTorsionFree()) throw outsideSubgroup(what)
  return point
}

/**
 * Reads a compressed point, without the subgroup check: for points of which only sums are used.
 *
 * @throws crypto.bad-point with the reason
 */
export function decodeG2OnCurve(bytes: Uint8Array, what = 'A G2 point'): G2 {
  const { larger, fields } = readFlags(bytes, 2, what)
  const x = Fp2.fromBigTuple([fields[1] ?? 0n, fields[0] ?? 0n])
  const y = root(Fp2, Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n])), what)
  return G2Point.fromAffine({ x, y: isLarger2(y) === larger ? y : Fp2.neg(y) })
}

/** 96 bytes, compressed. @throws crypto.bad-point for the identity */
export function encodeG2(point: G2): Uint8Array {
  if (point.is0()) throw cryptoError('bad-point', { what: 'A G2 point', why: 'it is the identity' })
  const { x, y } = point.toAffine()
  return withFlags(concat(numberToBytesBE(x.c1, FIELD), numberToBytesBE(x.c0, FIELD)), isLarger2(y))
}

/**
 * Reads a point as its two coordinates, x || y, each 48 bytes big endian below p: reading one takes the curve's equation, and
 * no square root. Its subgroup is not checked. There is no such form of the identity (protocol §4, Attachments).
 *
 * @throws crypto.bad-point with the reason: length, not canonical, not on the curve
 */
export function decodeG1Affine(bytes: Uint8Array, what = 'A G1 point'): G1 {
  const [x = 0n, y = 0n] = readFields(bytes, 2, what)
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 4n))) throw offCurve(what)
  return G1Point.fromAffine({ x, y })
}

/** 96 bytes, x || y. @throws crypto.bad-point for the identity */
export function encodeG1Affine(point: G1): Uint8Array {
  if (point.is0()) throw cryptoError('bad-point', { what: 'A G1 point', why: 'it is the identity' })
  const { x, y } = point.toAffine()
  return concat(numberToBytesBE(x, FIELD), numberToBytesBE(y, FIELD))
}

/** As `decodeG1Affine`, of 192 bytes: x || y, each c1 || c0. @throws crypto.bad-point with the reason */
export function decodeG2Affine(bytes: Uint8Array, what = 'A G2 point'): G2 {
  const [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n] = readFields(bytes, 4, what)
  const [x, y] = [Fp2.fromBigTuple([x0, x1]), Fp2.fromBigTuple([y0, y1])]
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n])))) throw offCurve(what)
  return G2Point.fromAffine({ x, y })
}

/** 192 bytes, x || y, each c1 || c0. @throws crypto.bad-point for the identity */
export function encodeG2Affine(point: G2): Uint8Array {
  if (point.is0()) throw cryptoError('bad-point', { what: 'A G2 point', why: 'it is the identity' })
  const { x, y } = point.toAffine()
  return concat(...[x.c1, x.c0, y.c1, y.c0].map((field) => numberToBytesBE(field, FIELD)))
}

function readFields(bytes: Uint8Array, count: number, what: string): bigint[] {
  const refuse = (why: string) => cryptoError('bad-point', { what, why })
  if (bytes.length !== count * FIELD) throw refuse(`it has ${bytes.length} bytes, not ${count * FIELD}`)
  const fields = Array.from({ length: count }, (_, i) => toBigInt(bytes.subarray(i * FIELD, (i + 1) * FIELD)))
  if (fields.some((field) => field >= Fp.ORDER)) throw refuse('it is not canonical')
  return fields
}

// The encoding is that of zcash: three flags in the top bits, then x big endian, for Fp² the imaginary part first.
const COMPRESSED = 0x80
const INFINITY = 0x40
const LARGER = 0x20

function readFlags(bytes: Uint8Array, count: number, what: string): { larger: boolean; fields: bigint[] } {
  const refuse = (why: string) => cryptoError('bad-point', { what, why })
  if (bytes.length !== count * FIELD) throw refuse(`it has ${bytes.length} bytes, not ${count * FIELD}`)
  const head = bytes[0] ?? 0
  if ((head & COMPRESSED) === 0) throw refuse('it is not compressed')
  if ((head & INFINITY) !== 0) throw refuse('it is the identity')
  const body = Uint8Array.from(bytes)
  body[0] = head & 0x1f
  const fields = Array.from({ length: count }, (_, i) => toBigInt(body.subarray(i * FIELD, (i + 1) * FIELD)))
  if (fields.some((field) => field >= Fp.ORDER)) throw refuse('it is not canonical')
  return { larger: (head & LARGER) !== 0, fields }
}

function withFlags(bytes: Uint8Array, larger: boolean): Uint8Array {
  bytes[0] = (bytes[0] ?? 0) | COMPRESSED | (larger ? LARGER : 0)
  return bytes
}

const HALF = (Fp.ORDER - 1n) / 2n
const isLarger = (y: bigint): boolean => y > HALF
const isLarger2 = (y: typeof Fp2.ONE): boolean => isLarger(y.c1 === 0n ? y.c0 : y.c1)

function root<T>(field: { sqrt(square: T): T }, square: T, what: string): T {
  try {
    return field.sqrt(square)
  } catch {
    throw offCurve(what)
  }
}

const offCurve = (what: string) => cryptoError('bad-point', { what, why: 'it is not on the curve' })
const outsideSubgroup = (what: string) => cryptoError('bad-point', { what, why: OUTSIDE_SUBGROUP })

/** hash_to_curve of a message (RFC 9380, BLS12381G2_XMD:SHA-256_SSWU_RO). */
export const hashToG2 = (message: Uint8Array, dst: string): G2 => bls12_381.G2.hashToCurve(message, { DST: dst })

/** A (partial) signature: hash_to_curve(message) times the secret scalar, in constant time. */
export function signShare(scalar: bigint, message: Uint8Array, dst: string): G2 {
  return hashToG2(message, dst).multiply(scalar)
}

/** Is this the signature of the message under the key? Both points come from decode, or are sums of such. */
export function verifySignature(publicKey: G1, message: Uint8Array, signature: G2, dst: string): boolean {
  if (publicKey.is0() || signature.is0()) return false
  return samePairing(publicKey, hashToG2(message, dst), signature)
}

export interface ShareSignature {
  readonly publicKey: G1
  readonly signature: G2
}

/**
 * Are all of these signatures of one message good, each under its own key? One random linear combination with
 * 128-bit weights and two pairings for all; to name a culprit, use `verifySignature` on each.
 *
 * @param random the system's generator; drawn from once, now that the entries are fixed
 */
export function verifyShareSignatures(
  entries: readonly ShareSignature[], message: Uint8Array, dst: string, random: (length: number) => Uint8Array,
): boolean {
  if (entries.some(({ publicKey, signature }) => publicKey.is0() || signature.is0())) return false
  if (entries.length === 0) return true
  const weights = randomWeights(entries.length, random)
  const key = combineG1(entries.map(({ publicKey }) => publicKey), weights)
  const signature = mulAddUnsafe(G2Point, entries.map((entry) => entry.signature), weights)
  return samePairing(key, hashToG2(message, dst), signature)
}

/** e(key, hash) = e(G, signature)? A side with the identity is 1. */
export function samePairing(key: G1, hash: G2, signature: G2): boolean {
  if (key.is0() || signature.is0()) return key.is0() && signature.is0()
  const lines = bls12_381.utils.calcPairingPrecomputes
  const { x, y } = key.toAffine()
  const G = G1Point.BASE.negate()
  // Without noble's pairingBatch, which would check the subgroup of all four points once more.
  const product = bls12_381.millerLoopBatch([[lines(hash), x, y], [lines(signature), G.x, G.y]])
  return Fp12.eql(Fp12.finalExponentiate(product), Fp12.ONE)
}

export interface Partial {
  /** The signer's index in the DKG's roster, from 1. */
  readonly index: number
  readonly signature: G2
}

/**
 * The group's signature from at least t partial ones: Lagrange interpolation at zero. Verify the result; a bad part
 * makes it a bad signature.
 *
 * @throws crypto.bad-argument for indices that repeat or are below 1
 */
export function combineSignatures(parts: readonly Partial[]): G2 {
  const { numerators, denominator } = integerLagrange(parts.map(({ index }) => index))
  const points = parts.map(({ signature }, i) => ((numerators[i] ?? 0n) < 0n ? signature.negate() : signature))
  const sum = mulAddUnsafe(G2Point, points, numerators.map((numerator) => (numerator < 0n ? -numerator : numerator)))
  return denominator === 1n ? sum : sum.multiplyUnsafe(G1Point.Fn.inv(denominator % R))
}
