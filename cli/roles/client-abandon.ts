/** Gives up for good a ceremony in doubt, so that everybody knows that it never succeeds (protocol §5.7). */
import { randomBytes } from 'node:crypto'
import { fromHex } from '../../engine/crypto/bytes.ts'
import { abandonStep } from '../../engine/run/abandon.ts'
import type { ClientPorts } from '../../engine/run/client-ports.ts'
import { ClientWork, hasBegun } from '../../engine/run/client-work.ts'
import { runError } from '../../engine/run/errors.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { clockTime } from '../screen/ceremony.ts'
import { cardOf, textStore } from './client-home.ts'
import type { ClientSession } from './client-session.ts'

/** Why a ceremony cannot be given up now; null if it can. @param begun its client began to post its part of the certificate */
export function abandonProblem(ledger: Ledger, me: string, now: number, begun = false): string | null {
  if (ledger.hasAbandoned(me)) return null
  if (ledger.dead !== null) return `it can never be usable anyway: ${ledger.dead.why}`
  if (ledger.certified) return 'its success certificate is complete: run the client and the airgap to confirm it'
  if (!begun && !ledger.isBound(me)) return 'your part of its success is not stated, so there is no doubt: abort it instead'
  if (abandonStep(ledger.ceremony) === undefined) return 'its script has no step by which it could be given up'
  const last = Math.max(ledger.deadline(ledger.ceremony.steps.length - 1), ...ledger.disputes.map(({ name }) => ledger.disputeDeadline(name)))
  return now < last ? `it may still succeed until ${clockTime(last)}` : null
}

/** Before anything is shown to an airgap. @throws run.closed where it cannot be given up */
export async function refuseAbandon({ home, identity }: Pick<ClientSession, 'home' | 'identity'>, ledger: Ledger): Promise<void> {
  const why = abandonProblem(ledger, identity.name, Date.now(), await hasBegun(textStore(home), ledger))
  if (why !== null) throw runError('closed', { ceremony: ledger.id, why })
}

/** @throws airgap.refused where the airgap's owner says no */
export async function abandonOn({ board, feed, home, identity, secrets }: ClientSession, ledger: Ledger, exchange: ClientPorts['exchange'], signal: AbortSignal): Promise<void> {
  const me = cardOf(identity)
  const work = new ClientWork({
    script: ledger.script, opening: ledger.opening, me, signingKey: fromHex(secrets.signingSeed, 32), board, feed, store: textStore(home), exchange, verbs,
    random: (length) => Uint8Array.from(randomBytes(length)), clock: { now: () => Date.now(), until: () => Promise.resolve() },
  }, ledger)
  await work.abandon(signal)
}
