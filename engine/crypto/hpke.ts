/**
 * HPKE (RFC 9180) in base mode, single-shot: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305.
 *
 * The ephemeral secret key is the caller's, not drawn here: a dealer derives it, so that sealing again gives the same
 * bytes and publishing it proves what was sealed. One ephemeral key must never seal two different plaintexts.
 */
import { concat, equalBytes, utf8 } from '../base/bytes.ts'
import { hkdfExpand, hkdfExtract } from './hash.ts'
import { cryptoError } from './errors.ts'
import { primitives } from './fast.ts'

/** The bytes that sealing adds to a plaintext: `enc` and the tag. */
export const HPKE_OVERHEAD = 48

const KEM_SUITE = concat(utf8('KEM'), Uint8Array.of(0, 0x20))
const HPKE_SUITE = concat(utf8('HPKE'), Uint8Array.of(0, 0x20, 0, 1, 0, 3))
const VERSION = utf8('HPKE-v1')
const EMPTY = new Uint8Array()

export interface HpkeSeal {
  /** X25519 public key, 32 bytes, which `checkX25519Key` found good. */
  readonly recipient: Uint8Array
  readonly info: Uint8Array
  readonly aad: Uint8Array
  readonly plaintext: Uint8Array
  /** X25519 secret key, 32 bytes: skE of RFC 9180 §4.1. For one recipient and one plaintext only. */
  readonly ephemeral: Uint8Array
}

/**
 * Seals a plaintext to the recipient.
 *
 * @returns enc (32 bytes) || ciphertext || tag (16 bytes)
 * @throws crypto.bad-key when the recipient's key is of low order
 */
export function hpkeSeal({ recipient, info, aad, plaintext, ephemeral }: HpkeSeal): Uint8Array {
  const enc = primitives.x25519PublicKey(ephemeral)
  const dh = primitives.x25519(ephemeral, recipient)
  if (dh === null) throw cryptoError('bad-key', { what: 'The encryption key', why: 'it is of low order' })
  const { key, nonce } = keySchedule(sharedSecret(dh, enc, recipient), info)
  return concat(enc, primitives.chachaSeal(key, nonce, aad, plaintext))
}

export interface HpkeOpen {
  /** X25519 secret key, 32 bytes. */
  readonly secretKey: Uint8Array
  readonly info: Uint8Array
  readonly aad: Uint8Array
  /** The bytes that `hpkeSeal` returned. */
  readonly sealed: Uint8Array
}

/** The plaintext, or null when it does not open: altered, for another key, under another info or aad, too short. */
export function hpkeOpen({ secretKey, info, aad, sealed }: HpkeOpen): Uint8Array | null {
  if (sealed.length < HPKE_OVERHEAD) return null
  const enc = sealed.subarray(0, 32)
  const dh = primitives.x25519(secretKey, enc)
  if (dh === null) return null
  const { key, nonce } = keySchedule(sharedSecret(dh, enc, primitives.x25519PublicKey(secretKey)), info)
  return primitives.chachaOpen(key, nonce, aad, sealed.subarray(32))
}

/**
 * Opens with the *sender's* ephemeral secret key, as a judge does once that key is published.
 *
 * @returns the plaintext, or null when this ephemeral key did not make it: other `enc`, altered, another info or aad
 */
export function hpkeReopen({ ephemeral, recipient, info, aad, sealed }: Omit<HpkeSeal, 'plaintext'> & Pick<HpkeOpen, 'sealed'>): Uint8Array | null {
  const enc = primitives.x25519PublicKey(ephemeral)
  const dh = primitives.x25519(ephemeral, recipient)
  if (dh === null || sealed.length < HPKE_OVERHEAD || !equalBytes(enc, sealed.subarray(0, 32))) return null
  const { key, nonce } = keySchedule(sharedSecret(dh, enc, recipient), info)
  return primitives.chachaOpen(key, nonce, aad, sealed.subarray(32))
}

const P25519 = 2n ** 255n - 19n
// Any clamped scalar is a multiple of 8 and so sends every point of low order, on the curve or its twist, to zero.
const PROBE = new Uint8Array(32).fill(0x55)

/**
 * Checks that a public key may be sealed to: it must be canonical (below 2²⁵⁵-19, top bit clear) and not of low order.
 *
 * @returns null if so, else why not
 */
export function checkX25519Key(publicKey: Uint8Array): string | null {
  if (publicKey.length !== 32) return `it has ${publicKey.length} bytes, not 32`
  let u = 0n
  for (const byte of publicKey.toReversed()) u = (u << 8n) | BigInt(byte)
  if (u >= P25519) return 'it is not canonical'
  return primitives.x25519(PROBE, publicKey) === null ? 'it is of low order' : null
}

/** The shared secret of RFC 9180 §4.1: Encap and Decap after the Diffie-Hellman step. */
function sharedSecret(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Uint8Array {
  const prk = labeledExtract(KEM_SUITE, EMPTY, 'eae_prk', dh)
  return labeledExpand(KEM_SUITE, prk, 'shared_secret', concat(enc, recipient), 32)
}

const NO_PSK = labeledExtract(HPKE_SUITE, EMPTY, 'psk_id_hash', EMPTY)

/** The KeySchedule of RFC 9180 §5.1 in mode_base; the nonce is that of sequence number 0. */
function keySchedule(shared: Uint8Array, info: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const infoHash = labeledExtract(HPKE_SUITE, EMPTY, 'info_hash', info)
  const context = concat(Uint8Array.of(0), NO_PSK, infoHash)
  const secret = labeledExtract(HPKE_SUITE, shared, 'secret', EMPTY)
  return {
    key: labeledExpand(HPKE_SUITE, secret, 'key', context, 32),
    nonce: labeledExpand(HPKE_SUITE, secret, 'base_nonce', context, 12),
  }
}

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hkdfExtract(concat(VERSION, suite, utf8(label), ikm), salt)
}

const labeledExpand = (suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, length: number) =>
  hkdfExpand(prk, concat(Uint8Array.of(length >> 8, length & 0xff), VERSION, suite, utf8(label), info), length)
