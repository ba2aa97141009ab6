/** Attacks on what a log says, by members who hold both of their keys, entry by entry: no ending that is final changes, and no reader stops. */
import { expect } from 'chai'
import { airgapSign } from '../../run/faults-log.ts'
import { seededRandom } from '../../run/simulate.ts'
import type { Simulated } from '../../run/simulate.ts'
import { verifyTranscript } from '../../run/verify.ts'
import { shippedLibrary } from '../../script/shipped.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonical } from '../../wire/canonical.ts'
import { EMPTY_LOG, parseMessage, signMessage } from '../../wire/message.ts'
import type { Message, Statement } from '../../wire/message.ts'
import { TestLog, memberOf, namesOf, readerOf, simulateDkg, simulateFaults, transcriptOf } from './harness.ts'

function stated(run: Simulated, type: string, from: string): Message {
  const found = run.board.entries.map(({ text }) => parseMessage(text)).find(({ statement }) => statement.type === type && statement.from === from)
  if (found === undefined) throw new Error(`${from} stated no ${type}`)
  return found
}

/** A message of what a member's airgap never says, signed by both of its keys. */
function cheat(run: Simulated, statement: Statement): string {
  const member = memberOf(run, statement.from)
  return canonical(signMessage(member.signingKey, { statement, seen: EMPTY_LOG, airgapSignature: airgapSign(member, statement) }))
}

describe('attacks on a log', () => {
  let run: Simulated
  before(async () => {
    run = await simulateDkg(3, 2, 'attacks on a log')
  })

  for (const [what, view] of [['another view', '11'.repeat(32)], ['no view that is known yet', undefined]] as const) {
    it(`an answer to no complaint under ${what} takes no slot that a success needs, and so ends nothing, wherever it stands`, () => {
      const { statement } = stated(run, 'Response', 'ben')
      const bad = cheat(run, { ...statement, type: 'Justification', payload: { complainer: 'anna', ephemeral: '22'.repeat(32) }, ...(view === undefined ? {} : { view }) })
      const last = run.board.entries.length - 1
      for (const at of view === undefined ? [1, 4] : [1, 4, last - 4, last]) {
        const log = new TestLog(run)
        for (const [i, { text }] of run.board.entries.entries()) {
          if (i === at) log.add(bad)
          log.add(text, run.board.attachments)
          expect(log.ledger.dead, `the answer at ${at}, after ${i}`).to.equal(null)
        }
        expect(log.ledger.end).to.equal('usable')
        expect(log.ledger.faults.filter(({ convicts }) => convicts)).to.deep.equal([])
      }
    })
  }

  it('a Response where the sums cannot be computed is read without harm, and makes no certificate', async () => {
    const stuck = await simulateFaults(3, 2, ['off-subgroup-point:ben'])
    const view = readerOf(stuck).viewBefore(3) ?? expect.fail()
    const { statement } = stated(stuck, 'Commits', 'ben')
    for (const from of namesOf(3)) {
      const payload = { groupKey: statement.payload['key'], sums: '00'.repeat(32) }
      stuck.board.force(cheat(stuck, { ...statement, step: 'ProcessDeals', type: 'Response', from, view, payload }))
    }
    const { end, certified, faults } = readerOf(stuck)
    expect({ end, certified, faults: faults.map(({ reason }) => reason) }).to.deep.equal({ end: 'aborted', certified: false, faults: ['dkg.bad-points'] })
    expect(verifyTranscript(transcriptOf(stuck), { library: shippedLibrary, verbs, random: seededRandom('a stranger') }).verdict).to.equal('aborted')
  })
})
