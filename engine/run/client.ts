/**
 * The client role: runs one ceremony's machine over a board and an airgap. All that it did is in the log, in its
 * outbox and among its kept answers, so it can be killed at any moment and started again: it asks for no scan twice
 * and posts nothing twice.
 */
import { createActor, fromCallback, fromPromise, waitFor } from 'xstate'
import type { StateValue } from 'xstate'
import { isKeyriteError } from '../base/errors.ts'
import { following } from '../base/signals.ts'
import type { Step } from '../machines/ceremony.ts'
import { compileClient } from '../machines/client.ts'
import type { ClientEvent, CollectedHow, Duty, Outcome } from '../machines/client.ts'
import { isStorages } from '../wire/abort.ts'
import type { Fault } from '../wire/abort.ts'
import { ClientWork } from './client-work.ts'
import type { ClientPorts } from './client-work.ts'
import type { DisputeState } from './disputes.ts'
import { mayBeAccused } from './ending.ts'
import { pause } from './feed.ts'
import { withheldWords } from './following.ts'
import { Ledger } from './ledger.ts'
import { checkOpening } from './opening.ts'
import { abandonStep } from '../machines/ceremony.ts'
import { checkRunnable } from './verbs.ts'

export interface ClientResult {
  readonly outcome: Outcome
  readonly ledger: Ledger
  /** What this client found wrong, where it aborted for it. */
  readonly fault: Fault | null
  /** What stopped it, where it is no matter of the ceremony. */
  readonly trouble: { readonly code: string; readonly what: string; readonly todo: string } | null
}

const RETRY_PAUSE = 1000
/** What is posted at the last moment, or after it, still has this long to come back in the log. */
const GRACE = 60_000

/**
 * Runs a ceremony to its end, or until the signal aborts (then `null`; starting again goes on).
 *
 * @throws run.not-runnable, run.opening
 */
export async function runClient(ports: ClientPorts, signal: AbortSignal): Promise<ClientResult | null> {
  const run = new ClientRun(ports, signal)
  return run.result()
}

class ClientRun {
  readonly ledger: Ledger
  private readonly ports: ClientPorts
  private readonly signal: AbortSignal
  private readonly work: ClientWork
  private readonly changed = new Set<() => void>()
  /** When a complaint about this participant was first seen by this run. */
  private readonly seenAt = new Map<DisputeState, number>()

  constructor(ports: ClientPorts, signal: AbortSignal) {
    this.ports = ports
    this.signal = signal
    const { script, opening, verbs, random, feed, checks, followed = {} } = ports
    this.ledger = new Ledger({
      script, opening, verbs, random, followed, headAt: (offset) => feed.headAt(offset), ...(checks === undefined ? {} : { checks }),
    })
    this.work = new ClientWork(ports, this.ledger)
  }

  async result(): Promise<ClientResult | null> {
    const { script, opening, verbs, me } = this.ports
    checkRunnable(script, verbs)
    checkOpening(opening, script, me, (id) => Object.values(this.ledger.followed).find((one) => one.id === id && one.usable))
    await this.work.load()
    this.ports.onLedger?.(this.ledger)
    const broken = new AbortController()
    // Nobody waits for an attachment any more once this client has ended.
    const ended = new AbortController()
    const waiting = following(this.signal, ended.signal)
    const stop = this.ports.feed.listen((posted) => {
      this.ledger.follow(posted, (hash, _, onMissing) => this.ports.feed.attachment(hash, waiting.signal, onMissing), this.signal).then(
        () => {
          this.ports.onLedger?.(this.ledger)
          for (const hear of [...this.changed]) hear()
        },
        // A bug; or the run was stopped.
        (error: unknown) => broken.abort(error),
      )
    })
    const either = following(this.signal, broken.signal)
    try {
      // What the log holds already comes before anything is done.
      await this.read(either.signal)
      return await this.toEnd(either.signal)
    } catch (error) {
      if (this.signal.aborted) return null
      throw broken.signal.aborted ? broken.signal.reason : error
    } finally {
      ended.abort()
      waiting.release()
      either.release()
      stop()
    }
  }

  private async toEnd(signal: AbortSignal): Promise<ClientResult> {
    const actor = createActor(this.machine())
    actor.subscribe({
      next: (snapshot) => this.tell(snapshot.value),
      // A bug in an actor ends up here; waitFor below rejects with it.
      error: () => undefined,
    })
    actor.start()
    try {
      const end = await waitFor(actor, (snapshot) => snapshot.status !== 'active', { signal })
      const { fault, trouble } = end.context
      return { outcome: end.output ?? 'stopped', ledger: this.ledger, fault, trouble }
    } finally {
      actor.stop()
    }
  }

  /** Tells where the machine is: the step and what is done in it, or what comes after an end. */
  private tell(value: StateValue): void {
    const [place = '', doing = ''] = pathOf(typeof value === 'object' && value['running'] !== undefined ? value['running'] : value)
    this.ports.onProgress?.({ ceremony: this.ledger.id, step: place, doing })
  }

  private machine() {
    const { work, ledger } = this
    return compileClient(ledger.ceremony).provide({
      actors: {
        watch: fromCallback<ClientEvent>(({ sendBack }) => this.watch(sendBack)),
        ask: fromPromise(async ({ input, signal }) => work.ask(work.stepOf(input.step), input.assist, signal)),
        assist: fromPromise(({ input }) => Promise.resolve(work.assist(work.stepOf(input.step), input.question))),
        compute: fromPromise(async ({ input }) => work.compute(work.stepOf(input.step))),
        post: fromPromise(async ({ input, signal }) => work.post(input.step, signal)),
        pause: fromPromise(async ({ signal }) => pause(RETRY_PAUSE, signal).then(() => null)),
        collect: fromPromise(async ({ input, signal }) => this.collect(work.stepOf(input.step), signal)),
        duty: fromPromise(async ({ signal }) => this.duty(signal)),
        justify: fromPromise(async ({ signal }) => work.justify(signal)),
        abort: fromPromise(async ({ input, signal }) => this.abort(input.fault, signal)),
        doubt: fromPromise(async ({ signal }) => this.doubt(signal)),
        abandon: fromPromise(async ({ signal }) => this.abandon(signal)),
      },
      guards: {
        isBound: () => work.isBound,
        isCertified: () => ledger.certified,
        isDead: () => ledger.dead !== null,
        isUsable: () => ledger.usable,
        mayAbandon: () => work.isBound && this.ports.offerAbandon !== undefined && abandonStep(ledger.ceremony) !== undefined,
        isOnDuty: () => this.isOnDuty,
        isOver: () => this.ports.clock.now() >= this.lastDeadline,
        isPassed: (_, { step }) => ledger.current > work.stepOf(step).index,
      },
    })
  }

  private get lastDeadline(): number {
    const { ledger } = this
    return Math.max(ledger.deadline(ledger.ceremony.steps.length - 1), ...ledger.disputes.map((one) => ledger.disputeDeadline(one.name)))
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

  /** Like `when`, but no longer than until that time on this client's clock. */
  private async whenOrLate(condition: () => boolean, time: number, signal: AbortSignal): Promise<void> {
    const settled = new AbortController()
    const either = following(signal, settled.signal)
    await Promise.race([this.when(condition, either.signal), this.onTime(time, either.signal)])
    settled.abort()
    either.release()
  }

  /** Waits until a time, and for what had come in by then to be read. */
  private async onTime(time: number, signal: AbortSignal): Promise<void> {
    await this.ports.clock.until(time, signal)
    if (!signal.aborted) await this.read(signal)
  }

  /** Waits for what has come in to be read, as far as it can be. */
  private async read(signal: AbortSignal): Promise<void> {
    const done = new AbortController()
    const either = following(signal, done.signal)
    try {
      await Promise.race([this.ledger.settled(), this.when(() => false, either.signal)])
    } finally {
      done.abort()
      either.release()
    }
  }

  /** Tells the machine what the log and the clock bring: steps that are over, and as long as anything can still abort, faults, Aborts, deadlines. */
  private watch(send: (event: ClientEvent) => void): () => void {
    const stopped = new AbortController()
    let passed = this.ledger.current
    const look = () => {
      const { ending, certified, current, dead, disputes, faults } = this.ledger
      if (stopped.signal.aborted) return
      if (current > passed) send({ type: 'PASSED' })
      passed = current
      const fork = certified ? faults.find(isStorages) : undefined
      // A dispute is heard where it matters, so that whoever has one too can still say so.
      const isDead = dead !== null && disputes.length === 0
      if (fork === undefined && (certified || (ending === null && !this.work.hasLeft && !isDead))) return
      this.changed.delete(look)
      if (fork !== undefined) send({ type: 'FORKED', why: fork.why })
      else send(ending?.kind === 'fault' ? { type: 'FAULT', fault: ending.fault } : { type: 'ABORT' })
    }
    this.changed.add(look)
    // Not at once: the machine is still being started.
    queueMicrotask(look)
    this.missed(stopped.signal).then(
      (fault) => fault !== null && !stopped.signal.aborted && send({ type: 'FAULT', fault }),
      // A clock that fails is the edge's bug; the run then ends by the others' Aborts, or by its owner.
      (error: unknown) => this.ports.onTrouble?.(error instanceof Error ? error : new Error(String(error))),
    )
    return () => {
      stopped.abort()
      this.changed.delete(look)
    }
  }

  /** Waits for each deadline up to the certificate's in turn, on this client's clock, and says who is missing. */
  private async missed(signal: AbortSignal): Promise<Fault | null> {
    const { ledger } = this
    for (const step of ledger.ceremony.steps.slice(0, ledger.certificateIndex + 1)) {
      const deadline = ledger.deadline(step.index)
      if (ledger.current > step.index) continue
      await this.onTime(deadline, signal)
      if (signal.aborted) return null
      if (ledger.current > step.index) continue
      const dispute = ledger.disputes.find((one) => one.step.name === step.name)
      if (dispute !== undefined) {
        await this.onTime(ledger.disputeDeadline(dispute.name), signal)
        return ledger.certified ? null : this.unanswered(dispute.name)
      }
      return this.missing(step)
    }
    return null
  }

  private missing(step: Step): Fault {
    const { ledger } = this
    if (ledger.withheld !== null) {
      return {
        reason: 'withheld', step: step.name, accused: null, convicts: false, offsets: [ledger.asOf + 1],
        why: withheldWords(ledger.withheld, ledger.asOf),
      }
    }
    const missing = ledger.missing(step.index)
    const by = new Date(ledger.deadline(step.index)).toISOString()
    const wanted = ledger.wanted(step)
    const some = `${ledger.roster.length - missing.length} of the ${wanted} that it takes finished ${step.name} by ${by}`
    return {
      reason: 'missing', step: step.name, accused: missing.length === 1 ? missing[0] ?? null : null, convicts: false, offsets: [],
      why: wanted < ledger.roster.length ? some : `${missing.join(', ')} did not finish ${step.name} by ${by}`,
    }
  }

  /** Waits until a step is complete or disputed; after the certificate, no longer than its deadline. */
  private async collect(step: Step, signal: AbortSignal): Promise<CollectedHow> {
    const { ledger, ports: { clock } } = this
    const complete = () => ledger.current > step.index
    const disputed = () => ledger.disputes.some((one) => one.step.name === step.name)
    if (step.index > ledger.certificateIndex) {
      await this.whenOrLate(() => complete() || ledger.dead !== null, Math.max(ledger.deadline(step.index), clock.now() + GRACE), signal)
      return { kind: complete() ? 'complete' : 'late' }
    }
    await this.when(() => complete() || disputed(), signal)
    return { kind: complete() ? 'complete' : 'disputed' }
  }

  /** Says why it aborts, and sees it in the log: whoever looks at the end finds the reason there. */
  private async abort(fault: Fault | null, signal: AbortSignal): Promise<null> {
    const { ledger, work, ports: { clock } } = this
    await work.abort(fault, signal)
    await this.whenOrLate(() => ledger.ending?.kind === 'abort' || work.hasLeft || ledger.certified, clock.now() + GRACE, signal)
    return null
  }

  /** Waits until the certificate is complete, cannot be any more, or all deadlines are over. */
  private async doubt(signal: AbortSignal): Promise<null> {
    const { ledger, work, ports: { clock } } = this
    await this.whenOrLate(() => ledger.certified || ledger.dead !== null || !work.isBound, Math.max(this.lastDeadline, clock.now() + GRACE), signal)
    return null
  }

  /** Gives it up for good, if the owner says so on both machines, and sees that in the log. */
  private async abandon(signal: AbortSignal): Promise<null> {
    const { ledger, work, ports: { clock, offerAbandon } } = this
    if (offerAbandon === undefined || !(await offerAbandon())) return null
    try {
      await work.abandon(signal)
    } catch (error) {
      // Its airgap's owner says no; or the answer comes late, and another day.
      if (!isKeyriteError(error) || signal.aborted) throw error
      this.ports.onTrouble?.(error)
      return null
    }
    await this.whenOrLate(() => ledger.dead !== null || ledger.certified, clock.now() + GRACE, signal)
    return null
  }

  /** The step whose statements may be disputed, where the script has one. */
  private get disputedStep(): Step | undefined {
    return this.ledger.ceremony.steps.find((step) => step.disputes !== undefined)
  }

  /** Until when a complaint may come, or must be answered: its deadline, or that same time from when it was first seen here. */
  private get dutyUntil(): number {
    const { ledger, work, ports: { clock } } = this
    const name = this.disputedStep?.disputes ?? ''
    const within = ledger.ceremony.disputes[name]?.within ?? 0
    const answers = work.accusations.map((one) => {
      const seen = this.seenAt.get(one) ?? clock.now()
      this.seenAt.set(one, seen)
      return seen + within
    })
    return Math.max(ledger.disputeDeadline(name), ...answers)
  }

  /** Could a complaint about this participant still be answered, or come? */
  private get isOnDuty(): boolean {
    const { ledger, ports: { clock, me } } = this
    return mayBeAccused(ledger, me.name, clock.now(), this.dutyUntil)
  }

  /** Every dispute in the log is answered, or will not be any more. */
  private get areJudged(): boolean {
    const { ledger, ports: { clock } } = this
    return ledger.disputes.length > 0 && ledger.disputes.every(({ answered, name }) => answered || clock.now() >= ledger.disputeDeadline(name))
  }

  /** Waits for what this participant owes to disputes: an answer, a word about what they came to, or nothing any more. */
  private async duty(signal: AbortSignal): Promise<Duty> {
    const { ledger, work } = this
    const saysNothing = () => ledger.ending?.kind === 'abort' || work.hasLeft
    const found = (): Duty | undefined => {
      if (ledger.certified || ledger.usable) return { kind: 'over' }
      if (work.accusations.length > 0 && this.isOnDuty) return { kind: 'accused' }
      if (this.areJudged) return saysNothing() ? { kind: 'over' } : { kind: 'judged', fault: this.judged() }
      return this.isOnDuty || ledger.disputes.length > 0 ? undefined : { kind: 'over' }
    }
    for (let next = found(); ; next = found()) {
      if (next !== undefined || signal.aborted) return next ?? { kind: 'over' }
      const seen = ledger.asOf
      const times = [this.dutyUntil, ...ledger.disputes.map(({ name }) => ledger.disputeDeadline(name))].filter((time) => time > this.ports.clock.now())
      await this.whenOrLate(() => ledger.asOf !== seen, Math.min(...times), signal)
    }
  }

  /** What the disputes came to: the first verdict, or that an answer did not come in time. */
  private judged(): Fault {
    const { ledger } = this
    return ledger.faults.find(({ convicts, step }) => convicts && step === this.disputedStep?.name) ?? this.unanswered(ledger.disputes.find(({ answered }) => !answered)?.name ?? '')
  }

  /** Nobody is guilty for want of an answer: a storage can delay. */
  private unanswered(name: string): Fault {
    const open = this.ledger.disputes.find((one) => one.name === name && !one.answered)
    const accused = open?.accused ?? null
    return {
      reason: 'missing', step: open?.step.name ?? null, accused, convicts: false, offsets: open === undefined ? [] : [open.dispute.offset],
      why: `${accused ?? 'the accused'} did not answer the ${name} of ${open?.dispute.statement.from ?? 'a participant'} in time`,
    }
  }
}

/** `{ SendDeals: 'posting' }` as a path. */
const pathOf = (value: StateValue): readonly string[] =>
  typeof value === 'string' ? [value] : Object.entries(value).flatMap(([name, inner]) => [name, ...(inner === undefined ? [] : pathOf(inner))])
