/** Lagrange interpolation at zero over the scalars, for shares at roster indices. Public values only. */
import { bls12_381_Fr as Fr } from '@noble/curves/bls12-381.js'
import { cryptoError } from './errors.ts'
import { R } from './scalar.ts'

/**
 * λᵢ with f(0) = Σ λᵢ·f(indexᵢ) for every f of degree below the number of indices; λᵢ = Π j/(j-i) modulo r.
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
 * The same coefficients over one common denominator: as integers they are far shorter than r (some digits for a few
 * signers, some 80 bits for 43 of 64), and so are the multiplications. When they would be longer, they are taken
 * modulo r.
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
