/** The card with the camera's picture, the progress of reading, and the ways out where there is no camera. */
import { el, setAttribute, setText } from '../../storage/page/dom.ts'
import { button, setShown, withCode } from './dom.ts'
import { pageFailure } from './failures.ts'
import type { PageFailure } from './failures.ts'
import { timeLeft } from './shower.ts'
import type { CameraState, PageTrouble } from './view.ts'

export interface CameraShown {
  readonly camera: CameraState
  readonly isReading: boolean
  /** True while this machine shows a code too. */
  readonly isShowing: boolean
  readonly read: { readonly seen: number; readonly needed: number } | null
  readonly secondsLeft: number | null
  readonly trouble: PageTrouble | null
  /** True if a code was read a moment ago. */
  readonly isSeeing: boolean
}

export interface CameraCardUse {
  readonly onPick: (id: string) => void
  readonly onAgain: () => void
  /** Takes a text that was pasted in place of a camera's codes. Gives the reason why it is refused, or undefined. */
  readonly onPaste: (text: string) => Promise<string | undefined>
}

export interface CameraCard {
  readonly node: HTMLElement
  readonly video: HTMLVideoElement
  readonly update: (shown: CameraShown) => void
}

export function makeCameraCard({ onPick, onAgain, onPaste }: CameraCardUse): CameraCard {
  const video = el('video', { muted: true, playsinline: true, autoplay: true, 'aria-label': 'What this machine’s camera sees' })
  video.muted = true
  const guide = el('div', { class: 'guide', 'aria-hidden': 'true' }, el('i'), el('i'), el('i'), el('i'))
  const note = el('p', { class: 'finder-note' })
  const failure = el('div', { class: 'camera-failure', role: 'alert' })
  const finder = el('div', { class: 'finder' }, video, guide, note, failure)
  const title = el('h2', { class: 'card-title', id: 'camera-title' })
  const bar = el('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Codes read', 'aria-valuemin': 0 }, el('div', { class: 'progress-done' }))
  const count = el('p', { class: 'count' })
  const left = el('p', { class: 'left' })
  const trouble = el('p', { class: 'trouble', role: 'alert' })
  const select = el('select', { id: 'camera-choice', onchange: () => onPick(select.value) })
  const picker = el('p', { class: 'picker' }, el('label', { for: 'camera-choice' }, 'Camera'), select)
  const { node: paste, open: openPaste } = pasteBox(onPaste)
  const node = el(
    'section', { class: 'card camera-card', 'aria-labelledby': 'camera-title' },
    el('div', { class: 'card-head' }, title, picker), finder,
    el('div', { class: 'reading' }, el('div', { class: 'counts' }, count, left), bar), trouble, paste,
  )
  let failureName = ''

  function update(shown: CameraShown): void {
    const { camera, read, isReading } = shown
    setText(title, isReading ? 'Reads the other machine' : 'Looks how the other machine reads')
    node.dataset['camera'] = camera.kind
    node.dataset['seeing'] = String(shown.isSeeing)
    showCamera(shown)
    const needed = read?.needed ?? 0
    const seen = Math.min(read?.seen ?? 0, needed)
    setShown(bar, isReading)
    setShown(count, isReading)
    setShown(paste, isReading)
    setText(count, countText(seen, needed, shown.isSeeing))
    setText(left, !isReading || needed === 0 || seen >= needed || shown.secondsLeft === null ? '' : `${timeLeft(shown.secondsLeft)} left`)
    setAttribute(bar, 'aria-valuemax', Math.max(1, needed))
    setAttribute(bar, 'aria-valuenow', seen)
    setAttribute(bar, 'aria-valuetext', needed === 0 ? 'nothing yet' : `${seen} of ${needed}`)
    const done = bar.firstElementChild
    if (done instanceof HTMLElement) done.style.width = `${needed === 0 ? 0 : (100 * seen) / needed}%`
    setText(trouble, shown.trouble === null ? '' : `${shown.trouble.message} ${shown.trouble.todo}`)
    setShown(trouble, shown.trouble !== null)
  }

  function showCamera({ camera, isReading, isShowing }: CameraShown): void {
    const isOn = camera.kind === 'on'
    setShown(guide, isOn)
    setShown(note, camera.kind !== 'failed')
    setText(note, noteText(camera))
    setShown(picker, isOn && camera.cameras.length > 1)
    if (isOn) fill(camera)
    const name = camera.kind === 'failed' ? `${camera.failure} ${isReading} ${isShowing}` : ''
    if (name === failureName) return
    failureName = name
    setShown(failure, camera.kind === 'failed')
    if (camera.kind !== 'failed') return
    const turn = camera.failure === 'no-camera' || camera.failure === 'unplugged' ? [turnText(isReading, isShowing)] : []
    failure.replaceChildren(...failureNodes(pageFailure(camera.failure), turn), el('p', {}, button('Try again', onAgain, { class: 'plain' })))
    if (isReading && !isShowing) openPaste()
  }

  function fill({ cameras, id }: Extract<CameraState, { readonly kind: 'on' }>): void {
    const same = cameras.length === select.options.length && cameras.every((one, i) => select.options[i]?.value === one.id)
    if (!same) select.replaceChildren(...cameras.map((one) => el('option', { value: one.id }, one.name)))
    select.value = id
  }

  return { node, video, update }
}

const noteText = (camera: CameraState): string => {
  switch (camera.kind) {
    case 'asking': return 'The browser asks whether this page may use the camera: press Allow. Its pictures never leave this page.'
    case 'off': return 'The camera rests.'
    case 'on': return ''
    case 'failed': return ''
  }
}

/** Says whose turn it is, where two machines share one camera. */
function turnText(isReading: boolean, isShowing: boolean): string {
  if (isReading && isShowing) return 'First let the other machine’s camera read the code here. Then bring the camera to this machine, to read what the other one shows.'
  if (isReading) return 'It is this machine’s turn to read: bring the camera here.'
  return 'The other machine needs the camera now, not this one: point it at the code here.'
}

function countText(seen: number, needed: number, isSeeing: boolean): string {
  if (needed === 0) return isSeeing ? 'Sees the other machine; nothing to read yet' : 'Nothing read yet'
  return seen >= needed ? `All ${needed} read` : `${seen} of ${needed} read`
}

/** @param first sentences before the ways out */
export function failureNodes({ title, what, todo }: PageFailure, first: readonly string[] = []): HTMLElement[] {
  return [
    el('h3', {}, title), el('p', {}, ...first.map((text) => el('strong', {}, `${text} `)), what),
    el('ul', {}, ...todo.map((text) => el('li', {}, ...withCode(text)))),
  ]
}

function pasteBox(onPaste: CameraCardUse['onPaste']): { readonly node: HTMLDetailsElement; readonly open: () => void } {
  const text = el('textarea', { id: 'pasted', rows: 3, spellcheck: 'false', autocomplete: 'off', placeholder: 'UR:KEYRITE/…' })
  const trouble = el('p', { class: 'trouble', role: 'alert' })
  const send = async (): Promise<void> => {
    const why = await onPaste(text.value)
    setText(trouble, why ?? '')
    setShown(trouble, why !== undefined)
    if (why === undefined) text.value = ''
  }
  setShown(trouble, false)
  const node = el(
    'details', { class: 'paste' }, el('summary', {}, 'No camera?'),
    el('label', { for: 'pasted' }, 'Paste what the other page copied, or single codes:'), text, trouble,
    el('p', { class: 'buttons' }, button('Read this text', () => void send(), { class: 'plain' })),
  )
  return { node, open: () => (node.open = true) }
}
