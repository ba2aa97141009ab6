/**
 * A diagnostic: one thing that is wrong with a script, where, and what to do about it. Its text is built in
 * `codes.ts` and shown in the usual form of compilers:
 *
 *     dkg.yaml:32:17 leak: dkg.deal emits data for one recipient; Deal must be sent to others, each alone
 *       32 |     to: everyone
 *          |         ^^^^^^^^
 *       hint: write `to: others`
 */
import { printableLine } from '../wire/printable.ts'
import { wording } from './codes.ts'
import type { Code, FactsOf } from './codes.ts'
import { placesOf } from './lines.ts'

/** From one offset to another in the script's text, in UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Diagnostic extends Span {
  readonly code: Code
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  readonly message: string
  readonly hint?: string
}

/** Takes down what is wrong. Every code has its own facts. */
export type Report = <C extends Code>(code: C, where: Span, facts: FactsOf<C>) => void

export interface Notebook {
  readonly report: Report
  /** What was reported, by position; the same thing at the same place once. */
  readonly all: () => Diagnostic[]
}

/** More than this many help nobody; the first ones by position are kept. */
export const MAX_DIAGNOSTICS = 100
/** A hostile file may have a fault in every byte; what comes after so many is not even taken down. */
const MAX_TAKEN = 2000

export function notebook(file: string, source: string): Notebook {
  const taken = new Map<string, Omit<Diagnostic, 'line' | 'column'>>()
  const report: Report = (code, { start, end }, facts) => {
    if (taken.size >= MAX_TAKEN) return
    const { says, hint } = wording(code, facts)
    const base = { code, file: printableLine(file), start, end, message: says }
    taken.set(`${start} ${code} ${says}`, hint === undefined ? base : { ...base, hint })
  }
  const all = () => {
    const placeOf = placesOf(source)
    return [...taken.values()]
      .sort((a, b) => a.start - b.start || a.end - b.end || (a.code < b.code ? -1 : 1))
      .slice(0, MAX_DIAGNOSTICS)
      .map((diagnostic) => ({ ...diagnostic, ...placeOf(diagnostic.start) }))
  }
  return { report, all }
}

/** The widest excerpt of a line, in characters. */
const WIDTH = 110

/**
 * A diagnostic as text for people, without a newline at its end. Safe for a terminal whatever the script holds.
 *
 * @param source the text that it was found in
 */
export function formatDiagnostic(diagnostic: Diagnostic, source: string): string {
  const { file, line, column, code, message, hint, start, end } = diagnostic
  const lineStart = source.lastIndexOf('\n', start - 1) + 1
  const newline = source.indexOf('\n', start)
  const lineEnd = newline === -1 ? source.length : newline
  const characters = Array.from(source.slice(lineStart, lineEnd))
  const marked = Math.max(1, Array.from(source.slice(start, Math.min(end, lineEnd)).trimEnd()).length)

  // A long line is cut so that the caret stays in sight.
  const from = column > WIDTH - 20 ? column - 30 : 0
  const shown = characters.slice(from, from + WIDTH)
  const before = from > 0 ? '… ' : ''
  const after = characters.length > from + WIDTH ? ' …' : ''
  const number = String(line).padStart(5)
  const margin = `${' '.repeat(number.length)} | `
  const carets = '^'.repeat(Math.max(1, Math.min(marked, shown.length - (column - 1 - from))))
  return [
    `${file}:${line}:${column} ${code}: ${message}`,
    `${number} | ${before}${printableLine(shown.join(''))}${after}`.trimEnd(),
    `${margin}${before === '' ? '' : '  '}${' '.repeat(column - 1 - from)}${carets}`,
    ...(hint === undefined ? [] : [`${' '.repeat(number.length)} hint: ${hint}`]),
  ].join('\n')
}
