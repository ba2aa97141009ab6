/** How far a ceremony's log has come: one step after the other, each complete before the next begins. */
import type { Slices } from '../base/turns.ts'
import type { Ceremony, Step } from '../machines/ceremony.ts'
import type { VerbFault } from '../verbs/runtime.ts'
import type { Fault } from '../wire/abort.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import { disagreementIn } from './ledger-slots.ts'
import type { Placed, Slots } from './ledger-slots.ts'
import { Refused } from './reading.ts'
import { checkStep, outputsOf, prepareStep } from './verbs.ts'
import type { VerbContext } from './verbs.ts'
import { nextView } from './view.ts'

export interface StepsOptions {
  readonly id: string
  readonly ceremony: Ceremony
  readonly slots: Slots
  readonly context: () => VerbContext
  /** How many participants a step collects from. */
  readonly wanted: (step: Step) => number
  /** Hears what is wrong without being one message's fault. */
  readonly found: (fault: Fault) => void
}

export class Steps {
  private readonly options: StepsOptions
  private readonly views: string[]
  private readonly values = new Map<string, Json>()
  private readonly bad = new Set<string>()
  private made: JsonObject | undefined
  private stuck = false

  constructor(options: StepsOptions) {
    this.options = options
    this.views = [options.id]
  }

  /** How many steps are complete. */
  get complete(): number {
    return this.views.length - 1
  }

  get current(): Step | undefined {
    return this.options.ceremony.steps[this.complete]
  }

  /** The transcript hash before each step that may begin. */
  get viewsBefore(): readonly string[] {
    return this.views
  }

  /** What a step prepares, or what all was for, cannot be computed: nothing goes on from there. */
  get isStuck(): boolean {
    return this.stuck
  }

  /** Once every step is complete. */
  get outputs(): JsonObject | undefined {
    return this.made
  }

  prepared(name: string): Json {
    const value = this.values.get(name)
    if (value === undefined) throw new Error(`${name} is not prepared yet`)
    return value
  }

  /** Something that this participant sent was refused by a check. */
  isBad(name: string): boolean {
    return this.bad.has(name)
  }

  *check(step: Step, when: 'arrival' | 'complete', incoming: readonly Placed[]): Slices<readonly VerbFault[]> {
    return yield* checkStep(this.options.context(), step, this.views[step.index] ?? '', when, incoming.map((one) => one.collected))
  }

  /** @throws Refused if there is a fault */
  refuse(step: Step, faults: readonly VerbFault[], incoming: readonly Placed[]): void {
    for (const one of faults) this.bad.add(one.accused)
    const [first, ...more] = faults
    if (first === undefined) return
    for (const one of more) this.options.found(faultFrom(one, step, incoming))
    throw new Refused(faultFrom(first, step, incoming), true)
  }

  /** Goes on to the next step as long as the current one is complete. @throws Refused */
  *advance(): Slices<void> {
    for (let step = this.current; step !== undefined && !this.stuck && this.isFull(step); step = this.current) {
      const placed = this.options.slots.placedIn(step)
      const disagreement = disagreementIn(step, placed)
      if (disagreement !== null) throw new Refused(disagreement)
      const faults = yield* this.check(step, 'complete', placed)
      if (step.collect.kind === 'all') this.refuse(step, faults, placed)
      if (faults.length > 0) this.expel(step, faults, placed)
      else this.finish(step, placed)
    }
    const { ceremony, context, found } = this.options
    if (this.current !== undefined || this.made !== undefined || this.stuck) return
    const result = outputsOf(context(), ceremony, this.views[ceremony.steps.length - 1] ?? '')
    if ('outputs' in result) this.made = result.outputs
    else {
      found(result.fault)
      this.stuck = true
    }
  }

  /** Where some are enough, whoever sent what is wrong is out, and another one may take its place. */
  private expel(step: Step, faults: readonly VerbFault[], placed: readonly Placed[]): void {
    const { slots, found } = this.options
    for (const one of placed) {
      if (!faults.some(({ accused }) => accused === one.statement.from)) continue
      slots.remove(one)
    }
    for (const fault of faults) found(faultFrom(fault, step, placed))
  }

  private finish(step: Step, placed: readonly Placed[]): void {
    const before = this.views[step.index] ?? ''
    this.views.push(nextView(before, step, placed.map((one) => one.statement)))
    this.prepare()
  }

  private isFull(step: Step): boolean {
    const { slots, wanted } = this.options
    return step.collect.kind === 'all' ? slots.isComplete(step) : slots.collected(step.sends).length >= wanted(step)
  }

  /** Computes what the current step prepares, so that every reader finds the same fault in the same place. */
  prepare(): void {
    const step = this.current
    if (step === undefined) return
    const { context, found } = this.options
    const fault = prepareStep(context(), step, this.views[step.index] ?? '', (name, value) => this.values.set(name, value))
    if (fault === undefined) return
    found(fault)
    this.stuck = true
  }
}

function faultFrom({ reason, accused, why, convicts }: VerbFault, step: Step, incoming: readonly Placed[]): Fault {
  const offsets = incoming.filter((one) => one.statement.from === accused).map((one) => one.offset)
  return { reason, step: step.name, accused, why, convicts: convicts ?? true, offsets }
}
