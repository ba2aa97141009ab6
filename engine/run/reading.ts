/**
 * Reads one message of a ceremony's log: signatures, place, form, slot, view, values, attachment. Its claims count only as
 * far as they are checked here; the first thing that is wrong with it stops the reading as `Refused`.
 */
import { isKeyriteError } from '../base/errors.ts'
import { fromHex } from '../base/bytes.ts'
import { sha256Hex, taggedHash } from '../crypto/hash.ts'
import { ABANDONED, abandonStep } from '../machines/ceremony.ts'
import type { Ceremony, Dispute, MessageSpec, Step } from '../machines/ceremony.ts'
import type { Collected, VerbFault } from '../verbs/runtime.ts'
import { signatureOf } from '../verbs/table.ts'
import { fieldsCheck, fieldsProblem } from '../verbs/values.ts'
import { checkAbort } from '../wire/abort.ts'
import type { AbortPayload, AbortReason, Fault } from '../wire/abort.ts'
import { canonical, canonicalBytes } from '../base/canonical.ts'
import type { JsonObject } from '../base/canonical.ts'
import { flowed, printableLine } from '../base/text.ts'
import { listed } from '../base/words.ts'
import { indexOf } from '../wire/card.ts'
import type { Card } from '../wire/card.ts'
import type { Carried } from '../wire/exchange.ts'
import { MOST_BYTES, mostEntries } from '../wire/limits.ts'
import { hashOf, placeProblem, sameStatement, slotKey, slotOf, verifyMessage, verifyStatement } from '../wire/message.ts'
import type { Message, Statement } from '../wire/message.ts'
import { hasAttachment, pieceFor, piecesProblem, readAttachment, statementFields } from './attachment.ts'

// Giving up for good (protocol §6): an airgap that stated its part of a certificate, and never hears what became of it, states in a
// later step's slot that it will never take that step. Without its part there the ceremony can never be usable.

// The slots of one ceremony's log: the statement that took each first, whether it counts, and the slots that are free.

/** A statement that took its slot: the first one there with a good signature of its airgap and of the right form. */
export interface Taken {
  readonly statement: Statement
  readonly airgapSignature?: string
  readonly offset: number
}

/** A statement that took its slot and counts. */
export interface Placed extends Taken {
  readonly collected: Collected
}

export class Slots {
  private readonly id: string
  private readonly ceremony: Ceremony
  private readonly roster: readonly Card[]
  private readonly taken = new Map<string, Taken>()
  private readonly placed = new Map<string, Placed>()
  /** The results of `collected`, until a statement of that type comes in. */
  private readonly lists = new Map<string, readonly Collected[]>()

  constructor(id: string, ceremony: Ceremony, roster: readonly Card[]) {
    this.id = id
    this.ceremony = ceremony
    this.roster = roster
  }

  /** Has a statement take its slot. @returns the one that has it already, if one has */
  take(one: Taken): Taken | undefined {
    const key = slotOf(one.statement) ?? ''
    const before = this.taken.get(key)
    if (before === undefined) this.taken.set(key, one)
    return before
  }

  /** The statement that took a slot, whether it counts or not. */
  holder(step: string, from: string, complainer?: string): Taken | undefined {
    return this.taken.get(slotKey(this.id, step, from, complainer))
  }

  /** The statement that has the slot of this one. */
  holderOf(statement: Statement): Taken | undefined {
    return this.taken.get(slotOf(statement) ?? '')
  }

  /** Does its slot hold this very statement? */
  isHeldBy(statement: Statement): boolean {
    const holder = this.holderOf(statement)
    return holder !== undefined && canonical(holder.statement) === canonical(statement)
  }

  /** Lets a statement that took its slot count. */
  put(placed: Placed): void {
    this.placed.set(slotOf(placed.statement) ?? '', placed)
    this.lists.delete(placed.statement.type)
  }

  /** Lets a statement count no more; its slot stays taken. */
  remove({ statement }: Placed): void {
    this.placed.delete(slotOf(statement) ?? '')
    this.lists.delete(statement.type)
  }

  /** The statement of a participant in a step, if it counts. */
  get(step: string, from: string): Placed | undefined {
    return this.placed.get(slotKey(this.id, step, from))
  }

  /** The offsets of the statements that count. */
  get offsets(): readonly number[] {
    return [...this.placed.values()].map((one) => one.offset)
  }

  message(name: string): MessageSpec {
    const spec = this.ceremony.messages[name]
    if (spec === undefined) throw new Error(`no message ${name}`)
    return spec
  }

  /** Does a participant's part of a step count? */
  isFilledBy(step: Step, name: string): boolean {
    return this.get(step.name, name)?.statement.type === step.sends
  }

  /** Does everybody's part of a step count? */
  isComplete(step: Step): boolean {
    return this.collected(step.sends).length === this.roster.length
  }

  /** The messages that a step sends, as far as they count, by roster index. */
  placedIn(step: Step): readonly Placed[] {
    return this.roster.flatMap(({ name }) => {
      const placed = this.get(step.name, name)
      return placed?.statement.type === step.sends ? [placed] : []
    })
  }

  /** All statements of a message that count, by roster index. */
  collected(message: string): readonly Collected[] {
    const list = this.lists.get(message) ?? this.collect(message)
    this.lists.set(message, list)
    return list
  }

  private collect(message: string): readonly Collected[] {
    const step = this.ceremony.steps.find(({ sends }) => sends === message)
    return step === undefined ? [] : this.placedIn(step).map(({ collected }) => collected)
  }

  /** The statements of all others' airgaps in a step, as they cross to one participant's. */
  carriable(step: Step, to: string): readonly Carried[] {
    const isPrivate = this.message(step.sends).to === 'others'
    return this.placedIn(step).flatMap(({ statement: { from, payload }, airgapSignature, collected: { attachment } }) => {
      if (from === to || airgapSignature === undefined) return []
      const piece = isPrivate && attachment !== undefined ? pieceFor(attachment, indexOf(this.roster, to)) : {}
      return [{ from, payload, airgapSignature, ...piece }]
    })
  }

  /** The participant whom a dispute or its answer names, in its one field of that type. */
  namedBy({ type, payload }: Pick<Statement, 'type' | 'payload'>): string {
    return namedIn(this.message(type), payload)
  }
}

/** The participant whom a payload names, in its one field of that type; '' where there is none. */
export function namedIn({ payload: fields }: MessageSpec, payload: Statement['payload']): string {
  const [field] = Object.entries(fields).find(([, type]) => type === 'participant') ?? []
  const name = payload[field ?? '']
  return typeof name === 'string' ? name : ''
}

/** The first field in which a step's statements should agree and do not; null if there is none. */
export function disagreementIn(step: Step, placed: readonly Placed[]): Fault | null {
  for (const name of step.agree) {
    const said = new Map(placed.map(({ statement: { payload, from } }) => [canonical(payload[name] ?? null), from]))
    if (said.size < 2) continue
    return {
      reason: 'disagreement', step: step.name, accused: null, convicts: false,
      why: `the participants do not agree on ${name}: ${listed([...said.values()])} say different things`,
      offsets: placed.map((one) => one.offset),
    }
  }
  return null
}

/** A message in its place, with the attachment that it names. */
export interface Post {
  readonly offset: number
  readonly message: Message
  readonly attachment?: Uint8Array
}

export interface AbortSeen {
  readonly from: string
  readonly offset: number
  /** The index of the step that was current when it came in. */
  readonly during: number
  readonly payload: AbortPayload
}

/** The state of the ceremony when a message comes in. */
export interface ReadContext {
  readonly ceremony: Ceremony
  readonly roster: readonly Card[]
  readonly slots: Slots
  readonly checks: MessageChecks
  /** The transcript hash before each step that may begin. */
  readonly views: readonly string[]
  /** The verified head at an offset, or undefined where the log has none. */
  readonly headAt: (offset: number) => string | undefined
  /** The finding of the step's check before an attachment is decoded. */
  readonly checkBefore: (step: Step, one: Collected) => VerbFault | null
  /** The result is made, and nothing that comes changes it. */
  readonly isUsable: boolean
  /** The step that cannot go on since a value that it prepares cannot be computed: no message of it can be checked. */
  readonly stuck: Step | undefined
}

export type Reading =
  | { readonly kind: 'abort'; readonly abort: AbortSeen }
  /** A statement that is read no further: the same once more, or one that took its slot where nothing can come of it any more. */
  | { readonly kind: 'unread' }
  | { readonly kind: 'abandoned'; readonly taken: Taken }
  /** `answers`: the dispute whose answer it is. */
  | { readonly kind: 'statement'; readonly placed: Placed; readonly step: Step; readonly answers?: Dispute }

/** The end of the reading of a message: the fault in it. */
export class Refused extends Error {
  readonly fault: Fault
  /** The message has its slot, and every reader must refuse it: that slot will never hold anything that counts. */
  readonly isFinal: boolean
  constructor(fault: Fault, isFinal = false) {
    super(fault.why)
    this.fault = fault
    this.isFinal = isFinal
  }
}

type Refuse = (reason: AbortReason, why: string, more?: { readonly convicts?: boolean; readonly isFinal?: boolean }) => never

/** Is the message its author's, by the key on this card? */
export const isSigned = ({ checks }: Pick<ReadContext, 'checks'>, { message }: Post, card: Card): boolean => checks.message(message, card.signingKey)

/** The fault of a message in somebody's name without its signature. It is not that participant's doing: the storage let it in. */
export const forged = ({ message: { statement }, offset }: Post, card: Card): Fault => ({
  reason: 'bad-signature', step: statement.step, accused: null, convicts: false, offsets: [offset],
  why: `a message in the name of ${card.name} does not bear its signature; the storage should have refused it`,
})

/**
 * Finds whether a message's author saw another log than this one. Its airgap's statement counts all the same.
 *
 * @returns null if not
 */
export function forkIn({ headAt }: Pick<ReadContext, 'headAt'>, { message: { statement, seen }, offset }: Post): Fault | null {
  const head = seen.offset >= offset ? undefined : headAt(seen.offset)
  if (head === seen.head) return null
  return {
    reason: 'forked', step: statement.step, accused: null, convicts: false, offsets: [offset],
    why: `${statement.from} saw another log: its head at offset ${seen.offset} is not ours`,
    evidence: { seen, ours: head ?? null },
  }
}

/**
 * Reads a message of the ceremony that the participant with this card signed.
 *
 * @throws Refused
 */
export function readMessage(context: ReadContext, post: Post, card: Card): Reading {
  const { message: { statement }, offset } = post
  const refuse: Refuse = (reason, why, { convicts = false, isFinal = false } = {}) => {
    throw new Refused({ reason, step: statement.step, accused: card.name, why, convicts, offsets: [offset] }, isFinal)
  }
  return statement.type === 'Abort'
    ? { kind: 'abort', abort: { ...readAbort(post, card, refuse), during: context.views.length - 1 } }
    : readStatement(context, post, card, refuse)
}

function readAbort({ message, offset }: Post, card: Card, refuse: Refuse): Omit<AbortSeen, 'during'> {
  if (message.airgapSignature !== undefined || message.attachment !== undefined) return refuse('malformed', 'its Abort has what no Abort has')
  try {
    return { from: card.name, offset, payload: readable(checkAbort(message.statement.payload, 'An Abort')) }
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return refuse('malformed', error.message)
  }
}

/** Makes an Abort's words fit for screens and reports: anybody can write them. */
function readable({ step, evidence, ...payload }: AbortPayload): AbortPayload {
  const line = (text: string) => printableLine(flowed(text))
  return { ...payload, step: step === null ? null : line(step), evidence: { ...evidence, why: line(evidence.why) } }
}

/** A place that the script has for a statement. */
interface Place {
  readonly step: Step
  /** Null for an Abandoned, which no script declares. */
  readonly spec: MessageSpec | null
  /** The step whose view the statement has. */
  readonly viewed: Step
  readonly answers?: Dispute
}

/** Finds the script's place for a statement's step and type. */
export function placeOf(ceremony: Ceremony, statement: Statement): Place | undefined {
  const step = ceremony.steps.find((one) => one.name === statement.step)
  if (step === undefined) return undefined
  const certificate = ceremony.steps.find(({ name }) => name === ceremony.certificate)
  if (statement.type === ABANDONED) return step === abandonStep(ceremony) && certificate !== undefined ? { step, spec: null, viewed: certificate } : undefined
  const answers = step.disputes === undefined ? undefined : ceremony.disputes[step.disputes]
  if (![step.sends, step.disputes, answers?.sends].includes(statement.type)) return undefined
  const spec = ceremony.messages[statement.type]
  if (spec === undefined) return undefined
  return { step, spec, viewed: step, ...(answers?.sends === statement.type ? { answers } : {}) }
}

function readStatement(context: ReadContext, post: Post, card: Card, refuse: Refuse): Reading {
  const { ceremony, checks, views, slots, isUsable, stuck } = context
  const { message: { statement, airgapSignature }, offset } = post
  const what = `the ${statement.type} of ${card.name}`
  const step = ceremony.steps.find((one) => one.name === statement.step)
  if (step === undefined) return refuse('malformed', `${card.name} posted a ${statement.type} in ${statement.step ?? 'no step'}, where the script has none`)
  const isAirgaps = step.airgap !== undefined
  if (isAirgaps !== (airgapSignature !== undefined)) return refuse('malformed', `${what} ${isAirgaps ? 'lacks' : 'has'} an airgap’s signature`)
  if (airgapSignature !== undefined && !checks.statement(statement, airgapSignature, card.airgapKey)) {
    return refuse('bad-signature', `the airgap’s signature on ${what} does not verify`)
  }
  // It is certain that an airgap made it so, and nothing from outside did, only where it signed under the log's own view.
  const place = placeOf(ceremony, statement)
  const view = views[(place?.viewed ?? step).index]
  const isJudged = isAirgaps && view !== undefined && statement.view === view
  if (place === undefined) return refuse('malformed', `${card.name} stated a ${statement.type} in ${step.name}, where its verb makes none`, { convicts: isJudged })
  const problem = formProblem(context, place, statement)
  if (problem !== null) return refuse('malformed', `${what} ${problem.why}`, { convicts: isJudged && problem.isOwn })

  const taken: Taken = { statement, offset, ...(airgapSignature === undefined ? {} : { airgapSignature }) }
  const before = slots.take(taken)
  if (before !== undefined) {
    if (sameStatement(before, taken)) return { kind: 'unread' }
    throw contradiction(before, taken)
  }
  // A wrong answer to a dispute ends nothing: its slot is its own, and no success needs it.
  const isFinal = place.answers === undefined
  if (view === undefined) return refuse('malformed', `${card.name} posted ${statement.type} before the steps before it were complete`, { isFinal })
  if (statement.view !== view) return refuse('disagreement', `${card.name} made its ${statement.type} with another view of what came before`, { isFinal })
  if (isUsable || (step === stuck && statement.type === step.sends)) return { kind: 'unread' }
  if (place.spec === null) return { kind: 'abandoned', taken }
  return { kind: 'statement', placed: countedStatement(context, post, { card, step, spec: place.spec, view }, taken, refuse), step, ...(place.answers === undefined ? {} : { answers: place.answers }) }
}

/** Finds why no statement of this place can be so, whatever came before; `isOwn`: its airgap alone can have made it so. */
function formProblem({ ceremony, roster, checks, slots }: ReadContext, { step, spec, answers }: Place, { type, from, payload }: Statement): { readonly why: string; readonly isOwn: boolean } | null {
  if (spec === null) return Object.keys(payload).length === 0 ? null : { why: 'holds something, where there is nothing to say', isOwn: true }
  const fields = statementFields(spec)
  try {
    fieldsCheck(fields)(payload, 'It')
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return { why: `is not of its form: ${error.message}`, isOwn: true }
  }
  // A value that equals one that was checked before need not be checked again (n equal group keys, say).
  const [first] = step.sends === type && step.agree.length > 0 ? slots.collected(type) : []
  const equal = step.agree.filter((name) => first !== undefined && first.payload[name] === payload[name])
  const brought = broughtIn(step, answers, type)
  for (const isOwn of [true, false]) {
    const some = Object.fromEntries(Object.entries(fields).filter(([name]) => brought.includes(name) !== isOwn))
    const problem = checks.fields(some, payload, roster, 'strict', equal)
    if (problem !== null) return { why: `holds an unusable value: ${problem}`, isOwn }
  }
  const isDispute = Object.hasOwn(ceremony.disputes, type) || answers !== undefined
  return isDispute && namedIn(spec, payload) === from ? { why: 'names itself', isOwn: true } : null
}

/** The fields of a message that its maker's client may have brought. A dispute's are all the airgap's own. */
function broughtIn(step: Step, answers: Dispute | undefined, type: string): readonly string[] {
  const call = answers?.airgap ?? (type === step.sends ? step.airgap : undefined)
  const signature = call === undefined ? undefined : signatureOf(call.verb)
  return signature?.use === 'airgap' ? signature.emits.brought ?? [] : []
}

/** The refusal of two different statements in one slot: proved where the airgap signed both. A client's own prove nothing: its key may be stolen. */
function contradiction(first: Taken, second: Taken): Refused {
  const { statement: { step, from }, airgapSignature } = second
  return new Refused({
    reason: 'equivocation', step, accused: from, convicts: airgapSignature !== undefined && first.airgapSignature !== undefined,
    why: `${from} made two different statements in one place`, offsets: [first.offset, second.offset],
    evidence: {
      first: { statement: first.statement, airgapSignature: first.airgapSignature },
      second: { statement: second.statement, airgapSignature },
    },
  })
}

/** Reads a statement that took its slot and has the log's view, with the attachment that it names. */
function countedStatement(
  context: ReadContext, post: Post, { card, step, spec, view }: { readonly card: Card; readonly step: Step; readonly spec: MessageSpec; readonly view: string }, taken: Taken, refuse: Refuse,
): Placed {
  const { statement, airgapSignature } = taken
  const attachment = attachmentOf(post, spec, refuse)
  const collected: Collected = {
    from: card.name, index: indexOf(context.roster, card.name), step: step.name, type: statement.type, view, payload: statement.payload,
    ...(attachment === undefined ? {} : { attachment }), ...(airgapSignature === undefined ? {} : { airgapSignature }),
  }
  if (attachment !== undefined) checkAttachment(context, step, spec, collected, attachment, refuse, taken.offset)
  return { ...taken, collected }
}

/** Reads the attachment: its hash and form are right; its values are not decoded yet. */
function attachmentOf({ message, attachment }: Post, spec: MessageSpec, refuse: Refuse): JsonObject | undefined {
  const { type, from } = message.statement
  if (hasAttachment(spec) !== (message.attachment !== undefined)) {
    return refuse('malformed', `the ${type} of ${from} ${hasAttachment(spec) ? 'lacks' : 'has'} an attachment`)
  }
  if (!hasAttachment(spec)) return undefined
  if (attachment === undefined || sha256Hex(attachment) !== message.attachment) {
    return refuse('malformed', `the attachment of the ${type} of ${from} is not the one that it names`)
  }
  try {
    return readAttachment(spec, attachment, `The attachment of ${from}`)
  } catch (error) {
    if (!(isKeyriteError(error) || error instanceof TypeError)) throw error
    return refuse('malformed', `the attachment of ${from} is not readable: ${error.message}`)
  }
}

/** Checks an attachment: pieces under the statement's root, or values that the step's check finds bound before they are decoded. */
function checkAttachment(
  { roster, checks, checkBefore }: ReadContext, step: Step, spec: MessageSpec, collected: Collected, attachment: JsonObject, refuse: Refuse, offset: number,
): void {
  const { from, payload } = collected
  if (spec.to === 'others') {
    const root = payload['root']
    const problem = piecesProblem(spec, roster, from, typeof root === 'string' ? root : '', attachment)
    if (problem !== null) refuse('malformed', `${from}: ${problem.why}`, { convicts: problem.convicts, isFinal: problem.convicts })
    return
  }
  const fault = checkBefore(step, collected)
  if (fault !== null) throw new Refused({ convicts: true, ...fault, step: step.name, offsets: [offset] }, fault.convicts ?? true)
  const problem = checks.fields(spec.attachment ?? {}, attachment, roster, 'attachment')
  if (problem !== null) refuse('malformed', `the attachment of ${from} holds an unusable value: ${problem}`)
}

/**
 * Does the reading of a message depend on an attachment, as far as one can tell before it is there? Not where its slot is taken, nor
 * where it is no statement of the ceremony.
 */
export function wantsAttachment({ ceremony, roster, slots, views, checks, isUsable }: Omit<ReadContext, 'headAt' | 'checkBefore'>, { message }: Post): boolean {
  const { statement, attachment } = message
  if (attachment === undefined) return false
  const card = roster.find(({ name }) => name === statement.from)
  const place = placeOf(ceremony, statement)
  if (card === undefined || place === undefined || place.spec === null || !hasAttachment(place.spec)) return false
  return !isUsable && slots.holderOf(statement) === undefined && statement.view === views[place.viewed.index] && checks.message(message, card.signingKey)
}

// The checks on a message that cost most and that follow from its bytes alone: of signatures, and of the form of
// values. Every client does them itself; the clients of one simulation share them (`sharedChecks`).

export interface MessageChecks {
  readonly message: typeof verifyMessage
  readonly statement: typeof verifyStatement
  readonly fields: typeof fieldsProblem
}

export const ownChecks: MessageChecks = { message: verifyMessage, statement: verifyStatement, fields: fieldsProblem }

// The budget of a member in a ceremony besides the statements that take its slots (protocol §11): without a bound, one member could
// make a transcript too long to use, and so take from everybody the way to recover a share.

/** The number of slots that a member has: one a step, and one for the answer to each other's dispute. */
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

  /** Charges an Opening to its author, but not the first well-placed one, which opens the ceremony. */
  chargeOpening(message: Message, offset: number): void {
    if (this.hasOpened || placeProblem(message) !== null) this.charge(message, offset)
    else this.hasOpened = true
  }

  /** The offset of the last message that counted; undefined while the budget is not used up. */
  spentAt(name: string): number | undefined {
    return this.used.get(name)?.spentAt
  }
}

// Transcript hashes (protocol §4).

/**
 * The view after a step: `H("keyrite/2/view\n" || view || JCS([step, [H(JCS(statement))…]]))` over the statements that it
 * collected, by roster order. A client's step adds none, since its messages are no airgap's; nor does a step for whoever comes, since
 * each participant may have collected others.
 */
export function nextView(view: string, step: Step, statements: readonly Statement[]): string {
  const counts = step.airgap !== undefined && step.collect.kind !== 'any'
  return taggedHash('view', fromHex(view, 32), canonicalBytes([step.name, counts ? statements.map(hashOf) : []]))
}
