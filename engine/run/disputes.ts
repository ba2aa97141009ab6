/** The disputes of one ceremony's log: each complaint that took its slot, and what its answer comes to (protocol §5.6). */
import type { Ceremony, Dispute, Step } from '../machines/ceremony.ts'
import type { Fault } from '../wire/abort.ts'
import { COMPLAINER } from '../wire/message.ts'
import type { Placed, Slots } from './ledger-slots.ts'
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
  /** Answers by accused and complainer. One may stand before its complaint: a storage keeps whatever it is given first. */
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

  /** Takes an accused one's answer. @returns the verdict; undefined as long as nobody complained: then it counts for nothing */
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
