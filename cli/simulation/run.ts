/** Runs a ceremony of simulated participants in memory, and gathers its figures. */
import { setMaxListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { openEnvelope } from '../../engine/channel/envelope.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Airgap } from '../../engine/run/airgap.ts'
import { shippedLibrary } from '../../engine/script/load.ts'
import { cellName, cellsOf, runCell } from '../../engine/simulate/cells.ts'
import type { CellReport, FaultCell, FaultRow } from '../../engine/simulate/cells.ts'
import { tamperingOf } from '../../engine/simulate/faults.ts'
import { seededRandom, simulate } from '../../engine/simulate/simulate.ts'
import type { Exchange } from '../../engine/wire/exchange.ts'
import type { MemberKeys, MemoryBoard, Simulated, SimulateOptions, Tampering } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { counted } from '../../engine/base/words.ts'
import { paint, table } from '../output.ts'
import type { Live } from '../output.ts'
import { random as systemRandom } from '../random.ts'
import { ProgressTable } from './progress.ts'
import type { StepTime } from './progress.ts'

export interface SimulationWish {
  readonly script: Script
  readonly names: readonly string[]
  readonly parameters: JsonObject
  readonly rehearsal: boolean
  /** Faults as on the command line: `NAME:PARTICIPANT[:TARGET]`. */
  readonly faults: readonly string[]
  readonly seed?: string | undefined
  /** The ceremony that the script follows; it is run first, with the same people. */
  readonly before?: { readonly script: Script; readonly parameters: JsonObject } | undefined
}

/** One crossing to an airgap and back. */
export interface AirgapCrossing {
  /** The step's or dispute's name; `Abort` where an aborted session was erased. */
  readonly step: string
  /** The airgap's time in milliseconds. */
  readonly ms: number
  /** Characters of the two texts, before they are packed. */
  readonly request: number
  readonly answer: number
}

export interface Simulation extends SimulationWish {
  readonly simulated: Simulated
  readonly ms: number
  readonly times: readonly StepTime[]
  readonly crossings: readonly AirgapCrossing[]
}

/** The opening time of every seeded simulation: the ceremony's id depends on it. */
const SEEDED_TIME = Date.UTC(2000, 0, 1)

/**
 * Runs a simulation.
 *
 * @returns null if the signal came first
 * @throws run.bad-fault, run.opening
 */
export async function runSimulation(wish: SimulationWish, live: Live, signal: AbortSignal): Promise<Simulation | null> {
  const { script, names, parameters, rehearsal, faults, seed, before } = wish
  const random = seed === undefined ? systemRandom : seededRandom(seed)
  const faulty = tamperingOf(faults, { script, verbs, random, names })
  // All participants listen to the same few signals. Node calls more than ten listeners a leak.
  setMaxListeners(0)
  setMaxListeners(0, signal)
  const crossings: AirgapCrossing[] = []
  const breathe = oneByOne(signal)
  const measured = (tampering: Tampering | undefined): Tampering => ({
    ...tampering, exchange: measure(tampering?.exchange, breathe, (crossing) => crossings.push(crossing)),
  })
  const common = {
    names, verbs, random, rehearsal, signal,
    // More participants take longer to check an entry, and nothing is posted meanwhile.
    idle: 400 + 20 * names.length,
    ...(seed === undefined ? {} : { opensAt: SEEDED_TIME }),
  }
  const first = before === undefined ? undefined : await beforehand({ ...common, ...before }, live, breathe)
  if (first === null) return null
  const view = new ProgressTable(script.ceremony, names, live)
  const simulated = await simulate({
    ...common, script, parameters, ...(first === undefined ? {} : { after: first }),
    tamper: Object.fromEntries(names.map((name) => [name, measured(faulty[name])])),
    onProgress: (progress) => view.hear(progress),
  })
  view.draw()
  return signal.aborted ? null : { ...wish, simulated, ms: view.elapsed, times: view.times, crossings }
}

/** Runs the ceremony that another one follows, with nobody cheating; null if the signal came first. */
async function beforehand(options: SimulateOptions, live: Live, breathe: () => Promise<void>): Promise<Simulated | null> {
  const view = new ProgressTable(options.script.ceremony, options.names, live)
  const simulated = await simulate({
    ...options, onProgress: (progress) => view.hear(progress),
    tamper: Object.fromEntries(options.names.map((name) => [name, { exchange: measure(undefined, breathe, () => undefined) }])),
  })
  return options.signal?.aborted === true ? null : simulated
}

/**
 * Lets the airgaps begin one by one, each in a turn of the event loop of its own. Everything else in memory happens
 * within one turn, so nothing would be drawn, nor Ctrl-C be heard, until the end.
 */
function oneByOne(signal: AbortSignal): () => Promise<void> {
  let last = Promise.resolve()
  return () => {
    last = last.then(async () => {
      if (!signal.aborted) await setImmediate()
    })
    return last
  }
}

type MakeExchange = (airgap: Airgap, member: MemberKeys, board: MemoryBoard) => Exchange

function measure(
  inner: MakeExchange | undefined, breathe: () => Promise<void>, hear: (crossing: AirgapCrossing) => void,
): MakeExchange {
  return (airgap, member, board) => {
    const exchange = inner?.(airgap, member, board) ?? ((request: string) => airgap.handle(request))
    return async (request, signal) => {
      await breathe()
      const begin = performance.now()
      const answer = await exchange(request, signal)
      hear({ step: openEnvelope(request).step ?? '', ms: performance.now() - begin, request: request.length, answer: answer.length })
      return answer
    }
  }
}

// Runs every fault that a script can meet, one after another, each on a board and in vaults of its own.

export type Ran = readonly (readonly [cell: FaultCell, report: CellReport])[]

/** Milliseconds for which a board in memory must be still before a deadline passes. */
const IDLE = 10

/**
 * Runs them all. The second participant is at fault. All randomness of a run follows from its fault's name.
 *
 * @returns null if the signal came first
 */
export async function runAllFaults({ script, names, parameters, rehearsal, before, seed }: Omit<SimulationWish, 'faults'>, live: Live, signal: AbortSignal): Promise<Ran | null> {
  setMaxListeners(0)
  setMaxListeners(0, signal)
  const random = seed === undefined ? systemRandom : seededRandom(seed)
  const common = { names, verbs, rehearsal, idle: IDLE + names.length, signal }
  const after = before === undefined ? undefined : await simulate({ ...common, ...before, random })
  const scripts = [script, ...(before === undefined ? [] : [before.script])]
  const library = (name: string) => scripts.find(({ ceremony }) => ceremony.name === name)?.ceremony ?? shippedLibrary(name)
  const cells = cellsOf(script, names, names[1] ?? '')
  const ran: (readonly [FaultCell, CellReport])[] = []
  for (const cell of cells) {
    const bad = ran.filter(([, { problems }]) => problems.length > 0).length
    live.show([`${ran.length + 1} of ${cells.length}  ${cellName(cell)}${bad === 0 ? '' : `  (${bad} with problems)`}`])
    // A turn of the event loop lets the screen be drawn and Ctrl-C be heard.
    await setImmediate()
    if (signal.aborted) return null
    ran.push([cell, await runCell(cell, { ...common, script, parameters, library, ...(after === undefined ? {} : { after }) })])
  }
  return signal.aborted ? null : ran
}

// The results of all faults of a script, as lines for a screen.

/** @param rows the results by kind of fault */
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
