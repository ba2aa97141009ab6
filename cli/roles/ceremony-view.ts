/** A running ceremony as people see it: participants × steps, who is awaited and until when, how it ended. */
import { stripVTControlCharacters } from 'node:util'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { Ceremony, Step } from '../../engine/script/model.ts'
import { duration, paint, table } from '../output.ts'

const MARKS = { done: '✓', awaited: '…', later: '·', disputed: '!' } as const

/** How far a ceremony is, as a `Ledger` tells it. */
export interface Progress {
  readonly ceremony: Ceremony
  readonly roster: readonly { readonly name: string }[]
  /** The current step's index, or the number of steps when all are complete. */
  readonly current: number
  readonly disputes: readonly { readonly step: Step; readonly dispute: { readonly statement: { readonly from: string } } }[]
  readonly hasStated: (step: string, name: string) => boolean
}

/**
 * One line a participant, one column a step.
 *
 * @param columns how wide the screen is, where it matters: steps whose names have no room have their numbers
 */
export function progressTable(ledger: Progress, me?: string, columns?: number): string[] {
  const { steps } = ledger.ceremony
  const rows = ledger.roster.map(({ name }) => [
    name === me ? paint('bold', `${name} (you)`) : name,
    ...steps.map((step) => {
      const disputed = ledger.disputes.some((one) => one.step.name === step.name && one.dispute.statement.from === name)
      if (disputed) return paint('red', MARKS.disputed)
      if (ledger.hasStated(step.name, name)) return paint('green', MARKS.done)
      return step.index === ledger.current ? paint('yellow', MARKS.awaited) : paint('dim', MARKS.later)
    }),
  ])
  const under = (heads: readonly string[]): string[] => table([['', ...heads.map((head) => paint('dim', head))], ...rows])
  const named = under(steps.map((step) => step.name))
  const isTooWide = columns !== undefined && stripVTControlCharacters(named[0] ?? '').length >= columns
  return isTooWide ? under(steps.map((step) => String(step.index + 1))) : named
}

/** `SendDeals (3 of 5): waiting for bob, carol`, since when, and until when. */
export function waitingLines(ledger: Ledger, now: number, since?: number): string[] {
  const { steps } = ledger.ceremony
  const step = steps[ledger.current]
  if (step === undefined) return []
  const deadline = ledger.deadline(step.index)
  const left = deadline > now ? `${duration(deadline - now)} left` : 'passed'
  return [
    `${step.name} (${String(step.index + 1)} of ${String(steps.length)}): waiting for ${ledger.missing(step.index).join(', ') || 'nobody'}`,
    ...(since === undefined ? [] : [`  since     ${clockTime(since)} (${duration(now - since)})`]),
    `  deadline  ${clockTime(deadline)} (${left})`,
  ]
}

/** `2026-11-23 14:05 UTC` */
export const clockTime = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export type CeremonyState = 'running' | 'disputed' | 'aborted' | 'doubtful' | 'confirming' | 'unconfirmed' | 'usable'

/** Where a ceremony stands, as anyone reads it from the log; `doubtful` is one's own (protocol §5, Success). */
export function stateOf(ledger: Ledger, now: number, me?: string): CeremonyState {
  if (ledger.finished) return 'usable'
  if (ledger.certified) return now > ledger.deadline(ledger.ceremony.steps.length - 1) ? 'unconfirmed' : 'confirming'
  if (ledger.aborts.length > 0) return me !== undefined && ledger.isBound(me) ? 'doubtful' : 'aborted'
  if (ledger.disputes.length > 0) return 'disputed'
  return 'running'
}

/** Nothing more will come of it. */
export const isOver = (state: CeremonyState): boolean => state === 'usable' || state === 'aborted'

/** What a state means for the owner. */
export const STATE_WORDS: Readonly<Record<CeremonyState, string>> = {
  running: 'running',
  disputed: 'a participant complains; it will abort when the dispute is judged',
  aborted: 'aborted',
  doubtful: 'DOUBTFUL: somebody aborted after you had stated your part; it may still succeed. Do not open it again yet.',
  confirming: 'succeeded; DO NOT USE ITS RESULT YET: not everyone has confirmed',
  unconfirmed: 'succeeded, but UNCONFIRMED: do not use its result before everyone has confirmed',
  usable: 'complete: usable',
}

/** Why it aborted, from the log: who said so, the reason, and whom the log itself proves guilty. */
export function abortLines(ledger: Ledger): string[] {
  const said = ledger.aborts.map(({ from, payload }) =>
    `${from} aborted in ${payload.step ?? 'the ceremony'} (${payload.reason}${payload.accused === null ? '' : `, naming ${payload.accused}`}): ${payload.evidence.why}`)
  const guilty = ledger.faults.filter((fault) => fault.convicts && fault.accused !== null)
  const proof = guilty.map((fault) => `The log proves ${fault.accused ?? ''} guilty (${fault.reason}): ${fault.why}`)
  return [...said, ...(proof.length > 0 ? proof : ['The log proves nobody guilty.'])]
}
