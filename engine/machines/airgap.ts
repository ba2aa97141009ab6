/**
 * A ceremony → the machine that its airgap runs. Per step: waiting → verifying → confirming (first step, or where the
 * script says `confirm`) → computing → answered, or back to waiting with a question or a refusal. Secrets and
 * statements are behind its actors; the machine holds a request's digest and nothing more.
 */
import { assign, fromPromise, setup } from 'xstate'
import type { Ceremony, Step } from './ceremony.ts'
import { assertComplete } from './strict.ts'

export interface AirgapInput {
  readonly step: string
  /** Digest of the request's envelope, by which the runtime finds it. */
  readonly request: string
}

export interface AirgapContext {
  readonly request: string
}

export interface RequestEvent {
  readonly type: 'REQUEST'
  readonly step: string
  readonly request: string
}

export type Computed = 'answered' | 'asking'
export type AirgapOutcome = 'finished' | 'declined' | 'closed'

const unimplemented = () => Promise.reject(new Error('an actor that the runtime did not provide'))

/** For the compiler only: XState reads types from a value. */
const types = {} as { context: AirgapContext; events: RequestEvent | { readonly type: 'CLOSE' }; output: AirgapOutcome }

const machineSetup = setup({
  types,
  actors: {
    verify: fromPromise<null, AirgapInput>(unimplemented),
    confirm: fromPromise<boolean, AirgapInput>(unimplemented),
    compute: fromPromise<Computed, AirgapInput>(unimplemented),
  },
  guards: {
    isFor: ({ event }, params: { readonly step: string }) => event.type === 'REQUEST' && event.step === params.step,
    isConfirmed: (_, params: { readonly answer: unknown }) => params.answer === true,
    isAnswer: (_, params: { readonly answer: unknown }) => params.answer === 'answered',
    // Provided by the runtime, which knows the vault.
    wasAnswered: (_, params: { readonly step: string }) => params.step === '',
  },
  actions: {
    keepRequest: assign(({ event }) => ({ request: event.type === 'REQUEST' ? event.request : '' })),
    // Provided by the runtime: gives the refusal to whoever brought the request.
    refuse: (_, params: { readonly error: unknown }) => {
      throw params.error
    },
  },
})

export const AIRGAP_NAMES = {
  actors: ['verify', 'confirm', 'compute'],
  guards: ['isFor', 'isConfirmed', 'isAnswer', 'wasAnswered'],
  actions: ['keepRequest', 'refuse'],
} as const

type DoneEvent = { readonly event: { readonly output: unknown } }
type FailEvent = { readonly event: { readonly error: unknown } }

const input = (step: string) => ({ context }: { context: AirgapContext }): AirgapInput => ({ step, request: context.request })
const answer = ({ event }: DoneEvent) => ({ answer: event.output })
const refuse = { target: 'waiting', actions: { type: 'refuse', params: ({ event }: FailEvent) => ({ error: event.error }) } }

function stepState(step: Step, confirms: boolean, next: string) {
  return {
    id: step.name,
    initial: 'waiting',
    states: {
      waiting: {
        always: { guard: { type: 'wasAnswered', params: { step: step.name } }, target: next },
        on: { REQUEST: { guard: { type: 'isFor', params: { step: step.name } }, target: 'verifying', actions: 'keepRequest' } },
      },
      verifying: {
        invoke: { src: 'verify', input: input(step.name), onDone: confirms ? 'confirming' : 'computing', onError: refuse },
      },
      ...(confirms
        ? {
            confirming: {
              invoke: {
                src: 'confirm', input: input(step.name),
                onDone: [{ guard: { type: 'isConfirmed', params: answer }, target: 'computing' }, { target: '#declined' }],
                onError: refuse,
              },
            },
          }
        : {}),
      computing: {
        invoke: {
          src: 'compute', input: input(step.name),
          onDone: [{ guard: { type: 'isAnswer', params: answer }, target: 'answered' }, { target: 'waiting' }],
          onError: refuse,
        },
      },
      answered: { always: next },
    },
  }
}

/** The steps that the airgap takes part in, in order. */
export const airgapSteps = (ceremony: Ceremony): readonly Step[] => ceremony.steps.filter((step) => step.airgap !== undefined)

/** The configuration as data, for the machine and for the graph. */
export function airgapConfig(ceremony: Ceremony) {
  const steps = airgapSteps(ceremony)
  const states: Record<string, object> = {}
  steps.forEach((step, i) => {
    const next = steps[i + 1]
    states[step.name] = stepState(step, i === 0 || step.confirm.length > 0, next === undefined ? '#finished' : `#${next.name}`)
  })
  const over = (outcome: AirgapOutcome) => ({ id: outcome, type: 'final' as const, output: outcome })
  return {
    id: `${ceremony.name}-airgap`,
    initial: steps[0]?.name ?? 'finished',
    context: { request: '' },
    on: { CLOSE: '.closed' },
    states: { ...states, finished: over('finished'), declined: over('declined'), closed: over('closed') },
    output: ({ event }: { event: { output: AirgapOutcome } }) => event.output,
  }
}

/** The machine of a ceremony's airgap; the runtime provides its actors. @throws compile.unknown */
export function compileAirgap(ceremony: Ceremony) {
  const config = airgapConfig(ceremony)
  assertComplete(config.id, config, AIRGAP_NAMES)
  return machineSetup.createMachine(config as Parameters<typeof machineSetup.createMachine>[0])
}
