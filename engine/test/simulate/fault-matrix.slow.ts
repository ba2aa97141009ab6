/**
 * Every fault, in every step and against every target in which it can happen, in every shipped script; and pairs of them. After each,
 * all that `runCell` checks must hold; engine/FAULTS.md has the results.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { convictedIn } from '../../run/ending.ts'
import { readShipped, shippedLibrary } from '../../script/load.ts'
import { cellName, cellsOf, faultMarkdown, faultRows, runCell } from '../../simulate/cells.ts'
import type { CellOptions, CellReport, FaultCell } from '../../simulate/cells.ts'
import { faultKinds, targetsOf } from '../../simulate/faults.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { beacon, dkg, namesOf, readerOf, resultOf, simulateDkg, simulateFaults } from '../run/harness.ts'
import { expectNobodyHonestBlamed } from '../run/judging.ts'

const PAGE = new URL('../../FAULTS.md', import.meta.url)
const UPDATE = process.env['UPDATE_FAULTS'] === '1'

const names = namesOf(3)
const common = { names, verbs, idle: 10, opensAt: Date.UTC(2026, 0, 1), library: shippedLibrary }
const MESSAGES = [{ kind: 'text', text: 'Pay 5 to Anna' }, { kind: 'bytes', hex: '00ff' }]

let key: Simulated | undefined
const MATRIX: readonly [string, readonly FaultCell[], () => CellOptions][] = [
  ['dkg', cellsOf(dkg, names, 'ben'), () => ({ ...common, script: dkg, parameters: { threshold: 2 } })],
  ['sign', cellsOf(readShipped('sign'), names, 'ben'), () => ({
    ...common, script: readShipped('sign'), parameters: { purpose: 'Payday', messages: MESSAGES }, ...(key === undefined ? {} : { after: key }),
  })],
  ['beacon', cellsOf(beacon, names, 'ben'), () => ({ ...common, script: beacon, parameters: {} })],
]

/** The text between a script's markers. */
const marked = (name: string): RegExp => new RegExp(`(?<=<!-- ${name} -->\\n)[^]*?(?=<!-- end -->)`)

describe('every fault of one participant', () => {
  before(async () => {
    key = await simulateDkg(3, 2, 'a key for the matrix')
  })

  for (const [name, cells, options] of MATRIX) {
    describe(`in ${name}`, () => {
      const ran: (readonly [FaultCell, CellReport])[] = []
      for (const cell of cells) {
        it(cellName(cell), async () => {
          const report = await runCell(cell, options())
          ran.push([cell, report])
          expect(report.problems).to.deep.equal([])
        })
      }

      it('comes to what engine/FAULTS.md says (UPDATE_FAULTS=1 writes it)', () => {
        const table = `${faultMarkdown(faultRows(ran))}\n`
        const page = readFileSync(PAGE, 'utf8')
        expect(page).to.match(marked(name))
        if (UPDATE) writeFileSync(PAGE, page.replace(marked(name), () => table))
        else expect(page.match(marked(name))?.[0]).to.equal(table)
      })
    })
  }

  // Other sums fit one participant's share only where there are two of them to bend.
  for (const fault of ['fitting-sums', 'wrong-sums', 'insisting-sums', 'off-subgroup-point', 'wrong-degree', 'short-attachment']) {
    for (const cell of cellsOf(dkg, names, 'ben').filter(({ kind }) => kind.name === fault)) {
      it(`3/3 ${cellName(cell)}`, async () => {
        expect((await runCell(cell, { ...common, script: dkg, parameters: { threshold: 3 } })).problems).to.deep.equal([])
      })
    }
  }
})

describe('every fault of an airgap, beside one of another', () => {
  const [first, second] = ['ben', 'dan']
  const four = namesOf(4)
  const OTHERS = ['silent:dan:ProcessDeals', 'wrong-share:dan:anna', 'false-complaint:dan:cleo', 'equivocate:dan:ProcessDeals', 'off-subgroup-point:dan', 'bad-share-proof:dan', 'abandons-early:dan', 'declines:dan']
  faultKinds.filter((kind) => kind.who === 'airgap' && targetsOf(kind, dkg, four, first).length > 0).forEach((kind, i) => {
    const targets = targetsOf(kind, dkg, four, first)
    const target = targets.at(Math.min(2, targets.length - 1)) ?? ''
    const fault = [kind.name, first, ...(target === '' ? [] : [target])].join(':')
    const other = OTHERS[i % OTHERS.length] ?? ''
    it(`4/3 ${fault} and ${other}`, async () => {
      const run = await simulateFaults(4, 3, [fault, other])
      expectNobodyHonestBlamed(run, [first, second], fault)
      // Clients that end earlier have read less: guilt is what the whole log proves.
      for (const { name } of convictedIn(readerOf(run))) expect([first, second]).to.include(name)
      for (const honest of ['anna', 'cleo']) expect(resultOf(run, honest).outcome).not.to.equal('stopped')
    })
  })
})
