/** What all faults of a script came to, as lines for a screen. */
import type { FaultRow } from '../../engine/run/fault-table.ts'
import { paint, table } from '../output.ts'
import { counted } from '../words.ts'

/** @param rows by kind */
export function faultLines(rows: readonly FaultRow[]): readonly string[] {
  const head = ['fault', 'whose', 'runs', 'the log ends', 'proved', ''].map((word) => paint('dim', word, process.stdout))
  const body = rows.map(({ fault, who, cells, ends, convicted, problems }) =>
    [fault, who, String(cells), ends.join(', '), convicted.join(', ') || 'nobody', problems.length === 0 ? '' : counted(problems.length, 'problem')])
  const problems = rows.flatMap((row) => row.problems)
  const runs = counted(rows.reduce((sum, { cells }) => sum + cells, 0), 'run')
  return [
    ...table([head, ...body]), '',
    ...(problems.length === 0 ? [`${runs}: all holds that must hold after each.`] : [`${runs}, and what does not hold:`, ...problems.map((one) => `  ${one}`)]),
  ]
}
