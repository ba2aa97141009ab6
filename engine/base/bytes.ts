/** Byte strings and their hex. All other code is built on these; nothing here knows the protocol. */
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { errorTable } from './errors.ts'

export const bytesError = errorTable('bytes', {
  'not-hex': ({ what, length }: { what: string; length?: number }) => ({
    what: `${what} is not lower-case hex${length === undefined ? '' : ` of ${length} bytes`}.`,
    todo: 'It was altered on the way or made by another version; ask its sender for it again.',
  }),
})

declare module './errors.ts' {
  interface ErrorTables { readonly bytes: typeof bytesError.table }
}

const encoder = new TextEncoder()

/** UTF-8 bytes of a string. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** One byte string out of many. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => concatBytes(...parts)

/** Lower-case hex. */
export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes)

/**
 * Reads lower-case hex; upper case, spaces and prefixes are refused, so that a byte string has one spelling.
 *
 * @param length how many bytes it must be; checked before anything is allocated
 * @param what names the text in the error
 * @throws bytes.not-hex
 */
export function fromHex(text: string, length?: number, what = 'A byte string'): Uint8Array {
  if (!isHex(text, length)) throw bytesError('not-hex', length === undefined ? { what } : { what, length })
  return hexToBytes(text)
}

/** One lower-case hex digit, for a regular expression. */
export const HEX_DIGIT = '[0-9a-f]'

/** Hex of exactly so many bytes, or of any number of them, for a regular expression. */
export const hexPattern = (length?: number): string => (length === undefined ? `(${HEX_DIGIT}{2})*` : `${HEX_DIGIT}{${2 * length}}`)

const DIGITS = new RegExp(`^${HEX_DIGIT}*$`)

/** Is this lower-case hex, of exactly `length` bytes if a length is given? */
export const isHex = (value: unknown, length?: number): value is string =>
  typeof value === 'string' && (length === undefined ? value.length % 2 === 0 : value.length === 2 * length) && DIGITS.test(value)

/** Are these the same bytes? The time it takes depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}
