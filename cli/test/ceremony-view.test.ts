import { expect } from 'chai'
import { tamperingOf } from '../../engine/run/faults.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { seededRandom, simulate } from '../../engine/run/simulate.ts'
import type { Simulated } from '../../engine/run/simulate.ts'
import { readShipped } from '../../engine/script/shipped.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { EMPTY_HEAD, parseMessage } from '../../engine/wire/message.ts'
import { claimLines, outLines, progressTable, stateOf, waitingLines } from '../roles/ceremony-view.ts'

const script = readShipped('dkg')
const sign = readShipped('sign')
const names = ['ada', 'bob', 'cem']

async function runWith(fault: string): Promise<Simulated> {
  const random = seededRandom(fault)
  const tamper = tamperingOf([fault], { script, verbs, random, names })
  return await simulate({ script, names, parameters: { threshold: 2 }, verbs, random, idle: 20, tamper })
}

/** The board's log as a reader folds it, up to where something holds. */
function ledgerUntil({ board, opening }: Simulated, holds: (ledger: Ledger) => boolean, key?: Ledger): Ledger {
  const headAt = (offset: number) => (offset === -1 ? EMPTY_HEAD : board.entries[offset]?.head)
  const random = seededRandom('reader')
  const ledger = key === undefined
    ? new Ledger({ script, opening, verbs, random, headAt })
    : new Ledger({ script: sign, opening, verbs, random, headAt, followed: { key } })
  for (const { offset, text } of board.entries) {
    if (holds(ledger)) return ledger
    const message = parseMessage(text)
    const attachment = message.attachment === undefined ? undefined : board.attachments.get(message.attachment)
    ledger.accept({ offset, message, ...(attachment === undefined ? {} : { attachment }) })
  }
  return ledger
}

describe('where a ceremony stands', () => {
  it('is aborted, and not doubtful, for who stated a part of a certificate that a complaint made impossible', async () => {
    const ledger = ledgerUntil(await runWith('wrong-share:ada:bob'), () => false)
    expect(ledger.aborts).not.to.have.length(0)
    expect(ledger.hasStated('ProcessDeals', 'cem'), 'the guess that this guards against').to.equal(true)
    expect(names.map((name) => stateOf(ledger, 0, name))).to.deep.equal(['aborted', 'aborted', 'aborted'])
  })

  it('is doubtful, at an Abort, for who stated a part that may still be completed, and aborted for all others', async () => {
    const ledger = ledgerUntil(await runWith('silent:bob:ProcessDeals'), ({ aborts }) => aborts.length > 0)
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
    after = await simulate({ script, names, parameters: { threshold: 2 }, verbs, random: seededRandom('a key'), idle: 20 })
    key = after.results.get('ada')?.ledger ?? expect.fail()
  })

  it('goes on without one who declined, and tells who and why, and how many are still needed', async () => {
    const run = await signWith('bob')
    const ledger = ledgerUntil(run, ({ aborts }) => aborts.length > 0, key)
    expect(ledger.isOut('bob')).to.equal(true)
    expect(['ada', 'bob', undefined].map((name) => stateOf(ledger, 0, name))).to.deep.equal(['running', 'left', 'running'])
    expect(outLines(ledger)).to.have.length(1)
    expect(outLines(ledger)[0]).to.equal('bob declined: Anna is owed 4')
    const [first = ''] = waitingLines(ledger, 0)
    expect(first).to.match(/^SendPartials \(1 of 2\): waiting for [12] more \([01] of 2 in\) of /).and.not.contain('bob')
    expect(progressTable(ledger).find((line) => line.startsWith('bob'))).to.contain('✗')
    expect(claimLines(ledger.ceremony, ledger.opening).join('\n')).to.contain('purpose, as the opener claims: Payday').and.contain('1 message to be signed')
    expect(stateOf(ledgerUntil(run, () => false, key), 0, 'bob')).to.equal('usable')
  })

  it('is aborted once too few are left, before anybody has said so', async () => {
    const run = await signWith('bob', 'cem')
    const ledger = ledgerUntil(run, ({ ending }) => ending !== null, key)
    expect(ledger.ending?.kind).to.equal('fault')
    expect(names.map((name) => stateOf(ledger, 0, name))).to.deep.equal(['aborted', 'aborted', 'aborted'])
  })
})
