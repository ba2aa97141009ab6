/** Paints codes: the frames of a transfer, one after another without end, or one small code that stays. */
import { sendMessage } from '../../engine/channel/frames.ts'
import type { Sending } from '../../engine/channel/frames.ts'
import { QUIET_ZONE, qrMatrix } from '../../engine/channel/qr-matrix.ts'
import type { QrMatrix } from '../../engine/channel/qr-matrix.ts'
import { crispFor } from './crisp.ts'
import { fragmentFor } from './pace.ts'
import type { Pace } from './pace.ts'

export interface Shower {
  /** Shows a transfer from its first frame on. */
  readonly play: (message: Uint8Array) => void
  /** Changes the pace; a new density frames the transfer anew. */
  readonly setPace: (pace: Pace) => void
  /** Shows one code that stays, in place of a transfer. */
  readonly still: (text: string) => void
  readonly stop: () => void
  readonly message: () => Uint8Array | undefined
  readonly sending: () => Sending | undefined
}

export interface ShowerOptions {
  readonly canvas: HTMLCanvasElement
  /** What is as large as a code may be. */
  readonly paper: HTMLElement
  readonly pace: Pace
  /** A frame was painted: which one, of a transfer that began with the first. */
  readonly onFrame: (shown: number, sending: Sending) => void
}

/** Frames are numbered from 1 again here, so that their numbers do not outgrow the code's version. */
const LAST_FRAME = 99_000

export function makeShower({ canvas, paper, onFrame, ...options }: ShowerOptions): Shower {
  let { pace } = options
  let current: { readonly message: Uint8Array; sending: Sending; frames: Iterator<string, never>; shown: number } | undefined
  let matrix: QrMatrix | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let due = 0

  function frame(message: Uint8Array): void {
    const sending = sendMessage(message, { fragment: fragmentFor(pace, message.length) })
    current = { message, sending, frames: sending.frames(), shown: 0 }
  }

  function play(message: Uint8Array): void {
    frame(message)
    due = performance.now()
    tick()
  }

  function tick(): void {
    clearTimeout(timer)
    if (current === undefined) return
    if (current.shown >= LAST_FRAME) frame(current.message)
    const { frames, sending } = current
    current.shown += 1
    matrix = qrMatrix(frames.next().value)
    paint()
    onFrame(current.shown, sending)
    const now = performance.now()
    // A page that was asleep does not catch up.
    due = Math.max(due + 1000 / pace.speed, now)
    timer = setTimeout(tick, due - now)
  }

  function paint(): void {
    if (matrix === undefined) return
    const { clientWidth, clientHeight } = paper
    const room = Math.min(clientWidth, clientHeight)
    if (room === 0) return
    const { module, side, cssSide } = crispFor(matrix.size, room, globalThis.devicePixelRatio)
    if (canvas.width !== side) {
      canvas.width = side
      canvas.height = side
    }
    const length = `${cssSide}px`
    if (canvas.style.width !== length) {
      canvas.style.width = length
      canvas.style.height = length
    }
    const context = canvas.getContext('2d', { alpha: false })
    if (context === null) return
    context.fillStyle = '#fff'
    context.fillRect(0, 0, side, side)
    context.fillStyle = '#000'
    for (let y = 0; y < matrix.size; y++) paintRow(context, matrix, y, module)
  }

  function setPace(next: Pace): void {
    const isFramedAnew = next.fragment !== pace.fragment
    pace = next
    if (current === undefined || !isFramedAnew) return
    play(current.message)
  }

  function still(text: string): void {
    clearTimeout(timer)
    current = undefined
    matrix = qrMatrix(text)
    paint()
  }

  function stop(): void {
    clearTimeout(timer)
    current = undefined
    matrix = undefined
  }

  new ResizeObserver(paint).observe(paper)
  return { play, setPace, still, stop, message: () => current?.message, sending: () => current?.sending }
}

/** Dark modules beside one another at once. */
function paintRow(context: CanvasRenderingContext2D, { size, modules }: QrMatrix, y: number, module: number): void {
  for (let x = 0; x < size; x++) {
    if (modules[y * size + x] !== 1) continue
    const from = x
    while (x + 1 < size && modules[y * size + x + 1] === 1) x += 1
    context.fillRect((from + QUIET_ZONE) * module, (y + QUIET_ZONE) * module, (x + 1 - from) * module, module)
  }
}
