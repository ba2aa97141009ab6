/**
 * Every fault, in every step and against every target in which it can happen; by every participant of three
 * and four, and two of five: whoever is honest agrees with all who are, is blamed for nothing, and has a share exactly if all have.
 */
import { expect } from 'chai'
import { faultKinds, targetsOf } from '../../run/faults.ts'
import { dkg, namesOf, resultOf, simulateFaults } from '../run/harness.ts'
import { endingOf, expectNobodyHonestBlamed } from '../run/judging.ts'

/** Faults that prove their maker guilty, wherever they happen before the ceremony is over. */
const PROVED = [
  'equivocate', 'wrong-share', 'garbage-deal', 'bad-opening', 'bad-proof', 'wrong-degree', 'off-subgroup-point', 'opposite-point',
  'bad-share-proof', 'false-complaint', 'invented-deal',
]
/** Faults that end well. */
const HARMLESS = ['wrong-sums']

const SIZES = [[3, 2, namesOf(3)], [4, 3, namesOf(4)], [5, 3, ['ben', 'eva']]] as const

describe('every fault of one participant', () => {
  for (const [n, t, participants] of SIZES) {
    for (const kind of faultKinds) {
      for (const participant of participants) {
        for (const target of targetsOf(kind, dkg, namesOf(n), participant)) {
          const fault = [kind.name, participant, ...(target === '' ? [] : [target])].join(':')
          it(`${n}/${t} ${fault}`, async () => {
            const run = await simulateFaults(n, t, [fault])
            expectNobodyHonestBlamed(run, [participant], fault)
            const { outcomes, convicted } = endingOf(run, [participant])
            expect(outcomes, 'all who are honest end alike').to.have.lengthOf(1)
            for (const name of convicted) expect(name).to.equal(participant)
            if (HARMLESS.includes(kind.name)) expect(outcomes).to.deep.equal(['usable'])
            // A second statement after the end is read by nobody who had ended.
            const over = outcomes[0] === 'usable'
            if (PROVED.includes(kind.name) && !over) expect(convicted).to.deep.equal([participant])
            if (!PROVED.includes(kind.name)) expect(convicted).to.deep.equal([])
          })
        }
      }
    }
  }
})

describe('every pair of faults', () => {
  const [first, second] = ['ben', 'dan']
  const names = namesOf(5)
  const one = faultKinds.map((kind) => [kind.name, targetsOf(kind, dkg, names, first)] as const)
  for (const [name, targets] of one) {
    const target = targets.at(Math.min(2, targets.length - 1)) ?? ''
    for (const other of ['silent:dan:ProcessDeals', 'wrong-share:dan:anna', 'false-complaint:dan:cleo', 'equivocate:dan:ProcessDeals', 'off-subgroup-point:dan', 'bad-share-proof:dan', 'declines:dan']) {
      const fault = [name, first, ...(target === '' ? [] : [target])].join(':')
      it(`5/3 ${fault} and ${other}`, async () => {
        const run = await simulateFaults(5, 3, [fault, other])
        expectNobodyHonestBlamed(run, [first, second], fault)
        const { convicted } = endingOf(run, [first, second])
        for (const guilty of convicted) expect([first, second]).to.include(guilty)
        for (const honest of ['anna', 'cleo', 'eva']) expect(resultOf(run, honest).outcome).not.to.equal('stopped')
      })
    }
  }
})
