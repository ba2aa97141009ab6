/**
 * A client's work in each state of its machine. Everything is stored on disk before anybody sees it, and looked for there
 * first: work that is done again asks for no scan and posts the same bytes.
 */
import { errorTable } from '../base/errors.ts'
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { MessageSpec, Script, Step } from '../machines/ceremony.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import { fieldsCheck } from '../verbs/values.ts'
import { abortPayload, checkAbort } from '../wire/abort.ts'
import type { Fault } from '../wire/abort.ts'
import type { Board } from '../wire/board.ts'
import { canonical, canonicalBytes, parseCanonical } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { indexOf } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import { checkAnswer } from '../wire/exchange.ts'
import type { Answer, CloseRequest, Exchange, Request, Stated } from '../wire/exchange.ts'
import { parseMessage, reasonProblem, signMessage, verifyStatement } from '../wire/message.ts'
import type { Statement, Unsigned } from '../wire/message.ts'
import { checkCrossed, expanded, hasAttachment, statementFields } from './attachment.ts'
import { accusations, answerName, hasLeft, mustNotCertify } from './conclusions.ts'
import type { OwnPart } from './conclusions.ts'
import { runError } from './errors.ts'
import type { Feed } from './feed.ts'
import type { Ledger } from './ledger.ts'
import { ABANDONED, abandonStep } from '../machines/ceremony.ts'
import type { MessageChecks } from './reading.ts'
import { resolveArgs } from './verbs.ts'

// The client's requests to its airgap, and the checks of each answer before anything is posted.

const airgapError = errorTable('airgap', {
  refused: ({ code, what, todo }: { code: string; what: string; todo: string }) => ({
    what: `The airgap refuses (${code}): ${what}`,
    todo,
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly airgap: typeof airgapError.table }
}

/** Brings a request to the airgap, and gives back its checked answer. @throws run.fault, airgap.refused, run.answer */
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
  throw runError('fault', { reason, accused, step, why, convicts: false, offsets: [] })
}

/** The request for a step: the statements of the step before, the prepared values, and the answer to the airgap's question. */
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

/** An answer as the client keeps it: the whole statement, with the airgap's signature unless a client's step made it. */
export interface KeptAnswer extends JsonObject {
  readonly statement: Statement
  readonly airgapSignature?: string
  /** In its form on the board. */
  readonly attachment?: JsonObject
}

/** The place of an airgap's statement, and the types that may stand there. */
export interface StatedPlace {
  readonly step: string
  readonly view: string
  readonly types: readonly string[]
}

/**
 * Fills in what the client knows of the airgap's statement, and checks form, signature and attachment. The attachment comes out in
 * its form on the board.
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

/** The form of an Abandoned, which no script declares: its payload is empty. */
const NO_SCRIPTS: MessageSpec = { name: ABANDONED, to: 'everyone', payload: {} }

/** Reads a kept answer back: this program wrote it, but perhaps another version of it. */
export function readKept(text: string): KeptAnswer {
  const value = parseCanonical(text, 'A kept answer')
  if (typeof value !== 'object' || value === null || !('statement' in value)) {
    throw runError('answer', { step: '', why: 'the copy that was kept is damaged' })
  }
  return value as KeptAnswer
}

export class ClientWork {
  private readonly ports: ClientPorts
  private readonly ledger: Ledger
  /** The names under which the log may hold something that nobody here has seen yet: the certificate once begun, all else once posted. */
  private readonly begun = new Set<string>()

  constructor(ports: ClientPorts, ledger: Ledger) {
    this.ports = ports
    this.ledger = ledger
  }

  /** Reads from disk whether an earlier run began to post its part of the certificate. */
  async load(): Promise<void> {
    if (await hasBegun(this.ports.store, this.ledger)) this.begun.add(this.ledger.ceremony.certificate)
  }

  /** This client began to post its part of the certificate: the log may hold it although nobody here has seen it yet. */
  get hasBegun(): boolean {
    return this.begun.has(this.ledger.ceremony.certificate)
  }

  /** The things that this client did itself. */
  get part(): OwnPart {
    return { ledger: this.ledger, me: this.ports.me.name, begun: this.begun }
  }

  stepOf(name: string): Step {
    const step = this.ledger.ceremony.steps.find((one) => one.name === name)
    if (step === undefined) throw new TypeError(`no step ${name}`)
    return step
  }

  /** Gets the airgap's answer to a step: the kept one, or a new one that is kept before anything else happens. */
  async ask(step: Step, assist: Json | null, signal: AbortSignal) {
    if ((await this.kept(await this.slotName(step.name))) !== undefined || this.isPosted(step.name)) return { kind: 'statement' as const }
    await this.resumeAbort()
    const body = stepRequest(this.ledger, step, this.ports.me, assist)
    const answer = await this.exchange(step.name, body, signal)
    if (answer.give === 'question' && step.assist !== undefined) return { kind: 'question' as const, question: answer.question }
    const types = step.disputes === undefined ? [step.sends] : [step.sends, step.disputes]
    await this.keepStated(step.name, { step: step.name, view: this.viewBefore(step), types }, answer)
    return { kind: 'statement' as const }
  }

  /** Answers the airgap's question. */
  assist(step: Step, question: Json | null): Json {
    const run = step.assist === undefined ? undefined : this.ports.verbs.assist[step.assist.verb]
    if (step.assist === undefined || run === undefined) throw new TypeError(`nothing assists ${step.name}`)
    const { name } = this.ports.me
    const scope = this.ledger.scope(step.name, step.sends, this.viewBefore(step))
    return run(scope, { name, index: indexOf(this.ledger.roster, name) }, question, resolveArgs(step.assist, this.ledger.sources))
  }

  /** Makes the message of a client's own step, from public data. */
  async compute(step: Step): Promise<null> {
    const { ports, ledger } = this
    if ((await this.kept(step.name)) !== undefined) return null
    const run = step.client === undefined ? undefined : ports.verbs.client[step.client.verb]
    if (step.client === undefined || run === undefined) {
      throw runError('not-runnable', { script: ledger.ceremony.name, why: `this version does not have ${step.client?.verb ?? step.name}` })
    }
    const view = this.viewBefore(step)
    const { payload, attachment } = run(ledger.scope(step.name, step.sends, view), resolveArgs(step.client, ledger.sources))
    const statement: Statement = { ceremony: ledger.id, step: step.name, type: step.sends, from: ports.me.name, view, payload }
    await this.keep(step.name, { statement, ...(attachment === undefined ? {} : { attachment }) })
    return null
  }

  /** Posts what was kept under a name, or for a step: the very bytes that were kept before the first try. */
  async post(slot: string, signal: AbortSignal): Promise<null> {
    const name = await this.slotName(slot)
    const kept = await this.kept(name)
    if (kept === undefined ? this.isPosted(name) : this.isInLog(kept.statement)) return null
    if (kept === undefined) throw new TypeError(`nothing to post in ${name}`)
    const message = await this.outbox(name, kept)
    // The machine hears the reason by itself; or it finds the dispute where it collects.
    if ((this.isPart(name, kept) && mustNotCertify(this.ledger)) || signal.aborted) return null
    if (this.isPart(name, kept)) this.begun.add(name)
    await this.ports.board.post(message)
    // Anything else counts only once it is posted, so that an answer to a dispute that the storage does not have is brought again.
    if (name !== this.ledger.ceremony.certificate) this.begun.add(name)
    return null
  }

  /** The name under which a step's statement is kept: where the ceremony was given up for good, its Abandoned has that slot. */
  private async slotName(step: string): Promise<string> {
    return abandonStep(this.ledger.ceremony)?.name === step && (await this.kept(ABANDONED)) !== undefined ? ABANDONED : step
  }

  /** Goes on with the Abort that an earlier run kept. @throws run.fault */
  private async resumeAbort(): Promise<void> {
    const text = this.ledger.certified ? undefined : await this.ports.store.get(this.key('outbox-Abort'))
    if (text === undefined) return
    const { reason, step, accused, evidence: { why, offsets } } = checkAbort(parseMessage(text).statement.payload, 'The Abort that was kept')
    throw runError('fault', { reason, step, accused, why, offsets, convicts: false })
  }

  /** Brings the first dispute about this participant to its airgap, and posts the answer. */
  async justify(signal: AbortSignal): Promise<null> {
    const [state] = accusations(this.part)
    if (state?.dispute.airgapSignature === undefined) return null
    const { name, step, dispute: { statement: { from, payload }, airgapSignature } } = state
    if ((await this.kept(answerName(state))) === undefined) {
      const collected = step.index === 0 ? [] : this.ledger.carriable(step.index - 1, this.ports.me.name)
      const answer = await this.exchange(name, { ask: 'dispute', dispute: { from, payload, airgapSignature }, collected }, signal)
      const sends = this.ledger.ceremony.disputes[name]?.sends ?? ''
      await this.keepStated(answerName(state), { step: step.name, view: this.viewBefore(step), types: [sends] }, answer)
    }
    return await this.post(answerName(state), signal)
  }

  /** Has the airgap give the ceremony up for good, and posts its Abandoned. */
  async abandon(signal: AbortSignal): Promise<void> {
    const { ledger } = this
    const step = abandonStep(ledger.ceremony)
    const view = ledger.viewBefore(ledger.certificateIndex)
    if (step === undefined || view === undefined) throw new TypeError('a ceremony that cannot be given up')
    if ((await this.kept(ABANDONED)) === undefined) {
      const answer = await this.exchange(step.name, { ask: 'abandon' }, signal)
      await this.keepStated(ABANDONED, { step: step.name, view, types: [ABANDONED] }, answer)
    }
    await this.post(ABANDONED, signal)
  }

  /** Says in the log why this client aborts, unless somebody did already or it is too late to abort. */
  async abort(fault: Fault | null, signal: AbortSignal): Promise<null> {
    if (fault === null) throw new TypeError('an abort without a reason')
    const key = this.key('outbox-Abort')
    const statement: Statement = {
      ceremony: this.ledger.id, step: fault.step, type: 'Abort', from: this.ports.me.name,
      view: this.ledger.viewBefore(this.ledger.current) ?? null, payload: abortPayload(fault),
    }
    const message = (await this.ports.store.get(key)) ?? this.sign({ statement, seen: this.ports.feed.pin })
    if (this.ledger.certified || this.ledger.ending?.kind === 'abort' || hasLeft(this.part) || signal.aborted) return null
    await this.ports.store.put(key, message)
    await this.ports.board.post(message)
    return null
  }

  private exchange(step: string, body: Request, signal: AbortSignal): Promise<Answer> {
    // The machine may have left this state while the disk was read: nobody should scan for nothing.
    signal.throwIfAborted()
    return exchangeWith((text) => this.ports.exchange(text, signal), this.ledger.id, step, body)
  }

  private async keepStated(name: string, place: StatedPlace, answer: Answer): Promise<void> {
    if (answer.give !== 'statement') throw runError('answer', { step: place.step, why: `it gives a ${answer.give}` })
    await this.keep(name, checkStated(this.ledger, this.ports.me, place, answer.statement, answer.attachment))
  }

  /** Is it this participant's part of the certificate, and no dispute in its place? */
  private isPart(name: string, kept: KeptAnswer): boolean {
    return name === this.ledger.ceremony.certificate && isPartOf(this.ledger, kept)
  }

  /** The message, signed once and kept before it is posted. */
  private async outbox(name: string, { statement, airgapSignature, attachment: json }: KeptAnswer): Promise<string> {
    const attachment = json === undefined ? undefined : canonicalBytes(json)
    if (attachment !== undefined) await this.ports.board.putAttachment(attachment)
    const key = this.key(`outbox-${name}`)
    const before = await this.ports.store.get(key)
    if (before !== undefined) return before
    const message = this.sign({
      statement, seen: this.ports.feed.pin,
      ...(airgapSignature === undefined ? {} : { airgapSignature }),
      ...(attachment === undefined ? {} : { attachment: sha256Hex(attachment) }),
    })
    await this.ports.store.put(key, message)
    return message
  }

  private sign(unsigned: Unsigned): string {
    return canonical(signMessage(this.ports.signingKey, unsigned))
  }

  private async kept(name: string): Promise<KeptAnswer | undefined> {
    const text = await this.ports.store.get(this.key(`answer-${name}`))
    return text === undefined ? undefined : readKept(text)
  }

  private keep(name: string, answer: KeptAnswer): Promise<void> {
    return this.ports.store.put(this.key(`answer-${name}`), canonical(answer))
  }

  private key(what: string): string {
    return `${this.ledger.id}/${what}`
  }

  private viewBefore(step: Step): string {
    const view = this.ledger.viewBefore(step.index)
    if (view === undefined) throw new TypeError(`${step.name} is asked for too early`)
    return view
  }

  /** Does something of this participant stand in a step's slot? A client with another disk may have posted it. */
  private isPosted(step: string): boolean {
    return this.ledger.hasStated(step, this.ports.me.name)
  }

  private isInLog(statement: Statement): boolean {
    return this.ledger.holds(statement)
  }
}

const isPartOf = ({ ceremony: { certificate, steps } }: Ledger, { statement }: KeptAnswer): boolean =>
  statement.type === steps.find((step) => step.name === certificate)?.sends

/** Did a client with this store begin to post its part of the certificate? The log may hold it although nobody here has seen it yet. */
export async function hasBegun(store: TextStore, ledger: Ledger): Promise<boolean> {
  const { id, ceremony: { certificate } } = ledger
  const kept = await store.get(`${id}/answer-${certificate}`)
  return kept !== undefined && isPartOf(ledger, readKept(kept)) && (await store.get(`${id}/outbox-${certificate}`)) !== undefined
}

// The edges of a client's run: to the board, the airgap, the disk, the clock and the screen.

/** Texts kept on the client's disk. `put` resolves when the text is durable; it never changes one that is there. */
export interface TextStore {
  readonly get: (key: string) => Promise<string | undefined>
  readonly put: (key: string, text: string) => Promise<void>
}

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Resolves at that time, or early when the signal aborts. */
  readonly until: (time: number, signal: AbortSignal) => Promise<void>
}

export interface ClientProgress {
  readonly ceremony: string
  /** The machine's place: a step or dispute and what it does there, or a final state. */
  readonly step: string
  readonly doing: string
}

export interface ClientPorts {
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
  /** The signing key, 32 bytes. Secret. */
  readonly signingKey: Uint8Array
  readonly board: Board
  readonly feed: Feed
  readonly store: TextStore
  /** Brings a request to the airgap and its answer back. Resolves with the answer's envelope text. */
  readonly exchange: Exchange
  readonly verbs: Verbs
  /** The finished ceremonies that this one follows, by the script's local name. */
  readonly followed?: Readonly<Record<string, Ledger>>
  /** The client's own checks unless given; a simulation's clients share theirs. */
  readonly checks?: MessageChecks
  readonly random: Random
  readonly clock: Clock
  /**
   * Asks the owner whether to give a ceremony up for good that is in doubt up to the last deadline; its airgap's owner confirms it
   * there. Without it nothing is given up.
   */
  readonly offerAbandon?: () => Promise<boolean>
  readonly onProgress?: (progress: ClientProgress) => void
  /** Hears of the ledger at the start and after every message, and whether this client began to post its part of the certificate. */
  readonly onLedger?: (ledger: Ledger, hasBegun: boolean) => void
  /** Hears of every failed try to reach the storage. */
  readonly onTrouble?: (error: Error) => void
}

// After the end of a ceremony that made nothing: the proof that it is over, for which an airgap erases its session (protocol §7).

/**
 * The request that shows an airgap that joined the ceremony its end: a statement of another's airgap that rules out any success, or
 * the first Abort, or this client's own, which a storage may withhold. Undefined where there is nothing to close.
 */
export async function endToBring({ feed, store, me }: Pick<ClientPorts, 'feed' | 'store' | 'me'>, ledger: Ledger): Promise<CloseRequest | undefined> {
  const [aborted] = ledger.aborts
  const abort = feed.all.find((one) => one.offset === aborted?.offset)?.text ?? await store.get(`${ledger.id}/outbox-Abort`)
  const request = endingOf(ledger, me.name) ?? (abort === undefined ? undefined : { ask: 'close' as const, abort })
  if (request === undefined) return undefined
  for (const { name } of ledger.ceremony.steps) {
    // Posted, perhaps by a client with another disk; or answered, and never posted.
    if (ledger.hasStated(name, me.name) || (await store.get(`${ledger.id}/answer-${name}`)) !== undefined) return request
  }
  return undefined
}

function endingOf({ deathbeds }: Ledger, me: string): CloseRequest | undefined {
  const other = deathbeds.find(({ statement }) => statement.from !== me)
  if (other?.airgapSignature === undefined) return undefined
  const { statement: { type, from, payload }, airgapSignature } = other
  return { ask: 'close', ending: { type, from, payload, airgapSignature } }
}

/** Brings the end to the airgap. @throws airgap.refused, run.answer, and what the exchange throws */
export async function bringEnd(exchange: Exchange, { id }: Ledger, request: CloseRequest, signal: AbortSignal): Promise<void> {
  await exchangeWith((text) => exchange(text, signal), id, request.ending?.type ?? 'Abort', request)
}
