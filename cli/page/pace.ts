/**
 * How dense and how fast frames are shown: what may be chosen, and how a page chooses by itself from what the other one tells
 * of its reading. Speed changes at any time. Density changes what frames a transfer has, and all that was read of it is lost, so
 * it falls only where nothing is read, and rises only between transfers.
 */
import { FRAGMENT_SIZES } from '../../engine/channel/frames.ts'
import { MAX_PARTS } from '../../engine/channel/limits.ts'
import type { ReadingStatus } from './status-code.ts'

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
export const fragmentFor = (pace: Pace, bytes: number): number => Math.max(pace.fragment, Math.ceil(bytes / MAX_PARTS))

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
