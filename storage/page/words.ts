/** What the page says in words. The same words as on a participant's own screens. */
import { el } from './dom.ts'
import type { AbortView, CeremonyView, FaultView } from './model.ts'
import type { Link } from './talk.ts'

export type Tone = 'calm' | 'good' | 'heed' | 'bad'

export interface Saying {
  readonly tone: Tone
  /** Two words or so, for the eye. */
  readonly short: string
  readonly text: string
}

const MOST_NAMES = 8

/** `anna, ben and 60 more` */
export function nameList(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(', ')
  return `${names.slice(0, MOST_NAMES - 1).join(', ')} and ${names.length - MOST_NAMES + 1} more`
}

/** `2026-11-23 14:05 UTC` */
export const clockTime = (time: number): string => (Number.isFinite(time) ? `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'no date')

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** `3 days 4 h`, `2 h 5 min`, `40 min`, `less than a minute`: from milliseconds. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60]
  if (days > 0) return hours > 0 ? `${counted(days, 'day')} ${hours} h` : counted(days, 'day')
  if (hours > 0) return rest > 0 ? `${hours} h ${rest} min` : `${hours} h`
  return minutes > 0 ? `${minutes} min` : 'less than a minute'
}

/** When the current step is over, or the last answer to a complaint is; null where it has no deadline or nothing is awaited any more. */
export function deadlineOf({ state, steps, current, disputes }: CeremonyView): number | null {
  if (state === 'open' || state === 'unconfirmed') return steps[current]?.until ?? null
  const awaited = state === 'dead' ? disputes.filter(({ isAnswered }) => !isAnswered).map(({ until }) => until) : []
  return awaited.length === 0 ? null : Math.max(...awaited)
}

/** `until 2026-11-23 14:05 UTC (2 h left)` */
export function untilWords(until: number, now: number): string {
  return `until ${clockTime(until)} (${until > now ? `${duration(until - now)} left` : 'passed'})`
}

/** Where a ceremony stands. */
export function stateOf(view: CeremonyView, now: number): Saying {
  const until = deadlineOf(view)
  const isLate = until !== null && until <= now
  switch (view.state) {
    case 'open': return running(view, isLate)
    case 'aborted': return { tone: 'bad', short: 'Aborted', text: abortWords(view) }
    case 'dead': return { tone: 'bad', short: 'Dead', text: deadWords(view, now) }
    case 'unconfirmed': return confirming(view, isLate)
    case 'usable': return { tone: 'good', short: 'Complete', text: completeWords(view) }
    case 'unchecked':
      return { tone: 'heed', short: 'Script not known here', text: 'This page did not ship with this script. It checked the signatures alone, shows the steps in the order of their first messages, and knows neither deadlines nor whether it succeeded.' }
    case 'refused': return { tone: 'bad', short: 'Not valid', text: view.problem ?? '' }
    case 'waiting': return { tone: 'heed', short: 'Cannot begin', text: `It waits: ${view.problem ?? ''}.` }
  }
}

function running({ steps, current, awaited, needed, faults }: CeremonyView, isLate: boolean): Saying {
  const step = steps[current]?.name ?? ''
  const more = needed === null ? '' : `${needed.wanted - needed.made} more (${needed.made} of ${needed.wanted} in) of `
  const whom = awaited.length > 0 ? `waiting for ${more}${nameList(awaited)}` : faults.length > 0 ? 'its check failed' : 'all is in'
  const text = `${step}: ${whom}.`
  return isLate
    ? { tone: 'heed', short: 'Overdue', text: `${text} The deadline has passed: the clients abort.` }
    : { tone: 'calm', short: `Step ${current + 1} of ${steps.length}`, text }
}

function confirming({ awaited }: CeremonyView, isLate: boolean): Saying {
  const missing = awaited.length > 0 ? ` Missing: ${nameList(awaited)}.` : ''
  return isLate
    ? { tone: 'heed', short: 'Unconfirmed', text: `Succeeded, but unconfirmed: do not use its result before everyone has confirmed.${missing} If they never do, open another ceremony.` }
    : { tone: 'heed', short: 'Confirming', text: `Succeeded. Do not use its result yet: not everyone has confirmed.${missing}` }
}

function completeWords(view: CeremonyView): string {
  const done = view.isRehearsal
    ? 'Every step is done and checked. It was a rehearsal: its result is for practice alone.'
    : 'Every step is done and checked; its result is usable.'
  return view.faults.some((fault) => isAfter(view.usableAt, fault)) ? `${done} What was found after that does not change it. ${guiltWords(view)}` : done
}

/** Was it found in what came in after the ceremony was usable? */
export const isAfter = (usableAt: number | null, { offsets }: Pick<FaultView, 'offsets'>): boolean =>
  usableAt !== null && offsets.some((offset) => offset > usableAt)

function abortWords(view: CeremonyView): string {
  const { aborts: [first], steps, problem, bound } = view
  // An Abort may name any step in any words; in a sentence stand only those that there are.
  const step = steps.find(({ name }) => name === first?.step)?.name
  const who = first === undefined ? `It cannot go on${problem === null ? '' : `: ${problem}`}.` : `${first.from} aborted it${step === undefined ? '' : ` in ${step}`} (${first.reason}).`
  const still = bound.length === 0 ? '' : ` It may still be completed: ${nameList(bound)} stated their part of its certificate.`
  return `${who} ${guiltWords(view)}${still}`
}

function deadWords(view: CeremonyView, now: number): string {
  const open = view.disputes.filter(({ isAnswered }) => !isAnswered)
  const [silent, awaited] = [open.filter(({ until }) => until <= now), open.filter(({ until }) => until > now)].map((some) => [...new Set(some.map(({ accused }) => accused))])
  return [
    `It can never be usable: ${view.problem ?? ''}.`,
    ...(awaited === undefined || awaited.length === 0 ? [] : [`Accused, and to answer yet: ${nameList(awaited)}.`]),
    ...(silent === undefined || silent.length === 0 ? [] : [`Accused, and without an answer, neither guilty nor cleared: ${nameList(silent)}.`]),
    guiltWords(view),
  ].join(' ')
}

function guiltWords({ faults }: CeremonyView): string {
  const guilty = [...new Set(faults.flatMap(({ convicted }) => convicted ?? []))]
  return guilty.length === 0 ? 'The log proves nobody guilty.' : `The log proves guilty: ${nameList(guilty)}.`
}

/** How reading goes. */
export function linkSaying(link: Link, now: number): Saying {
  switch (link.kind) {
    case 'reading': {
      const { done, total } = link
      return { tone: 'calm', short: 'Reading', text: total === 0 ? 'the board' : `and checking: ${done} of ${total} messages` }
    }
    case 'live': return { tone: 'good', short: 'Live', text: 'what comes in is shown at once' }
    case 'lost': return { tone: 'heed', short: 'Connection lost', text: `${duration(now - link.since)} ago: ${link.why}. Trying again by itself; below is what was there before.` }
    case 'tampered': return { tone: 'bad', short: 'Another log', text: `This storage’s log is not the one that it showed before: ${link.why}. Nothing more is read. Tell the participants.` }
    case 'failed': return { tone: 'bad', short: 'Failed', text: `This page failed: ${link.why}. Load it again; if that does not help, use keyrite client status.` }
  }
}

/** What several said in the same words. */
export type SharedAbort = Omit<AbortView, 'from' | 'offset'> & { readonly from: readonly string[]; readonly offsets: readonly number[] }

/** Puts equal aborts together: once one aborts, the others usually follow. */
export function alike(aborts: readonly AbortView[]): readonly SharedAbort[] {
  const found = new Map<string, SharedAbort>()
  for (const { from, offset, ...rest } of aborts) {
    const key = JSON.stringify([rest.step, rest.reason, rest.accused, rest.why])
    const before = found.get(key)
    found.set(key, { ...rest, from: [...(before?.from ?? []), from], offsets: [...(before?.offsets ?? []), offset].slice(0, 8) })
  }
  return [...found.values()]
}

// What the page says of itself, and what to do where nothing is there yet.

export function trustNote(): HTMLElement {
  return el('p', { class: 'note' },
    el('strong', {}, 'This page comes from the storage, which nobody needs to trust. '),
    'Your browser checks what it shows, but with code that the storage gave it. Before you rely on anything here, compare the ceremony number with the one on the airgaps’ screens; and ',
    el('code', {}, 'keyrite verify TRANSCRIPT'), ' checks a whole ceremony on your own machine. Nothing on a board is secret.')
}

/** @param url the board's, for `--board` */
export function firstSteps(url: string): HTMLElement[] {
  const command = (text: string, ...words: readonly string[]): HTMLElement => el('li', {}, text, ' ', el('pre', {}, el('code', {}, words.join(' '))))
  return [
    el('h2', {}, 'No ceremony was opened here yet'),
    el('p', {}, 'Each participant, on the online machine, with the join token that the storage’s operator gave out:'),
    el('ol', {},
      command('makes a client,', 'keyrite client init --name NAME --board', url, '--join-token-file FILE'),
      command('pairs it with the airgap,', 'keyrite client pair'),
      command('and says that it is ready:', 'keyrite client ready dkg')),
    el('p', {}, 'Then any one of them opens the ceremony:'),
    el('pre', {}, el('code', {}, 'keyrite client open dkg --set threshold=3')),
    el('p', { class: 'hint' }, 'Whoever is ready appears here at once.'),
  ]
}
