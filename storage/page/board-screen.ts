/** One board: its ceremonies, who is ready, and its latest messages. */
import { ceremonyPanel } from './ceremony-panel.ts'
import type { Panel } from './ceremony-panel.ts'
import { el, place, setText, theirs } from './dom.ts'
import type { Child } from './dom.ts'
import { firstSteps, trustNote } from './notes.ts'
import type { BoardView, CeremonyView, MessageView, ReadyView } from './model.ts'
import { messageUrl } from './progress-table.ts'
import type { FromWorker, Link } from './talk.ts'
import { counted, linkSaying } from './words.ts'

/** Ceremonies that are drawn; more when the visitor asks. */
const SHOWN = 12

export interface BoardScreen {
  readonly node: HTMLElement
  update(news: FromWorker): void
  /** The worker is gone: nothing comes any more. */
  fail(why: string): void
}

/** @param show asks for the newest so many ceremonies */
export function boardScreen(name: string, url: string, show: (most: number) => void): BoardScreen {
  const path = `/boards/${name}`
  const panels = new Map<string, Panel>()
  const link = linkBar()
  const list = el('div', { class: 'ceremonies' })
  const more = el('button', { type: 'button', class: 'more' }, 'Show older ceremonies')
  const [empty, ready, recent] = [el('section', { class: 'sheet' }), el('section', { class: 'sheet' }), el('section', { class: 'sheet' })]
  let shown = SHOWN
  more.hidden = true
  more.addEventListener('click', () => show((shown += SHOWN)))
  show(shown)

  const setEmpty = place(empty, (isEmpty: boolean) => (isEmpty ? firstSteps(url) : []))
  const setReady = place(ready, (board: Pick<BoardView, 'ready' | 'readyCount'>) => readyList(board, path))
  const setRecent = place(recent, (board: Pick<BoardView, 'recent' | 'pin'>) => recentList(board, path))
  let hasRead = false

  const node = el('main', {},
    el('header', { class: 'top' }, el('p', { class: 'home' }, el('a', { href: '/' }, 'keyrite')), el('h1', {}, 'Board ', theirs(name)), link.node),
    trustNote(), empty, list, more, ready, recent)
  setInterval(() => panels.forEach((panel) => panel.tick(Date.now())), 10_000)

  return {
    node,
    update({ link: now, board, order, ceremonies }) {
      link.update(now)
      hasRead ||= now.kind === 'live'
      arrange(list, panels, order, ceremonies, path, now.kind === 'reading')
      more.hidden = board.ceremonyCount <= order.length || order.length < shown
      setEmpty(hasRead && board.ceremonyCount === 0)
      setReady({ ready: board.ready, readyCount: board.readyCount })
      setRecent({ recent: board.recent, pin: board.pin })
    },
    fail: (why) => link.update({ kind: 'failed', why }),
  }
}

/** How reading goes, in the corner; told to screen readers when it changes, but not with every message. */
function linkBar(): { readonly node: HTMLElement; update(link: Link): void } {
  const [short, text] = [el('strong', {}), el('span', {})]
  const said = el('span', { class: 'unseen', role: 'status' })
  const node = el('p', { class: 'link' }, short, text, said)
  let link: Link | undefined
  const draw = (): void => {
    if (link === undefined) return
    const saying = linkSaying(link, Date.now())
    node.dataset['tone'] = saying.tone
    node.dataset['kind'] = link.kind
    setText(short, saying.short)
    setText(text, saying.text)
    setText(said, saying.short)
  }
  setInterval(draw, 10_000)
  return {
    node,
    update(now) {
      link = now
      draw()
    },
  }
}

function arrange(list: HTMLElement, panels: Map<string, Panel>, order: readonly string[], changed: readonly CeremonyView[], path: string, isReading: boolean): void {
  for (const view of changed) {
    const panel = panels.get(view.id) ?? ceremonyPanel(path, view.id, false)
    panels.set(view.id, panel)
    panel.update(view)
  }
  const nodes = order.flatMap((id) => panels.get(id)?.node ?? [])
  if (nodes.length === list.children.length && nodes.every((one, i) => one === list.children[i])) return
  const [newest] = nodes
  // The newest is what people come for. The one before it stays open if they are looking at it, not if it passed by while all was read.
  if (newest !== undefined && newest !== list.firstElementChild) {
    if (isReading) for (const one of nodes) one.open = false
    newest.open = true
  }
  const focused = document.activeElement
  list.replaceChildren(...nodes)
  if (focused instanceof HTMLElement && list.contains(focused)) focused.focus({ preventScroll: true })
}

function readyList({ ready, readyCount }: Pick<BoardView, 'ready' | 'readyCount'>, path: string): Child[] {
  if (ready.length === 0) return []
  const one = ({ name, script, hash, isShipped, offset }: ReadyView): HTMLElement =>
    el('li', {}, el('a', { href: messageUrl(`${path}/messages`, offset) }, theirs(name)), ' for ', theirs(script), isShipped ? '' : el('span', { class: 'soft' }, ` (SHA-256 ${hash.slice(0, 12)}…, which this page does not know)`))
  return [
    el('h2', {}, `Ready: ${counted(readyCount, 'participant')}`),
    el('ul', { class: 'names' }, ...ready.map(one), ...(readyCount > ready.length ? [el('li', {}, `and ${readyCount - ready.length} more`)] : [])),
  ]
}

function recentList({ recent, pin }: Pick<BoardView, 'recent' | 'pin'>, path: string): Child[] {
  if (recent.length === 0) return []
  const one = ({ offset, type, from, step, attachment }: MessageView): HTMLElement => el('tr', {},
    el('th', { scope: 'row' }, el('a', { href: messageUrl(`${path}/messages`, offset) }, String(offset))),
    el('td', {}, theirs(from)),
    el('td', {}, theirs(type)),
    el('td', {}, theirs(step ?? '')),
    el('td', {}, ...(attachment === null ? [] : [el('a', { class: 'mono', href: `${path}/attachments/${attachment}`, download: `${attachment}.json` }, `${attachment.slice(0, 12)}…`)])))
  const heads = ['message', 'from', 'type', 'step', 'attachment'].map((head) => el('th', { scope: 'col' }, head))
  return [
    el('details', { class: 'more' },
      el('summary', {}, el('h2', {}, `Latest of ${counted(pin.offset + 1, 'message')}`)),
      el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Latest messages' },
        el('table', { class: 'log' }, el('caption', { class: 'unseen' }, 'Latest messages'), el('thead', {}, el('tr', {}, ...heads)), el('tbody', {}, ...recent.map(one)))),
      el('p', { class: 'hint' }, 'All of them, by the page: ', el('a', { href: `${path}/messages?after=-1` }, 'from the first on'), '.')),
    el('p', { class: 'hint' }, `Head at message ${pin.offset}: `, el('span', { class: 'mono' }, pin.head)),
  ]
}
