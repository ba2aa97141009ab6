/**
 * How a ceremony ends for one participant (protocol §13): what its log says to everyone, and beside it what follows from what this one
 * stated and from what its airgap did.
 */
import type { LogEnding } from './ledger-ending.ts'
import type { Ledger } from './ledger.ts'

/**
 * `doubtful`: it stated its part of the certificate, which may still complete whatever was aborted. `left`: it takes no part any more
 * where some are enough. `abandoned`: its airgap gave it up for good.
 */
export type OwnEnding = LogEnding | 'doubtful' | 'abandoned' | 'left'

/** @param me a member of the roster; absent for readers without a part in it */
export function endingFor(ledger: Ledger, me?: string): OwnEnding {
  const { end } = ledger
  if (me === undefined || end === 'usable' || end === 'unconfirmed') return end
  if (end === 'dead') return ledger.hasAbandoned(me) ? 'abandoned' : end
  if (end === 'aborted' && ledger.isBound(me)) return 'doubtful'
  return end === 'open' && ledger.aborts.some(({ from }) => from === me) ? 'left' : end
}
