/**
 * The way from 24 words on paper to every secret of an airgap: BIP-39, then HKDF-SHA-256 under a label for each value. A
 * mnemonic and the public log restore a share. No two ceremonies share a value, nor do a rehearsal and a real run.
 */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { R, toBigInt } from './bls.ts'
import { concat, fromHex, utf8 } from '../base/bytes.ts'
import { hkdf, hkdfExpand, PREFIX } from './hash.ts'
import { ed25519FromSeed } from './ed25519.ts'
import type { KeyPair } from './ed25519.ts'
import { cryptoError } from './errors.ts'
import { primitives } from './fast.ts'

const WORDS = 24

/** Makes a new BIP-39 mnemonic of 24 English words, from 32 random bytes. */
export const newMnemonic = (random: (length: number) => Uint8Array): string => entropyToMnemonic(random(32), wordlist)

/**
 * The seed of a mnemonic (BIP-39), 64 bytes. Capitals and spaces between the words do not matter, anything else does.
 * Every passphrase gives some seed, so a mistyped one is not noticed here.
 *
 * @throws crypto.word-count, crypto.unknown-word (by its place, from 1), crypto.wrong-checksum; none shows a word
 */
export function seedFromMnemonic(mnemonic: string, passphrase: string): Uint8Array {
  const words = mnemonic.normalize('NFKD').toLowerCase().split(/\s+/u).filter((word) => word !== '')
  if (words.length !== WORDS) throw cryptoError('word-count', { count: words.length })
  const unknown = words.findIndex((word) => !wordlist.includes(word))
  if (unknown !== -1) throw cryptoError('unknown-word', { place: unknown + 1 })
  const sentence = words.join(' ')
  try {
    mnemonicToEntropy(sentence, wordlist)
  } catch {
    throw cryptoError('wrong-checksum', { count: WORDS }) // without the cause, which may quote the words
  }
  return primitives.pbkdf2Sha512(utf8(sentence), utf8(`mnemonic${passphrase}`.normalize('NFKD')), 2048, 64)
}

/**
 * Derives a value by HKDF-SHA-256 with the seed as input key and `"keyrite/2/" + label` as info.
 *
 * @param seed 64 bytes, from `seedFromMnemonic`
 * @returns 32 bytes
 */
export function derive(seed: Uint8Array, label: string, salt: Uint8Array): Uint8Array {
  if (seed.length !== 64) throw cryptoError('bad-length', { what: 'The seed', length: seed.length, expected: 64 })
  return hkdf(seed, salt, PREFIX + label, 32)
}

/** The Ed25519 key with which an airgap signs every statement: `derive("airgap", "")`. */
export const airgapKeyPair = (seed: Uint8Array): KeyPair => ed25519FromSeed(derive(seed, 'airgap', new Uint8Array()))

/** The secrets of one session: of one airgap in one ceremony. */
export interface SessionSecrets {
  /** Gives `length` bytes under this label. */
  expand(label: string, length: number): Uint8Array
  /** Gives a scalar under this label: 48 bytes, big endian, modulo the group order r. */
  scalar(label: string): bigint
}

/**
 * The secrets of the session in a ceremony. The session salt is `derive("salt", id)`, the session seed `derive("session", id || salt)`, or
 * `derive("rehearsal", id || salt)`; it serves as the pseudorandom key of HKDF-Expand (RFC 5869 §2.3), and a value's info is
 * `"keyrite/2/" + label`. All of it follows from the seed and the id, so that a vault restored from a copy answers the same
 * question with the same bytes (protocol §2).
 *
 * @param id the ceremony id, 64 hex digits
 * @throws bytes.not-hex, crypto.bad-length
 */
export function sessionSecrets(seed: Uint8Array, id: string, rehearsal: boolean): SessionSecrets {
  const ceremony = fromHex(id, 32, 'The ceremony id')
  const prk = derive(seed, rehearsal ? 'rehearsal' : 'session', concat(ceremony, derive(seed, 'salt', ceremony)))
  const expand = (label: string, length: number) => hkdfExpand(prk, PREFIX + label, length)
  return { expand, scalar: (label) => toBigInt(expand(label, 48)) % R }
}

/** The X25519 key pair to which this session's private payloads are sealed; its secret key has the label `encryption`, 32 bytes. */
export function encryptionKeyPair(session: SessionSecrets): KeyPair {
  const secretKey = session.expand('encryption', 32)
  return { publicKey: primitives.x25519PublicKey(secretKey), secretKey }
}
