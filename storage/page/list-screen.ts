/** The boards of a storage, as its health report names them. */
import { counted } from '../../engine/base/words.ts'
import { alarm } from '../../engine/base/signals.ts'
import { el, place, theirs } from './dom.ts'
import type { Child } from './dom.ts'
import { trustNote } from './words.ts'

export interface ListedBoard {
  readonly name: string
  readonly messages: number
  readonly isWritable: boolean
}

const EVERY = 5000
const PATIENCE = 15_000

/**
 * The boards in the answer to `GET /health`. Where a board cannot be written, the status is 503 and the body the same.
 * @throws Error for anything else
 */
export function boardsIn(health: unknown): readonly ListedBoard[] {
  const { boards } = (health ?? {}) as { readonly boards?: unknown }
  if (!Array.isArray(boards)) throw new Error('it does not say what it serves')
  return boards.map((one: unknown) => {
    const { board, offset, writable } = (one ?? {}) as Readonly<Record<string, unknown>>
    if (typeof board !== 'string' || typeof offset !== 'number') throw new Error('it does not say what it serves')
    return { name: board, messages: offset + 1, isWritable: writable === true }
  })
}

export function listScreen(): HTMLElement {
  const list = el('ul', { class: 'boards' })
  const trouble = el('p', { class: 'link', 'data-tone': 'heed', role: 'status' })
  trouble.hidden = true
  const setList = place(list, (boards: readonly ListedBoard[]): Child[] => boards.map(({ name, messages, isWritable }) =>
    el('li', {}, el('a', { href: `/boards/${encodeURIComponent(name)}` }, theirs(name)), el('span', {}, counted(messages, 'message')),
      ...(isWritable ? [] : [el('span', { class: 'bad' }, 'takes no messages until the storage is started again')]))))
  const setTrouble = place(trouble, (why: string | null): Child[] => (why === null ? [] : [el('strong', {}, 'Connection lost'), el('span', {}, `${why}. Trying again by itself.`)]))

  const ask = async (): Promise<void> => {
    try {
      const response = await fetch('/health', { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store', credentials: 'omit' })
      setList(boardsIn(await response.json()))
      setTrouble(null)
    } catch (error) {
      setTrouble(error instanceof TypeError ? 'The storage cannot be reached' : 'The storage does not answer as it should')
    }
    again.set(EVERY)
  }
  const again = alarm(() => void ask())
  void ask()
  return el('main', {}, el('header', { class: 'top' }, el('p', { class: 'home' }, 'keyrite'), el('h1', {}, 'Boards of this storage'), trouble),
    trustNote(), el('section', { class: 'sheet' }, list),
    el('p', { class: 'hint' }, 'A board is a public log of signed messages, in which participants hold their ceremonies.'))
}
