/**
 * What can be said of an age file (age-encryption.org/v1) from outside: whether it is one, whether it is whole.
 */
import { Decrypter, Stanza } from 'age-encryption'
import type { Identity, Recipient } from 'age-encryption'
import { isKeyriteError } from '../base/errors.ts'
import { vaultError } from './errors.ts'

const MAGIC = 'age-encryption.org/v1\n'
const MOST_HEADER = 16 * 1024
const NONCE_LENGTH = 16
export const TAG_LENGTH = 16
const CHUNK_LENGTH = 64 * 1024

/** The offset after the header's last line, `--- ` and the MAC. */
function headerEnd(head: string): number | undefined {
  const last = /\n--- [A-Za-z0-9+/]{43}\n/.exec(head)
  return last === null ? undefined : last.index + last[0].length
}

const headOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, MOST_HEADER)).toString('latin1')

/**
 * Refuses a file that cannot be a whole age file of `plainLength` bytes or more, before any key is derived.
 *
 * @throws vault.truncated, vault.altered
 */
export function checkWhole(bytes: Uint8Array, path: string, plainLength: number): void {
  const head = headOf(bytes)
  if (!head.startsWith(MAGIC)) {
    if (MAGIC.startsWith(head)) throw vaultError('truncated', { path })
    throw vaultError('altered', { path, why: 'it does not begin as an age file does' })
  }
  if (headerEnd(head) === undefined) {
    // A cut header is text to its end; the payload after a broken one is not.
    if (/^[\n -~]*$/.test(head)) throw vaultError('truncated', { path })
    throw vaultError('altered', { path, why: 'its header is broken' })
  }
  if (bytes.length < totalLength(bytes, plainLength)) throw vaultError('truncated', { path })
}

/** The length in bytes of this age file, were it whole, from the length of what it holds. */
function totalLength(bytes: Uint8Array, plainLength: number): number {
  const chunks = Math.max(1, Math.ceil(plainLength / CHUNK_LENGTH))
  return (headerEnd(headOf(bytes)) ?? 0) + NONCE_LENGTH + plainLength + chunks * TAG_LENGTH
}

const LENGTH_STANZA = 'keyrite-length'

/**
 * Notes the length of the contents in the header, under its MAC. Other programs skip stanzas that they do not know.
 */
export function lengthRecipient(plainLength: number): Recipient {
  return { wrapFileKey: () => [new Stanza([LENGTH_STANZA, String(plainLength)], new Uint8Array())] }
}

/** Unwraps nothing; tells the length that `lengthRecipient` noted. */
function lengthWatcher(found: (plainLength: number) => void): Identity {
  return {
    unwrapFileKey(stanzas) {
      const noted = stanzas.find((stanza) => stanza.args[0] === LENGTH_STANZA)?.args[1]
      if (noted !== undefined && /^[0-9]{1,15}$/.test(noted)) found(Number(noted))
      return null
    },
  }
}

/**
 * Decrypts with one identity. The age format authenticates everything, but does not tell a cut from a change; the
 * noted length does.
 *
 * @param explain may know better why it failed
 * @throws vault.truncated, vault.altered, or what `explain` gives
 */
export async function decryptAge(
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
    throw explain() ?? vaultError('altered', { path, why: 'what it holds does not match its authentication code' }, cause)
  }
}
