import { expect } from 'chai'
import { airgapSteps, compileAirgap } from '../../machines/airgap.ts'
import type { AirgapEvent } from '../../machines/airgap.ts'
import { certificateIndex } from '../../machines/ceremony.ts'
import type { Ceremony } from '../../machines/ceremony.ts'
import { readShipped, shippedNames } from '../../script/load.ts'
import { AirgapStepper } from './stepper.ts'
import type { AirgapMachine, AirgapNode } from './stepper.ts'

/** An airgap whose client may bring anything, in any order, with the result so far. */
interface Alone {
  readonly node: AirgapNode
  /** The steps whose statement it made, in order. */
  readonly stated: readonly string[]
  readonly isAccused: boolean
  readonly hasAbandoned: boolean
  readonly hasDisputed: boolean
  readonly last: string
}

/** All that can be said or brought to an airgap; a backup and a recovery come to machines that are set up anew. */
const eventsOf = (ceremony: Ceremony): readonly AirgapEvent[] => [
  ...airgapSteps(ceremony).map(({ name }): AirgapEvent => ({ type: 'REQUEST', step: name })),
  ...(['VERIFIED', 'CONFIRMED', 'DECLINED', 'REFUSED', 'ANSWERED', 'ASKED', 'DISPUTED', 'ACCUSED', 'ABANDONED'] as const).map((type): AirgapEvent => ({ type })),
  { type: 'CLOSED', by: 'abort' }, { type: 'CLOSED', by: 'ending' },
]

/** The events that come from its client. */
const BROUGHT: readonly AirgapEvent['type'][] = ['REQUEST', 'ACCUSED', 'ABANDONED', 'CLOSED']

/** The first thing that is wrong in anything that can come to an airgap; null where nothing is. */
function wrongIn(ceremony: Ceremony, machine: AirgapMachine): string | null {
  const stepper = new AirgapStepper(machine)
  const steps = airgapSteps(ceremony).map(({ name }) => name)
  const committed = airgapSteps(ceremony).filter(({ index }) => index <= certificateIndex(ceremony)).length
  const first: Alone = { node: stepper.first, stated: [], isAccused: false, hasAbandoned: false, hasDisputed: false, last: '' }
  const seen = new Map([['', first]])
  for (const here of seen.values()) {
    const problem = problemIn(here)
    if (problem !== null) return problem
    // It takes one request after the other.
    const isBusy = stepper.isBusy(here.node)
    for (const event of eventsOf(ceremony).filter(({ type }) => !isBusy || !BROUGHT.includes(type))) {
      const node = stepper.next(here.node, event)
      const isTaken = node.index !== here.node.index
      const at = steps[here.stated.length] ?? ''
      const next: Alone = {
        node, last: isTaken ? `${event.type} ${event.type === 'CLOSED' ? event.by : ''}` : '',
        stated: isTaken && event.type === 'ANSWERED' ? [...here.stated, at] : here.stated,
        isAccused: here.isAccused || (event.type === 'ACCUSED' && here.node.output === undefined), hasAbandoned: here.hasAbandoned || (isTaken && event.type === 'ABANDONED'),
        hasDisputed: here.hasDisputed || (isTaken && event.type === 'DISPUTED'),
      }
      const key = JSON.stringify({ ...next, node: node.index })
      if (!seen.has(key)) seen.set(key, next)
    }
  }
  return seen.size > steps.length * 4 ? null : 'it does nothing'

  function problemIn({ node: { output }, stated, isAccused, hasAbandoned, hasDisputed, last }: Alone): string | null {
    const isCommitted = stated.length >= committed
    if (stated.length > steps.length) return 'it states what it stated'
    if (output === 'finished' && stated.length < steps.length) return 'it finishes before it stated all'
    if (hasDisputed && isCommitted) return 'it states its part of the certificate beside its own complaint'
    if (steps.length > committed && isAccused && output === 'finished') return 'it finishes, and answered a complaint'
    if (hasAbandoned && (output !== 'abandoned' || !isCommitted)) return 'it gives up what it is not bound to, or goes on'
    if (last === 'CLOSED abort' && isCommitted && !isAccused) return 'an Abort closes it, and its part of the certificate is stated'
    return null
  }
}

describe('an airgap to which a client brings anything', () => {
  for (const name of shippedNames()) {
    it(`of ${name} finishes only with all that it stated, and never against what it stated`, () => {
      const { ceremony } = readShipped(name)
      expect(wrongIn(ceremony, compileAirgap(ceremony))).to.equal(null)
    })
  }

  const { ceremony } = readShipped('dkg')
  const machine = compileAirgap(ceremony)
  const mutants: readonly (readonly [string, AirgapMachine, RegExp])[] = [
    ['forgets that it answered a complaint', machine.provide({ actions: { bar: () => undefined } }), /answered a complaint/],
    ['takes the next step all the same', machine.provide({ guards: { isFor: ({ event }, { step }) => event.type === 'REQUEST' && event.step === step } }), /answered a complaint/],
    ['closes on any Abort', machine.provide({ guards: { isOver: ({ event }) => event.type === 'CLOSED' } }), /an Abort closes it/],
    ['may be given up a step too early', compileAirgap({ ...ceremony, certificate: 'SendDeals' }), /gives up what it is not bound to|beside its own complaint/],
  ]
  for (const [what, mutant, finds] of mutants) {
    it(`is found out where it ${what}`, () => {
      expect(wrongIn(ceremony, mutant)).to.match(finds)
    })
  }
})
