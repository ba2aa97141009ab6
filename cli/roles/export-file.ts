/** Transcripts in files, read line by line: nobody knows how long one is before it is read. */
import { closeSync, openSync, readSync } from 'node:fs'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { signedBlsToExecutionChange } from '../../engine/messages/ethereum.ts'
import type { SignedBLSToExecutionChange } from '../../engine/messages/ethereum.ts'
import { signerOf } from '../../engine/messages/kinds.ts'
import { runError } from '../../engine/run/errors.ts'
import type { Feed } from '../../engine/run/feed.ts'
import { openedIn } from '../../engine/run/lobby.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import { exportSignatures, isSignatureExport, signingOf } from '../../engine/run/signatures.ts'
import type { SignatureExport } from '../../engine/run/signatures.ts'
import { MAX_LINE } from '../../engine/run/transcript.ts'
import { vaultError } from '../../engine/vault/errors.ts'
import { readBounded, systemCode } from '../../engine/vault/files.ts'
import { cliError } from '../errors.ts'
import { STATE_WORDS, stateOf } from '../screen/ceremony.ts'
import { chosen } from './client-session.ts'
import type { Ledgers } from './client-session.ts'

/** The most bytes that a file of signatures may have. */
const MOST_SIGNATURES = 256 << 20

/** A file of signatures, as text; undefined for any other file, a transcript perhaps. @throws vault.missing, vault.too-large */
export async function isSignatureFile(path: string): Promise<string | undefined> {
  const [first = ''] = transcriptLines(path, true)
  if (!first.trimStart().startsWith('{') || first.includes('"keyrite":"transcript/')) return undefined
  const text = new TextDecoder('utf-8').decode(await readBounded(path, MOST_SIGNATURES))
  return isSignatureExport(text) ? text : undefined
}

const PIECE = 1 << 20

/**
 * The lines of a transcript. A file that is not there is refused at once, before anybody types a passphrase.
 *
 * @param isLoose where it may be something else: what is wrong with its text is nothing then
 * @throws run.transcript for what is no UTF-8, too long, or cut off; vault.missing, vault.unreadable
 */
export function transcriptLines(path: string, isLoose = false): Iterable<string> {
  closeSync(opened(path))
  return linesIn(path, isLoose)
}

function* linesIn(path: string, isLoose: boolean): Generator<string> {
  const file = opened(path)
  try {
    const decoder = new TextDecoder('utf-8', { fatal: !isLoose, ignoreBOM: true })
    const piece = new Uint8Array(PIECE)
    let rest = ''
    let line = 0
    const damaged = (why: string, cause?: unknown) => runError('transcript', { line: line + 1, why }, cause)
    for (;;) {
      const length = readSync(file, piece, 0, PIECE, null)
      try {
        rest += decoder.decode(piece.subarray(0, length), { stream: length > 0 })
      } catch (cause) {
        throw damaged('it is not UTF-8', cause)
      }
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const one of lines) {
        yield one
        line += 1
      }
      if (rest.length > MAX_LINE) throw damaged('it is too long')
      if (length === 0) break
    }
    if (rest === '') return
    if (!isLoose) throw damaged('it is cut off')
    yield rest
  } finally {
    closeSync(file)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw vaultError('missing', { path }, error)
    throw vaultError('unreadable', { path, why: systemCode(error) }, error)
  }
}

// What `client signatures` writes.

/**
 * The signatures of a finished signing under a key that this participant has a part in.
 *
 * @param wanted the first digits of its id; undefined for the only finished one
 * @throws cli.ceremony, cli.signatures, and as `Ledgers.of`
 */
export async function signaturesFrom(feed: Feed, ledgers: Ledgers, airgapKey: string, wanted: string | undefined): Promise<SignatureExport> {
  const all = openedIn(feed.all)
  const mine: Opened[] = []
  for (const one of all) if (wanted !== undefined || (await isFinished(ledgers, one, airgapKey))) mine.push(one)
  if (wanted === undefined && mine.length === 0) throw cliError('signatures', { ceremony: 'of this board', why: 'no signing with you among the key’s members is finished' })
  const opened = chosen(mine, wanted)
  const ledger = await ledgers.of(opened)
  const found = exportSignatures(ledger, opened.by)
  if (found !== undefined) return found
  const refuse = (why: string) => cliError('signatures', { ceremony: ledger.id.slice(0, 12), why })
  throw refuse(signingOf(ledger) === undefined ? `it is a ${ledger.ceremony.name}, which signs no messages` : `it is not finished: ${STATE_WORDS[stateOf(ledger, Date.now())]}`)
}

async function isFinished(ledgers: Ledgers, opened: Opened, airgapKey: string): Promise<boolean> {
  try {
    const ledger = await ledgers.of(opened)
    return ledger.usable && signingOf(ledger)?.key.roster.some((card) => card.airgapKey === airgapKey) === true
  } catch (error) {
    if (isKeyriteError(error)) return false
    throw error
  }
}

/**
 * The body of POST /eth/v1/beacon/pool/bls_to_execution_changes.
 *
 * @throws cli.signatures for a rehearsal, and where a message is of another kind or names another key
 */
export function beaconChanges({ ceremony, messages, groupKey, rehearsal }: SignatureExport): readonly SignedBLSToExecutionChange[] {
  const refuse = (why: string) => cliError('signatures', { ceremony: ceremony.slice(0, 12), why })
  const kind = 'eth/bls-to-execution-change'
  if (rehearsal) throw refuse('it was a rehearsal, and the beacon API’s format has no place to say so')
  return messages.map(({ message, signature }, i) => {
    if (message.kind !== kind) throw refuse(`message ${i + 1} is of the kind ${message.kind}; the beacon API takes ${kind} in this list`)
    if (signerOf(message) !== groupKey) throw refuse(`message ${i + 1} names another BLS public key than the group key ${groupKey}`)
    return signedBlsToExecutionChange(message, signature)
  })
}
