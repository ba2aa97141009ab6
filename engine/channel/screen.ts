/** The showing side of the terminal carrier: an animated QR code, sized to the window, with keys for density and speed. */
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import { alarm } from '../base/signals.ts'
import { MIN_FRAGMENT } from './carrier.ts'
import type { CarrierProgress } from './carrier.ts'
import { channelError } from './errors.ts'
import { fragmentFor, MAX_VERSION, qrMatrix, QUIET_ZONE, sizeOfVersion, UNREADABLE_VERSION } from './qr.ts'
import type { QrMatrix } from './qr.ts'
import { makeSending } from './transfer.ts'
import type { Sending } from './transfer.ts'

// A QR code as terminal cells: two modules in a cell, one above the other. Every cell sets both its colours, so that themes do not
// matter. A cell of one colour is a space, since many fonts leave seams in a block that should fill its cell.

export interface Window {
  readonly columns: number
  readonly rows: number
}

/** A palette. `256` works in every terminal in use; its colours 16 and 231 are pure black and white, whatever the theme. */
export type Colours = '256' | '24bit'

/** The fewest light modules around the code with which readers still work, for small windows. */
const LEAST_MARGIN = 2

/** The lowest version whose frames hold a useful fragment, 22 bytes. */
const LEAST_VERSION = 4

/** The rows below the code: the last row shows the progress. */
const STATUS_ROWS = 1

/** The number of modules that fit the window, in both directions. */
const roomOf = ({ columns, rows }: Window): number => Math.min(columns, 2 * (rows - STATUS_ROWS))

/** The smallest window, which the lowest version needs. */
export const LEAST_WINDOW: Window = {
  columns: sizeOfVersion(LEAST_VERSION) + 2 * LEAST_MARGIN,
  rows: Math.ceil((sizeOfVersion(LEAST_VERSION) + 2 * LEAST_MARGIN) / 2) + STATUS_ROWS,
}

/** Does a code with this many modules a side fit, with the least margin? */
const fitsWindow = (size: number, window: Window): boolean => size + 2 * LEAST_MARGIN <= roomOf(window)

/** The greatest version that fits the window, or undefined if not even the lowest does. */
export function versionForWindow(window: Window): number | undefined {
  for (let version = MAX_VERSION; version >= LEAST_VERSION; version--) {
    if (version !== UNREADABLE_VERSION && fitsWindow(sizeOfVersion(version), window)) return version
  }
  return undefined
}

/** The version and fragment size for a window. `atMost` is the densest version that the owner wants. Undefined if the window is too small. */
export function fragmentForWindow(window: Window, atMost: number = MAX_VERSION): { readonly version: number; readonly fragment: number } | undefined {
  const largest = versionForWindow(window)
  if (largest === undefined) return undefined
  const version = Math.max(LEAST_VERSION, Math.min(largest, atMost === UNREADABLE_VERSION ? UNREADABLE_VERSION - 1 : atMost))
  return { version, fragment: fragmentFor(version) }
}

const ESC = '\u001b['
const CODES = {
  '256': { dark: '5;16', light: '5;231' },
  '24bit': { dark: '2;0;0;0', light: '2;255;255;255' },
} as const

/** The sequence that moves the cursor to a cell; rows and columns count from 1. */
const moveTo = (row: number, column: number): string => `${ESC}${row};${column}H`

/**
 * The text that paints a code and its quiet zone, and nothing else, in the middle of the window's width.
 *
 * @param matrix a code that fits the window
 */
export function paintQr(matrix: QrMatrix, window: Window, colours: Colours = '256'): string {
  const { size, modules } = matrix
  const margin = Math.max(0, Math.min(QUIET_ZONE, Math.floor((roomOf(window) - size) / 2)))
  const side = size + 2 * margin
  const left = Math.floor((window.columns - side) / 2) + 1
  const { dark, light } = CODES[colours]
  const isDark = (row: number, column: number): boolean =>
    row >= 0 && row < size && column >= 0 && column < size && modules[row * size + column] === 1
  let text = ''
  for (let line = 0; line < Math.ceil(side / 2); line++) {
    text += moveTo(line + 1, Math.max(1, left))
    let before = ''
    for (let x = 0; x < side; x++) {
      const above = isDark(2 * line - margin, x - margin) ? dark : light
      const below = isDark(2 * line + 1 - margin, x - margin) ? dark : light
      const style = `${ESC}38;${above};48;${below}m`
      text += (style === before ? '' : style) + (above === below ? ' ' : '▀')
      before = style
    }
  }
  return `${text}${ESC}0m`
}

/** The text that paints the last row, cut to the window. */
const paintStatus = (text: string, { columns, rows }: Window): string =>
  `${moveTo(rows, 1)}${ESC}0m${ESC}2K${text.slice(0, Math.max(0, columns - 1))}`

/** The sequence that enters a second screen without a cursor, so that the window's contents come back afterwards. */
const ENTER_SCREEN = `${ESC}?1049h${ESC}?25l${ESC}2J`
export const LEAVE_SCREEN = `${ESC}0m${ESC}?25h${ESC}?1049l`
const CLEAR_SCREEN = `${ESC}0m${ESC}2J`

/** The speeds that the keys step through, in frames a second. */
const SPEEDS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15]
const DEFAULT_SPEED = 5

/** The densest version at first: 400 bytes a frame. A large window could hold more than most cameras read; `+` is for a good one. */
const DENSE_VERSION = 17

/** The last frame number, after which they begin at 1 again, so that longer numbers do not outgrow the code's version. */
const LAST_FRAME = 99_000

/** The window's output. `process.stdout` is one. */
export interface TerminalOutput {
  write(text: string): unknown
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export interface ScreenOptions {
  readonly output: TerminalOutput
  readonly colours: Colours
  /** The speed at first, in frames a second. */
  readonly speed?: number
  /** The most bytes in each frame, even if the window would hold more. */
  readonly fragment?: number
  readonly onProgress: (progress: CarrierProgress) => void
  readonly onProblem: (problem: KeyriteError) => void
  /** Gives further text for the status row. */
  readonly note: () => string
}

export interface QrScreen {
  readonly isShowing: boolean
  /** Shows a text. Resolves after the first full round, or when it is stopped or replaced. */
  show(text: string): Promise<void>
  stop(): void
  /** Paints at once, for example after a change of the window. */
  refresh(): void
  /** Takes a key, one of `SCREEN_KEYS`. */
  press(key: string): void
}

/** The keys: `+` and `=` denser, `-` less dense, `>` faster, `<` slower. */
export const SCREEN_KEYS = '+=-<>'

interface Showing {
  readonly text: string
  readonly finish: () => void
  sending: Sending
  frames: Iterator<string>
  shown: number
}

export function makeScreen(options: ScreenOptions): QrScreen {
  const { output } = options
  let showing: Showing | undefined
  const timer = alarm(tick)
  let speed = SPEEDS.indexOf(options.speed ?? DEFAULT_SPEED)
  if (speed < 0) throw channelError('bad-setting', { what: 'The frame rate', value: options.speed ?? 0, wanted: `one of ${SPEEDS.join(', ')}` })
  /** The densest version to use, however large the window; keys change it. */
  let atMost = DENSE_VERSION
  let layout = ''
  let painted = ''

  // A terminal that does not know its size says 0.
  const windowNow = (): Window => ({ columns: output.columns || 80, rows: output.rows || 24 })

  function prepare(text: string): Sending {
    // A window that is too small stays empty until it is larger, and then the text is framed anew.
    const fragment = (fragmentForWindow(windowNow(), atMost) ?? fragmentForWindow(LEAST_WINDOW))?.fragment ?? MIN_FRAGMENT
    return makeSending(text, { fragment: Math.min(fragment, options.fragment ?? fragment) })
  }

  async function show(text: string): Promise<void> {
    const sending = prepare(text)
    if (showing === undefined) output.write(ENTER_SCREEN)
    else halt()
    await new Promise<void>((resolve) => {
      showing = { text, finish: resolve, sending, frames: sending.frames(), shown: 0 }
      layout = ''
      tick()
    })
  }

  /** Makes the frames anew, after a change of the window or of the density. */
  function reframe(): void {
    if (showing === undefined) return
    try {
      showing.sending = prepare(showing.text)
      showing.frames = showing.sending.frames()
      showing.shown = 0
    } catch (problem) {
      if (!isKeyriteError(problem)) throw problem
      options.onProblem(problem)
    }
  }

  function tick(): void {
    timer.clear()
    const now = showing
    if (now === undefined) return
    timer.set(1000 / (SPEEDS[speed] ?? DEFAULT_SPEED))
    const window = windowNow()
    const isAtEnd = now.shown >= LAST_FRAME
    if (isAtEnd) now.frames = now.sending.frames()
    const next: unknown = now.frames.next().value
    if (typeof next !== 'string') return
    const matrix = qrMatrix(next)
    if (!fitsWindow(matrix.size, window)) {
      tellSmall(window)
      return
    }
    now.shown = isAtEnd ? 1 : now.shown + 1
    paint(now, matrix, window)
    options.onProgress({ direction: 'out', frames: now.shown, needed: now.sending.partCount, bytes: now.sending.bytes })
    if (now.shown >= now.sending.partCount) now.finish()
  }

  /** Says, once for each size of the window, that it is too small. */
  function tellSmall(window: Window): void {
    const newLayout = `${window.columns} ${window.rows} none`
    if (newLayout === layout) return
    layout = newLayout
    output.write(CLEAR_SCREEN + paintStatus('this window is too small for the QR code: enlarge it', window))
    options.onProblem(smallWindow(window))
  }

  function paint(now: Showing, matrix: QrMatrix, window: Window): void {
    const newLayout = `${window.columns} ${window.rows} ${matrix.version}`
    const clear = newLayout === layout ? '' : CLEAR_SCREEN
    layout = newLayout
    const place = now.sending.partCount === 1 ? 'one code' : `code ${now.shown}, any ${now.sending.partCount}+ do`
    const status = `${place} · ${SPEEDS[speed] ?? 0}/s (< >) · size ${matrix.version} (+ -)${options.note()}`
    const picture = paintQr(matrix, window, options.colours) + paintStatus(status, window)
    if (clear === '' && picture === painted) return
    painted = picture
    output.write(clear + picture)
  }

  /** Ends the showing, and leaves the screen as it is. */
  function halt(): void {
    timer.clear()
    showing?.finish()
    showing = undefined
  }

  function stop(): void {
    if (showing === undefined) return
    halt()
    output.write(LEAVE_SCREEN)
  }

  function refresh(): void {
    if (showing === undefined) return
    reframe()
    tick()
  }

  function press(key: string): void {
    if (key === '<' || key === '>') speed = Math.min(SPEEDS.length - 1, Math.max(0, speed + (key === '>' ? 1 : -1)))
    else {
      const step = key === '-' ? -1 : 1
      const now = fragmentForWindow(windowNow(), atMost)?.version ?? LEAST_VERSION
      const wanted = now + step === UNREADABLE_VERSION ? now + 2 * step : now + step
      atMost = fragmentForWindow(windowNow(), wanted)?.version ?? now
      if (atMost !== now) reframe()
    }
    tick()
  }

  return {
    get isShowing() {
      return showing !== undefined
    },
    show,
    stop,
    refresh,
    press,
  }
}

const smallWindow = ({ columns, rows }: Window): KeyriteError =>
  channelError('small-window', { columns, rows, needColumns: LEAST_WINDOW.columns, needRows: LEAST_WINDOW.rows })
