/** The page's words. Of a ceremony it says the same as the participants' own screens. */
import { duration } from '../../engine/base/time.ts'
import { standingAt } from '../../engine/run/standing.ts'
import type { Timely } from '../../engine/run/standing.ts'
import { accusedWords, afterWords, alike, doubtWords, guiltWords, sentence, STATE_WORDS, stopped, waitingWords, whyWords } from '../../engine/run/telling.ts'
import type { Tone } from '../../engine/run/telling.ts'
import { el } from './dom.ts'
import type { CeremonyView } from './model.ts'
import type { Link } from './talk.ts'

export interface Saying {
  readonly tone: Tone
  /** About two words, for the eye. */
  readonly short: string
  readonly text: string
}

const MOST_NAMES = 8

/** Names in a sentence: `anna, ben and 60 more`. */
export function nameList(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(', ')
  return `${names.slice(0, MOST_NAMES - 1).join(', ')} and ${names.length - MOST_NAMES + 1} more`
}

/** The words for where a ceremony stands. */
export function sayingOf(view: CeremonyView & Timely): Saying {
  switch (view.obstacle) {
    case 'unchecked':
      return { tone: 'heed', short: 'Script not known here', text: 'This page did not ship with this script. It checked the signatures alone, shows the steps in the order of their first messages, and knows neither deadlines nor whether it succeeded.' }
    case 'refused': return { tone: 'bad', short: 'Not valid', text: view.problem ?? '' }
    case 'waiting': return { tone: 'heed', short: 'Cannot begin', text: `It waits: ${view.problem ?? ''}.` }
    case null: return standingSaying(view)
  }
}

function standingSaying(view: CeremonyView & Timely): Saying {
  const { state, current, steps, isLate } = view
  const { tone, short, words } = STATE_WORDS[state]
  const told = sentence(words)
  const waiting = waitingWords(view, nameList)
  const texts = (...some: readonly (string | null)[]): string => some.filter((one) => one !== null).map(stopped).join(' ')
  switch (state) {
    case 'running':
      return isLate
        ? { tone: 'heed', short: 'Overdue', text: texts(waiting, 'The deadline has passed: the clients abort') }
        : { tone, short: `Step ${current + 1} of ${steps.length}`, text: texts(waiting) }
    case 'confirming': return { tone, short, text: texts(told, waiting) }
    case 'unconfirmed':
      return { tone, short, text: view.why === null ? texts(told, waiting, 'If that never comes, open another ceremony') : texts(told, whyWords(view), 'Open another ceremony') }
    case 'usable':
      return { tone, short, text: texts(view.isRehearsal ? 'Every step is done and checked. It was a rehearsal: its result is for practice alone' : 'Every step is done and checked; its result is usable', afterWords(view, nameList)) }
    default: return { tone, short, text: texts(whyWords(view) ?? abortSaying(view), ...fewOf(accusedWords(view)), guiltWords(view, nameList), doubtWords(view, nameList)) }
  }
}

const fewOf = (words: readonly string[]): readonly string[] =>
  (words.length <= MOST_NAMES ? words : [...words.slice(0, MOST_NAMES), `${words.length - MOST_NAMES} more have not answered`])

/** The first Abort, in words. An Abort may name any text as its step; only steps of the ceremony are repeated. */
function abortSaying({ aborts, steps }: CeremonyView): string | null {
  const [first] = alike(aborts)
  if (first === undefined) return null
  const step = steps.find(({ name }) => name === first.step)?.name
  return `${nameList(first.from)} aborted it${step === undefined ? '' : ` in ${step}`} (${first.reason}).`
}

/** A view at a time. */
export const viewAt = (view: CeremonyView, now: number): CeremonyView & Timely => standingAt(view, now)

/** The words for the state of the connection. */
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

// The page's words about itself, and about an empty board.

export function trustNote(): HTMLElement {
  return el('p', { class: 'note' },
    el('strong', {}, 'This page comes from the storage, which nobody needs to trust. '),
    'Your browser checks what it shows, but with code that the storage gave it. Before you rely on anything here, compare the ceremony number with the one on the airgaps’ screens; and ',
    el('code', {}, 'keyrite verify TRANSCRIPT'), ' checks a whole ceremony on your own machine. Nothing on a board is secret.')
}

/** @param url the board's address, for `--board` */
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
