/** After a ceremony that made nothing: shows the airgap that it is over, so that it erases the session (protocol §7). */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { following } from '../../engine/base/signals.ts'
import type { ClientPorts } from '../../engine/run/client-ports.ts'
import { bringEnd, endToBring } from '../../engine/run/close.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import { cardOf, textStore } from './client-home.ts'
import type { ClientSession } from './client-session.ts'

/** How long the end is shown, in milliseconds: an airgap that runs answers within a few seconds. */
const SHOWN_FOR = 20_000

/** Shows what ended the ceremony. Says what came of it; never throws for an airgap that is not there. */
export async function closeOnAirgap(
  { feed, home, identity }: ClientSession, ledger: Ledger, exchange: ClientPorts['exchange'], say: (line: string) => void, signal: AbortSignal,
): Promise<void> {
  const request = await endToBring({ feed, store: textStore(home), me: cardOf(identity) }, ledger)
  if (request === undefined) return
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), SHOWN_FOR)
  const either = following(signal, late.signal)
  say(`Showing the end to your airgap, so that it erases this ceremony’s session (for ${String(SHOWN_FOR / 1000)} s) …`)
  try {
    await bringEnd(exchange, ledger, request, either.signal)
    say('Your airgap has erased it.')
  } catch (error) {
    if (isKeyriteError(error)) say(error.message)
    else if (!either.signal.aborted) throw error
    say(`Your airgap may still hold it. To have it erased, run both again: keyrite client run --ceremony ${ledger.id.slice(0, 12)}`)
  } finally {
    clearTimeout(timer)
    either.release()
  }
}
