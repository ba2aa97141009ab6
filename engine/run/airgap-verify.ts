/**
 * An airgap's checks before it uses anything of a request (protocol §4, §5): every statement's form, values and signature,
 * under the views that it computes itself. It uses nothing that the client says about them.
 */
import { fromHex, toHex } from '../base/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { MessageSpec, Script, Step } from '../machines/ceremony.ts'
import type { Collected } from '../verbs/runtime.ts'
import { signatureOf } from '../verbs/table.ts'
import type { Type } from '../verbs/table.ts'
import { fieldsCheck, fieldsProblem, valueProblem } from '../verbs/values.ts'
import { schemaOfType } from '../verbs/types.ts'
import { canonical } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { listed } from '../base/words.ts'
import { ceremonyId, indexOf } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { Carried, Stated } from '../wire/exchange.ts'
import { hashOf, verifyStatement } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'
import { compileCheck } from '../wire/schema.ts'
import type { Check } from '../wire/schema.ts'
import { isPieceUnder, statementFields } from './attachment.ts'
import { runError } from './errors.ts'
import type { AirgapMemory, Session, FollowedHere, StepMemory } from './memory.ts'
import { namedIn, nextView } from './reading.ts'

/** One ceremony as its airgap knows it. */
export interface Known {
  readonly id: string
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
  readonly steps: Readonly<Record<string, StepMemory>>
  /** The ceremonies that this one follows, with what each left in the vault. Secret. */
  readonly followed: Readonly<Record<string, FollowedHere>>
}

export const knownOf = (script: Script, session: Session, me: Card, followed: Known['followed'] = {}): Known => ({
  id: ceremonyId(session.opening), script, opening: session.opening, me, steps: session.steps, followed,
})

export const specOf = (script: Script, message: string): MessageSpec => {
  const spec = script.ceremony.messages[message]
  if (spec === undefined) throw new TypeError(`no message ${message}`)
  return spec
}

/** The step before a step: a request for the one brings the statements of the other. */
export const stepBefore = (script: Script, step: Step): Step | undefined => script.ceremony.steps[step.index - 1]

/** This airgap's own key, hex. */
export const airgapKeyOf = ({ seed }: Pick<AirgapMemory, 'seed'>): string => toHex(airgapKeyPair(fromHex(seed, 64)).publicKey)

/** A statement with its airgap's signature, 64 bytes in hex, and the piece of it that is for this airgap alone. */
export interface SignedStatement {
  readonly statement: Statement
  readonly airgapSignature: string
  readonly piece?: JsonObject
}

/** All statements of a step that this airgap holds, its own among them, by roster index. */
export function statementsOf(known: Known, step: Step): readonly SignedStatement[] {
  const { ceremony } = known.script
  const asked = ceremony.steps.slice(step.index + 1).find((one) => one.airgap !== undefined && known.steps[one.name] !== undefined)
  const theirs = asked?.index === step.index + 1 ? known.steps[asked.name]?.collected ?? [] : []
  return allStatements(known, step, theirs)
}

function allStatements(known: Known, step: Step, theirs: readonly Carried[]): readonly SignedStatement[] {
  const view = viewBefore(known, step.index)
  const { stated = null } = known.steps[step.name] ?? {}
  const signed = (from: string, { payload, airgapSignature, piece }: Pick<Carried, 'payload' | 'airgapSignature' | 'piece'>): SignedStatement => ({
    statement: { ceremony: known.id, step: step.name, type: step.sends, from, view, payload }, airgapSignature, ...(piece === undefined ? {} : { piece }),
  })
  return known.opening.roster.flatMap(({ name }) => {
    if (name !== known.me.name) return theirs.filter((one) => one.from === name).map((one) => signed(name, one))
    return stated?.type === step.sends ? [signed(name, { payload: stated.payload, airgapSignature: stated.airgapSignature })] : []
  })
}

const viewsOfKnown = new WeakMap<Known, string[]>()

/** The view before a step, computed from the statements that this airgap verified. */
export function viewBefore(known: Known, stepIndex: number): string {
  const views = viewsOfKnown.get(known) ?? [known.id]
  viewsOfKnown.set(known, views)
  for (let i = views.length; i <= stepIndex; i++) {
    const step = known.script.ceremony.steps[i - 1]
    const view = views[i - 1]
    if (step === undefined || view === undefined) throw new TypeError(`no step ${i}`)
    views.push(nextView(view, step, statementsOf(known, step).map((one) => one.statement)))
  }
  return views[stepIndex] ?? known.id
}

/** A statement in the form that verbs read. */
export const asCollected = (roster: readonly Card[], { statement, airgapSignature, piece }: SignedStatement): Collected => ({
  from: statement.from, index: indexOf(roster, statement.from), step: statement.step ?? '', type: statement.type, view: statement.view ?? '',
  payload: statement.payload, airgapSignature, ...(piece === undefined ? {} : { piece }),
})

/** Hashes the set of statements that a request brings, whatever their order: H, hex. Their roots bind the pieces. */
export const setHash = (statements: readonly Carried[]): string =>
  hashOf(statements.map(({ from, payload, airgapSignature }) => canonical({ from, payload, airgapSignature })).sort())

/**
 * Checks the statements that a request brings for the step before `step`: the whole roster but oneself, once each,
 * every signature, value and agreement.
 *
 * @throws run.statements with the reason
 */
export function verifyCollected(known: Known, step: Step, theirs: readonly Carried[]): void {
  const refuse = (why: string): never => {
    throw runError('statements', { step: step.name, why })
  }
  const previous = stepBefore(known.script, step)
  if (previous?.airgap === undefined) {
    if (theirs.length > 0) refuse('there can be none before this step')
    return
  }
  checkSenders(known, previous, theirs, refuse)
  const spec = specOf(known.script, previous.sends)
  const stated = known.steps[previous.name]?.stated
  const own = stated?.type === previous.sends ? stated : undefined
  for (const signed of allStatements(known, previous, theirs)) {
    const { statement, piece } = signed
    if (statement.from === known.me.name) continue
    checkStatement(known, signed, spec, agreed(previous, own, statement), refuse)
    checkPiece(known, spec, statement, piece, theirs.find(({ from }) => from === statement.from)?.path, refuse)
  }
}

/** Checks the piece for this airgap: its form, and that it stands at this airgap's own place under the statement's root. */
function checkPiece(known: Known, spec: MessageSpec, { from, type, payload }: Statement, piece: JsonObject | undefined, path: readonly string[] | undefined, refuse: (why: string) => never): void {
  const { roster } = known.opening
  if (spec.to === 'everyone') {
    if (piece !== undefined || path !== undefined) refuse(`the ${type} of ${from} brings a piece, and there are none`)
    return
  }
  const root = payload['root']
  if (piece === undefined || path === undefined || typeof root !== 'string' || !isPieceUnder(roster, known.me.name, root, piece, path)) {
    return refuse(`what ${from} is said to have made for this participant is not what its ${type} binds`)
  }
  fieldsCheck(spec.payload)(piece, `What ${from} made for this participant`)
  const problem = fieldsProblem(spec.payload, piece, roster)
  if (problem !== null) refuse(`what ${from} made for this participant holds an unusable value: ${problem}`)
}

function checkSenders(known: Known, previous: Step, theirs: readonly Carried[], refuse: (why: string) => never): void {
  const others = known.opening.roster.map((card) => card.name).filter((name) => name !== known.me.name)
  const strangers = theirs.filter((one) => !others.includes(one.from))
  if (strangers[0] !== undefined) refuse(`${strangers[0].from} is not another participant`)
  if (new Set(theirs.map((one) => one.from)).size !== theirs.length) refuse('a participant is there twice')
  const absent = others.filter((name) => !theirs.some((one) => one.from === name))
  if (previous.collect.kind === 'all' && absent.length > 0) refuse(`${listed(absent)} ${absent.length === 1 ? 'is' : 'are'} missing`)
}

/** The fields in which a statement equals this airgap's own, as it must, or else the first in which it does not. */
function agreed(previous: Step, own: Stated | undefined, statement: Statement): { readonly same: readonly string[]; readonly other?: string } {
  if (own === undefined) return { same: [] }
  const other = previous.agree.find((name) => canonical(own.payload[name] ?? null) !== canonical(statement.payload[name] ?? null))
  return other === undefined ? { same: previous.agree } : { same: [], other }
}

function checkStatement(
  known: Known, { statement, airgapSignature }: SignedStatement, spec: MessageSpec,
  agreement: { readonly same: readonly string[]; readonly other?: string }, refuse: (why: string) => never,
): void {
  const { from, type, payload } = statement
  const card = known.opening.roster.find((one) => one.name === from)
  if (card === undefined || !verifyStatement(statement, airgapSignature, card.airgapKey)) {
    refuse(`the signature of ${from} on its ${type} does not verify for this ceremony, step and view`)
  }
  const fields = statementFields(spec)
  fieldsCheck(fields)(payload, `The ${type} of ${from}`)
  if (agreement.other !== undefined) refuse(`${from} states another ${agreement.other} than this airgap does`)
  const problem = fieldsProblem(fields, payload, known.opening.roster, 'strict', agreement.same)
  if (problem !== null) refuse(`the ${type} of ${from} holds an unusable value: ${problem}`)
}

/** Rebuilds and checks another's dispute; it need not be about this participant. @throws run.statements */
export function verifyDispute(known: Known, step: Step, name: string, { from, payload, airgapSignature }: Carried): SignedStatement {
  const refuse = (why: string): never => {
    throw runError('statements', { step: name, why })
  }
  const statement: Statement = { ceremony: known.id, step: step.name, type: name, from, view: viewBefore(known, step.index), payload }
  if (from === known.me.name) refuse('nobody disputes with oneself')
  const signed: SignedStatement = { statement, airgapSignature }
  checkStatement(known, signed, specOf(known.script, name), { same: [] }, refuse)
  return signed
}

/** The participant whom a dispute names. */
export const accusedBy = (known: Known, { statement: { type, payload } }: SignedStatement): string => namedIn(specOf(known.script, type), payload)

const preparedChecks = new Map<string, Check<Json>>()

/** Checks the values that a step's `prepare` computed on the client: every name, once, each of its type. @throws run.statements */
export function verifyPrepared(known: Known, step: Step, prepared: JsonObject): void {
  const refuse = (why: string): never => {
    throw runError('statements', { step: step.name, why })
  }
  const names = Object.keys(step.prepare)
  if (Object.keys(prepared).sort().join() !== [...names].sort().join()) refuse(`it must bring exactly ${names.join(', ') || 'nothing'}`)
  for (const [name, call] of Object.entries(step.prepare)) {
    const signature = signatureOf(call.verb)
    if (signature?.use !== 'value') throw new TypeError(`${call.verb} prepares nothing`)
    const written = writtenType(signature.gives)
    const check = preparedChecks.get(written) ?? compileCheck<Json>(schemaOfType(written))
    preparedChecks.set(written, check)
    const value = check(prepared[name], `The ${name} that the client computed`)
    const problem = valueProblem(written, value, known.opening.roster)
    if (problem !== null) refuse(`the ${name} that the client computed are unusable: ${problem}`)
  }
}

/** Writes a type as a script does. */
function writtenType(type: Type): string {
  if (type.kind === 'value') return type.name
  if (type.kind === 'list') return `[${type.name}]`
  throw new TypeError(`a ${type.kind} cannot cross to an airgap`)
}
