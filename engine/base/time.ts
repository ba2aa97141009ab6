/** Times as people read them, in the same form on every screen and page. */

/** A time as `2026-11-23 14:05 UTC`, from milliseconds since the Unix epoch. */
export const clockTime = (time: number): string => (Number.isFinite(time) ? `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'no date')

const UNITS = [['d', 86_400], ['h', 3600], ['min', 60], ['s', 1]] as const

/** A duration as `4 s`, `1 min 10 s`, `3 h 5 min` or `2 d 4 h`, from milliseconds. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  const at = UNITS.findIndex(([, size]) => seconds >= size)
  const [first, second] = UNITS.slice(at)
  if (at === -1 || first === undefined) return '0 s'
  const rest = second === undefined ? 0 : Math.floor((seconds % first[1]) / second[1])
  const whole = `${String(Math.floor(seconds / first[1]))} ${first[0]}`
  return rest === 0 || second === undefined ? whole : `${whole} ${String(rest)} ${second[0]}`
}
