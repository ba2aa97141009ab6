/** Paints codes: the frames of a transfer, one after another without end, or one small code that stays. */
import { alarm } from '../../engine/base/signals.ts'
import { MAX_PARTS } from '../../engine/channel/carrier.ts'
import { FRAGMENT_SIZES, sendMessage } from '../../engine/channel/frames.ts'
import type { Sending } from '../../engine/channel/frames.ts'
import { qrMatrix, QUIET_ZONE } from '../../engine/channel/qr-matrix.ts'
import type { QrMatrix } from '../../engine/channel/qr-matrix.ts'
import type { PageMemory } from './connection.ts'

// The size of a painted code: whole device pixels a module, so that nothing is smoothed, and as many as there is room
// for.

export interface Crisp {
  /** Device pixels a module. */
  readonly module: number
  /** Device pixels a side, with the quiet zone. */
  readonly side: number
  /** The same in CSS pixels. */
  readonly cssSide: number
}

/**
 * @param size modules a side, without the quiet zone
 * @param room the shorter side of the place, in CSS pixels
 * @param scale device pixels in a CSS pixel
 */
export function crispFor(size: number, room: number, scale: number): Crisp {
  const modules = size + 2 * QUIET_ZONE
  const module = Math.max(1, Math.floor((room * scale) / modules))
  const side = module * modules
  return { module, side, cssSide: side / scale }
}

// The density and speed of frames: the possible values, and how a page chooses by itself from the other page's reports
// of its reading. Speed changes at any time. A change of density cuts a transfer into other frames, and all that was
// read of it is lost. So density falls only where nothing is read, and rises only between transfers.

export interface Pace {
  /** Bytes a frame. */
  readonly fragment: number
  /** Frames a second. */
  readonly speed: number
}

export const FRAGMENTS: readonly number[] = [FRAGMENT_SIZES.sparse, FRAGMENT_SIZES.normal, FRAGMENT_SIZES.dense]
export const SLOWEST = 3
export const FASTEST = 10
export const DEFAULT_PACE: Pace = { fragment: FRAGMENT_SIZES.normal, speed: 5 }

export const withSpeed = (pace: Pace, speed: number): Pace => ({ ...pace, speed: Math.min(FASTEST, Math.max(SLOWEST, Math.round(speed))) })

/** The pace with the next higher or lower density. */
export function denser(pace: Pace, step: 1 | -1): Pace {
  const index = FRAGMENTS.indexOf(pace.fragment)
  return { ...pace, fragment: FRAGMENTS[index + step] ?? pace.fragment }
}

/** Bytes a frame for a transfer of so many bytes. A long transfer would have too many parts if they were small. */
export const fragmentAt = (pace: Pace, bytes: number): number => Math.max(pace.fragment, Math.ceil(bytes / MAX_PARTS))

/** The observations of this transfer at this pace. */
export interface Watch {
  readonly pace: Pace
  /** The quality of reading, and the time in milliseconds since when it is so. */
  readonly trend: { readonly kind: 'good' | 'fair' | 'bad' | 'none'; readonly since: number } | null
  /** True if reading has gone badly at any time in this transfer. */
  readonly wasBad: boolean
  /** True once the end of this transfer was counted. */
  readonly isDone: boolean
}

/** Milliseconds for which a quality lasts before the pace changes. */
const PATIENCE = { good: 5000, bad: 4000, none: 6000 } as const

export const watchOf = (pace: Pace): Watch => ({ pace, trend: null, wasBad: false, isDone: false })

/** The watch at the beginning of a transfer. */
export const beginWatch = ({ pace }: Watch): Watch => watchOf(pace)

/** The watch after the other page's report of its reading of this very transfer. */
export function adapt(watch: Watch, at: number, status: ReadingStatus): Watch {
  if (status.seen >= status.needed) return watch.isDone ? watch : { ...watch, isDone: true, trend: null, pace: watch.wasBad ? watch.pace : raised(watch.pace) }
  const kind = kindOf(watch.pace, status)
  if (watch.trend?.kind !== kind) return { ...watch, trend: { kind, since: at } }
  const { since } = watch.trend
  if (kind === 'fair' || at - since < PATIENCE[kind]) return watch
  const trend = { kind, since: at }
  if (kind === 'good') return { ...watch, trend, pace: withSpeed(watch.pace, watch.pace.speed + 1) }
  const slower = withSpeed(watch.pace, watch.pace.speed - 2)
  const pace = kind === 'bad' || watch.pace.fragment === FRAGMENTS[0] ? slower : denser(watch.pace, -1)
  return { pace, trend, wasBad: true, isDone: false }
}

/** The quality of reading. Near the end many frames tell nothing new, however well they are read. */
function kindOf({ speed }: Pace, { seen, needed, rate }: ReadingStatus): 'good' | 'fair' | 'bad' | 'none' {
  const share = rate / speed
  if (share < 0.05) return 'none'
  if (share < 0.5) return needed - seen <= Math.max(2, needed / 10) ? 'fair' : 'bad'
  return share > 0.85 ? 'good' : 'fair'
}

/** The pace for the next transfer, after one that went well: first faster, then denser. */
function raised(pace: Pace): Pace {
  if (pace.speed < 8) return withSpeed(pace, pace.speed + 1)
  const next = denser(pace, 1)
  return next.fragment === pace.fragment ? withSpeed(pace, pace.speed + 1) : { fragment: next.fragment, speed: DEFAULT_PACE.speed }
}

export interface Shower {
  /** Shows a transfer from its first frame on. */
  readonly play: (message: Uint8Array) => void
  /** Changes the pace. A new density begins the transfer anew. */
  readonly setPace: (pace: Pace) => void
  /** Shows one code that stays, in place of a transfer. */
  readonly still: (text: string) => void
  readonly stop: () => void
  readonly message: () => Uint8Array | undefined
  readonly sending: () => Sending | undefined
}

export interface ShowerOptions {
  readonly canvas: HTMLCanvasElement
  /** The element whose size bounds the code's. */
  readonly paper: HTMLElement
  readonly pace: Pace
  /** Hears that a frame was painted: its number in the transfer, from 1. */
  readonly onFrame: (shown: number, sending: Sending) => void
}

/** After this many frames the transfer begins again, so that the frames' numbers do not outgrow the code's version. */
const LAST_FRAME = 99_000

export function makeShower({ canvas, paper, onFrame, ...options }: ShowerOptions): Shower {
  let { pace } = options
  let current: { readonly message: Uint8Array; sending: Sending; frames: Iterator<string, never>; shown: number } | undefined
  let matrix: QrMatrix | undefined
  const timer = alarm(tick)
  let due = 0

  function frame(message: Uint8Array): void {
    const sending = sendMessage(message, { fragment: fragmentAt(pace, message.length) })
    current = { message, sending, frames: sending.frames(), shown: 0 }
  }

  function play(message: Uint8Array): void {
    frame(message)
    due = performance.now()
    tick()
  }

  function tick(): void {
    timer.clear()
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
    timer.set(due - now)
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
    timer.clear()
    current = undefined
    matrix = qrMatrix(text)
    paint()
  }

  function stop(): void {
    timer.clear()
    current = undefined
    matrix = undefined
  }

  new ResizeObserver(paint).observe(paper)
  return { play, setPace, still, stop, message: () => current?.message, sending: () => current?.sending }
}

/** Paints a row, with neighbouring dark modules in one rectangle. */
function paintRow(context: CanvasRenderingContext2D, { size, modules }: QrMatrix, y: number, module: number): void {
  for (let x = 0; x < size; x++) {
    if (modules[y * size + x] !== 1) continue
    const from = x
    while (x + 1 < size && modules[y * size + x + 1] === 1) x += 1
    context.fillRect((from + QUIET_ZONE) * module, (y + QUIET_ZONE) * module, (x + 1 - from) * module, module)
  }
}

// The pace of this page, chosen by its owner or by the page itself, and remembered in this tab.

export interface Pacing {
  readonly pace: () => Pace
  readonly isAutomatic: () => boolean
  /** Takes the owner's choice. */
  readonly choose: (change: Partial<Pace> & { readonly isAutomatic?: boolean }) => void
  /** Hears that another transfer begins. */
  readonly begin: () => void
  /** Hears the other page's report of its reading of this transfer. */
  readonly hear: (at: number, status: ReadingStatus) => void
}

/**
 * @param onChange hears of every change of the pace. A denser pace that the page chose takes effect with the next
 * transfer
 */
export function makePacing(kept: PageMemory, onChange: () => void): Pacing {
  let watch: Watch = watchOf(remembered(kept))
  let isAutomatic = kept.get('automatic') !== 'no'
  /** The pace in use. A denser one waits for the next transfer. */
  let pace = watch.pace

  function take(next: Pace): void {
    if (next.fragment === pace.fragment && next.speed === pace.speed) return
    pace = next
    kept.set('fragment', String(next.fragment))
    kept.set('speed', String(next.speed))
    onChange()
  }

  return {
    pace: () => pace,
    isAutomatic: () => isAutomatic,
    choose: ({ isAutomatic: automatic, ...change }) => {
      if (automatic !== undefined) isAutomatic = automatic
      kept.set('automatic', isAutomatic ? undefined : 'no')
      watch = watchOf({ ...pace, ...change })
      take(watch.pace)
      onChange()
    },
    begin: () => {
      watch = beginWatch(watch)
      if (isAutomatic) take(watch.pace)
    },
    hear: (at, status) => {
      if (!isAutomatic) return
      watch = adapt(watch, at, status)
      // A denser pace would begin this transfer anew, though all of it was read.
      if (!watch.isDone) take(watch.pace)
    },
  }
}

function remembered(kept: PageMemory): Pace {
  const fragment = Number(kept.get('fragment'))
  const speed = Number(kept.get('speed'))
  return {
    fragment: FRAGMENTS.includes(fragment) ? fragment : DEFAULT_PACE.fragment,
    speed: Number.isInteger(speed) && speed >= SLOWEST && speed <= FASTEST ? speed : DEFAULT_PACE.speed,
  }
}

/** The rate of useful frames, and the time left. */

/** Milliseconds over which a rate is measured. */
const WINDOW = 6000
/** The fewest milliseconds over which a rate says anything. */
const LEAST = 800

interface Mark {
  readonly at: number
  readonly seen: number
}

export interface Rate {
  /** Records the number of useful frames at a time in milliseconds. A lower number than before means another transfer. */
  readonly tell: (at: number, seen: number) => void
  /** Useful frames a second over the last seconds; 0 while it is unknown. */
  readonly perSecond: (at: number) => number
  /** Seconds until there are as many frames as needed; null while it is unknown. */
  readonly secondsLeft: (at: number, needed: number) => number | null
}

export function makeRate(): Rate {
  let marks: Mark[] = []

  function tell(at: number, seen: number): void {
    const last = marks.at(-1)
    if (last !== undefined && seen < last.seen) marks = []
    // A mark is added only where the number changes; in between it says the same.
    if (marks.at(-1)?.seen !== seen) marks.push({ at, seen })
    // One mark from before the window stays, from which the rate counts.
    while (marks.length > 2 && (marks[1]?.at ?? at) < at - WINDOW) marks.shift()
  }

  function perSecond(at: number): number {
    const last = marks.at(-1)
    const first = marks.find((mark) => mark.at >= at - WINDOW)
    if (last === undefined || first === undefined) return 0
    const start = first === last ? marks.at(-2) ?? first : first
    const time = at - Math.max(start.at, at - WINDOW)
    return time < LEAST ? 0 : (1000 * (last.seen - start.seen)) / Math.max(time, LEAST)
  }

  function secondsLeft(at: number, needed: number): number | null {
    const last = marks.at(-1)
    const rate = perSecond(at)
    if (last === undefined || rate <= 0) return null
    return Math.max(0, needed - last.seen) / rate
  }

  return { tell, perSecond, secondsLeft }
}

/** The time left in words, such as `about 12 seconds`, coarse enough not to flicker. */
export function timeLeft(seconds: number): string {
  if (seconds < 3) return 'a moment'
  if (seconds < 20) return `about ${Math.ceil(seconds)} seconds`
  if (seconds < 55) return `about ${5 * Math.ceil(seconds / 5)} seconds`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return minutes === 1 ? 'about a minute' : `about ${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours === 1 ? 'about an hour' : `about ${hours} hours`
}

// The report that a reading page gives to the showing page, by a small code of its own: how much of which transfer it
// has read, and how fast that grows. It goes from screen to camera and decides about comfort only, so it need not be
// trusted.
//
//     KEYRITE-READS/89ABCDEF/30-83/4.2

export interface ReadingStatus {
  /** The transfer's CRC-32, as its frames carry it. */
  readonly checksum: number
  readonly seen: number
  readonly needed: number
  /** Useful frames a second. */
  readonly rate: number
}

const PREFIX = 'KEYRITE-READS/'
const FORM = /^KEYRITE-READS\/([0-9A-F]{8})\/([0-9]{1,4})-([0-9]{1,4})\/([0-9]{1,2}\.[0-9])$/

export const isStatus = (text: string): boolean => text.startsWith(PREFIX)

/** Writes a report in the characters of QR's alphanumeric mode. */
export function writeStatus({ checksum, seen, needed, rate }: ReadingStatus): string {
  const tenths = Math.min(99.9, Math.max(0, rate)).toFixed(1)
  return `${PREFIX}${checksum.toString(16).toUpperCase().padStart(8, '0')}/${seen}-${needed}/${tenths}`
}

/** Reads a report; undefined for any text that is not exactly one. */
export function readStatus(text: string): ReadingStatus | undefined {
  const [, checksum, seen, needed, rate] = FORM.exec(text) ?? []
  const status = { checksum: Number.parseInt(checksum ?? '', 16), seen: Number(seen), needed: Number(needed), rate: Number(rate) }
  return checksum !== undefined && status.needed >= 1 && status.needed <= MAX_PARTS && status.seen <= status.needed ? status : undefined
}
