/** Byte strings, SHA-256 and HKDF-SHA-256. Everything else in this folder stands on these. */
import { hmac } from '@noble/hashes/hmac.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 as hash } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js'
import { utf8 } from '../wire/canonical.ts'
import { cryptoError } from './errors.ts'
import { primitives } from './fast.ts'

/** One byte string out of many. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => concatBytes(...parts)

/** SHA-256 of the parts, one after another. 32 bytes. */
export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => primitives.sha256(parts)

/** SHA-256 in lower-case hex, as `sha256sum` prints it. */
export const sha256Hex = (...parts: readonly Uint8Array[]): string => toHex(sha256(...parts))

/** The protocol and its version, before every label: nothing of one version is ever taken for another's. */
export const PREFIX = 'keyrite/2/'

/** The label that a hash or signature of the protocol begins with, so that none can stand for another: `keyrite/2/LABEL` and a line end. */
export const tag = (label: string): Uint8Array => utf8(`${PREFIX}${label}\n`)

/** SHA-256 of the label and the parts, hex. */
export const taggedHash = (label: string, ...parts: readonly Uint8Array[]): string => sha256Hex(tag(label), ...parts)

/** Lower-case hex. */
export const toHex = (bytes: Uint8Array): string => bytesToHex(bytes)

/**
 * Reads lower-case hex; upper case, spaces and prefixes are refused, so that a byte string has one spelling.
 *
 * @param length how many bytes it must be; checked before anything is allocated
 * @param what names the text in the error
 * @throws crypto.not-hex
 */
export function fromHex(text: string, length?: number, what = 'A byte string'): Uint8Array {
  const wrongLength = length === undefined ? text.length % 2 !== 0 : text.length !== 2 * length
  if (wrongLength || !/^[0-9a-f]*$/.test(text)) {
    throw cryptoError('not-hex', length === undefined ? { what } : { what, length })
  }
  return hexToBytes(text)
}

/** Are these the same bytes? Takes a time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** HMAC-SHA-256 (RFC 2104). 32 bytes. */
export const hmacSha256 = (key: Uint8Array, message: Uint8Array): Uint8Array => hmac(hash, key, message)

/** HKDF-Extract with SHA-256 (RFC 5869 §2.2). 32 bytes. */
export const hkdfExtract = (ikm: Uint8Array, salt: Uint8Array): Uint8Array => extract(hash, ikm, salt)

/**
 * HKDF-Expand with SHA-256 (RFC 5869 §2.3).
 *
 * @param prk a uniformly random key of 32 bytes
 * @param length at most 8160 bytes
 */
export const hkdfExpand = (prk: Uint8Array, info: string | Uint8Array, length: number): Uint8Array =>
  expand(hash, prk, typeof info === 'string' ? utf8(info) : info, length)

/** HKDF with SHA-256 (RFC 5869): extract, then expand. */
export const hkdf = (ikm: Uint8Array, salt: Uint8Array, info: string | Uint8Array, length: number): Uint8Array =>
  hkdfExpand(hkdfExtract(ikm, salt), info, length)
