/** What a client asks its airgap, and how it checks the answer before anything is posted. */
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Step } from '../script/model.ts'
import { fieldsCheck } from '../verbs/values.ts'
import { canonical, parseCanonical } from '../wire/canonical.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import type { Card } from '../wire/card.ts'
import { errorTable, KeyriteError } from '../wire/error.ts'
import { checkAnswer } from '../wire/exchange.ts'
import type { Answer, Request, Stated } from '../wire/exchange.ts'
import { verifyStatement } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'
import { reasonProblem } from '../wire/reason.ts'
import type { Fault } from './abort.ts'
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

/** An answer as the client keeps it: the statements whole; with their signatures, unless a client's step made them. */
export interface KeptAnswer extends JsonObject {
  readonly statements: readonly { readonly statement: Statement; readonly airgapSignature?: string }[]
  readonly attachment?: JsonObject
}

/**
 * Fills in what the client knows of the airgap's statements, and checks form, recipients and signatures.
 *
 * @param place the statements' step and view, and the types that may stand there
 * @throws run.answer
 */
export function checkStated(
  ledger: Ledger, me: Card, place: { readonly step: string; readonly view: string; readonly types: readonly string[] },
  stated: readonly Stated[], attachment: JsonObject | undefined,
): KeptAnswer {
  const refuse = (why: string): never => {
    throw runError('answer', { step: place.step, why })
  }
  const [type = ''] = stated.map((one) => one.type)
  const spec = ledger.ceremony.messages[type]
  if (spec === undefined || !place.types.includes(type) || stated.some((one) => one.type !== type)) return refuse(`it states ${type}`)
  const recipients = spec.to === 'everyone' ? [null] : ledger.roster.map((card) => card.name).filter((name) => name !== me.name)
  if (canonical(stated.map((one) => one.to ?? '').sort()) !== canonical(recipients.map((to) => to ?? '').sort())) {
    return refuse(`its ${type} is not addressed as the script says`)
  }
  if ((spec.attachment !== undefined) !== (attachment !== undefined)) return refuse(`its ${type} has the wrong attachment`)
  if (spec.attachment !== undefined) fieldsCheck(spec.attachment)(attachment, 'The attachment from the airgap')
  const statements = stated.map(({ to, payload, airgapSignature }) => {
    fieldsCheck(spec.payload)(payload, `The ${type} from the airgap`)
    const statement: Statement = { ceremony: ledger.id, step: place.step, type, from: me.name, to, view: place.view, payload }
    if (!verifyStatement(statement, airgapSignature, me.airgapKey)) {
      return refuse(`the signature on its ${type} does not verify; the airgap is another one, or has seen another log`)
    }
    return { statement, airgapSignature }
  })
  return { statements, ...(attachment === undefined ? {} : { attachment }) }
}

/** Reads a kept answer back: this program's own text, but perhaps of another version. */
export function readKept(text: string): KeptAnswer {
  const value = parseCanonical(text, 'A kept answer')
  if (typeof value !== 'object' || value === null || !('statements' in value)) {
    throw runError('answer', { step: '', why: 'the copy that was kept is damaged' })
  }
  return value as KeptAnswer
}
