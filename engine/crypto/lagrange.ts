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
  const fractions = lagrangeFractions(indices)
  return fractions.map(({ numerator, denominator }) => Fr.mul(Fr.create(numerator), Fr.inv(Fr.create(denominator))))
}

export interface IntegerLagrange {
  /** Whole numbers, possibly negative, of an absolute value below r. */
  readonly numerators: readonly bigint[]
  /** λᵢ = numeratorᵢ / denominator modulo r. */
  readonly denominator: bigint
}

/**
 * The same coefficients over one common denominator: as integers they are far shorter than r (1 to 3 digits for a few
 * signers, 80 bits for 43 of 64), and so are the multiplications. When they would be longer, they are taken modulo r.
 */
export function integerLagrange(indices: readonly number[]): IntegerLagrange {
  const reduced = lagrangeFractions(indices).map(({ numerator, denominator }) => {
    const divisor = gcd(numerator, denominator < 0n ? -denominator : denominator)
    return { numerator: numerator / divisor, denominator: denominator / divisor }
  })
  const denominator = reduced.reduce((common, one) => {
    const size = one.denominator < 0n ? -one.denominator : one.denominator
    return (common / gcd(common, size)) * size
  }, 1n)
  const numerators = reduced.map((one) => one.numerator * (denominator / one.denominator))
  const long = numerators.some((numerator) => numerator >= R || -numerator >= R)
  return long ? { numerators: lagrangeAtZero(indices), denominator: 1n } : { numerators, denominator }
}

function lagrangeFractions(indices: readonly number[]): { numerator: bigint; denominator: bigint }[] {
  if (new Set(indices).size !== indices.length || indices.some((index) => !Number.isSafeInteger(index) || index < 1)) {
    throw cryptoError('bad-argument', { what: 'Indices', why: 'they must be different whole numbers from 1' })
  }
  const points = indices.map(BigInt)
  return points.map((i) => {
    let numerator = 1n
    let denominator = 1n
    for (const j of points) {
      if (j === i) continue
      numerator *= j
      denominator *= j - i
    }
    return { numerator, denominator }
  })
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
