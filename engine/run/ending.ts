/**
 * The outcome of a ceremony: whom its log proves guilty, who was accused and has not answered, and how it ends for one participant
 * (protocol §13), which follows from the log, from what this participant stated and from what its airgap did.
 */
import type { AbortReason, Fault } from '../wire/abort.ts'
import type { DisputeState, LogEnding } from './disputes.ts'
import type { Ledger } from './ledger.ts'

/**
 * The ending for one participant. `doubtful`: it stated its part of the certificate, which may still complete whatever was aborted.
 * `left`: it takes no part any more where some are enough. `abandoned`: its airgap gave it up for good.
 */
export type OwnEnding = LogEnding | 'doubtful' | 'abandoned' | 'left'

/**
 * May a complaint about a participant still come, which its airgap must then answer (protocol §5.6)? None can before all pieces are
 * in, after the certificate or its deadline, or once everybody else has its slot.
 *
 * @param until another time than the dispute's deadline: for complaints that came late
 */
export function mayBeAccused(ledger: Ledger, me: string, now: number, until = -Infinity): boolean {
  const step = ledger.ceremony.steps.find(({ disputes }) => disputes !== undefined)
  if (step?.disputes === undefined || ledger.certified || ledger.current < step.index) return false
  if (now >= Math.max(until, ledger.disputeDeadline(step.disputes))) return false
  return !ledger.areOthersIn(step.name, me) || ledger.disputes.some(({ accused, answered }) => accused === me && !answered)
}

/** The reason why a complete certificate never gives a usable result: it cannot be made of what was stated. Null where that is not so. */
export const unmade = ({ certified, isStuck, usable, faults }: Ledger): string | null =>
  !certified || !isStuck || usable ? null : `its result cannot be made: ${faults.findLast(({ offsets }) => offsets.length === 0)?.why ?? ''}`

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

// The participants whom a log proves guilty, and those who were accused and have not answered (protocol §5.6, §6).

export interface Conviction {
  readonly name: string
  readonly reason: AbortReason
  readonly why: string
}

export interface Unanswered {
  readonly name: string
  /** The complainer's name. */
  readonly by: string
}

/** The convictions that a log proves, each once, however often it was done. */
export function convictedIn({ faults }: { readonly faults: readonly Fault[] }): readonly Conviction[] {
  const found = new Map<string, Conviction>()
  for (const { convicts, accused, reason, why } of faults) {
    const key = `${accused} ${reason}`
    if (convicts && accused !== null && !found.has(key)) found.set(key, { name: accused, reason, why })
  }
  return [...found.values()]
}

export const unansweredIn = ({ disputes }: { readonly disputes: readonly DisputeState[] }): readonly Unanswered[] =>
  disputes.flatMap(({ answered, accused, complainer }) => (answered ? [] : [{ name: accused, by: complainer }]))

/** Says in one sentence, without its full stop, that an accused has not answered. */
export const unansweredWords = ({ name, by }: Unanswered): string =>
  `${name} is accused by ${by} and has not answered: neither guilty nor cleared`
