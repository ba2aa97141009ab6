import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { numberToBytesBE } from '@noble/curves/utils.js'
import { expect } from 'chai'
import { decodeG1OnCurve, R, timesBase, toBigInt } from '../../crypto/bls.ts'
import type { G1 } from '../../crypto/bls.ts'
import { seededRandom } from './random.ts'

const Point = bls12_381.G1.Point
const { h } = Point.CURVE()
const random = seededRandom('subgroup')
const times = (point: G1, scalar: bigint) => mulAddUnsafe(Point, [point], [scalar], true)

/** Points of the curve with x = 0, 1, 2, …, where there are such. */
function curvePoints(count: number): G1[] {
  const points: G1[] = []
  for (let x = 0n; points.length < count; x++) {
    const bytes = numberToBytesBE(x, 48)
    bytes[0]! |= 0x80
    try {
      points.push(decodeG1OnCurve(bytes))
    } catch { /* no point has this x */ }
  }
  return points
}

describe('membership in G1', () => {
  it('is what the order says: r times the point is the identity, and so say the library\'s points', () => {
    for (const point of curvePoints(25)) {
      expect(point.isTorsionFree()).to.equal(times(point, R).is0())
      expect(times(point, h).isTorsionFree()).to.be.true
    }
  })

  it('is had by every multiple of the generator, in any coordinates', () => {
    for (let i = 0; i < 10; i++) {
      const point = timesBase(toBigInt(random(48)) % R)
      for (const same of [point, point.negate(), point.double(), point.add(Point.BASE)]) expect(same.isTorsionFree()).to.be.true
    }
  })

  it('is not had by any point of small order, nor by a good point with one added', () => {
    const [point] = curvePoints(1)
    // h = 3 · 11² · 10177² · 859267² · 52437899², with no point of order 11² and so on; (0, 2) has order 3.
    expect(times(point!, 3n).is0()).to.be.true
    const primes = [3n, 11n, 10177n, 859267n, 52437899n]
    expect(primes.slice(1).reduce((product, prime) => product * prime * prime, 3n)).to.equal(h)
    const orders = new Set<bigint>()
    for (const base of curvePoints(12)) {
      for (const prime of primes) {
        const small = times(times(base, R), prime === 3n ? h / prime : h / prime / prime)
        if (small.is0()) continue
        orders.add(prime)
        expect(times(small, prime).is0()).to.be.true
        expect(small.isTorsionFree(), `order ${prime}`).to.be.false
        expect(timesBase(12345n).add(small).isTorsionFree(), `with order ${prime}`).to.be.false
      }
    }
    expect([...orders].sort((a, b) => Number(a - b))).to.deep.equal(primes)
  })
})
