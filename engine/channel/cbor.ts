/**
 * The little CBOR (RFC 8949) that a UR needs: a byte string, and a part's array of four unsigned numbers and a byte
 * string. The encoding is deterministic (§4.2.1): definite lengths, shortest heads, nothing after the end.
 */
import { channelError } from './errors.ts'

const UINT = 0
const BYTE_STRING = 2
const ARRAY = 4

/** A part of a multi-part UR as it stands in CBOR (BCR-2024-001): `[seqNum, seqLen, messageLen, checksum, data]`. */
export interface PartArray {
  /** The sequence number, from 1; above `parts`, the part is a mix of fragments. */
  readonly sequence: number
  readonly parts: number
  readonly messageLength: number
  /** CRC-32 of the whole message. */
  readonly checksum: number
  readonly data: Uint8Array
}

function head(major: number, value: number): number[] {
  const type = major << 5
  if (value < 24) return [type | value]
  if (value <= 0xff) return [type | 24, value]
  if (value <= 0xffff) return [type | 25, value >>> 8, value & 0xff]
  return [type | 26, value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

function join(front: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(front.length + data.length)
  bytes.set(front)
  bytes.set(data, front.length)
  return bytes
}

/** Encodes a byte string with its head. */
export const encodeBytes = (data: Uint8Array): Uint8Array => join(head(BYTE_STRING, data.length), data)

/** Encodes a part's array. All numbers are unsigned 32-bit ones. */
export function encodePart(part: PartArray): Uint8Array {
  const numbers = [part.sequence, part.parts, part.messageLength, part.checksum]
  const front = [(ARRAY << 5) | 5, ...numbers.flatMap((value) => head(UINT, value)), ...head(BYTE_STRING, part.data.length)]
  return join(front, part.data)
}

interface Reader {
  readonly bytes: Uint8Array
  readonly what: string
  place: number
}

function refuse(reader: Reader, why: string): never {
  throw channelError('bad-cbor', { what: reader.what, place: reader.place, why })
}

/** Reads a head of this major type. Values above 32 bits are refused. */
function readHead(reader: Reader, major: number, name: string): number {
  const first = reader.bytes[reader.place]
  if (first === undefined) refuse(reader, `it ends where ${name} should be`)
  if (first >>> 5 !== major) refuse(reader, `${name} is of another type`)
  const short = first & 0x1f
  if (short < 24) {
    reader.place += 1
    return short
  }
  if (short > 26) refuse(reader, `${name} is indefinite or above 32 bits`)
  const size = 1 << (short - 24)
  if (reader.place + 1 + size > reader.bytes.length) refuse(reader, `it ends within ${name}`)
  let value = 0
  for (let i = 1; i <= size; i++) value = value * 256 + (reader.bytes[reader.place + i] ?? 0)
  const least = size === 1 ? 24 : size === 2 ? 0x100 : 0x10000
  if (value < least) refuse(reader, `${name} is not in its shortest form`)
  reader.place += 1 + size
  return value
}

/** Reads the last byte string, which must be exactly the rest. Gives a view, not a copy. */
function readLastBytes(reader: Reader, name: string): Uint8Array {
  const length = readHead(reader, BYTE_STRING, name)
  const rest = reader.bytes.length - reader.place
  if (length !== rest) refuse(reader, `${name} says ${length} bytes, and ${rest} are there`)
  return reader.bytes.subarray(reader.place)
}

/**
 * Reads a byte string that is all of `bytes`.
 *
 * @returns a view into `bytes`
 * @throws channel.bad-cbor
 */
export function decodeBytes(bytes: Uint8Array): Uint8Array {
  return readLastBytes({ bytes, what: 'The transfer', place: 0 }, 'its byte string')
}

/**
 * Reads a part's array. Its numbers are not yet held to any bounds.
 *
 * @returns a part whose `data` is a view into `bytes`
 * @throws channel.bad-cbor
 */
export function decodePart(bytes: Uint8Array): PartArray {
  const reader: Reader = { bytes, what: 'A frame', place: 0 }
  if (readHead(reader, ARRAY, 'its array') !== 5) refuse(reader, 'its array does not have five elements')
  const sequence = readHead(reader, UINT, 'its sequence number')
  const parts = readHead(reader, UINT, 'its part count')
  const messageLength = readHead(reader, UINT, 'its message length')
  const checksum = readHead(reader, UINT, 'its checksum')
  return { sequence, parts, messageLength, checksum, data: readLastBytes(reader, 'its fragment') }
}
