/** Pages that only tell: what is going on before anything is known, why nothing goes on, how it ended. */
import type { PageState } from '../web/protocol.ts'
import { hexNode } from './blocks-view.ts'
import { button, el, icon, withCode } from './dom.ts'
import { failureOf } from './failures.ts'
import type { FailureName } from './failures.ts'

export const openingNode = (): HTMLElement => el(
  'section', { class: 'statement' },
  el('h1', { tabindex: -1 }, 'Connecting to the command'), el('p', { role: 'status' }, 'This page talks to keyrite on this very machine, and to nothing else. It takes a moment.'),
)

const STOP = 'M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21Zm-1.3 5h2.6v7.5h-2.6V6.5Zm0 9h2.6v2.5h-2.6v-2.5Z'
const DONE = 'M12 1.5a10.5 10.5 0 1 0 0 21 10.5 10.5 0 0 0 0-21Zm-1.5 15.3-4.5-4.5 1.8-1.8 2.7 2.7 5.7-5.7 1.8 1.8-7.5 7.5Z'

/** @param action a button that is a way out */
export function failureNode(name: FailureName, action?: { readonly text: string; readonly go: () => void }): HTMLElement {
  const { title, what, todo } = failureOf(name)
  return el(
    'section', { class: 'statement is-bad', role: 'alert' },
    icon(STOP, 'statement-icon'), el('h1', { tabindex: -1 }, title), el('p', {}, what),
    el('ul', {}, ...todo.map((text) => el('li', {}, ...withCode(text)))),
    ...(action === undefined ? [] : [el('p', { class: 'buttons' }, button(action.text, action.go, { class: 'main' }))]),
  )
}

/** Keys and signatures in groups that can be compared. */
const withHex = (line: string): (string | HTMLElement)[] =>
  line.split(/\b((?:0x)?[0-9a-f]{64,})\b/).map((piece, i) => (i % 2 === 1 ? hexNode(piece) : piece))

/** @param code what the other machine may still have to see */
export function endNode({ isGood, lines, next }: NonNullable<PageState['end']>, command: string, code: HTMLElement | undefined): HTMLElement {
  const [first = isGood ? 'Done' : 'It ended', ...more] = lines
  return el('div', { class: 'ended' }, el(
    'section', { class: `statement ${isGood ? 'is-good' : 'is-bad'}`, role: isGood ? 'status' : 'alert' },
    icon(isGood ? DONE : STOP, 'statement-icon'), el('h1', { tabindex: -1 }, first),
    ...more.map((line) => el('p', { class: 'end-line' }, ...withHex(line))),
    ...(next.length === 0 ? [] : [el('h2', {}, 'What to do next'), el('ul', {}, ...next.map((text) => el('li', {}, ...withCode(text))))]),
    el('p', { class: 'soft' }, ...withCode(`\`${command}\` has ended. This page may be closed${code === undefined ? '' : ' once the other machine goes on'}.`)),
  ), ...(code === undefined ? [] : [code]))
}
