/** The output of benchmarks: the machine, a title, a table with numbers to the right. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** The machine in words: `2 cores (Xeon …), 8 GiB, Node v20.19.0, linux x64, load 0.31`. A load near the cores makes wall times worthless. */
export function machine(): string {
  const [load = 0] = loadavg()
  const [model = 'unknown'] = cpus().map((cpu) => cpu.model.replace(/\s+/g, ' ').trim())
  return [
    `${String(availableParallelism())} cores (${model})`, `${String(Math.round(totalmem() / 2 ** 30))} GiB`, `Node ${process.version}`,
    `${process.platform} ${process.arch}`, `load ${load.toFixed(2)}`,
  ].join(', ')
}

/** Begins a benchmark's part of the output. */
export function heading(title: string): void {
  console.log(`\n## ${title}\n   ${machine()}`)
}

type Cell = string | number

/** The text of a cell. A broken number below 100 has three significant digits, any other number none after the point. */
const written = (cell: Cell): string =>
  typeof cell === 'string' ? cell : cell !== 0 && Math.abs(cell) < 100 && !Number.isInteger(cell) ? String(Number(cell.toPrecision(3))) : cell.toFixed(0)

/** Prints rows under their columns' names; columns of numbers are aligned to the right. */
export function print(title: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const texts = [columns, ...rows.map((row) => row.map(written))]
  const widths = columns.map((_, i) => Math.max(...texts.map((row) => row[i]?.length ?? 0)))
  const isNumber = columns.map((_, i) => rows.every((row) => typeof row[i] === 'number'))
  console.log(`\n${title}`)
  for (const row of texts) {
    console.log(`  ${row.map((cell, i) => (isNumber[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join('  ').trimEnd()}`)
  }
}

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** Does some work, and measures the CPU milliseconds of this process that it takes. */
export function cpu<T>(work: () => T): readonly [result: T, milliseconds: number] {
  const before = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(before)
  return [result, (user + system) / 1000]
}
