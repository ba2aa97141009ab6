/** The file that `client signatures` writes. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { signedBlsToExecutionChange } from '../../engine/messages/ethereum.ts'
import type { SignedBLSToExecutionChange } from '../../engine/messages/ethereum.ts'
import { signerOf } from '../../engine/messages/kinds.ts'
import type { Feed } from '../../engine/run/feed.ts'
import { openedIn } from '../../engine/wire/lobby.ts'
import type { Opened } from '../../engine/wire/lobby.ts'
import { exportSignatures, signingOf } from '../../engine/run/signatures.ts'
import type { SignatureExport } from '../../engine/run/signatures.ts'
import { standingOf } from '../../engine/run/standing.ts'
import { stateWords } from '../../engine/run/telling.ts'
import { cliError } from '../errors.ts'
import { chosen } from './client-session.ts'
import type { Ledgers } from './client-session.ts'

/**
 * The signatures of a finished signing under a key in which this participant has a part.
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
  throw refuse(signingOf(ledger) === undefined ? `it is a ${ledger.ceremony.name}, which signs no messages` : `it is not finished: ${stateWords(standingOf(ledger, Date.now()))}`)
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
