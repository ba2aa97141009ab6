/** Faults of the key generation's disputes, and of giving it up: false complaints and answers, and statements that exclude one another. */
import { toHex } from '../../base/bytes.ts'
import { ABANDONED, abandonStep } from '../../machines/ceremony.ts'
import type { JsonObject } from '../../base/canonical.ts'
import type { Pin } from '../../wire/message.ts'
import { abortBy, stepsOfAirgap, beforeStep, cheating, flippedText, inStep, meddling, restated, stating, swallowed } from '../meddling.ts'
import type { FaultKind, FaultPlace, Meddling } from '../meddling.ts'
import type { Tampering } from '../simulate.ts'
import { DEALS, wrongShare } from './dkg.ts'

/** An airgap that complains where it should respond. */
const complaining = (place: FaultPlace, accused: string): Tampering => cheating(place, { 'dkg.respond': () => ({ kind: 'disputes', payload: { accused } }) })

const COMPLAINT = 'Complaint'
const JUSTIFICATION = 'Justification'

/** Posts a complaint where its Response should stand, whatever its client would say to it. */
const complaint = ({ message: { statement } }: Meddling, accused: string) => ({ step: statement.step, type: COMPLAINT, payload: { accused } })

const inResponses = (change: (meddling: Meddling) => Promise<Pin>): Tampering => inStep('ProcessDeals', change)

/** States a justification after its Response, though nobody complained. */
const justifying = (place: FaultPlace, complainer: string, change = (view: string): string => view): Tampering => inResponses(async (one) => {
  const pin = await one.board.post(one.text)
  await one.board.post(stating(one, { type: JUSTIFICATION, view: change(one.message.statement.view ?? ''), payload: { complainer, ephemeral: toHex(place.random(32)) } }))
  return pin
})

const stranger = 'nobody-here'

/** Deals a wrong share to the target, and does as it likes with the answer to the complaint. */
const answering = (place: FaultPlace, change: (meddling: Meddling) => Promise<Pin>): Tampering => ({
  ...wrongShare(place), ...meddling((one) => (one.message.statement.type === JUSTIFICATION ? change(one) : one.board.post(one.text))),
})

const otherKey = ({ message: { statement } }: Meddling): { readonly payload: JsonObject } => ({ payload: { ...statement.payload, ephemeral: '01'.repeat(32) } })

/** An Abandoned, under the view before the certificate's step, which its own part of that bears. */
const abandoned = (place: FaultPlace, one: Meddling, payload: JsonObject = {}): string => stating(one, { step: abandonStep(place.script.ceremony)?.name ?? null, type: ABANDONED, payload })

const hasAbandon = (place: FaultPlace['script']) => (abandonStep(place.ceremony) === undefined ? [] : stepsOfAirgap(place))

const disputeFaults = [
  {
    name: 'false-complaint', who: 'airgap', target: 'participant', proves: ['dkg.false-complaint'],
    doc: 'Complains of the target’s piece, which is good.',
    make: (place) => complaining(place, place.target),
  },
  {
    name: 'self-complaint', who: 'airgap', target: 'none', proves: ['malformed'],
    doc: 'Complains of itself, which no airgap does.',
    make: (place) => inResponses((one) => one.board.post(restated(one, complaint(one, place.participant)))),
  },
  {
    name: 'stranger-complaint', who: 'airgap', target: 'none', proves: ['malformed'],
    doc: 'Complains of somebody who takes no part.',
    make: () => inResponses((one) => one.board.post(restated(one, complaint(one, stranger)))),
  },
  {
    name: 'two-complaints', who: 'airgap', target: 'none', among: 3, proves: ['dkg.false-complaint', 'equivocation'],
    doc: 'Complains of one, and then of another; both pieces are good.',
    make: (place) => inResponses(async (one) => {
      const [first = '', second = ''] = place.names.filter((name) => name !== place.participant)
      const pin = await one.board.post(restated(one, complaint(one, first)))
      await one.board.post(restated(one, complaint(one, second)))
      return pin
    }),
  },
  {
    name: 'complaint-and-abort', who: 'airgap', target: 'participant', proves: ['dkg.false-complaint'],
    doc: 'Complains of the target’s piece, which is good, and then aborts, so that nobody would answer.',
    make: (place) => inResponses(async (one) => {
      const pin = await one.board.post(restated(one, complaint(one, place.target)))
      await one.board.post(abortBy(one))
      return pin
    }),
  },
  {
    name: 'complaint-and-response', who: 'airgap', target: 'participant', proves: ['dkg.false-complaint', 'equivocation'],
    doc: 'Complains of the target’s piece, which is good, and then states its Response all the same.',
    make: (place) => inResponses(async (one) => {
      await one.board.post(restated(one, complaint(one, place.target)))
      return one.board.post(one.text)
    }),
  },
  {
    name: 'response-and-complaint', who: 'airgap', target: 'participant', proves: ['equivocation'],
    doc: 'States its Response, and then complains of the target’s piece, which is good.',
    make: (place) => inResponses(async (one) => {
      const pin = await one.board.post(one.text)
      await one.board.post(restated(one, complaint(one, place.target)))
      return pin
    }),
  },
  {
    name: 'no-justification', who: 'airgap', target: 'participant', proves: [],
    doc: 'Seals a wrong share to the target, and does not answer the complaint.',
    make: (place) => answering(place, swallowed),
  },
  {
    name: 'wrong-justification', who: 'airgap', target: 'participant', proves: ['dkg.bad-deal'],
    doc: 'Seals a wrong share to the target, and answers the complaint with another key.',
    make: (place) => answering(place, (one) => one.board.post(restated(one, otherKey(one)))),
  },
  {
    name: 'two-justifications', who: 'airgap', target: 'participant', proves: ['dkg.bad-deal', 'equivocation'],
    doc: 'Seals a wrong share to the target, and answers the complaint twice.',
    make: (place) => answering(place, async (one) => {
      const pin = await one.board.post(one.text)
      await one.board.post(restated(one, otherKey(one)))
      return pin
    }),
  },
  {
    name: 'needless-justification', who: 'airgap', target: 'participant', proves: [],
    doc: 'Answers a complaint of the target’s that there is not. (Its client could have brought one that no log has.)',
    make: (place) => justifying(place, place.target),
  },
  {
    name: 'odd-justification', who: 'airgap', target: 'participant', proves: [],
    doc: 'Answers a complaint of the target’s that there is not, under another view than its step’s.',
    make: (place) => justifying(place, place.target, (view) => flippedText(view)),
  },
  {
    name: 'self-justification', who: 'airgap', target: 'none', proves: ['malformed'],
    doc: 'Answers a complaint of its own.',
    make: (place) => justifying(place, place.participant),
  },
  {
    name: 'stranger-justification', who: 'airgap', target: 'none', proves: ['malformed'],
    doc: 'Answers a complaint of somebody who takes no part.',
    make: (place) => justifying(place, stranger),
  },
] satisfies Omit<FaultKind, 'uses'>[]

const abandonFaults = [
  {
    name: 'abandons-early', who: 'airgap', target: 'none', proves: [],
    doc: 'Gives the ceremony up right after its part of the certificate, when nothing is late.',
    make: (place) => inStep(place.script.ceremony.certificate, async (one) => {
      const pin = await one.board.post(one.text)
      await one.board.post(abandoned(place, one))
      return pin
    }),
  },
  {
    name: 'abandons-first', who: 'airgap', target: 'step', proves: [],
    steps: (script) => hasAbandon(script).filter(({ index }) => index <= script.ceremony.steps.findIndex(({ name }) => name === script.ceremony.certificate)),
    doc: 'Gives the ceremony up before its part of this step.',
    make: (place) => beforeStep(place.target, (one) => one.board.post(abandoned(place, one))),
  },
  {
    name: 'abandons-loudly', who: 'airgap', target: 'none', proves: ['malformed'],
    doc: 'Gives the ceremony up with words, where there is nothing to say.',
    make: (place) => beforeStep(place.script.ceremony.certificate, (one) => one.board.post(abandoned(place, one, { why: 'no' }))),
  },
  {
    name: 'finishes-and-abandons', who: 'airgap', target: 'none', proves: ['equivocation'],
    doc: 'Takes the step after the certificate, and gives the ceremony up all the same.',
    make: (place) => finishing(place, async (one, gone) => {
      const pin = await one.board.post(one.text)
      await one.board.post(gone)
      return pin
    }),
  },
  {
    name: 'abandons-and-finishes', who: 'airgap', target: 'none', proves: ['equivocation'],
    doc: 'Gives the ceremony up, and takes the step after the certificate all the same.',
    make: (place) => finishing(place, async (one, gone) => {
      await one.board.post(gone)
      return one.board.post(one.text)
    }),
  },
  {
    name: 'abandons-elsewhere', who: 'airgap', target: 'none', proves: ['malformed'],
    doc: 'Gives the ceremony up in the slot of another step.',
    make: (place) => inStep(place.script.ceremony.certificate, (one) => one.board.post(restated(one, { type: ABANDONED, payload: {} }))),
  },
] satisfies Omit<FaultKind, 'uses'>[]

/** Meddles with its statement after the certificate, and has an Abandoned for the same slot at hand. */
function finishing(place: FaultPlace, change: (one: Meddling, gone: string) => Promise<Pin>): Tampering {
  let gone = ''
  return meddling((one) => {
    const { step } = one.message.statement
    if (step === place.script.ceremony.certificate) gone = abandoned(place, one)
    return step === abandonStep(place.script.ceremony)?.name && one.message.statement.type !== ABANDONED ? change(one, gone) : one.board.post(one.text)
  })
}

export const disputeKinds: readonly FaultKind[] = [...disputeFaults, ...abandonFaults].map((kind) => ({ ...kind, uses: DEALS }))
