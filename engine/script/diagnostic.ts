/**
 * A diagnostic: one thing that is wrong with a script, where, and what to do about it. Its text is built in
 * `codes.ts` and shown in the usual form of compilers:
 *
 *     dkg.yaml:32:17 leak: dkg.deal emits data for one recipient; Deal must be sent to others, each alone
 *       32 |     to: everyone
 *          |         ^^^^^^^^
 *       hint: write `to: others`
 */
import { printableLine } from '../base/text.ts'
import type { Fields, Signature, Type } from '../verbs/table.ts'
import { wording } from './codes.ts'
import type { DiagnosticCode, DiagnosticFacts } from './codes.ts'

// Lines and columns of offsets in a text.

export interface LineColumn {
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
}

/** Indexes a text's lines once; each look-up is then a binary search. */
export function placesOf(text: string): (offset: number) => LineColumn {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: Array.from(text.slice(starts[low], offset)).length + 1 }
  }
}

/** From one offset to another in the script's text, in UTF-16 units; `end` is exclusive. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Diagnostic extends Span {
  readonly code: DiagnosticCode
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  readonly message: string
  readonly hint?: string
}

/** Takes down a diagnostic. Every code has its own facts. */
export type Reporter = <C extends DiagnosticCode>(code: C, where: Span, facts: DiagnosticFacts<C>) => void

export interface Notebook {
  readonly report: Reporter
  /** The first diagnostics by position, `MAX_DIAGNOSTICS` at most; the same thing at the same place once. */
  readonly all: () => Diagnostic[]
}

/** The most diagnostics that are shown: more help nobody. */
export const MAX_DIAGNOSTICS = 100
/** The most that are taken down at all: a hostile file may have a fault in every byte. */
const MAX_TAKEN = 2000

export function notebook(file: string, source: string): Notebook {
  const taken = new Map<string, Omit<Diagnostic, 'line' | 'column'>>()
  const report: Reporter = (code, { start, end }, facts) => {
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
/** Characters of it that stand before the caret where the line is cut. */
const LEAD = 29

/**
 * Writes a diagnostic as text for people, without a newline at its end. Safe for a terminal whatever the script holds.
 *
 * @param source the text that it was found in
 */
export function formatDiagnostic(diagnostic: Diagnostic, source: string): string {
  const { file, line, column, code, message, hint, start, end } = diagnostic
  const lineStart = source.lastIndexOf('\n', start - 1) + 1
  const newline = source.indexOf('\n', start)
  const lineEnd = newline === -1 ? source.length : newline
  // A long line is cut so that the caret stays in sight. A hostile one is long indeed: only what is shown is taken apart.
  const lead = column > WIDTH - 20 ? Array.from(source.slice(start - 2 * LEAD - 2, start)).slice(-LEAD) : Array.from(source.slice(lineStart, start))
  const rest = source.slice(start, Math.min(lineEnd, start + 2 * WIDTH))
  const characters = [...lead, ...Array.from(rest)]
  const marked = Math.max(1, Array.from(source.slice(start, Math.min(end, start + rest.length)).trimEnd()).length)
  const shown = characters.slice(0, WIDTH)
  const before = lead.length < column - 1 ? '… ' : ''
  const after = characters.length > WIDTH || start + rest.length < lineEnd ? ' …' : ''
  const number = String(line).padStart(5)
  const margin = `${' '.repeat(number.length)} | `
  const carets = '^'.repeat(Math.max(1, Math.min(marked, shown.length - lead.length)))
  return [
    `${file}:${line}:${column} ${code}: ${message}`,
    `${number} | ${before}${printableLine(shown.join(''))}${after}`.trimEnd(),
    `${margin}${before === '' ? '' : '  '}${' '.repeat(lead.length)}${carets}`,
    ...(hint === undefined ? [] : [`${' '.repeat(number.length)} hint: ${hint}`]),
  ].join('\n')
}

// Types and signatures in words, for diagnostics and for the editor.

/** Writes fields as `{ digest: hash, points: [g1] }`. */
export function describeFields(fields: Fields): string {
  const entries = Object.entries(fields).map(([name, type]) => `${name}: ${type}`)
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

/** Describes a payload, and an attachment where there is one. */
export function describeContent(payload: Fields, attachment: Fields | undefined): string {
  const empty = Object.keys(payload).length === 0
  const body = empty ? 'no payload' : `the payload ${describeFields(payload)}`
  return attachment === undefined ? body : `${body} and the attachment ${describeFields(attachment)}`
}

export function describeType(type: Type): string {
  switch (type.kind) {
    case 'value':
      return `${type.name.startsWith('x') ? 'an' : 'a'} ${type.name}`
    case 'list':
      return `a list [${type.name}]`
    case 'each':
      return `${describeType(type.of)} from each participant`
    case 'statements':
      return `a message with ${describeFields(type.payload)}`
    case 'kept':
      return `a kept ${type.name}`
    case 'followed':
      return `a finished ${type.script} ceremony`
  }
}

/** Says where a verb belongs, as in "dkg.sum is ...". */
export function describeUse(signature: Signature): string {
  switch (signature.use) {
    case 'airgap':
      return signature.answers === undefined ? 'a step’s airgap verb' : 'a dispute’s airgap verb'
    case 'client':
      return 'a step’s client verb'
    case 'value':
      return 'a verb for prepare and outputs'
    case 'check':
      return 'a check verb'
    case 'assist':
      return 'an assist verb'
    case 'judge':
      return 'a judge verb'
  }
}

/** The text that an editor shows about a verb: what it does, takes and gives. */
export function describeSignature(signature: Signature): string {
  const takes = signature.takes.length === 0 ? 'nothing: []' : signature.takes.map(describeType).join('; ')
  const lines = [signature.doc, `Takes ${takes}.`]
  switch (signature.use) {
    case 'airgap':
    case 'client': {
      const { to, payload, attachment } = signature.emits
      lines.push(`Emits to ${to} ${describeContent(payload, attachment)}.`)
      break
    }
    case 'value':
      lines.push(`Gives ${describeType(signature.gives)}.`)
      break
    case 'check':
      lines.push(`For messages with ${describeContent(signature.payload, signature.attachment)}.`)
      break
    case 'assist':
      lines.push(`Answers the question ${signature.asked}.`)
      break
    case 'judge':
      lines.push(`Judges ${describeFields(signature.dispute)} by the answer ${describeFields(signature.answer)}.`)
  }
  if (signature.use === 'airgap') {
    if (signature.disputes !== undefined) lines.push(`May state ${describeFields(signature.disputes)} instead: the step needs \`disputes\`.`)
    if (signature.asks !== undefined) lines.push(`May ask back ${signature.asks}: the step needs \`assist\`.`)
    if (signature.keeps !== undefined) lines.push(`Leaves a ${signature.keeps} in the vault: the step needs \`keeps\`.`)
    if (signature.answers !== undefined) lines.push(`Answers ${describeFields(signature.answers)}.`)
  }
  return lines.join(' ')
}
