/** The pace of what this page shows: as its owner chose, or as the page chooses by itself; remembered in this tab. */
import type { Kept } from './kept.ts'
import { adapt, beginWatch, DEFAULT_PACE, FASTEST, FRAGMENTS, SLOWEST, watchOf } from './pace.ts'
import type { Pace, Watch } from './pace.ts'
import type { ReadingStatus } from './status-code.ts'

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
export function makePacing(kept: Kept, onChange: () => void): Pacing {
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

function remembered(kept: Kept): Pace {
  const fragment = Number(kept.get('fragment'))
  const speed = Number(kept.get('speed'))
  return {
    fragment: FRAGMENTS.includes(fragment) ? fragment : DEFAULT_PACE.fragment,
    speed: Number.isInteger(speed) && speed >= SLOWEST && speed <= FASTEST ? speed : DEFAULT_PACE.speed,
  }
}
