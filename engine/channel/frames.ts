/**
 * One message as an endless sequence of frames, and back from whichever of them arrive. Messages are not unpacked here, so that
 * this also runs in a page, which packs and unpacks nothing.
 */
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import type { PartArray } from './cbor.ts'
import { makeFountain, makeFountainDecoder, nextSequence, sameTransfer, transferOf } from './fountain.ts'
import type { Fountain, FountainDecoder, TransferId } from './fountain.ts'
import { readFrame, writePart, writeWhole } from './ur.ts'
import type { Frame } from './ur.ts'

/** The bytes in each frame: for poor cameras, by default, and for good cameras. They take QR versions 8, 11 and 17. */
export const FRAGMENT_SIZES = { sparse: 100, normal: 200, dense: 400 } as const

/** The most mixes to choose from: finding the degree of one takes up to 0.3 ms. */
const MAX_CANDIDATES = 1500

export interface Sending {
  /** The number of frames that suffice if none is lost. */
  readonly partCount: number
  /** The bytes that cross, without the framing. */
  readonly bytes: number
  /** CRC-32 of the message. Each frame carries it, if there are several. */
  readonly checksum: number
  /** Gives frames without end, from the first part on; after `partCount` of them each is a new mix. */
  frames(): Generator<string, never>
  /**
   * Gives the frames for a reader that gets no others, such as files: every part, and a fifth more (`roundLength`), chosen to make
   * up for as many lost ones as possible.
   */
  round(): Generator<string, void>
}

/**
 * Makes the frames of a message.
 *
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
 * The mixes that help most when any frames may be lost: first the widest, which can replace any one part, then those of about half of all
 * parts, since random dense equations are nearly always independent. The standard's own first mixes are mostly narrow: with 30 parts and
 * 6 mixes, they make up for two losses in 62 % of cases, and these in 95 %.
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

/** The result of receiving one frame, other than a complete transfer. */
export type Incomplete =
  | {
      readonly state: 'progress'
      /** The number of useful parts so far, of `needed`. */
      readonly seen: number
      readonly needed: number
      /** The bytes of the whole transfer. */
      readonly bytes: number
      /** True if this frame told anything new. */
      readonly fresh: boolean
    }
  /** A frame that is not keyrite's or not readable. Nothing has changed. */
  | { readonly state: 'ignored'; readonly why: KeyriteError }
  /** A good frame of another transfer than the one under way. To follow that one, call `startOver` and give this frame again. */
  | { readonly state: 'other-transfer'; readonly inARow: number; readonly seen: number; readonly needed: number }
  /** The transfer under way cannot be right; the receiver waits for a new one. */
  | { readonly state: 'failed'; readonly why: KeyriteError }

/** The result of receiving one frame. */
export type ReceivedMessage =
  | Incomplete
  /** A complete transfer. The message is the same array as long as it is the same transfer. */
  | { readonly state: 'complete'; readonly message: Uint8Array; readonly needed: number }

export interface MessageReceiver {
  /** Takes a frame as scanned or typed, in upper or lower case. Never throws for a bad frame. */
  receive(frame: string): ReceivedMessage
  /** Forgets the transfer under way. */
  startOver(): void
}

export interface ReceiverOptions {
  /**
   * The number of frames in a row of one other transfer after which that one is followed; none of its frames is lost. 0, the
   * default, means never: the caller asks its user. Once a transfer is complete, the next one is followed at once.
   */
  readonly switchAfter?: number
}

/** Makes a receiver of one transfer after another. Frames of two are never mixed. */
export function makeMessageReceiver(options: ReceiverOptions = {}): MessageReceiver {
  const switchAfter = options.switchAfter ?? 0
  let decoder: FountainDecoder | undefined
  let complete: { readonly message: Uint8Array; readonly needed: number } | undefined
  /** The parts in a row of one other transfer. They are stored while a switch to it is possible. */
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
      // A whole transfer in one frame needs no other frames, so it replaces the one under way.
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

/** The number of frames in a `round`: every part and a fifth more, at least one more when there are several parts. */
export const roundLength = ({ partCount }: Pick<Sending, 'partCount'>): number =>
  partCount === 1 ? 1 : partCount + Math.ceil(partCount / 5)
