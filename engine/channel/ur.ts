/**
 * Uniform Resources (BCR-2020-005, BCR-2024-001) of one type: `ur:keyrite/BODY` for a whole message, and
 * `ur:keyrite/SEQUENCE-PARTS/BODY` for a part of one. They are written in upper case, for alphanumeric QR codes, and read in either.
 */
import { MAX_FRAGMENT, MAX_FRAME, MAX_TRANSFER, MAX_PARTS } from './carrier.ts'
import { decodePart, encodePart } from './cbor.ts'
import type { PartArray } from './cbor.ts'
import { channelError } from './errors.ts'
import { checkPart, crc32 } from './fountain.ts'

// Bytewords in their minimal style (BCR-2020-012): each byte is the first and the last letter of its word, and the
// CRC-32 of all bytes follows, big endian.

const WORDS =
  'ableacidalsoapexaquaarchatomauntawayaxisbackbaldbarnbeltbetabiasbluebodybragbrewbulbbuzzcalmcashcatschefcityclaw' +
  'codecolacookcostcruxcurlcuspcyandarkdatadaysdelidicedietdoordowndrawdropdrumdulldutyeacheasyechoedgeepicevenexam' +
  'exiteyesfactfairfernfigsfilmfishfizzflapflewfluxfoxyfreefrogfuelfundgalagamegeargemsgiftgirlglowgoodgraygrimguru' +
  'gushgyrohalfhanghardhawkheathelphighhillholyhopehornhutsicedideaidleinchinkyintoirisironitemjadejazzjoinjoltjowl' +
  'judojugsjumpjunkjurykeepkenokeptkeyskickkilnkingkitekiwiknoblamblavalazyleaflegsliarlimplionlistlogoloudloveluau' +
  'lucklungmainmanymathmazememomenumeowmildmintmissmonknailnavyneednewsnextnoonnotenumbobeyoboeomitonyxopenovalowls' +
  'paidpartpeckplaypluspoempoolposepuffpumapurrquadquizraceramprealredorichroadrockroofrubyruinrunsrustsafesagascar' +
  'setssilkskewslotsoapsolosongstubsurfswantacotasktaxitenttiedtimetinytoiltombtoystriptunatwinuglyundouniturgeuser' +
  'vastveryvetovialvibeviewvisavoidvowswallwandwarmwaspwavewaxywebswhatwhenwhizwolfworkyankyawnyellyogayurtzapszero' +
  'zestzinczonezoom'

const CHECKSUM_BYTES = 4

/** The two letters of each byte. */
const PAIRS = Array.from({ length: 256 }, (_, byte) => `${WORDS.charAt(4 * byte)}${WORDS.charAt(4 * byte + 3)}`)

/** The byte of each pair of letters, at first letter × 26 + last letter; -1 where there is none. */
const BYTES = new Int16Array(26 * 26).fill(-1)
PAIRS.forEach((pair, byte) => {
  BYTES[letter(pair.charCodeAt(0)) * 26 + letter(pair.charCodeAt(1))] = byte
})

/** The number of a letter of either case, 0 … 25; 26 for anything else. */
function letter(code: number): number {
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a ? lower - 0x61 : 26
}

/** The number of letters that stand for this many bytes. */
export const wordsLength = (bytes: number): number => 2 * (bytes + CHECKSUM_BYTES)

/** Bytes and their checksum as letters, lower case. */
export function toWords(bytes: Uint8Array): string {
  const crc = crc32(bytes)
  let text = ''
  for (const byte of bytes) text += PAIRS[byte] ?? ''
  for (let shift = 24; shift >= 0; shift -= 8) text += PAIRS[(crc >>> shift) & 0xff] ?? ''
  return text
}

/**
 * Reads bytes from letters of either case.
 *
 * @param limit the most bytes, without the checksum; checked before anything is allocated
 * @throws channel.not-a-frame, channel.too-long, channel.bad-word, channel.frame-checksum
 */
export function fromWords(text: string, limit: number): Uint8Array {
  if (text.length % 2 !== 0) throw channelError('not-a-frame', { why: 'its body has an odd number of letters' })
  const length = text.length / 2 - CHECKSUM_BYTES
  if (length < 1) throw channelError('not-a-frame', { why: 'its body is too short' })
  if (length > limit) throw channelError('too-long', { what: 'A frame', bytes: length, limit })
  const bytes = new Uint8Array(length + CHECKSUM_BYTES)
  for (let i = 0; i < bytes.length; i++) {
    const first = letter(text.charCodeAt(2 * i))
    const last = letter(text.charCodeAt(2 * i + 1))
    const byte = first < 26 && last < 26 ? (BYTES[first * 26 + last] ?? -1) : -1
    if (byte < 0) throw channelError('bad-word', { place: i })
    bytes[i] = byte
  }
  const body = bytes.subarray(0, length)
  const said = new DataView(bytes.buffer).getUint32(length)
  if (crc32(body) !== said) throw channelError('frame-checksum', { bytes: length })
  return body
}

export const UR_TYPE = 'keyrite'

/** The most bytes that stand before a fragment in a part's CBOR: an array head, four numbers, a byte string's head. */
const PART_OVERHEAD = 1 + 5 + 3 + 5 + 5 + 5

/** The content of one frame. */
export type Frame =
  | { readonly kind: 'whole'; readonly message: Uint8Array }
  | { readonly kind: 'part'; readonly part: PartArray }

/** Writes a whole message as one frame. */
export const writeWhole = (message: Uint8Array, type = UR_TYPE): string => `ur:${type}/${toWords(message)}`.toUpperCase()

/** Writes a part as one frame. */
export const writePart = (part: PartArray, type = UR_TYPE): string =>
  `ur:${type}/${part.sequence}-${part.parts}/${toWords(encodePart(part))}`.toUpperCase()

/** Tells whether a code is of something else: neither a frame, nor a damaged one. */
export const isForeign = (text: string, type = UR_TYPE): boolean => text.slice(0, type.length + 4).toLowerCase() !== `ur:${type}/`

/** The codes that hang on walls and stand on other screens, by how they begin. */
const FOREIGN: readonly (readonly [begins: RegExp, kind: string])[] = [
  [/^(?:https?:|www\.)/i, 'a web address'],
  [/^wifi:/i, 'a Wi-Fi log-in'],
  [/^otpauth/i, 'the second factor of a log-in'],
  [/^(?:bitcoin|lightning|ethereum|litecoin|monero):/i, 'a request for a payment'],
  [/^(?:begin:vcard|mecard:)/i, 'a contact'],
]

/**
 * Reads a frame, and checks that everything in it is within its bounds.
 *
 * @throws channel.foreign, channel.not-a-frame, channel.wrong-type, channel.bad-word, channel.frame-checksum, channel.bad-cbor,
 *   channel.bad-sequence, channel.too-many-parts, channel.too-long, channel.bad-lengths
 */
export function readFrame(text: string, type = UR_TYPE): Frame {
  if (text === '') throw channelError('not-a-frame', { why: 'it is empty' })
  if (text.slice(0, 3).toLowerCase() !== 'ur:') {
    if (/^keyrite-/i.test(text)) throw channelError('not-a-frame', { why: 'it only tells how far the other machine has read' })
    throw channelError('foreign', { kind: FOREIGN.find(([begins]) => begins.test(text))?.[1] ?? 'some other text' })
  }
  if (text.length > MAX_FRAME) throw channelError('too-long', { what: 'A frame', bytes: text.length, limit: MAX_FRAME })
  const slash = text.indexOf('/', 3)
  if (slash < 0) throw channelError('not-a-frame', { why: 'it has no body' })
  checkType(text.slice(3, Math.min(slash, 67)).toLowerCase(), type)
  const second = text.indexOf('/', slash + 1)
  if (second < 0) return { kind: 'whole', message: fromWords(text.slice(slash + 1), MAX_TRANSFER) }
  const said = readSequence(text.slice(slash + 1, second))
  const limit = said.parts === 1 ? MAX_TRANSFER : MAX_FRAGMENT
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
