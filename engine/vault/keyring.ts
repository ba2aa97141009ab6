/**
 * A home's keyring: one age X25519 identity, wrapped once by a passphrase in `keyring.age`. The home's other files
 * are encrypted to it, which takes milliseconds where a passphrase takes a second.
 *
 * Both are plain age files. The standard tool opens them with the passphrase: `age -d -i keyring.age vault.age`.
 */
import { join } from 'node:path'
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { decryptAge, lengthRecipient } from './age.ts'
import { vaultError } from './errors.ts'
import { readBounded, writeDurable } from './files.ts'
import { checkNewPassphrase } from './passphrase.ts'
import { openUnder, sealUnder } from './sealed.ts'

export const KEYRING_FILE = 'keyring.age'
const MOST_KEYRING = 16 * 1024
/** `AGE-SECRET-KEY-1…` and a line feed. */
const IDENTITY_LENGTH = 75

export interface Keyring {
  /** Encrypts to this keyring's identity. */
  seal(bytes: Uint8Array): Promise<Uint8Array>
  /**
   * Decrypts what `seal` made, or the standard tool for the same identity.
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
 * @throws vault.passphrase, vault.exists, and what `writeDurable` throws
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
 * @throws vault.missing, vault.wrong-passphrase, vault.truncated, vault.altered, vault.work-factor,
 *   vault.key-derivation, vault.passphrase, vault.unreadable, vault.too-large
 */
export async function openKeyring(dir: string, passphrase: string): Promise<Keyring> {
  const path = join(dir, KEYRING_FILE)
  const plain = await openUnder(passphrase, await readBounded(path, MOST_KEYRING), path, IDENTITY_LENGTH)
  return await keyringOf(findIdentity(new TextDecoder().decode(plain), path), path)
}

/** The identity in a file as age-keygen writes it, comments and all. */
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
