/** Participants × steps. Every cell that has messages leads to the first of them, as the storage keeps it. */
import { el, theirs, unseen } from './dom.ts'
import type { CellView, CeremonyView } from './model.ts'
import { clockTime } from './words.ts'

const MARKS: Readonly<Record<CellView['mark'], readonly [sign: string, word: string]>> = {
  done: ['✓', 'done'],
  awaited: ['…', 'awaited'],
  later: ['·', 'later'],
  never: ['–', 'not made'],
  disputed: ['!', 'complaint'],
  aborted: ['✗', 'abort'],
  out: ['✗', 'takes no part any more'],
}

/** What of a view the table shows. */
export type TableData = Pick<CeremonyView, 'id' | 'steps' | 'current' | 'rows' | 'state'> & { readonly messages: string }

/** `GET /boards/{board}/messages` of one message alone. */
export const messageUrl = (messages: string, offset: number): string => `${messages}?after=${offset - 1}&limit=1`

export function progressTable({ id, steps, current, rows, state, messages }: TableData): HTMLTableElement {
  const isGoingOn = state === 'running' || state === 'confirming' || state === 'disputed'
  return el('table', {},
    el('caption', { class: 'unseen' }, 'Participants and steps'),
    el('thead', {}, el('tr', {},
      el('th', { scope: 'col' }, 'participant'),
      ...steps.map(({ name, until }, i) => el('th', { scope: 'col', class: isGoingOn && i === current ? 'now' : undefined },
        ...breakable(name),
        ...(until === null ? [] : [el('span', { class: 'until' }, unseen(', until '), el('time', { datetime: isoOf(until) }, clockTime(until)))]))))),
    el('tbody', {}, ...rows.map(({ name, cells }) => el('tr', {},
      el('th', { scope: 'row' }, theirs(name)),
      ...cells.map((cell, i) => el('td', { class: cell.mark }, cellContent(cell, `${id.slice(0, 12)}-${i}-${name}`, messages)))))))
}

function cellContent({ mark, offset, count, of }: CellView, id: string, messages: string): HTMLElement {
  const [sign, word] = MARKS[mark]
  const isPart = count > 0 && count < of
  const shown = isPart && mark !== 'disputed' ? `${count}/${of}` : sign
  const said = isPart ? `${word}, ${count} of ${of} in` : word
  const content = [el('span', { 'aria-hidden': 'true' }, shown), unseen(said)]
  if (offset === null) return el('span', {}, ...content)
  return el('a', { id, href: messageUrl(messages, offset), title: `${said}: message ${offset}${count > 1 ? ` and ${count - 1} more` : ''}` }, ...content)
}

/** Signs and what they mean, of those in the table. */
export function legend({ rows }: Pick<CeremonyView, 'rows'>): HTMLElement {
  const used = new Set(rows.flatMap(({ cells }) => cells.map(({ mark }) => mark)))
  const marks = (Object.keys(MARKS) as CellView['mark'][]).filter((mark) => used.has(mark))
  return el('p', { class: 'legend' }, ...marks.map((mark) => el('span', {}, el('span', { class: `sign ${mark}`, 'aria-hidden': 'true' }, MARKS[mark][0]), ` ${MARKS[mark][1]}`)))
}

const isoOf = (time: number): string | undefined => (Number.isFinite(time) ? new Date(time).toISOString() : undefined)

/** A step's name may break between its words. */
const breakable = (name: string): (string | HTMLElement)[] => name.split(/(?=[A-Z])/).flatMap((word, i) => (i === 0 ? [word] : [el('wbr'), word]))
