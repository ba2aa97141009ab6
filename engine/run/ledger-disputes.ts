/** The disputes of one ceremony's log, and what their answers come to. */
import type { Dispute, Step } from '../script/model.ts'
import type { Fault } from './abort.ts'
import { Refused } from './ledger-read.ts'
import type { Placed, Slots } from './ledger-slots.ts'
import { judgeDispute } from './ledger-verbs.ts'
import type { VerbContext } from './ledger-verbs.ts'

export interface DisputeState {
  readonly name: string
  readonly step: Step
  readonly dispute: Placed
  readonly accused: string
  readonly answered: boolean
}

export class Disputes {
  private readonly slots: Slots
  private readonly list: DisputeState[] = []

  constructor(slots: Slots) {
    this.slots = slots
  }

  get all(): readonly DisputeState[] {
    return this.list
  }

  open(name: string, step: Step, dispute: Placed): void {
    this.list.push({ name, step, dispute, accused: this.slots.namedBy(dispute), answered: false })
  }

  /** Takes the accused one's answer and judges. @throws Refused where it answers nothing */
  answer(context: VerbContext, dispute: Dispute, answer: Placed): Fault {
    const { from, step } = answer.statement
    const disputer = this.slots.namedBy(answer)
    const at = this.list.findIndex((one) => one.name === dispute.message && one.accused === from && one.dispute.statement.from === disputer)
    const state = this.list[at]
    if (state === undefined) {
      throw new Refused({
        reason: 'malformed', step, accused: from, convicts: false, offsets: [answer.offset],
        why: `${from} answers a dispute that nobody opened`,
      })
    }
    this.slots.put(answer)
    this.list[at] = { ...state, answered: true }
    const { guilty, reason, why } = judgeDispute(context, dispute, state.dispute.collected, answer.collected)
    return {
      reason, step: state.step.name, accused: guilty, convicts: true, why: `${guilty} is guilty: ${why}`,
      offsets: [state.dispute.offset, answer.offset],
    }
  }
}
