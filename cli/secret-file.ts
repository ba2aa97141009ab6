/**
 * Files that hold a secret. All are UTF-8 text, and a byte order mark before it is dropped. A passphrase and a join token are the first
 * line, and what comes after it is not read; the words may stand on several lines. No error shows anything of what a file holds.
 */
import { textIn } from '../engine/base/container.ts'
import { readBounded } from '../engine/base/files.ts'
import { isToken, TOKEN_SAYS } from '../engine/base/names.ts'
import { vaultError } from '../engine/vault/errors.ts'
import { checkPassphrase } from '../engine/vault/passphrase.ts'
import { cliError } from './errors.ts'

const MOST_BYTES = 4096

const secretText = async (path: string, secret: string): Promise<string> => textIn(await readBounded(path, MOST_BYTES), `The ${secret} file ${path}`)

const firstLine = (text: string): string => text.split(/\r?\n/, 1)[0] ?? ''

/** A passphrase, blanks and all. @throws vault.passphrase, container.*, file.missing, file.unreadable, file.too-large */
export async function passphraseInFile(path: string): Promise<string> {
  const passphrase = firstLine(await secretText(path, 'passphrase'))
  if (passphrase === '') throw vaultError('passphrase', { why: `the first line of ${path} is empty` })
  checkPassphrase(passphrase)
  return passphrase
}

/**
 * A board's join token; blanks around it are none of it.
 *
 * @param isHost it is the host's own, not one that was sent to a participant
 * @throws cli.join-token, container.*, file.missing, file.unreadable, file.too-large
 */
export async function tokenInFile(path: string, isHost = false): Promise<string> {
  const token = firstLine(await secretText(path, 'join token')).trim()
  if (!isToken(token)) throw cliError('join-token', { path, why: `its first line is not one token of ${TOKEN_SAYS}`, isHost })
  return token
}

/** A mnemonic's words; what they are worth is checked by who derives from them. @throws container.*, file.missing, file.unreadable, file.too-large */
export const wordsInFile = (path: string): Promise<string> => secretText(path, 'mnemonic')
