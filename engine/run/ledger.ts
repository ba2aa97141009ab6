/**
 * One ceremony as its log tells it: a fold over the log's messages, in order, that every client and every auditor runs
 * alike. It holds public data only, does no I/O, and never throws for what a message says: what is wrong becomes a
 * `Fault`.
 */
import { finish } from '../crypto/slices.ts'
import type { Slices } from '../crypto/slices.ts'
import type { Ceremony, Script, Step } from '../script/model.ts'
import type { Random, Scope, Verbs } from '../verbs/runtime.ts'
import type { JsonObject } from '../wire/canonical.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { Fault } from './abort.ts'
import { ownChecks } from './checks.ts'
import type { MessageChecks } from './checks.ts'
import { Refused, forkIn, readMessage } from './ledger-read.ts'
import type { AbortSeen, Post, ReadContext } from './ledger-read.ts'
import { Disputes } from './ledger-disputes.ts'
import type { DisputeState } from './ledger-disputes.ts'
import { Endings } from './ledger-ending.ts'
import type { Ending, Partly } from './ledger-ending.ts'
import { Slots, disagreementIn } from './ledger-slots.ts'
import { Steps } from './ledger-steps.ts'
import { checkBefore } from './ledger-verbs.ts'
import type { VerbContext } from './ledger-verbs.ts'
import { deadlineOf } from './opening.ts'
import { resolveRef } from './resolve.ts'
import type { Sources } from './resolve.ts'
import { inTurns } from './turns.ts'

export interface LedgerOptions {
  readonly script: Script
  readonly opening: Opening
  readonly verbs: Verbs
  readonly random: Random
  /** The verified head at an offset, or undefined where the log has none. */
  readonly headAt: (offset: number) => string | undefined
  /** Its own checks unless told; a simulation's clients share theirs. */
  readonly checks?: MessageChecks
  /** The finished ceremonies that this one follows, by the script's local name. */
  readonly followed?: Readonly<Record<string, Ledger>>
}

export class Ledger {
  readonly id: string
  readonly script: Script
  readonly opening: Opening
  private readonly options: LedgerOptions
  private readonly slots: Slots
  private readonly steps: Steps
  private readonly disputing: Disputes
  private readonly abortList: AbortSeen[] = []
  private readonly faultList: Fault[] = []
  private readonly endings = new Endings()
  private last: Promise<void> = Promise.resolve()
  /** Messages that were given to `follow` and are not read yet. */
  private following = 0

  constructor(options: LedgerOptions) {
    this.options = options
    this.script = options.script
    this.opening = options.opening
    this.id = ceremonyId(options.opening)
    this.slots = new Slots(this.ceremony, this.roster)
    this.disputing = new Disputes(this.slots)
    this.steps = new Steps({
      id: this.id, ceremony: this.ceremony, slots: this.slots, context: () => this.verbContext,
      wanted: (step) => this.wanted(step), found: (fault) => this.found(fault),
    })
    this.steps.prepare()
  }

  get ceremony(): Ceremony {
    return this.script.ceremony
  }

  get roster(): readonly Card[] {
    return this.opening.roster
  }

  /** How many steps are complete; the current step's index, or the number of steps when all are. */
  get current(): number {
    return this.steps.complete
  }

  get certificateIndex(): number {
    return this.ceremony.steps.findIndex((step) => step.name === this.ceremony.certificate)
  }

  /** The success certificate is complete: nothing aborts any more. */
  get certified(): boolean {
    return this.current > this.certificateIndex
  }

  /** Every step is complete, and every check passed. */
  get finished(): boolean {
    return this.current === this.ceremony.steps.length
  }

  /**
   * May the certificate be complete one day without anybody contradicting what it stated? Not once somebody disputes,
   * or states something else than another.
   */
  get certifiable(): boolean {
    if (this.certified) return true
    const step = this.ceremony.steps[this.certificateIndex]
    if (step === undefined || this.steps.isStuck) return false
    const taken = this.roster.flatMap(({ name }) => this.slots.recipients(step, name).flatMap((to) => this.slots.get(step.name, name, to) ?? []))
    return taken.every(({ statement }) => statement.type === step.sends) && disagreementIn(step, taken) === null
  }

  get faults(): readonly Fault[] {
    return this.faultList
  }

  get aborts(): readonly AbortSeen[] {
    return this.abortList
  }

  /** What ends the ceremony, before its success; null as long as nothing does. */
  get ending(): Ending | null {
    return this.certified ? null : this.endings.of(this.partly)
  }

  /** A participant declined, aborted or was convicted where some are enough: it takes no part any more. */
  isOut(name: string): boolean {
    return this.endings.isOut(name)
  }

  /** The finished ceremonies that this one follows, by the script's local name. */
  get followed(): Readonly<Record<string, Ledger>> {
    return this.options.followed ?? {}
  }

  get disputes(): readonly DisputeState[] {
    return this.disputing.all
  }

  /** Where the statements stand that took their slots. */
  get placedOffsets(): readonly number[] {
    return this.slots.offsets
  }

  /** The outputs, once every step is complete. */
  get outputs(): JsonObject | undefined {
    return this.steps.outputs
  }

  /** The transcript hash before a step, once the steps before it are complete. */
  viewBefore(stepIndex: number): string | undefined {
    return this.steps.viewsBefore[stepIndex]
  }

  /** Reads the log's next message. Others' ceremonies and outsiders pass unread. Not while `follow` is at work. */
  accept(post: Post): void {
    if (this.following > 0) throw new TypeError('a message that overtakes others')
    finish(this.reading(post))
  }

  /**
   * Reads the log's next message like `accept`, but lets others run in between where that takes long, such as a thousand
   * signatures. Messages are read one after the other, in the order of the calls, however long each takes: so the result is
   * that of `accept`. Resolves when this one was read. While one is being read, it may stand in its place already, and what
   * follows from it not yet.
   *
   * @param signal stops the reading, for good
   */
  follow(post: Post, signal?: AbortSignal): Promise<void> {
    this.following += 1
    const read = this.last.then(async () => {
      signal?.throwIfAborted()
      await inTurns(this.reading(post), signal)
      this.following -= 1
    })
    this.last = read
    // Whoever called hears of it.
    read.catch(() => undefined)
    return read
  }

  /** Resolves when all that was given to `follow` was read. */
  settled(): Promise<void> {
    return this.last
  }

  private *reading(post: Post): Slices<void> {
    const { statement } = post.message
    if (statement.ceremony !== this.id) return
    const card = this.roster.find((one) => one.name === statement.from)
    if (card === undefined || this.steps.isExpelled(statement)) return
    try {
      yield* this.read(post, card)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.found(error.fault)
    }
  }

  /** Names whose message for the step is not in; for a private message, those who have not sent all of theirs. */
  missing(stepIndex: number): readonly string[] {
    const step = this.ceremony.steps[stepIndex]
    if (step === undefined || stepIndex < this.current) return []
    return this.roster.map((card) => card.name).filter((name) => !this.slots.isFilledBy(step, name) || this.steps.isBad(name))
  }

  /** A participant's statements in a step are all in the log. */
  hasStated(stepName: string, name: string): boolean {
    const step = this.ceremony.steps.find((one) => one.name === stepName)
    const own = this.slots.get(stepName, name, null)
    if (step === undefined) return own !== undefined
    if (own !== undefined && own.statement.type === step.disputes) return true
    return this.slots.isFilledBy(step, name)
  }

  /** A participant stated its part of the certificate, and can neither take it back nor know yet what comes of it. */
  isBound(name: string): boolean {
    return !this.certified && this.certifiable && this.hasStated(this.ceremony.certificate, name)
  }

  deadline(stepIndex: number): number {
    return deadlineOf(this.opening, this.script, stepIndex)
  }

  /** When a dispute must be answered: its step's deadline and the dispute's own time. */
  disputeDeadline(name: string): number {
    const step = this.ceremony.steps.findIndex((one) => one.disputes === name)
    return this.deadline(step) + (this.ceremony.disputes[name]?.within ?? 0)
  }

  /** Where arguments come from. Steps that are not complete give what they have. */
  get sources(): Sources {
    return {
      parameters: this.opening.parameters,
      statements: (message) => this.slots.collected(message),
      prepared: (name) => this.steps.prepared(name),
      followed: (name) => {
        const followed = this.followed[name]
        if (followed === undefined) throw new TypeError(`a ledger without the ${name} that it follows`)
        const { id, opening, outputs } = followed
        return { id, opening, outputs }
      },
      kept: (name) => {
        throw new TypeError(`${name} is the airgap’s`)
      },
    }
  }

  scope(step: string, type: string, view: string): Scope {
    const { random } = this.options
    return { ceremony: this.id, roster: this.roster, rehearsal: this.opening.rehearsal, step, type, view, random }
  }

  /** The statements of a step to everyone or to one participant, with their airgap signatures, by roster index. */
  carriable(stepIndex: number, to: string): readonly { readonly from: string; readonly payload: JsonObject; readonly airgapSignature: string }[] {
    const step = this.ceremony.steps[stepIndex]
    return step === undefined ? [] : this.slots.carriable(step, to)
  }

  private get verbContext(): VerbContext {
    return { verbs: this.options.verbs, sources: this.sources, scope: (step, type, view) => this.scope(step, type, view) }
  }

  private *read(post: Post, card: Card): Slices<void> {
    const { ceremony, roster, slots, steps } = this
    const { headAt, checks = ownChecks } = this.options
    const views = steps.viewsBefore
    const context: ReadContext = {
      ceremony, roster, slots, views, headAt, checks,
      checkBefore: (step, one) => checkBefore(this.verbContext, step, views[step.index] ?? '', one),
    }
    const reading = readMessage(context, post, card)
    const fork = forkIn(context, post)
    if (fork !== null) this.found(fork)
    if (reading.kind === 'abort') {
      this.abortList.push(reading.abort)
      this.endings.aborted(reading.abort, this.steps.current)
    }
    if (reading.kind !== 'statement') return
    const { placed, step, dispute, contradiction } = reading
    if (contradiction !== undefined) this.found(contradiction)
    if (dispute !== undefined) {
      this.found(this.disputing.answer(this.verbContext, dispute, placed))
      return
    }
    if (placed.statement.type === step.sends) {
      const faults = yield* steps.check(step, 'arrival', [placed])
      // That it contradicts itself was said; that the second one is no good either adds nothing.
      if (faults.length > 0 && contradiction !== undefined) return
      steps.refuse(step, faults, [placed])
    }
    if (slots.inPlaceOf(placed.statement) === undefined) slots.put(placed)
    else slots.putRival(placed)
    if (placed.statement.type === step.disputes) this.disputing.open(step.disputes, step, placed)
    yield* steps.advance()
  }

  /** How many participants a step collects from. */
  wanted({ collect }: Step): number {
    if (collect.kind === 'all') return this.roster.length
    return collect.kind === 'any' ? 1 : Number(resolveRef(collect.of, this.sources))
  }

  private get partly(): Partly | undefined {
    const step = this.steps.current
    if (step === undefined || step.collect.kind === 'all') return undefined
    const made = this.slots.collected(step.sends).map((one) => one.from)
    return { step, wanted: this.wanted(step), made, roster: this.roster.map((card) => card.name) }
  }

  private found(fault: Fault): void {
    this.faultList.push(fault)
    this.endings.faulted(fault, this.steps.current)
  }
}
