/**
 * Frames as QR codes (ISO/IEC 18004), written by qrcode: alphanumeric mode, level L, since the fountain code makes up for
 * lost frames. Reading them stands apart, so that a page that shows codes need not load the reader, which only its worker uses.
 */
import { create } from 'qrcode'
import { MAX_FRAGMENT } from './carrier.ts'
import { channelError } from './errors.ts'

/** The characters that each version, from 1, holds at level L in alphanumeric mode. */
const CAPACITY = [
  25, 47, 77, 114, 154, 195, 224, 279, 335, 395, 468, 535, 619, 667, 758, 854, 938, 1046, 1153, 1249, 1352, 1460, 1588,
  1704, 1853, 1990, 2132, 2223, 2369, 2520, 2677, 2840, 3009, 3183, 3351, 3537, 3729, 3927, 4087, 4296,
]

/** The version that jsQR never reads at level L, because its table of blocks is wrong there. */
export const UNREADABLE_VERSION = 23

export const MAX_VERSION = 40

/** The number of light modules that the standard wants around a code. */
export const QUIET_ZONE = 4

/** The number of modules of a side. */
export const sizeOfVersion = (version: number): number => 17 + 4 * version

export interface QrMatrix {
  /** 1 … 40, never 23. */
  readonly version: number
  /** The number of modules of a side, without the quiet zone. */
  readonly size: number
  /** The modules row by row; 1 is dark. */
  readonly modules: Uint8Array
}

/** The smallest readable version that holds this many characters, or undefined. */
export function versionFor(characters: number): number | undefined {
  const index = CAPACITY.findIndex((most, i) => most >= characters && i + 1 !== UNREADABLE_VERSION)
  return index < 0 ? undefined : index + 1
}

/** The most bytes of a fragment whose frames fit this version, for sequence numbers below 100 000. */
export function fragmentFor(version: number): number {
  // "UR:KEYRITE/99999-4096/" is 22 characters; CBOR heads take 20 bytes and the checksum 4, two characters a byte.
  return Math.min(MAX_FRAGMENT, Math.floor(((CAPACITY[version - 1] ?? 0) - 22) / 2) - 24)
}

/**
 * Makes the QR code of a text.
 *
 * @param text characters of the alphanumeric set only: digits, upper-case letters and ` $%*+-./:`
 * @throws channel.bad-characters, channel.cannot-send
 */
export function qrMatrix(text: string): QrMatrix {
  const place = text.search(/[^0-9A-Z $%*+\-./:]/)
  if (place >= 0) throw channelError('bad-characters', { place })
  const version = versionFor(text.length)
  if (version === undefined || text.length === 0) {
    throw channelError('cannot-send', { what: 'The number of characters of this frame', size: text.length, limit: 4296 })
  }
  const { modules } = create([{ data: text, mode: 'alphanumeric' }], { version, errorCorrectionLevel: 'L' })
  return { version, size: modules.size, modules: modules.data }
}
