/**
 * Age files (age-encryption.org/v1): checks of their form from outside, the passphrase stanza, sealed files and the keyring.
 */
import { randomBytes, scrypt } from 'node:crypto'
import { join } from 'node:path'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient, Stanza } from 'age-encryption'
import type { Identity, Recipient } from 'age-encryption'
import { isKeyriteError } from '../base/errors.ts'
import { wholeNumber } from '../base/names.ts'
import { vaultError } from './errors.ts'
import { checkNewPassphrase, checkPassphrase } from './passphrase.ts'
import { refuseContainer } from '../base/container.ts'
import { readBounded, writeDurable } from '../base/files.ts'
import { compileShape, decodeValue, encodeValue, MOST_VAULT } from './value.ts'

const MAGIC = 'age-encryption.org/v1\n'
/** The same after a mail, an editor, or FTP in text mode. */
const AS_TEXT = /^(?:\xef\xbb\xbf)?age-encryption\.org\/v1\r?\n/
const MOST_HEADER = 16 * 1024
const NONCE_LENGTH = 16
const TAG_LENGTH = 16
const CHUNK_LENGTH = 64 * 1024

/** The offset after the header's last line, which is `--- ` and the MAC; undefined where there is no such line. */
function headerEnd(head: string): number | undefined {
  const last = /\n--- [A-Za-z0-9+/]{43}\n/.exec(head)
  return last === null ? undefined : last.index + last[0].length
}

const headOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, MOST_HEADER)).toString('latin1')

/**
 * Refuses a file that cannot be a whole age file of `plainLength` bytes or more, before any key is derived.
 *
 * @throws vault.truncated, vault.altered, vault.armored, container.not-text
 */
function checkWhole(bytes: Uint8Array, path: string, plainLength: number): void {
  const head = headOf(bytes)
  if (!head.startsWith(MAGIC)) {
    if (MAGIC.startsWith(head)) throw vaultError('truncated', { path })
    if (/^\s*-----BEGIN AGE ENCRYPTED FILE-----/.test(head)) throw vaultError('armored', { path })
    if (AS_TEXT.test(head)) throw vaultError('altered', { path, why: 'it was copied or saved as text, which changes bytes of it' })
    refuseContainer(bytes, path)
    throw vaultError('altered', { path, why: 'it does not begin as an age file does' })
  }
  if (headerEnd(head) === undefined) {
    // A header that was cut is text to the file's end. After a broken header comes the payload, which is not text.
    if (/^[\n -~]*$/.test(head)) throw vaultError('truncated', { path })
    throw vaultError('altered', { path, why: 'its header is broken' })
  }
  if (bytes.length < totalLength(bytes, plainLength)) throw vaultError('truncated', { path })
}

/** The length in bytes that this age file has if it is whole, from the length of its contents. */
function totalLength(bytes: Uint8Array, plainLength: number): number {
  const chunks = Math.max(1, Math.ceil(plainLength / CHUNK_LENGTH))
  return (headerEnd(headOf(bytes)) ?? 0) + NONCE_LENGTH + plainLength + chunks * TAG_LENGTH
}

const LENGTH_STANZA = 'keyrite-length'

/**
 * Notes the length of the contents in the header, under its MAC. Other programs skip stanzas that they do not know.
 */
function lengthRecipient(plainLength: number): Recipient {
  return { wrapFileKey: () => [new Stanza([LENGTH_STANZA, String(plainLength)], new Uint8Array())] }
}

/** Unwraps nothing; tells the length that `lengthRecipient` noted. */
function lengthWatcher(found: (plainLength: number) => void): Identity {
  return {
    unwrapFileKey(stanzas) {
      const noted = stanzas.find((stanza) => stanza.args[0] === LENGTH_STANZA)?.args[1]
      const length = wholeNumber(noted ?? '', 15)
      if (length !== undefined) found(length)
      return null
    },
  }
}

/**
 * Decrypts with one identity. The age format authenticates everything, but does not tell a file that was cut from one
 * that was changed; the noted length does.
 *
 * @param explain may know a better reason for a failure
 * @throws vault.truncated, vault.altered, or what `explain` gives
 */
async function decryptAge(
  bytes: Uint8Array,
  path: string,
  identity: string | Identity,
  explain: () => Error | undefined = () => undefined,
): Promise<Uint8Array> {
  checkWhole(bytes, path, 0)
  let noted = 0
  const decrypter = new Decrypter()
  decrypter.addIdentity(lengthWatcher((plainLength) => (noted = plainLength)))
  decrypter.addIdentity(identity)
  try {
    return await decrypter.decrypt(bytes)
  } catch (cause) {
    if (isKeyriteError(cause)) throw cause
    if (bytes.length < totalLength(bytes, noted)) throw vaultError('truncated', { path })
    throw explain() ?? vaultError('altered', { path, why: noted === 0 ? 'its end is missing, or bytes of it were changed' : 'what it holds does not match its authentication code' }, cause)
  }
}

// The age format's passphrase stanza (age-encryption.org/v1, "The scrypt recipient type") over node:crypto's
// scrypt: the same bytes as the age library's own, 1.6 times as fast, and off the event loop.

/** The log₂ of scrypt's N, as age itself writes it: opening takes about a second and 256 MiB. */
export const WORK_FACTOR = 18
/** The highest one that is accepted when opening: 2²⁰ takes 1 GiB. */
const MOST_WORK_FACTOR = 20

const LABEL = 'age-encryption.org/v1/scrypt'
const SALT_LENGTH = 16
const FILE_KEY_LENGTH = 16

/** Wraps a file key under a passphrase. It must be the only recipient of its file. */
export function scryptRecipient(passphrase: string, workFactor: number = WORK_FACTOR): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const salt = randomBytes(SALT_LENGTH)
      const key = await deriveKey(passphrase, salt, workFactor)
      return [new Stanza(['scrypt', toBase64(salt), String(workFactor)], seal(key).encrypt(fileKey))]
    },
  }
}

/** The reason why a passphrase did not open a file; `not-scrypt` if the file is not encrypted under a passphrase. */
type ScryptRefusal = 'wrong-passphrase' | 'malformed' | 'not-scrypt' | { readonly workFactor: number }

/** Unwraps a file key. Where it cannot, it tells `refused` the reason and gives null, as the age library wants. */
export function scryptIdentity(passphrase: string, refused: (why: ScryptRefusal) => void): Identity {
  const refuse = (why: ScryptRefusal): null => {
    refused(why)
    return null
  }
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas[0]
      if (stanza?.args[0] !== 'scrypt') return refuse('not-scrypt')
      const [, salt64, factor] = stanza.args
      const workFactor = wholeNumber(factor ?? '', 3)
      const salt = salt64 === undefined ? undefined : fromBase64(salt64)
      const wellFormed = stanzas.length === 1 && stanza.args.length === 3 && stanza.body.length === FILE_KEY_LENGTH + TAG_LENGTH
      if (!wellFormed || salt?.length !== SALT_LENGTH || workFactor === undefined || workFactor === 0) return refuse('malformed')
      if (workFactor > MOST_WORK_FACTOR) return refuse({ workFactor })
      const key = await deriveKey(passphrase, salt, workFactor)
      try {
        return seal(key).decrypt(stanza.body)
      } catch {
        return refuse('wrong-passphrase')
      }
    },
  }
}

// The key is used once, so the format fixes the nonce to zero.
const seal = (key: Uint8Array) => chacha20poly1305(key, new Uint8Array(12))

function deriveKey(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Uint8Array> {
  const N = 2 ** workFactor
  const r = 8
  const maxmem = 128 * r * N + 1024 * 1024
  return new Promise((resolve, reject) => {
    scrypt(passphrase, Buffer.concat([Buffer.from(LABEL), salt]), 32, { N, r, p: 1, maxmem }, (error, key) => {
      if (error === null) resolve(key)
      else reject(vaultError('key-derivation', { mebibytes: Math.ceil(maxmem / 2 ** 20) }, error))
    })
  })
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')

/** Reads unpadded, canonical base64; gives undefined for anything else. */
function fromBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return toBase64(bytes) === text ? bytes : undefined
}

// Files that are encrypted under a passphrase alone. The standard tool opens them: `age -d FILE`. A home has one such file, its
// keyring; a backup is another.

/** Encrypts under a passphrase. @param workFactor log₂ of scrypt's N, by default 18 @throws vault.key-derivation */
async function sealUnder(passphrase: string, bytes: Uint8Array, workFactor?: number): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(scryptRecipient(passphrase, workFactor))
  return await encrypter.encrypt(bytes)
}

/**
 * Decrypts under a passphrase.
 *
 * @param what names the file in errors
 * @param plainLength the least number of bytes that it holds
 * @throws vault.wrong-passphrase, vault.truncated, vault.altered, vault.work-factor, vault.key-derivation, vault.passphrase
 */
async function openUnder(passphrase: string, bytes: Uint8Array, what: string, plainLength: number): Promise<Uint8Array> {
  checkPassphrase(passphrase)
  checkWhole(bytes, what, plainLength)
  let refusal: ScryptRefusal | undefined
  const identity = scryptIdentity(passphrase, (why) => (refusal = why))
  return await decryptAge(bytes, what, identity, () => refusal && explain(refusal, what))
}

function explain(refusal: ScryptRefusal, path: string): Error {
  if (refusal === 'wrong-passphrase') return vaultError('wrong-passphrase', { path })
  if (refusal === 'malformed') return vaultError('altered', { path, why: 'its header is broken' })
  if (refusal === 'not-scrypt') return vaultError('altered', { path, why: 'it is not encrypted under a passphrase' })
  return vaultError('work-factor', { path, factor: refusal.workFactor, most: MOST_WORK_FACTOR })
}

export interface SealedFile {
  readonly path: string
  readonly passphrase: string
  /** JSON schema of the value, closed. */
  readonly schema: Readonly<Record<string, unknown>>
}

/**
 * Writes a value to a file of its own, which only its owner may read. Resolves once a power cut cannot undo it. Never overwrites.
 *
 * @throws vault.passphrase, file.exists, vault.wrong-update, and what `writeDurable` throws
 */
export async function writeSealed({ path, passphrase, schema }: SealedFile, value: unknown, workFactor?: number): Promise<void> {
  checkNewPassphrase(passphrase)
  const bytes = encodeValue(value, compileShape(schema), path)
  await writeDurable(path, await sealUnder(passphrase, bytes, workFactor), { exclusive: true })
}

/**
 * Reads a value that `writeSealed` wrote.
 *
 * @throws what `openUnder` throws; file.missing, file.unreadable, file.too-large, vault.not-json, vault.wrong-shape
 */
export async function readSealed<T>({ path, passphrase, schema }: SealedFile): Promise<T> {
  const bytes = await readBounded(path, MOST_VAULT)
  const plain = await openUnder(passphrase, bytes, path, 2).catch(asBackup)
  return decodeValue(plain, compileShape<T>(schema), path)
}

/** Refuses what can be no whole file of `writeSealed`, before anybody types a passphrase. @throws as `readSealed` */
export async function checkSealed(path: string): Promise<void> {
  try {
    checkWhole(await readBounded(path, MOST_VAULT), path, 2)
  } catch (error) {
    asBackup(error)
  }
}

/** There are copies of a backup, as there are none of a home's own files. */
function asBackup(error: unknown): never {
  if (isKeyriteError(error, 'vault.truncated')) throw vaultError('truncated', { ...error.facts, isBackup: true }, error)
  if (isKeyriteError(error, 'vault.altered')) throw vaultError('altered', { ...error.facts, isBackup: true }, error)
  throw error
}

// A home's keyring: one age X25519 identity, wrapped once by a passphrase in `keyring.age`. The home's other files
// are encrypted to it, which takes milliseconds where a passphrase takes a second.
//
// Both are plain age files. The standard tool opens them with the passphrase: `age -d -i keyring.age vault.age`.

export const KEYRING_FILE = 'keyring.age'
const MOST_KEYRING = 16 * 1024
/** The length in bytes of `AGE-SECRET-KEY-1…` and a line feed. */
const IDENTITY_LENGTH = 75

export interface Keyring {
  /** Encrypts to this keyring's identity. */
  seal(bytes: Uint8Array): Promise<Uint8Array>
  /**
   * Decrypts bytes that `seal` made, or the standard tool for the same identity.
   *
   * @param what names the file in errors
   * @throws vault.truncated, vault.altered
   */
  open(bytes: Uint8Array, what: string): Promise<Uint8Array>
}

export interface KeyringOptions {
  /** log₂ of scrypt's N. Below 18 only in tests. */
  readonly workFactor?: number
}

/**
 * Makes an identity and writes it to `dir/keyring.age` under a new passphrase. Never overwrites.
 *
 * @throws vault.passphrase, file.exists, and what `writeDurable` throws
 */
export async function createKeyring(dir: string, passphrase: string, options: KeyringOptions = {}): Promise<Keyring> {
  checkNewPassphrase(passphrase)
  const path = join(dir, KEYRING_FILE)
  const identity = await generateX25519Identity()
  await writeDurable(path, await sealUnder(passphrase, new TextEncoder().encode(`${identity}\n`), options.workFactor), { exclusive: true })
  return await keyringOf(identity, path)
}

/**
 * Opens `dir/keyring.age`.
 *
 * @throws file.missing, vault.wrong-passphrase, vault.truncated, vault.altered, vault.work-factor,
 *   vault.key-derivation, vault.passphrase, file.unreadable, file.too-large
 */
export async function openKeyring(dir: string, passphrase: string): Promise<Keyring> {
  const path = join(dir, KEYRING_FILE)
  const plain = await openUnder(passphrase, await readBounded(path, MOST_KEYRING), path, IDENTITY_LENGTH)
  return await keyringOf(findIdentity(new TextDecoder().decode(plain), path), path)
}

/** The identity in a file of the form that age-keygen writes, which has comments. */
function findIdentity(text: string, path: string): string {
  const [identity, ...more] = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
  if (identity === undefined || more.length > 0) throw vaultError('altered', { path, why: 'it does not hold one age identity' })
  return identity
}

async function keyringOf(identity: string, path: string): Promise<Keyring> {
  let recipient: string
  try {
    recipient = await identityToRecipient(identity)
  } catch {
    // Without the cause: the library quotes the identity in it.
    throw vaultError('altered', { path, why: 'it does not hold an age identity' })
  }
  return {
    async seal(bytes) {
      const encrypter = new Encrypter()
      encrypter.addRecipient(recipient)
      encrypter.addRecipient(lengthRecipient(bytes.length))
      return await encrypter.encrypt(bytes)
    },
    open: (bytes, what) => decryptAge(bytes, what, identity),
  }
}
