/**
 * BLS12-381: points in and out, threshold signatures with keys in G1 (48 bytes) and signatures in G2 (96 bytes), as on
 * Ethereum. A `G1` or `G2` that `decodeG1` or `decodeG2` made is on the curve, in the subgroup and not the identity.
 */
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import type { WeierstrassPoint } from '@noble/curves/abstract/weierstrass.js'
import { bls12_381, bls12_381_Fr as Fr } from '@noble/curves/bls12-381.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { finish } from '../base/turns.ts'
import type { Slices } from '../base/turns.ts'
import { concat } from '../base/bytes.ts'
import { cryptoError } from './errors.ts'

// Scalars of BLS12-381's groups: integers modulo r, and their 32 big-endian bytes.

/** The prime order r of G1 and G2. */
export const R: bigint = Fr.ORDER

/** Reads a big-endian integer of any length. */
export const toBigInt = (bytes: Uint8Array): bigint => bytesToNumberBE(bytes)

/** Writes a scalar as 32 bytes, big endian. @throws crypto.bad-scalar when it is not in 0 … r-1 */
export function scalarToBytes(scalar: bigint, what = 'A scalar'): Uint8Array {
  if (scalar < 0n || scalar >= R) throw cryptoError('bad-scalar', { what })
  return numberToBytesBE(scalar, 32)
}

/** Reads a scalar of 32 bytes, big endian. @throws crypto.bad-scalar unless there are 32 bytes that spell a number below r */
export function scalarFromBytes(bytes: Uint8Array, what = 'A scalar'): bigint {
  const scalar = bytes.length === 32 ? toBigInt(bytes) : R
  if (scalar >= R) throw cryptoError('bad-scalar', { what })
  return scalar
}

/**
 * Weights of a random linear combination, 128 bits each. Draw them after everything that they weigh is fixed.
 *
 * @throws crypto.bad-argument when the source gives a zero or too few bytes, which no working one ever does
 */
export function randomWeights(count: number, random: (length: number) => Uint8Array): bigint[] {
  const bytes = random(16 * count)
  const weights = Array.from({ length: count }, (_, i) => toBigInt(bytes.subarray(16 * i, 16 * (i + 1))))
  if (bytes.length !== 16 * count || weights.includes(0n)) {
    throw cryptoError('bad-argument', { what: 'The random source', why: 'it gives zeros or too few bytes' })
  }
  return weights
}

// Lagrange interpolation at zero over the scalars, for shares at roster indices. Public values only.

/**
 * The λᵢ with f(0) = Σ λᵢ·f(indexᵢ) for every f of degree below the number of indices; λᵢ = Π j/(j-i) modulo r.
 *
 * @throws crypto.bad-argument for indices that repeat or are not whole numbers from 1
 */
export function lagrangeAtZero(indices: readonly number[]): bigint[] {
  const fractions = lagrangeFractions(indices, (value) => value % R)
  const inverses = Fr.invertBatch(fractions.map(({ denominator }) => Fr.create(denominator)))
  return fractions.map(({ numerator }, i) => Fr.mul(numerator, inverses[i] ?? 0n))
}

export interface IntegerLagrange {
  /** Whole numbers, possibly negative, of an absolute value below r. */
  readonly numerators: readonly bigint[]
  /** λᵢ = numeratorᵢ / denominator modulo r. */
  readonly denominator: bigint
}

// Beyond some hundred signers the integers grow longer than r anyway.
const MAX_INTEGER = 128

/**
 * The λᵢ of `lagrangeAtZero` over one common denominator: as integers they are far shorter than r (some digits for a few
 * signers, some 80 bits for 43 of 64), which makes the multiplications shorter too. When they would be longer, they are
 * taken modulo r.
 */
export function integerLagrange(indices: readonly number[]): IntegerLagrange {
  if (indices.length > MAX_INTEGER) return { numerators: lagrangeAtZero(indices), denominator: 1n }
  const reduced = lagrangeFractions(indices, (value) => value).map(({ numerator, denominator }) => {
    const divisor = gcd(numerator, size(denominator))
    return { numerator: numerator / divisor, denominator: denominator / divisor }
  })
  const denominator = reduced.reduce((common, one) => {
    const own = size(one.denominator)
    return (common / gcd(common, own)) * own
  }, 1n)
  const numerators = reduced.map((one) => one.numerator * (denominator / one.denominator))
  const long = numerators.some((numerator) => size(numerator) >= R)
  return long ? { numerators: lagrangeAtZero(indices), denominator: 1n } : { numerators, denominator }
}

function lagrangeFractions(indices: readonly number[], reduce: (value: bigint) => bigint) {
  if (new Set(indices).size !== indices.length || indices.some((index) => !Number.isSafeInteger(index) || index < 1)) {
    throw cryptoError('bad-argument', { what: 'Indices', why: 'they must be different whole numbers from 1' })
  }
  const points = indices.map(BigInt)
  return points.map((i) => {
    let numerator = 1n
    let denominator = 1n
    for (const j of points) {
      if (j === i) continue
      numerator = reduce(numerator * j)
      denominator = reduce(denominator * (j - i))
    }
    return { numerator, denominator }
  })
}

const size = (value: bigint): bigint => (value < 0n ? -value : value)

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}

const { Fp, Fp2, Fp12 } = bls12_381.fields
const G1Point = bls12_381.G1.Point
const G2Point = bls12_381.G2.Point
const FIELD = 48

/** The reason for refusing a point of the curve whose order is not r. */
export const OUTSIDE_SUBGROUP = 'it is not in the prime-order subgroup'

/** A point of BLS12-381's E(Fp). */
export type G1 = WeierstrassPoint<bigint>
/** A point of BLS12-381's E'(Fp²). */
export type G2 = WeierstrassPoint<typeof Fp2.ONE>

/** The domain of an airgap's proof that its share works; nothing else is ever signed in it. */
export const DST_SHARE_PROOF = 'KEYRITE_BLS12381G2_SHARE_PROOF_'
/** The domain of Ethereum's signatures: draft-irtf-cfrg-bls-signature, proof-of-possession scheme. */
export const DST_SIGNATURE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

/** G1's generator times a secret scalar, in constant time. */
export const timesBase = (scalar: bigint): G1 => (scalar === 0n ? G1Point.ZERO : G1Point.BASE.multiply(scalar))

/** The sum of points; the identity for none. */
export const sumG1 = (points: readonly G1[]): G1 => points.reduce((sum, point) => sum.add(point), G1Point.ZERO)

/** The sum Σ scalarᵢ·pointᵢ, for public values only: the time depends on the scalars. */
export const combineG1 = (points: readonly G1[], scalars: readonly bigint[]): G1 =>
  mulAddUnsafe(G1Point, [...points], [...scalars])

/**
 * Reads a compressed point of 48 bytes, without the subgroup check: for points of which only sums are used.
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
  if (!point.isTorsionFree()) throw outsideSubgroup(what)
  return point
}

/** The compressed form of a point, 48 bytes. @throws crypto.bad-point for the identity, which nothing here may send */
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
 * Reads a compressed point of 96 bytes, without the subgroup check: for points of which only sums are used.
 *
 * @throws crypto.bad-point with the reason
 */
export function decodeG2OnCurve(bytes: Uint8Array, what = 'A G2 point'): G2 {
  const { larger, fields } = readFlags(bytes, 2, what)
  const x = Fp2.fromBigTuple([fields[1] ?? 0n, fields[0] ?? 0n])
  const y = root(Fp2, Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n])), what)
  return G2Point.fromAffine({ x, y: isLarger2(y) === larger ? y : Fp2.neg(y) })
}

/** The compressed form of a point, 96 bytes. @throws crypto.bad-point for the identity */
export function encodeG2(point: G2): Uint8Array {
  if (point.is0()) throw cryptoError('bad-point', { what: 'A G2 point', why: 'it is the identity' })
  const { x, y } = point.toAffine()
  return withFlags(concat(numberToBytesBE(x.c1, FIELD), numberToBytesBE(x.c0, FIELD)), isLarger2(y))
}

/**
 * Reads a point from its two coordinates, x || y, each 48 bytes big endian below p. That is fast: it checks the curve's
 * equation and needs no square root. The subgroup is not checked. The identity has no such form (protocol §4, Attachments).
 *
 * @throws crypto.bad-point with the reason: length, not canonical, not on the curve
 */
export function decodeG1Affine(bytes: Uint8Array, what = 'A G1 point'): G1 {
  const [x = 0n, y = 0n] = readFields(bytes, 2, what)
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 4n))) throw offCurve(what)
  return G1Point.fromAffine({ x, y })
}

/** The two coordinates of a point, x || y, 96 bytes. @throws crypto.bad-point for the identity */
export function encodeG1Affine(point: G1): Uint8Array {
  if (point.is0()) throw cryptoError('bad-point', { what: 'A G1 point', why: 'it is the identity' })
  const { x, y } = point.toAffine()
  return concat(numberToBytesBE(x, FIELD), numberToBytesBE(y, FIELD))
}

/** Reads a point of 192 bytes as `decodeG1Affine` does: x || y, each c1 || c0. @throws crypto.bad-point with the reason */
export function decodeG2Affine(bytes: Uint8Array, what = 'A G2 point'): G2 {
  const [x1 = 0n, x0 = 0n, y1 = 0n, y0 = 0n] = readFields(bytes, 4, what)
  const [x, y] = [Fp2.fromBigTuple([x0, x1]), Fp2.fromBigTuple([y0, y1])]
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n])))) throw offCurve(what)
  return G2Point.fromAffine({ x, y })
}

/** The two coordinates of a point, x || y, each c1 || c0, 192 bytes. @throws crypto.bad-point for the identity */
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

/** The hash_to_curve of a message (RFC 9380, BLS12381G2_XMD:SHA-256_SSWU_RO). */
export const hashToG2 = (message: Uint8Array, dst: string): G2 => bls12_381.G2.hashToCurve(message, { DST: dst })

/** A (partial) signature: hash_to_curve(message) times the secret scalar, in constant time. */
export function signShare(scalar: bigint, message: Uint8Array, dst: string): G2 {
  return hashToG2(message, dst).multiply(scalar)
}

/** Is this the signature of the message under the key? Both points come from a decode function or are sums of such points. */
export function verifySignature(publicKey: G1, message: Uint8Array, signature: G2, dst: string): boolean {
  if (publicKey.is0() || signature.is0()) return false
  return samePairing(publicKey, hashToG2(message, dst), signature)
}

export interface ShareSignature {
  readonly publicKey: G1
  readonly signature: G2
}

/**
 * Are all of these signatures of one message good, each under its own key? It takes one random linear combination with
 * 128-bit weights and two pairings for all. To name a culprit, use `verifySignature` on each.
 *
 * @param random the system's generator; it is drawn from here, when the entries are fixed
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

/** Does e(key, hash) = e(G, signature) hold? A side with the identity is 1. */
function samePairing(key: G1, hash: G2, signature: G2): boolean {
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
 * Combines at least t partial signatures to the group's, by Lagrange interpolation at zero. Verify the result: one bad
 * part makes it a bad signature.
 *
 * @throws crypto.bad-argument for indices that repeat or are below 1
 */
export function combineSignatures(parts: readonly Partial[]): G2 {
  const { numerators, denominator } = integerLagrange(parts.map(({ index }) => index))
  const points = parts.map(({ signature }, i) => ((numerators[i] ?? 0n) < 0n ? signature.negate() : signature))
  const sum = mulAddUnsafe(G2Point, points, numerators.map((numerator) => (numerator < 0n ? -numerator : numerator)))
  return denominator === 1n ? sum : sum.multiplyUnsafe(G1Point.Fn.inv(denominator % R))
}

// Many signatures at once: one random linear combination and two pairings for all, however many. Hashing to the curve is
// most of the cost, so it is done once for a list of messages and handed around.

export interface Hashed {
  readonly hash: G2
  readonly signature: G2
}

/**
 * Are these the signatures of their messages under one key? Points outside the subgroup are refused one by one, because the
 * weights alone would let some through.
 *
 * @param random the system's generator; it is drawn from here, when the entries are fixed
 */
export const verifyBatch = (publicKey: G1, entries: readonly Hashed[], random: (length: number) => Uint8Array): boolean =>
  finish(batchSlices(publicKey, entries, random))

/** Does the work of `verifyBatch` in slices. */
export function* batchSlices(publicKey: G1, entries: readonly Hashed[], random: (length: number) => Uint8Array): Slices<boolean> {
  if (publicKey.is0()) return false
  for (const [i, { signature }] of entries.entries()) {
    if (signature.is0() || !signature.isTorsionFree()) return false
    if (i % CHECKED_AT_ONCE === 0) yield
  }
  if (entries.length === 0) return true
  const weights = randomWeights(entries.length, random)
  const hash = yield* combineG2(entries.map((entry) => entry.hash), weights)
  const signature = yield* combineG2(entries.map((entry) => entry.signature), weights)
  yield
  return samePairing(publicKey, hash, signature)
}

/** The number of points whose subgroup is checked in one slice. */
const CHECKED_AT_ONCE = 4
/** The number of points that are combined in one slice: fewer are slower in all, more hold other work up longer. */
const COMBINED_AT_ONCE = 16

function* combineG2(points: readonly G2[], scalars: readonly bigint[]): Slices<G2> {
  let sum = G2Point.ZERO
  for (let from = 0; from < points.length; from += COMBINED_AT_ONCE) {
    const [some, their] = [points.slice(from, from + COMBINED_AT_ONCE), scalars.slice(from, from + COMBINED_AT_ONCE)]
    sum = sum.add(mulAddUnsafe(G2Point, some, their))
    yield
  }
  return sum
}
