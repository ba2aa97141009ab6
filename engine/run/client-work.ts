/**
 * What a client does in each state of its machine. Each thing is kept on disk before anybody sees it, and looked for
 * there first: doing it again asks for no scan and posts the same bytes.
 */
import { sha256Hex } from '../crypto/bytes.ts'
import type { Step } from '../machines/ceremony.ts'
import { abortPayload } from '../wire/abort.ts'
import type { Fault } from '../wire/abort.ts'
import { canonical, canonicalBytes } from '../wire/canonical.ts'
import type { Json } from '../wire/canonical.ts'
import { indexOf } from '../wire/card.ts'
import type { Answer, Request } from '../wire/exchange.ts'
import { signMessage } from '../wire/message.ts'
import type { Statement, Unsigned } from '../wire/message.ts'
import { ABANDONED, abandonStep } from './abandon.ts'
import { checkStated, exchangeWith, readKept, stepRequest } from './client-exchange.ts'
import type { KeptAnswer, StatedPlace } from './client-exchange.ts'
import type { ClientPorts, TextStore } from './client-ports.ts'
import type { DisputeState } from './disputes.ts'
import { runError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import { resolveArgs } from './resolve.ts'

export class ClientWork {
  private readonly ports: ClientPorts
  private readonly ledger: Ledger
  /** What was begun to be posted, by its name: the log may hold it although nobody here has seen it yet. */
  private readonly begun = new Set<string>()

  constructor(ports: ClientPorts, ledger: Ledger) {
    this.ports = ports
    this.ledger = ledger
  }

  /** Reads from disk whether an earlier run began to post its part of the certificate. */
  async load(): Promise<void> {
    if (await hasBegun(this.ports.store, this.ledger)) this.begun.add(this.ledger.ceremony.certificate)
  }

  /** The airgap's part of the certificate is, or may be, in the log; and the certificate may still complete. */
  get isBound(): boolean {
    const { ledger } = this
    return ledger.isBound(this.ports.me.name) || (this.begun.has(ledger.ceremony.certificate) && ledger.dead === null && !ledger.certified)
  }

  /** This participant's own Abort is in the log. */
  get hasLeft(): boolean {
    return this.ledger.aborts.some(({ from }) => from === this.ports.me.name)
  }

  /** The disputes about this participant that wait for its answer. */
  get accusations(): readonly DisputeState[] {
    const { name } = this.ports.me
    return this.ledger.disputes.filter((one) =>
      one.accused === name && !one.answered && !this.begun.has(answerName(one)) && !this.ledger.hasStated(one.step.name, name, one.complainer))
  }

  stepOf(name: string): Step {
    const step = this.ledger.ceremony.steps.find((one) => one.name === name)
    if (step === undefined) throw new TypeError(`no step ${name}`)
    return step
  }

  /** Gets the airgap's answer to a step: the kept one, or a new one that is kept before anything else happens. */
  async ask(step: Step, assist: Json | null, signal: AbortSignal) {
    if ((await this.kept(step.name)) !== undefined || this.isPosted(step.name)) return { kind: 'statement' as const }
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

  /** A client's own step: public in, a public message out. */
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

  /** Posts what was kept under a name: those very bytes that were kept before the first try. */
  async post(name: string, signal: AbortSignal): Promise<null> {
    const kept = await this.kept(name)
    if (kept === undefined ? this.isPosted(name) : this.isInLog(kept.statement)) return null
    if (kept === undefined) throw new TypeError(`nothing to post in ${name}`)
    const message = await this.outbox(name, kept)
    if (this.mustNotPost(name, kept)) await untilAborted(signal)
    if (signal.aborted) return null
    this.begin(name, kept)
    await this.ports.board.post(message)
    return null
  }

  /** Brings the first dispute about this participant to its airgap, and posts the answer. */
  async justify(signal: AbortSignal): Promise<null> {
    const [state] = this.accusations
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

  /** Has the airgap give the ceremony up for good, and posts that. */
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
    if (this.ledger.certified || this.ledger.ending?.kind === 'abort' || this.hasLeft || signal.aborted) return null
    await this.ports.store.put(key, message)
    await this.ports.board.post(message)
    return null
  }

  private exchange(step: string, body: Request, signal: AbortSignal): Promise<Answer> {
    // The machine may have gone elsewhere while this one looked on its disk: nobody should scan for nothing.
    signal.throwIfAborted()
    return exchangeWith((text) => this.ports.exchange(text, signal), this.ledger.id, step, body)
  }

  private async keepStated(name: string, place: StatedPlace, answer: Answer): Promise<void> {
    if (answer.give !== 'statement') throw runError('answer', { step: place.step, why: `it gives a ${answer.give}` })
    await this.keep(name, checkStated(this.ledger, this.ports.me, place, answer.statement, answer.attachment))
  }

  /** Whoever saw an Abort, a fault or a dispute must not help the certificate to completion; the machine hears of it by itself. */
  private mustNotPost(name: string, kept: KeptAnswer): boolean {
    const { ledger } = this
    return this.isPart(name, kept) && !ledger.certified && (ledger.ending !== null || ledger.dead !== null)
  }

  /** Is it this participant's part of the certificate, and no dispute in its place? */
  private isPart(name: string, kept: KeptAnswer): boolean {
    return name === this.ledger.ceremony.certificate && isPartOf(this.ledger, kept)
  }

  private begin(name: string, kept: KeptAnswer): void {
    if (name !== this.ledger.ceremony.certificate || this.isPart(name, kept)) this.begun.add(name)
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

  /** Something of this participant stands in a step's slot, posted perhaps by a client that has another disk now. */
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

/** Under which name the answer to a dispute is kept. */
const answerName = ({ name, complainer }: DisputeState): string => `${name}-${complainer}`

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
