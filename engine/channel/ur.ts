/**
 * Uniform Resources (BCR-2020-005, BCR-2024-001) of one type: `ur:keyrite/BODY` for a whole message, and
 * `ur:keyrite/SEQUENCE-PARTS/BODY` for a part of one. Upper case on the way out, for alphanumeric QR codes; either on the way in.
 */
import { fromWords, toWords } from './bytewords.ts'
import { decodePart, encodePart } from './cbor.ts'
import type { PartArray } from './cbor.ts'
import { channelError } from './errors.ts'
import { checkPart } from './fountain.ts'
import { MAX_FRAGMENT, MAX_FRAME, MAX_MESSAGE, MAX_PARTS } from './limits.ts'

export const UR_TYPE = 'keyrite'

/** The most bytes that stand before a fragment in a part's CBOR: an array head, four numbers, a byte string's head. */
const PART_OVERHEAD = 1 + 5 + 3 + 5 + 5 + 5

/** What one frame holds. */
export type Frame =
  | { readonly kind: 'whole'; readonly message: Uint8Array }
  | { readonly kind: 'part'; readonly part: PartArray }

/** A whole message as one frame. */
export const writeWhole = (message: Uint8Array, type = UR_TYPE): string => `ur:${type}/${toWords(message)}`.toUpperCase()

/** A part as one frame. */
export const writePart = (part: PartArray, type = UR_TYPE): string =>
  `ur:${type}/${part.sequence}-${part.parts}/${toWords(encodePart(part))}`.toUpperCase()

/**
 * Reads a frame; everything in it is within its bounds afterwards.
 *
 * @throws channel.not-a-frame, channel.wrong-type, channel.bad-word, channel.frame-checksum, channel.bad-cbor,
 *   channel.bad-sequence, channel.too-many-parts, channel.too-long, channel.bad-lengths
 */
export function readFrame(text: string, type = UR_TYPE): Frame {
  if (text.length > MAX_FRAME) throw channelError('too-long', { what: 'A frame', bytes: text.length, limit: MAX_FRAME })
  if (text.slice(0, 3).toLowerCase() !== 'ur:') throw channelError('not-a-frame', { why: 'it does not begin with "ur:"' })
  const slash = text.indexOf('/', 3)
  if (slash < 0) throw channelError('not-a-frame', { why: 'it has no body' })
  checkType(text.slice(3, Math.min(slash, 67)).toLowerCase(), type)
  const second = text.indexOf('/', slash + 1)
  if (second < 0) return { kind: 'whole', message: fromWords(text.slice(slash + 1), MAX_MESSAGE) }
  const said = readSequence(text.slice(slash + 1, second))
  const limit = said.parts === 1 ? MAX_MESSAGE : MAX_FRAGMENT
  const part = decodePart(fromWords(text.slice(second + 1), limit + PART_OVERHEAD))
  if (part.sequence !== said.sequence || part.parts !== said.parts) {
    throw channelError('bad-sequence', { why: 'what it says in its text and what it says inside differ' })
  }
  checkPart(part)
  return { kind: 'part', part }
}

function checkType(found: string, expected: string): void {
  if (!/^[a-z0-9-]{1,64}$/.test(found)) throw channelError('not-a-frame', { why: 'its type is no word' })
  if (found !== expected) throw channelError('wrong-type', { type: found, expected })
}

function readSequence(text: string): { readonly sequence: number; readonly parts: number } {
  const match = /^([1-9][0-9]{0,9})-([1-9][0-9]{0,9})$/.exec(text)
  if (match === null) throw channelError('bad-sequence', { why: 'it is not two numbers from 1 with a hyphen between them' })
  const parts = Number(match[2])
  if (parts > MAX_PARTS) throw channelError('too-many-parts', { parts, limit: MAX_PARTS })
  return { sequence: Number(match[1]), parts }
}
