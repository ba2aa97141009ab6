/**
 * The client role: runs one ceremony's machine over a board and an airgap. All that it did is in the log, in its
 * outbox and among its kept answers, so it can be killed at any moment and started again: it asks for no scan twice
 * and posts nothing twice.
 */
import { createActor, fromCallback, fromPromise, waitFor } from 'xstate'
import { compileClient } from '../compile/client.ts'
import type { ClientEvent, Outcome } from '../compile/client.ts'
import type { Step } from '../script/model.ts'
import { canonical, canonicalBytes } from '../wire/canonical.ts'
import type { Json } from '../wire/canonical.ts'
import { indexOf } from '../wire/card.ts'
import { sha256Hex } from '../crypto/bytes.ts'
import { signMessage } from '../wire/message.ts'
import type { Statement, Unsigned } from '../wire/message.ts'
import { abortPayload } from './abort.ts'
import type { Fault } from './abort.ts'
import { checkStated, exchangeWith, readKept, stepRequest } from './client-exchange.ts'
import type { KeptAnswer } from './client-exchange.ts'
import type { ClientPorts } from './client-ports.ts'
import { runError } from './errors.ts'
import { pause } from './feed.ts'
import { Ledger } from './ledger.ts'
import { resolveArgs } from './resolve.ts'

export interface ClientResult {
  readonly outcome: Outcome
  readonly ledger: Ledger
  /** What this client found wrong, where it aborted for it. */
  readonly fault: Fault | null
  /** What stopped it, where it is no matter of the ceremony. */
  readonly trouble: { readonly code: string; readonly what: string; readonly todo: string } | null
}

const RETRY_PAUSE = 1000

/** Runs a ceremony to its end, or until the signal aborts (then `null`; starting again goes on). */
export async function runClient(ports: ClientPorts, signal: AbortSignal): Promise<ClientResult | null> {
  const run = new ClientRun(ports, signal)
  return run.result()
}

class ClientRun {
  readonly ledger: Ledger
  private readonly ports: ClientPorts
  private readonly signal: AbortSignal
  private readonly changed = new Set<() => void>()

  constructor(ports: ClientPorts, signal: AbortSignal) {
    this.ports = ports
    this.signal = signal
    const { script, opening, verbs, random, feed } = ports
    this.ledger = new Ledger({ script, opening, verbs, random, headAt: (offset) => feed.headAt(offset) })
  }

  async result(): Promise<ClientResult | null> {
    this.ports.onLedger?.(this.ledger)
    const stop = this.ports.feed.listen((posted) => {
      this.ledger.accept(posted)
      this.ports.onLedger?.(this.ledger)
      for (const hear of [...this.changed]) hear()
    })
    const actor = createActor(this.machine())
    actor.subscribe({
      next: (snapshot) => this.tell(snapshot.value),
      // A bug in an actor ends up here; waitFor below rejects with it.
      error: () => undefined,
    })
    actor.start()
    try {
      const end = await waitFor(actor, (snapshot) => snapshot.status !== 'active', { signal: this.signal })
      const { fault, trouble } = end.context
      return { outcome: end.output ?? 'stopped', ledger: this.ledger, fault, trouble }
    } catch (error) {
      if (this.signal.aborted) return null
      throw error
    } finally {
      actor.stop()
      stop()
    }
  }

  private tell(value: unknown): void {
    const [step, doing] = typeof value === 'string' ? [value, ''] : Object.entries(value as Record<string, unknown>)[0] ?? ['', '']
    this.ports.onProgress?.({ ceremony: this.ledger.id, step, doing: String(doing) })
  }

  /** Resolves when the condition holds, looking again at every change of the log. */
  private when(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!condition() && !signal.aborted) return
        this.changed.delete(look)
        signal.removeEventListener('abort', look)
        resolve()
      }
      this.changed.add(look)
      signal.addEventListener('abort', look)
      look()
    })
  }

  private machine() {
    return compileClient(this.ledger.ceremony).provide({
      actors: {
        watch: fromCallback<ClientEvent>(({ sendBack }) => this.watch(sendBack)),
        ask: fromPromise(async ({ input, signal }) => this.ask(this.stepOf(input.step), input.assist, signal)),
        assist: fromPromise(({ input }) => Promise.resolve(this.assist(this.stepOf(input.step), input.question))),
        compute: fromPromise(async ({ input }) => this.compute(this.stepOf(input.step))),
        post: fromPromise(async ({ input, signal }) => this.post(input.step, signal)),
        pause: fromPromise(async ({ signal }) => pause(RETRY_PAUSE, signal).then(() => null)),
        collect: fromPromise(async ({ input, signal }) => {
          const { index } = this.stepOf(input.step)
          const disputed = () => this.ledger.disputes.some((one) => one.step.name === input.step)
          await this.when(() => this.ledger.current > index || disputed(), signal)
          return this.ledger.current > index ? { kind: 'complete' as const } : { kind: 'disputed' as const }
        }),
        justify: fromPromise(async ({ input, signal }) => this.justify(input.step, signal)),
        verdict: fromPromise(async ({ input, signal }) => this.verdict(input.step, signal)),
        abort: fromPromise(async ({ input, signal }) => this.abort(input.fault, signal)),
      },
      guards: {
        hasStated: () => this.hasStatedCertificate(),
        isCertified: () => this.ledger.certified,
        isAccused: () => this.ledger.disputes.some((one) => one.accused === this.ports.me.name && !one.answered),
      },
    })
  }

  private stepOf(name: string): Step {
    const step = this.ledger.ceremony.steps.find((one) => one.name === name)
    if (step === undefined) throw new TypeError(`no step ${name}`)
    return step
  }

  private hasStatedCertificate(): boolean {
    return this.ledger.hasStated(this.ledger.ceremony.certificate, this.ports.me.name)
  }

  /** Tells the machine what the log and the clock bring: faults, Aborts, deadlines, success. */
  private watch(send: (event: ClientEvent) => void): () => void {
    const stopped = new AbortController()
    let told = false
    let certified = false
    const look = () => {
      const { ledger } = this
      if (ledger.certified) {
        if (!certified) send({ type: 'CERTIFIED' })
        certified = true
        return
      }
      if (told) return
      const [fault] = ledger.faults
      const [abort] = ledger.aborts
      if (fault === undefined && abort === undefined) return
      told = true
      send(abort === undefined && fault !== undefined ? { type: 'FAULT', fault } : { type: 'ABORT' })
    }
    this.changed.add(look)
    // Not at once: the machine is still being started.
    queueMicrotask(look)
    void this.deadlines(send, stopped.signal)
    return () => {
      stopped.abort()
      this.changed.delete(look)
    }
  }

  /** Waits for each step's deadline in turn, on this client's clock, and says who is missing. */
  private async deadlines(send: (event: ClientEvent) => void, signal: AbortSignal): Promise<void> {
    const { ledger, ports } = this
    for (const step of ledger.ceremony.steps) {
      const deadline = ledger.deadline(step.index)
      if (ledger.current > step.index) continue
      await ports.clock.until(deadline, signal)
      // What is in the log by now counts, so let the log catch up first.
      if (signal.aborted || ledger.current > step.index) continue
      if (ledger.certified) {
        send({ type: 'LATE' })
        return
      }
      if (ledger.disputes.length > 0) continue
      const missing = ledger.missing(step.index)
      send({
        type: 'FAULT',
        fault: {
          reason: 'missing', step: step.name, accused: missing.length === 1 ? missing[0] ?? null : null, convicts: false, offsets: [],
          why: `${missing.join(', ')} did not finish ${step.name} by ${new Date(deadline).toISOString()}`,
        },
      })
      return
    }
    if (!signal.aborted && !ledger.finished) send({ type: 'LATE' })
  }

  private key(what: string): string {
    return `${this.ledger.id}/${what}`
  }

  /** Gets the airgap's answer to a step: the kept one, or a new one that is kept before anything else happens. */
  private async ask(step: Step, assist: Json | null, signal: AbortSignal) {
    const key = this.key(`answer-${step.name}`)
    if ((await this.ports.store.get(key)) !== undefined || this.isPosted(step.name)) return { kind: 'statements' as const }
    const body = stepRequest(this.ledger, step, this.ports.me, assist)
    const answer = await exchangeWith((text) => this.ports.exchange(text, signal), this.ledger.id, step.name, body)
    if (answer.give === 'question') return { kind: 'question' as const, question: answer.question }
    if (answer.give !== 'statements') throw runError('answer', { step: step.name, why: `it gives a ${answer.give}` })
    const types = step.disputes === undefined ? [step.sends] : [step.sends, step.disputes]
    const place = { step: step.name, view: this.viewBefore(step), types }
    const kept = checkStated(this.ledger, this.ports.me, place, answer.statements, answer.attachment)
    await this.ports.store.put(key, canonical(kept))
    return { kind: 'statements' as const }
  }

  private viewBefore(step: Step): string {
    const view = this.ledger.viewBefore(step.index)
    if (view === undefined) throw new TypeError(`${step.name} is asked for too early`)
    return view
  }

  private isPosted(step: string): boolean {
    return this.ledger.hasStated(step, this.ports.me.name)
  }

  private assist(step: Step, question: Json | null): Json {
    const run = step.assist === undefined ? undefined : this.ports.verbs.assist[step.assist.verb]
    if (step.assist === undefined || run === undefined) throw new TypeError(`nothing assists ${step.name}`)
    const { name } = this.ports.me
    const scope = this.ledger.scope(step.name, step.sends, this.viewBefore(step))
    return run(scope, { name, index: indexOf(this.ledger.roster, name) }, question, resolveArgs(step.assist, this.ledger.sources))
  }

  /** A client's own step: public in, a public message out. */
  private async compute(step: Step): Promise<null> {
    const run = step.client === undefined ? undefined : this.ports.verbs.client[step.client.verb]
    if (step.client === undefined || run === undefined) {
      throw runError('not-runnable', { script: this.ledger.ceremony.name, why: `this version does not have ${step.client?.verb ?? step.name}` })
    }
    const view = this.viewBefore(step)
    const { payload, attachment } = run(this.ledger.scope(step.name, step.sends, view), resolveArgs(step.client, this.ledger.sources))
    const statement: Statement = { ceremony: this.ledger.id, step: step.name, type: step.sends, from: this.ports.me.name, to: null, view, payload }
    const kept = { statements: [{ statement }], ...(attachment === undefined ? {} : { attachment }) }
    await this.ports.store.put(this.key(`answer-${step.name}`), canonical(kept))
    return null
  }

  /** Posts a step's statements: those very bytes that were kept before the first try. */
  private async post(stepName: string, signal: AbortSignal): Promise<null> {
    if (this.isPosted(stepName)) return null
    const text = await this.ports.store.get(this.key(`answer-${stepName}`))
    if (text === undefined) throw new TypeError(`nothing to post in ${stepName}`)
    const kept = readKept(text)
    const states = kept.statements.some(({ statement }) => statement.step === this.ledger.ceremony.certificate)
    // Whoever saw an Abort must not help the certificate to completion; the machine hears of the Abort by itself.
    if (states && this.ledger.aborts.length > 0 && !this.ledger.certified) return waitForEver(signal)
    for (const message of await this.outbox(stepName, kept)) await this.ports.board.post(message)
    return null
  }

  /** The step's messages, signed once and kept before they are posted. */
  private async outbox(stepName: string, kept: KeptAnswer): Promise<readonly string[]> {
    const attachment = kept.attachment === undefined ? undefined : canonicalBytes(kept.attachment)
    if (attachment !== undefined) await this.ports.board.putAttachment(attachment)
    const key = this.key(`outbox-${stepName}`)
    const before = await this.ports.store.get(key)
    if (before !== undefined) return before.split('\n')
    const messages = kept.statements.map(({ statement, airgapSignature }) =>
      this.sign({
        statement, seen: this.ports.feed.pin,
        ...(airgapSignature === undefined ? {} : { airgapSignature }),
        ...(attachment === undefined ? {} : { attachment: sha256Hex(attachment) }),
      }),
    )
    await this.ports.store.put(key, messages.join('\n'))
    return messages
  }

  private sign(unsigned: Unsigned): string {
    return canonical(signMessage(this.ports.signingKey, unsigned))
  }

  /** Brings the first dispute against this participant to its airgap. */
  private async justify(name: string, signal: AbortSignal): Promise<null> {
    const key = this.key(`answer-${name}`)
    if ((await this.ports.store.get(key)) !== undefined) return null
    const state = this.ledger.disputes.find((one) => one.name === name && one.accused === this.ports.me.name)
    if (state?.dispute.airgapSignature === undefined) throw new TypeError('no dispute to answer')
    const { statement, airgapSignature } = state.dispute
    const body = { ask: 'dispute' as const, dispute: { from: statement.from, payload: statement.payload, airgapSignature } }
    const answer = await exchangeWith((text) => this.ports.exchange(text, signal), this.ledger.id, name, body)
    if (answer.give !== 'statements') throw runError('answer', { step: name, why: `it gives a ${answer.give}` })
    const sends = this.ledger.ceremony.disputes[name]?.sends ?? ''
    const place = { step: name, view: this.viewBefore(state.step), types: [sends] }
    const kept = checkStated(this.ledger, this.ports.me, place, answer.statements, answer.attachment)
    await this.ports.store.put(key, canonical(kept))
    return null
  }

  /** Waits for the dispute's end: a verdict, or that no answer came in time. The latter proves nothing (a storage can delay). */
  private async verdict(name: string, signal: AbortSignal): Promise<Fault> {
    const deadline = this.ledger.disputeDeadline(name)
    const late = this.ports.clock.until(deadline, signal)
    await Promise.race([this.when(() => this.ledger.faults.length > 0, signal), late])
    const [fault] = this.ledger.faults
    if (fault !== undefined) return fault
    const [open] = this.ledger.disputes
    return {
      reason: 'missing', step: open?.step.name ?? null, accused: open?.accused ?? null, convicts: false,
      offsets: open === undefined ? [] : [open.dispute.offset],
      why: `${open?.accused ?? 'the accused'} did not answer the ${name} of ${open?.dispute.statement.from ?? 'a participant'} in time`,
    }
  }

  /** Says in the log why this client aborts, unless somebody did already. */
  private async abort(fault: Fault | null, signal: AbortSignal): Promise<null> {
    if (fault === null) throw new TypeError('an abort without a reason')
    if (this.ledger.aborts.length > 0 || signal.aborted) return null
    const key = this.key('outbox-Abort')
    const statement: Statement = {
      ceremony: this.ledger.id, step: fault.step, type: 'Abort', from: this.ports.me.name, to: null,
      view: this.ledger.viewBefore(this.ledger.current) ?? null, payload: abortPayload(fault),
    }
    const message = (await this.ports.store.get(key)) ?? this.sign({ statement, seen: this.ports.feed.pin })
    await this.ports.store.put(key, message)
    await this.ports.board.post(message)
    return null
  }
}

const waitForEver = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }))

