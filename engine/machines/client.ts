/**
 * A ceremony → the machine that its client runs. Per step: asking (→ assisting → asking) → posting → collecting. The
 * machine holds where the client is, and public JSON; the log, the local answers and the airgap are behind its actors,
 * so a client that starts again walks through what is done and goes on where it was.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate'
import type { Fault } from '../wire/abort.ts'
import { boardError } from '../wire/board.ts'
import type { Json } from '../base/canonical.ts'
import type { Ceremony, Step } from './ceremony.ts'
import { assertComplete } from './strict.ts'

/** What an actor works on. JSON, public. */
export interface StepInput {
  readonly step: string
  /** The answer to the airgap's question, where it asked one. */
  readonly assist: Json | null
  readonly question: Json | null
}

export type Asked = { readonly kind: 'statement' } | { readonly kind: 'question'; readonly question: Json }

/** How a step's collecting ended: `late` comes after the certificate only, where no deadline aborts any more. */
export type CollectedHow = { readonly kind: 'complete' } | { readonly kind: 'disputed' } | { readonly kind: 'late' }

/**
 * What a client in duty to its disputes does next: answer one about itself, say what their verdicts come to, or nothing any more,
 * since no dispute can come to be answered.
 */
export type Duty = { readonly kind: 'accused' } | { readonly kind: 'judged'; readonly fault: Fault } | { readonly kind: 'over' }

export interface ClientContext {
  readonly question: Json | null
  readonly assist: Json | null
  /** What this client found wrong, or null. */
  readonly fault: Fault | null
  /** What stopped it, where that is no matter of the ceremony: code, text and what to do. */
  readonly trouble: { readonly code: string; readonly what: string; readonly todo: string } | null
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

type Final = { readonly output: Outcome }

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
    pause: fromPromise<null, StepInput>(unimplemented),
    collect: fromPromise<CollectedHow, StepInput>(unimplemented),
    duty: fromPromise<Duty>(unimplemented),
    justify: fromPromise<null>(unimplemented),
    abort: fromPromise<null, { readonly fault: Fault | null }>(unimplemented),
    doubt: fromPromise<null>(unimplemented),
    abandon: fromPromise<null>(unimplemented),
  },
  guards: {
    isQuestion: (_, params: { readonly answer: unknown }) => kindOf(params.answer) === 'question',
    isDisputed: (_, params: { readonly answer: unknown }) => kindOf(params.answer) === 'disputed',
    isLate: (_, params: { readonly answer: unknown }) => kindOf(params.answer) === 'late',
    isAccused: (_, params: { readonly answer: unknown }) => kindOf(params.answer) === 'accused',
    isJudged: (_, params: { readonly answer: unknown }) => kindOf(params.answer) === 'judged',
    isTransport: (_, params: { readonly error: unknown }) => codeOf(params.error) === 'board.unreachable',
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
    keepQuestion: assign((_, params: { readonly answer: unknown }) => ({ question: questionOf(params.answer) })),
    keepAssist: assign((_, params: { readonly answer: unknown }) => ({ assist: params.answer as Json, question: null })),
    forgetQuestion: assign({ question: null, assist: null }),
    keepFault: assign((_, params: { readonly fault: unknown }) => ({ fault: faultOf(params.fault) })),
    forgetFault: assign({ fault: null }),
    keepTrouble: assign((_, params: { readonly error: unknown }) => ({ trouble: troubleOf(params.error) })),
  },
})

/** The names that the runtime must provide, and the compiler may use. */
export const CLIENT_NAMES = {
  actors: ['watch', 'ask', 'assist', 'compute', 'post', 'pause', 'collect', 'duty', 'justify', 'abort', 'doubt', 'abandon'],
  guards: ['isQuestion', 'isDisputed', 'isLate', 'isAccused', 'isJudged', 'isTransport', 'isFault', 'isBound', 'isCertified', 'isDead', 'mayAbandon', 'isOnDuty', 'isOver', 'isUsable', 'isPassed'],
  actions: ['keepQuestion', 'keepAssist', 'forgetQuestion', 'keepFault', 'forgetFault', 'keepTrouble'],
} as const

const input = (step: string) => ({ context }: { context: ClientContext }): StepInput => ({
  step, assist: context.assist, question: context.question,
})

type DoneEvent = { readonly event: { readonly output: unknown } }
type FailEvent = { readonly event: { readonly error: unknown } }

const answer = ({ event }: DoneEvent) => ({ answer: event.output })
const error = ({ event }: FailEvent) => ({ error: event.error })

const stop = { target: '#stopped', actions: { type: 'keepTrouble', params: error } } as const
const abortFor = {
  guard: { type: 'isFault', params: error },
  target: '#aborting',
  actions: { type: 'keepFault', params: ({ event }: FailEvent) => ({ fault: event.error }) },
} as const

/** Tries an actor again after a pause when the network failed, and stops for anything else. */
const retrying = (pause: string) => [{ guard: { type: 'isTransport', params: error }, target: pause }, abortFor, stop] as const

function stepState(ceremony: Ceremony, step: Step, next: string) {
  const confirms = step.index > certificateIndex(ceremony)
  const makes = step.client === undefined
    ? {
        asking: {
          invoke: {
            src: 'ask', input: input(step.name),
            onDone: [
              ...(step.assist === undefined
                ? []
                : [{ guard: { type: 'isQuestion', params: answer }, target: 'assisting', actions: { type: 'keepQuestion', params: answer } }]),
              { target: 'posting', actions: 'forgetQuestion' },
            ],
            onError: [abortFor, stop],
          },
        },
        ...(step.assist === undefined
          ? {}
          : {
              assisting: {
                invoke: {
                  src: 'assist', input: input(step.name),
                  onDone: { target: 'asking', actions: { type: 'keepAssist', params: answer } },
                  onError: [abortFor, stop],
                },
              },
            }),
      }
    : { computing: { invoke: { src: 'compute', input: input(step.name), onDone: 'posting', onError: [abortFor, stop] } } }
  const passed = { guard: { type: 'isPassed', params: { step: step.name } }, target: next }
  return {
    id: step.name,
    // Where some are enough, nobody waits for an airgap that is not needed any more.
    ...(step.collect.kind === 'all' ? {} : { always: passed, on: { PASSED: passed } }),
    initial: step.client === undefined ? 'asking' : 'computing',
    states: {
      ...makes,
      posting: { invoke: { src: 'post', input: input(step.name), onDone: 'collecting', onError: retrying('pausing') } },
      pausing: { invoke: { src: 'pause', input: input(step.name), onDone: 'posting', onError: stop } },
      collecting: {
        invoke: {
          src: 'collect', input: input(step.name),
          onDone: [
            ...(step.disputes === undefined
              ? []
              : [{ guard: { type: 'isDisputed', params: answer }, target: '#answering' }]),
            ...(confirms ? [{ guard: { type: 'isLate', params: answer }, target: '#late' }] : []),
            { target: next },
          ],
          onError: stop,
        },
      },
    },
    ...(confirms ? { tags: ['confirming'] } : {}),
  }
}

/**
 * What a ceremony with disputes owes to guilt, whatever Aborts there are: as long as a complaint may come, its airgap's session stays, and
 * each one about it is answered (protocol §5.6).
 */
function answeringState(succeeded: object) {
  return {
    id: 'answering',
    initial: 'waiting',
    states: {
      waiting: {
        invoke: {
          src: 'duty',
          onDone: [
            succeeded,
            { guard: { type: 'isAccused', params: answer }, target: 'justifying' },
            {
              guard: { type: 'isJudged', params: answer }, target: '#aborting',
              actions: { type: 'keepFault', params: ({ event }: DoneEvent) => ({ fault: faultIn(event.output) }) },
            },
            { target: '#ending' },
          ],
          onError: stop,
        },
      },
      justifying: { invoke: { src: 'justify', onDone: 'waiting', onError: [{ guard: { type: 'isTransport', params: error }, target: 'pausing' }, stop] } },
      pausing: { invoke: { src: 'pause', input: input(''), onDone: 'waiting', onError: stop } },
    },
    on: { FAULT: undefined, ABORT: undefined },
  }
}

const certificateIndex = (ceremony: Ceremony): number =>
  ceremony.steps.findIndex((step) => step.name === ceremony.certificate)

/** The configuration as data, for the machine and for the graph. */
export function clientConfig(ceremony: Ceremony) {
  const { steps } = ceremony
  const states: Record<string, object> = {}
  steps.forEach((step, i) => {
    const next = steps[i + 1]
    states[step.name] = stepState(ceremony, step, next === undefined ? '#made' : `#${next.name}`)
  })
  const afterCertificate = steps[certificateIndex(ceremony) + 1]
  const succeeded = {
    guard: 'isCertified', actions: 'forgetFault', target: afterCertificate === undefined ? '#made' : `#${afterCertificate.name}`,
  }
  const disputes = Object.keys(ceremony.disputes).length > 0
  const onDuty = disputes ? [{ guard: 'isOnDuty', target: 'answering' }] : []
  const over = (outcome: Outcome) => ({ id: outcome, type: 'final' as const, output: outcome })
  return {
    id: `${ceremony.name}-client`,
    initial: steps[0]?.name ?? '',
    context: { question: null, assist: null, fault: null, trouble: null },
    invoke: { src: 'watch', onError: stop },
    on: {
      FAULT: { target: '.aborting', actions: { type: 'keepFault', params: ({ event }: { event: { fault: Fault } }) => ({ fault: event.fault }) } },
      ABORT: '.ending',
      FORKED: {
        target: '.stopped',
        actions: { type: 'keepTrouble', params: ({ event }: { event: { why: string } }) => ({ error: boardError('tampered', { offset: null, why: event.why }) }) },
      },
    },
    states: {
      ...states,
      aborting: {
        id: 'aborting',
        invoke: {
          src: 'abort', input: ({ context }: { context: ClientContext }) => ({ fault: context.fault }),
          onDone: 'ending',
          onError: [{ guard: { type: 'isTransport', params: error }, target: 'waiting' }, stop],
        },
        on: { FAULT: undefined, ABORT: undefined },
      },
      // Whoever cannot say so before the last deadline need not: the others have clocks too.
      waiting: {
        invoke: {
          src: 'pause', input: input(''),
          onDone: [{ guard: 'isCertified', target: 'ending' }, { guard: 'isOver', target: 'ending' }, { target: 'aborting' }],
          onError: stop,
        },
        on: { FAULT: undefined, ABORT: 'ending' },
      },
      ...(disputes ? { answering: answeringState(succeeded) } : {}),
      ending: {
        id: 'ending',
        always: [succeeded, ...onDuty, { guard: 'isDead', target: 'dead' }, { guard: 'isBound', target: 'doubting' }, { target: 'aborted' }],
      },
      // Not over: whoever stated the certificate's part cannot take it back, and the certificate may still complete.
      doubting: {
        id: 'doubting',
        invoke: {
          src: 'doubt',
          onDone: [succeeded, ...onDuty, { guard: 'isDead', target: 'dead' }, { guard: 'mayAbandon', target: 'abandoning' }, { guard: 'isBound', target: 'doubtful' }, { target: 'aborted' }],
          onError: stop,
        },
        on: { FAULT: undefined, ABORT: undefined },
      },
      late: { id: 'late', always: [{ guard: 'isDead', target: 'dead' }, { target: 'unconfirmed' }] },
      // Its owner may end the doubt, for everybody and for good.
      abandoning: {
        invoke: { src: 'abandon', onDone: [succeeded, { guard: 'isDead', target: 'dead' }, { target: 'doubtful' }], onError: stop },
        on: { FAULT: undefined, ABORT: undefined },
      },
      // Every step is over; its outputs may be such as cannot be made.
      made: { id: 'made', always: [{ guard: 'isUsable', target: 'usable' }, { target: 'unconfirmed' }] },
      usable: over('usable'),
      unconfirmed: over('unconfirmed'),
      aborted: over('aborted'),
      dead: over('dead'),
      doubtful: over('doubtful'),
      stopped: over('stopped'),
    },
    output: ({ event }: { event: Final }) => event.output,
  }
}

/** The machine of a ceremony's client; the runtime provides its actors. @throws compile.unknown */
export function compileClient(ceremony: Ceremony) {
  const config = clientConfig(ceremony)
  assertComplete(config.id, config, CLIENT_NAMES)
  return machineSetup.createMachine(config as Parameters<typeof machineSetup.createMachine>[0])
}

function kindOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
}

function codeOf(value: unknown): string | undefined {
  return value instanceof Error && 'code' in value && typeof value.code === 'string' ? value.code : undefined
}

function questionOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && 'question' in value ? (value.question as Json) : null
}

const faultIn = (value: unknown): unknown => (typeof value === 'object' && value !== null && 'fault' in value ? value.fault : null)

/** A fault, given itself or inside the error that carries it. */
function faultOf(value: unknown): Fault | null {
  if (value instanceof Error) return 'fault' in value ? faultOf(value.fault) : null
  const isFault = typeof value === 'object' && value !== null && 'reason' in value && 'convicts' in value
  return isFault ? (value as Fault) : null
}

function troubleOf(value: unknown): ClientContext['trouble'] {
  const what = value instanceof Error ? value.message : String(value)
  const todo = value instanceof Error && 'todo' in value ? String(value.todo) : 'Run it again; if it stays, please report it.'
  return { code: codeOf(value) ?? 'bug', what, todo }
}
