/** The showing side of the terminal carrier: an animated QR code, sized to the window, with keys for density and speed. */
import { KeyriteError } from '../base/errors.ts'
import type { CarrierProgress } from './carrier.ts'
import { channelError } from './errors.ts'
import { MIN_FRAGMENT } from './limits.ts'
import { qrMatrix, UNREADABLE_VERSION } from './qr.ts'
import type { QrMatrix } from './qr.ts'
import { CLEAR_SCREEN, ENTER_SCREEN, fitsWindow, fragmentForWindow, LEAST_VERSION, LEAST_WINDOW, LEAVE_SCREEN, paintQr, paintStatus } from './terminal-paint.ts'
import type { Colours, Window } from './terminal-paint.ts'
import { makeSending } from './transfer.ts'
import type { Sending } from './transfer.ts'

/** Frames a second that the keys step through. */
const SPEEDS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15]
const DEFAULT_SPEED = 5

/** 400 bytes a frame. A large window could hold more than most cameras read; who has a good one presses `+`. */
const DENSE_VERSION = 17

/** Frames are numbered from 1 again here, so that their numbers do not outgrow the code's version. */
const LAST_FRAME = 99_000

/** The window, and what goes to it. `process.stdout` is one. */
export interface TerminalOutput {
  write(text: string): unknown
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

export interface ScreenOptions {
  readonly output: TerminalOutput
  readonly colours: Colours
  /** Frames a second at first. */
  readonly speed?: number
  /** The most bytes in each frame, whatever the window would hold. */
  readonly fragment?: number
  readonly onProgress: (progress: CarrierProgress) => void
  readonly onProblem: (problem: KeyriteError) => void
  /** What else the status row tells. */
  readonly note: () => string
}

export interface Screen {
  readonly isShowing: boolean
  /** Resolves after the first full round, or when it is stopped or replaced. */
  show(text: string): Promise<void>
  stop(): void
  /** Paints at once, for example after a change of the window. */
  refresh(): void
  /** One of `SCREEN_KEYS`. */
  press(key: string): void
}

/** `+` and `=` denser, `-` less dense, `>` faster, `<` slower. */
export const SCREEN_KEYS = '+=-<>'

interface Showing {
  readonly text: string
  readonly finish: () => void
  sending: Sending
  frames: Iterator<string>
  shown: number
}

export function makeScreen(options: ScreenOptions): Screen {
  const { output } = options
  let showing: Showing | undefined
  let timer: NodeJS.Timeout | undefined
  let speed = SPEEDS.indexOf(options.speed ?? DEFAULT_SPEED)
  if (speed < 0) throw channelError('bad-setting', { what: 'The frame rate', value: options.speed ?? 0, wanted: `one of ${SPEEDS.join(', ')}` })
  /** The densest version to use, however large the window; keys change it. */
  let atMost = DENSE_VERSION
  let layout = ''
  let painted = ''

  const windowNow = (): Window => ({ columns: output.columns ?? 80, rows: output.rows ?? 24 })

  function prepare(text: string): Sending {
    // In a window that is too small nothing is painted until it is larger, and then it is framed anew.
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

  /** Frames anew, after a change of the window or of the density. */
  function reframe(): void {
    if (showing === undefined) return
    try {
      showing.sending = prepare(showing.text)
      showing.frames = showing.sending.frames()
      showing.shown = 0
    } catch (problem) {
      if (!(problem instanceof KeyriteError)) throw problem
      options.onProblem(problem)
    }
  }

  function tick(): void {
    clearTimeout(timer)
    const now = showing
    if (now === undefined) return
    timer = setTimeout(tick, 1000 / (SPEEDS[speed] ?? DEFAULT_SPEED))
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

  /** Says once for each window that nothing can be painted in it. */
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

  /** Ends what is shown, and leaves the screen as it is. */
  function halt(): void {
    clearTimeout(timer)
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
