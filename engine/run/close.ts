/** After an abort: a signed Abort for the airgap, so that it erases the ceremony's session (protocol §6). */
import type { ClientPorts } from './client-ports.ts'
import { exchangeWith } from './client-exchange.ts'
import type { Ledger } from './ledger.ts'

/** The first Abort in the log, for an airgap that joined the ceremony; undefined where there is nothing to close. */
export async function abortToBring({ feed, store, me }: Pick<ClientPorts, 'feed' | 'store' | 'me'>, ledger: Ledger): Promise<string | undefined> {
  const [aborted] = ledger.aborts
  const abort = feed.all.find((one) => one.offset === aborted?.offset)?.text
  if (abort === undefined) return undefined
  for (const { name } of ledger.ceremony.steps) {
    // Posted, perhaps by a client that has another disk now; or answered, and never posted.
    if (ledger.hasStated(name, me.name) || (await store.get(`${ledger.id}/answer-${name}`)) !== undefined) return abort
  }
  return undefined
}

/** Brings an Abort to the airgap. @throws airgap.refused, run.answer, and what the exchange throws */
export async function bringAbort(exchange: ClientPorts['exchange'], { id }: Ledger, abort: string, signal: AbortSignal): Promise<void> {
  await exchangeWith((request) => exchange(request, signal), id, 'Abort', { ask: 'close', abort })
}
