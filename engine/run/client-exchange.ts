/** What a client asks its airgap, and how it checks the answer before anything is posted. */
import { errorTable, KeyriteError } from '../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Message as MessageSpec, Step } from '../machines/ceremony.ts'
import { fieldsCheck } from '../verbs/values.ts'
import type { Fault } from '../wire/abort.ts'
import { parseCanonical } from '../wire/canonical.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import type { Card } from '../wire/card.ts'
import { checkAnswer } from '../wire/exchange.ts'
import type { Answer, Request, Stated } from '../wire/exchange.ts'
import { verifyStatement } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'
import { reasonProblem } from '../wire/reason.ts'
import { ABANDONED } from './abandon.ts'
import { checkCrossed, expanded, hasAttachment, statementFields } from './attachment.ts'
import { runError } from './errors.ts'
import type { Ledger } from './ledger.ts'

const airgapError = errorTable('airgap', {
  refused: ({ code, what, todo }: { code: string; what: string; todo: string }) => ({
    what: `The airgap refuses (${code}): ${what}`,
    todo,
  }),
})

/** A refusal that ends the ceremony: the machine's guard `isFault` finds the fault in it. */
export class FaultError extends KeyriteError {
  readonly fault: Fault
  constructor(fault: Fault) {
    super('run.fault', { reason: fault.reason }, { what: fault.why, todo: 'The ceremony aborts; open it again when the cause is clear.' })
    this.fault = fault
  }
}

/** Brings a request to the airgap, and gives back its checked answer. @throws FaultError, airgap.refused, run.answer */
export async function exchangeWith(
  exchange: (request: string) => Promise<string>, ceremony: string | null, step: string | null, body: Request,
): Promise<Answer> {
  const request = sealEnvelope({ kind: 'request', ceremony, step, body })
  const envelope = openEnvelope(await exchange(request))
  const answer = checkAnswer(envelope.body, 'The airgap’s answer')
  if (envelope.kind !== 'answer' || envelope.ceremony !== ceremony || envelope.step !== step || answer.request !== openEnvelope(request).digest) {
    throw runError('answer', { step: step ?? '', why: 'it answers another request' })
  }
  if (answer.give !== 'refusal') return answer
  const { code, what, todo, fault } = answer
  if (fault === undefined) throw airgapError('refused', { code, what, todo })
  const { reason, accused, why = what } = fault
  if (fault.why !== undefined && reasonProblem(fault.why) !== null) throw runError('answer', { step: step ?? '', why: 'its owner’s reason is not legible' })
  throw new FaultError({ reason, accused, step, why, convicts: false, offsets: [] })
}

/** The request for a step: what came before, what was prepared, and the airgap's question answered. */
export function stepRequest(ledger: Ledger, step: Step, me: Card, assist: Json | null): Request {
  const first = ledger.ceremony.steps.find((one) => one.airgap !== undefined)
  const prepared = Object.fromEntries(Object.keys(step.prepare).map((name) => [name, ledger.sources.prepared(name)]))
  return {
    ask: 'step',
    collected: step.index === 0 ? [] : ledger.carriable(step.index - 1, me.name),
    prepared,
    ...(first?.name === step.name ? { opening: ledger.opening } : {}),
    ...(assist === null ? {} : { assist }),
  }
}

/** An answer as the client keeps it: the statement whole; with its signature, unless a client's step made it. */
export interface KeptAnswer extends JsonObject {
  readonly statement: Statement
  readonly airgapSignature?: string
  /** As it stands on the board. */
  readonly attachment?: JsonObject
}

/** Where an airgap's statement stands, and what may stand there. */
export interface StatedPlace {
  readonly step: string
  readonly view: string
  readonly types: readonly string[]
}

/**
 * Fills in what the client knows of the airgap's statement, and checks form, signature and attachment, which it writes as the board
 * has it.
 *
 * @throws run.answer
 */
export function checkStated(ledger: Ledger, me: Card, place: StatedPlace, { type, payload, airgapSignature }: Stated, attachment: JsonObject | undefined): KeptAnswer {
  const refuse = (why: string): never => {
    throw runError('answer', { step: place.step, why })
  }
  if (!place.types.includes(type)) return refuse(`it states ${type}`)
  const spec = ledger.ceremony.messages[type] ?? NO_SCRIPTS
  if (hasAttachment(spec) !== (attachment !== undefined)) return refuse(`its ${type} has the wrong attachment`)
  fieldsCheck(statementFields(spec))(payload, `The ${type} from the airgap`)
  const statement: Statement = { ceremony: ledger.id, step: place.step, type, from: me.name, view: place.view, payload }
  if (!verifyStatement(statement, airgapSignature, me.airgapKey)) {
    return refuse(`the signature on its ${type} does not verify; the airgap is another one, or has seen another log`)
  }
  return { statement, airgapSignature, ...(attachment === undefined ? {} : { attachment: expanded(spec, checkCrossed(spec, attachment)) }) }
}

/** What no script declares has nothing in it. */
const NO_SCRIPTS: MessageSpec = { name: ABANDONED, to: 'everyone', payload: {} }

/** Reads a kept answer back: this program's own text, but perhaps of another version. */
export function readKept(text: string): KeptAnswer {
  const value = parseCanonical(text, 'A kept answer')
  if (typeof value !== 'object' || value === null || !('statement' in value)) {
    throw runError('answer', { step: '', why: 'the copy that was kept is damaged' })
  }
  return value as KeptAnswer
}
