/**
 * A ceremony whose script did not ship with the page: who stated what, in the order in which it came. Signatures are
 * checked; what the script asks of its messages, and until when, nobody here can know.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import type { Post } from '../../engine/run/reading.ts'
import { checkAbort } from '../../engine/wire/abort.ts'
import { verifyMessage, verifyStatement } from '../../engine/wire/message.ts'
import type { AbortView, CellView, CeremonyView, FaultView } from './model.ts'
import { headView, NOTHING } from './opened.ts'
import type { Reader } from './opened.ts'
import { Places } from './placed.ts'
import { line } from './texts.ts'
import { MOST_LISTED } from './checked.ts'

/** The most steps that are told apart: any participant can name as many as it likes. */
const MOST_STEPS = 24

export class UncheckedCeremony implements Reader {
  readonly opened: Opened
  private readonly places = new Places()
  private readonly steps: string[] = []
  private readonly aborts: AbortView[] = []
  private readonly faults: FaultView[] = []

  constructor(opened: Opened) {
    this.opened = opened
  }

  wantsAttachment(): boolean {
    return false
  }

  accept(post: Post): void {
    const { message, offset } = post
    const { statement, airgapSignature } = message
    const card = this.opened.opening.roster.find(({ name }) => name === statement.from)
    if (card === undefined) return
    if (!verifyMessage(message, card.signingKey)) {
      this.found(post, 'bad-signature', `a message in the name of ${card.name} does not bear its signature; the storage should have refused it`)
    } else if (airgapSignature !== undefined && !verifyStatement(statement, airgapSignature, card.airgapKey)) {
      this.found(post, 'bad-signature', `the airgap’s signature on the ${statement.type} of ${card.name} does not verify`)
    } else if (statement.type === 'Abort') this.abort(post)
    else if (statement.step !== null && (this.steps.includes(statement.step) || this.steps.length < MOST_STEPS)) {
      if (!this.steps.includes(statement.step)) this.steps.push(statement.step)
      this.places.add({ offset, message })
    }
  }

  private abort({ message: { statement }, offset }: Post): void {
    if (this.aborts.length >= MOST_LISTED) return
    try {
      const { step, reason, accused, evidence } = checkAbort(statement.payload, 'An Abort')
      this.aborts.push({ from: statement.from, offset, step: step === null ? null : line(step, 64), reason, accused, why: line(evidence.why) })
    } catch (error) {
      if (!isKeyriteError(error)) throw error
    }
  }

  private found({ message: { statement }, offset }: Post, reason: string, why: string): void {
    if (this.faults.length < MOST_LISTED) this.faults.push({ step: statement.step, reason, why, convicted: null, offsets: [offset] })
  }

  view(number: string | null): CeremonyView {
    const { offsets } = this.places
    const firstOf = this.places.firstOf(offsets)
    return {
      ...headView(this.opened, undefined, number), ...NOTHING,
      state: 'unchecked',
      steps: this.steps.map((name) => ({ name, until: null })),
      current: this.steps.length,
      rows: this.opened.opening.roster.map(({ name }) => ({
        name,
        cells: this.steps.map((step): CellView => {
          const offset = firstOf(step, name) ?? null
          const hasAborted = this.aborts.some((one) => one.from === name && one.step === step)
          return { mark: offset !== null ? 'done' : hasAborted ? 'aborted' : 'later', offset }
        }),
      })),
      aborts: this.aborts, faults: this.faults,
      ...this.places.attachments(offsets),
    }
  }
}
