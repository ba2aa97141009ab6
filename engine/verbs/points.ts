/**
 * Points of G1 by their hex, decompressed once. A client meets each commitment when it comes in, when it sums, and when
 * it judges; decompression is most of what that costs. It remembers public points only, and a bounded number of them.
 */
import { decodeG1Affine, decodeG1OnCurve } from '../crypto/bls.ts'
import type { G1 } from '../crypto/bls.ts'
import { fromHex } from '../crypto/bytes.ts'

const MAX_POINTS = 16_384

const points = new Map<string, G1>()

/**
 * A point that is on the curve, canonical and not the identity; its subgroup is not checked.
 *
 * @throws crypto.bad-point, crypto.not-hex
 */
export const onCurveG1 = (hex: string): G1 => decoded(hex, () => decodeG1OnCurve(fromHex(hex, 48)))

/** The same of a point that is given by its two coordinates. @throws crypto.bad-point, crypto.not-hex */
export const affineG1 = (hex: string): G1 => decoded(hex, () => decodeG1Affine(fromHex(hex, 96)))

function decoded(hex: string, decode: () => G1): G1 {
  const known = points.get(hex)
  if (known !== undefined) return known
  const point = decode()
  if (points.size >= MAX_POINTS) points.clear()
  points.set(hex, point)
  return point
}

/** Forgets all points, for measurements that must not profit from what another participant decoded. */
export function forgetPoints(): void {
  points.clear()
}
