/**
 * xoshiro256** (Blackman, Vigna) as the fountain code of BCR-2024-001 uses it: seeded with the SHA-256 of its seed, read
 * as four big-endian words. Not for secrets. Words are pairs of 32-bit halves, twenty times as fast as BigInt.
 */
import { sha256 } from '../crypto/bytes.ts'

export interface Xoshiro {
  /** The next 64 bits, as [high, low] halves. */
  next(): readonly [number, number]
  /** The next number in [0, 1): 64 bits over 2⁶⁴, rounded to a double. */
  nextDouble(): number
  /** The next whole number from `low` to `high`, both included. */
  nextInt(low: number, high: number): number
}

/** @param seed any bytes */
export function makeXoshiro(seed: Uint8Array): Xoshiro {
  const digest = sha256(seed)
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength)
  let h0 = view.getUint32(0)
  let l0 = view.getUint32(4)
  let h1 = view.getUint32(8)
  let l1 = view.getUint32(12)
  let h2 = view.getUint32(16)
  let l2 = view.getUint32(20)
  let h3 = view.getUint32(24)
  let l3 = view.getUint32(28)
  let high = 0
  let low = 0

  /** Puts rotl(s1 × 5, 7) × 9 in `high` and `low`, then steps the state. */
  function roll(): void {
    // × 5 and × 9 by exact products of a 32-bit half: below 2³⁶, so a double holds them.
    const five = l1 * 5
    const fiveLow = five >>> 0
    const fiveHigh = (h1 * 5 + Math.floor(five / 0x100000000)) >>> 0
    const turnedHigh = ((fiveHigh << 7) | (fiveLow >>> 25)) >>> 0
    const turnedLow = ((fiveLow << 7) | (fiveHigh >>> 25)) >>> 0
    const nine = turnedLow * 9
    low = nine >>> 0
    high = (turnedHigh * 9 + Math.floor(nine / 0x100000000)) >>> 0

    const th = (h1 << 17) | (l1 >>> 15)
    const tl = l1 << 17
    h2 ^= h0
    l2 ^= l0
    h3 ^= h1
    l3 ^= l1
    h1 = (h1 ^ h2) >>> 0
    l1 = (l1 ^ l2) >>> 0
    h0 ^= h3
    l0 ^= l3
    h2 ^= th
    l2 ^= tl
    // rotl(s3, 45) = halves swapped, then rotl by 13.
    const swappedHigh = l3
    const swappedLow = h3
    h3 = (swappedHigh << 13) | (swappedLow >>> 19)
    l3 = (swappedLow << 13) | (swappedHigh >>> 19)
  }

  function nextDouble(): number {
    roll()
    // One rounding, like the conversion of a 64-bit number: the left product is exact.
    return (high * 0x100000000 + low) / 0x10000000000000000
  }

  return {
    next: () => {
      roll()
      return [high, low]
    },
    nextDouble,
    nextInt: (least, most) => Math.floor(nextDouble() * (most - least + 1)) + least,
  }
}
