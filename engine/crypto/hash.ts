/** SHA-256, HMAC and HKDF over it, and the labels of the protocol's hashes. The rest of this folder is built on these. */
import { hmac } from '@noble/hashes/hmac.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 as hash } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../base/bytes.ts'
import { primitives } from './fast.ts'

/** The SHA-256 of the parts, one after another. 32 bytes. */
export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => primitives.sha256(parts)

/** The SHA-256 of the parts in lower-case hex, as `sha256sum` prints it. */
export const sha256Hex = (...parts: readonly Uint8Array[]): string => toHex(sha256(...parts))

/** The protocol and its version, before every label, so that nothing of one version is ever taken for another's. */
export const PREFIX = 'keyrite/2/'

/** The label that a hash or signature of the protocol begins with, so that none can stand for another: `keyrite/2/LABEL` and a line end. */
export const tag = (label: string): Uint8Array => utf8(`${PREFIX}${label}\n`)

/** The SHA-256 of the label and the parts, hex. */
export const taggedHash = (label: string, ...parts: readonly Uint8Array[]): string => sha256Hex(tag(label), ...parts)

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
