/** Participants × steps. Every cell that has a message leads to it, as the storage keeps it. */
import { el, keepingFocus, theirs, unseen } from './dom.ts'
import type { CellView, CeremonyView } from './model.ts'
import { clockTime } from './words.ts'

const MARKS: Readonly<Record<CellView['mark'], readonly [sign: string, word: string]>> = {
  done: ['✓', 'done'],
  awaited: ['…', 'awaited'],
  later: ['·', 'later'],
  never: ['–', 'not made'],
  refused: ['✗', 'refused'],
  disputed: ['!', 'complaint'],
  aborted: ['✗', 'abort'],
  abandoned: ['✗', 'given up for good'],
  out: ['✗', 'takes no part any more'],
}

/** What of a view the table shows. */
export type TableData = Pick<CeremonyView, 'id' | 'steps' | 'current' | 'rows' | 'state'> & { readonly messages: string }

/** `GET /boards/{board}/messages` of one message alone. */
export const messageUrl = (messages: string, offset: number): string => `${messages}?after=${offset - 1}&limit=1`

/** Keeps the table up to date, cell by cell: while thousands of messages are read it changes several times a second. */
export function progressTable(holder: HTMLElement): (data: TableData) => void {
  let shape = ''
  let drawn: { readonly td: HTMLElement; said: string }[] = []
  return (data) => {
    const { id, steps, current, rows, state, messages } = data
    const now = JSON.stringify([id, steps, current, isGoingOn(state), rows.map(({ name }) => name)])
    keepingFocus(holder, () => {
      if (now !== shape) {
        drawn = rows.flatMap(({ cells }) => cells.map(() => ({ td: el('td'), said: '' })))
        holder.replaceChildren(...(drawn.length === 0 ? [] : [frame(data, drawn.map(({ td }) => td))]))
        holder.hidden = drawn.length === 0
        shape = now
      }
      const all = rows.flatMap(({ name, cells }) => cells.map((cell, i) => ({ cell, place: `${id.slice(0, 12)}-${i}-${name}` })))
      for (const [i, { cell, place }] of all.entries()) {
        const one = drawn[i]
        const said = JSON.stringify(cell)
        if (one === undefined || one.said === said) continue
        one.said = said
        one.td.className = cell.mark
        one.td.replaceChildren(cellContent(cell, place, messages))
      }
    })
  }
}

const isGoingOn = (state: TableData['state']): boolean => state === 'open' || state === 'unconfirmed'

function frame({ steps, current, rows, state }: TableData, cells: readonly HTMLElement[]): HTMLTableElement {
  return el('table', {},
    el('caption', { class: 'unseen' }, 'Participants and steps'),
    el('thead', {}, el('tr', {},
      el('th', { scope: 'col' }, 'participant'),
      ...steps.map(({ name, until }, i) => el('th', { scope: 'col', class: isGoingOn(state) && i === current ? 'now' : undefined },
        ...breakable(name),
        ...(until === null ? [] : [el('span', { class: 'until' }, unseen(', until '), el('time', { datetime: isoOf(until) }, clockTime(until)))]))))),
    el('tbody', {}, ...rows.map(({ name }, i) => el('tr', {}, el('th', { scope: 'row' }, theirs(name)), ...cells.slice(i * steps.length, (i + 1) * steps.length)))))
}

function cellContent({ mark, offset }: CellView, id: string, messages: string): HTMLElement {
  const [sign, word] = MARKS[mark]
  const content = [el('span', { 'aria-hidden': 'true' }, sign), unseen(word)]
  if (offset === null) return el('span', {}, ...content)
  return el('a', { id, href: messageUrl(messages, offset), title: `${word}: message ${offset}` }, ...content)
}

/** The marks that are in a table, in their order. */
export function marksIn(rows: CeremonyView['rows']): readonly CellView['mark'][] {
  const used = new Set(rows.flatMap(({ cells }) => cells.map(({ mark }) => mark)))
  return (Object.keys(MARKS) as CellView['mark'][]).filter((mark) => used.has(mark))
}

/** Signs and what they mean. */
export function legend(marks: readonly CellView['mark'][]): HTMLElement {
  return el('p', { class: 'legend' }, ...marks.map((mark) => el('span', {}, el('span', { class: `sign ${mark}`, 'aria-hidden': 'true' }, MARKS[mark][0]), ` ${MARKS[mark][1]}`)))
}

const isoOf = (time: number): string | undefined => (Number.isFinite(time) ? new Date(time).toISOString() : undefined)

/** A step's name may break between its words. */
const breakable = (name: string): (string | HTMLElement)[] => name.split(/(?=[A-Z])/).flatMap((word, i) => (i === 0 ? [word] : [el('wbr'), word]))
