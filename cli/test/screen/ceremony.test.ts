import { expect } from 'chai'
import type { Ledger } from '../../../engine/run/ledger.ts'
import { standingOf } from '../../../engine/run/standing.ts'
import type { CeremonyState, Standing } from '../../../engine/run/standing.ts'
import { outWords, reasonLines } from '../../../engine/run/telling.ts'
import { readShipped } from '../../../engine/script/load.ts'
import { seededRandom, simulate } from '../../../engine/simulate/simulate.ts'
import type { Simulated } from '../../../engine/simulate/simulate.ts'
import { verbs } from '../../../engine/verbs/implementations.ts'
import { claimLines, progressTable, waitingLines } from '../../screen/ceremony.ts'
import { always, keyWith, ledgerUntil, three as names } from '../simulated.ts'

const sign = readShipped('sign')

const at = (ledger: Ledger, now: number, name?: string): Standing => standingOf(ledger, now, name === undefined ? undefined : { name })
const stateOf = (ledger: Ledger, now: number, name?: string): CeremonyState => at(ledger, now, name).state

describe('where a ceremony stands', () => {
  it('is dead, and not doubtful, for who stated a part of a certificate that a complaint made impossible', async () => {
    const ledger = ledgerUntil(await keyWith(['wrong-share:ada:bob']), always)
    expect(ledger.aborts).not.to.have.length(0)
    expect(ledger.hasStated('ProcessDeals', 'cem'), 'the guess that this guards against').to.equal(true)
    expect(names.map((name) => stateOf(ledger, 0, name))).to.deep.equal(['dead', 'dead', 'dead'])
  })

  it('is dead from the complaint on, and disputed for as long as an answer may still come, whatever was aborted', async () => {
    const run = await keyWith(['no-justification:ada:bob'])
    const early = ledgerUntil(run, ({ disputes }) => disputes.length > 0)
    const late = ledgerUntil(run, always)
    const end = late.disputeDeadline('Complaint')
    expect([early.aborts.length, late.aborts.length > 0]).to.deep.equal([0, true])
    for (const ledger of [early, late]) {
      expect([stateOf(ledger, end - 1, 'cem'), stateOf(ledger, end, 'cem')]).to.deep.equal(['disputed', 'dead'])
      const [before, after] = [end - 1, end].map((now) => reasonLines(at(ledger, now, 'cem')).join('\n'))
      expect(before).to.include('ada is accused by bob, and an answer is awaited until ').and.include('The log proves nobody guilty').and.not.include('cleared')
      expect(after).to.include('ada is accused by bob and has not answered: neither guilty nor cleared').and.include('The log proves nobody guilty')
      // The complainer, whose complaint took its slot, is awaited no more. The accused is, until the deadline.
      expect([at(ledger, end - 1).awaited, at(ledger, end - 1).until, at(ledger, end).awaited, at(ledger, end).until]).to.deep.equal([['ada'], end, [], null])
    }
  })

  it('is doubtful, at an Abort, for who stated a part that may still be completed, and aborted for all others', async () => {
    const ledger = ledgerUntil(await keyWith(['silent:bob:ProcessDeals']), ({ aborts }) => aborts.length > 0)
    expect([ledger.aborts.length, ledger.dead]).to.deep.equal([1, null])
    const states = ['ada', 'bob', 'cem', undefined].map((name) => stateOf(ledger, 0, name))
    expect(states).to.deep.equal(['doubtful', 'aborted', 'doubtful', 'aborted'])
  })
})

describe('a signing, where two of three are enough', () => {
  let after: Simulated
  let key: Ledger
  const signWith = (...declining: readonly string[]): Promise<Simulated> => simulate({
    script: sign, names, parameters: { purpose: 'Payday', messages: [{ kind: 'text', text: 'Pay 5 to Anna' }] }, verbs, random: seededRandom(declining.join()),
    idle: 20, after, tamper: Object.fromEntries(declining.map((name) => [name, { declines: 'Anna is owed 4' }])),
  })
  before(async () => {
    after = await keyWith([])
    key = after.results.get('ada')?.ledger ?? expect.fail()
  })

  it('goes on without one who declined, and tells who and why, and how many are still needed', async () => {
    const run = await signWith('bob')
    const ledger = ledgerUntil(run, ({ aborts }) => aborts.length > 0, sign, { key })
    expect(ledger.isOut('bob')).to.equal(true)
    expect(['ada', 'bob', undefined].map((name) => stateOf(ledger, 0, name))).to.deep.equal(['running', 'left', 'running'])
    const standing = at(ledger, 0)
    expect(standing.out.map(outWords)).to.deep.equal(['bob declined: Anna is owed 4'])
    const [first = ''] = waitingLines(standing)
    expect(first).to.match(/^SendPartials \(1 of 2\): waiting for [12] more \([01] of 2 in\) of /).and.not.contain('bob')
    expect(progressTable(standing).find((line) => line.startsWith('bob'))).to.contain('✗')
    expect(claimLines(ledger.ceremony, ledger.opening).join('\n')).to.contain('purpose, as the opener claims: Payday').and.contain('1 message to be signed')
    expect(stateOf(ledgerUntil(run, always, sign, { key }), 0, 'bob')).to.equal('usable')
  })

  it('is aborted once too few are left, before anybody has said so', async () => {
    const run = await signWith('bob', 'cem')
    const ledger = ledgerUntil(run, ({ ending }) => ending !== null, sign, { key })
    expect(ledger.ending?.kind).to.equal('fault')
    expect(names.map((name) => stateOf(ledger, 0, name))).to.deep.equal(['aborted', 'aborted', 'aborted'])
  })
})
