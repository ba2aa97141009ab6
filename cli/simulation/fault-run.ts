/** Runs every fault that a script can meet, one after the other, each on a board and in vaults of its own. */
import { randomBytes } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { shippedLibrary } from '../../engine/script/shipped.ts'
import { cellName, cellsOf, runCell } from '../../engine/simulate/cells.ts'
import type { CellReport, FaultCell } from '../../engine/simulate/cells.ts'
import { seededRandom, simulate } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { Live } from '../output.ts'
import type { SimulationWish } from './run.ts'

export type Ran = readonly (readonly [cell: FaultCell, report: CellReport])[]

/** How long a board in memory must be still before a deadline passes, in milliseconds. */
const IDLE = 10

/**
 * Runs them all; the second participant is at fault, and everything random in a run follows from its fault's name.
 *
 * @returns null if the signal came first
 */
export async function runAllFaults({ script, names, parameters, rehearsal, before, seed }: Omit<SimulationWish, 'faults'>, live: Live, signal: AbortSignal): Promise<Ran | null> {
  setMaxListeners(0)
  setMaxListeners(0, signal)
  const random = seed === undefined ? (length: number) => Uint8Array.from(randomBytes(length)) : seededRandom(seed)
  const common = { names, verbs, rehearsal, idle: IDLE + names.length, signal }
  const after = before === undefined ? undefined : await simulate({ ...common, ...before, random })
  const scripts = [script, ...(before === undefined ? [] : [before.script])]
  const library = (name: string) => scripts.find(({ ceremony }) => ceremony.name === name)?.ceremony ?? shippedLibrary(name)
  const cells = cellsOf(script, names, names[1] ?? '')
  const ran: (readonly [FaultCell, CellReport])[] = []
  for (const cell of cells) {
    const bad = ran.filter(([, { problems }]) => problems.length > 0).length
    live.show([`${ran.length + 1} of ${cells.length}  ${cellName(cell)}${bad === 0 ? '' : `  (${bad} with problems)`}`])
    // So that it is drawn, and Ctrl-C is heard.
    await setImmediate()
    if (signal.aborted) return null
    ran.push([cell, await runCell(cell, { ...common, script, parameters, library, ...(after === undefined ? {} : { after }) })])
  }
  return signal.aborted ? null : ran
}
