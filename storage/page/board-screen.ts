/** The screen of one board: its ceremonies, who is ready, and its latest messages. */
import { clockTime } from '../../engine/base/time.ts'
import { counted } from '../../engine/base/words.ts'
import type { Cell, DisputeStanding, Mark } from '../../engine/run/standing.ts'
import { alike, answerWords, isAfter, MARK_WORDS, marksIn, untilWords } from '../../engine/run/telling.ts'
import type { SharedAbort } from '../../engine/run/telling.ts'
import { el, keepingFocus, place, setText, theirs, unseen } from './dom.ts'
import type { Child } from './dom.ts'
import type { BoardView, CeremonyView, FactView, MessageView, ReadyView } from './model.ts'
import type { FromWorker, Link } from './talk.ts'
import { firstSteps, linkSaying, nameList, sayingOf, trustNote, viewAt } from './words.ts'

// The table of participants × steps. Every cell that has a message links to it in the storage.

/** The part of a view that the table shows. */
export type TableData = Pick<CeremonyView, 'id' | 'steps' | 'current' | 'rows'> & {
  /** Whether the current step is awaited. */
  readonly isAwaited: boolean
  readonly messages: string
}

/** The address of one message alone (`GET /boards/{board}/messages`). */
const messageUrl = (messages: string, offset: number): string => `${messages}?after=${offset - 1}&limit=1`

/** Updates the table cell by cell: while thousands of messages are read it changes several times a second. */
function progressTable(holder: HTMLElement): (data: TableData) => void {
  let shape = ''
  let drawn: { readonly td: HTMLElement; said: string }[] = []
  return (data) => {
    const { id, steps, current, rows, isAwaited, messages } = data
    const now = JSON.stringify([id, steps, current, isAwaited, rows.map(({ name }) => name)])
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

function frame({ steps, current, rows, isAwaited }: TableData, cells: readonly HTMLElement[]): HTMLTableElement {
  return el('table', {},
    el('caption', { class: 'unseen' }, 'Participants and steps'),
    el('thead', {}, el('tr', {},
      el('th', { scope: 'col' }, 'participant'),
      ...steps.map(({ name, until }, i) => el('th', { scope: 'col', class: isAwaited && i === current ? 'now' : undefined },
        ...breakable(name),
        ...(until === null ? [] : [el('span', { class: 'until' }, unseen(', until '), el('time', { datetime: isoOf(until) }, clockTime(until)))]))))),
    el('tbody', {}, ...rows.map(({ name }, i) => el('tr', {}, el('th', { scope: 'row' }, theirs(name)), ...cells.slice(i * steps.length, (i + 1) * steps.length)))))
}

function cellContent({ mark, offset }: Cell, id: string, messages: string): HTMLElement {
  const { sign, word } = MARK_WORDS[mark]
  const content = [el('span', { 'aria-hidden': 'true' }, sign), unseen(word)]
  if (offset === null) return el('span', {}, ...content)
  return el('a', { id, href: messageUrl(messages, offset), title: `${word}: message ${offset}` }, ...content)
}

/** The signs in use, with their meanings. */
function legend(marks: readonly Mark[]): HTMLElement {
  return el('p', { class: 'legend' }, ...marks.map((mark) => el('span', {}, el('span', { class: `sign ${mark}`, 'aria-hidden': 'true' }, MARK_WORDS[mark].sign), ` ${MARK_WORDS[mark].word}`)))
}

const isoOf = (time: number): string | undefined => (Number.isFinite(time) ? new Date(time).toISOString() : undefined)

/** A step's name, with a place to break the line before each capital letter. */
const breakable = (name: string): (string | HTMLElement)[] => name.split(/(?=[A-Z])/).flatMap((word, i) => (i === 0 ? [word] : [el('wbr'), word]))

// One ceremony on the page: its name, where it stands, who is awaited, and how it ended.

interface Panel {
  readonly node: HTMLDetailsElement
  update(view: CeremonyView): void
  /** Updates the time left. */
  tick(now: number): void
}

/** @param board the board's path, `/boards/name` */
function ceremonyPanel(board: string, id: string, isOpen: boolean): Panel {
  const messages = `${board}/messages`
  const div = (kind: string): HTMLElement => el('div', { class: kind })
  const [title, tags, state, short, saying, until, number, facts, trouble, table, signs, results, attachments] = [
    el('h2'), el('span', { class: 'tags' }), el('span', { class: 'state' }), el('strong'), el('p', { class: 'saying' }), el('p', { class: 'until' }),
    div('number'), el('dl', { class: 'facts' }), div('trouble'), el('div', { class: 'scroll', tabindex: '0', role: 'region' }), div('signs'), div('results'), div('attachments'),
  ]
  title.id = `ceremony-${id.slice(0, 12)}`
  table.setAttribute('aria-label', 'Participants and steps')
  state.append(short)
  const node = el('details', { class: 'ceremony', 'aria-labelledby': title.id },
    el('summary', {}, title, tags, state),
    el('div', { class: 'body' }, el('div', { class: 'standing' }, saying, until), number, trouble, el('div', { class: 'table' }, table, signs), results, facts, attachments))
  node.open = isOpen
  let view: CeremonyView | undefined

  const setTags = place(tags, ({ script, isRehearsal, rows }: CeremonyView) => [
    ...(isRehearsal ? [el('span', { class: 'tag rehearsal' }, 'REHEARSAL')] : []),
    el('span', { class: 'tag' }, theirs(`${script.name} ${script.version}`)),
    ...(rows.length > 0 ? [el('span', { class: 'tag' }, counted(rows.length, 'participant'))] : []),
  ])
  const setNumber = place(number, (value: string | null): Child[] => [
    el('p', { class: 'label' }, 'Ceremony number'),
    value === null
      ? el('p', { class: 'digits soft' }, 'computing …')
      : el('p', { class: 'digits' }, ...value.split(' ').flatMap((group) => [el('span', {}, group), ' '])),
    el('p', { class: 'hint' }, 'Each owner reads it on the airgap’s own screen before confirming. If that one differs from this one, it is not this ceremony.'),
  ])
  const placeFacts = place(facts, (data: Facts) => factRows(data, messages))
  const setFacts = ({ openedBy, opensAt, offset, parameters, script, id: ceremony }: Facts): void => placeFacts({ openedBy, opensAt, offset, parameters, script, id: ceremony })
  const setTrouble = place(trouble, (data: Trouble) => troubleList(data, messages))
  const setTable = progressTable(table)
  const setSigns = place(signs, (marks: ReturnType<typeof marksIn>) => (marks.length > 0 ? [legend(marks)] : []))
  const setResults = place(results, (data: Pick<CeremonyView, 'outputs'>) =>
    data.outputs.length === 0 ? [] : [el('h3', {}, 'Result'), el('dl', { class: 'facts' }, ...data.outputs.flatMap((fact) => factRow(fact)))])
  const setAttachments = place(attachments, (data: Pick<CeremonyView, 'attachments' | 'attachmentCount'>) => attachmentList(data, board, messages))

  const tick = (now: number): void => {
    if (view === undefined) return
    const told = viewAt(view, now)
    const { tone, short: word, text } = sayingOf(told)
    node.dataset['tone'] = tone
    setText(short, word)
    setText(saying, text)
    const deadline = untilWords(told)
    setText(until, deadline === null ? '' : `until ${deadline}`)
    until.hidden = deadline === null
    const { id: ceremony, steps, current, rows, state: at, aborts, faults, disputes, usableAt } = told
    setTable({ id: ceremony, steps, current, rows, isAwaited: told.until !== null && at !== 'disputed', messages })
    setTrouble({ aborts: alike(aborts), faults, usableAt, disputes: disputes.map((one) => ({ ...one, answer: answerWords(one, now) })) })
  }
  return {
    node,
    tick,
    update(next) {
      view = next
      setText(title, next.title ?? `Ceremony by the script ${next.script.name}`)
      setTags(next)
      setNumber(next.number)
      setSigns(marksIn(next.rows))
      setResults({ outputs: next.outputs })
      setFacts(next)
      setAttachments({ attachments: next.attachments, attachmentCount: next.attachmentCount })
      tick(Date.now())
    },
  }
}

type Trouble = Pick<CeremonyView, 'faults' | 'usableAt'> & {
  readonly aborts: readonly SharedAbort[]
  /** `answer` says what became of the complaint. */
  readonly disputes: readonly (DisputeStanding & { readonly answer: string })[]
}

const row = (name: Child, ...value: readonly Child[]): HTMLElement[] => [el('dt', {}, name), el('dd', {}, ...value)]

function factRow({ name, text, isClaim, isCeremony }: FactView): HTMLElement[] {
  const value = theirs(text, /^[0-9a-f]{32,}$/.test(text) ? 'mono' : undefined)
  if (isCeremony === true) return row(theirs(name), 'the result of the ceremony ', value)
  return isClaim === true ? row(theirs(name), el('span', { class: 'claim' }, 'as the opener claims: '), value) : row(theirs(name), value)
}

type Facts = Pick<CeremonyView, 'openedBy' | 'opensAt' | 'offset' | 'parameters' | 'script' | 'id'>

function factRows({ openedBy, opensAt, offset, parameters, script, id }: Facts, messages: string): HTMLElement[] {
  return [
    ...row('opened by', theirs(openedBy), ' in ', el('a', { href: messageUrl(messages, offset) }, `message ${offset}`)),
    ...row('opens at', clockTime(Date.parse(opensAt))),
    ...parameters.flatMap(factRow),
    ...row('script', el('code', {}, `${script.name}.yaml`), ', SHA-256 ', el('span', { class: 'mono' }, script.hash)),
    ...row('ceremony id', el('span', { class: 'mono' }, id)),
  ]
}

function troubleList({ aborts, faults, usableAt, disputes }: Trouble, messages: string): Child[] {
  const at = (offsets: readonly number[]): Child[] => offsets.flatMap((offset, i) => [i === 0 ? '; ' : ', ', el('a', { href: messageUrl(messages, offset) }, `message ${offset}`)])
  const where = (step: string | null): Child[] => (step === null ? [] : [' in ', theirs(step)])
  const items = [
    ...disputes.map(({ from, accused, step, offset, answer }) => el('li', {}, theirs(from), ' complains of ', theirs(accused), ...where(step), `, ${answer}`, ...at([offset]))),
    ...faults.map(({ step, reason, why, convicted, offsets }) =>
      el('li', {}, 'Found by this page', ...where(step), ` (${reason}): `, theirs(why), ...(convicted === null ? ['. This proves nobody guilty'] : ['. This proves ', theirs(convicted), ' guilty']),
        ...(isAfter(usableAt, { offsets }) ? ['. It stands after the success, which it does not change'] : []), ...at(offsets))),
    ...aborts.map(({ from, step, reason, accused, why, offsets }) =>
      el('li', {}, theirs(nameList(from)), ' aborted', ...where(step), ` (${reason}`, ...(accused === null ? [] : [', naming ', theirs(accused)]), '): ', theirs(why), ...at(offsets))),
  ]
  return items.length === 0 ? [] : [el('h3', {}, 'What went wrong'), el('ul', {}, ...items)]
}

function attachmentList({ attachments, attachmentCount }: Pick<CeremonyView, 'attachments' | 'attachmentCount'>, board: string, messages: string): Child[] {
  if (attachments.length === 0) return []
  const more = attachmentCount - attachments.length
  return [el('details', { class: 'more' },
    el('summary', {}, counted(attachmentCount, 'attachment')),
    el('ul', {}, ...attachments.map(({ hash, from, step, offset }) =>
      el('li', {}, theirs(from), ` in ${step}: `, el('a', { class: 'mono', href: `${board}/attachments/${hash}`, download: `${hash}.json` }, hash), ', named by ', el('a', { href: messageUrl(messages, offset) }, `message ${offset}`))),
    ...(more > 0 ? [el('li', {}, `and ${more} more`)] : [])))]
}

/** The number of ceremonies drawn at first, and added each time the visitor asks for more. */
const SHOWN = 12

export interface BoardScreen {
  readonly node: HTMLElement
  update(news: FromWorker): void
  /** Says that the worker is gone and no more news comes. */
  fail(why: string): void
}

/** @param show asks the worker for the newest ceremonies, as many as given */
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

/** The state of the connection, in the corner. Screen readers are told when its kind changes, but not of every message. */
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
  // People come for the newest ceremony. The one before it stays open if they are looking at it, but not if it was the
  // newest only while the log was being read.
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
