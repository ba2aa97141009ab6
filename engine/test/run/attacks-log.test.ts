/** Attacks on what a log says, by members who hold both of their keys, entry by entry: no ending that is final changes, and no reader stops. */
import { expect } from 'chai'
import { slotsOf } from '../../run/reading.ts'
import { verifyTranscript } from '../../run/verify.ts'
import { readShipped, shippedLibrary } from '../../script/load.ts'
import { airgapSign } from '../../simulate/meddling.ts'
import { memoryBoard, seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonical } from '../../base/canonical.ts'
import { mostEntries } from '../../wire/limits.ts'
import { EMPTY_LOG } from '../../wire/log.ts'
import { parseMessage, signMessage } from '../../wire/message.ts'
import type { Message, Statement } from '../../wire/message.ts'
import { dkg, memberOf, namesOf, readerOf, simulateDkg, simulateFaults, TestLog, transcriptOf } from './harness.ts'

function stated(run: Simulated, type: string, from: string): Message {
  const found = run.board.entries.map(({ text }) => parseMessage(text)).find(({ statement }) => statement.type === type && statement.from === from)
  if (found === undefined) throw new Error(`${from} stated no ${type}`)
  return found
}

/** A message that a member's airgap never makes, signed by both of its keys. */
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

  describe('of what stands in a transcript by its mark alone, or in full without end', () => {
    const abort = (i: number): Statement => ({
      ceremony: run.ceremony, step: null, type: 'Abort', from: 'ben', view: null,
      payload: { reason: 'operator', step: null, accused: null, evidence: { why: `no ${i}`, offsets: [] } },
    })
    const most = mostEntries(slotsOf(dkg.ceremony, 3))
    const forgery = (statement: Statement) => canonical(signMessage(seededRandom('no key of ben’s')(32), { statement, seen: EMPTY_LOG }))
    const bens = (statement: Statement, offset = -1) => canonical(signMessage(memberOf(run, 'ben').signingKey, { statement, seen: { ...EMPTY_LOG, offset } }))

    /** The run's log with more in it before its last entry. */
    function withMore(texts: readonly string[]): Simulated {
      const board = memoryBoard()
      const all = run.board.entries.map(({ text }) => text)
      for (const text of [...all.slice(0, -1), ...texts, ...all.slice(-1)]) board.force(text)
      return { ...run, board: { ...board, entries: board.entries, attachments: run.board.attachments } }
    }

    /** The ending that a reader of the log and a reader of its transcript both find. */
    function bothSay(attacked: Simulated): string {
      const { end } = readerOf(attacked)
      expect(verifyTranscript(transcriptOf(attacked), { library: shippedLibrary, verbs, random: seededRandom('a stranger') }).verdict).to.equal(end)
      return end
    }

    it('a forgery in the name of who has used up its budget is read by nobody', () => {
      const flood = Array.from({ length: most }, (_, i) => bens(abort(i)))
      expect(bothSay(withMore([...flood, forgery(abort(most))]))).to.equal('usable')
      expect(bothSay(withMore([...flood.slice(1), forgery(abort(most))])), 'before that the log ends there').to.equal('unconfirmed')
    })

    it('a Ready that names the ceremony has not its mark, and counts for nothing', () => {
      expect(bothSay(withMore([forgery({ ...abort(0), type: 'Ready' })]))).to.equal('usable')
    })

    it('the Opening again counts against its author’s budget, and in another’s name ends the log', () => {
      const { statement: opening } = parseMessage(run.board.entries[0]?.text ?? '')
      const copies = Array.from({ length: 2 * most }, (_, i) => bens({ ...opening, from: 'ben' }, i))
      const attacked = withMore(copies)
      expect(bothSay(attacked)).to.equal('usable')
      expect(transcriptOf(attacked).split('\n').filter((line) => line.includes('"type":"Opening"'))).to.have.length(most + 1)
      expect(bothSay(withMore([forgery({ ...opening, from: 'ben' })]))).to.equal('unconfirmed')
    })
  })

  it('a forgery in a member’s name ends a signing too, in which some are enough', async () => {
    const [sign, key] = [readShipped('sign'), await simulateDkg(3, 2, 'a key to sign with')]
    const parameters = { purpose: 'a forgery', messages: [{ kind: 'text', text: 'a' }] }
    const signing = await simulate({ script: sign, names: namesOf(3), parameters, verbs, random: seededRandom('a signing'), idle: 5, after: key })
    const forged = { ceremony: signing.ceremony, step: null, type: 'Abort', from: 'anna', view: null, payload: {} }
    const log = new TestLog(signing, sign, { key: readerOf(key) })
    for (const text of [canonical(signMessage(seededRandom('no key of anna’s')(32), { statement: forged, seen: EMPTY_LOG })), ...signing.board.entries.map((one) => one.text)]) log.add(text, signing.board.attachments)
    expect([log.ledger.end, log.ledger.current, log.ledger.faults.map(({ reason, accused }) => `${reason} ${String(accused)}`)]).to.deep.equal(['aborted', 0, ['bad-signature null']])
  })
})
