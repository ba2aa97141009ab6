import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { toHex } from '../../engine/base/bytes.ts'
import { hasBegun } from '../../engine/run/client-work.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import { standingOf } from '../../engine/run/standing.ts'
import type { CeremonyState } from '../../engine/run/standing.ts'
import { tamperingOf } from '../../engine/simulate/faults.ts'
import { prepareSimulation, runMember, seededRandom } from '../../engine/simulate/simulate.ts'
import type { SimulatedMember } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { EMPTY_LOG } from '../../engine/wire/log.ts'
import { abandonOn, abandonProblem, refuseAbandon } from '../roles/client-run.ts'
import { Ledgers, statusOf } from '../roles/client-session.ts'
import type { ClientSession } from '../roles/client-session.ts'
import { always, dkg, feedUntil, keyWith, ledgerUntil, three as names, untilCertified } from './simulated.ts'

const DAY = 24 * 3600_000
const stateFor = (ledger: Ledger, name: string, hasBegun = false): CeremonyState => standingOf(ledger, Date.now(), { name, hasBegun }).state
const opened = ({ ceremony, opening }: { readonly ceremony: string; readonly opening: Parameters<Ledgers['of']>[0]['opening'] }) => ({ id: ceremony, opening, by: 'ada', offset: 0 })

describe('giving a ceremony up', () => {
  it('is refused as long as it may still succeed, to who is not bound by it, once it has succeeded, and once it is dead', async () => {
    const silent = ledgerUntil(await keyWith(['silent:bob:ProcessDeals']), ({ aborts }) => aborts.length > 0)
    // The deadline of the last step, or of a complaint if that is later.
    const last = Math.max(silent.deadline(4), silent.disputeDeadline('Complaint'))
    expect(abandonProblem(silent, 'ada', last - 1)).to.match(/^it may still succeed until \d{4}-/)
    expect(abandonProblem(silent, 'ada', last)).to.equal(null)
    expect(abandonProblem(silent, 'bob', last)).to.match(/your part of its success is not stated/)
    const usable = await keyWith([])
    for (const holds of [untilCertified, always]) expect(abandonProblem(ledgerUntil(usable, holds), 'ada', Infinity)).to.match(/its success certificate is complete/)
    expect(abandonProblem(ledgerUntil(await keyWith(['wrong-share:ada:bob']), always), 'cem', Infinity)).to.match(/it can never be usable anyway: .*bob/)
  })

  describe('by command, with a real airgap, on a board in memory', () => {
    let home: string
    let member: SimulatedMember
    let session: ClientSession
    let made: Awaited<ReturnType<typeof prepareSimulation>>
    const ledgerNow = (): Ledger => ledgerUntil(made, always)
    const signal = new AbortController().signal
    const exchange = (request: string) => member.airgap.handle(request)

    /**
     * All but bob state their part of the certificate, and nobody answers the question whether to give up. Then a
     * command asks ada's client to do it.
     */
    before(async () => {
      home = await mkdtemp(join(tmpdir(), 'keyrite-abandon-'))
      const random = seededRandom('abandon')
      const tamper = tamperingOf(['silent:bob:ProcessDeals'], { script: dkg, verbs, random, names })
      made = await prepareSimulation({ script: dkg, names, parameters: { threshold: 2 }, verbs, random, idle: 20, tamper, opensAt: Date.now() - 30 * DAY })
      const ends = await Promise.all(made.members.map((one) =>
        runMember({ ...one, client: { ...one.client, offerAbandon: () => Promise.resolve(false) } }, made.opening, signal)))
      expect(ends.map((end) => end?.outcome)).to.deep.equal(['doubtful', 'doubtful', 'doubtful'])
      member = made.members.find(({ name }) => name === 'ada')!
      const { airgapKey, epoch, signingKey } = member.card
      session = {
        board: made.board, feed: await feedUntil(made, made.board.entries.length - 1), home, pinned: Promise.resolve(EMPTY_LOG), held: Promise.resolve(EMPTY_LOG), running: Promise.resolve(), signal, close: () => Promise.resolve(),
        identity: { version: 2, name: 'ada', board: 'memory', signingKey, airgap: { airgapKey, epoch, cardSignature: '00'.repeat(64) } },
        secrets: { version: 1, signingSeed: toHex(member.signingKey), joinToken: null },
      }
    })
    after(() => rm(home, { recursive: true }))

    it('is refused to a client that never began to post its part, and changes nothing', async () => {
      const before = made.board.entries.length
      const other = { ...session, identity: { ...session.identity, name: 'bob' } }
      const error: unknown = await refuseAbandon(other, ledgerNow()).catch((reason: unknown) => reason)
      expect(isKeyriteError(error, 'run.closed'), String(error)).to.equal(true)
      expect([made.board.entries.length, stateFor(ledgerNow(), 'ada')]).to.deep.equal([before, 'doubtful'])
    })

    it('is open to who began to post its part, although no reader has seen it: its own client alone knows of the doubt', async () => {
      const ledger = ledgerNow()
      const bob = made.members.find(({ name }) => name === 'bob')!
      expect([ledger.isBound('bob'), await hasBegun(bob.client.store, ledger), await hasBegun({ get: () => Promise.resolve(undefined), put: () => Promise.resolve() }, ledger)]).to.deep.equal([false, true, false])
      expect([stateFor(ledger, 'bob'), stateFor(ledger, 'bob', true)]).to.deep.equal(['aborted', 'doubtful'])
      expect([abandonProblem(ledger, 'bob', Date.now()) === null, abandonProblem(ledger, 'bob', Date.now(), true)]).to.deep.equal([false, null])
    })

    it('puts one statement into the log once the airgap’s owner has agreed, after which it is dead for all, and abandoned for who gave it up', async () => {
      await refuseAbandon(session, ledgerNow())
      await abandonOn(session, ledgerNow(), exchange, signal)
      const ledger = ledgerNow()
      expect(names.map((name) => stateFor(ledger, name))).to.deep.equal(['abandoned', 'dead', 'dead'])
      expect(ledger.dead?.why).to.match(/ada/)
      expect(member.memory.read().sessions[ledger.id]?.state).to.equal('abandoned')
      expect(member.memory.read().archive).to.deep.equal({})
    })

    it('may be done again, as after a crash, asks for no scan, and posts nothing twice', async () => {
      const before = made.board.entries.length
      await refuseAbandon(session, ledgerNow())
      await abandonOn(session, ledgerNow(), () => Promise.reject(new Error('asked again')), signal)
      expect(made.board.entries.length).to.equal(before)
    })
  })
})

describe('keyrite client status', () => {
  let home: string
  before(async () => (home = await mkdtemp(join(tmpdir(), 'keyrite-status-'))))
  after(() => rm(home, { recursive: true }))

  const long = { opensAt: Date.now() - 30 * DAY }
  const usable = () => keyWith([])
  const cases: readonly (readonly [state: string, run: () => ReturnType<typeof keyWith>, until: (ledger: Ledger) => boolean, me: string, says: RegExp])[] = [
    ['running', usable, ({ current }) => current === 2, 'ada', /SendDeals \(3 of 5\): waiting for ada, bob, cem/],
    ['disputed', () => keyWith(['no-justification:ada:bob']), always, 'cem', /who is to blame is being judged(.|\n)*ada is accused by bob, and an answer is awaited until/],
    ['aborted', () => keyWith(['silent:bob:SendCommits']), always, 'ada', /aborted in SendCommits \(missing, naming bob\)/],
    ['dead', () => keyWith(['wrong-share:ada:bob']), always, 'cem', /The log proves ada guilty \(dkg\.bad-deal\)/],
    ['doubtful', () => keyWith(['silent:bob:ProcessDeals']), ({ aborts }) => aborts.length > 0, 'ada', /DOUBTFUL(.|\n)*keyrite client abandon/],
    ['aborted', () => keyWith(['silent:bob:ProcessDeals']), ({ aborts }) => aborts.length > 0, 'bob', /aborted/],
    ['abandoned', () => keyWith(['silent:bob:ProcessDeals']), always, 'ada', /you gave it up for good/],
    ['confirming', usable, untilCertified, 'ada', /DO NOT USE ITS RESULT YET/],
    ['unconfirmed', () => keyWith([], long), untilCertified, 'ada', /UNCONFIRMED(.|\n)*waiting for ada, bob, cem/],
    ['usable', usable, always, 'ada', /groupKey: [0-9a-f]{96}/],
  ]
  for (const [state, run, until, me, says] of cases) {
    it(`says so where it is ${state} for ${me}`, async () => {
      const found = await run()
      const { card } = found.members.find(({ name }) => name === me)!
      const feed = await feedUntil(found, ledgerUntil(found, until).asOf)
      const identity = { version: 2 as const, name: me, board: 'memory', signingKey: card.signingKey, airgap: null }
      const status = await statusOf(home, identity, new Ledgers(home, feed), opened(found))
      expect([status.standing?.state, status.json['state']]).to.deep.equal([state, state])
      expect(status.lines.join('\n')).to.match(says)
    })
  }

  it('shows on one line, and without what steers a terminal, how an opening calls a script that is not here', async () => {
    const found = await usable()
    const identity = { version: 2 as const, name: 'ada', board: 'memory', signingKey: '', airgap: null }
    const { by } = opened(found)
    const opening = { ...found.opening, script: { name: 'dkg', version: '\u001b[2J1.0\n\u202eA LINE', hash: 'ab'.repeat(32) } }
    const status = await statusOf(home, identity, new Ledgers(home, await feedUntil(found, 0)), { ...opened(found), opening, by })
    expect(status.json['state']).to.equal('unknown-script')
    expect(status.lines[0]).to.match(/^dkg \ufffd\[2J1\.0\ufffd\ufffdA LINE, opened by /)
  })

  it('is that of what is on disk where the storage is gone, and says of what is not there that it cannot be read', async () => {
    const found = await usable()
    const identity = { version: 2 as const, name: 'ada', board: 'memory', signingKey: '', airgap: null }
    const last = found.board.entries.length - 1
    const gone = new Error('the storage is gone')
    const kept = await statusOf(home, identity, new Ledgers(home, await feedUntil(found, last), undefined, gone), opened(found))
    expect(kept.standing?.state).to.equal('usable')
    const lost = { ...found, board: { ...found.board, attachments: new Map<string, Uint8Array>() } }
    const reading = await new Ledgers(home, await feedUntil(lost, last), undefined, gone).of(opened(found)).catch((error: unknown) => error)
    expect(reading).to.equal(gone)
  })
})
