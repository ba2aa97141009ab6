/** "Did you mean": the known name that is nearest to a misspelt one. */

/** Names longer than this are not compared; they are nobody's typing mistake. */
const MAX_LENGTH = 64

/**
 * The nearest of `known` within a third of the name's length (at least one, at most three changes), where letter case
 * does not count, or undefined. A name that is known is its own nearest.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const names = [...known]
  if (names.includes(name)) return name
  if (name.length === 0 || name.length > MAX_LENGTH) return undefined
  const limit = Math.min(3, Math.max(1, Math.floor(name.length / 3)))
  let best: string | undefined
  let least = limit + 1
  for (const candidate of names) {
    if (candidate.length > MAX_LENGTH || Math.abs(candidate.length - name.length) > limit) continue
    const changes = distance(name.toLowerCase(), candidate.toLowerCase())
    if (changes < least) [best, least] = [candidate, changes]
  }
  return best ?? withoutArea(name, names)
}

/** `keygen` for `dkg.keygen`, `deal` for `Deal.sealed` is none: only the part after the dot counts, and only whole. */
function withoutArea(name: string, known: readonly string[]): string | undefined {
  const tail = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const same = known.filter((candidate) => candidate.toLowerCase().endsWith(`.${tail}`))
  return same.length === 1 ? same[0] : undefined
}

/** Damerau-Levenshtein distance, restricted: a swap of neighbours counts once. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1)
      }
      row.push(least)
    }
    ;[beforeLast, last] = [last, row]
  }
  return last[b.length] ?? 0
}
