/**
 * Compiles a ceremony into the machine that its airgap runs: what may come now, and what is done about it. Per step: waiting →
 * verifying → confirming (first step, or where the script says `confirm`) → computing → the next step, or back to waiting with a
 * question or a refusal. The machine has no actors and no memory: XState's pure `transition` steps it. After a restart, the steps
 * that the vault holds as answered are read into it by the same events (`run/airgap-session.ts`), so it comes to the state it left.
 */
import { assign, setup } from 'xstate'
import { abandonStep, certificateIndex } from './ceremony.ts'
import type { Ceremony, Step } from './ceremony.ts'

export type AirgapEvent =
  /** Its client asks for a step. */
  | { readonly type: 'REQUEST'; readonly step: string }
  /** All that the request says is verified. */
  | { readonly type: 'VERIFIED' }
  | { readonly type: 'CONFIRMED' }
  | { readonly type: 'DECLINED' }
  /** Something that the request says does not verify, or the work failed. */
  | { readonly type: 'REFUSED' }
  /** It stated what the step sends. */
  | { readonly type: 'ANSWERED' }
  /** It needs to know something more. */
  | { readonly type: 'ASKED' }
  /** It stated a dispute instead. */
  | { readonly type: 'DISPUTED' }
  /** It answered a dispute about its own statements. */
  | { readonly type: 'ACCUSED' }
  /** Its client showed that the ceremony is over: by an Abort, or by what ends it for good. */
  | { readonly type: 'CLOSED'; readonly by: 'abort' | 'ending' }
  /** Its owner gave it up for good. */
  | { readonly type: 'ABANDONED' }
  /** It comes from a backup, made while the ceremony was under way. */
  | { readonly type: 'RESTORED' }
  /** Its result was recovered from the log. */
  | { readonly type: 'RECOVERED' }

export const AIRGAP_OUTCOMES = ['finished', 'declined', 'closed', 'abandoned', 'left'] as const
export type AirgapOutcome = (typeof AIRGAP_OUTCOMES)[number]

/** The place of a state inside a step: the step's name, and what is done there. */
export interface AirgapPlace {
  readonly step: string
  readonly doing: 'waiting' | 'verifying' | 'confirming' | 'computing'
}

export interface AirgapContext {
  /** It answered a complaint about itself. With a complaint there can be no success, so it never finishes (protocol §5.6). */
  readonly isBarred: boolean
}

/** For the compiler only: XState reads types from a value. */
const types = {} as { context: AirgapContext; events: AirgapEvent; output: AirgapOutcome; meta: AirgapPlace }

const machineSetup = setup({
  types,
  guards: {
    isFor: ({ context, event }, { step, isAfter }: { readonly step: string; readonly isAfter: boolean }) =>
      event.type === 'REQUEST' && event.step === step && !(isAfter && context.isBarred),
    // An Abort does not end an airgap that stated its part of the certificate, which may still complete, unless a complaint bars that.
    isOver: ({ context, event }, { isCommitted }: { readonly isCommitted: boolean }) =>
      event.type === 'CLOSED' && (event.by === 'ending' || !isCommitted || context.isBarred),
  },
  actions: { bar: assign({ isBarred: true }) },
})

type State = Parameters<typeof machineSetup.createStateConfig>[0]
const { createStateConfig: state } = machineSetup

/** The steps that the airgap takes part in, in order. */
export const airgapSteps = (ceremony: Ceremony): readonly Step[] => ceremony.steps.filter((step) => step.airgap !== undefined)

/** Has a finished airgap stated its part of the certificate? Where the certificate is a client's step, it has none. */
export const isCertifying = (ceremony: Ceremony): boolean => airgapSteps(ceremony).some(({ index }) => index >= certificateIndex(ceremony))

interface StepOptions {
  readonly confirms: boolean
  /** Its part of the certificate is stated. */
  readonly isCommitted: boolean
  readonly mayAbandon: boolean
  readonly next: string
}

const closed = (isCommitted: boolean) => ({
  guard: { type: 'isOver', params: { isCommitted } }, target: '#closed',
  description: isCommitted ? 'the client shows what ends it for good' : 'the client shows that it is over',
} as const)

function stepState(step: Step, { confirms, isCommitted, mayAbandon, next }: StepOptions): State {
  const place = (doing: AirgapPlace['doing']): Pick<State, 'meta'> => ({ meta: { step: step.name, doing } })
  const refused = { target: 'waiting', description: 'refused' } as const
  const computing = { target: 'computing' } as const
  return state({
    id: step.name,
    initial: 'waiting',
    states: {
      waiting: state({
        ...place('waiting'),
        on: {
          REQUEST: { guard: { type: 'isFor', params: { step: step.name, isAfter: isCommitted } }, target: 'verifying', description: 'it is asked for' },
          CLOSED: closed(isCommitted),
          ...(mayAbandon ? { ABANDONED: { target: '#abandoned', description: 'its owner gives it up' } as const } : {}),
        },
      }),
      verifying: state({
        ...place('verifying'),
        on: { VERIFIED: { target: confirms ? 'confirming' : 'computing', description: 'all of it verifies' }, REFUSED: refused },
      }),
      ...(confirms
        ? {
            confirming: state({
              ...place('confirming'),
              on: {
                CONFIRMED: { ...computing, description: 'its owner confirms' },
                DECLINED: { target: '#declined', description: 'its owner declines' },
                REFUSED: refused,
              },
            }),
          }
        : {}),
      computing: state({
        ...place('computing'),
        on: {
          ANSWERED: { target: next, description: `states its ${step.sends}` },
          ...(step.assist === undefined ? {} : { ASKED: { target: 'waiting', description: 'asks back' } as const }),
          ...(step.disputes === undefined ? {} : { DISPUTED: { target: '#disputed', description: `states a ${step.disputes}` } as const }),
          REFUSED: refused,
        },
      }),
    },
  })
}

/** The machine of a ceremony's airgap. */
export function compileAirgap(ceremony: Ceremony) {
  const own = airgapSteps(ceremony)
  const certificate = certificateIndex(ceremony)
  const abandons = abandonStep(ceremony)
  const entryOf = (step: Step | undefined) => (step === undefined ? '#finished' : `#${step.name}`)
  const steps = Object.fromEntries(own.map((step, i) => [step.name, stepState(step, {
    confirms: i === 0 || step.confirm.length > 0,
    isCommitted: step.index > certificate,
    mayAbandon: step.index > certificate && abandons !== undefined && step.index <= abandons.index,
    next: entryOf(own[i + 1]),
  })]))
  const isOver = (outcome: AirgapOutcome, description: string = outcome) => state({ id: outcome, type: 'final', output: outcome, description })
  const disputes = Object.keys(ceremony.disputes)
  // An airgap that stated a dispute takes no step any more, but may be accused itself.
  const disputed = state({ id: 'disputed', on: { CLOSED: closed(false) }, description: `stated a ${disputes.join(' or ')}` })
  return machineSetup.createMachine({
    id: `${ceremony.name}-airgap`,
    context: { isBarred: false },
    initial: 'live',
    states: {
      live: state({
        on: {
          RESTORED: { target: '#left', description: 'it comes from a backup' },
          RECOVERED: { target: '#finished', description: 'its result is recovered' },
          ...(disputes.length === 0 ? {} : { ACCUSED: { actions: 'bar', description: 'it answers a complaint' } as const }),
        },
        initial: own[0]?.name ?? '',
        states: { ...steps, ...(disputes.length === 0 ? {} : { disputed }) },
      }),
      finished: isOver('finished'),
      declined: isOver('declined'),
      closed: isOver('closed', 'closed, session erased'),
      ...(abandons === undefined ? {} : { abandoned: isOver('abandoned') }),
      left: isOver('left', 'left, to be recovered'),
    },
    output: ({ event }) => AIRGAP_OUTCOMES.find((one) => one === event.output) ?? 'closed',
  })
}
