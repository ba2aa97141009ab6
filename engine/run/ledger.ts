/**
 * One ceremony as its log tells it: a fold over the log's messages, in order, that every client and every auditor runs
 * alike. It holds public data only, does no I/O, and never throws for what a message says: what is wrong becomes a
 * `Fault`.
 */
import { finish } from '../base/turns.ts'
import type { Slices } from '../base/turns.ts'
import type { Ceremony, Script, Step } from '../machines/ceremony.ts'
import type { Random, Scope, VerbFault, Verbs } from '../verbs/runtime.ts'
import type { Fault } from '../wire/abort.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { Carried } from '../wire/exchange.ts'
import { ceremonyOf } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'
import { Disputes, Endings } from './disputes.ts'
import type { Death, DisputeState, Ending, LogEnding, Partly } from './disputes.ts'
import { Following } from './following.ts'
import type { GetAttachment } from './following.ts'
import { deadlineOf } from './opening.ts'
import { ABANDONED, abandonStep } from '../machines/ceremony.ts'
import { Budgets, disagreementIn, forged, forkIn, isSigned, nextView, ownChecks, readMessage, Refused, Slots, wantsAttachment } from './reading.ts'
import type { AbortSeen, MessageChecks, Placed, Post, ReadContext, Taken } from './reading.ts'
import { checkBefore, checkMessages, outputsOf, prepareStep, resolveRef, sourcesOf } from './verbs.ts'
import type { Sources, VerbContext } from './verbs.ts'

// The progress of a ceremony's log: one step after the other, each complete before the next begins.

export interface StepsOptions {
  readonly id: string
  readonly ceremony: Ceremony
  readonly slots: Slots
  readonly context: () => VerbContext
  /** The number of participants that a step collects from. */
  readonly wanted: (step: Step) => number
  /** Hears of a fault that is not one message's. */
  readonly found: (fault: Fault) => void
}

class Steps {
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

  /** The number of complete steps. */
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

  /** Nothing goes on: a value that a step prepares, or the result of the ceremony, cannot be computed. */
  get isStuck(): boolean {
    return this.stuck
  }

  /** The outputs, once every step is complete. */
  get outputs(): JsonObject | undefined {
    return this.made
  }

  prepared(name: string): Json {
    const value = this.values.get(name)
    if (value === undefined) throw new Error(`${name} is not prepared yet`)
    return value
  }

  /** Did a check refuse what this participant sent in a step? */
  isBad(step: Step, name: string): boolean {
    return this.bad.has(badKey(step, name))
  }

  *check(step: Step, when: 'arrival' | 'complete', incoming: readonly Placed[]): Slices<readonly VerbFault[]> {
    return yield* checkMessages(this.options.context(), step, this.views[step.index] ?? '', when, incoming.map((one) => one.collected))
  }

  /** Takes down the faults that a step's check found. @throws Refused if there is one */
  refuse(step: Step, faults: readonly VerbFault[], incoming: readonly Placed[]): void {
    for (const one of faults) this.bad.add(badKey(step, one.accused))
    const [first, ...more] = faults
    if (first === undefined) return
    for (const one of more) this.options.found(faultFrom(one, step, incoming))
    throw new Refused(faultFrom(first, step, incoming), true)
  }

  /** Goes on to the next step while the current one is complete. @throws Refused */
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

  /** Puts out everybody who sent something wrong, where some are enough; another one may take the place. */
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

const badKey = (step: Step, name: string): string => `${step.name}\n${name}`

function faultFrom({ reason, accused, why, convicts }: VerbFault, step: Step, incoming: readonly Placed[]): Fault {
  const offsets = incoming.filter((one) => one.statement.from === accused).map((one) => one.offset)
  return { reason, step: step.name, accused, why, convicts: convicts ?? true, offsets }
}

/**
 * The state of a taken slot: `done` counts; `refused` does not, and nothing else can come there; `disputed` is a complaint that counts;
 * `abandoned` gave the ceremony up; `unread` came where nothing can come of it any more, and was not checked.
 */
export interface InSlot {
  readonly is: 'done' | 'refused' | 'disputed' | 'abandoned' | 'unread'
  readonly offset: number
}

export interface LedgerOptions {
  readonly script: Script
  readonly opening: Opening
  readonly verbs: Verbs
  readonly random: Random
  /** The verified head at an offset, or undefined where the log has none. */
  readonly headAt: (offset: number) => string | undefined
  /** The reader's own checks unless given; a simulation's clients share theirs. */
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
  private readonly budgets: Budgets
  private readonly abortList: AbortSeen[] = []
  private readonly faultList: Fault[] = []
  private readonly vouchers = new Map<string, number>()
  private readonly endings = new Endings()
  private abandoned: Taken | undefined
  private readonly attachments = new Map<number, Uint8Array>()
  private readonly unread = new Set<number>()
  private at = -1
  /** Is the message at that offset being read? */
  private isReading = false
  private tampered: number | null = null
  /** Reads the messages of `follow` in turn. */
  private readonly following = new Following({ wants: (post) => this.wants(post), read: (post) => this.reading(post) })

  constructor(options: LedgerOptions) {
    this.options = options
    this.script = options.script
    this.opening = options.opening
    this.id = ceremonyId(options.opening)
    this.slots = new Slots(this.id, this.ceremony, this.roster)
    this.disputing = new Disputes(this.ceremony, this.slots)
    this.budgets = new Budgets(this.ceremony, this.roster.length)
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

  /** The number of complete steps: the current step's index, or the number of steps when all are complete. */
  get current(): number {
    return this.steps.complete
  }

  get certificateIndex(): number {
    return this.ceremony.steps.findIndex((step) => step.name === this.ceremony.certificate)
  }

  /** Is the success certificate complete, so that nothing aborts any more? */
  get certified(): boolean {
    return this.current > this.certificateIndex
  }

  /** Is every step complete, every check passed and every output made? Then the result may be used, and nothing changes that any more. */
  get usable(): boolean {
    return this.usableAt !== null
  }

  /** The offset of the message that made it usable. */
  get usableAt(): number | null {
    return this.endings.usableAt
  }

  /** The proof that it can never be usable; null if there is none. */
  get dead(): Death | null {
    return this.endings.dead
  }

  /** The offset of the last message that was read of the log. */
  get asOf(): number {
    return this.at
  }

  /** The ending of the ceremony, as anyone reads it from the log up to here. */
  get end(): LogEnding {
    if (this.usable) return 'usable'
    if (this.dead !== null) return 'dead'
    if (this.certified) return 'unconfirmed'
    return this.ending === null ? 'open' : 'aborted'
  }

  /** For each participant the last offset of this log that it signed to have seen; -1 where it signed none. */
  get vouched(): ReadonlyMap<string, number> {
    return this.vouchers
  }

  get faults(): readonly Fault[] {
    return this.faultList
  }

  get aborts(): readonly AbortSeen[] {
    return this.abortList
  }

  /** The ending before the certificate is complete; null while there is none. */
  get ending(): Ending | null {
    return this.certified ? null : this.endings.of(this.partly)
  }

  /** Did a participant decline, abort or cheat where some are enough? Then it takes no part any more. */
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

  /** Nothing goes on: a value that a step prepares, or the result of the ceremony, cannot be computed. */
  get isStuck(): boolean {
    return this.steps.isStuck
  }

  /** The offsets of the statements that count. */
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

  /** Is the attachment of this message, the log's next, needed to read it? */
  wants(post: Post): boolean {
    const { ceremony, from } = post.message.statement
    return ceremony === this.id && post.offset < this.ignoredFrom(from) && wantsAttachment(this.readContext, post)
  }

  /** Reads the log's next message, with the attachment that it wants. Others' ceremonies and outsiders pass unread. Not while `follow` is at work. */
  accept(post: Post): void {
    if (this.following.isReading) throw new TypeError('a message that overtakes others')
    finish(this.reading(post))
  }

  /**
   * Reads the log's next message like `accept`, but gets the attachment that it wants, and lets others run in between where
   * reading takes long, such as a thousand signatures. Messages are read one after the other, in the order of the calls, so the
   * result is that of `accept`. Resolves when this one was read. While a message is being read, it may stand in its place
   * already without what follows from it.
   *
   * @param signal stops the reading, for good
   */
  follow(post: Post, attachment: GetAttachment, signal?: AbortSignal): Promise<void> {
    return this.following.follow(post, attachment, signal)
  }

  /** The attachment without which reading does not go on: its hash, or null. */
  get withheld(): string | null {
    return this.following.withheld
  }

  /** Resolves when all that was given to `follow` is read, as far as its attachments can be had. */
  settled(): Promise<void> {
    return this.following.settled()
  }

  /** The offset from which on a participant's messages count for nothing: its budget is used up, or the log is forged. */
  ignoredFrom(name: string): number {
    return Math.min(this.tampered ?? Infinity, this.budgets.spentAt(name) ?? Infinity) + 1
  }

  /** The attachment that was read with the message at an offset. */
  attachmentAt(offset: number): Uint8Array | undefined {
    return this.attachments.get(offset)
  }

  private *reading(post: Post): Slices<void> {
    this.at = post.offset
    this.isReading = true
    try {
      yield* this.readOne(post)
    } finally {
      this.isReading = false
    }
  }

  private *readOne(post: Post): Slices<void> {
    const { statement } = post.message
    // The mark of the entry decides by this id too, so a transcript may leave out what this reader passes over.
    if (ceremonyOf(statement) !== this.id) return
    const card = this.roster.find((one) => one.name === statement.from)
    // A transcript may leave out all but the marks of an author whose budget is used up, so not even a bad signature may matter here.
    if (card === undefined || post.offset >= this.ignoredFrom(card.name)) return
    const { checks = ownChecks, headAt } = this.options
    if (!isSigned({ checks }, post, card)) {
      this.tampered = post.offset
      this.found(forged(post, card))
      return
    }
    if (statement.type === 'Opening') {
      this.budgets.chargeOpening(post.message, post.offset)
      return
    }
    const fork = forkIn({ headAt }, post)
    if (fork === null) this.vouchers.set(card.name, Math.max(this.vouchers.get(card.name) ?? -1, post.message.seen.offset))
    else this.found(fork)
    const isHeld = this.slots.holderOf(statement) !== undefined
    if (post.attachment !== undefined && this.wants(post)) this.attachments.set(post.offset, post.attachment)
    try {
      yield* this.read(post, card)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.found(error.fault)
      if (error.isFinal) this.neverCounts(statement.step, error.fault)
    }
    if (isHeld || this.slots.holderOf(statement) === undefined) this.budgets.charge(post.message, post.offset)
    if (this.steps.outputs !== undefined) this.endings.succeeded(post.offset)
  }

  /** Finds the ceremony dead where a slot that it needs, of the certificate or after it, holds for ever what every reader must refuse. */
  private neverCounts(stepName: string | null, { why, offsets }: Fault): void {
    const step = this.ceremony.steps.find(({ name }) => name === stepName)
    if (step === undefined || step.index < this.certificateIndex || step.collect.kind !== 'all') return
    this.endings.died({ offset: offsets[0] ?? this.at, why })
  }

  /** The participants whose statement in the step does not count, or is not in. */
  missing(stepIndex: number): readonly string[] {
    const step = this.ceremony.steps[stepIndex]
    if (step === undefined || stepIndex < this.current) return []
    return this.roster.map((card) => card.name).filter((name) => !this.slots.isFilledBy(step, name) || this.steps.isBad(step, name))
  }

  /** Is a participant's statement in a step in the log, whatever it is worth? @param complainer of the answer to a dispute */
  hasStated(stepName: string, name: string, complainer?: string): boolean {
    return this.slots.holder(stepName, name, complainer) !== undefined
  }

  /** The state of a participant's slot in a step, and the offset; null while it is free, or its statement is still being checked. */
  inSlot(step: Step, name: string): InSlot | null {
    const taken = this.slots.holder(step.name, name)
    if (taken === undefined) return null
    const { statement: { type }, offset } = taken
    if (type === ABANDONED) return { is: 'abandoned', offset }
    const counts = this.slots.get(step.name, name) !== undefined
    if (!counts && this.unread.has(offset)) return { is: 'unread', offset }
    if (!counts && this.isReading && offset === this.at) return null
    if (!counts || this.steps.isBad(step, name)) return { is: 'refused', offset }
    return { is: type === step.sends ? 'done' : 'disputed', offset }
  }

  /** Did a participant's airgap give the ceremony up for good? */
  hasAbandoned(name: string): boolean {
    return this.slots.holder(abandonStep(this.ceremony)?.name ?? '', name)?.statement.type === ABANDONED
  }

  /** Does its slot hold this very statement? */
  holds(statement: Statement): boolean {
    return this.slots.isHeldBy(statement)
  }

  /** The statements of airgaps that rule out any success: each shows that to another airgap. */
  get deathbeds(): readonly Taken[] {
    return [...this.disputes.map(({ dispute }) => dispute), ...(this.abandoned === undefined ? [] : [this.abandoned])]
  }

  /** Has a participant stated its part of the certificate, which it cannot take back, while nobody knows yet what comes of it? */
  isBound(name: string): boolean {
    const { certificate, steps } = this.ceremony
    const type = this.slots.holder(certificate, name)?.statement.type
    return !this.certified && this.dead === null && type !== undefined && type === steps.find((step) => step.name === certificate)?.sends
  }

  deadline(stepIndex: number): number {
    return deadlineOf(this.opening, this.script, stepIndex)
  }

  /** The time by which a dispute must be answered: its step's deadline and the dispute's own time. */
  disputeDeadline(name: string): number {
    const step = this.ceremony.steps.findIndex((one) => one.disputes === name)
    return this.deadline(step) + (this.ceremony.disputes[name]?.within ?? 0)
  }

  /** The sources of a call's arguments. Steps that are not complete give what they have. */
  get sources(): Sources {
    const { opening: { parameters }, slots, steps } = this
    return sourcesOf({ parameters, statements: (message) => slots.collected(message), prepared: (name) => steps.prepared(name) }, this.followed)
  }

  scope(step: string, type: string, view: string): Scope {
    const { random } = this.options
    return { ceremony: this.id, roster: this.roster, rehearsal: this.opening.rehearsal, step, type, view, random }
  }

  /** The statements of a step by the airgaps of all others, as they cross to one participant's. */
  carriable(stepIndex: number, to: string): readonly Carried[] {
    const step = this.ceremony.steps[stepIndex]
    return step === undefined ? [] : this.slots.carriable(step, to)
  }

  /** Has everybody but this participant its slot in a step, so that nothing more can come there? */
  areOthersIn(stepName: string, me: string): boolean {
    return this.roster.every(({ name }) => name === me || this.slots.holder(stepName, name) !== undefined)
  }

  private get verbContext(): VerbContext {
    return { verbs: this.options.verbs, sources: this.sources, scope: (step, type, view) => this.scope(step, type, view) }
  }

  private get readContext(): ReadContext {
    const { ceremony, roster, slots, usable: isUsable, steps: { viewsBefore: views } } = this
    const { headAt, checks = ownChecks } = this.options
    return {
      ceremony, roster, slots, views, headAt, checks, isUsable, stuck: this.steps.isStuck ? this.steps.current : undefined,
      checkBefore: (step, one) => checkBefore(this.verbContext, step, views[step.index] ?? '', one),
    }
  }

  private *read(post: Post, card: Card): Slices<void> {
    const reading = readMessage(this.readContext, post, card)
    switch (reading.kind) {
      case 'unread':
        if (this.slots.holderOf(post.message.statement)?.offset === post.offset) this.unread.add(post.offset)
        return
      case 'abort':
        this.abortList.push(reading.abort)
        this.endings.aborted(reading.abort, this.steps.current)
        return
      case 'abandoned':
        this.abandoned ??= reading.taken
        this.endings.died({ offset: post.offset, why: `the airgap of ${card.name} has given it up for good` })
        return
      case 'statement':
        yield* this.take(reading.placed, reading.step, reading.answers !== undefined)
    }
  }

  private *take(placed: Placed, step: Step, isAnswer: boolean): Slices<void> {
    const { slots, steps } = this
    const { type, from } = placed.statement
    if (isAnswer) {
      this.found(this.disputing.answer(this.verbContext, placed))
      return
    }
    if (type === step.sends) steps.refuse(step, yield* steps.check(step, 'arrival', [placed]), [placed])
    slots.put(placed)
    if (type === step.disputes) {
      this.endings.died({ offset: placed.offset, why: `${from} complains of ${slots.namedBy(placed.statement)}, so that ${step.name} can never be complete` })
      this.found(this.disputing.open(this.verbContext, type, step, placed))
    }
    yield* steps.advance()
  }

  /** The number of participants that a step collects from. */
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

  private found(fault: Fault | undefined): void {
    if (fault === undefined) return
    this.faultList.push(fault)
    this.endings.faulted(fault, this.steps.current)
  }
}
