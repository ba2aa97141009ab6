/** After an abort: brings a signed Abort to the airgap, so that it erases the ceremony's session (protocol §6). */
import { exchangeWith } from '../../engine/run/client-exchange.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import { isKeyriteError } from '../../engine/wire/error.ts'
import { following } from '../../engine/wire/signals.ts'
import type { ClientSession } from './client-session.ts'

/** How long the Abort is shown, in milliseconds: an airgap that runs answers within a few seconds. */
const SHOWN_FOR = 20_000

export type Exchange = (request: string, signal: AbortSignal) => Promise<string>

/** Shows the first Abort of the ceremony. Says what came of it; never throws for an airgap that is not there. */
export async function closeOnAirgap(
  { feed, identity }: ClientSession, ledger: Ledger, exchange: Exchange, say: (line: string) => void, signal: AbortSignal,
): Promise<void> {
  const [aborted] = ledger.aborts
  const post = feed.all.find((one) => one.offset === aborted?.offset)
  const joined = ledger.ceremony.steps.some((step) => ledger.hasStated(step.name, identity.name))
  if (post === undefined || !joined) return
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), SHOWN_FOR)
  const either = following(signal, late.signal)
  say(`Showing the Abort to your airgap, so that it erases this ceremony’s session (for ${String(SHOWN_FOR / 1000)} s) …`)
  try {
    await exchangeWith((request) => exchange(request, either.signal), ledger.id, 'Abort', { ask: 'close', abort: post.text })
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
