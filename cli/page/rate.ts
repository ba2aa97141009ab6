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
