/**
 * A ceremony whose script ships with the page: read by the very fold that every client and `keyrite verify` run, so
 * that what is shown was checked here, in the visitor's browser: signatures, views, values, proofs, outcome.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Script, Step } from '../../engine/machines/ceremony.ts'
import { abandonStep } from '../../engine/run/abandon.ts'
import { hasAttachment } from '../../engine/run/attachment.ts'
import type { LogEnding } from '../../engine/run/ledger-ending.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import type { Post } from '../../engine/run/reading.ts'
import type { CellView, CeremonyView } from './model.ts'
import { headView, NOTHING } from './opened.ts'
import type { Reader } from './opened.ts'
import { Places } from './placed.ts'
import { line, outputFacts } from './texts.ts'

/** The most faults and aborts that are listed. */
export const MOST_LISTED = 50
/** Messages that are kept for a ceremony that cannot begin yet. */
const MOST_PENDING = 2000

export class CheckedCeremony implements Reader {
  readonly opened: Opened
  private readonly script: Script
  private readonly begin: () => Ledger | string
  private readonly places = new Places()
  private ledger: Ledger | undefined
  private problem: string | null = null
  private isRefused = false
  private pending: Post[] = []

  /** @param begin gives the ledger, or the ceremony that must be usable before. @throws run.opening where the opening breaks a rule */
  constructor(opened: Opened, script: Script, begin: () => Ledger | string) {
    this.opened = opened
    this.script = script
    this.begin = begin
    this.tryToBegin()
  }

  get usable(): Ledger | undefined {
    return this.ledger?.usable === true ? this.ledger : undefined
  }

  get isWaiting(): boolean {
    return this.ledger === undefined && !this.isRefused
  }

  /** Begins where what it follows is usable by now. */
  tryToBegin(): void {
    try {
      const begun = this.begin()
      if (typeof begun === 'string') {
        this.problem = begun
        return
      }
      this.ledger = begun
      this.problem = null
    } catch (error) {
      if (!isKeyriteError(error)) throw error
      this.problem = line(error.message)
      this.isRefused = true
    }
    for (const post of this.pending.splice(0)) this.accept(post)
  }

  accept(post: Post): void {
    if (this.ledger !== undefined) {
      this.places.add(post)
      this.ledger.accept(post)
    } else if (!this.isRefused && this.pending.length < MOST_PENDING) this.pending.push(post)
  }

  /** What is held until the ceremony can begin has to be judged without a ledger: nobody can tell then what will want it. */
  wantsAttachment(post: Post): boolean {
    if (this.ledger !== undefined) return this.ledger.wants(post)
    const { statement, attachment } = post.message
    const spec = this.isRefused || attachment === undefined ? undefined : this.script.ceremony.messages[statement.type]
    return spec !== undefined && hasAttachment(spec) && this.opened.opening.roster.some(({ name }) => name === statement.from)
  }

  view(number: string | null): CeremonyView {
    const { opened, script, ledger } = this
    const head = { ...headView(opened, script, number), ...NOTHING, problem: this.problem }
    if (ledger === undefined) return { ...head, state: this.isRefused ? 'refused' : 'waiting' }
    const { end } = ledger
    const counting = ledger.placedOffsets
    const [counted, any] = [this.places.firstOf(counting), this.places.firstOf(this.places.offsets)]
    const step = ledger.ceremony.steps[ledger.current]
    return {
      ...head,
      state: end,
      problem: problemOf(ledger),
      usableAt: ledger.usableAt,
      bound: end === 'aborted' ? ledger.roster.map(({ name }) => name).filter((name) => ledger.isBound(name)) : [],
      steps: ledger.ceremony.steps.map(({ name, index }) => ({ name, until: ledger.deadline(index) })),
      current: ledger.current,
      rows: ledger.roster.map(({ name }) => ({
        name,
        cells: ledger.ceremony.steps.map((one): CellView => {
          const offset = counted(one.name, name)
          const hasStated = ledger.hasStated(one.name, name)
          return { mark: markOf(ledger, one, name, offset !== undefined), offset: offset ?? (hasStated ? any(one.name, name) : undefined) ?? null }
        }),
      })),
      awaited: step === undefined || isOver(end) ? [] : ledger.missing(step.index).filter((name) => !ledger.isOut(name)),
      needed: step === undefined || step.collect.kind === 'all'
        ? null
        : { made: ledger.sources.statements(step.sends).length, wanted: ledger.wanted(step) },
      ...troubles(ledger),
      outputs: outputFacts(ledger.outputs),
      ...this.places.attachments(counting),
    }
  }
}

/** Nobody is waited for any more. */
const isOver = (end: LogEnding): boolean => end === 'aborted' || end === 'dead' || end === 'usable'

/** What ends it, where no participant has said so by an Abort. */
function problemOf({ end, dead, ending }: Ledger): string | null {
  if (end === 'dead') return line(dead?.why ?? '')
  return end === 'aborted' && ending?.kind === 'fault' ? line(ending.fault.why) : null
}

/** @param counts what it stated in the step counts */
function markOf(ledger: Ledger, step: Step, name: string, counts: boolean): CellView['mark'] {
  if (ledger.disputes.some((one) => one.step.name === step.name && one.complainer === name)) return 'disputed'
  if (step === abandonStep(ledger.ceremony) && ledger.hasAbandoned(name)) return 'abandoned'
  if (ledger.hasStated(step.name, name)) return counts ? 'done' : 'refused'
  const abort = ledger.aborts.find(({ from }) => from === name)
  if (abort !== undefined && (stepOf(ledger, abort.payload.step) ?? ledger.current) === step.index) return 'aborted'
  if (ledger.isOut(name)) return 'out'
  // Where some are enough, nobody waits for the others once they are there.
  if (isOver(ledger.end) || step.index < ledger.current) return 'never'
  return step.index === ledger.current ? 'awaited' : 'later'
}

/** An Abort may name any step, or none. */
const stepOf = ({ ceremony }: Ledger, name: string | null): number | undefined => ceremony.steps.find((one) => one.name === name)?.index

function troubles(ledger: Ledger): Pick<CeremonyView, 'aborts' | 'faults' | 'disputes'> {
  return {
    aborts: ledger.aborts.slice(0, MOST_LISTED).map(({ from, offset, payload: { step, reason, accused, evidence } }) => ({ from, offset, step, reason, accused, why: line(evidence.why) })),
    faults: ledger.faults.slice(0, MOST_LISTED).map(({ step, reason, why, convicts, accused, offsets }) => ({
      step: step === null ? null : line(step, 64), reason, why: line(why), convicted: convicts ? accused : null, offsets: offsets.slice(0, 4),
    })),
    disputes: ledger.disputes.map(({ name, step, dispute, complainer, accused, answered }) => ({
      from: complainer, accused, step: step.name, offset: dispute.offset, isAnswered: answered, until: ledger.disputeDeadline(name),
    })),
  }
}
