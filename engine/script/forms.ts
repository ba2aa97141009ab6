/**
 * How names, versions and times are written in a script. The schema shows these forms to an editor; the checks hold a
 * script to them.
 */
import { BIG_NAME, NAME, NAME_SAYS, SMALL_NAME, whole } from '../base/names.ts'

export interface Form {
  readonly pattern: string
  /** The form in words. */
  readonly says: string
}

/** The form of small names, which the names of participants have too: the protocol's. */
export const scriptName: Form = { pattern: whole(NAME), says: NAME_SAYS }
export const bigName: Form = {
  pattern: whole(BIG_NAME), says: 'a capital, then letters and digits, up to 32: SendCommits',
}
export const smallName: Form = {
  pattern: whole(SMALL_NAME), says: 'a small letter, then letters and digits, up to 32: groupKey',
}
export const version: Form = { pattern: '^(0|[1-9][0-9]{0,4})(\\.(0|[1-9][0-9]{0,4})){2}$', says: 'three numbers: "1.0.0"' }
export const time: Form = { pattern: '^[1-9][0-9]{0,7}[smhd]$', says: 'a number and s, m, h or d: 24h' }
export const title: Form = { pattern: '^[^\\n]{1,200}$', says: 'one line of 1 to 200 characters' }
export const reference: Form = {
  pattern: whole(`[A-Za-z][A-Za-z0-9]{0,31}(\\.${SMALL_NAME})?`),
  says: 'a name, or a name and a field with a dot in between',
}

const compiled = new Map<Form, RegExp>()

export function hasForm(text: string, form: Form): boolean {
  const pattern = compiled.get(form) ?? new RegExp(form.pattern, 'u')
  compiled.set(form, pattern)
  return pattern.test(text)
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads a time as written, in milliseconds; undefined where it has not that form. */
export function milliseconds(written: string): number | undefined {
  const unit = units[written.slice(-1)]
  return hasForm(written, time) && unit !== undefined ? Number(written.slice(0, -1)) * unit : undefined
}

export const MIN_WITHIN = 60_000
export const MAX_WITHIN = 90 * 86_400_000
