/**
 * Reads one message of a ceremony's log: signatures, place, view, values, attachment. What it says of itself is
 * believed only as far as it was checked here; what is wrong with it stops the reading as `Refused`.
 */
import { sha256Hex } from '../crypto/bytes.ts'
import type { Ceremony, Dispute, Message as MessageSpec, Step } from '../script/model.ts'
import type { Collected, VerbFault } from '../verbs/runtime.ts'
import { fieldsCheck } from '../verbs/values.ts'
import { canonical, parseCanonical } from '../wire/canonical.ts'
import type { JsonObject } from '../wire/canonical.ts'
import { indexOf } from '../wire/card.ts'
import type { Card } from '../wire/card.ts'
import { isKeyriteError } from '../wire/error.ts'
import type { Message, Statement } from '../wire/message.ts'
import { printableLine } from '../wire/printable.ts'
import { checkAbort } from './abort.ts'
import type { AbortPayload, Fault } from './abort.ts'
import type { MessageChecks } from './checks.ts'
import type { Placed, Slots } from './ledger-slots.ts'

/** A message in its place, with the attachment that it names. */
export interface Post {
  readonly offset: number
  readonly message: Message
  readonly attachment?: Uint8Array
}

export interface AbortSeen {
  readonly from: string
  readonly offset: number
  readonly payload: AbortPayload
}

/** What is known of the ceremony when a message comes in. */
export interface ReadContext {
  readonly ceremony: Ceremony
  readonly roster: readonly Card[]
  readonly slots: Slots
  readonly checks: MessageChecks
  /** The transcript hash before each step that may begin. */
  readonly views: readonly string[]
  /** The verified head at an offset, or undefined where the log has none. */
  readonly headAt: (offset: number) => string | undefined
  /** What the step's check says before an attachment is decoded. */
  readonly checkBefore: (step: Step, one: Collected) => VerbFault | null
}

export type Reading =
  | { readonly kind: 'abort'; readonly abort: AbortSeen }
  /** The same statement once more. */
  | { readonly kind: 'repeat' }
  /** `contradiction`: it is the second in its place, and may complete the certificate all the same. */
  | { readonly kind: 'statement'; readonly placed: Placed; readonly step: Step; readonly dispute?: Dispute; readonly contradiction?: Fault }

/** Stops the reading of one message: what is wrong with it. */
export class Refused extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.why)
    this.fault = fault
  }
}

type Refuse = (reason: string, why: string) => never

/**
 * Reads a message of the ceremony by the participant with this card.
 *
 * @throws Refused
 */
export function readMessage(context: ReadContext, post: Post, card: Card): Reading {
  const { message, offset } = post
  const { statement } = message
  const refuse: Refuse = (reason, why) => {
    throw new Refused({ reason, step: statement.step, accused: card.name, why, convicts: false, offsets: [offset] })
  }
  if (!context.checks.message(message, card.signingKey)) {
    // Not the participant's doing: whoever wrote it does not have its key, and the storage let it in.
    throw new Refused({
      reason: 'bad-signature', step: statement.step, accused: null, convicts: false, offsets: [offset],
      why: `a message in the name of ${card.name} does not bear its signature; the storage should have refused it`,
    })
  }
  return statement.type === 'Abort'
    ? { kind: 'abort', abort: readAbort(post, card, refuse) }
    : readStatement(context, post, card, refuse)
}

/**
 * Had a message's author seen another log than this one? What its airgap stated counts all the same.
 *
 * @returns null if not
 */
export function forkIn({ headAt }: ReadContext, { message: { statement, seen }, offset }: Post): Fault | null {
  const head = seen.offset >= offset ? undefined : headAt(seen.offset)
  if (head === seen.head) return null
  return {
    reason: 'forked', step: statement.step, accused: null, convicts: false, offsets: [offset],
    why: `${statement.from} saw another log: its head at offset ${seen.offset} is not ours`,
    evidence: { seen, ours: head ?? null },
  }
}

function readAbort({ message, offset, attachment }: Post, card: Card, refuse: Refuse): AbortSeen {
  if (message.airgapSignature !== undefined || attachment !== undefined) return refuse('malformed', 'its Abort has what no Abort has')
  try {
    return { from: card.name, offset, payload: readable(checkAbort(message.statement.payload, 'An Abort')) }
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return refuse('malformed', error.message)
  }
}

/** An Abort's words are anybody's, and every screen and report shows them. */
function readable({ step, evidence, ...payload }: AbortPayload): AbortPayload {
  const line = (text: string) => printableLine(text.replace(/\s+/g, ' '))
  return { ...payload, step: step === null ? null : line(step), evidence: { ...evidence, why: line(evidence.why) } }
}

function readStatement(context: ReadContext, post: Post, card: Card, refuse: Refuse): Reading {
  const { statement, airgapSignature } = post.message
  const place = placeOf(context, statement)
  if (place === undefined) return refuse('malformed', `${card.name} posted a ${statement.type} in ${statement.step ?? 'no step'}, where the script has none`)
  const { step, spec, dispute } = place
  const wantsAirgap = dispute !== undefined || step.airgap !== undefined
  if (wantsAirgap !== (airgapSignature !== undefined)) {
    return refuse('malformed', `the ${statement.type} of ${card.name} ${wantsAirgap ? 'lacks' : 'has'} an airgap’s signature`)
  }
  if (airgapSignature !== undefined && !context.checks.statement(statement, airgapSignature, card.airgapKey)) {
    return refuse('bad-signature', `the airgap’s signature on the ${statement.type} of ${card.name} does not verify`)
  }
  const before = context.slots.inPlaceOf(statement)
  if (before !== undefined && sameStatement(before.statement, statement)) return { kind: 'repeat' }
  const contradiction = contradictionIn(context, post, before)
  // Only the certificate looks at a second statement: whoever made one cannot undo with it what all have stated.
  const mayCount = step.name === context.ceremony.certificate && statement.type === step.sends && spec.to === 'everyone'
  if (contradiction !== null && !mayCount) throw contradiction
  try {
    const placed = checkedStatement(context, post, { card, step, spec }, refuse)
    return {
      kind: 'statement', placed, step,
      ...(dispute === undefined ? {} : { dispute }),
      ...(contradiction === null ? {} : { contradiction: contradiction.fault }),
    }
  } catch (error) {
    throw error instanceof Refused && contradiction !== null ? contradiction : error
  }
}

const sameStatement = (a: Statement, b: Statement): boolean => canonical(a) === canonical(b)

/** Form, view, recipient, values and attachment of a statement whose signatures are good. */
function checkedStatement(
  context: ReadContext, post: Post, { card, step, spec }: { readonly card: Card; readonly step: Step; readonly spec: MessageSpec }, refuse: Refuse,
): Placed {
  const { message: { statement, airgapSignature }, offset } = post
  const view = context.views[step.index]
  if (view === undefined) return refuse('malformed', `${card.name} posted ${statement.type} before the steps before it were complete`)
  if (statement.view !== view) return refuse('disagreement', `${card.name} made its ${statement.type} with another view of what came before`)
  checkRecipient(context, statement, spec, refuse)
  checkPayload(context, statement, spec, step, refuse)
  const attachment = readAttachment(post, spec, refuse)
  const collected: Collected = {
    from: card.name, index: indexOf(context.roster, card.name), to: statement.to, step: statement.step ?? '', type: statement.type, view,
    payload: statement.payload, ...(attachment === undefined ? {} : { attachment }), ...(airgapSignature === undefined ? {} : { airgapSignature }),
  }
  const placed: Placed = { statement, offset, collected, ...(airgapSignature === undefined ? {} : { airgapSignature }) }
  if (statement.type === step.disputes && context.slots.namedBy(placed) === card.name) {
    return refuse('malformed', `the ${statement.type} of ${card.name} names itself`)
  }
  if (attachment !== undefined && spec.attachment !== undefined) {
    const fault = context.checkBefore(step, collected)
    if (fault !== null) throw new Refused({ convicts: true, ...fault, step: step.name, offsets: [offset] })
    const problem = context.checks.fields(spec.attachment, attachment, context.roster, 'attachment')
    if (problem !== null) refuse('malformed', `the attachment of ${card.name} holds an unusable value: ${problem}`)
  }
  return placed
}

/** The script's place for a statement's step and type. */
function placeOf({ ceremony: { steps, disputes }, slots }: ReadContext, statement: Statement) {
  const dispute = Object.hasOwn(disputes, statement.step ?? '') ? disputes[statement.step ?? ''] : undefined
  const step = steps.find((one) => (dispute === undefined ? one.name === statement.step : one.disputes === dispute.message))
  if (step === undefined) return undefined
  const types = dispute === undefined ? [step.sends, step.disputes] : [dispute.sends]
  if (!types.includes(statement.type)) return undefined
  return { step, spec: slots.message(statement.type), ...(dispute === undefined ? {} : { dispute }) }
}

/**
 * Two different statements in one slot: proved where the airgap signed both, whether or not the first was good enough to
 * take it. What only a client makes has one place too, but proves nothing: its key may be stolen.
 */
function contradictionIn({ slots }: ReadContext, { message: { statement, airgapSignature }, offset }: Post, taken: Placed | undefined): Refused | null {
  const first = airgapSignature === undefined ? taken : slots.firstSigned({ statement, airgapSignature, offset })
  if (first === undefined || sameStatement(first.statement, statement)) return null
  return new Refused({
    reason: 'equivocation', step: statement.step, accused: statement.from, convicts: airgapSignature !== undefined,
    why: `${statement.from} made two different statements in one place`, offsets: [first.offset, offset],
    evidence: {
      first: { statement: first.statement, airgapSignature: first.airgapSignature },
      second: { statement, airgapSignature },
    },
  })
}

function checkRecipient({ roster }: ReadContext, { to, from, type }: Statement, spec: MessageSpec, refuse: Refuse): void {
  const fits = spec.to === 'everyone' ? to === null : to !== null && to !== from && indexOf(roster, to) > 0
  if (!fits) refuse('malformed', `the ${type} of ${from} is addressed to ${to ?? 'everyone'}`)
}

function checkPayload({ roster, slots, checks }: ReadContext, { from, type, payload }: Statement, spec: MessageSpec, step: Step, refuse: Refuse): void {
  try {
    fieldsCheck(spec.payload)(payload, `The ${type} of ${from}`)
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    refuse('malformed', error.message)
  }
  // What equals a value that was checked before need not be checked again (n equal group keys, say).
  const [first] = step.sends === type && step.agree.length > 0 ? slots.collected(type) : []
  const equal = step.agree.filter((name) => first !== undefined && first.payload[name] === payload[name])
  const problem = checks.fields(spec.payload, payload, roster, 'strict', equal)
  if (problem !== null) refuse('malformed', `the ${type} of ${from} holds an unusable value: ${problem}`)
}

/** The attachment, its hash and form right; its values are not decoded yet. */
function readAttachment({ message, attachment }: Post, spec: MessageSpec, refuse: Refuse): JsonObject | undefined {
  const { type, from } = message.statement
  if ((spec.attachment !== undefined) !== (message.attachment !== undefined)) {
    return refuse('malformed', `the ${type} of ${from} ${spec.attachment === undefined ? 'has' : 'lacks'} an attachment`)
  }
  if (spec.attachment === undefined) return undefined
  if (attachment === undefined || sha256Hex(attachment) !== message.attachment) {
    return refuse('malformed', `the attachment of the ${type} of ${from} is not the one that it names`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(attachment)
    return fieldsCheck(spec.attachment)(parseCanonical(text, `The attachment of ${from}`), `The attachment of ${from}`)
  } catch (error) {
    if (!(isKeyriteError(error) || error instanceof TypeError)) throw error
    return refuse('malformed', `the attachment of ${from} is not readable: ${error.message}`)
  }
}
