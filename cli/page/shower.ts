/** Paints codes: the frames of a transfer, one after another without end, or one small code that stays. */
import { alarm } from '../../engine/base/signals.ts'
import { MAX_PARTS } from '../../engine/channel/carrier.ts'
import { FRAGMENT_SIZES, sendMessage } from '../../engine/channel/frames.ts'
import type { Sending } from '../../engine/channel/frames.ts'
import { qrMatrix, QUIET_ZONE } from '../../engine/channel/qr-matrix.ts'
import type { QrMatrix } from '../../engine/channel/qr-matrix.ts'
import type { PageMemory } from './connection.ts'

// How large a code is painted: whole device pixels a module, so that nothing is smoothed, as many as there is room for.

export interface Crisp {
  /** Device pixels a module. */
  readonly module: number
  /** Device pixels a side, with the white around. */
  readonly side: number
  /** The same in the units of a style sheet. */
  readonly cssSide: number
}

/**
 * @param size modules a side, without the white around
 * @param room the shorter side of the place, in the units of a style sheet
 * @param scale device pixels to such a unit
 */
export function crispFor(size: number, room: number, scale: number): Crisp {
  const modules = size + 2 * QUIET_ZONE
  const module = Math.max(1, Math.floor((room * scale) / modules))
  const side = module * modules
  return { module, side, cssSide: side / scale }
}

// How dense and how fast frames are shown: what may be chosen, and how a page chooses by itself from what the other one tells
// of its reading. Speed changes at any time. Density changes what frames a transfer has, and all that was read of it is lost, so
// it falls only where nothing is read, and rises only between transfers.

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

/** One density up or down. */
export function denser(pace: Pace, step: 1 | -1): Pace {
  const index = FRAGMENTS.indexOf(pace.fragment)
  return { ...pace, fragment: FRAGMENTS[index + step] ?? pace.fragment }
}

/** Bytes a frame for a transfer of so many: a long one has too many parts if they are small. */
export const fragmentAt = (pace: Pace, bytes: number): number => Math.max(pace.fragment, Math.ceil(bytes / MAX_PARTS))

/** What the page has noticed of this transfer at this pace. */
export interface Watch {
  readonly pace: Pace
  /** Since when, in milliseconds, reading goes well, badly or not at all. */
  readonly trend: { readonly kind: 'good' | 'fair' | 'bad' | 'none'; readonly since: number } | null
  /** Has it ever gone badly in this transfer? */
  readonly wasBad: boolean
  /** Has the end of this transfer been counted? */
  readonly isDone: boolean
}

/** Milliseconds for which something lasts before the page does anything about it. */
const PATIENCE = { good: 5000, bad: 4000, none: 6000 } as const

export const watchOf = (pace: Pace): Watch => ({ pace, trend: null, wasBad: false, isDone: false })

/** A transfer begins. */
export const beginWatch = ({ pace }: Watch): Watch => watchOf(pace)

/** What to do after the other page has told of its reading of this very transfer. */
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

/** Of the last frames many tell nothing new, however well they are read. */
function kindOf({ speed }: Pace, { seen, needed, rate }: ReadingStatus): 'good' | 'fair' | 'bad' | 'none' {
  const share = rate / speed
  if (share < 0.05) return 'none'
  if (share < 0.5) return needed - seen <= Math.max(2, needed / 10) ? 'fair' : 'bad'
  return share > 0.85 ? 'good' : 'fair'
}

/** For the next transfer, after one that went well: first faster, then denser. */
function raised(pace: Pace): Pace {
  if (pace.speed < 8) return withSpeed(pace, pace.speed + 1)
  const next = denser(pace, 1)
  return next.fragment === pace.fragment ? withSpeed(pace, pace.speed + 1) : { fragment: next.fragment, speed: DEFAULT_PACE.speed }
}

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

/** Dark modules beside one another at once. */
function paintRow(context: CanvasRenderingContext2D, { size, modules }: QrMatrix, y: number, module: number): void {
  for (let x = 0; x < size; x++) {
    if (modules[y * size + x] !== 1) continue
    const from = x
    while (x + 1 < size && modules[y * size + x + 1] === 1) x += 1
    context.fillRect((from + QUIET_ZONE) * module, (y + QUIET_ZONE) * module, (x + 1 - from) * module, module)
  }
}

// The pace of what this page shows: as its owner chose, or as the page chooses by itself; remembered in this tab.

export interface Pacing {
  readonly pace: () => Pace
  readonly isAutomatic: () => boolean
  /** By its owner's hand. */
  readonly choose: (change: Partial<Pace> & { readonly isAutomatic?: boolean }) => void
  /** Another transfer begins. */
  readonly begin: () => void
  /** The other page has told of its reading of this transfer. */
  readonly hear: (at: number, status: ReadingStatus) => void
}

/** @param onChange hears of the pace, also whenever the page has chosen it; a density that was chosen between transfers only with the next */
export function makePacing(kept: PageMemory, onChange: () => void): Pacing {
  let watch: Watch = watchOf(remembered(kept))
  let isAutomatic = kept.get('automatic') !== 'no'
  /** What is shown with: a denser pace waits for the next transfer. */
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
      // A denser one would begin the transfer anew, which is over.
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

/** How fast the useful frames come, and so how long the rest takes. */

/** Milliseconds that a rate looks back. */
const WINDOW = 6000
/** A rate over less tells nothing. */
const LEAST = 800

interface Mark {
  readonly at: number
  readonly seen: number
}

export interface Rate {
  /** Tells how many useful frames there are, at a time in milliseconds. Fewer than before means another transfer. */
  readonly tell: (at: number, seen: number) => void
  /** Useful frames a second over the last seconds; 0 while nothing is known. */
  readonly perSecond: (at: number) => number
  /** Seconds until so many are there; null while nobody can tell. */
  readonly secondsLeft: (at: number, needed: number) => number | null
}

export function makeRate(): Rate {
  let marks: Mark[] = []

  function tell(at: number, seen: number): void {
    const last = marks.at(-1)
    if (last !== undefined && seen < last.seen) marks = []
    // All the marks in between one change and the next say the same.
    if (marks.at(-1)?.seen !== seen) marks.push({ at, seen })
    // One mark from before the window stays: the rate counts from there.
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

/** `about 12 seconds`, coarse enough not to flicker. */
export function timeLeft(seconds: number): string {
  if (seconds < 3) return 'a moment'
  if (seconds < 20) return `about ${Math.ceil(seconds)} seconds`
  if (seconds < 55) return `about ${5 * Math.ceil(seconds / 5)} seconds`
  const minutes = Math.ceil(seconds / 60)
  if (minutes < 60) return minutes === 1 ? 'about a minute' : `about ${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours === 1 ? 'about an hour' : `about ${hours} hours`
}

// What a page that reads tells the page that shows, by a small code of its own: how much of which transfer it has, and how
// fast that grows. It goes from screen to camera alone and decides about comfort only, so nothing in it is trusted.
//
//     KEYRITE-READS/89ABCDEF/30-83/4.2

export interface ReadingStatus {
  /** CRC-32 of the transfer, as its frames carry it. */
  readonly checksum: number
  readonly seen: number
  readonly needed: number
  /** Useful frames a second. */
  readonly rate: number
}

const PREFIX = 'KEYRITE-READS/'
const FORM = /^KEYRITE-READS\/([0-9A-F]{8})\/([0-9]{1,4})-([0-9]{1,4})\/([0-9]{1,2}\.[0-9])$/

export const isStatus = (text: string): boolean => text.startsWith(PREFIX)

/** In letters that an alphanumeric code has. */
export function writeStatus({ checksum, seen, needed, rate }: ReadingStatus): string {
  const tenths = Math.min(99.9, Math.max(0, rate)).toFixed(1)
  return `${PREFIX}${checksum.toString(16).toUpperCase().padStart(8, '0')}/${seen}-${needed}/${tenths}`
}

/** Undefined for whatever is not exactly such a code. */
export function readStatus(text: string): ReadingStatus | undefined {
  const [, checksum, seen, needed, rate] = FORM.exec(text) ?? []
  const status = { checksum: Number.parseInt(checksum ?? '', 16), seen: Number(seen), needed: Number(needed), rate: Number(rate) }
  return checksum !== undefined && status.needed >= 1 && status.needed <= MAX_PARTS && status.seen <= status.needed ? status : undefined
}
