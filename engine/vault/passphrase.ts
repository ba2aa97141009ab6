/**
 * The rules for a passphrase. Its UTF-8 bytes are used as they are, without normalization, as the age tool does, so that a
 * file that opens here opens there.
 */
import { vaultError } from './errors.ts'

const FEWEST_CHARACTERS = 8
const MOST_BYTES = 1024

/** Checks a passphrase. @throws vault.passphrase if it cannot be one at all: empty, over 1024 bytes, ill-formed, more than one line */
export function checkPassphrase(passphrase: string): void {
  if (passphrase === '') throw vaultError('passphrase', { why: 'it is empty' })
  if (Buffer.byteLength(passphrase) > MOST_BYTES) throw vaultError('passphrase', { why: 'it is longer than 1024 bytes' })
  if (!passphrase.isWellFormed()) throw vaultError('passphrase', { why: 'it is not well-formed text' })
  // The age tool reads it as a line from the terminal.
  if (/[\0\r\n]/.test(passphrase)) throw vaultError('passphrase', { why: 'it has more than one line' })
}

/** Checks a new passphrase. @throws vault.passphrase if it cannot be one at all, or is too short to protect anything */
export function checkNewPassphrase(passphrase: string): void {
  checkPassphrase(passphrase)
  if (Array.from(passphrase).length < FEWEST_CHARACTERS) {
    throw vaultError('passphrase', { why: `it is shorter than ${String(FEWEST_CHARACTERS)} characters` })
  }
}
