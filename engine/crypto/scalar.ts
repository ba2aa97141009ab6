/** Scalars of BLS12-381's groups: integers modulo r, and their 32 big-endian bytes. */
import { bls12_381_Fr as Fr } from '@noble/curves/bls12-381.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { cryptoError } from './errors.ts'

/** r, the prime order of G1 and G2. */
export const R: bigint = Fr.ORDER

/** A big-endian integer of any length. */
export const toBigInt = (bytes: Uint8Array): bigint => bytesToNumberBE(bytes)

/** 32 bytes, big endian. @throws crypto.bad-scalar when it is not in 0 … r-1 */
export function scalarToBytes(scalar: bigint, what = 'A scalar'): Uint8Array {
  if (scalar < 0n || scalar >= R) throw cryptoError('bad-scalar', { what })
  return numberToBytesBE(scalar, 32)
}

/** @throws crypto.bad-scalar unless there are 32 bytes that spell a number below r */
export function scalarFromBytes(bytes: Uint8Array, what = 'A scalar'): bigint {
  const scalar = bytes.length === 32 ? toBigInt(bytes) : R
  if (scalar >= R) throw cryptoError('bad-scalar', { what })
  return scalar
}

/**
 * Weights of a random linear combination, 128 bits each. Draw them after everything that they weigh is fixed.
 *
 * @throws crypto.bad-argument when the source gives a zero, which no working one ever does
 */
export function randomWeights(count: number, random: (length: number) => Uint8Array): bigint[] {
  const bytes = random(16 * count)
  const weights = Array.from({ length: count }, (_, i) => toBigInt(bytes.subarray(16 * i, 16 * (i + 1))))
  if (bytes.length !== 16 * count || weights.includes(0n)) {
    throw cryptoError('bad-argument', { what: 'The random source', why: 'it gives zeros or too few bytes' })
  }
  return weights
}
