/**
 * Many signatures at once: one random linear combination and two pairings for all, however many. What it costs is the
 * hashing to the curve, so that is done once for a list of messages and handed around.
 */
import { mulAddUnsafe, pippenger } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { samePairing } from './bls.ts'
import type { G1, G2 } from './bls.ts'
import { randomWeights } from './scalar.ts'

const G2Point = bls12_381.G2.Point

export interface Hashed {
  readonly hash: G2
  readonly signature: G2
}

/**
 * Are these the signatures of their messages under one key? Points outside the subgroup are refused one by one: weights
 * alone would let some through.
 *
 * @param random the system's generator; drawn from once, now that the entries are fixed
 */
export function verifyBatch(publicKey: G1, entries: readonly Hashed[], random: (length: number) => Uint8Array): boolean {
  if (publicKey.is0() || entries.some(({ signature }) => signature.is0() || !signature.isTorsionFree())) return false
  if (entries.length === 0) return true
  const weights = randomWeights(entries.length, random)
  const hash = combineG2(entries.map((entry) => entry.hash), weights)
  const signature = combineG2(entries.map((entry) => entry.signature), weights)
  return samePairing(publicKey, hash, signature)
}

/** From about here, buckets are faster than doubling for all at once. */
const MANY = 100

function combineG2(points: readonly G2[], scalars: readonly bigint[]): G2 {
  return points.length < MANY ? mulAddUnsafe(G2Point, [...points], [...scalars]) : pippenger(G2Point, [...points], [...scalars])
}
