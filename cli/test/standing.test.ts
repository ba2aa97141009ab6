import { expect } from 'chai'
import { cellName, cellsOf } from '../../engine/simulate/cells.ts'
import type { CellOptions } from '../../engine/simulate/cells.ts'
import { cellProblems, keyForMatrix, matrixOf, people } from './screens.ts'

/** Faults that lead to each end and show each mark. The slow suite has the whole matrix. */
const SAMPLE = {
  dkg: ['declines:ben', 'aborts:ben:SendDeals', 'silent:ben:ProcessDeals', 'silent:ben:ProcessResponses', 'no-justification:ben:anna', 'false-complaint:ben:cleo', 'abandons-early:ben'],
  sign: ['declines:ben', 'aborts:ben:Combine', 'wrong-view:ben:SendPartials', 'silent:ben:SendPartials', 'bad-partial:ben', 'late:ben:SendPartials'],
  beacon: ['declines:ben', 'silent:ben:SendReveals', 'equivocate:ben:SendCommits', 'other-number:ben', 'storage-hides:ben:SendReveals', 'late:ben:SendReveals'],
} as const

describe('all screens tell one ledger alike, after every message, before and after each deadline, where', function () {
  this.timeout(120_000)
  let options: Readonly<Record<keyof typeof SAMPLE, CellOptions>>
  before(async () => {
    options = matrixOf(await keyForMatrix())
  })

  for (const script of ['dkg', 'sign', 'beacon'] as const) {
    for (const name of SAMPLE[script]) {
      it(`${name} in ${script}`, async () => {
        const cell = cellsOf(options[script].script, people, 'ben').find((one) => cellName(one) === name) ?? expect.fail(`no cell ${name}`)
        expect(await cellProblems(cell, options[script])).to.deep.equal([])
      })
    }
  }
})
