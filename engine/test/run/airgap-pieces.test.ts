import { expect } from 'chai'
import { bindPieces, pieceFor } from '../../run/attachment.ts'
import type { Json } from '../../base/canonical.ts'
import { indexOf } from '../../wire/card.ts'
import type { Carried } from '../../wire/exchange.ts'
import { Bench, carried, GARBAGE, withCollected } from './airgap-bench.ts'
import { readAnswer, recordDkg, refusalOf } from './harness.ts'
import type { Recorded } from './harness.ts'

describe('an airgap that is brought pieces', () => {
  let run: Recorded
  let bench: Bench
  before(async () => {
    run = await recordDkg(5, 3, 'pieces')
    bench = new Bench(run)
  })

  /** cleo's Deals with piece and path, as another's client has them. */
  const asOf = (name: string): Carried => carried(run.crossing(name, 'ProcessDeals').request).find(({ from }) => from === 'cleo') ?? expect.fail()
  const pathOf = ({ path = [] }: Carried): readonly string[] => path
  const changedBy = (change: (one: Carried) => object): string => bench.withOne('ProcessDeals', 'cleo', change)

  it('refuses one for another participant, under another root, of another place or size, or none, and uses nothing up', async () => {
    const own = asOf('ben')
    expect(pathOf(own)).to.have.lengthOf(3)
    const other = carried(bench.at('ProcessDeals').request).find(({ from }) => from === 'anna') ?? expect.fail()
    const cases: [string, (one: Carried) => object][] = [
      ['anna’s, with its path', (one) => ({ ...one, piece: asOf('anna').piece, path: asOf('anna').path })],
      ['dan’s, with its path', (one) => ({ ...one, piece: asOf('dan').piece, path: asOf('dan').path })],
      ['eva’s, with its shorter path', (one) => ({ ...one, piece: asOf('eva').piece, path: asOf('eva').path })],
      ['anna’s, with its own path', (one) => ({ ...one, piece: asOf('anna').piece })],
      ['its own, with anna’s path', (one) => ({ ...one, path: asOf('anna').path })],
      ['another dealer’s', (one) => ({ ...one, piece: other.piece, path: other.path })],
      ['another dealer’s piece alone', (one) => ({ ...one, piece: other.piece })],
      ['a path turned round', (one) => ({ ...one, path: [...pathOf(one)].reverse() })],
      ['a path cut short', (one) => ({ ...one, path: pathOf(one).slice(0, -1) })],
      ['a path too long', (one) => ({ ...one, path: [...pathOf(one), '00'.repeat(32)] })],
      ['no path in it', (one) => ({ ...one, path: [] })],
      ['a path with another hash', (one) => ({ ...one, path: [...pathOf(one).slice(0, -1), '00'.repeat(32)] })],
      ['garbage', (one) => ({ ...one, piece: GARBAGE })],
      ['nothing for a piece', (one) => ({ ...one, piece: {} })],
      ['no piece', ({ from, payload, airgapSignature, path = [] }) => ({ from, payload, airgapSignature, path })],
      ['no path', ({ from, payload, airgapSignature, piece = {} }) => ({ from, payload, airgapSignature, piece })],
      ['neither', ({ from, payload, airgapSignature }) => ({ from, payload, airgapSignature })],
    ]
    for (const [label, change] of cases) await bench.expectRefused('ProcessDeals', changedBy(change), 'run.statements', label)
  })

  it('refuses one of another form, though its maker bound it, and uses nothing up', async () => {
    const cases: [string, Record<string, Json>, string][] = [
      ['too short', { sealed: 'ab'.repeat(79) }, 'wire.malformed'],
      ['too long', { sealed: 'ab'.repeat(81) }, 'wire.malformed'],
      ['no hex', { sealed: 'zz'.repeat(80) }, 'wire.malformed'],
      ['capitals', { sealed: 'AB'.repeat(80) }, 'wire.malformed'],
      ['a field more', { ...GARBAGE, more: 1 }, 'wire.malformed'],
      ['a field less', {}, 'wire.malformed'],
      ['a list', { sealed: ['ab'.repeat(80)] }, 'wire.malformed'],
    ]
    for (const [label, piece, code] of cases) await bench.expectRefused('ProcessDeals', changedBy(() => bench.deals('cleo', piece)), code, label)
  })

  it('takes the size of the tree from the roster that it joined, never from whoever made the tree', async () => {
    const { roster } = run.opening
    // In a tree of six the way to ben's leaf is as long as in one of five: his piece stands at his place in either.
    for (const cards of [roster.slice(0, 2), roster.slice(0, 3), roster.slice(0, 4), [...roster, ...roster], [...roster.slice(1), ...roster]]) {
      const { payload, attachment } = bindPieces(cards, new Map(cards.map(({ name }) => [name, GARBAGE])))
      const statement = bench.carry('cleo', { step: 'SendDeals', type: 'Deals', view: bench.viewBefore('SendDeals'), payload: payload as Record<string, Json> })
      const brought = { ...statement, ...pieceFor(attachment, indexOf(cards, 'ben')) }
      await bench.expectRefused('ProcessDeals', changedBy(() => brought), 'run.statements', `${cards.length} leaves`)
    }
    // With the roster's own it is heard: the deal is garbage, so it is complained of.
    expect(refusalOf((await bench.ask(bench.at('ProcessDeals').before, bench.complaining)).text)).to.equal('gives statement')
  })

  it('refuses one where there is none', async () => {
    for (const step of ['SendCommits', 'SendDeals', 'ProcessResponses']) {
      for (const [label, more] of [['both', { piece: GARBAGE, path: [] }], ['a piece', { piece: GARBAGE }], ['a path', { path: ['00'.repeat(32)] }]] as const) {
        await bench.expectRefused(step, bench.withOne(step, 'cleo', (one) => ({ ...one, ...more })), 'run.statements', `${label} in ${step}`)
      }
    }
  })

  it('is asked for the same by the same statements, since the pieces follow from their roots', async () => {
    const { after, answer, request } = bench.at('ProcessDeals')
    const without = withCollected(request, carried(request).map(({ from, payload, airgapSignature }) => ({ from, payload, airgapSignature })))
    const { text, memory, airgap } = await bench.ask(after, without)
    const [again, recorded] = [readAnswer(text), readAnswer(answer)]
    expect(again.give === 'statement' ? again.statement : again).to.deep.equal(recorded.give === 'statement' ? recorded.statement : expect.fail())
    expect(memory.read()).to.equal(after)
    expect(refusalOf(await airgap.handle(changedBy(() => bench.deals('cleo', GARBAGE))))).to.equal('run.other-request')
  })
})
