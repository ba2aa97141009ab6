/**
 * The receiving half of the fountain code: incremental Gaussian elimination over GF(2). Any parts that are linearly
 * independent complete the message, however they were mixed; the usual belief propagation needs a third more and is
 * quadratic in JavaScript objects.
 */
import type { PartArray } from './cbor.ts'
import { crc32 } from './crc32.ts'
import { channelError } from './errors.ts'
import { MAX_FRAGMENT, MAX_MESSAGE, MAX_PARTS } from './limits.ts'
import { makeChooser } from './sampler.ts'

/** What every part of one transfer says alike. */
export interface TransferId {
  readonly checksum: number
  readonly parts: number
  readonly messageLength: number
  /** Bytes of each fragment. */
  readonly fragment: number
}

export const transferOf = (part: PartArray): TransferId => ({
  checksum: part.checksum,
  parts: part.parts,
  messageLength: part.messageLength,
  fragment: part.data.length,
})

export const sameTransfer = (a: TransferId, b: TransferId): boolean =>
  a.checksum === b.checksum && a.parts === b.parts && a.messageLength === b.messageLength && a.fragment === b.fragment

/**
 * Holds a part's numbers to their bounds and to one another. Nothing may be made from a part before.
 *
 * @throws channel.bad-sequence, channel.too-many-parts, channel.too-long, channel.bad-lengths
 */
export function checkPart(part: PartArray): void {
  const { sequence, parts, messageLength } = part
  const fragment = part.data.length
  if (sequence < 1) throw channelError('bad-sequence', { why: 'sequence numbers begin at 1' })
  if (parts < 1) throw channelError('bad-sequence', { why: 'it claims to have no parts' })
  if (parts > MAX_PARTS) throw channelError('too-many-parts', { parts, limit: MAX_PARTS })
  if (messageLength > MAX_MESSAGE) throw channelError('too-long', { what: 'The transfer', bytes: messageLength, limit: MAX_MESSAGE })
  // A single part may hold a whole message; it is pasted then, not scanned.
  const limit = parts === 1 ? MAX_MESSAGE : MAX_FRAGMENT
  if (fragment > limit) throw channelError('too-long', { what: 'A fragment', bytes: fragment, limit })
  if (fragment < 1 || parts !== Math.ceil(messageLength / fragment)) {
    throw channelError('bad-lengths', { parts, message: messageLength, fragment })
  }
}

/** One equation: which fragments are mixed, as bits, and their sum; whole 32-bit words for fast XOR. */
interface Row {
  readonly bits: Uint32Array
  readonly sum: Uint32Array
}

export interface FountainDecoder {
  readonly id: TransferId
  /** Linearly independent parts so far; complete at `id.parts`. */
  readonly rank: number
  /**
   * Takes a part of this transfer that `checkPart` let through.
   *
   * @returns whether it told anything new
   * @throws channel.mixed when it contradicts what is known: some part, no one knows which, is a lie
   */
  add(part: PartArray): boolean
  /**
   * The message, once `rank` is `id.parts`.
   *
   * @throws channel.message-checksum
   */
  message(): Uint8Array
}

/** A decoder for the transfer that this part belongs to. It allocates for what it was given, not for what is claimed. */
export function makeFountainDecoder(id: TransferId): FountainDecoder {
  const words = Math.ceil(id.parts / 32)
  const sumWords = Math.ceil(id.fragment / 4)
  const choose = makeChooser(id.parts, id.checksum)
  /** Index of the lowest bit → the row in which it is the lowest. */
  const pivots = new Map<number, Row>()

  function rowOf(part: PartArray): Row {
    const bits = new Uint32Array(words)
    for (const index of choose(part.sequence)) bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31))
    const sum = new Uint32Array(sumWords)
    new Uint8Array(sum.buffer).set(part.data)
    return { bits, sum }
  }

  function add(part: PartArray): boolean {
    const row = rowOf(part)
    for (let word = 0; word < words; word++) {
      for (let left = row.bits[word] ?? 0; left !== 0; left = row.bits[word] ?? 0) {
        const lowest = word * 32 + lowestBit(left)
        const pivot = pivots.get(lowest)
        if (pivot === undefined) {
          pivots.set(lowest, row)
          return true
        }
        xorInto(row.bits, pivot.bits, word)
        xorInto(row.sum, pivot.sum, 0)
      }
    }
    if (row.sum.some((rest) => rest !== 0)) throw channelError('mixed', { seen: pivots.size, needed: id.parts })
    return false
  }

  /** Fragments from the last to the first: a row's other bits are all higher, so they are solved already. */
  function message(): Uint8Array {
    const bytes = new Uint8Array(id.parts * id.fragment)
    for (let index = id.parts - 1; index >= 0; index--) {
      const row = pivots.get(index)
      if (row === undefined) throw new TypeError('the message is not complete')
      for (let word = index >>> 5; word < words; word++) {
        for (let left = row.bits[word] ?? 0; left !== 0; left &= left - 1) {
          const other = word * 32 + lowestBit(left)
          const solved = other === index ? undefined : pivots.get(other)
          if (solved !== undefined) xorInto(row.sum, solved.sum, 0)
        }
        row.bits[word] = word === index >>> 5 ? 1 << (index & 31) : 0
      }
      bytes.set(new Uint8Array(row.sum.buffer, 0, id.fragment), index * id.fragment)
    }
    const whole = bytes.subarray(0, id.messageLength)
    if (crc32(whole) !== id.checksum) throw channelError('message-checksum', { bytes: id.messageLength })
    return whole
  }

  return {
    id,
    get rank() {
      return pivots.size
    },
    add,
    message,
  }
}

/** The place of the lowest set bit of a word that is not zero. */
const lowestBit = (word: number): number => 31 - Math.clz32(word & -word)

function xorInto(into: Uint32Array, from: Uint32Array, start: number): void {
  for (let i = start; i < into.length; i++) into[i] = (into[i] ?? 0) ^ (from[i] ?? 0)
}
