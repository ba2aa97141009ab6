/** The texts beside the codes: what is happening, which ceremony this is, who has done what, and the record. */
import type { Mark } from '../../engine/run/standing.ts'
import { MARK_WORDS } from '../../engine/run/telling.ts'
import type { Tone } from '../../engine/run/telling.ts'
import type { PageState, PageTable } from '../web/protocol.ts'
import { makeAlerts } from './alerts.ts'
import type { Alerts } from './alerts.ts'
import { el, setAttribute, setText, unseen } from '../../storage/page/dom.ts'
import { button, icon, setShown } from './dom.ts'
import { numberNode } from './question.ts'
import type { PageMemory } from './connection.ts'
import { timeLeft } from './shower.ts'
import { whoOf } from './view.ts'
import type { View } from './view.ts'

export interface About {
  /** The sentence about what is happening, which a screen reader says at every change. */
  readonly doing: HTMLElement
  readonly rest: HTMLElement
  readonly update: (state: PageState) => void
}

export function makeAbout(): About {
  const sentence = el('h1', { class: 'sentence-now', tabindex: -1 })
  const progressText = el('p', { class: 'progress-text' })
  const bar = el('div', { class: 'progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-label': 'How far it is' }, el('div', { class: 'progress-done' }))
  const progress = el('div', { class: 'progress-box' }, progressText, bar)
  const doing = el('section', { class: 'doing' }, el('div', { role: 'status' }, sentence), progress)
  const number = el('div', {})
  const title = el('p', { class: 'ceremony-title' })
  const ceremony = el('section', { class: 'card ceremony', 'aria-labelledby': 'ceremony-title' }, el('h2', { class: 'card-title', id: 'ceremony-title' }, 'The ceremony’s number'), number, title)
  const table = el('div', { class: 'table-box', tabindex: 0, role: 'region', 'aria-label': 'Participants and steps' })
  const waiting = el('div', { class: 'waiting' })
  const people = el('section', { class: 'card people', 'aria-labelledby': 'people' }, el('h2', { class: 'card-title', id: 'people' }, 'Who has done what'), table, waiting)
  const lines = el('ol', { class: 'lines' })
  const record = el('details', { class: 'card record' }, el('summary', {}, 'What happened'), lines)
  const rest = el('div', { class: 'rest' }, ceremony, people, record)
  let shownNumber = ''
  let shownTable = ''
  let shownRecord = ''

  function update(state: PageState): void {
    setText(sentence, state.doing === '' ? 'Starting.' : state.doing)
    updateProgress(state.progress)
    setShown(ceremony, state.ceremony !== null)
    if (state.ceremony !== null) {
      setText(title, state.ceremony.title)
      if (state.ceremony.number !== shownNumber) number.replaceChildren(numberNode(state.ceremony.number))
      shownNumber = state.ceremony.number
    }
    setShown(people, state.table !== null)
    const tableNow = JSON.stringify([state.table, state.ceremony?.at])
    if (state.table !== null && tableNow !== shownTable) {
      table.replaceChildren(tableNode(state.table))
      waiting.replaceChildren(...state.table.waiting.map((line) => el('p', {}, line.trim())))
    }
    shownTable = tableNow
    setShown(record, state.record.length > 0)
    const recordNow = state.record.join('\n')
    if (recordNow !== shownRecord) lines.replaceChildren(...state.record.map((line) => el('li', {}, line)))
    shownRecord = recordNow
  }

  function updateProgress(now: PageState['progress']): void {
    setShown(progress, now !== null)
    if (now === null) return
    const { what, done, total, secondsLeft } = now
    const left = secondsLeft === null || done >= total ? '' : `, ${timeLeft(secondsLeft)} left`
    setText(progressText, `${what}: ${done} of ${total}${left}`)
    setAttribute(bar, 'aria-valuemax', Math.max(1, total))
    setAttribute(bar, 'aria-valuenow', Math.min(done, total))
    const inner = bar.firstElementChild
    if (inner instanceof HTMLElement) inner.style.width = `${total === 0 ? 0 : Math.min(100, (100 * done) / total)}%`
  }

  return { doing, rest, update }
}

/** The icons by a mark's tone. */
const ICONS: Readonly<Record<Tone, string>> = {
  good: 'm9.5 18.5-6-6 2-2 4 4 9-9 2 2-11 11Z',
  heed: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 2.2a6.8 6.8 0 1 1 0 13.6 6.8 6.8 0 0 1 0-13.6ZM11 7.5v5.2l4 2.4 1-1.7-3-1.8V7.5h-2Z',
  calm: 'M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  bad: 'M12 2.5 1.5 21h21L12 2.5Zm-1.1 7h2.2v6h-2.2v-6Zm0 7.6h2.2v2.2h-2.2v-2.2Z',
}

function cellNode(mark: Mark): HTMLElement {
  const { word, tone } = MARK_WORDS[mark]
  return el('td', { class: `cell ${tone}`, title: word }, icon(ICONS[tone]), unseen(word))
}

/** The columns are headed by the steps' numbers and names. */
function tableNode({ steps, rows }: PageTable): HTMLElement {
  return el(
    'table', { class: 'progress-table' },
    el('thead', {}, el('tr', {}, el('td'), ...steps.map((step, i) => el('th', { scope: 'col' }, el('span', { class: 'at' }, String(i + 1)), ' ', el('span', { class: 'step-word' }, spaced(step)))))),
    el('tbody', {}, ...rows.map(({ name, isMe, cells }) => el(
      'tr', { class: isMe ? 'is-me' : undefined },
      el('th', { scope: 'row' }, el('bdi', {}, name), ...(isMe ? [' ', el('span', { class: 'you' }, 'you')] : [])),
      ...cells.map(cellNode),
    ))),
  )
}

/** A step's name, with a place to break the line between its words. */
const spaced = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1\u200b$2')

// The owner's settings for how this page calls: by a sound, by a notification.

export interface Tools {
  readonly nodes: readonly HTMLElement[]
  readonly alerts: Pick<Alerts, 'keepLit'>
  /** Calls the owner once for each turn. */
  readonly call: (view: View) => void
}

export function makeTools(kept: PageMemory): Tools {
  const isSoundOn = (): boolean => kept.get('sound') !== 'off'
  const alerts = makeAlerts(isSoundOn)
  const sound = button('', () => {
    kept.set('sound', isSoundOn() ? 'off' : undefined)
    show()
  }, { class: 'tool' })
  const notify = button('Notify me', () => void alerts.ask().then(show), { class: 'tool', title: 'A notification of your system when it is your turn' })

  function show(): void {
    setText(sound, isSoundOn() ? 'Sound on' : 'Sound off')
    setShown(notify, alerts.mayAsk())
  }

  let calledFor: string | undefined

  function call({ state, link }: View): void {
    const turn = state?.isWaitingForOwner === true && link === 'live' ? JSON.stringify(state.question?.prompt ?? state.doing) : undefined
    if (turn === calledFor) return
    calledFor = turn
    if (turn !== undefined && state !== null) alerts.ring(`It is your turn: ${whoOf(state)}`)
  }

  show()
  return { nodes: [notify, sound], alerts, call }
}
