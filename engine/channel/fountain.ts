/**
 * The fountain code of BCR-2024-001, both halves. The receiver uses incremental Gaussian elimination over GF(2): any
 * parts that are linearly independent complete the message, however they were mixed. The usual belief propagation needs
 * a third more parts and is quadratic in JavaScript objects.
 */
import { sha256 } from '../crypto/hash.ts'
import { MAX_FRAGMENT, MAX_TRANSFER, MAX_PARTS, MAX_SEQUENCE, MIN_FRAGMENT } from './carrier.ts'
import type { PartArray } from './cbor.ts'
import { channelError } from './errors.ts'

/** The table of CRC-32 (ISO 3309, as in PNG and zlib), which finds accidents. It is no security. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1
  return rest >>> 0
})

/** The CRC-32 of some bytes. @returns an unsigned 32-bit number */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

// xoshiro256** (Blackman, Vigna) as the fountain code of BCR-2024-001 uses it: its state is the SHA-256 of the seed, read
// as four big-endian words. It is not for secrets. Words are pairs of 32-bit halves, twenty times as fast as BigInt.

export interface Xoshiro {
  /** The next 64 bits, as [high, low] halves. */
  next(): readonly [number, number]
  /** The next number in [0, 1): 64 bits over 2⁶⁴, rounded to a double. */
  nextDouble(): number
  /** The next whole number from `low` to `high`, both included. */
  nextInt(low: number, high: number): number
}

/** Makes a generator. @param seed any bytes */
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

// The choice of the fragments that a part of the fountain mixes (BCR-2024-001). Every reader must get the same ones, so
// the floating-point operations and their order are part of the format.

/** The alias method's tables (Walker, Vose). */
interface AliasTable {
  readonly probabilities: Float64Array
  readonly aliases: Uint16Array
}

/** The table that draws the degree d + 1 with a weight of 1 / (d + 1), for d from 0 below `count`. */
function makeAliasTable(count: number): AliasTable {
  let sum = 0
  for (let i = 0; i < count; i++) sum += 1 / (i + 1)
  const scaled = Float64Array.from({ length: count }, (_, i) => ((1 / (i + 1)) * count) / sum)
  const probabilities = new Float64Array(count).fill(1)
  const aliases = new Uint16Array(count)
  const small: number[] = []
  const large: number[] = []
  for (let i = count - 1; i >= 0; i--) ((scaled[i] ?? 0) < 1 ? small : large).push(i)
  while (large.length > 0) {
    const less = small.pop()
    if (less === undefined) break
    const more = large.pop() ?? 0
    probabilities[less] = scaled[less] ?? 0
    aliases[less] = more
    const rest = (scaled[more] ?? 0) + (scaled[less] ?? 0) - 1
    scaled[more] = rest
    if (rest < 1) small.push(more)
    else large.push(more)
  }
  return { probabilities, aliases }
}

function chooseDegree(table: AliasTable, random: Xoshiro): number {
  const column = Math.floor(random.nextDouble() * table.probabilities.length)
  const keeps = random.nextDouble() < (table.probabilities[column] ?? 0)
  return (keeps ? column : (table.aliases[column] ?? 0)) + 1
}

/** The first `degree` numbers of a shuffle of 0 … count-1. */
function shuffled(count: number, degree: number, random: Xoshiro): number[] {
  const left = Uint16Array.from({ length: count }, (_, i) => i)
  const chosen: number[] = []
  for (let size = count; chosen.length < degree; size--) {
    const place = random.nextInt(0, size - 1)
    chosen.push(left[place] ?? 0)
    left.copyWithin(place, place + 1, size)
  }
  return chosen
}

/** Gives the indices of the fragments that the part with a sequence number mixes, from 0, each once, in no order. */
export type Chooser = (sequence: number) => readonly number[]

/**
 * The chooser of one transfer. Parts 1 … `parts` are single fragments in order; every later one is a mix.
 *
 * @param parts 1 … 4096, checked by the caller
 * @param checksum CRC-32 of the message
 */
export function makeChooser(parts: number, checksum: number): Chooser {
  let table: AliasTable | undefined
  return (sequence) => {
    if (sequence <= parts) return [sequence - 1]
    table ??= makeAliasTable(parts)
    const seed = new DataView(new ArrayBuffer(8))
    seed.setUint32(0, sequence)
    seed.setUint32(4, checksum)
    const random = makeXoshiro(new Uint8Array(seed.buffer))
    return shuffled(parts, chooseDegree(table, random), random)
  }
}

/** The facts that are the same in every part of one transfer. */
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
 * Checks a part's numbers against their bounds and one another. Nothing may be built from a part before this check.
 *
 * @throws channel.bad-sequence, channel.too-many-parts, channel.too-long, channel.bad-lengths
 */
export function checkPart(part: PartArray): void {
  const { sequence, parts, messageLength } = part
  const fragment = part.data.length
  if (sequence < 1) throw channelError('bad-sequence', { why: 'sequence numbers begin at 1' })
  if (parts < 1) throw channelError('bad-sequence', { why: 'it claims to have no parts' })
  if (parts > MAX_PARTS) throw channelError('too-many-parts', { parts, limit: MAX_PARTS })
  if (messageLength > MAX_TRANSFER) throw channelError('too-long', { what: 'The transfer', bytes: messageLength, limit: MAX_TRANSFER })
  // A single part may hold a whole message: then it is pasted, not scanned.
  const limit = parts === 1 ? MAX_TRANSFER : MAX_FRAGMENT
  if (fragment > limit) throw channelError('too-long', { what: 'A fragment', bytes: fragment, limit })
  if (fragment < 1 || parts !== Math.ceil(messageLength / fragment)) {
    throw channelError('bad-lengths', { parts, message: messageLength, fragment })
  }
}

/** One equation: the fragments that are mixed, as bits, and their sum, both in whole 32-bit words for fast XOR. */
interface Row {
  readonly bits: Uint32Array
  readonly sum: Uint32Array
}

export interface FountainDecoder {
  readonly id: TransferId
  /** The number of linearly independent parts so far; the message is complete at `id.parts`. */
  readonly rank: number
  /**
   * Takes a part of this transfer that `checkPart` let through.
   *
   * @returns whether it told anything new
   * @throws channel.mixed when it contradicts earlier parts: one of them is false, and nobody can tell which
   */
  add(part: PartArray): boolean
  /**
   * Gives the message, once `rank` is `id.parts`.
   *
   * @throws channel.message-checksum
   */
  message(): Uint8Array
}

/** Makes a decoder for one transfer. It allocates for the parts that it is given, not for the number that they claim. */
export function makeFountainDecoder(id: TransferId): FountainDecoder {
  const words = Math.ceil(id.parts / 32)
  const sumWords = Math.ceil(id.fragment / 4)
  const choose = makeChooser(id.parts, id.checksum)
  /** The rows by the index of their lowest bit. */
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

  /** Solves the fragments from the last to the first: the other bits of a row are all higher, so they are solved already. */
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

// The sending half of the fountain code: a message as an endless sequence of parts.

export interface Fountain {
  readonly parts: number
  /** Bytes of each fragment; the last one is padded with zeros. */
  readonly fragment: number
  readonly messageLength: number
  readonly checksum: number
  /** Makes the part with this sequence number, from 1 to 2³²-1. */
  part(sequence: number): PartArray
  /** The number of fragments that the part mixes. */
  degree(sequence: number): number
}

/**
 * Cuts a message into the fewest fragments of at most `fragment` bytes, all equally long.
 *
 * @param fragment bytes, 10 … 2108
 * @throws channel.bad-setting, channel.cannot-send
 */
export function makeFountain(message: Uint8Array, fragment: number): Fountain {
  if (!Number.isInteger(fragment) || fragment < MIN_FRAGMENT || fragment > MAX_FRAGMENT) {
    throw channelError('bad-setting', {
      what: 'The fragment size',
      value: fragment,
      wanted: `a whole number of bytes from ${MIN_FRAGMENT} to ${MAX_FRAGMENT}`,
    })
  }
  if (message.length < 1 || message.length > MAX_TRANSFER) {
    throw channelError('cannot-send', { what: 'The bytes of this transfer', size: message.length, limit: MAX_TRANSFER })
  }
  const wanted = Math.ceil(message.length / fragment)
  const size = Math.ceil(message.length / wanted)
  const parts = Math.ceil(message.length / size)
  if (parts > MAX_PARTS) {
    throw channelError('cannot-send', { what: 'The number of parts of this transfer', size: parts, limit: MAX_PARTS })
  }
  const checksum = crc32(message)
  const choose = makeChooser(parts, checksum)

  function mix(indices: readonly number[]): Uint8Array {
    const data = new Uint8Array(size)
    for (const index of indices) {
      const piece = message.subarray(index * size, (index + 1) * size)
      for (let i = 0; i < piece.length; i++) data[i] = (data[i] ?? 0) ^ (piece[i] ?? 0)
    }
    return data
  }

  return {
    parts,
    fragment: size,
    messageLength: message.length,
    checksum,
    part: (sequence) => ({ sequence, parts, messageLength: message.length, checksum, data: mix(choose(sequence)) }),
    degree: (sequence) => choose(sequence).length,
  }
}

/** The sequence number after this one; after 2³²-1 comes 1 again. */
export const nextSequence = (sequence: number): number => (sequence >= MAX_SEQUENCE ? 1 : sequence + 1)
