/**
 * The distributed key generation over BLS12-381: Pedersen's, with proofs of possession and summed commitments
 * (SimplPedPop; Chu, Gerhart, Ruffing, Schröder, CRYPTO 2023). Participant i of n, counted from 1, holds the
 * polynomial fᵢ of degree t-1 with coefficients aᵢ₀ … aᵢ,ₜ₋₁ and shows Aᵢₖ = aᵢₖ·G.
 */
import { hash_to_field } from '@noble/curves/abstract/hash-to-curve.js'
import { sha256 as hash } from '@noble/hashes/sha2.js'
import { isKeyriteError } from '../base/errors.ts'
import { canonicalBytes } from '../base/canonical.ts'
import { combineG1, decodeG1, encodeG1, OUTSIDE_SUBGROUP, R, randomWeights, scalarFromBytes, scalarToBytes, sumG1, timesBase, toBigInt } from './bls.ts'
import type { G1 } from './bls.ts'
import { concat, fromHex, toHex, utf8 } from '../base/bytes.ts'
import { PREFIX, sha256Hex, taggedHash } from './hash.ts'
import { cryptoError } from './errors.ts'
import { hpkeOpen, hpkeReopen, hpkeSeal } from './hpke.ts'
import { encryptionKeyPair } from './seed.ts'
import type { SessionSecrets } from './seed.ts'

/** The domain of the challenge of the proof of knowledge. */
export const DST_KEY_PROOF = 'KEYRITE_BLS12381G1_POK_'
const DEAL_INFO = utf8(`${PREFIX}deal`)
const SCALAR = 32
const POINT = 48

/** The coefficients aᵢ₀ … aᵢ,ₜ₋₁ from the session's labels `coefficient/k`. Secret. */
export function polynomial(session: SessionSecrets, threshold: number): bigint[] {
  if (!Number.isSafeInteger(threshold) || threshold < 2) {
    throw cryptoError('bad-argument', { what: 'A threshold', why: 'it must be a whole number from 2' })
  }
  return Array.from({ length: threshold }, (_, k) => session.scalar(`coefficient/${k}`))
}

/** The commitments Aᵢ₀ … Aᵢ,ₜ₋₁, computed in constant time. */
export const commitments = (coefficients: readonly bigint[]): G1[] => coefficients.map(timesBase)

/** The value f(x) modulo r, for a roster index x. */
export const evaluate = (coefficients: readonly bigint[], x: number): bigint =>
  coefficients.reduceRight((sum, coefficient) => (sum * BigInt(x) + coefficient) % R, 0n)

/** The facts that a proof of knowledge binds. */
export interface KeyProofFacts {
  /** The ceremony id, 64 hex digits. */
  readonly id: string
  /** The prover's roster index, from 1. */
  readonly index: number
}

/**
 * The Schnorr proof that one knows aᵢ₀: R = k·G and s = k + c·aᵢ₀. The nonce k comes from the session under
 * `"proof-nonce/" + hex(H(DST || id || i || Aᵢ₀))`: a repeat gives the same bytes, and another statement takes another nonce.
 *
 * @returns R (48 bytes) || s (32 bytes)
 */
export function proveKey(session: SessionSecrets, { id, index, secret, key }: KeyProofFacts & { readonly secret: bigint; readonly key: G1 }): Uint8Array {
  const name = sha256Hex(utf8(DST_KEY_PROOF), proofContext(id, index), encodeG1(key))
  const nonce = session.scalar(`proof-nonce/${name}`)
  const commitment = encodeG1(timesBase(nonce))
  const challenge = proofChallenge({ id, index, key: encodeG1(key), commitment })
  return concat(commitment, scalarToBytes((nonce + challenge * secret) % R))
}

/** The challenge c = hash_to_field(id || i as 4 bytes || Aᵢ₀ || R), RFC 9380 §5.2 with expand_message_xmd and SHA-256, modulo r. */
export function proofChallenge(
  { id, index, key, commitment }: KeyProofFacts & { readonly key: Uint8Array; readonly commitment: Uint8Array },
): bigint {
  const message = concat(proofContext(id, index), key, commitment)
  const [[challenge] = []] = hash_to_field(message, 1, { DST: DST_KEY_PROOF, p: R, m: 1, k: 128, expand: 'xmd', hash })
  if (challenge === undefined) throw new TypeError('hash_to_field gave no element')
  return challenge
}

function proofContext(id: string, index: number): Uint8Array {
  const place = new Uint8Array(4)
  new DataView(place.buffer).setUint32(0, index)
  return concat(fromHex(id, 32, 'The ceremony id'), place)
}

export interface KeyProofEntry {
  readonly index: number
  /** Aᵢ₀, from `decodeG1`. */
  readonly key: G1
  /** 80 bytes. */
  readonly proof: Uint8Array
}

/**
 * Checks everyone's proof of knowledge at once, in one random linear combination with 128-bit weights, and each alone
 * only when that fails.
 *
 * @returns the indices whose proof is bad, in the order given; [] when all are good
 */
export function verifyKeyProofs(id: string, entries: readonly KeyProofEntry[], random: (length: number) => Uint8Array): number[] {
  const read = entries.map((entry) => ({ index: entry.index, equation: readProof(id, entry) }))
  const equations = read.map(({ equation }) => equation).filter((equation) => equation !== null)
  const weights = equations.length > 1 ? randomWeights(equations.length, random) : [1n]
  if (equations.length === entries.length && holds(equations, weights)) return []
  return read.filter(({ equation }) => equation === null || !holds([equation], [1n])).map(({ index }) => index)
}

/** The equation s·G = R + c·A of one proof. */
interface ProofEquation {
  readonly response: bigint
  readonly commitment: G1
  readonly challenge: bigint
  readonly key: G1
}

function readProof(id: string, { index, key, proof }: KeyProofEntry): ProofEquation | null {
  if (proof.length !== POINT + SCALAR || key.is0()) return null
  const bytes = proof.subarray(0, POINT)
  try {
    const commitment = decodeG1(bytes)
    const response = scalarFromBytes(proof.subarray(POINT))
    return { response, commitment, key, challenge: proofChallenge({ id, index, key: encodeG1(key), commitment: bytes }) }
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

function holds(equations: readonly ProofEquation[], weights: readonly bigint[]): boolean {
  if (equations.length === 0) return true
  const weighed = equations.map((equation, i) => ({ ...equation, weight: weights[i] ?? 1n }))
  const response = weighed.reduce((sum, one) => (sum + one.weight * one.response) % R, 0n)
  const right = combineG1(
    weighed.flatMap(({ commitment, key }) => [commitment, key]),
    weighed.flatMap(({ weight, challenge }) => [weight, (weight * challenge) % R]),
  )
  return timesBase(response).equals(right)
}

/** The hash H("keyrite/2/points\n" || A₁ || … || Aₜ₋₁) over compressed points, hex: a participant's Commits bind the attachment by it. */
export const restHash = (points: readonly Uint8Array[]): string => taggedHash('points', ...points)

export interface Commitment {
  /** The ceremony id, 64 hex digits. */
  readonly ceremony: string
  /** The maker's name. */
  readonly from: string
  /** Aᵢ₀, 48 bytes. */
  readonly key: Uint8Array
  /** 80 bytes. */
  readonly proof: Uint8Array
  /** From `restHash`. */
  readonly rest: string
}

/** The hash H("keyrite/2/commitment\n" || JCS({ceremony, from, key, proof, rest})), hex. A PublicKey binds it before any Commits is shown. */
export function commitmentDigest({ ceremony, from, key, proof, rest }: Commitment): string {
  const object = { ceremony, from, key: toHex(key), proof: toHex(proof), rest }
  return taggedHash('commitment', canonicalBytes(object))
}

/** A participant's point Aₖ that no honest one would send. */
export interface BadPoint {
  /** The participant's roster index, from 1. */
  readonly index: number
  /** 1 … t-1. */
  readonly k: number
  readonly why: string
}

export type CommitmentSums =
  | { readonly ok: true; readonly sums: Uint8Array[] }
  | { readonly ok: false; readonly reason: 'bad-points'; readonly points: BadPoint[] }
  /** The points of place k cancel out. Only a coalition of all can do that, so nobody alone is to blame. */
  | { readonly ok: false; readonly reason: 'cancelled'; readonly k: number }

/**
 * The sums Cₖ = Σⱼ Aⱼₖ for k = 1 … t-1. The points need only be on the curve. The sums must be in the subgroup, and single
 * points outside it are a fault only when a sum is outside.
 *
 * @param columns one list of t-1 points per participant, in roster order; the caller has checked that they are equally long
 * @param decode reads a point, on the curve at least, without its subgroup check
 * @returns the t-1 sums, or what is wrong and with whom
 */
export function commitmentSums<T = Uint8Array>(columns: readonly (readonly T[])[], decode: (point: T) => G1): CommitmentSums {
  const count = columns[0]?.length ?? 0
  if (columns.some((points) => points.length !== count)) {
    throw cryptoError('bad-argument', { what: 'Lists of commitments', why: 'they differ in length' })
  }
  const bad: BadPoint[] = []
  const decoded = columns.map((points, i) => points.map((point, k) => tryPoint(() => decode(point), (why) => bad.push({ index: i + 1, k: k + 1, why }))))
  if (bad.length > 0) return { ok: false, reason: 'bad-points', points: bad }
  const sums: Uint8Array[] = []
  for (let k = 0; k < count; k++) {
    const points = decoded.map((list) => list[k]).filter((point) => point !== undefined)
    const sum = sumG1(points)
    if (sum.isTorsionFree()) {
      if (sum.is0()) return { ok: false, reason: 'cancelled', k: k + 1 }
      sums.push(encodeG1(sum))
      continue
    }
    points.forEach((point, i) => {
      if (!point.isTorsionFree()) bad.push({ index: i + 1, k: k + 1, why: OUTSIDE_SUBGROUP })
    })
  }
  return bad.length > 0 ? { ok: false, reason: 'bad-points', points: bad } : { ok: true, sums }
}

function tryPoint(decode: () => G1, report: (why: string) => void): G1 | undefined {
  try {
    return decode()
  } catch (error) {
    if (!isKeyriteError(error, 'crypto.bad-point')) throw error
    report(error.facts.why)
    return undefined
  }
}

/** The sum Σₖ xᵏ·pointₖ by Horner's rule, for public points and a roster index x. It is fast because x has few bits. */
export function evaluateCommitment(points: readonly G1[], x: number): G1 {
  const [last] = points.slice(-1)
  if (last === undefined) return sumG1([])
  return points.slice(0, -1).reduceRight((sum, point) => timesSmall(sum, x).add(point), last)
}

/** The multiple x·P by doubling and adding: for an x of less than some twelve bits, a table of multiples does not pay. */
function timesSmall(point: G1, x: number): G1 {
  if (!Number.isSafeInteger(x) || x < 1 || x > 0xffff) {
    throw cryptoError('bad-argument', { what: 'A roster index', why: 'it must be a whole number from 1 to 65535' })
  }
  let product = point
  for (let bit = 31 - Math.clz32(x) - 1; bit >= 0; bit--) {
    product = product.double()
    if ((x >> bit) & 1) product = product.add(point)
  }
  return product
}

/** Does sᵢ·G = Σₖ iᵏ·Cₖ hold? `sums` is C₀ … Cₜ₋₁. The share is multiplied in constant time. */
export const shareMatches = (share: bigint, sums: readonly G1[], index: number): boolean =>
  timesBase(share).equals(evaluateCommitment(sums, index))

/** Everyone's share keys Y₁ … Yₙ: Yⱼ = Σₖ jᵏ·Cₖ. `sums` is C₀ … Cₜ₋₁. */
export const publicShares = (sums: readonly G1[], n: number): G1[] =>
  Array.from({ length: n }, (_, i) => evaluateCommitment(sums, i + 1))

/** The hash H("keyrite/2/sums\n" || C₀ || … || Cₜ₋₁) over compressed points, hex. */
export const sumsHash = (points: readonly Uint8Array[]): string => taggedHash('sums', ...points)

/**
 * The X25519 secret key of the one seal to participant j: 32 bytes of the session under
 * `"seal/" + j in decimal + "/" + hex(H(pkR))`. A justification publishes it.
 */
export const dealEphemeral = (session: SessionSecrets, j: number, recipientKey: Uint8Array): Uint8Array =>
  session.expand(`seal/${j}/${sha256Hex(recipientKey)}`, 32)

export interface Deal {
  /** The recipient's encryption key, which `checkX25519Key` found good. */
  readonly recipientKey: Uint8Array
  /** fᵢ(j). */
  readonly share: bigint
  /** JCS({ceremony, step, type, from, to}). */
  readonly aad: Uint8Array
}

/** Seals fᵢ(j) to participant j: 80 bytes, the same at every call. */
export const sealDeal = ({ session, recipientIndex, ...deal }: Deal & { readonly session: SessionSecrets; readonly recipientIndex: number }): Uint8Array =>
  sealDealWith({ ...deal, ephemeral: dealEphemeral(session, recipientIndex, deal.recipientKey) })

/** Seals a share with a given ephemeral key. @throws crypto.bad-key for a recipient key of low order */
export const sealDealWith = ({ recipientKey, share, aad, ephemeral }: Deal & { readonly ephemeral: Uint8Array }): Uint8Array =>
  hpkeSeal({ recipient: recipientKey, info: DEAL_INFO, aad, plaintext: scalarToBytes(share, 'A share'), ephemeral })

/** Opens a deal: gives fⱼ(i), or null unless it opens to 32 bytes below r. */
export function openDeal({ session, sealed, aad }: { readonly session: SessionSecrets; readonly sealed: Uint8Array; readonly aad: Uint8Array }): bigint | null {
  const { secretKey } = encryptionKeyPair(session)
  return shareOf(hpkeOpen({ secretKey, info: DEAL_INFO, aad, sealed }))
}

/** Opens a deal by its published ephemeral key: gives the share that it sealed, or null when that key did not make it or it holds no share. */
export function reopenDeal(
  { recipientKey, ephemeral, sealed, aad }: Omit<Deal, 'share'> & { readonly ephemeral: Uint8Array; readonly sealed: Uint8Array },
): bigint | null {
  return shareOf(hpkeReopen({ recipient: recipientKey, ephemeral, info: DEAL_INFO, aad, sealed }))
}

function shareOf(plaintext: Uint8Array | null): bigint | null {
  if (plaintext?.length !== SCALAR) return null
  const share = toBigInt(plaintext)
  return share < R ? share : null
}
