/**
 * Bytewords in their minimal style (BCR-2020-012): each byte is the first and the last letter of its word, and the
 * CRC-32 of all bytes follows, big endian.
 */
import { crc32 } from './crc32.ts'
import { channelError } from './errors.ts'

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

/** Byte → its two letters. */
const PAIRS = Array.from({ length: 256 }, (_, byte) => `${WORDS.charAt(4 * byte)}${WORDS.charAt(4 * byte + 3)}`)

/** First letter × 26 + last letter → byte, or -1. */
const BYTES = new Int16Array(26 * 26).fill(-1)
PAIRS.forEach((pair, byte) => {
  BYTES[letter(pair.charCodeAt(0)) * 26 + letter(pair.charCodeAt(1))] = byte
})

/** 0…25 for a letter of either case, 26 or more for anything else. */
function letter(code: number): number {
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a ? lower - 0x61 : 26
}

/** How many letters stand for so many bytes. */
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
 * Reads letters of either case.
 *
 * @param limit the most bytes that are taken, without the checksum; checked before anything is allocated
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
