/**
 * Chooses the filter and the area of the next look at a picture. A filter that helps one picture hurts another, so
 * filters take turns until one finds a code; that one goes on with the next picture. A code mostly stays where it was,
 * so the next look is at that place, a tenth of the work, until every filter has failed there.
 */
import { READ_ATTEMPTS } from '../../engine/channel/qr.ts'

export interface ImageArea {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export interface Turns {
  /** The filter and the area for a picture of this size. */
  readonly next: (width: number, height: number) => { readonly attempt: number; readonly area: ImageArea }
  /** Takes the result of the look at `area`: the box around the code, in pixels of that area. */
  readonly tell: (area: ImageArea, found: Box | null) => void
}

/** The margin around the last code, as a share of its size: hands move, and the next code may be larger. */
const MARGIN = 0.3

export function makeTurns(): Turns {
  let attempt = 0
  let misses = 0
  let place: Box | null = null

  function next(width: number, height: number): { attempt: number; area: ImageArea } {
    const whole = { left: 0, top: 0, width, height }
    return { attempt, area: place === null || misses >= READ_ATTEMPTS ? whole : around(place, width, height) }
  }

  function tell(area: ImageArea, found: Box | null): void {
    if (found === null) {
      misses += 1
      attempt = (attempt + 1) % READ_ATTEMPTS
      return
    }
    misses = 0
    place = { left: area.left + found.left, top: area.top + found.top, right: area.left + found.right, bottom: area.top + found.bottom }
  }

  return { next, tell }
}

function around({ left, top, right, bottom }: Box, width: number, height: number): ImageArea {
  const margin = MARGIN * Math.max(right - left, bottom - top)
  const from = { x: Math.max(0, Math.floor(left - margin)), y: Math.max(0, Math.floor(top - margin)) }
  const to = { x: Math.min(width, Math.ceil(right + margin)), y: Math.min(height, Math.ceil(bottom + margin)) }
  return { left: from.x, top: from.y, width: Math.max(1, to.x - from.x), height: Math.max(1, to.y - from.y) }
}
