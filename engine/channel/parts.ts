/**
 * A text that is too long for one transfer, cut into parts that each cross in an envelope of their own (protocol §9).
 * Only the SHA-256 of the whole proves the parts right, so they are checked when all are there, and not before.
 */
import { sha256Hex } from '../crypto/hash.ts'
import { utf8 } from '../base/bytes.ts'
import type { Part } from '../wire/exchange.ts'
import { MAX_TEXT, MAX_WHOLE, MAX_WHOLE_PARTS } from '../wire/limits.ts'
import { channelError } from './errors.ts'
import { packedSize } from './payload.ts'

/** The hash that tells one whole text from another. */
export const wholeHash = (text: string): string => sha256Hex(utf8(text))

/** The bytes for which deflate adds less than one, where it cannot shorten a text. */
const LEAST_GROWTH = 256

function fits(text: string, above: number): boolean {
  const bytes = utf8(text).length
  if (bytes > MAX_TEXT) return false
  return bytes + 64 + bytes / LEAST_GROWTH <= above || packedSize(text) <= above
}

/**
 * Cuts a text so that no part is longer than a transfer may be; most are about half as long. With one version of zlib, the same
 * text is always cut alike.
 *
 * @param above the most packed bytes of a transfer
 * @param seal makes the text that crosses for a part, to measure it
 * @returns one part if the whole text fits
 * @throws channel.too-long for more text than crosses at all, channel.cannot-send
 */
export function cutInParts(text: string, above: number, seal: (part: Part) => string): readonly Part[] {
  const length = utf8(text).length
  if (length > MAX_WHOLE) throw channelError('too-long', { what: 'The whole of a transfer in parts', bytes: length, limit: MAX_WHOLE })
  const whole = wholeHash(text)
  const alone = { whole, index: 1, count: 1, length, text }
  if (fits(seal(alone), above)) return [alone]
  const most = Math.min(MAX_WHOLE_PARTS, Math.floor(text.length / 2))
  for (let count = Math.max(2, Math.ceil((2 * packedSize(text)) / above)); count <= most; count += Math.ceil(count / 4)) {
    const parts = slices(text, count).map((slice, i) => ({ whole, index: i + 1, count, length, text: slice }))
    if (parts.every((part) => fits(seal(part), above))) return parts
  }
  throw channelError('cannot-send', { what: 'The number of parts of this text', size: most + 1, limit: most })
}

/** Cuts a text into slices of equal length, and no character in two. */
function slices(text: string, count: number): string[] {
  const placeOf = (i: number): number => {
    const place = Math.floor((i * text.length) / count)
    const unit = text.charCodeAt(place)
    return unit >= 0xdc00 && unit <= 0xdfff ? place + 1 : place
  }
  return Array.from({ length: count }, (_, i) => text.slice(placeOf(i), placeOf(i + 1)))
}

/**
 * Puts parts together that come from outside, in any order. It holds no more than the length that they name, which the schema bounds.
 */
export class Assembly {
  private readonly like: Omit<Part, 'index' | 'text'>
  private readonly texts = new Map<number, string>()
  private bytes = 0

  /**
   * Makes an assembly for the whole to which this part belongs. The part itself is not yet taken.
   *
   * @throws channel.bad-part
   */
  constructor({ whole, index, count, length }: Part) {
    checkPlace(index, count)
    this.like = { whole, count, length }
  }

  get count(): number {
    return this.like.count
  }

  /** Is the part cut out of the same whole, in the same way? */
  isOf({ whole, count, length }: Part): boolean {
    return whole === this.like.whole && count === this.like.count && length === this.like.length
  }

  /**
   * Takes a part of this whole; a part that is held already is passed over.
   *
   * @returns whether it is new
   * @throws channel.bad-part where its numbers contradict one another or the held parts; nothing has changed then
   */
  add({ index, text }: Part): boolean {
    const { count, length } = this.like
    checkPlace(index, count)
    if (this.texts.has(index)) return false
    const bytes = utf8(text).length
    // Each missing part has at least one byte.
    const missing = count - this.texts.size - 1
    if (this.bytes + bytes + missing > length) throw channelError('bad-part', { why: `its ${bytes} bytes are more than the ${length} of the whole leave room for` })
    this.texts.set(index, text)
    this.bytes += bytes
    return true
  }

  /** The parts that are here, in order. */
  get held(): readonly number[] {
    return [...this.texts.keys()].sort((a, b) => a - b)
  }

  get isComplete(): boolean {
    return this.texts.size === this.like.count
  }

  /**
   * Gives the whole text, once all parts are here.
   *
   * @throws channel.wrong-whole if it does not have the length and the SHA-256 that its parts name
   */
  join(): string {
    const text = this.held.map((index) => this.texts.get(index)).join('')
    if (this.bytes !== this.like.length || wholeHash(text) !== this.like.whole) {
      throw channelError('wrong-whole', { parts: this.like.count, bytes: this.bytes })
    }
    return text
  }
}

function checkPlace(index: number, count: number): void {
  if (index > count) throw channelError('bad-part', { why: `it is part ${index} of ${count}` })
}

/** The index of the first missing part of `count`, or undefined. */
export function firstMissing(held: readonly number[], count: number): number | undefined {
  const known = new Set(held)
  for (let index = 1; index <= count; index++) if (!known.has(index)) return index
  return undefined
}

/**
 * The store of the envelopes' texts that crossed for the one text in parts under way, so that a restart goes on with it. All of
 * them crossed in the open and carry their own digest. A text from the store is checked like one from the other side, so a
 * damaged one costs one more crossing, and nothing else.
 */
export interface PartStore {
  /** Gives the texts that were added since the last `clear`, in that order, as far as they are still there. Never throws for damage. */
  readonly load: () => Promise<readonly string[]>
  /** Adds a text; resolves when it is durable. @throws file.* where it cannot be written */
  readonly add: (text: string) => Promise<void>
  readonly clear: () => Promise<void>
}

/** Makes a store in memory, which is lost at exit. */
export function memoryParts(): PartStore {
  const texts: string[] = []
  return {
    load: () => Promise.resolve([...texts]),
    add: (text) => {
      texts.push(text)
      return Promise.resolve()
    },
    clear: () => {
      texts.length = 0
      return Promise.resolve()
    },
  }
}
