import { expect } from 'chai'
import { createAirgap } from '../../run/airgap.ts'
import { runClient } from '../../run/client.ts'
import type { ClientResult } from '../../run/client.ts'
import { Feed } from '../../run/feed.ts'
import { meddling } from '../../simulate/meddling.ts'
import { prepareSimulation, runMember, seededRandom } from '../../simulate/simulate.ts'
import type { Prepared, SimulatedMember } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { boardError } from '../../wire/board.ts'
import type { Entry } from '../../wire/log.ts'
import { parseMessage } from '../../wire/message.ts'
import { airgapFrom, dkg, dkgOptions, memberOf, recordDkg, recording } from './harness.ts'
import type { Crossing } from './harness.ts'

/** Runs one member's client, killing it at every `every`-th thing that it says it does, and starting it anew with what it had on disk. */
async function runKilled({ client }: SimulatedMember, { opening }: Prepared, every: number, signal: AbortSignal): Promise<{ result: ClientResult; kills: number }> {
  const log: Entry[] = []
  const seen = new Set<string>()
  for (let kills = 0; ; kills++) {
    const killed = new AbortController()
    const stop = AbortSignal.any([killed.signal, signal])
    let events = 0
    const feed = new Feed({
      board: client.board, retryDelay: 1,
      store: { load: () => Promise.resolve([...log]), append: (entries) => Promise.resolve(void log.push(...entries)) },
    })
    const ends = runClient({
      ...client, opening, feed,
      onProgress: ({ step, doing }) => {
        const event = `${step} ${doing}`
        if (seen.has(event)) return
        events++
        // Each event kills once: the next run gets past it.
        if (events % every === 0) {
          seen.add(event)
          killed.abort()
        }
      },
    }, stop)
    const running = feed.run(stop)
    const result = await ends
    killed.abort()
    await running
    if (result !== null) return { result, kills }
    if (signal.aborted) throw new Error('stopped')
  }
}

describe('a client that is killed', () => {
  for (const every of [1, 2]) {
    it(`at every ${every === 1 ? '' : 'second '}thing that it does finishes all the same, asks for each answer once and posts nothing twice`, async () => {
      const crossings: Crossing[] = []
      const options = dkgOptions(3, 2, `killed ${every}`)
      const prepared = await prepareSimulation({ ...options, tamper: recording(options.names, crossings) })
      const stopped = new AbortController()
      const ends = await Promise.all(prepared.members.map(async (member) => {
        if (member.name !== 'ben') return runMember(member, prepared.opening, stopped.signal)
        const { result, kills } = await runKilled(member, prepared, every, stopped.signal)
        expect(kills).to.be.greaterThan(every === 1 ? 12 : 5)
        return result
      }))
      expect(ends.map((end) => end?.outcome)).to.deep.equal(['usable', 'usable', 'usable'])

      const answers = crossings.filter(({ name, before, after }) => name === 'ben' && before !== after)
      expect(answers.map(({ step }) => step)).to.deep.equal(dkg.ceremony.steps.map((step) => step.name))
      const texts = prepared.board.entries.map(({ text }) => text)
      expect(new Set(texts).size).to.equal(texts.length)
      const statements = texts.map((text) => JSON.stringify(parseMessage(text).statement))
      expect(new Set(statements).size).to.equal(statements.length)
      expect(texts).to.have.lengthOf(1 + 5 * 3)
    })
  }

  it('after its owner declined, and before the storage has its Abort, goes on to say so', async () => {
    let isCutOff = true
    const options = dkgOptions(3, 2, 'killed while it aborts')
    const cutOff = meddling(({ message, text, board }) => (isCutOff && message.statement.type === 'Abort' ? Promise.reject(boardError('unreachable', { url: 'memory', why: 'it is cut off' })) : board.post(text)))
    const prepared = await prepareSimulation({ ...options, tamper: { ben: { ...cutOff, declines: true } } })
    const ben = memberOf(prepared, 'ben')
    const killed = new AbortController()
    const onProgress = ({ step }: { readonly step: string }) => {
      if (step === 'waiting') killed.abort()
    }
    expect(await runMember({ ...ben, client: { ...ben.client, onProgress } }, prepared.opening, killed.signal)).to.equal(null)
    isCutOff = false
    const feed = new Feed({ board: ben.client.board, retryDelay: 1, store: { load: () => Promise.resolve([]), append: () => Promise.resolve() } })
    const end = await runMember({ ...ben, client: { ...ben.client, feed } }, prepared.opening, new AbortController().signal)
    expect(end?.outcome).to.equal('aborted')
    expect(end?.ledger.aborts.map(({ from, payload }) => [from, payload.reason])).to.deep.equal([['ben', 'rejected']])
  })

  it('once more after its end says the same end, and brings nothing to its airgap', async () => {
    const run = await recordDkg(3, 2, 'again')
    const ben = memberOf(run, 'ben')
    const count = run.crossings.length
    const posts = run.board.entries.length
    const again = await runMember({ ...ben, client: { ...ben.client, feed: new Feed({ board: run.board, store: emptyLog }) } }, run.opening, new AbortController().signal)
    expect(again?.outcome).to.equal('usable')
    expect(run.crossings).to.have.lengthOf(count)
    expect(run.board.entries).to.have.lengthOf(posts)
  })

  it('without its disk gets the same answers from its airgap, and posts nothing twice', async () => {
    const run = await recordDkg(3, 2, 'disk')
    const ben = memberOf(run, 'ben')
    const nothing = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() }
    const client = { ...ben.client, store: nothing, feed: new Feed({ board: run.board, store: emptyLog }) }
    const again = await runMember({ ...ben, client }, run.opening, new AbortController().signal)
    expect(again?.outcome).to.equal('usable')
    expect(run.board.entries).to.have.lengthOf(1 + 5 * 3)
  })
})

const emptyLog = { load: () => Promise.resolve([]), append: () => Promise.resolve() }

describe('an airgap that is restarted', () => {
  it('between all steps goes on from its memory, to the very bytes that it would have stated otherwise', async () => {
    const plain = await recordDkg(3, 2, 'restarted')
    const random = seededRandom('restarted')
    let starts = 0
    const restarted = await recordDkg(3, 2, 'restarted', {
      random,
      tamper: {
        ben: {
          exchange: (_, { memory }) => (request) => {
            starts++
            const now = () => new Date(0)
            return createAirgap({ memory, confirm: () => Promise.resolve(true), script: () => dkg, verbs, random, now }).handle(request)
          },
        },
      },
    })
    expect(starts).to.equal(5)
    const statementsOfBen = (run: typeof plain) => run.board.entries.map(({ text }) => parseMessage(text)).filter(({ statement }) => statement.from === 'ben').map(({ statement, airgapSignature }) => [statement, airgapSignature])
    expect(statementsOfBen(restarted)).to.deep.equal(statementsOfBen(plain))
  })

  it('answers every request of before with the same bytes, without asking its owner again', async () => {
    const run = await recordDkg(3, 2, 'same bytes')
    for (const { name, step, request, answer, after } of run.crossings) {
      const { airgap, asked, memory } = airgapFrom(after)
      expect(await airgap.handle(request), `${name} in ${step}`).to.equal(answer)
      expect(await airgap.handle(request), `${name} in ${step}, once more`).to.equal(answer)
      expect(asked).to.deep.equal([])
      expect(memory.read()).to.deep.equal(after)
    }
    // Once all is over, it answers every step as before.
    for (const name of ['anna', 'ben', 'cleo']) {
      const mine = run.crossings.filter((one) => one.name === name)
      const { airgap } = airgapFrom(mine.at(-1)?.after ?? expect.fail())
      for (const { request, answer } of mine) expect(await airgap.handle(request)).to.equal(answer)
    }
  })

  it('cut off before its memory was written has used up nothing', async () => {
    const run = await recordDkg(3, 2, 'cut off')
    for (const step of ['SendCommits', 'SendDeals', 'ProcessDeals', 'ProcessResponses']) {
      const { request, answer, before } = run.crossing('ben', step)
      const failing = airgapFrom(before, { memory: { read: () => before, update: () => Promise.reject(new Error('the disk is full')) } })
      const error: unknown = await failing.airgap.handle(request).catch((reason: unknown) => reason)
      expect(error).to.be.an('error').with.property('message', 'the disk is full')
      const { airgap } = airgapFrom(before)
      expect(await airgap.handle(request), step).to.equal(answer)
    }
  })
})
