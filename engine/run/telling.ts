/** The words of a standing, the same on every screen and page: one for each mark and state, and the sentences that are made of them. */
import { clockTime, duration } from '../base/time.ts'
import { capital } from '../base/words.ts'
import { unansweredWords } from './ending.ts'
import { MARKS } from './standing.ts'
import type { AbortStanding, CeremonyState, DisputeStanding, Lasting, Mark, Out, Standing } from './standing.ts'

export type Tone = 'calm' | 'good' | 'heed' | 'bad'

/** The sign of a mark in a table, and its meaning. */
export interface MarkWords {
  readonly sign: string
  readonly word: string
  readonly tone: Tone
}

export const MARK_WORDS: Readonly<Record<Mark, MarkWords>> = {
  done: { sign: '✓', word: 'done', tone: 'good' },
  awaited: { sign: '…', word: 'awaited', tone: 'heed' },
  later: { sign: '·', word: 'later', tone: 'calm' },
  never: { sign: '–', word: 'not made', tone: 'calm' },
  unread: { sign: '+', word: 'no longer needed, not checked', tone: 'calm' },
  refused: { sign: '✗', word: 'refused', tone: 'bad' },
  disputed: { sign: '!', word: 'complaint', tone: 'bad' },
  declined: { sign: '✗', word: 'declined', tone: 'bad' },
  aborted: { sign: '✗', word: 'abort', tone: 'bad' },
  abandoned: { sign: '✗', word: 'given up for good', tone: 'bad' },
  out: { sign: '✗', word: 'takes no part any more', tone: 'bad' },
}

/** The marks that are in a table, in their order. */
export function marksIn(rows: Lasting['rows']): readonly Mark[] {
  const used = new Set(rows.flatMap(({ cells }) => cells.map(({ mark }) => mark)))
  return MARKS.filter((mark) => used.has(mark))
}

/** The words for a state; `short`: in two words or so. */
export interface StateWords {
  readonly short: string
  readonly tone: Tone
  readonly words: string
}

export const STATE_WORDS: Readonly<Record<CeremonyState, StateWords>> = {
  running: { short: 'Running', tone: 'calm', words: 'running' },
  disputed: { short: 'Disputed', tone: 'bad', words: 'a participant complains: it can never be usable, and who is to blame is being judged' },
  aborted: { short: 'Aborted', tone: 'bad', words: 'aborted' },
  dead: { short: 'Dead', tone: 'bad', words: 'DEAD: it can never be usable' },
  abandoned: { short: 'Given up', tone: 'bad', words: 'over: you gave it up for good' },
  left: { short: 'Left', tone: 'calm', words: 'you take no part in it any more; the others may go on without you' },
  doubtful: {
    short: 'Doubtful', tone: 'heed',
    words: 'DOUBTFUL: your part of its success is stated, and it may still succeed. Do not open it again yet: wait, or end the doubt with keyrite client abandon.',
  },
  confirming: { short: 'Confirming', tone: 'heed', words: 'succeeded; DO NOT USE ITS RESULT YET: not everyone has confirmed' },
  unconfirmed: { short: 'Unconfirmed', tone: 'heed', words: 'succeeded, but UNCONFIRMED: do not use its result before everyone has confirmed' },
  usable: { short: 'Complete', tone: 'good', words: 'complete: usable' },
}

export const stateWords = ({ state }: Pick<Standing, 'state'>): string => STATE_WORDS[state].words

/** Adds a full stop where there is none. */
export const stopped = (words: string): string => (/[.:]$/.test(words) ? words : `${words}.`)

/** Begins with a capital and ends with a full stop. Not for text that begins with a name, which is written as it is. */
export const sentence = (words: string): string => stopped(capital(words))

/** Writes names as `anna, ben`. */
export type WriteNames = (names: readonly string[]) => string

const allOf: WriteNames = (names) => names.join(', ')

/** Writes `SendDeals (3 of 5): waiting for bob, carol`; where some are enough, the number still needed. Null where nothing is awaited. */
export function waitingWords(standing: Standing, write = allOf): string | null {
  const { state, steps, current, rows, awaited, needed, until } = standing
  const step = steps[current]
  if (step === undefined || until === null) return null
  const where = `${step.name} (${current + 1} of ${steps.length})`
  if (state === 'disputed') return `${where}: waiting for the answer of ${write(awaited)}`
  const some = needed === null ? '' : `${needed.wanted - needed.made} more (${needed.made} of ${needed.wanted} in) of `
  const refused = rows.filter(({ cells }) => cells[current]?.mark === 'refused').map(({ name }) => name)
  return `${where}: waiting for ${some}${write(awaited) || 'nobody'}${refused.length === 0 ? '' : `; refused: ${write(refused)}`}`
}

/** Writes `2026-11-23 14:05 UTC (2 h left)`; null where nothing is awaited. */
export function untilWords({ until, at, isLate }: Standing): string | null {
  return until === null ? null : `${clockTime(until)} (${isLate ? 'passed' : `${duration(until - at)} left`})`
}

/** Says that a participant takes no part any more, where some are enough, and why. */
export const outWords = ({ name, reason, why }: Out): string =>
  `${name} ${reason === null ? 'is out, proven guilty' : reason === 'rejected' ? 'declined' : `is out (${reason})`}: ${why}`

/** Says why it ends, where no Abort says it; null where nothing of that kind ends it. */
export function whyWords({ end, why }: Pick<Lasting, 'end' | 'why'>): string | null {
  if (why === null) return null
  return end === 'dead' ? `It can never be usable: ${why}.` : end === 'aborted' ? `It cannot go on: ${why}.` : `Nobody is missing, but ${why}.`
}

/** Says by whom an aborted ceremony may still be completed; null where it may not. */
export function doubtWords({ bound, awaited }: Pick<Standing, 'bound' | 'awaited'>, write = allOf): string | null {
  if (bound.length === 0) return null
  return `It may still be completed: ${write(bound)} stated their part of its certificate${awaited.length === 0 ? '' : `, and that of ${write(awaited)} may come`}.`
}

/** An Abort that several stated in the same words. */
export type SharedAbort = Omit<AbortStanding, 'from' | 'offset'> & { readonly from: readonly string[]; readonly offsets: readonly number[] }

/** Puts equal aborts together: once one aborts, the others usually follow. */
export function alike(aborts: readonly AbortStanding[]): readonly SharedAbort[] {
  const found = new Map<string, SharedAbort>()
  for (const { from, offset, ...rest } of aborts) {
    const key = JSON.stringify([rest.step, rest.reason, rest.accused, rest.why])
    const before = found.get(key)
    found.set(key, { ...rest, from: [...(before?.from ?? []), from], offsets: [...(before?.offsets ?? []), offset].slice(0, 8) })
  }
  return [...found.values()]
}

/** Writes `ben, cleo aborted in SendDeals (missing, naming anna): why`. */
export const abortWords = ({ from, step, reason, accused, why }: SharedAbort, write = allOf): string =>
  `${write(from)} aborted in ${step ?? 'the ceremony'} (${reason}${accused === null ? '' : `, naming ${accused}`}): ${why}`

/** Says what became of a complaint, after `cleo complains of ben`. */
export function answerWords({ isAnswered, until }: DisputeStanding, at: number): string {
  if (isAnswered) return 'and was answered'
  return at < until ? `and an answer is awaited until ${clockTime(until)}` : 'and was not answered: neither guilty nor cleared'
}

/** Says of everybody who is accused that no answer came, or that one still may. */
export const accusedWords = ({ disputes, at }: Standing): readonly string[] => disputes.filter(({ isAnswered }) => !isAnswered).map((one) =>
  (at < one.until ? `${one.accused} is accused by ${one.from}, ${answerWords(one, at)}` : unansweredWords({ name: one.accused, by: one.from })))

/** Says whom the log proves guilty. */
export function guiltWords({ convicted }: Pick<Lasting, 'convicted'>, write = allOf): string {
  return convicted.length === 0 ? 'The log proves nobody guilty.' : `The log proves guilty: ${write([...new Set(convicted.map(({ name }) => name))])}.`
}

/** Says that the asker may still have to answer a complaint, although the ceremony is over. */
export const dutyWords = ({ duty, isOver, state }: Standing): string | null =>
  (duty === null || !(isOver || state === 'disputed') ? null : `A complaint about you may still come, which your airgap must answer: leave your client running until ${clockTime(duty)}.`)

/** Gives all reasons for an ending: the cause, the Aborts, the accused, and the proofs; nothing where all goes, or went, as it should. */
export function reasonLines(standing: Standing): readonly string[] {
  const { end, state, why, aborts, convicted } = standing
  if (end === 'usable') return [...standing.out.map(outWords), afterWords(standing)].filter((one) => one !== null)
  if (end === 'open' || (end === 'unconfirmed' && why === null)) return []
  const some = [whyWords(standing), state === 'doubtful' ? null : doubtWords(standing), dutyWords(standing)].filter((one) => one !== null)
  return [
    ...some,
    ...alike(aborts).map((one) => abortWords(one)),
    ...accusedWords(standing),
    ...convicted.map(({ name, reason, why }) => `The log proves ${name} guilty (${reason}): ${why}`),
    ...(convicted.length === 0 ? [guiltWords(standing)] : []),
  ]
}

/** Was a fault found in a message after the ceremony was usable? */
export const isAfter = (usableAt: number | null, { offsets }: { readonly offsets: readonly number[] }): boolean =>
  usableAt !== null && offsets.some((offset) => offset > usableAt)

/** Says what stands beside a success; null where there is nothing. */
export const afterWords = (standing: Lasting, write = allOf): string | null =>
  (standing.faults.some((fault) => isAfter(standing.usableAt, fault)) ? `What was found after that does not change it. ${guiltWords(standing, write)}` : null)
