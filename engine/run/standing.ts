/**
 * The standing of a ceremony, as one picture: participants × steps, who is awaited and until when, how it ends and why. It follows
 * from the ledger, the time and the asker. Every screen, page and JSON paints this and decides nothing.
 */
import type { Step } from '../machines/ceremony.ts'
import type { AbortReason } from '../wire/abort.ts'
import type { Card } from '../wire/card.ts'
import type { LogEnding } from './disputes.ts'
import { convictedIn, endingFor, mayBeAccused, unmade } from './ending.ts'
import type { Conviction, OwnEnding } from './ending.ts'
import type { Ledger } from './ledger.ts'
import type { AbortSeen } from './reading.ts'

/**
 * One participant's part of one step. For a taken slot the mark is that of `InSlot`. Else: `declined`, or `aborted` where it said that it
 * goes on no more; `out` where it takes no part any more although others do; `awaited` now or `later`; `never` where nobody waits for it.
 */
export const MARKS = ['done', 'awaited', 'later', 'never', 'unread', 'refused', 'disputed', 'declined', 'aborted', 'abandoned', 'out'] as const
export type Mark = (typeof MARKS)[number]

export interface Cell {
  readonly mark: Mark
  /** The offset of the message that says so, if one does. */
  readonly offset: number | null
}

export interface Row {
  readonly name: string
  readonly isMe: boolean
  /** By step. */
  readonly cells: readonly Cell[]
}

export interface StepStanding {
  readonly name: string
  /** Its deadline, in milliseconds since the epoch; null where nobody here knows it. */
  readonly until: number | null
}

/** A participant that takes no part any more, where some are enough. */
export interface Out {
  readonly name: string
  /** The reason of its Abort; null where the log proves it guilty. */
  readonly reason: AbortReason | null
  readonly why: string
}

export interface AbortStanding {
  readonly from: string
  readonly offset: number
  /** In its author's words. */
  readonly step: string | null
  readonly reason: AbortReason
  readonly accused: string | null
  readonly why: string
}

export interface FaultStanding {
  readonly step: string | null
  readonly reason: AbortReason
  readonly why: string
  /** The participant whom this proves guilty. */
  readonly convicted: string | null
  readonly offsets: readonly number[]
}

export interface DisputeStanding {
  readonly from: string
  readonly accused: string
  readonly step: string
  readonly offset: number
  readonly isAnswered: boolean
  /** The time at which the time for an answer is over. */
  readonly until: number
}

/** The part of a standing that no clock changes. */
export interface Lasting {
  /** The ending of the log, for everybody. */
  readonly end: LogEnding
  /** The ending for the asker. */
  readonly ending: OwnEnding
  /** The reason why it can never be usable, its result cannot be made, or it ends; null where an Abort says why, or nothing ends it. */
  readonly why: string | null
  readonly steps: readonly StepStanding[]
  /** The current step's index; the number of steps when all are complete. */
  readonly current: number
  readonly rows: readonly Row[]
  /** The number that made their part of the current step, of those that are enough; null where all are wanted, or nobody is. */
  readonly needed: { readonly made: number; readonly wanted: number } | null
  /** The participants who stated their part of the certificate of an aborted ceremony: it may still be completed. */
  readonly bound: readonly string[]
  readonly out: readonly Out[]
  readonly aborts: readonly AbortStanding[]
  readonly faults: readonly FaultStanding[]
  readonly disputes: readonly DisputeStanding[]
  /** The participants whom the log proves guilty, and of what, each once. */
  readonly convicted: readonly Conviction[]
  /** The offset of the message that made it usable: a later finding changes nothing. */
  readonly usableAt: number | null
  /** The time until which a complaint about the asker may come or be answered; null where none can. */
  readonly dutyUntil: number | null
  /** The attachment without which reading does not go on, and the last offset that was read. */
  readonly withheld: { readonly hash: string; readonly asOf: number } | null
}

/**
 * The state of a ceremony. `disputed`: dead, and an accused one may still answer. `confirming`, `unconfirmed`: the certificate is
 * complete, and the time for the rest is not over, or is. The others are endings.
 */
export type CeremonyState = 'running' | 'disputed' | 'aborted' | 'dead' | 'abandoned' | 'left' | 'doubtful' | 'confirming' | 'unconfirmed' | 'usable'

/** The part of a standing that the time changes. */
export interface Timely {
  /** The time for which this is told, in milliseconds since the epoch. */
  readonly at: number
  readonly state: CeremonyState
  /** Nothing more comes of it for the asker, except for a duty. */
  readonly isOver: boolean
  /** The participants whom everybody waits for: to take the current step, or to answer a complaint. */
  readonly awaited: readonly string[]
  /** The end of the time for the current step or an answer; null where nothing is awaited. */
  readonly until: number | null
  /** Is that time over? */
  readonly isLate: boolean
  /** `dutyUntil`, while that is to come. */
  readonly duty: number | null
}

export type Standing = Lasting & Timely

/** The participant who asks. */
export interface Self {
  readonly name: string
  /** Its client began to post its part of the certificate, which the log may hold although nobody has seen it yet. */
  readonly hasBegun?: boolean
}

/** @param me a member of the roster; absent for readers without a part in it */
export const standingOf = (ledger: Ledger, now: number, me?: Self): Standing => standingAt(lastingOf(ledger, me), now)

/** The same standing at another time. */
export function standingAt<T extends Lasting>(lasting: T, now: number): T & Timely {
  const { end, ending, why, steps, current, rows, disputes, dutyUntil } = lasting
  const accused = end === 'dead' ? disputes.filter(({ isAnswered, until }) => !isAnswered && now < until) : []
  const isJudged = accused.length > 0
  const until = isJudged ? Math.max(...accused.map((one) => one.until)) : goesOn(lasting) ? steps[current]?.until ?? null : null
  const isLate = until !== null && now >= until
  const state = stateOf(ending, isJudged, isLate || why !== null)
  return {
    ...lasting,
    at: now, state, until, isLate,
    isOver: OVER.includes(state),
    awaited: isJudged ? [...new Set(accused.map((one) => one.accused))] : rows.filter(({ cells }) => cells[current]?.mark === 'awaited').map(({ name }) => name),
    duty: dutyUntil !== null && now < dutyUntil ? dutyUntil : null,
  }
}

const OVER: readonly CeremonyState[] = ['usable', 'aborted', 'dead', 'abandoned', 'left']

function stateOf(ending: OwnEnding, isJudged: boolean, isLate: boolean): CeremonyState {
  switch (ending) {
    case 'open': return 'running'
    case 'unconfirmed': return isLate ? ending : 'confirming'
    case 'dead': return isJudged ? 'disputed' : ending
    default: return ending
  }
}

/** May the log still come to more? An aborted one may where somebody has stated a part of its certificate. */
const goesOn = ({ end, ending, bound, why }: Pick<Lasting, 'end' | 'ending' | 'bound' | 'why'>): boolean =>
  end === 'open' || (end === 'unconfirmed' && why === null) || bound.length > 0 || ending === 'doubtful'

/** The picture without the clock, for those who show it at more than one time. */
export function lastingOf(ledger: Ledger, me?: Self): Lasting {
  const { end, roster, current, ceremony: { steps }, usableAt, withheld, asOf } = ledger
  const ending = endingFor(ledger, me?.name, me?.hasBegun)
  const why = whyOf(ledger)
  const bound = end === 'aborted' ? roster.map(({ name }) => name).filter((name) => ledger.isBound(name)) : []
  const isGoingOn = goesOn({ end, ending, bound, why })
  const rows = roster.map((card) => ({ name: card.name, isMe: card.name === me?.name, cells: cellsOf(ledger, card, isGoingOn) }))
  const step = isGoingOn ? steps[current] : undefined
  return {
    end, ending, why, current, rows, bound, usableAt,
    steps: steps.map(({ name, index }) => ({ name, until: ledger.deadline(index) })),
    needed: step === undefined || step.collect.kind === 'all'
      ? null
      : { made: rows.filter(({ cells }) => cells[current]?.mark === 'done').length, wanted: ledger.wanted(step) },
    out: outOf(ledger),
    aborts: ledger.aborts.map(({ from, offset, payload: { step: named, reason, accused, evidence } }) => ({ from, offset, step: named, reason, accused, why: evidence.why })),
    faults: ledger.faults.map(({ step: named, reason, why: found, convicts, accused, offsets }) => ({ step: named, reason, why: found, convicted: convicts ? accused : null, offsets })),
    disputes: ledger.disputes.map(({ name, step: { name: named }, dispute: { offset }, complainer, accused, answered }) =>
      ({ from: complainer, accused, step: named, offset, isAnswered: answered, until: ledger.disputeDeadline(name) })),
    convicted: convictedIn(ledger),
    dutyUntil: me !== undefined && mayBeAccused(ledger, me.name, -Infinity) ? ledger.disputeDeadline(steps.find(({ disputes }) => disputes !== undefined)?.disputes ?? '') : null,
    withheld: withheld === null ? null : { hash: withheld, asOf },
  }
}

function whyOf(ledger: Ledger): string | null {
  const { end, dead, ending } = ledger
  switch (end) {
    case 'dead': return dead?.why ?? null
    case 'aborted': return ending?.kind === 'fault' ? ending.fault.why : null
    case 'unconfirmed': return unmade(ledger)
    default: return null
  }
}

/** A participant's part of every step. Once it said that it goes on no more, nobody waits for it, while its word counts. */
function cellsOf(ledger: Ledger, { name }: Card, isGoingOn: boolean): readonly Cell[] {
  const { ceremony: { steps }, current, certified, certificateIndex } = ledger
  const isOut = ledger.isOut(name)
  const abort = certified && !isOut ? undefined : ledger.aborts.find(({ from }) => from === name)
  let left = false
  return steps.map((step): Cell => {
    const held = ledger.inSlot(step, name)
    if (held !== null) return { mark: held.is, offset: held.offset }
    // A participant that stated its part of the certificate cannot take it back, and goes on if the certificate is completed.
    if (abort !== undefined && !left && step.index >= stepOf(steps, abort) && (isOut || step.index <= certificateIndex)) {
      left = true
      return { mark: abort.payload.reason === 'rejected' ? 'declined' : 'aborted', offset: abort.offset }
    }
    if (isOut) return { mark: 'out', offset: null }
    // Where some are enough, nobody waits for the others once they are there.
    if (left || !isGoingOn || step.index < current) return { mark: 'never', offset: null }
    return { mark: step.index === current ? 'awaited' : 'later', offset: null }
  })
}

/** The index of the step from which on an Abort's author goes on no more: the named one, or the one current then if that is earlier. */
const stepOf = (steps: readonly Step[], { payload: { step }, during }: AbortSeen): number =>
  Math.min(steps.find(({ name }) => name === step)?.index ?? during, during)

function outOf(ledger: Ledger): readonly Out[] {
  return ledger.roster.filter(({ name }) => ledger.isOut(name)).map(({ name }) => {
    const abort = ledger.aborts.find(({ from }) => from === name)?.payload
    return abort === undefined
      ? { name, reason: null, why: ledger.faults.find((one) => one.convicts && one.accused === name)?.why ?? 'proven guilty' }
      : { name, reason: abort.reason, why: abort.evidence.why }
  })
}
