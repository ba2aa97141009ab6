/**
 * One message as an endless sequence of frames, and back from whichever of them arrive. What a message says is not looked at
 * here, so that this runs in a page as well, which packs and unpacks nothing.
 */
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import type { PartArray } from './cbor.ts'
import { makeFountain, makeFountainDecoder, nextSequence, sameTransfer, transferOf } from './fountain.ts'
import type { Fountain, FountainDecoder, TransferId } from './fountain.ts'
import { readFrame, writePart, writeWhole } from './ur.ts'
import type { Frame } from './ur.ts'

/** Bytes in each frame: for poor cameras, the safe default, and dense. QR versions 8, 11 and 17. */
export const FRAGMENT_SIZES = { sparse: 100, normal: 200, dense: 400 } as const

/** Mixes to choose from, at most: it takes up to 0.3 ms to know the degree of one. */
const MAX_CANDIDATES = 1500

export interface Sending {
  /** Frames that suffice if none is lost. */
  readonly partCount: number
  /** Bytes that cross, without the framing. */
  readonly bytes: number
  /** CRC-32 of the message, as every frame of several carries it. */
  readonly checksum: number
  /** Frames from the first part on, endlessly; after `partCount` of them each is a new mix. */
  frames(): Generator<string, never>
  /**
   * The frames for a reader that gets no others, such as files: every part, and a fifth more (`roundLength`), which are chosen so
   * that they make up for as many lost ones as they can.
   */
  round(): Generator<string, void>
}

/**
 * @param message as `pack` makes it
 * @param options.fragment the most bytes of a frame, 10 … 2108
 * @throws channel.bad-setting, channel.cannot-send
 */
export function sendMessage(message: Uint8Array, options: { readonly fragment: number }): Sending {
  const fountain = makeFountain(message, options.fragment)
  const frameOf = (sequence: number): string =>
    fountain.parts === 1 ? writeWhole(message) : writePart(fountain.part(sequence))
  return {
    partCount: fountain.parts,
    bytes: message.length,
    checksum: fountain.checksum,
    *frames() {
      for (let sequence = 1; ; sequence = nextSequence(sequence)) yield frameOf(sequence)
    },
    *round() {
      for (let sequence = 1; sequence <= fountain.parts; sequence++) yield frameOf(sequence)
      for (const sequence of spareSequences(fountain)) yield frameOf(sequence)
    },
  }
}

/**
 * The mixes that help most when anything may be lost: first the widest, which stands in for any one part, then those of about half of all
 * parts, since random dense equations are nearly always independent. The standard's own first mixes are mostly narrow: of 30 parts and
 * 6 mixes, two losses are made up for in 62 % of cases by those, and in 95 % by these.
 */
function spareSequences(fountain: Fountain): number[] {
  const { parts } = fountain
  const wanted = roundLength({ partCount: parts }) - parts
  const count = Math.min(MAX_CANDIDATES, 12 * wanted + 40)
  const candidates = Array.from({ length: count }, (_, i) => ({ sequence: parts + 1 + i, degree: fountain.degree(parts + 1 + i) }))
  const [widest] = candidates.toSorted((a, b) => b.degree - a.degree)
  const distance = (candidate: (typeof candidates)[number]): number =>
    candidate === widest ? -1 : Math.abs(candidate.degree - parts / 2)
  return candidates
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, wanted)
    .map(({ sequence }) => sequence)
}

/** What became of one frame, but for a complete transfer. */
export type Incomplete =
  | {
      readonly state: 'progress'
      /** Useful parts so far, of `needed`. */
      readonly seen: number
      readonly needed: number
      /** Bytes of the whole transfer. */
      readonly bytes: number
      /** Whether this frame told anything new. */
      readonly fresh: boolean
    }
  /** Not for us, or not readable: nothing has changed. */
  | { readonly state: 'ignored'; readonly why: KeyriteError }
  /** A good frame of another transfer than the one under way. After `startOver`, this frame again begins that one. */
  | { readonly state: 'other-transfer'; readonly inARow: number; readonly seen: number; readonly needed: number }
  /** The transfer under way cannot be right; the receiver waits for a new one. */
  | { readonly state: 'failed'; readonly why: KeyriteError }

/** What became of one frame. */
export type ReceivedMessage =
  | Incomplete
  /** The same array as long as it is the same transfer. */
  | { readonly state: 'complete'; readonly message: Uint8Array; readonly needed: number }

export interface MessageReceiver {
  /** Takes a frame as scanned or typed, of either case. Never throws for what it holds. */
  receive(frame: string): ReceivedMessage
  /** Forgets the transfer under way. */
  startOver(): void
}

export interface ReceiverOptions {
  /**
   * After so many frames in a row of one other transfer, follow that one, none of its frames lost. 0, the default, never
   * does: the caller asks its user. Once a transfer is complete, the next one is followed at once.
   */
  readonly switchAfter?: number
}

/** Receives one transfer after another. Frames of two are never mixed. */
export function makeMessageReceiver(options: ReceiverOptions = {}): MessageReceiver {
  const switchAfter = options.switchAfter ?? 0
  let decoder: FountainDecoder | undefined
  let complete: { readonly message: Uint8Array; readonly needed: number } | undefined
  /** Parts in a row of one other transfer; they are kept while a switch to it is possible. */
  let other: { readonly id: TransferId; count: number; readonly parts: PartArray[] } | undefined

  function startOver(): void {
    decoder = undefined
    complete = undefined
    other = undefined
  }

  function finish(message: Uint8Array, needed: number): ReceivedMessage {
    complete = { message, needed }
    return { state: 'complete', ...complete }
  }

  function follow(part: PartArray): ReceivedMessage {
    other = undefined
    if (complete !== undefined) return { state: 'complete', ...complete }
    const id = transferOf(part)
    decoder ??= makeFountainDecoder(id)
    const fresh = decoder.add(part)
    if (decoder.rank === id.parts) return finish(decoder.message(), id.parts)
    return { state: 'progress', seen: decoder.rank, needed: id.parts, bytes: id.messageLength, fresh }
  }

  function takePart(part: PartArray): ReceivedMessage {
    const id = transferOf(part)
    if (decoder === undefined || sameTransfer(decoder.id, id)) return follow(part)
    if (complete === undefined) {
      if (other === undefined || !sameTransfer(other.id, id)) other = { id, count: 0, parts: [] }
      other.count += 1
      if (other.count < switchAfter) other.parts.push(part)
      if (switchAfter === 0 || other.count < switchAfter) {
        return { state: 'other-transfer', inARow: other.count, seen: decoder.rank, needed: decoder.id.parts }
      }
    }
    const kept = other?.parts ?? []
    startOver()
    for (const earlier of kept) follow(earlier)
    return follow(part)
  }

  function receive(text: string): ReceivedMessage {
    let frame: Frame
    try {
      frame = readFrame(text.trim())
    } catch (why) {
      return { state: 'ignored', why: known(why) }
    }
    try {
      if (frame.kind === 'part') return takePart(frame.part)
      // A whole transfer in one frame mixes with nothing, so it replaces whatever was under way.
      startOver()
      return finish(frame.message, 1)
    } catch (why) {
      startOver()
      return { state: 'failed', why: known(why) }
    }
  }

  return { receive, startOver }
}

function known(error: unknown): KeyriteError {
  if (isKeyriteError(error)) return error
  throw error
}

/** How many frames a `round` has: every part and a fifth more, at least one more when there are several parts. */
export const roundLength = ({ partCount }: Pick<Sending, 'partCount'>): number =>
  partCount === 1 ? 1 : partCount + Math.ceil(partCount / 5)
