/**
 * The client role: runs one ceremony's machine over a board and an airgap. All that it did is in the log, in its
 * outbox and among its kept answers, so it can be killed at any moment and started again: it asks for no scan twice
 * and posts nothing twice.
 */
import { createActor, fromCallback, fromPromise, waitFor } from 'xstate'
import type { StateValue } from 'xstate'
import { isKeyriteError } from '../base/errors.ts'
import { following, happening, pause } from '../base/signals.ts'
import type { Step } from '../machines/ceremony.ts'
import { compileClient } from '../machines/client.ts'
import type { ClientEvent, CollectedHow, Duty, Outcome, Trouble } from '../machines/client.ts'
import type { Fault } from '../wire/abort.ts'
import { ClientWork } from './client-work.ts'
import type { ClientPorts } from './client-work.ts'
import type { DisputeState } from './disputes.ts'
import { Ledger } from './ledger.ts'
import { checkOpening } from './opening.ts'
import { checkRunnable } from './verbs.ts'
import { accusations, collected, dutyOf, guardsOf, hasLeft, isBound, isDoubtOver, missed, nextTime, watched } from './conclusions.ts'
import type { Look } from './conclusions.ts'

export interface ClientResult {
  readonly outcome: Outcome
  readonly ledger: Ledger
  /** The fault that this client found, where it aborted for it. */
  readonly fault: Fault | null
  /** The error that stopped it, where it is no matter of the ceremony. */
  readonly trouble: Trouble | null
}

const RETRY_PAUSE = 1000
/** The time that a message posted at the last moment, or after it, still has to come back in the log; milliseconds. */
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
  /** The number of changes of the log. */
  private changes = 0
  /** The number of the log's faults that the machine was told of. */
  private heard = 0
  /** The time at which this run first saw each complaint about this participant. */
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
    this.ports.onLedger?.(this.ledger, this.work.hasBegun)
    const broken = new AbortController()
    // Nobody waits for an attachment any more once this client has ended.
    const ended = new AbortController()
    const waiting = following(this.signal, ended.signal)
    const stop = this.ports.feed.listen((posted) => {
      this.ledger.follow(posted, (hash, _, onMissing) => this.ports.feed.attachment(hash, waiting.signal, onMissing), this.signal).then(
        () => {
          this.ports.onLedger?.(this.ledger, this.work.hasBegun)
          this.changes += 1
          for (const hear of [...this.changed]) hear()
        },
        // A bug; or the run was stopped.
        (error: unknown) => broken.abort(error),
      )
    })
    const either = following(this.signal, broken.signal)
    try {
      // All that the log holds already is read before anything is done.
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
        isBound: () => this.guards.isBound,
        isCertified: () => this.guards.isCertified,
        isDead: () => this.guards.isDead,
        isUsable: () => this.guards.isUsable,
        mayAbandon: () => this.guards.mayAbandon,
        isOnDuty: () => this.guards.isOnDuty,
        isOver: () => this.guards.isOver,
        isPassed: (_, { step }) => ledger.current > work.stepOf(step).index,
      },
    })
  }

  private get guards() {
    return guardsOf(this.look, this.ports.offerAbandon !== undefined)
  }

  /** The log, this client's part and its clock, as they are now. */
  private get look(): Look {
    const { ledger, work, ports: { clock, me } } = this
    const now = clock.now()
    const accusedUntil = accusations(work.part).map((one) => {
      const seen = this.seenAt.get(one) ?? now
      this.seenAt.set(one, seen)
      return seen + (ledger.ceremony.disputes[one.name]?.within ?? 0)
    })
    return { ledger, me: me.name, now, isBound: isBound(work.part), hasLeft: hasLeft(work.part), accusedUntil }
  }

  /**
   * Waits until something can be concluded: looks again at every change of the log, and whenever a time is over.
   *
   * @param least a time at which to look, besides the ceremony's deadlines
   * @returns undefined if it was stopped before
   */
  private async concluded<T>(conclude: (look: Look) => T | undefined, signal: AbortSignal, least?: number): Promise<T | undefined> {
    for (;;) {
      const [look, seen] = [this.look, this.changes]
      const found = conclude(look)
      if (found !== undefined || signal.aborted) return found
      const hasChanged = () => this.changes !== seen
      const time = nextTime(look, least)
      await (time === Infinity ? this.when(hasChanged, signal) : this.whenOrLate(hasChanged, time, signal))
    }
  }

  /** Resolves when the condition holds, looking again at every change of the log. */
  private async when(condition: () => boolean, signal: AbortSignal): Promise<void> {
    await happening((done) => {
      const look = () => {
        if (condition()) done()
      }
      this.changed.add(look)
      look()
      return () => this.changed.delete(look)
    }, { signal })
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

  /** Waits until what has come in is read, as far as it can be. */
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

  /** Tells the machine what the log and the clock bring: steps that are over and, while anything can still abort, faults, Aborts, deadlines. */
  private watch(send: (event: ClientEvent) => void): () => void {
    const stopped = new AbortController()
    let passed = this.ledger.current
    const look = () => {
      if (stopped.signal.aborted) return
      const { current } = this.ledger
      if (current > passed) send({ type: 'PASSED' })
      passed = current
      const event = watched(this.look, this.heard)
      if (event === undefined) return
      this.heard = this.ledger.faults.length
      this.changed.delete(look)
      send(event)
    }
    this.changed.add(look)
    // Not at once, since the machine is still being started.
    queueMicrotask(look)
    this.concluded(missed, stopped.signal).then(
      (fault) => fault !== undefined && !stopped.signal.aborted && send({ type: 'FAULT', fault }),
      // A clock that fails is the edge's bug; the run then ends by the others' Aborts, or by its owner.
      (error: unknown) => this.ports.onTrouble?.(error instanceof Error ? error : new Error(String(error))),
    )
    return () => {
      stopped.abort()
      this.changed.delete(look)
    }
  }

  private get grace(): number {
    return this.ports.clock.now() + GRACE
  }

  /** Waits until a step is complete or disputed; after the certificate, no longer than its deadline. */
  private async collect(step: Step, signal: AbortSignal): Promise<CollectedHow> {
    const least = this.grace
    return (await this.concluded((look) => collected(look, step, least), signal, least)) ?? { kind: 'late' }
  }

  /** Says why it aborts, and sees it in the log: a reader of the log's end finds the reason there. */
  private async abort(fault: Fault | null, signal: AbortSignal): Promise<null> {
    const { ledger, work } = this
    await work.abort(fault, signal)
    await this.whenOrLate(() => ledger.ending?.kind === 'abort' || hasLeft(work.part) || ledger.certified, this.grace, signal)
    return null
  }

  /** Waits until the certificate is complete, cannot be any more, or all deadlines are over. */
  private async doubt(signal: AbortSignal): Promise<null> {
    const least = this.grace
    await this.concluded((look) => isDoubtOver(look, least) || undefined, signal, least)
    return null
  }

  /** Gives the ceremony up for good, if the owner says so on both machines, and sees that in the log. */
  private async abandon(signal: AbortSignal): Promise<null> {
    const { ledger, work, ports: { offerAbandon } } = this
    if (offerAbandon === undefined || !(await offerAbandon())) return null
    try {
      await work.abandon(signal)
    } catch (error) {
      // The airgap refuses, or cannot be reached now: the ceremony stays in doubt, and a later run can offer this again.
      if (!isKeyriteError(error) || signal.aborted) throw error
      this.ports.onTrouble?.(error)
      return null
    }
    await this.whenOrLate(() => ledger.dead !== null || ledger.certified, this.grace, signal)
    return null
  }

  /** Waits for what this participant owes to disputes: an answer, a word about their verdicts, or nothing any more. */
  private async duty(signal: AbortSignal): Promise<Duty> {
    return (await this.concluded(dutyOf, signal)) ?? { kind: 'over' }
  }
}

/** Writes a state such as `{ SendDeals: 'posting' }` as a path. */
const pathOf = (value: StateValue): readonly string[] =>
  typeof value === 'string' ? [value] : Object.entries(value).flatMap(([name, inner]) => [name, ...(inner === undefined ? [] : pathOf(inner))])
