/** After the end of a ceremony that made nothing: what shows an airgap that it is over, so that it erases the session (protocol §7). */
import type { ClientPorts } from './client-ports.ts'
import { exchangeWith } from './client-exchange.ts'
import type { Ledger } from './ledger.ts'
import type { CloseRequest } from '../wire/exchange.ts'

/**
 * What shows an airgap that joined the ceremony its end: a statement of another's airgap beside which there can be no success, or the
 * first Abort, or this client's own, which a storage may keep to itself; undefined where there is nothing to close.
 */
export async function endToBring({ feed, store, me }: Pick<ClientPorts, 'feed' | 'store' | 'me'>, ledger: Ledger): Promise<CloseRequest | undefined> {
  const [aborted] = ledger.aborts
  const abort = feed.all.find((one) => one.offset === aborted?.offset)?.text ?? await store.get(`${ledger.id}/outbox-Abort`)
  const request = endingOf(ledger, me.name) ?? (abort === undefined ? undefined : { ask: 'close' as const, abort })
  if (request === undefined) return undefined
  for (const { name } of ledger.ceremony.steps) {
    // Posted, perhaps by a client that has another disk now; or answered, and never posted.
    if (ledger.hasStated(name, me.name) || (await store.get(`${ledger.id}/answer-${name}`)) !== undefined) return request
  }
  return undefined
}

function endingOf({ deathbeds }: Ledger, me: string): CloseRequest | undefined {
  const other = deathbeds.find(({ statement }) => statement.from !== me)
  if (other?.airgapSignature === undefined) return undefined
  const { statement: { type, from, payload }, airgapSignature } = other
  return { ask: 'close', ending: { type, from, payload, airgapSignature } }
}

/** Brings the end to the airgap. @throws airgap.refused, run.answer, and what the exchange throws */
export async function bringEnd(exchange: ClientPorts['exchange'], { id }: Ledger, request: CloseRequest, signal: AbortSignal): Promise<void> {
  await exchangeWith((text) => exchange(text, signal), id, request.ending?.type ?? 'Abort', request)
}
