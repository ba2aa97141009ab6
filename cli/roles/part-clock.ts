/** The progress of a transfer in parts, in words, and the time that the rest will take. */
import type { PartProgress } from '../../engine/run/parts.ts'
import { duration } from '../../engine/base/time.ts'

export interface PartsNow {
  readonly direction: PartProgress['direction']
  /** The progress in words: `part 3 of 9, about 4 min left`. */
  readonly words: string
  readonly done: number
  readonly total: number
  /** Seconds that the rest takes at the pace since this program began to count; null before the first part. */
  readonly secondsLeft: number | null
}

/** The progress for a page, which shows it as `…: 2 of 9`. */
export const pageProgress = (what: string, now: PartsNow | undefined) =>
  now === undefined ? null : { what, done: now.done, total: now.total, secondsLeft: now.secondsLeft }

/**
 * Counts one transfer after another. The function takes the progress of each part and gives what to show; undefined
 * where there are no parts.
 */
export function makePartClock(now: () => number = Date.now): (progress: PartProgress | null) => PartsNow | undefined {
  let began: { readonly of: string; readonly done: number; readonly at: number } | undefined
  return (progress) => {
    if (progress === null) {
      began = undefined
      return undefined
    }
    const { direction, index, count, done } = progress
    const of = `${direction} ${String(count)}`
    // Parts that were lost and cross again are counted from a new beginning.
    if (began?.of !== of || done < began.done) began = { of, done, at: now() }
    const fresh = done - began.done
    const secondsLeft = fresh === 0 ? null : Math.ceil(((count - done) * (now() - began.at)) / fresh / 1000)
    const left = secondsLeft === null ? '' : `, about ${duration(secondsLeft * 1000)} left`
    return { direction, words: `part ${String(index)} of ${String(count)}${left}`, done, total: count, secondsLeft }
  }
}
