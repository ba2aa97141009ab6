/** The places of all participants in a simulation, and their live table: participants × steps. */
import type { Ceremony } from '../../engine/machines/ceremony.ts'
import { MARK_WORDS } from '../../engine/run/telling.ts'
import { brief, columnsOf, filled, paint, rowsOf, table, textWidth } from '../output.ts'
import type { Live, Screen } from '../output.ts'

export interface SimulationProgress {
  readonly name: string
  /** A step, a dispute, or a final state of the machine. */
  readonly step: string
  readonly doing: string
}

export interface StepTime {
  readonly step: string
  /** Milliseconds from the first participant's entry to the last one's exit; null for a step that not all completed. */
  readonly ms: number | null
}

interface Place {
  /** The number of complete steps. */
  readonly done: number
  readonly doing: string
}

const ENDS: Readonly<Record<string, string>> = {
  usable: 'done', unconfirmed: 'unconfirmed', aborted: 'aborted', aborting: 'aborting', waiting: 'aborting', doubtful: 'doubtful',
  doubting: 'doubting', answering: 'disputing', abandoning: 'giving up', dead: 'over', stopped: 'stopped',
}

export class ProgressTable {
  private readonly ceremony: Ceremony
  private readonly screen: Screen
  private readonly live: Live
  private readonly begin = performance.now()
  private readonly places: Map<string, Place>
  private readonly entered: number[] = []
  private readonly left: number[] = []

  constructor(ceremony: Ceremony, names: readonly string[], live: Live, screen: Screen = process.stderr) {
    this.ceremony = ceremony
    this.screen = screen
    this.live = live
    this.places = new Map(names.map((name) => [name, { done: 0, doing: '' }]))
    this.draw()
  }

  hear({ name, step, doing }: SimulationProgress): void {
    const before = this.places.get(name)
    if (before === undefined) return
    const { steps } = this.ceremony
    const index = steps.findIndex((one) => one.name === step || one.disputes === step)
    const isDispute = index >= 0 && steps[index]?.name !== step
    const done = step === 'usable' ? steps.length : index < 0 ? before.done : index
    this.places.set(name, { done, doing: isDispute ? 'disputing' : ENDS[step] ?? doing })
    const now = performance.now() - this.begin
    this.entered[done] ??= now
    for (let passed = before.done; passed < done; passed++) this.left[passed] = now
    if (done > before.done) this.tell(done - 1, now)
    this.draw()
  }

  /** Prints a line for each step that all have completed, where there is no terminal. */
  private tell(step: number, now: number): void {
    if (this.screen.isTTY === true || [...this.places.values()].some(({ done }) => done <= step)) return
    this.live.log(`${brief(now).padStart(6)}  ${this.ceremony.steps[step]?.name ?? ''}: all ${this.places.size}`)
  }

  get elapsed(): number {
    return performance.now() - this.begin
  }

  get times(): readonly StepTime[] {
    const all = [...this.places.values()]
    return this.ceremony.steps.map(({ name: step }, i) => {
      const [from, to] = [this.entered[i], this.left[i]]
      const isComplete = all.every(({ done }) => done > i)
      return { step, ms: isComplete && from !== undefined && to !== undefined ? to - from : null }
    })
  }

  draw(): void {
    if (this.screen.isTTY !== true) return
    this.live.show(['', ...this.lines(), '', this.paint('dim', brief(this.elapsed))])
  }

  private lines(): string[] {
    const rows = rowsOf(this.screen) - 6
    return this.places.size > rows ? this.byStep() : this.byParticipant()
  }

  private byParticipant(): string[] {
    const { steps } = this.ceremony
    const rows = [...this.places].map(([name, { done, doing }]) => [
      name,
      ...steps.map((_, i) => this.cell(i, done, doing)),
    ])
    const full = table([['', ...steps.map(({ name }) => name)], ...rows])
    if (Math.max(...full.map((line) => textWidth(line))) < columnsOf(this.screen)) {
      return table([['', ...steps.map(({ name }) => this.paint('dim', name))], ...this.coloured(rows)])
    }
    // The names are too wide: numbers stand above the columns, and names below the table.
    const numbered = [['', ...steps.map((_, i) => this.paint('dim', String(i + 1).padEnd(10)))], ...this.coloured(rows)]
    const legend = filled(steps.map(({ name }, i) => `${i + 1} ${name}`), columnsOf(this.screen) - 1, '  ')
    return [...table(numbered), ...legend.map((line) => this.paint('dim', line))]
  }

  private cell(step: number, done: number, doing: string): string {
    if (step < done) return MARK_WORDS.done.sign
    return step === done ? doing : MARK_WORDS.later.sign
  }

  private coloured(rows: readonly (readonly string[])[]): string[][] {
    return rows.map((row) => row.map((cell, column) => {
      if (column === 0) return cell
      if (cell === MARK_WORDS.done.sign) return this.paint('green', cell)
      if (cell === MARK_WORDS.later.sign) return this.paint('dim', cell)
      return this.paint(Object.values(ENDS).includes(cell) || cell === 'disputing' ? 'red' : 'yellow', cell)
    }))
  }

  /** For more participants than lines: the number that have posted their part of each step. */
  private byStep(): string[] {
    const all = [...this.places.values()]
    return table(this.ceremony.steps.map(({ name }, i) => {
      const through = all.filter(({ done, doing }) => done > i || (done === i && doing === 'collecting')).length
      const bar = '█'.repeat(Math.round((through / all.length) * 30)).padEnd(30, '·')
      return [name, this.paint(through === all.length ? 'green' : 'yellow', bar), `${through}/${all.length}`]
    }))
  }

  private paint(style: Parameters<typeof paint>[0], text: string): string {
    return paint(style, text, this.screen)
  }
}

