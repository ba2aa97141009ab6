/** What the tables of diagnostics are written with. */
import { printableLine } from '../../wire/printable.ts'
import { nearest } from '../nearest.ts'

export interface Wording {
  readonly says: string
  /** What to do about it, in a few words. */
  readonly hint?: string
}

/** The longest piece of a script that a text repeats. */
const MAX_QUOTE = 140

/** A fact, fit to be repeated in a text: strings cut and printable, in lists too. */
export function quotable(fact: unknown): unknown {
  if (typeof fact === 'string') {
    const characters = Array.from(printableLine(fact))
    return characters.length > MAX_QUOTE ? `${characters.slice(0, MAX_QUOTE).join('')}…` : characters.join('')
  }
  return Array.isArray(fact) ? fact.map(quotable) : fact
}

/** Did you mean ..., or else what there is to choose from. */
export function suggest(name: string, known: readonly string[], none: string): string {
  const near = nearest(name, known)
  if (near !== undefined) return `did you mean ${near}?`
  if (known.length === 0) return none
  const shown = known.slice(0, 12).join(', ')
  return `there is ${shown}${known.length > 12 ? `, and ${known.length - 12} more` : ''}`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[], word = 'and'): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`
}

/** `1 argument`, `2 arguments`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
