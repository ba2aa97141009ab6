import { setImmediate, setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { openEnvelope } from '../../channel/envelope.ts'
import type { ClientResult } from '../../run/client.ts'
import { Feed } from '../../run/feed.ts'
import { tamperingOf } from '../../simulate/faults.ts'
import { meddling } from '../../simulate/meddling.ts'
import { prepareSimulation, runMember, seededRandom } from '../../simulate/simulate.ts'
import type { Prepared, SimulatedMember, Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { boardError } from '../../wire/board.ts'
import { parseMessage } from '../../wire/message.ts'
import { dkg, dkgOptions, memberOf, namesOf, readerOf } from './harness.ts'

const STEP = 'ProcessDeals'
const emptyLog = { load: () => Promise.resolve([]), append: () => Promise.resolve() }

/** Posts an Abort in its own name before its message of the step with the disputes, and the message once `until` holds. */
const abortsThen = (until: () => boolean): Tampering => meddling(async ({ message, board, sign, text }) => {
  if (message.statement.step !== STEP) return board.post(text)
  const payload = { reason: 'operator', step: null, accused: null, evidence: { why: 'I do not like it', offsets: [] } }
  board.force(sign({ statement: { ...message.statement, step: null, type: 'Abort', payload }, seen: message.seen }))
  while (!until()) await setImmediate()
  board.force(text)
  return board.head()
})

const falseComplaint = () => tamperingOf(['false-complaint:ben:anna'], { script: dkg, verbs, random: seededRandom('a false complaint'), names: namesOf(3) })['ben'] ?? expect.fail()

/** An airgap whose client gets no answer from it in the step with the disputes. */
const silentAirgap: Tampering = {
  exchange: (airgap) => (request, signal) => (openEnvelope(request).step === STEP
    ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }))
    : airgap.handle(request)),
}

const typesIn = ({ board }: Prepared) => board.entries.map(({ text }) => parseMessage(text).statement).map(({ from, type }) => `${from} ${type}`)

/** Runs everybody; `anna`, if given, in the place of her client's run. */
async function runAll(prepared: Prepared, anna?: (member: SimulatedMember) => Promise<ClientResult | null>): Promise<Record<string, ClientResult>> {
  const { signal } = new AbortController()
  const ends = await Promise.all(prepared.members.map(async (member) => {
    const end = await (member.name === 'anna' && anna !== undefined ? anna(member) : runMember(member, prepared.opening, signal))
    return [member.name, end ?? expect.fail(`${member.name} was stopped`)] as const
  }))
  return Object.fromEntries(ends)
}

describe('after an Abort in the step with the disputes, a client', function () {
  this.timeout(60_000)

  it('answers a complaint about it that comes later, and the complainer is convicted', async () => {
    let isOnDuty = false
    const prepared = await prepareSimulation(dkgOptions(3, 2, 'a late complaint', {
      idle: 400, tamper: { ben: { ...falseComplaint(), ...abortsThen(() => isOnDuty) } },
      onProgress: ({ name, step, doing }) => {
        if (name === 'anna' && step === 'answering' && doing === 'waiting') isOnDuty = true
      },
    }))
    const ends = await runAll(prepared)
    const types = typesIn(prepared)
    expect(types.indexOf('ben Abort')).to.be.lessThan(types.indexOf('ben Complaint'))
    expect(types.indexOf('ben Complaint')).to.be.lessThan(types.indexOf('anna Justification'))
    expect(types.filter((one) => one.endsWith('Justification'))).to.deep.equal(['anna Justification'])
    // A participant that is not accused need not wait for it: any reader of the log finds the same.
    for (const ledger of [ends['anna']?.ledger ?? expect.fail(), readerOf(prepared)]) {
      expect(ledger.faults.filter(({ convicts }) => convicts).map(({ reason, accused }) => [reason, accused])).to.deep.equal([['dkg.false-complaint', 'ben']])
      expect(ledger.end).to.equal('dead')
    }
    for (const name of ['anna', 'cleo']) {
      expect(ends[name]?.outcome, name).to.equal('dead')
      expect(memberOf(prepared, name).memory.read().sessions[ends[name]?.ledger.id ?? ''], name).to.include({ state: 'closed' })
    }
  })

  it('goes on with that after a restart', async () => {
    let isDead = false
    const prepared = await prepareSimulation(dkgOptions(3, 2, 'a restart on duty', { idle: 400, tamper: { ben: { ...falseComplaint(), ...abortsThen(() => isDead) } } }))
    await runAll(prepared, async (anna) => {
      const killed = new AbortController()
      const client = {
        ...anna.client,
        onProgress: ({ step, doing }: { step: string; doing: string }) => {
          if (step === 'answering' && doing === 'waiting') killed.abort()
        },
      }
      expect(await runMember({ ...anna, client }, prepared.opening, killed.signal)).to.equal(null)
      isDead = true
      while (!typesIn(prepared).includes('ben Complaint')) await setImmediate()
      return runMember({ ...anna, client: { ...anna.client, feed: new Feed({ board: anna.client.board, store: emptyLog, retryDelay: 1 }) } }, prepared.opening, new AbortController().signal)
    })
    expect(typesIn(prepared)).to.include('anna Justification')
    expect(readerOf(prepared).faults.map(({ reason, accused }) => [reason, accused])).to.deep.equal([['dkg.false-complaint', 'ben']])
  })

  for (const [isLast, what] of [[true, 'no longer than until all others have stated their part'], [false, 'to the disputes’ deadline, where somebody else may still complain']] as const) {
    it(`keeps its airgap’s session ${what}`, async () => {
      let isOnDuty = false
      const silent = tamperingOf([`silent:cleo:${STEP}`], { script: dkg, verbs, random: seededRandom('silent'), names: namesOf(3) })
      const prepared = await prepareSimulation(dkgOptions(3, 2, `duty ${String(isLast)}`, {
        idle: 400, tamper: { anna: silentAirgap, ben: abortsThen(() => isOnDuty && (!isLast || hasResponse())), ...(isLast ? {} : silent) },
        onProgress: ({ name, step, doing }) => {
          if (name === 'anna' && step === 'answering' && doing === 'waiting') isOnDuty = true
        },
      }))
      function hasResponse(): boolean {
        return typesIn(prepared).includes('cleo Response')
      }
      const ends = await runAll(prepared, async (anna) => {
        const end = await runMember(anna, prepared.opening, new AbortController().signal) ?? expect.fail()
        const deadline = end.ledger.disputeDeadline('Complaint')
        expect(anna.client.clock.now() < deadline).to.equal(isLast)
        return end
      })
      expect(isOnDuty).to.equal(true)
      expect(ends['anna']?.outcome).to.equal('aborted')
      expect(typesIn(prepared)).to.not.include('anna Response')
      expect(memberOf(prepared, 'anna').memory.read().sessions[ends['anna']?.ledger.id ?? '']).to.include({ state: 'closed' })
    })
  }

  it('answers one that came before its airgap had stated its part, and waits for what else may come, without asking that again and again', async () => {
    let isComplained = (): boolean => false
    const slowAirgap: Tampering = {
      exchange: (airgap) => async (request) => {
        while (openEnvelope(request).step === STEP && !isComplained()) await setTimeout(5)
        await setTimeout(50)
        return airgap.handle(request)
      },
    }
    const prepared = await prepareSimulation(dkgOptions(3, 2, 'judged on duty', { idle: 1000, tamper: { anna: slowAirgap, ben: falseComplaint(), cleo: silentAirgap } }))
    isComplained = () => typesIn(prepared).includes('ben Complaint')
    const ends = await runAll(prepared)
    expect(typesIn(prepared)).to.include('anna Justification')
    expect(typesIn(prepared).filter((one) => one.endsWith('Response'))).to.deep.equal([])
    expect(readerOf(prepared).faults.filter(({ convicts }) => convicts).map(({ accused }) => accused)).to.deep.equal(['ben'])
    for (const name of ['anna', 'cleo']) expect(ends[name]?.outcome, name).to.equal('dead')
  })

  it('brings its answer again where the storage could not be reached', async () => {
    let fails = 2
    const cutOff = meddling(({ message, text, board }) => {
      if (message.statement.type !== 'Justification' || fails === 0) return board.post(text)
      fails -= 1
      return Promise.reject(boardError('unreachable', { url: 'memory', why: 'it is cut off' }))
    })
    const prepared = await prepareSimulation(dkgOptions(3, 2, 'an answer that is lost', { idle: 1500, tamper: { anna: cutOff, ben: falseComplaint() } }))
    await runAll(prepared)
    expect(fails).to.equal(0)
    expect(typesIn(prepared)).to.include('anna Justification')
    expect(readerOf(prepared).faults.filter(({ convicts }) => convicts).map(({ accused }) => accused)).to.deep.equal(['ben'])
  })
})
