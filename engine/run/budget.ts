/**
 * What a member may post in a ceremony besides the statements that take its slots (protocol §11): without a bound, one member could make
 * a transcript too long to use, and so take everybody's way to recover a share.
 */
import type { Ceremony } from '../machines/ceremony.ts'
import { canonicalBytes } from '../wire/canonical.ts'
import { MOST_BYTES, mostEntries } from '../wire/limits.ts'
import { placeProblem } from '../wire/message.ts'
import type { Message } from '../wire/message.ts'

/** How many slots a member has: one a step, and one for the answer to each other's dispute. */
export const slotsOf = ({ steps, disputes }: Ceremony, participants: number): number =>
  steps.length + Object.keys(disputes).length * (participants - 1)

export class Budgets {
  private readonly most: number
  private hasOpened = false
  private readonly used = new Map<string, { readonly entries: number; readonly bytes: number; readonly spentAt?: number }>()

  constructor(ceremony: Ceremony, participants: number) {
    this.most = mostEntries(slotsOf(ceremony, participants))
  }

  /** Counts a message that its author signed and that takes no slot. */
  charge(message: Message, offset: number): void {
    const { from } = message.statement
    const { entries = 0, bytes = 0 } = this.used.get(from) ?? {}
    const now = { entries: entries + 1, bytes: bytes + canonicalBytes(message).length }
    this.used.set(from, now.entries >= this.most || now.bytes >= MOST_BYTES ? { ...now, spentAt: offset } : now)
  }

  /** The first Opening of the ceremony is what it is; any other takes up its author's budget. */
  chargeOpening(message: Message, offset: number): void {
    if (this.hasOpened || placeProblem(message) !== null) this.charge(message, offset)
    else this.hasOpened = true
  }

  /** Where the last one stands that counted; undefined as long as not all is used up. */
  spentAt(name: string): number | undefined {
    return this.used.get(name)?.spentAt
  }
}
