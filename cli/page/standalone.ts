/**
 * The page by itself, opened as a file: it shows a line of text as codes, and reads codes into a line of text. It
 * stores no text.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { makeMessageReceiver } from '../../engine/channel/frames.ts'
import type { ReceivedMessage } from '../../engine/channel/frames.ts'
import { isForeign } from '../../engine/channel/ur.ts'
import { makeCameraCard } from './camera-card.ts'
import { makeReader } from './reader.ts'
import { makeCamera } from './camera.ts'
import { makeCodeCard } from './code-card.ts'
import { el, setAttribute, setText } from '../../storage/page/dom.ts'
import { bindKeys, button, setShown } from './dom.ts'
import { pageFailure } from './failures.ts'
import { framesIn, lineOf, messageOf } from './paste.ts'
import type { PageMemory } from './connection.ts'
import { isStatus, makePacing, makeRate, makeShower } from './shower.ts'
import type { CameraState, PageTrouble } from './view.ts'

/** Frames of another transfer in a row after which that one is read. */
const SWITCH_AFTER = 3
const SEEN_FOR = 700

export function startStandalone(kept: PageMemory): void {
  document.documentElement.dataset['role'] = 'alone'
  document.title = 'keyrite: show and scan codes'
  const show = makeShowTab(kept)
  const scan = makeScanTab(kept)
  const tabs = { show, scan }
  const buttons = { show: tab('show', 'Show'), scan: tab('scan', 'Scan') }

  function tab(name: 'show' | 'scan', text: string): HTMLButtonElement {
    return button(text, () => open(name), { role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}`, onkeydown: (event) => {
      if (event instanceof KeyboardEvent && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) open(name === 'show' ? 'scan' : 'show')
    } })
  }

  function open(name: 'show' | 'scan', isFirst = false): void {
    for (const one of ['show', 'scan'] as const) {
      const isOpen = one === name
      setAttribute(buttons[one], 'aria-selected', String(isOpen))
      setAttribute(buttons[one], 'tabindex', isOpen ? 0 : -1)
      setShown(tabs[one].node, isOpen)
      if (!isOpen) tabs[one].leave()
    }
    tabs[name].enter()
    if (!isFirst) buttons[name].focus()
  }

  document.body.replaceChildren(
    el('header', { class: 'top' }, el('div', { class: 'bar' }, el('p', { class: 'badge' }, el('strong', {}, 'keyrite'), ' ', el('span', {}, 'by itself')), el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'What to do' }, buttons.show, buttons.scan))),
    el('main', { class: 'alone' }, el('h1', { class: 'alone-title' }, 'A line of text as codes, and codes as a line of text'), el('p', { class: 'soft' }, 'This page works by itself: it needs no network, speaks to nobody, and keeps nothing.'), show.node, scan.node),
  )
  bindKeys((key) => !show.node.hidden && show.press(key))
  open('show', true)
}

interface Tab {
  readonly node: HTMLElement
  readonly enter: () => void
  readonly leave: () => void
}

const panel = (name: string, ...children: readonly HTMLElement[]): HTMLElement =>
  el('section', { class: 'panel', role: 'tabpanel', id: `panel-${name}`, 'aria-labelledby': `tab-${name}` }, ...children)

function makeShowTab(kept: PageMemory): Tab & { readonly press: (key: string) => boolean } {
  const line = el('textarea', { id: 'to-show', rows: 4, spellcheck: 'false', autocomplete: 'off', placeholder: 'UR:KEYRITE/…', oninput: () => read() })
  const trouble = el('p', { class: 'trouble', role: 'alert' })
  const pacing = makePacing(kept, () => {
    shower.setPace(pacing.pace())
    code.setPace(pacing.pace(), pacing.isAutomatic())
  })
  const code = makeCodeCard({
    message: () => shower.message(), onPace: (change) => pacing.choose(change), onTaken: undefined,
    isHintSeen: () => kept.get('hint') === 'seen', onHintSeen: () => kept.set('hint', 'seen'),
  })
  const shower = makeShower({
    canvas: code.canvas, paper: code.paper, pace: pacing.pace(),
    onFrame: (shown, { partCount }) => code.setFrame(partCount === 1 ? 'one code' : `code ${shown}, any ${partCount} do`),
  })
  const node = panel(
    'show', el('div', { class: 'card say' }, el('label', { for: 'to-show' }, 'Paste the line that Copy as text gave on another page. It is shown at once.'), line, trouble), code.node,
  )
  code.setPace(pacing.pace(), false)
  pacing.choose({ isAutomatic: false })

  function read(): void {
    const why = line.value.trim() === '' ? '' : play(line.value)
    if (why !== undefined) shower.stop()
    setShown(code.node, why === undefined)
    setText(trouble, why ?? '')
    setShown(trouble, why !== undefined && why !== '')
    if (why === undefined) code.update({ kind: 'transfer', title: 'For the other machine’s camera', heard: null, isTaken: false })
  }

  /** @returns the reason why the text is refused, or undefined */
  function play(text: string): string | undefined {
    try {
      const message = messageOf(text)
      if (message === 'part') return 'That is one code of several. Paste the whole line that Copy as text gave on the other page.'
      shower.play(message)
      return undefined
    } catch (why) {
      if (!isKeyriteError(why)) throw why
      return why.message
    }
  }

  read()
  return { node, enter: read, leave: () => shower.stop(), press: code.press }
}

function makeScanTab(kept: PageMemory): Tab {
  let camera: CameraState = { kind: 'off' }
  let read: { seen: number; needed: number } | null = null
  let trouble: PageTrouble | null = null
  let lastSeen = 0
  let isOpen = false
  const rate = makeRate()
  const receiver = makeMessageReceiver({ switchAfter: SWITCH_AFTER })
  const card = makeCameraCard({ onPick: (id) => device.start(id), onAgain: () => device.start(), onPaste: pasted })
  const device = makeCamera({
    video: card.video, kept, onChange: (state) => {
      camera = state
      render()
    },
  })
  const reader = makeReader({
    video: card.video, onText: scanned, onBroken: () => {
      camera = { kind: 'failed', failure: 'no-reader' }
      render()
    },
  })
  const line = el('textarea', { id: 'scanned', class: 'line', readonly: true, rows: 6 })
  const told = el('p', { role: 'status' })
  const copy = button('Copy', () => void copyLine(), { class: 'main' })
  const done = el('div', { class: 'card say' }, el('label', { for: 'scanned' }, 'All read. This line is what was shown:'), line, told, el('p', { class: 'buttons' }, copy, button('Scan another', again, { class: 'plain' })))
  const node = panel('scan', card.node, done)
  setInterval(() => {
    if (isOpen) render()
  }, 250)

  function scanned(text: string): void {
    if (isStatus(text)) return
    if (isForeign(text)) {
      const { title, what, todo } = pageFailure('not-keyrite')
      trouble = { message: `${title}. ${what}`, todo: todo.join(' ') }
      render()
      return
    }
    lastSeen = performance.now()
    take(receiver.receive(text))
  }

  function take(received: ReceivedMessage): void {
    trouble = received.state === 'ignored' || received.state === 'failed' ? { message: received.why.message, todo: received.why.todo } : null
    if (received.state === 'progress') read = { seen: received.seen, needed: received.needed }
    if (received.state === 'failed') read = null
    if (received.state === 'complete') {
      read = { seen: received.needed, needed: received.needed }
      line.value = lineOf(received.message)
    }
    if (read !== null) rate.tell(performance.now(), read.seen)
    render()
  }

  function pasted(text: string): Promise<string | undefined> {
    const found = framesIn(text, Number.MAX_SAFE_INTEGER)
    if (found.kind === 'nothing') return Promise.resolve(found.why)
    for (const frame of found.frames) take(receiver.receive(frame))
    return Promise.resolve(trouble === null ? undefined : `${trouble.message} ${trouble.todo}`)
  }

  function again(): void {
    receiver.startOver()
    read = null
    line.value = ''
    setText(told, '')
    render()
  }

  async function copyLine(): Promise<void> {
    try {
      await navigator.clipboard.writeText(line.value)
      setText(told, 'Copied.')
    } catch {
      const { title, todo } = pageFailure('clipboard')
      setText(told, [`${title}.`, ...todo].join(' '))
      line.focus()
      line.select()
    }
  }

  function render(): void {
    const now = performance.now()
    const isDone = line.value !== ''
    setShown(done, isDone)
    setShown(card.node, !isDone)
    reader.look(isOpen && camera.kind === 'on' && !isDone)
    card.update({
      camera, isReading: true, isShowing: false, read, trouble, isSeeing: now - lastSeen < SEEN_FOR,
      secondsLeft: rate.secondsLeft(now, read?.needed ?? 0),
    })
  }

  render()
  return {
    node,
    enter: () => {
      isOpen = true
      device.start()
    },
    leave: () => {
      isOpen = false
      if (camera.kind !== 'off') device.stop()
      reader.look(false)
    },
  }
}
