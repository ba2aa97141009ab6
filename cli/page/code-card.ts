/** The card with the code for the other machine's camera, and the owner's controls of it. */
import { alarm } from '../../engine/base/signals.ts'
import { el, setAttribute, setText } from '../../storage/page/dom.ts'
import { button, setShown } from './dom.ts'
import { pageFailure } from './failures.ts'
import { lineOf } from './paste.ts'
import { DEFAULT_PACE, FASTEST, FRAGMENTS, SLOWEST } from './shower.ts'
import type { Pace } from './shower.ts'

export interface CodeCard {
  readonly node: HTMLElement
  readonly canvas: HTMLCanvasElement
  readonly paper: HTMLElement
  readonly update: (shown: CodeShown) => void
  readonly setPace: (pace: Pace, isAutomatic: boolean) => void
  /** Sets the words about the frame that is shown. */
  readonly setFrame: (text: string) => void
  readonly leaveFull: () => void
  readonly press: (key: string) => boolean
}

/** The content of the card. */
export type CodeShown =
  /** A transfer, and how much of it the other machine has read. */
  | { readonly kind: 'transfer'; readonly title: string; readonly heard: { readonly seen: number; readonly needed: number } | null; readonly isTaken: boolean }
  /** A code that tells the other machine how this one reads. */
  | { readonly kind: 'status' }

export interface CodeCardUse {
  readonly message: () => Uint8Array | undefined
  readonly onPace: (change: { readonly fragment?: number; readonly speed?: number; readonly isAutomatic?: boolean }) => void
  /** Hears the owner say that the other machine has the transfer; undefined where nobody waits for that. */
  readonly onTaken: (() => void) | undefined
  readonly isHintSeen: () => boolean
  readonly onHintSeen: () => void
}

const DENSITIES: Readonly<Record<number, string>> = { 100: 'Coarse', 200: 'Normal', 400: 'Fine' }

export function makeCodeCard(use: CodeCardUse): CodeCard {
  const canvas = el('canvas', { class: 'code', role: 'img', 'aria-label': 'QR code for the other machine’s camera' })
  const paper = el('div', { class: 'paper' }, canvas)
  const title = el('h2', { class: 'card-title' })
  const heard = el('p', { class: 'heard' })
  const frame = el('p', { class: 'frame-count', 'aria-hidden': 'true' })
  const hint = el('p', { class: 'hint' }, 'Turn this screen’s brightness up and its night colours off. ', button('Understood', hideHint, { class: 'link' }))
  const full = button('Full screen', toggleFull, { class: 'plain', 'aria-keyshortcuts': 'F', title: 'Key f' })
  const copy = button('Copy as text', () => void copyLine(), { class: 'plain' })
  const taken = button('The other machine has it', () => use.onTaken?.(), { class: 'plain', title: 'When the other machine has no way to tell so by itself' })
  const trouble = el('p', { class: 'trouble', role: 'alert' })
  const line = el('textarea', { class: 'line', readonly: true, rows: 3, 'aria-label': 'The transfer as one line of text' })
  const { node: controls, set: setControls } = paceControls(use.onPace)
  const node = el(
    'section', { class: 'card code-card', 'aria-labelledby': 'code-title' },
    paper,
    el('div', { class: 'code-tools' }, title, heard, frame, controls, el('div', { class: 'buttons' }, full, copy, taken), hint, trouble, line),
  )
  title.id = 'code-title'
  setShown(trouble, false)
  setShown(line, false)
  let pace = DEFAULT_PACE

  function hideHint(): void {
    use.onHintSeen()
    setShown(hint, false)
  }

  function tell(text: string): void {
    setText(trouble, text)
    setShown(trouble, text !== '')
  }

  function toggleFull(): void {
    if (document.fullscreenElement !== null) {
      leaveFull()
      return
    }
    const { title: what, what: why, todo } = pageFailure('fullscreen')
    const refused = (): void => tell([`${what}.`, why, ...todo].join(' '))
    if (!document.fullscreenEnabled) refused()
    else void node.requestFullscreen({ navigationUI: 'hide' }).then(() => tell(''), refused)
  }

  function leaveFull(): void {
    if (document.fullscreenElement !== null) void document.exitFullscreen().catch(() => undefined)
  }

  const calm = alarm(() => setText(copy, 'Copy as text'))

  async function copyLine(): Promise<void> {
    const message = use.message()
    if (message === undefined) return
    line.value = lineOf(message)
    try {
      await navigator.clipboard.writeText(line.value)
      setShown(line, false)
      tell('')
      setText(copy, 'Copied')
      calm.set(2500)
    } catch {
      const { title: what, todo } = pageFailure('clipboard')
      tell([`${what}.`, ...todo].join(' '))
      setShown(line, true)
      line.focus()
      line.select()
    }
  }

  function update(shown: CodeShown): void {
    const isTransfer = shown.kind === 'transfer'
    node.dataset['kind'] = shown.kind
    setText(title, isTransfer ? shown.title : 'How well this machine reads')
    for (const one of [controls, copy, full]) setShown(one, isTransfer)
    setShown(taken, isTransfer && use.onTaken !== undefined)
    setShown(hint, isTransfer && !use.isHintSeen())
    setShown(frame, isTransfer)
    setText(heard, heardText(shown))
    setShown(heard, heard.textContent !== '')
    heard.classList.toggle('is-good', isTransfer && (shown.isTaken || (shown.heard !== null && shown.heard.seen >= shown.heard.needed)))
    if (!isTransfer) {
      leaveFull()
      setShown(line, false)
      tell('')
    }
  }

  function setPace(next: Pace, isAutomatic: boolean): void {
    pace = next
    setControls(next, isAutomatic)
  }

  function press(key: string): boolean {
    if (node.dataset['kind'] !== 'transfer') return false
    const index = FRAGMENTS.indexOf(pace.fragment)
    if (key === 'f' || key === 'F') toggleFull()
    else if (key === '+' || key === '=') change({ fragment: FRAGMENTS[index + 1] ?? pace.fragment })
    else if (key === '-') change({ fragment: FRAGMENTS[index - 1] ?? pace.fragment })
    else if (key === '>' || key === '.') change({ speed: Math.min(FASTEST, pace.speed + 1) })
    else if (key === '<' || key === ',') change({ speed: Math.max(SLOWEST, pace.speed - 1) })
    else return false
    return true
  }

  const change = (one: { readonly fragment?: number; readonly speed?: number }): void => use.onPace({ ...one, isAutomatic: false })

  return { node, canvas, paper, update, setPace, setFrame: (text) => setText(frame, text), leaveFull, press }
}

function heardText(shown: CodeShown): string {
  if (shown.kind === 'status') return 'Leave this code in sight of the other machine’s camera.'
  if (shown.isTaken) return 'The other machine has all of it.'
  const { heard } = shown
  if (heard === null) return 'Point the other machine’s camera at this code.'
  return heard.seen >= heard.needed ? `The other machine has read all ${heard.needed}.` : `The other machine has read ${heard.seen} of ${heard.needed}.`
}

/** The controls of density and speed, and of whether the page chooses both. */
function paceControls(onPace: CodeCardUse['onPace']): { readonly node: HTMLElement; readonly set: (pace: Pace, isAutomatic: boolean) => void } {
  const radios = FRAGMENTS.map((fragment) => el('input', {
    type: 'radio', name: 'density', value: fragment, onchange: () => onPace({ fragment, isAutomatic: false }),
  }))
  const density = el(
    'fieldset', { class: 'density', title: 'Keys + and -' }, el('legend', {}, 'Codes'),
    ...radios.map((radio, i) => el('label', {}, radio, el('span', {}, DENSITIES[FRAGMENTS[i] ?? 0] ?? '', el('small', {}, ` ${FRAGMENTS[i] ?? 0} bytes`)))),
  )
  const speed = el('output', { class: 'speed-now' })
  const range = el('input', {
    type: 'range', min: SLOWEST, max: FASTEST, step: 1, id: 'speed', title: 'Keys < and >', oninput: () => onPace({ speed: Number(range.value), isAutomatic: false }),
  })
  const automatic = el('input', { type: 'checkbox', onchange: () => onPace({ isAutomatic: automatic.checked }) })
  const node = el(
    'div', { class: 'pace' }, density,
    el('div', { class: 'speed', title: 'Keys < and >' }, el('label', { for: 'speed' }, 'Speed'), speed, range),
    el('label', { class: 'automatic', title: 'This page chooses by what the other machine tells of its reading' }, automatic, el('span', {}, 'Choose both automatically')),
  )

  function set(pace: Pace, isAutomatic: boolean): void {
    radios.forEach((radio, i) => (radio.checked = FRAGMENTS[i] === pace.fragment))
    if (Number(range.value) !== pace.speed) range.value = String(pace.speed)
    setAttribute(range, 'aria-valuetext', `${pace.speed} codes a second`)
    setText(speed, `${pace.speed} a second`)
    automatic.checked = isAutomatic
  }

  return { node, set }
}
