/** The matrix of misbehaviour as a table for people: a row for each kind, with what its cells came to. */
import type { CellReport, FaultCell } from '../simulate/cells.ts'
import { LOG_ENDINGS } from './ledger-ending.ts'

export interface FaultRow {
  readonly fault: string
  readonly who: FaultCell['kind']['who']
  readonly doc: string
  /** How many cells. */
  readonly cells: number
  /** What the log came to, each ending once, from open to dead. */
  readonly ends: readonly string[]
  /** Of what the one at fault was convicted. */
  readonly convicted: readonly string[]
  readonly problems: readonly string[]
}

/** Rows in the order of the kinds. */
export function faultRows(ran: readonly (readonly [cell: FaultCell, report: CellReport])[]): readonly FaultRow[] {
  const kinds = [...new Set(ran.map(([{ kind }]) => kind))]
  return kinds.map((kind) => {
    const reports = ran.flatMap(([cell, report]) => (cell.kind === kind ? [report] : []))
    const ended = new Set(reports.map(({ logEnding }) => logEnding))
    return {
      fault: kind.name, who: kind.who, doc: kind.doc, cells: reports.length,
      ends: LOG_ENDINGS.filter((ending) => ended.has(ending)),
      convicted: [...new Set(reports.flatMap(({ convicted }) => convicted.map(({ reason }) => reason)))].sort(),
      problems: reports.flatMap(({ cell, problems }) => problems.map((problem) => `${cell}: ${problem}`)),
    }
  })
}

/** Rows as a table in Markdown. */
export function faultMarkdown(rows: readonly FaultRow[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(['fault', 'whose', 'what happens', 'the log ends', 'proved']), line(['---', '---', '---', '---', '---']),
    ...rows.map(({ fault, who, doc, ends, convicted }) => line([`\`${fault}\``, who, doc, ends.join(', '), convicted.map((one) => `\`${one}\``).join(', ') || 'nobody'])),
  ].join('\n')
}
