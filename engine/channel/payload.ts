/** A text as the message of a UR and back: UTF-8, raw deflate (RFC 1951), CBOR byte string. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { MAX_TEXT } from '../wire/limits.ts'
import { MAX_TRANSFER } from './carrier.ts'
import { decodeBytes, encodeBytes } from './cbor.ts'
import { channelError } from './errors.ts'

/** Packs a text. With one version of zlib, the same text gives the same bytes. */
export function pack(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text)
  if (bytes.length > MAX_TEXT) {
    throw channelError('cannot-send', { what: 'The length in bytes of this text', size: bytes.length, limit: MAX_TEXT })
  }
  return encodeBytes(deflateRawSync(bytes, { level: 9 }))
}

/** The number of bytes that `pack` would make of a text, however long it is. */
export const packedSize = (text: string): number => encodeBytes(deflateRawSync(new TextEncoder().encode(text), { level: 9 })).length

/**
 * Unpacks a message that `pack` made.
 *
 * @param limit the most bytes of text; inflating never allocates more
 * @throws channel.too-long, channel.bad-cbor, channel.inflate-bound, channel.bad-deflate, channel.bad-text
 */
export function unpack(message: Uint8Array, limit = MAX_TEXT): string {
  if (message.length > MAX_TRANSFER) throw channelError('too-long', { what: 'The transfer', bytes: message.length, limit: MAX_TRANSFER })
  const bytes = inflate(decodeBytes(message), limit)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw channelError('bad-text', { bytes: bytes.length }, cause)
  }
}

function inflate(deflated: Uint8Array, limit: number): Uint8Array {
  // Node's types lack `info: true`, which gives the number of consumed bytes: bytes after the stream's end are refused.
  let result: unknown
  try {
    result = inflateRawSync(deflated, { maxOutputLength: limit, chunkSize: chunkFor(deflated.length, limit), info: true })
  } catch (cause) {
    if (hasCode(cause, 'ERR_BUFFER_TOO_LARGE')) throw channelError('inflate-bound', { limit }, cause)
    throw channelError('bad-deflate', { why: 'it is damaged or ends too early' }, cause)
  }
  if (!isInflated(result)) throw new TypeError('zlib gave no info')
  if (result.engine.bytesWritten !== deflated.length) throw channelError('bad-deflate', { why: 'something follows its end' })
  return result.buffer
}

/** The size of zlib's chunk: large enough for a usual text, so that no pieces are copied together; zlib wants 64 at least. */
const chunkFor = (deflated: number, limit: number): number => Math.max(64, Math.min(limit, 4 * deflated + 1024))

function isInflated(value: unknown): value is { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } } {
  return typeof value === 'object' && value !== null && 'buffer' in value && 'engine' in value
}

const hasCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code
