/** The whole matrix of misbehaviour on every screen: each paints one standing, so all say the same. */
import { expect } from 'chai'
import { readShipped } from '../../engine/script/load.ts'
import { cellName, cellsOf } from '../../engine/simulate/cells.ts'
import type { CellOptions } from '../../engine/simulate/cells.ts'
import { cellProblems, keyForMatrix, matrixOf, people } from './screens.ts'

describe('all screens tell one ledger alike', () => {
  let options: Readonly<Record<'dkg' | 'sign' | 'beacon', CellOptions>>
  before(async () => {
    options = matrixOf(await keyForMatrix())
  })

  for (const script of ['dkg', 'sign', 'beacon'] as const) {
    describe(`in ${script}, where`, () => {
      for (const cell of cellsOf(readShipped(script), people, 'ben')) {
        it(cellName(cell), async () => {
          expect(await cellProblems(cell, options[script])).to.deep.equal([])
        })
      }
    })
  }
})
