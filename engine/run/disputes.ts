/** The disputes of one ceremony's log: each complaint that took its slot, and the verdict that its answer leads to (protocol §5.6). */
import type { Ceremony, Dispute, Step } from '../machines/ceremony.ts'
import type { Fault } from '../wire/abort.ts'
import { COMPLAINER } from '../wire/message.ts'
import type { AbortSeen, Placed, Slots } from './reading.ts'
import { judgeDispute } from './verbs.ts'
import type { VerbContext } from './verbs.ts'

export interface DisputeState {
  /** The message that opened it. */
  readonly name: string
  readonly step: Step
  readonly dispute: Placed
  readonly complainer: string
  readonly accused: string
  readonly answered: boolean
}

export class Disputes {
  private readonly ceremony: Ceremony
  private readonly slots: Slots
  private readonly list: DisputeState[] = []
  /** Answers by accused and complainer. One may stand before its complaint: a storage may order them as it likes. */
  private readonly answers = new Map<string, Placed>()

  constructor(ceremony: Ceremony, slots: Slots) {
    this.ceremony = ceremony
    this.slots = slots
  }

  get all(): readonly DisputeState[] {
    return this.list
  }

  /** Opens a dispute. @returns the verdict, if its answer stands already */
  open(context: VerbContext, name: string, step: Step, dispute: Placed): Fault | undefined {
    const state: DisputeState = { name, step, dispute, complainer: dispute.statement.from, accused: this.slots.namedBy(dispute.statement), answered: false }
    this.list.push(state)
    const answer = this.answers.get(keyOf(state.accused, state.complainer))
    return answer === undefined ? undefined : this.judge(context, state, answer)
  }

  /** Takes the answer of an accused. @returns the verdict; undefined while nobody complained: then it counts for nothing */
  answer(context: VerbContext, answer: Placed): Fault | undefined {
    const { from, payload } = answer.statement
    const complainer = payload[COMPLAINER]
    const by = typeof complainer === 'string' ? complainer : ''
    this.answers.set(keyOf(from, by), answer)
    const state = this.list.find((one) => one.accused === from && one.complainer === by && !one.answered)
    return state === undefined ? undefined : this.judge(context, state, answer)
  }

  private judge(context: VerbContext, state: DisputeState, answer: Placed): Fault {
    this.list[this.list.indexOf(state)] = { ...state, answered: true }
    const rules: Dispute | undefined = this.ceremony.disputes[state.name]
    if (rules === undefined) throw new TypeError(`no dispute ${state.name}`)
    const { guilty, reason, why } = judgeDispute(context, rules, state.dispute.collected, answer.collected)
    return {
      reason, step: state.step.name, accused: guilty, convicts: true, why: `${guilty} is guilty: ${why}`,
      offsets: [state.dispute.offset, answer.offset],
    }
  }
}

const keyOf = (accused: string, complainer: string): string => `${accused}\n${complainer}`

// The end of a ceremony, as anyone reads it from its log, as of an offset (protocol §6). Where a step wants all, anything that goes
// wrong before its success ends the ceremony. Where some are enough, a participant who fails, declines or cheats is out, and the
// ceremony ends when too few are left (§8).

/**
 * The endings of a log. `usable` and `dead` are for ever; the others may change with the next message. `aborted`: before the
 * certificate is complete, somebody aborted or a fault was found. `unconfirmed`: it is complete, and more is awaited.
 */
export const LOG_ENDINGS = ['open', 'aborted', 'unconfirmed', 'usable', 'dead'] as const
export type LogEnding = (typeof LOG_ENDINGS)[number]

/** The point from which a ceremony can be proved never to be usable, and why. */
export interface Death {
  readonly offset: number
  /** One sentence for people. */
  readonly why: string
}

/** `abort`: a participant said so in the log. `fault`: it follows from the log; every reader of it aborts. */
export type Ending = { readonly kind: 'abort'; readonly abort: AbortSeen } | { readonly kind: 'fault'; readonly fault: Fault }

/** The state of the current step where it wants some only. */
export interface Partly {
  readonly step: Step
  readonly wanted: number
  /** The participants who have made their part of it. */
  readonly made: readonly string[]
  readonly roster: readonly string[]
}

export class Endings {
  private abort: AbortSeen | undefined
  private fault: Fault | undefined
  /** The reason why each is out, in the order in which they went. */
  private readonly gone = new Map<string, string>()
  private success: number | null = null
  private death: Death | null = null

  /** The offset of the message that made it usable. */
  get usableAt(): number | null {
    return this.success
  }

  get dead(): Death | null {
    return this.death
  }

  /** Notes the success. Whatever is usable stays so, as what was found dead stays dead. */
  succeeded(offset: number): void {
    if (this.death === null) this.success ??= offset
  }

  died(death: Death): void {
    if (this.success === null) this.death ??= death
  }

  /** Notes an Abort while this step is current: it is for all, or where some are enough for its author alone. */
  aborted(abort: AbortSeen, step: Step | undefined): void {
    if (isPartial(step)) this.leave(abort.from, abort.payload.reason === 'rejected' ? 'declined' : `aborted (${abort.payload.reason})`)
    else this.abort ??= abort
  }

  /** Notes a fault while this step is current. A fault that is no participant's doing ends any ceremony. */
  faulted(fault: Fault, step: Step | undefined): void {
    if (!isPartial(step) || fault.accused === null) this.fault ??= fault
    else if (fault.convicts) this.leave(fault.accused, `is out (${fault.reason})`)
  }

  private leave(name: string, why: string): void {
    if (!this.gone.has(name)) this.gone.set(name, why)
  }

  isOut(name: string): boolean {
    return this.gone.has(name)
  }

  /** The ending. An Abort goes before a fault, since everybody can see it. */
  of(partly: Partly | undefined): Ending | null {
    if (this.abort !== undefined) return { kind: 'abort', abort: this.abort }
    const fault = this.fault ?? (partly === undefined ? null : this.unreachable(partly))
    return fault === null ? null : { kind: 'fault', fault }
  }

  private unreachable({ step, wanted, made, roster }: Partly): Fault | null {
    const open = roster.filter((name) => !this.gone.has(name) && !made.includes(name))
    if (made.length + open.length >= wanted) return null
    const out = [...this.gone].map(([name, why]) => `${name} ${why}`).join(', ')
    return {
      reason: 'unreachable', step: step.name, accused: null, convicts: false, offsets: [],
      why: `${step.name} takes ${wanted}, and only ${made.length + open.length} can still take part: ${out}`,
    }
  }
}

/** Does the step collect from some only? Once all steps are over, there is none. */
const isPartial = (step: Step | undefined): boolean => step !== undefined && step.collect.kind !== 'all'
