/** A running ceremony as people see it: participants × steps, who is awaited and until when, how it ended. */
import { stripVTControlCharacters } from 'node:util'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Ceremony, Step } from '../../engine/machines/ceremony.ts'
import { expandMessages, messagesHash } from '../../engine/messages/batch.ts'
import { endingFor, unmade } from '../../engine/run/ending.ts'
import { convictedIn, unansweredIn, unansweredWords } from '../../engine/run/guilt.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { Json } from '../../engine/wire/canonical.ts'
import type { Opening } from '../../engine/wire/card.ts'
import { printableLine } from '../../engine/wire/printable.ts'
import { duration, paint, table } from '../output.ts'
import { counted } from '../words.ts'

const MARKS = { done: '✓', awaited: '…', later: '·', disputed: '!', out: '✗' } as const

/** How far a ceremony is, as a `Ledger` tells it. */
export interface Progress {
  readonly ceremony: Ceremony
  readonly roster: readonly { readonly name: string }[]
  /** The current step's index, or the number of steps when all are complete. */
  readonly current: number
  readonly disputes: readonly { readonly step: Step; readonly dispute: { readonly statement: { readonly from: string } } }[]
  readonly hasStated: (step: string, name: string) => boolean
  /** Takes no part any more, where some are enough. */
  readonly isOut?: (name: string) => boolean
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
      if (ledger.isOut?.(name) === true) return paint('red', MARKS.out)
      return step.index === ledger.current ? paint('yellow', MARKS.awaited) : paint('dim', MARKS.later)
    }),
  ])
  const under = (heads: readonly string[]): string[] => table([['', ...heads.map((head) => paint('dim', head))], ...rows])
  const named = under(steps.map((step) => step.name))
  const isTooWide = columns !== undefined && stripVTControlCharacters(named[0] ?? '').length >= columns
  return isTooWide ? under(steps.map((step) => String(step.index + 1))) : named
}

/** `SendDeals (3 of 5): waiting for bob, carol`, since when, and until when. Where some are enough, how many are still needed and who is out. */
export function waitingLines(ledger: Ledger, now: number, since?: number): string[] {
  const { steps } = ledger.ceremony
  const step = steps[ledger.current]
  if (step === undefined) return []
  const deadline = ledger.deadline(step.index)
  const left = deadline > now ? `${duration(deadline - now)} left` : 'passed'
  const awaited = ledger.missing(step.index).filter((name) => !ledger.isOut(name))
  return [
    `${step.name} (${String(step.index + 1)} of ${String(steps.length)}): waiting for ${neededText(ledger, step)}${awaited.join(', ') || 'nobody'}`,
    ...outLines(ledger).map((line) => `  ${line}`),
    ...(since === undefined ? [] : [`  since     ${clockTime(since)} (${duration(now - since)})`]),
    `  deadline  ${clockTime(deadline)} (${left})`,
  ]
}

/** `2 more (1 of 3 in) of `, where not all are wanted. */
function neededText(ledger: Ledger, step: Step): string {
  if (step.collect.kind === 'all') return ''
  const wanted = ledger.wanted(step)
  const made = ledger.roster.length - ledger.missing(step.index).length
  return `${String(wanted - made)} more (${String(made)} of ${String(wanted)} in) of `
}

/** Who takes no part any more, where some are enough, and why. */
export function outLines(ledger: Ledger): string[] {
  return ledger.roster.filter(({ name }) => ledger.isOut(name)).map(({ name }) => {
    const abort = ledger.aborts.find((one) => one.from === name)?.payload
    if (abort === undefined) return `${name} is out: ${ledger.faults.find((one) => one.convicts && one.accused === name)?.why ?? 'proven guilty'}`
    return `${name} ${abort.reason === 'rejected' ? 'declined' : `is out (${abort.reason})`}: ${abort.evidence.why}`
  })
}

/** What an opening wants done: texts in its opener's words, which nobody has checked, and how many messages there are to be signed. */
export function claimLines({ parameters }: Ceremony, opening: Opening): string[] {
  return Object.entries(parameters).flatMap(([name, type]) => {
    const value = opening.parameters[name]
    if (type === 'text' && typeof value === 'string') return [`${name}, as the opener claims: ${printableLine(value)}`]
    if (type !== '[message]' || !Array.isArray(value)) return []
    const messages = messagesIn(value as readonly Json[])
    return messages === undefined ? [`${name}: not readable`] : [`${name}: ${counted(messages.length, 'message')} to be signed, SHA-256 ${messagesHash(messages)}`]
  })
}

function messagesIn(items: readonly Json[]): ReturnType<typeof expandMessages> | undefined {
  try {
    return expandMessages(items)
  } catch (error) {
    if (isKeyriteError(error)) return undefined
    throw error
  }
}

/** Longer lists are told by their length. */
const MOST_OUTPUT = 240

/** What a ceremony made, a line each. */
export function outputLines({ outputs = {} }: Pick<Ledger, 'outputs'>): string[] {
  return Object.entries(outputs).map(([name, value]) => {
    if (typeof value === 'string') return `${name}: ${value}`
    const json = JSON.stringify(value)
    return `${name}: ${Array.isArray(value) && json.length > MOST_OUTPUT ? `${String(value.length)} of them` : json}`
  })
}

/** `2026-11-23 14:05 UTC` */
export const clockTime = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export type CeremonyState = 'running' | 'disputed' | 'aborted' | 'dead' | 'abandoned' | 'left' | 'doubtful' | 'confirming' | 'unconfirmed' | 'usable'

/** Where a ceremony stands for its owner: how its log ends, told by what is still awaited. @param hasBegun as for `endingFor` */
export function stateOf(ledger: Ledger, now: number, me?: string, hasBegun = false): CeremonyState {
  const ending = endingFor(ledger, me, hasBegun)
  switch (ending) {
    case 'open': return 'running'
    case 'unconfirmed': return now > ledger.deadline(ledger.ceremony.steps.length - 1) || unmade(ledger) !== null ? ending : 'confirming'
    case 'dead': return ledger.disputes.some(({ answered, name }) => !answered && now < ledger.disputeDeadline(name)) ? 'disputed' : ending
    default: return ending
  }
}

/** Nothing more will come of it. */
export const isOver = (state: CeremonyState): boolean => ['usable', 'aborted', 'dead', 'abandoned', 'left'].includes(state)

/** What a state means for the owner. */
export const STATE_WORDS: Readonly<Record<CeremonyState, string>> = {
  running: 'running',
  disputed: 'a participant complains: it can never be usable, and who is to blame is being judged',
  aborted: 'aborted',
  dead: 'over: it can never be usable',
  abandoned: 'over: you gave it up for good',
  left: 'you take no part in it any more; the others may go on without you',
  doubtful: 'DOUBTFUL: your part of its success is stated, and it may still succeed. Do not open it again yet: wait, or end the doubt with keyrite client abandon.',
  confirming: 'succeeded; DO NOT USE ITS RESULT YET: not everyone has confirmed',
  unconfirmed: 'succeeded, but UNCONFIRMED: do not use its result before everyone has confirmed',
  usable: 'complete: usable',
}

/** Why it aborted, from the log: who said so, the reason, and whom the log itself proves guilty. */
export function abortLines(ledger: Ledger): string[] {
  const said = ledger.aborts.map(({ from, payload }) =>
    `${from} aborted in ${payload.step ?? 'the ceremony'} (${payload.reason}${payload.accused === null ? '' : `, naming ${payload.accused}`}): ${payload.evidence.why}`)
  const accused = unansweredIn(ledger).map(unansweredWords)
  const dead = ledger.dead === null ? [] : [`It can never be usable: ${ledger.dead.why}.`]
  const proof = convictedIn(ledger).map(({ name, reason, why }) => `The log proves ${name} guilty (${reason}): ${why}`)
  return [...dead, ...said, ...accused, ...(proof.length > 0 ? proof : ['The log proves nobody guilty.'])]
}
