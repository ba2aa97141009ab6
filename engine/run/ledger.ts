/**
 * One ceremony as its log tells it: a fold over the log's messages, in order, that every client and every auditor runs
 * alike. It holds public data only, does no I/O, and never throws for what a message says: what is wrong becomes a
 * `Fault`.
 */
import { sha256Hex } from '../crypto/bytes.ts'
import type { Ceremony, Dispute, Message as MessageSpec, Script, Step } from '../script/model.ts'
import type { Collected, Random, Scope, Verbs, VerbFault } from '../verbs/runtime.ts'
import { fieldsCheck, fieldsProblem } from '../verbs/values.ts'
import { canonical, parseCanonical } from '../wire/canonical.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import { ceremonyId, indexOf } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import { isKeyriteError } from '../wire/error.ts'
import { slotOf, verifyMessage, verifyStatement } from '../wire/message.ts'
import type { Message, Statement } from '../wire/message.ts'
import { checkAbort } from './abort.ts'
import type { AbortPayload, Fault } from './abort.ts'
import { deadlineOf } from './opening.ts'
import { resolveArgs, resolveRef } from './resolve.ts'
import type { Sources } from './resolve.ts'
import { nextView } from './view.ts'

/** A message in its place, with the attachment that it names. */
export interface Post {
  readonly offset: number
  readonly message: Message
  readonly attachment?: Uint8Array
}

export interface LedgerOptions {
  readonly script: Script
  readonly opening: Opening
  readonly verbs: Verbs
  readonly random: Random
  /** The verified head at an offset, or undefined where the log has none. */
  readonly headAt: (offset: number) => string | undefined
}

/** A statement that took its slot. */
interface Placed {
  readonly statement: Statement
  readonly airgapSignature?: string
  readonly offset: number
  readonly collected: Collected
}

export interface AbortSeen {
  readonly from: string
  readonly offset: number
  readonly payload: AbortPayload
}

interface DisputeState {
  readonly name: string
  readonly step: Step
  readonly dispute: Placed
  readonly accused: string
  answered: boolean
}

/** Stops the reading of one message: what is wrong with it. */
class Refused extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.why)
    this.fault = fault
  }
}

export class Ledger {
  readonly id: string
  readonly script: Script
  readonly opening: Opening
  private readonly options: LedgerOptions
  private readonly slots = new Map<string, Placed>()
  private readonly views: string[]
  private readonly values = new Map<string, Json>()
  private readonly disputeList: DisputeState[] = []
  private readonly abortList: AbortSeen[] = []
  private readonly faultList: Fault[] = []
  private readonly badProofs = new Set<string>()
  private outputValues: JsonObject | undefined

  constructor(options: LedgerOptions) {
    this.options = options
    this.script = options.script
    this.opening = options.opening
    this.id = ceremonyId(options.opening)
    this.views = [this.id]
    this.prepare()
  }

  get ceremony(): Ceremony {
    return this.script.ceremony
  }

  get roster(): readonly Card[] {
    return this.opening.roster
  }

  /** How many steps are complete; the current step's index, or the number of steps when all are. */
  get current(): number {
    return this.views.length - 1
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

  get faults(): readonly Fault[] {
    return this.faultList
  }

  get aborts(): readonly AbortSeen[] {
    return this.abortList
  }

  get disputes(): readonly Readonly<DisputeState>[] {
    return this.disputeList
  }

  /** The outputs, once every step is complete. */
  get outputs(): JsonObject | undefined {
    return this.outputValues
  }

  /** The transcript hash before a step, once the steps before it are complete. */
  viewBefore(stepIndex: number): string | undefined {
    return this.views[stepIndex]
  }

  /** Reads the log's next message. Others' ceremonies and outsiders pass unread. */
  accept(post: Post): void {
    const { statement } = post.message
    if (statement.ceremony !== this.id) return
    const index = indexOf(this.roster, statement.from)
    const card = this.roster[index - 1]
    if (card === undefined) return
    try {
      this.read(post, card, index)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.faultList.push(error.fault)
    }
  }

  /** Names whose message for the step is not in; for a private message, those who have not sent all of theirs. */
  missing(stepIndex: number): readonly string[] {
    const step = this.ceremony.steps[stepIndex]
    if (step === undefined || stepIndex < this.current) return []
    return this.roster
      .map((card) => card.name)
      .filter((name) => !this.recipients(step, name).every((to) => this.inSlot(step.name, name, to) !== undefined) || this.badProofs.has(name))
  }

  /** A participant's statements in a step are all in the log. */
  hasStated(stepName: string, name: string): boolean {
    const step = this.ceremony.steps.find((one) => one.name === stepName)
    if (step === undefined) return this.inSlot(stepName, name, null) !== undefined
    const own = this.inSlot(stepName, name, null)
    if (own !== undefined && own.statement.type === step.disputes) return true
    return this.recipients(step, name).every((to) => this.inSlot(stepName, name, to) !== undefined)
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
      statements: (message) => this.collected(message),
      prepared: (name) => {
        const value = this.values.get(name)
        if (value === undefined) throw new Error(`${name} is not prepared yet`)
        return value
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
    if (step === undefined) return []
    const target = this.message(step.sends).to === 'everyone' ? null : to
    return this.roster.flatMap(({ name }) => {
      const placed = name === to ? undefined : this.inSlot(step.name, name, target)
      if (placed?.airgapSignature === undefined || placed.statement.type !== step.sends) return []
      return [{ from: name, payload: placed.statement.payload, airgapSignature: placed.airgapSignature }]
    })
  }

  private read(post: Post, card: Card, index: number): void {
    const { message, offset } = post
    const { statement } = message
    const refuse = (reason: string, why: string, convicts = false): never => {
      throw new Refused({ reason, step: statement.step, accused: card.name, why, convicts, offsets: [offset] })
    }
    if (!verifyMessage(message, card.signingKey)) {
      // Not the participant's doing: whoever wrote it does not have its key, and the storage let it in.
      throw new Refused({
        reason: 'bad-signature', step: statement.step, accused: null, convicts: false, offsets: [offset],
        why: `a message in the name of ${card.name} does not bear its signature; the storage should have refused it`,
      })
    }
    const { seen } = message
    const head = seen.offset >= offset ? undefined : this.options.headAt(seen.offset)
    if (head !== seen.head) {
      throw new Refused({
        reason: 'forked', step: statement.step, accused: null, convicts: false, offsets: [offset],
        why: `${card.name} saw another log: its head at offset ${seen.offset} is not ours`,
        evidence: { seen, ours: head ?? null },
      })
    }
    if (statement.type === 'Abort') {
      this.readAbort(post, card, refuse)
      return
    }
    this.readStatement(post, card, index, refuse)
  }

  private readAbort({ message, offset, attachment }: Post, card: Card, refuse: (reason: string, why: string) => never): void {
    if (message.airgapSignature !== undefined || attachment !== undefined) refuse('malformed', 'its Abort has what no Abort has')
    try {
      this.abortList.push({ from: card.name, offset, payload: checkAbort(message.statement.payload, 'An Abort') })
    } catch (error) {
      if (!isKeyriteError(error)) throw error
      refuse('malformed', error.message)
    }
  }

  private readStatement(post: Post, card: Card, index: number, refuse: (reason: string, why: string, convicts?: boolean) => never): void {
    const { message, offset } = post
    const { statement, airgapSignature } = message
    const place = this.placeOf(statement)
    if (place === undefined) return refuse('malformed', `${card.name} posted a ${statement.type} in ${statement.step ?? 'no step'}, where the script has none`)
    const { step, stepIndex, spec, dispute } = place
    const wantsAirgap = dispute !== undefined || step.airgap !== undefined
    if (wantsAirgap !== (airgapSignature !== undefined)) {
      return refuse('malformed', `the ${statement.type} of ${card.name} ${wantsAirgap ? 'lacks' : 'has'} an airgap’s signature`)
    }
    if (airgapSignature !== undefined && !verifyStatement(statement, airgapSignature, card.airgapKey)) {
      return refuse('bad-signature', `the airgap’s signature on the ${statement.type} of ${card.name} does not verify`)
    }
    const slot = slotOf(statement) ?? ''
    const before = this.slots.get(slot)
    if (before !== undefined) {
      if (canonical(before.statement) === canonical(statement)) return
      throw new Refused({
        reason: 'equivocation', step: statement.step, accused: card.name, convicts: airgapSignature !== undefined,
        why: `${card.name} made two different statements in one place`, offsets: [before.offset, offset],
        evidence: {
          first: { statement: before.statement, airgapSignature: before.airgapSignature },
          second: { statement, airgapSignature },
        },
      })
    }
    const view = this.views[stepIndex]
    if (view === undefined) return refuse('malformed', `${card.name} posted ${statement.type} before the steps before it were complete`)
    if (statement.view !== view) return refuse('disagreement', `${card.name} made its ${statement.type} with another view of what came before`)
    this.checkRecipient(statement, spec, refuse)
    this.checkPayload(statement, spec, stepIndex, refuse)
    const attachment = this.readAttachment(post, spec, refuse)
    const collected: Collected = {
      from: card.name, index, to: statement.to, step: statement.step ?? '', type: statement.type, view,
      payload: statement.payload, ...(attachment === undefined ? {} : { attachment }),
    }
    const placed: Placed = { statement, offset, collected, ...(airgapSignature === undefined ? {} : { airgapSignature }) }
    if (dispute !== undefined) {
      this.judge(dispute, placed, slot, refuse)
      return
    }
    if (statement.type === step.sends) this.runChecks(step, 'arrival', [collected], offset)
    this.slots.set(slot, placed)
    if (statement.type === step.disputes) this.openDispute(step, placed)
    this.advance()
  }

  /** The script's place for a statement's step and type. */
  private placeOf(statement: Statement) {
    const { steps, disputes } = this.ceremony
    const dispute = statement.step === null ? undefined : disputes[statement.step]
    const stepIndex = steps.findIndex((step) => (dispute === undefined ? step.name === statement.step : step.disputes === dispute.message))
    const step = steps[stepIndex]
    if (step === undefined) return undefined
    const types = dispute === undefined ? [step.sends, step.disputes] : [dispute.sends]
    if (!types.includes(statement.type)) return undefined
    return { step, stepIndex, spec: this.message(statement.type), ...(dispute === undefined ? {} : { dispute }) }
  }

  private checkRecipient(statement: Statement, spec: MessageSpec, refuse: (reason: string, why: string) => never): void {
    const { to, from, type } = statement
    const fits = spec.to === 'everyone' ? to === null : to !== null && to !== from && indexOf(this.roster, to) > 0
    if (!fits) refuse('malformed', `the ${type} of ${from} is addressed to ${to ?? 'everyone'}`)
  }

  private checkPayload(statement: Statement, spec: MessageSpec, stepIndex: number, refuse: (reason: string, why: string) => never): void {
    const { from, type, payload } = statement
    try {
      fieldsCheck(spec.payload)(payload, `The ${type} of ${from}`)
    } catch (error) {
      if (!isKeyriteError(error)) throw error
      refuse('malformed', error.message)
    }
    // What equals a value that was checked before need not be checked again (n equal group keys, say).
    const step = this.ceremony.steps[stepIndex]
    const [first] = step?.sends === type ? this.collected(type) : []
    const equal = (step?.agree ?? []).filter((name) => first !== undefined && first.payload[name] === payload[name])
    const problem = fieldsProblem(spec.payload, payload, this.roster, 'strict', equal)
    if (problem !== null) refuse('malformed', `the ${type} of ${from} holds an unusable value: ${problem}`)
  }

  private readAttachment({ message, attachment }: Post, spec: MessageSpec, refuse: (reason: string, why: string) => never): JsonObject | undefined {
    const { type, from } = message.statement
    if ((spec.attachment !== undefined) !== (message.attachment !== undefined)) {
      return refuse('malformed', `the ${type} of ${from} ${spec.attachment === undefined ? 'has' : 'lacks'} an attachment`)
    }
    if (spec.attachment === undefined) return undefined
    if (attachment === undefined || sha256Hex(attachment) !== message.attachment) {
      return refuse('malformed', `the attachment of the ${type} of ${from} is not the one that it names`)
    }
    try {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(attachment)
      const value = fieldsCheck(spec.attachment)(parseCanonical(text, `The attachment of ${from}`), `The attachment of ${from}`)
      const problem = fieldsProblem(spec.attachment, value, this.roster, 'attachment')
      return problem === null ? value : refuse('malformed', `the attachment of ${from} holds an unusable value: ${problem}`)
    } catch (error) {
      if (error instanceof Refused || !(isKeyriteError(error) || error instanceof TypeError)) throw error
      return refuse('malformed', `the attachment of ${from} is not readable: ${error.message}`)
    }
  }

  private openDispute(step: Step, placed: Placed): void {
    const name = placed.statement.type
    const accused = this.namedBy(name, placed)
    this.disputeList.push({ name, step, dispute: placed, accused, answered: false })
  }

  /** The participant whom a dispute or its answer names, in its one field of that type. */
  private namedBy(message: string, placed: Placed): string {
    const [field] = Object.entries(this.message(message).payload).find(([, type]) => type === 'participant') ?? []
    return String(placed.statement.payload[field ?? ''])
  }

  private judge(dispute: Dispute, placed: Placed, slot: string, refuse: (reason: string, why: string) => never): void {
    const { from } = placed.statement
    const disputer = this.namedBy(dispute.sends, placed)
    const state = this.disputeList.find((one) => one.name === dispute.message && one.accused === from && one.dispute.statement.from === disputer)
    if (state === undefined) return refuse('malformed', `${from} answers a dispute that nobody opened`)
    this.slots.set(slot, placed)
    state.answered = true
    const run = this.options.verbs.judge[dispute.judge.verb]
    if (run === undefined) throw new Error(`no verb ${dispute.judge.verb}`)
    const scope = this.scope(dispute.message, dispute.sends, placed.collected.view)
    const verdict = run(scope, state.dispute.collected, placed.collected, resolveArgs(dispute.judge, this.sources))
    this.faultList.push({
      reason: verdict.reason, step: state.step.name, accused: verdict.guilty, convicts: true,
      why: `${verdict.guilty} is guilty: ${verdict.why}`, offsets: [state.dispute.offset, placed.offset],
    })
  }

  private runChecks(step: Step, when: 'arrival' | 'complete', incoming: readonly Collected[], offset?: number): void {
    if (step.check === undefined) return
    const check = this.options.verbs.check[step.check.verb]
    if (check === undefined) throw new Error(`no verb ${step.check.verb}`)
    if (check.when !== when) return
    const view = this.views[step.index] ?? ''
    const faults = check.run(this.scope(step.name, step.sends, view), incoming, resolveArgs(step.check, this.sources))
    for (const one of faults) this.badProofs.add(one.accused)
    const [first] = faults
    if (first === undefined) return
    const offsets = offset === undefined ? this.offsetsOf(step, first) : [offset]
    throw new Refused({ reason: first.reason, step: step.name, accused: first.accused, why: first.why, convicts: first.convicts ?? true, offsets })
  }

  private offsetsOf(step: Step, fault: VerbFault): readonly number[] {
    const placed = this.inSlot(step.name, fault.accused, null)
    return placed === undefined ? [] : [placed.offset]
  }

  /** Goes on to the next step as long as the current one is complete. */
  private advance(): void {
    for (;;) {
      const step = this.ceremony.steps[this.current]
      const view = this.views[this.current]
      if (step === undefined || view === undefined || !this.isFull(step)) break
      this.checkAgreement(step)
      if (step.collect.kind === 'all') this.runChecks(step, 'complete', this.collected(step.sends))
      const statements = this.collected(step.sends).map((one) => this.inSlot(step.name, one.from, one.to)?.statement).filter((one) => one !== undefined)
      this.views.push(nextView(view, step, this.message(step.sends), statements))
      this.prepare()
    }
    if (this.finished && this.outputValues === undefined) this.outputValues = this.computeOutputs()
  }

  private isFull(step: Step): boolean {
    const { collect } = step
    if (collect.kind === 'all') {
      return this.roster.every(({ name }) =>
        this.recipients(step, name).every((to) => this.inSlot(step.name, name, to)?.statement.type === step.sends),
      )
    }
    const wanted = collect.kind === 'any' ? 1 : Number(resolveRef(collect.of, this.sources))
    return this.collected(step.sends).length >= wanted
  }

  private checkAgreement(step: Step): void {
    const all = this.collected(step.sends)
    for (const name of step.agree) {
      const said = new Map(all.map((one) => [canonical(one.payload[name] ?? null), one.from]))
      if (said.size < 2) continue
      throw new Refused({
        reason: 'disagreement', step: step.name, accused: null, convicts: false,
        why: `the participants do not agree on ${name}: ${[...said.values()].join(' and ')} say different things`,
        offsets: all.map((one) => this.inSlot(step.name, one.from, one.to)?.offset ?? 0),
      })
    }
  }

  /** Computes what the current step prepares, so that every reader finds the same fault in the same place. */
  private prepare(): void {
    const step = this.ceremony.steps[this.current]
    if (step === undefined) return
    for (const [name, call] of Object.entries(step.prepare)) {
      const run = this.options.verbs.value[call.verb]
      if (run === undefined) throw new Error(`no verb ${call.verb}`)
      try {
        this.values.set(name, run(this.scope(step.name, step.sends, this.views[step.index] ?? ''), resolveArgs(call, this.sources)))
      } catch (error) {
        this.faultList.push(verbFaultOf(error, step.name))
        return
      }
    }
  }

  private computeOutputs(): JsonObject {
    const outputs: Record<string, Json> = {}
    for (const [name, output] of Object.entries(this.ceremony.outputs)) {
      if (output.kind === 'call') {
        const run = this.options.verbs.value[output.call.verb]
        if (run === undefined) throw new Error(`no verb ${output.call.verb}`)
        const last = this.ceremony.steps.length - 1
        const scope = this.scope(this.ceremony.steps[last]?.name ?? '', name, this.views[last] ?? '')
        outputs[name] = run(scope, resolveArgs(output.call, this.sources))
      } else {
        const column = resolveRef(output.ref, this.sources)
        outputs[name] = Array.isArray(column) ? (column as Json[])[0] ?? null : (column as Json)
      }
    }
    return outputs
  }

  private recipients(step: Step, from: string): readonly (string | null)[] {
    if (this.message(step.sends).to === 'everyone') return [null]
    return this.roster.map((card) => card.name).filter((name) => name !== from)
  }

  private inSlot(step: string, from: string, to: string | null): Placed | undefined {
    return this.slots.get(canonical([this.id, step, from, to]))
  }

  private collected(message: string): readonly Collected[] {
    const place = this.ceremony.steps.find((step) => step.sends === message || step.disputes === message)?.name ??
      Object.values(this.ceremony.disputes).find((dispute) => dispute.sends === message)?.message
    if (place === undefined) return []
    const recipients = this.message(message).to === 'everyone' ? [null] : this.roster.map((card) => card.name)
    return this.roster.flatMap(({ name }) =>
      recipients.flatMap((to) => {
        const placed = this.inSlot(place, name, to)
        return placed?.statement.type === message ? [placed.collected] : []
      }),
    )
  }

  private message(name: string): MessageSpec {
    const spec = this.ceremony.messages[name]
    if (spec === undefined) throw new Error(`no message ${name}`)
    return spec
  }
}

/** A fault out of what a verb threw; anything else is a bug and goes on. */
function verbFaultOf(error: unknown, step: string): Fault {
  if (!isKeyriteError(error, 'verb.fault')) throw error
  const { reason, accused, why } = error.facts
  return {
    reason: String(reason), step, accused: accused === '' ? null : String(accused), why: String(why),
    convicts: accused !== '', offsets: [],
  }
}

