/**
 * How a ceremony ends for one participant (protocol §13): what its log says to everyone, and beside it what follows from what this one
 * stated and from what its airgap did.
 */
import type { LogEnding } from './disputes.ts'
import type { Ledger } from './ledger.ts'

/**
 * `doubtful`: it stated its part of the certificate, which may still complete whatever was aborted. `left`: it takes no part any more
 * where some are enough. `abandoned`: its airgap gave it up for good.
 */
export type OwnEnding = LogEnding | 'doubtful' | 'abandoned' | 'left'

/**
 * May a complaint about a participant still come, which its airgap must then answer (protocol §5.6)? Not before all pieces are in, nor
 * after the certificate or its deadline, nor once everybody else has its slot.
 *
 * @param until another time than the dispute's deadline: for complaints that came late
 */
export function mayBeAccused(ledger: Ledger, me: string, now: number, until = -Infinity): boolean {
  const step = ledger.ceremony.steps.find(({ disputes }) => disputes !== undefined)
  if (step?.disputes === undefined || ledger.certified || ledger.current < step.index) return false
  if (now >= Math.max(until, ledger.disputeDeadline(step.disputes))) return false
  return !ledger.areOthersIn(step.name, me) || ledger.disputes.some(({ accused, answered }) => accused === me && !answered)
}

/** Why every step is complete and it is not usable all the same: what it was for cannot be made of them. Null where that is not so. */
export const unmade = ({ current, ceremony, usable, faults }: Ledger): string | null =>
  current < ceremony.steps.length || usable ? null : `its result cannot be made: ${faults.findLast(({ offsets }) => offsets.length === 0)?.why ?? ''}`

/**
 * @param me a member of the roster; absent for readers without a part in it
 * @param hasBegun its client began to post its part of the certificate, which the log may hold although nobody has seen it yet
 */
export function endingFor(ledger: Ledger, me?: string, hasBegun = false): OwnEnding {
  const { end } = ledger
  if (me === undefined || end === 'usable' || end === 'unconfirmed') return end
  if (end === 'dead') return ledger.hasAbandoned(me) ? 'abandoned' : end
  if (end === 'aborted' && (hasBegun || ledger.isBound(me))) return 'doubtful'
  return end === 'open' && ledger.aborts.some(({ from }) => from === me) ? 'left' : end
}
