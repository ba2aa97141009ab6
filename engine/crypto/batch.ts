/**
 * Many signatures at once: one random linear combination and two pairings for all, however many. What it costs is the
 * hashing to the curve, so that is done once for a list of messages and handed around.
 */
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import { finish } from '../base/turns.ts'
import type { Slices } from '../base/turns.ts'
import { G2Point, samePairing } from './bls.ts'
import type { G1, G2 } from './bls.ts'
import { randomWeights } from './scalar.ts'

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
export const verifyBatch = (publicKey: G1, entries: readonly Hashed[], random: (length: number) => Uint8Array): boolean =>
  finish(batchSlices(publicKey, entries, random))

/** The same, in slices. */
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

/** Points whose subgroup is checked in one slice. */
const CHECKED_AT_ONCE = 4
/** Points that are combined in one slice: fewer are slower in all, more hold others up longer. */
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
