import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { openEnvelope } from '../../channel/envelope.ts'
import { createAirgap } from '../../run/airgap.ts'
import { endingFor } from '../../run/ending.ts'
import { Feed } from '../../run/feed.ts'
import { meddling } from '../../simulate/meddling.ts'
import { prepareSimulation, runMember, seededRandom } from '../../simulate/simulate.ts'
import type { Prepared, SimulatedMember, Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { boardError } from '../../wire/board.ts'
import { parseMessage } from '../../wire/message.ts'
import { dkg, faultyOptions, memberOf, readerOf } from './harness.ts'

const emptyLog = { load: () => Promise.resolve([]), append: () => Promise.resolve() }

/** cleo keeps her part of the certificate back: the others have stated theirs, and hear of no end. */
const doubted = (more: Readonly<Record<string, Tampering>> = {}) => {
  const options = faultyOptions(3, 2, ['silent:cleo:ProcessDeals'], { idle: 300 })
  return prepareSimulation({ ...options, tamper: { ...options.tamper, ...more } })
}

/** Runs everybody, each asked by their client whether to give it up. Tells when each was asked. */
async function runAll(prepared: Prepared, gives: Readonly<Record<string, boolean>>) {
  const offered: { readonly name: string; readonly now: number }[] = []
  const { signal } = new AbortController()
  const ends = await Promise.all(prepared.members.map(async (member) => {
    const client = {
      ...member.client,
      offerAbandon: () => {
        offered.push({ name: member.name, now: member.client.clock.now() })
        return Promise.resolve(gives[member.name] === true)
      },
    }
    return [member.name, (await runMember({ ...member, client }, prepared.opening, signal)) ?? expect.fail(`${member.name} was stopped`)] as const
  }))
  return { ends: Object.fromEntries(ends), offered }
}

const abandonedIn = ({ board }: Prepared) => board.entries.map(({ text }) => parseMessage(text).statement).filter(({ type }) => type === 'Abandoned').map(({ from }) => from)
const stateOf = (prepared: Prepared, name: string) => {
  const sessions = Object.values(memberOf(prepared, name).memory.read().sessions)
  return sessions.map(({ state }) => state)
}

/** An airgap whose owner declines to give anything up. */
const keeping: Tampering = {
  exchange: (_, { memory }) => {
    const own = createAirgap({
      memory, confirm: ({ kind }) => Promise.resolve(kind === 'abandon' ? { declined: null } : true), script: () => dkg, verbs, random: seededRandom('keeping'), now: () => new Date(0),
    })
    return (request) => own.handle(request)
  },
}

describe('a client in doubt', function () {
  this.timeout(60_000)

  it('is offered to give it up once the last deadline is over, and no earlier; others see that it is dead', async () => {
    const prepared = await doubted()
    const { ends, offered } = await runAll(prepared, { anna: true })
    const { ledger } = ends['anna'] ?? expect.fail()
    expect(abandonedIn(prepared)).to.deep.equal(['anna'])
    for (const { now } of offered) expect(now).to.be.at.least(Math.max(ledger.deadline(ledger.ceremony.steps.length - 1), ledger.disputeDeadline('Complaint')))
    expect(offered.map(({ name }) => name)).to.include('anna')
    expect(ends['anna']?.outcome).to.equal('dead')
    expect(stateOf(prepared, 'anna')).to.deep.equal(['abandoned'])
    const reader = readerOf(prepared)
    expect(reader.end).to.equal('dead')
    expect([endingFor(reader, 'anna'), endingFor(reader, 'ben'), endingFor(reader)]).to.deep.equal(['abandoned', 'dead', 'dead'])
    // A participant who comes back sees it, and its airgap takes it for the end that it is.
    const ben = memberOf(prepared, 'ben')
    const again = await runMember({ ...ben, client: { ...ben.client, feed: new Feed({ board: prepared.board, store: emptyLog, retryDelay: 1 }) } }, prepared.opening, new AbortController().signal)
    expect(again?.outcome).to.equal('dead')
    expect(stateOf(prepared, 'ben')).to.deep.equal(['closed'])
  })

  it('stays in doubt as long as its owner gives nothing up, and is offered it again at the next start', async () => {
    const prepared = await doubted()
    const { ends, offered } = await runAll(prepared, {})
    expect(ends['anna']?.outcome).to.equal('doubtful')
    expect(endingFor(readerOf(prepared), 'anna')).to.equal('doubtful')
    expect(offered.map(({ name }) => name)).to.include.members(['anna', 'ben'])
    expect(stateOf(prepared, 'anna')).to.deep.equal(['live'])
    const anna = memberOf(prepared, 'anna')
    const restarted = (member: SimulatedMember): SimulatedMember => ({ ...member, client: { ...member.client, feed: new Feed({ board: prepared.board, store: emptyLog, retryDelay: 1 }) } })
    const again = await runMember(restarted(anna), prepared.opening, new AbortController().signal)
    expect(again?.outcome).to.equal('dead')
    expect(abandonedIn(prepared)).to.deep.equal(['anna'])
    // Another run changes nothing.
    expect((await runMember(restarted(anna), prepared.opening, new AbortController().signal))?.outcome).to.equal('dead')
    expect(abandonedIn(prepared)).to.deep.equal(['anna'])
  })

  it('whose airgap’s owner says no on the airgap stays in doubt, and nothing of it is in the log', async () => {
    const asked: string[] = []
    const prepared = await doubted({ anna: { exchange: (airgap, member, board) => {
      const exchange = keeping.exchange?.(airgap, member, board) ?? expect.fail()
      return (request, signal) => {
        asked.push((openEnvelope(request).body as { ask: string }).ask)
        return exchange(request, signal)
      }
    } } })
    const { ends } = await runAll(prepared, { anna: true })
    expect(asked).to.include('abandon')
    expect(ends['anna']?.outcome).to.equal('doubtful')
    expect(abandonedIn(prepared)).to.deep.equal([])
    expect(stateOf(prepared, 'anna')).to.deep.equal(['live'])
  })

  it('that gave it up, unheard by the storage, says so again where the certificate completes after all', async () => {
    let late: string | undefined
    let fails = 1
    const prepared = await doubted({
      cleo: meddling(({ message, text, board }) => {
        if (message.statement.type !== 'Response') return board.post(text)
        late = text
        return board.head()
      }),
      anna: meddling(async ({ message, text, board }) => {
        if (message.statement.type !== 'Abandoned' || fails === 0) return board.post(text)
        fails -= 1
        board.force(late ?? expect.fail())
        await setTimeout(200)
        throw boardError('unreachable', { url: 'memory', why: 'it is cut off' })
      }),
    })
    const { ends } = await runAll(prepared, { anna: true })
    expect(fails).to.equal(0)
    expect(abandonedIn(prepared)).to.deep.equal(['anna'])
    expect(ends['anna']?.outcome).to.equal('dead')
    expect(stateOf(prepared, 'anna')).to.deep.equal(['abandoned'])
    expect(readerOf(prepared).end).to.equal('dead')
  })
})
