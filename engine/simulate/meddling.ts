/** The tools of faults: a client or storage that meddles with postings, an airgap whose key signs anything, a client that lies to its airgap. */
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import type { Envelope } from '../channel/envelope.ts'
import { DST_SIGNATURE, encodeG1, encodeG2, signShare, timesBase } from '../crypto/bls.ts'
import { toHex } from '../base/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { Script, Step } from '../machines/ceremony.ts'
import { hasAttachment } from '../run/attachment.ts'
import type { Clock } from '../run/client-work.ts'
import type { AirgapScope, AirgapVerb, Args, Random, Stating, Verbs } from '../verbs/runtime.ts'
import { abortPayload } from '../wire/abort.ts'
import type { AbortReason, EngineReason } from '../wire/abort.ts'
import type { Board } from '../wire/board.ts'
import { canonical, canonicalBytes, parseCanonical } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { EMPTY_LOG } from '../wire/log.ts'
import { parseMessage, signMessage, signStatement } from '../wire/message.ts'
import type { Message, Pin, Statement, Unsigned } from '../wire/message.ts'
import type { MemberKeys, MemoryBoard, Tampering } from './simulate.ts'
import type { VerbReason } from '../verbs/table.ts'
import { airgapSteps } from '../machines/airgap.ts'

/** The place where a fault happens. */
export interface FaultPlace {
  readonly script: Script
  readonly verbs: Verbs
  readonly random: Random
  readonly names: readonly string[]
  /** The participant who cheats, or is cheated by its own machine. */
  readonly participant: string
  /** A participant's or a step's name, as the kind wants it; '' where it wants none. */
  readonly target: string
}

export interface FaultKind {
  readonly name: string
  /** One sentence that says what happens. */
  readonly doc: string
  /** The machine that is dishonest. Beside a `client`, its airgap and its owner are honest; beside a `storage`, everybody is. */
  readonly who: 'airgap' | 'client' | 'storage'
  /** The reasons for which the log proves the participant guilty: those and no others; none where it proves nobody so. */
  readonly proves: readonly (EngineReason | VerbReason)[]
  /** The kind of target that it takes after the participant. */
  readonly target: 'step' | 'participant' | 'none'
  /** Verbs that a script must use for this to happen in it. */
  readonly uses?: readonly string[]
  /** The fewest participants among whom it can happen; two unless told. */
  readonly among?: number
  /** The steps in which it can happen, for those that take one. */
  readonly steps?: (script: Script) => readonly Step[]
  readonly make: (place: FaultPlace) => Tampering
}

/** The means to meddle with one posting: the message, and ways to post in its place. */
export interface Meddling {
  readonly message: Message
  readonly text: string
  readonly board: MemoryBoard
  readonly member: MemberKeys
  readonly clock: Clock
  /** Signs anything in this participant's name and gives its text. */
  readonly sign: (unsigned: Unsigned) => string
}

type Change = (meddling: Meddling) => Promise<Pin>

/** The message without its author's signature. */
export const unsignedOf = ({ statement, seen, airgapSignature, attachment }: Message): Unsigned => ({
  statement, seen,
  ...(airgapSignature === undefined ? {} : { airgapSignature }),
  ...(attachment === undefined ? {} : { attachment }),
})

/** Signs a statement with a participant's airgap key. */
export const airgapSign = (member: MemberKeys, statement: Statement): string =>
  signStatement(airgapKeyPair(member.seed).secretKey, statement)

/** The message with another statement, which its airgap signs if it signed the first. */
export function restated({ message, member, sign }: Meddling, change: Partial<Statement>): string {
  const { airgapSignature, ...rest } = unsignedOf(message)
  const statement = { ...message.statement, ...change }
  return sign({ ...rest, statement, ...(airgapSignature === undefined ? {} : { airgapSignature: airgapSign(member, statement) }) })
}

/** A message of its own, beside the one that is posted: signed by its airgap, unless `isAirgaps` says no. */
export function stating({ message, member, sign }: Meddling, change: Partial<Statement>, isAirgaps = true): string {
  const statement = { ...message.statement, ...change }
  return sign({ statement, seen: message.seen, ...(isAirgaps ? { airgapSignature: airgapSign(member, statement) } : {}) })
}

/** An Abort in its author's name. */
export const abortBy = ({ message, sign }: Meddling, accused: string | null = null, reason: AbortReason = 'operator'): string => sign({
  statement: { ...message.statement, step: null, type: 'Abort', payload: abortPayload({ reason, step: null, accused, why: 'I do not like it', convicts: false, offsets: [] }) },
  seen: message.seen,
})

/** A client whose every post goes through `change`. */
export const meddling = (change: Change): Tampering => ({
  board: (board, member, clock): Board => ({
    ...board,
    post: (text) => {
      const sign = (unsigned: Unsigned) => canonical(signMessage(member.signingKey, unsigned))
      return change({ message: parseMessage(text), text, board, member, clock, sign })
    },
  }),
})

/** Meddles with the messages of one step only. */
export const inStep = (step: string, change: Change): Tampering =>
  meddling((one) => (one.message.statement.step === step && one.message.statement.type !== 'Abort' ? change(one) : one.board.post(one.text)))

/** Does something else before each message of one step is posted. */
export const beforeStep = (step: string, change: (meddling: Meddling) => Promise<unknown>): Tampering => inStep(step, async (one) => {
  await change(one)
  return one.board.post(one.text)
})

/** Says that it posted, but did not. */
export const swallowed = (): Promise<Pin> => Promise.resolve(EMPTY_LOG)

/** A statement with another digit in the first text of its payload. */
export function flipped(payload: JsonObject): JsonObject {
  const [field, value] = Object.entries(payload).find(([, one]) => typeof one === 'string') ?? []
  if (field === undefined || typeof value !== 'string') return { ...payload, more: 0 }
  return { ...payload, [field]: flippedText(value) }
}

const GENERATORS: Readonly<Record<number, string>> = { 96: toHex(encodeG1(timesBase(1n))), 192: toHex(encodeG2(signShare(1n, new Uint8Array(1), DST_SIGNATURE))) }

/** A payload of the same form with another value in it: a hash where there is one, or else a point. */
export function otherwise(payload: JsonObject): JsonObject {
  const hash = Object.entries(payload).findLast(([, value]) => typeof value === 'string' && value.length === 64)
  if (hash !== undefined) return { ...payload, ...flipped(Object.fromEntries([hash])) }
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, (typeof value === 'string' && GENERATORS[value.length]) || value]))
}

export const flippedText = (value: string): string => `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}`

export function flippedDeep(value: Json | undefined): Json {
  if (typeof value === 'string') return flippedText(value)
  if (Array.isArray(value)) return [flippedDeep((value as readonly Json[])[0]), ...(value as readonly Json[]).slice(1)]
  const entries = Object.entries((value ?? {}) as JsonObject)
  return Object.fromEntries(entries.map(([key, one], i) => [key, i === 0 ? flippedDeep(one) : one]))
}

export const stepsOfAirgap = ({ ceremony }: Script): readonly Step[] => airgapSteps(ceremony)
export const clientSteps = ({ ceremony }: Script): readonly Step[] => ceremony.steps.filter((step) => step.client !== undefined)
export const laterSteps = ({ ceremony }: Script): readonly Step[] => ceremony.steps.slice(1)

/** Airgap steps to which a client brings others' statements. */
export const fedSteps = ({ ceremony }: Script): readonly Step[] =>
  ceremony.steps.filter((step) => step.airgap !== undefined && ceremony.steps[step.index - 1]?.airgap !== undefined)

export const attachingSteps = ({ ceremony }: Script): readonly Step[] => ceremony.steps.filter((step) => {
  const spec = ceremony.messages[step.sends]
  return spec !== undefined && hasAttachment(spec)
})

export const jsonOf = (bytes: Uint8Array | undefined): JsonObject =>
  parseCanonical(new TextDecoder().decode(bytes), 'An attachment') as JsonObject

/** Posts the message with another attachment, which it names. */
export const reattaching = (step: string, change: (attachment: JsonObject) => Json): Tampering => inStep(step, async ({ message, board, sign }) => {
  const attachment = await board.putAttachment(canonicalBytes(change(jsonOf(board.attachments.get(message.attachment ?? '')))))
  return board.post(sign({ ...unsignedOf(message), attachment }))
})

/** All attachments that a participant's messages in the log name, by message type. */
export function attachmentsOf(board: MemoryBoard, participant: string): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>()
  for (const { text } of board.entries) {
    const { statement, attachment } = parseMessage(text)
    const bytes = board.attachments.get(attachment ?? '')
    if (statement.from !== participant || bytes === undefined) continue
    found.set(statement.type, jsonOf(bytes))
  }
  return found
}

export type Cheat = (scope: AirgapScope, args: Args, honest: AirgapVerb) => Stating

/** An airgap in which some verbs are replaced. */
export function cheating({ verbs }: Pick<FaultPlace, 'verbs'>, cheats: Readonly<Record<string, Cheat>>): Tampering {
  const airgap: Record<string, AirgapVerb> = { ...verbs.airgap }
  for (const [name, cheat] of Object.entries(cheats)) {
    const honest = verbs.airgap[name]
    if (honest === undefined) throw new TypeError(`no verb ${name}`)
    airgap[name] = (scope, args) => cheat(scope, args, honest)
  }
  return { airgapVerbs: { ...verbs, airgap } }
}

/** A request that a client made, and the means to bring it or another one. */
export interface Bringing {
  readonly envelope: Omit<Envelope, 'digest'>
  readonly body: JsonObject
  readonly board: MemoryBoard
  readonly member: MemberKeys
  /** Brings a request to the airgap, and gives the body of its answer. */
  readonly bring: (envelope: Omit<Envelope, 'digest'>) => Promise<JsonObject>
}

/** A client that does as it likes with the requests to its airgap. It goes on with the answer that `change` gives. */
export const bringing = (change: (bringing: Bringing) => Promise<JsonObject>): Tampering => ({
  exchange: (airgap, member, board) => async (request) => {
    const { digest, ...envelope } = openEnvelope(request)
    const bring = async (one: Omit<Envelope, 'digest'>) => openEnvelope(await airgap.handle(sealEnvelope(one))).body as JsonObject
    const answer = await change({ envelope, body: envelope.body as JsonObject, board, member, bring })
    return sealEnvelope({ ...envelope, kind: 'answer', body: { ...answer, request: digest } })
  },
})

/** Does so with the requests of one step only. */
export const bringingIn = (step: string, change: (bringing: Bringing) => Promise<JsonObject>): Tampering =>
  bringing((one) => (one.envelope.step === step && one.body['ask'] === 'step' ? change(one) : one.bring(one.envelope)))

/** Brings a request that an airgap must refuse. @throws Error where it gives anything else */
export async function refusedBy({ bring }: Bringing, envelope: Omit<Envelope, 'digest'>): Promise<JsonObject> {
  const answer = await bring(envelope)
  if (answer['give'] !== 'refusal') throw new Error(`the airgap gave ${JSON.stringify(answer['give'])} where it should have refused`)
  return answer
}
