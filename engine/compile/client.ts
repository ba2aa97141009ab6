/**
 * A ceremony → the machine that its client runs. Per step: asking (→ assisting → asking) → posting → collecting. The
 * machine holds where the client is, and public JSON; the log, the local answers and the airgap are behind its actors,
 * so a client that starts again walks through what is done and goes on where it was.
 */
import { assign, fromCallback, fromPromise, setup } from 'xstate'
import type { Ceremony, Step } from '../script/model.ts'
import type { Fault } from '../run/abort.ts'
import type { Json } from '../wire/canonical.ts'
import { assertComplete } from './strict.ts'

/** What an actor works on. JSON, public. */
export interface StepInput {
  readonly step: string
  /** The answer to the airgap's question, where it asked one. */
  readonly assist: Json | null
  readonly question: Json | null
}

export type Asked = { readonly kind: 'statements' } | { readonly kind: 'question'; readonly question: Json }

/** How a step's collecting ended. */
export type CollectedHow = { readonly kind: 'complete' } | { readonly kind: 'disputed' }

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
  | { readonly type: 'CERTIFIED' }
  | { readonly type: 'LATE' }

/** The outcome of a client's machine: its final states, and what they mean. */
export const OUTCOMES = ['usable', 'unconfirmed', 'aborted', 'doubtful', 'stopped'] as const
export type Outcome = (typeof OUTCOMES)[number]

type Final = { readonly output: Outcome }

const unimplemented = () => Promise.reject(new Error('an actor that the runtime did not provide'))

const machineSetup = setup({
  types: {} as { context: ClientContext; events: ClientEvent; output: Outcome },
  actors: {
    watch: fromCallback<ClientEvent>(() => undefined),
    ask: fromPromise<Asked, StepInput>(unimplemented),
    assist: fromPromise<Json, StepInput>(unimplemented),
    compute: fromPromise<null, StepInput>(unimplemented),
    post: fromPromise<null, StepInput>(unimplemented),
    pause: fromPromise<null, StepInput>(unimplemented),
    collect: fromPromise<CollectedHow, StepInput>(unimplemented),
    justify: fromPromise<null, StepInput>(unimplemented),
    verdict: fromPromise<Fault, StepInput>(unimplemented),
    abort: fromPromise<null, { readonly fault: Fault | null }>(unimplemented),
  },
  guards: {
    isQuestion: (_, params: { readonly answer: unknown }) => kindOf(params.answer) === 'question',
    isDisputed: (_, params: { readonly answer: unknown }) => kindOf(params.answer) === 'disputed',
    isTransport: (_, params: { readonly error: unknown }) => codeOf(params.error) === 'board.unreachable',
    isFault: (_, params: { readonly error: unknown }) => faultOf(params.error) !== null,
    // Provided by the runtime, which knows the log.
    hasStated: () => false,
    isCertified: () => false,
    isAccused: () => false,
  },
  actions: {
    keepQuestion: assign((_, params: { readonly answer: unknown }) => ({ question: questionOf(params.answer) })),
    keepAssist: assign((_, params: { readonly answer: unknown }) => ({ assist: params.answer as Json, question: null })),
    forgetQuestion: assign({ question: null, assist: null }),
    keepFault: assign((_, params: { readonly fault: unknown }) => ({ fault: faultOf(params.fault) })),
    keepTrouble: assign((_, params: { readonly error: unknown }) => ({ trouble: troubleOf(params.error) })),
  },
})

/** The names that the runtime must provide, and the compiler may use. */
export const CLIENT_NAMES = {
  actors: ['watch', 'ask', 'assist', 'compute', 'post', 'pause', 'collect', 'justify', 'verdict', 'abort'],
  guards: ['isQuestion', 'isDisputed', 'isTransport', 'isFault', 'hasStated', 'isCertified', 'isAccused'],
  actions: ['keepQuestion', 'keepAssist', 'forgetQuestion', 'keepFault', 'keepTrouble'],
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
  return {
    id: step.name,
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
              : [{ guard: { type: 'isDisputed', params: answer }, target: `#${step.disputes}` }]),
            { target: next },
          ],
          onError: stop,
        },
      },
    },
    ...(step.index > certificateIndex(ceremony) ? { tags: ['confirming'] } : {}),
  }
}

function disputeState(name: string) {
  return {
    id: name,
    initial: 'reading',
    states: {
      reading: { always: [{ guard: 'isAccused', target: 'justifying' }, { target: 'judging' }] },
      justifying: { invoke: { src: 'justify', input: input(name), onDone: 'posting', onError: [abortFor, stop] } },
      posting: { invoke: { src: 'post', input: input(name), onDone: 'judging', onError: retrying('pausing') } },
      pausing: { invoke: { src: 'pause', input: input(name), onDone: 'posting', onError: stop } },
      judging: {
        invoke: {
          src: 'verdict', input: input(name),
          onDone: { target: '#aborting', actions: { type: 'keepFault', params: ({ event }: DoneEvent) => ({ fault: event.output }) } },
          onError: stop,
        },
      },
    },
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
    states[step.name] = stepState(ceremony, step, next === undefined ? '#usable' : `#${next.name}`)
  })
  for (const name of Object.keys(ceremony.disputes)) states[name] = disputeState(name)
  const afterCertificate = steps[certificateIndex(ceremony) + 1]
  const over = (outcome: Outcome) => ({ id: outcome, type: 'final' as const, output: outcome })
  return {
    id: `${ceremony.name}-client`,
    initial: steps[0]?.name ?? '',
    context: { question: null, assist: null, fault: null, trouble: null },
    invoke: { src: 'watch', onError: stop },
    on: {
      FAULT: { target: '.aborting', actions: { type: 'keepFault', params: ({ event }: { event: { fault: Fault } }) => ({ fault: event.fault }) } },
      ABORT: [{ guard: 'hasStated', target: '.doubting' }, { target: '.aborted' }],
      LATE: '.unconfirmed',
    },
    states: {
      ...states,
      aborting: {
        id: 'aborting',
        invoke: {
          src: 'abort', input: ({ context }: { context: ClientContext }) => ({ fault: context.fault }),
          onDone: [{ guard: 'hasStated', target: 'doubting' }, { target: 'aborted' }],
          onError: [{ guard: { type: 'isTransport', params: error }, target: 'waiting' }, stop],
        },
        on: { FAULT: undefined, ABORT: undefined },
      },
      waiting: { invoke: { src: 'pause', input: input(''), onDone: 'aborting', onError: stop } },
      // Not over: whoever stated the certificate's part cannot take it back, and the certificate may still complete.
      doubting: {
        id: 'doubting',
        always: { guard: 'isCertified', target: afterCertificate === undefined ? 'usable' : `#${afterCertificate.name}` },
        on: {
          CERTIFIED: afterCertificate === undefined ? 'usable' : `#${afterCertificate.name}`,
          ABORT: undefined, FAULT: undefined, LATE: 'doubtful',
        },
      },
      usable: over('usable'),
      unconfirmed: over('unconfirmed'),
      aborted: over('aborted'),
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

function codeOf(value: unknown): unknown {
  return value instanceof Error && 'code' in value ? value.code : undefined
}

function questionOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && 'question' in value ? (value.question as Json) : null
}

/** A fault, given itself or inside the error that carries it. */
function faultOf(value: unknown): Fault | null {
  if (value instanceof Error) return 'fault' in value ? faultOf(value.fault) : null
  const isFault = typeof value === 'object' && value !== null && 'reason' in value && 'convicts' in value
  return isFault ? (value as Fault) : null
}

function troubleOf(value: unknown): ClientContext['trouble'] {
  const what = value instanceof Error ? value.message : String(value)
  const todo = value instanceof Error && 'todo' in value ? String(value.todo) : 'Run it again; if it stays, please report it.'
  return { code: String(codeOf(value) ?? 'bug'), what, todo }
}
