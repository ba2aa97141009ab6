/**
 * What a member may post in a ceremony besides the statements that take its slots (protocol §11): without a bound, one member could make
 * a transcript too long to use, and so take everybody's way to recover a share.
 */
import type { Ceremony } from '../script/model.ts'
import { canonicalBytes } from '../wire/canonical.ts'
import { MOST_BYTES, mostEntries } from '../wire/limits.ts'
import type { Message } from '../wire/message.ts'

/** How many slots a member has: one a step, and one for the answer to each other's dispute. */
export const slotsOf = ({ steps, disputes }: Ceremony, participants: number): number =>
  steps.length + Object.keys(disputes).length * (participants - 1)

export class Budgets {
  private readonly most: number
  private readonly used = new Map<string, { readonly entries: number; readonly bytes: number }>()

  constructor(ceremony: Ceremony, participants: number) {
    this.most = mostEntries(slotsOf(ceremony, participants))
  }

  /** Counts a message that its author signed and that takes no slot. */
  charge(message: Message): void {
    const { from } = message.statement
    const { entries = 0, bytes = 0 } = this.used.get(from) ?? {}
    this.used.set(from, { entries: entries + 1, bytes: bytes + canonicalBytes(message).length })
  }

  /** Is all of it used up? What its author posts from then on counts for nothing. */
  isSpent(name: string): boolean {
    const { entries = 0, bytes = 0 } = this.used.get(name) ?? {}
    return entries >= this.most || bytes >= MOST_BYTES
  }
}
