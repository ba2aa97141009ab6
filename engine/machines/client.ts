/**
 * Compiles a ceremony into the machine that its client runs. Per step: asking (→ assisting → asking) → posting → collecting.
 * The machine holds where the client is, and public JSON. The log, the local answers and the airgap are behind its actors,
 * so a client that starts again walks through what is done and goes on where it was. The descriptions are the words of the
 * drawing (`graph.ts`), which has no other source.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate'
import type { Json } from '../base/canonical.ts'
import { isKeyriteError } from '../base/errors.ts'
import type { Code } from '../base/errors.ts'
import type { Fault } from '../wire/abort.ts'
import { boardError } from '../wire/board.ts'
import { abandonStep, certificateIndex } from './ceremony.ts'
import type { Ceremony, Step } from './ceremony.ts'

/** The input of an actor: JSON, public. */
export interface StepInput {
  readonly step: string
  /** The answer to the airgap's question, where it asked one. */
  readonly assist: Json | null
  readonly question: Json | null
}

export type Asked = { readonly kind: 'statement' } | { readonly kind: 'question'; readonly question: Json }

/** The way in which a step's collecting ended: `late` comes after the certificate only, where no deadline aborts any more. */
export interface CollectedHow {
  readonly kind: 'complete' | 'disputed' | 'late'
}

/**
 * The next thing that a client owes to its disputes: to answer one about itself, to say what their verdicts come to, or nothing any
 * more, since no dispute can come that it would have to answer.
 */
export type Duty = { readonly kind: 'accused' } | { readonly kind: 'judged'; readonly fault: Fault } | { readonly kind: 'over' }

/** An error that stopped a client: its code, what happened, and what to do. */
export interface Trouble {
  readonly code: Code | 'bug'
  readonly what: string
  readonly todo: string
}

export interface ClientContext {
  readonly question: Json | null
  readonly assist: Json | null
  /** The fault that this client found, or null. */
  readonly fault: Fault | null
  /** The error that stopped it, where that is no matter of the ceremony. */
  readonly trouble: Trouble | null
}

export type ClientEvent =
  | { readonly type: 'FAULT'; readonly fault: Fault }
  | { readonly type: 'ABORT' }
  /** The storage shows others another log, after the success that nothing undoes. */
  | { readonly type: 'FORKED'; readonly why: string }
  /** A step became complete: where some are enough, perhaps without this client. */
  | { readonly type: 'PASSED' }

/** The outcome of a client's machine: its final states, and what they mean. */
export const OUTCOMES = ['usable', 'unconfirmed', 'doubtful', 'aborted', 'dead', 'stopped'] as const
export type Outcome = (typeof OUTCOMES)[number]

const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  usable: 'succeeded, usable', unconfirmed: 'succeeded, unconfirmed', doubtful: 'doubtful', aborted: 'aborted', dead: 'dead, never usable',
  stopped: 'stopped, to be run again',
}

const unimplemented = () => Promise.reject(new Error('an actor that the runtime did not provide'))

/** For the compiler only: XState reads types from a value. */
const types = {} as { context: ClientContext; events: ClientEvent; output: Outcome }

const machineSetup = setup({
  types,
  actors: {
    watch: fromCallback<ClientEvent>(() => undefined),
    ask: fromPromise<Asked, StepInput>(unimplemented),
    assist: fromPromise<Json, StepInput>(unimplemented),
    compute: fromPromise<null, StepInput>(unimplemented),
    post: fromPromise<null, StepInput>(unimplemented),
    pause: fromPromise<null>(unimplemented),
    collect: fromPromise<CollectedHow, StepInput>(unimplemented),
    duty: fromPromise<Duty>(unimplemented),
    justify: fromPromise<null>(unimplemented),
    abort: fromPromise<null, { readonly fault: Fault | null }>(unimplemented),
    doubt: fromPromise<null>(unimplemented),
    abandon: fromPromise<null>(unimplemented),
  },
  guards: {
    is: (_, { answer, kind }: { readonly answer: { readonly kind: string }; readonly kind: string }) => answer.kind === kind,
    isTransport: (_, params: { readonly error: unknown }) => isKeyriteError(params.error, 'board.unreachable'),
    isFault: (_, params: { readonly error: unknown }) => faultOf(params.error) !== null,
    // Provided by the runtime, which knows the log and the clock.
    isBound: () => false,
    isCertified: () => false,
    isDead: () => false,
    mayAbandon: () => false,
    isOnDuty: () => false,
    isOver: () => false,
    isUsable: () => false,
    isPassed: (_, params: { readonly step: string }) => params.step === '',
  },
  actions: {
    keepQuestion: assign((_, { answer }: { readonly answer: Asked }) => ({ question: answer.kind === 'question' ? answer.question : null })),
    keepAssist: assign((_, { answer }: { readonly answer: Json }) => ({ assist: answer, question: null })),
    forgetQuestion: assign({ question: null, assist: null }),
    keepFault: assign((_, params: { readonly fault: Fault | null }) => ({ fault: params.fault })),
    forgetFault: assign({ fault: null }),
    keepTrouble: assign((_, params: { readonly error: unknown }) => ({ trouble: troubleOf(params.error) })),
  },
})

type State = Parameters<typeof machineSetup.createStateConfig>[0]
const { createStateConfig: state } = machineSetup

const input = (step: string) => ({ context }: { context: ClientContext }): StepInput => ({
  step, assist: context.assist, question: context.question,
})

type FailEvent = { readonly event: { readonly error: unknown } }

const answer = <T>({ event }: { readonly event: { readonly output: T } }) => ({ answer: event.output })
const error = ({ event }: FailEvent) => ({ error: event.error })
const isKind = (kind: string) => ({ type: 'is', params: ({ event }: { readonly event: { readonly output: { readonly kind: string } } }) => ({ answer: event.output, kind }) } as const)

const stop = { target: '#stopped', actions: { type: 'keepTrouble', params: error }, description: 'it cannot go on' } as const
const abortFor = {
  guard: { type: 'isFault', params: error }, target: '#aborting', description: 'a check fails',
  actions: { type: 'keepFault', params: ({ event }: FailEvent) => ({ fault: faultOf(event.error) }) },
} as const

/** Goes to a pause, after which the actor runs again, where the network failed. */
const unreachable = (pause: string) => ({ guard: { type: 'isTransport', params: error }, target: pause, description: 'the storage cannot be reached' } as const)
const again = (target: string) => ({ target, description: 'a moment later' } as const)

/** The states that make a step's message: by the airgap, which may ask something back, or by the client itself. */
function makingStates({ name, client, assist }: Step): Record<string, State> {
  if (client !== undefined) {
    return { computing: state({ invoke: { src: 'compute', input: input(name), onDone: { target: 'posting', description: 'computed' }, onError: [abortFor, stop] } }) }
  }
  const asksBack = { guard: isKind('question'), target: 'assisting', actions: { type: 'keepQuestion', params: answer<Asked> }, description: 'it asks back' } as const
  return {
    asking: state({
      invoke: {
        src: 'ask', input: input(name), onError: [abortFor, stop],
        onDone: [...(assist === undefined ? [] : [asksBack]), { target: 'posting', actions: 'forgetQuestion', description: 'the airgap answers' }],
      },
    }),
    ...(assist === undefined
      ? {}
      : {
          assisting: state({
            invoke: {
              src: 'assist', input: input(name), onError: [abortFor, stop],
              onDone: { target: 'asking', actions: { type: 'keepAssist', params: answer<Json> }, description: 'computed' },
            },
          }),
        }),
  }
}

function stepState(ceremony: Ceremony, step: Step, next: string): State {
  const { name, index, client, collect, disputes } = step
  const certificate = certificateIndex(ceremony)
  const confirms = index > certificate
  const passed = { guard: { type: 'isPassed', params: { step: name } }, target: next, description: 'complete without it' } as const
  const disputed = { guard: isKind('disputed'), target: '#answering', description: `a ${disputes ?? ''}` } as const
  const late = { guard: isKind('late'), target: '#late', description: 'its deadline is over, or it can never be complete' } as const
  return state({
    id: name,
    // Where some messages are enough, nobody waits for an airgap that is not needed any more.
    ...(collect.kind === 'all' ? {} : { always: passed, on: { PASSED: passed } }),
    initial: client === undefined ? 'asking' : 'computing',
    states: {
      ...makingStates(step),
      posting: state({
        invoke: { src: 'post', input: input(name), onDone: { target: 'collecting', description: 'posted' }, onError: [unreachable('pausing'), abortFor, stop] },
      }),
      pausing: state({ invoke: { src: 'pause', onDone: again('posting'), onError: stop } }),
      collecting: state({
        invoke: {
          src: 'collect', input: input(name), onError: stop,
          onDone: [
            ...(disputes === undefined ? [] : [disputed]), ...(confirms ? [late] : []),
            { target: next, description: index === certificate ? 'complete, success' : 'complete' },
          ],
        },
      }),
    },
    ...(confirms ? { tags: ['confirming'] } : {}),
  })
}

/**
 * The duty to the disputes, which no Abort ends: while a complaint may come, the airgap's session stays, and each complaint about it
 * is answered (protocol §5.6).
 */
const answeringState = (succeeded: typeof SUCCEEDED & { readonly target: string }): State => state({
  id: 'answering',
  initial: 'waiting',
  states: {
    waiting: state({
      invoke: {
        src: 'duty', onError: stop,
        onDone: [
          succeeded,
          { guard: isKind('accused'), target: 'justifying', description: 'it is accused' },
          {
            guard: isKind('judged'), target: '#aborting', description: 'all are judged, or not answered in time',
            actions: { type: 'keepFault', params: ({ event: { output } }) => ({ fault: output.kind === 'judged' ? output.fault : null }) },
          },
          { target: '#ending', description: 'none can come any more' },
        ],
      },
    }),
    justifying: state({ invoke: { src: 'justify', onDone: { target: 'waiting', description: 'answered' }, onError: [unreachable('pausing'), stop] } }),
    pausing: state({ invoke: { src: 'pause', onDone: again('waiting'), onError: stop } }),
  },
})

const SUCCEEDED = { guard: 'isCertified', actions: 'forgetFault', description: 'complete after all, success' } as const

const isOver = (outcome: Outcome) => state({ id: outcome, type: 'final', output: outcome, description: OUTCOME_WORDS[outcome] })
const dead = { guard: 'isDead', target: '#dead', description: 'it can never be usable' } as const
const bound = { guard: 'isBound', description: 'it stated its part' } as const
const nothing = { target: '#aborted', description: 'it stated nothing that counts' } as const
const unconfirmed = { target: '#unconfirmed' } as const

/** The machine of a ceremony's client; the runtime provides its actors, and the guards that ask the log. */
export function compileClient(ceremony: Ceremony) {
  const { steps } = ceremony
  const entryOf = (step: Step | undefined) => (step === undefined ? '#made' : `#${step.name}`)
  const running = Object.fromEntries(steps.map((step, i) => [step.name, stepState(ceremony, step, entryOf(steps[i + 1]))]))
  const succeeded = { ...SUCCEEDED, target: entryOf(steps[certificateIndex(ceremony) + 1]) }
  const hasDisputes = Object.keys(ceremony.disputes).length > 0
  const onDuty = hasDisputes ? [{ guard: 'isOnDuty', target: '#answering', description: 'it may still be accused' } as const] : []
  const offers = abandonStep(ceremony) === undefined ? [] : [{ guard: 'mayAbandon', target: '#abandoning', description: 'its owner may give it up' } as const]
  const abandoning = state({
    id: 'abandoning',
    // Its owner may end the doubt, for everybody and for good.
    invoke: { src: 'abandon', onDone: [succeeded, { ...dead, description: 'given up for good' }, { target: '#doubtful', description: 'not given up' }], onError: stop },
  })
  return machineSetup.createMachine({
    id: `${ceremony.name}-client`,
    context: { question: null, assist: null, fault: null, trouble: null },
    initial: 'running',
    states: {
      // The log and the clock are watched here: up to the certificate anything may abort, after it nothing does.
      running: state({
        invoke: { src: 'watch', onError: stop },
        on: {
          FAULT: { target: '#aborting', actions: { type: 'keepFault', params: ({ event }) => ({ fault: event.fault }) }, description: 'a fault in the log, or a deadline is over' },
          ABORT: { target: '#ending', description: 'an Abort in the log' },
          FORKED: {
            target: '#stopped', description: 'the storage shows others another log',
            actions: { type: 'keepTrouble', params: ({ event }) => ({ error: boardError('tampered', { offset: null, why: event.why }) }) },
          },
        },
        initial: steps[0]?.name ?? '',
        states: running,
      }),
      aborting: state({
        id: 'aborting',
        invoke: {
          src: 'abort', input: ({ context }) => ({ fault: context.fault }),
          onDone: { target: 'ending', description: 'said in the log' },
          onError: [unreachable('waiting'), stop],
        },
      }),
      // A client that cannot say so before the last deadline need not: the others have clocks too.
      waiting: state({
        invoke: {
          src: 'pause', onError: stop,
          onDone: [{ ...SUCCEEDED, target: 'ending' }, { guard: 'isOver', target: 'ending', description: 'all deadlines are over' }, again('aborting')],
        },
      }),
      ...(hasDisputes ? { answering: answeringState(succeeded) } : {}),
      ending: state({ id: 'ending', always: [succeeded, ...onDuty, dead, { ...bound, target: 'doubting' }, nothing] }),
      // Not over: a client that stated its part of the certificate cannot take it back, and the certificate may still complete.
      doubting: state({
        id: 'doubting',
        invoke: { src: 'doubt', onDone: [succeeded, ...onDuty, dead, ...offers, { ...bound, target: 'doubtful' }, nothing], onError: stop },
      }),
      ...(offers.length === 0 ? {} : { abandoning }),
      ...(certificateIndex(ceremony) === steps.length - 1
        ? {}
        : { late: state({ id: 'late', always: [dead, { ...unconfirmed, description: 'not everybody confirmed it' }] }) }),
      // Every step is over, but an output may be one that cannot be made.
      made: state({ id: 'made', always: [{ guard: 'isUsable', target: 'usable', description: 'its result is made' }, { ...unconfirmed, description: 'its result cannot be made' }] }),
      usable: isOver('usable'), unconfirmed: isOver('unconfirmed'), doubtful: isOver('doubtful'),
      aborted: isOver('aborted'), dead: isOver('dead'), stopped: isOver('stopped'),
    },
    output: ({ event }) => OUTCOMES.find((one) => one === event.output) ?? 'stopped',
  })
}

/** The fault inside the error that carries it. */
const faultOf = (error: unknown): Fault | null => (isKeyriteError(error, 'run.fault') ? error.facts : null)

function troubleOf(error: unknown): Trouble {
  if (isKeyriteError(error)) return { code: error.code, what: error.message, todo: error.todo }
  return { code: 'bug', what: error instanceof Error ? error.message : String(error), todo: 'Run it again; if it stays, please report it.' }
}
