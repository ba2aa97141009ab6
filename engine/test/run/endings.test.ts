import { expect } from 'chai'
import { setImmediate } from 'node:timers/promises'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { exchangeWith } from '../../run/client-exchange.ts'
import { Feed } from '../../run/feed.ts'
import { meddling } from '../../run/meddling.ts'
import { runMember, simulate } from '../../run/simulate.ts'
import type { Exchange, Simulated, Tampering } from '../../run/simulate.ts'
import { readShipped } from '../../script/shipped.ts'
import { runClient } from '../../run/client.ts'
import { boardError } from '../../wire/board.ts'
import type { Board } from '../../wire/board.ts'
import { canonical } from '../../wire/canonical.ts'
import type { JsonObject } from '../../wire/canonical.ts'
import { EMPTY_LOG, parseMessage } from '../../wire/message.ts'
import type { Message } from '../../wire/message.ts'
import { dkg, dkgOptions, memberOf, namesOf, resultOf, simulateDkg, simulateFaults } from './harness.ts'
import { expectNobodyHonestBlamed } from './judging.ts'

const emptyLog = { load: () => Promise.resolve([]), append: () => Promise.resolve() }
const outcomes = (run: Simulated) => Object.fromEntries([...run.results].map(([name, { outcome }]) => [name, outcome]))
const typesBy = (run: Simulated, name: string) => run.board.entries.map(({ text }) => parseMessage(text).statement).filter(({ from }) => from === name).map(({ type }) => type)

/** A participant that posts an Abort in its own name right before it posts this step's message, once the others posted theirs. */
const abortsBefore = (step: string, others: number): Tampering => meddling(async ({ message, board, sign, text }) => {
  if (message.statement.step !== step) return board.post(text)
  const posted = () => board.entries.filter((entry) => entry.text.includes(`"step":"${step}"`)).length
  while (posted() < others) await setImmediate()
  const payload = { reason: 'operator', step: null, accused: null, evidence: { why: 'I do not like it', offsets: [] } }
  board.force(sign({ statement: { ...message.statement, step: null, type: 'Abort', payload }, seen: message.seen }))
  return board.post(text)
})

describe('an Abort', () => {
  it('before anybody stated a part of the certificate ends the ceremony for all; nobody posts any more, nobody keeps anything', async () => {
    const run = await simulateDkg(3, 2, 'early abort', { tamper: { ben: abortsBefore('SendDeals', 0) } })
    expect(outcomes(run)).to.deep.equal({ anna: 'aborted', ben: 'aborted', cleo: 'aborted' })
    for (const name of ['anna', 'cleo']) expect(typesBy(run, name)).not.to.include.members(['Response'])
    for (const { memory } of run.members) expect(memory.read().kept).to.deep.equal({})
    expect(resultOf(run, 'anna').ledger.aborts.map(({ from, payload }) => [from, payload.reason])).to.deep.equal([['ben', 'operator']])
  })

  it('in the log, brought to the airgaps, erases their sessions, but where a part of the certificate was stated', async () => {
    const run = await simulateDkg(3, 2, 'close', { tamper: { ben: abortsBefore('SendDeals', 0) } })
    const abort = run.board.entries.find(({ text }) => text.includes('"type":"Abort"'))?.text ?? expect.fail()
    for (const { memory, airgap } of run.members) {
      await exchangeWith((request) => airgap.handle(request), run.ceremony, 'Abort', { ask: 'close', abort })
      expect(memory.read().ceremonies[run.ceremony]).to.include({ state: 'aborted', salt: null })
    }
    const late = await simulateFaults(3, 2, ['silent:ben:ProcessDeals'])
    const said = late.board.entries.find(({ text }) => text.includes('"type":"Abort"'))?.text ?? expect.fail()
    const error: unknown = await exchangeWith((request) => memberOf(late, 'anna').airgap.handle(request), late.ceremony, 'Abort', { ask: 'close', abort: said }).catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'airgap.refused')
    expect(memberOf(late, 'anna').memory.read().ceremonies[late.ceremony]).to.include({ state: 'live' })
  })

  it('after one’s own part leaves one in doubt, from which the certificate leads back to success', async () => {
    const doubted = new Set<string>()
    const run = await simulateDkg(3, 2, 'late abort', {
      tamper: { ben: abortsBefore('ProcessDeals', 2) },
      onProgress: ({ name, step }) => step === 'doubting' && doubted.add(name),
    })
    expect(outcomes(run)).to.deep.equal({ anna: 'usable', ben: 'usable', cleo: 'usable' })
    expect(doubted).to.include('anna').and.to.include('cleo')
    for (const name of namesOf(3)) expect(resultOf(run, name).fault).to.equal(null)
  })

  it('ends in doubt where the certificate stays away, and never with some who succeed', async () => {
    const run = await simulateDkg(3, 2, 'doubt', { tamper: { ben: meddling(async ({ message, board, sign, text }) => {
      if (message.statement.step !== 'ProcessDeals') return board.post(text)
      while (board.entries.filter((entry) => entry.text.includes('"ProcessDeals"')).length < 2) await setImmediate()
      const payload = { reason: 'operator', step: null, accused: null, evidence: { why: 'no', offsets: [] } }
      return board.force(sign({ statement: { ...message.statement, step: null, type: 'Abort', payload }, seen: message.seen }))
    }) } })
    expect(outcomes(run)).to.include({ anna: 'doubtful', cleo: 'doubtful' })
    // Their airgaps still have all that it takes, should it come.
    for (const name of ['anna', 'cleo']) expect(memberOf(run, name).memory.read().ceremonies[run.ceremony]).to.include({ state: 'live' })
    // It comes: the same clients, started again, go on to the end.
    const ben = memberOf(run, 'ben')
    const kept = await ben.client.store.get(`${run.ceremony}/outbox-ProcessDeals`)
    await run.board.post(kept ?? expect.fail())
    const again = await Promise.all(namesOf(3).map((name) => {
      const member = memberOf(run, name)
      return runMember({ ...member, client: { ...member.client, board: run.board, feed: new Feed({ board: run.board, store: emptyLog }) } }, run.opening, new AbortController().signal)
    }))
    expect(again.map((end) => end?.outcome)).to.deep.equal(['usable', 'usable', 'usable'])
  })

  it('keeps a client from posting its part of the certificate, even when its airgap just stated it', async () => {
    const aborted = (entries: readonly { readonly text: string }[]) => entries.some(({ text }) => text.includes('"type":"Abort"'))
    const late: Tampering = {
      exchange: (airgap, _, board) => async (request) => {
        const answer = await airgap.handle(request)
        if (openEnvelope(request).step !== 'ProcessDeals') return answer
        while (!aborted(board.entries)) await setImmediate()
        await setImmediate()
        return answer
      },
    }
    const run = await simulateDkg(3, 2, 'no part', { tamper: { anna: late, ben: abortsBefore('ProcessDeals', 0), cleo: late } })
    expect(outcomes(run)).to.include({ anna: 'aborted', cleo: 'aborted' })
    expect([...typesBy(run, 'anna'), ...typesBy(run, 'cleo')]).not.to.include('Response')
    expectNobodyHonestBlamed(run, ['ben'])
  })
})

describe('a deadline', () => {
  it('names all who are missing, and accuses one only if it is one', async () => {
    const run = await simulateFaults(4, 2, ['silent:ben:SendCommits', 'silent:cleo:SendCommits'])
    const { fault } = resultOf(run, 'anna')
    expect(fault).to.include({ reason: 'missing', accused: null, step: 'SendCommits', convicts: false })
    expect(fault?.why).to.match(/^ben, cleo did not finish SendCommits by 2026-01-03T00:00:00.000Z$/)
  })

  it('after the certificate aborts nothing: whoever comes late still makes the key usable', async () => {
    const run = await simulateFaults(3, 2, ['silent:ben:ProcessResponses'])
    expect(outcomes(run)).to.include({ anna: 'unconfirmed', cleo: 'unconfirmed' })
    expect(resultOf(run, 'anna').ledger.missing(4)).to.deep.equal(['ben'])
    const late = (name: string) => {
      const member = memberOf(run, name)
      const clock = { now: () => resultOf(run, 'anna').ledger.deadline(4) + 1000, until: (_: number, signal: AbortSignal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())) }
      return runMember({ ...member, client: { ...member.client, clock, board: run.board, feed: new Feed({ board: run.board, store: emptyLog }) } }, run.opening, new AbortController().signal)
    }
    const ends = await Promise.all([late('ben'), late('anna')])
    expect(ends.map((end) => end?.outcome)).to.deep.equal(['usable', 'usable'])
  })
})

describe('a storage', () => {
  /** A board whose every n-th call of `post` fails before or after it had effect. */
  const flaky = (fails: (count: number) => 'before' | 'after' | undefined): Tampering => {
    let count = 0
    return { board: (board): Board => ({
      ...board,
      post: async (text) => {
        const how = fails(count++)
        const unreachable = boardError('unreachable', { url: 'memory', why: 'it is down' })
        if (how === 'before') throw unreachable
        const pin = await board.post(text)
        if (how === 'after') throw unreachable
        return pin
      },
    }) }
  }

  it('that cannot be reached for a while, or whose answer is lost, costs nothing but time', async () => {
    const run = await simulateDkg(2, 2, 'flaky', { idle: 4000, tamper: { ben: flaky((count) => (count === 1 ? 'before' : count === 3 ? 'after' : undefined)) } })
    expect(outcomes(run)).to.deep.equal({ anna: 'usable', ben: 'usable' })
    expect(run.board.entries).to.have.lengthOf(1 + 2 + 2 + 2 + 2 + 2)
  })

  it('that never comes back ends the run after the last deadline, and not before', async () => {
    const run = await simulateDkg(2, 2, 'down', { tamper: { ben: flaky((count) => (count >= 1 ? 'before' : undefined)) } })
    expect(outcomes(run)).to.deep.equal({ anna: 'aborted', ben: 'aborted' })
    expect(resultOf(run, 'ben').fault).to.include({ reason: 'missing' })
  })

  it('that gives another log than before stops the client, with the storage’s error', async () => {
    const run = await simulateDkg(2, 2, 'tampered')
    const member = memberOf(run, 'ben')
    const tampered: Board = {
      ...run.board,
      // eslint-disable-next-line @typescript-eslint/require-await -- a generator that fails before its first value
      async *follow() {
        throw boardError('tampered', { offset: 3, why: 'its head changed' })
        yield run.board.entries[0] ?? expect.fail()
      },
    }
    const error: unknown = await runMember({ ...member, client: { ...member.client, feed: new Feed({ board: tampered, store: emptyLog }) } }, run.opening, new AbortController().signal)
      .catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'board.tampered')
  })

  it('that lists what is no message stops the client', async () => {
    const options = dkgOptions(2, 2, 'garbage')
    const garbled: Tampering = meddling(({ board, text }) => {
      board.force('{"not":"a message"}')
      return board.post(text)
    })
    const error: unknown = await simulate({ ...options, tamper: { ben: garbled } }).catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'wire.malformed')
  })
})

describe('a client', () => {
  type Mangle = (answer: { body: JsonObject; request: string }) => JsonObject
  const mangled = (mangle: Mangle): Tampering => ({
    exchange: (airgap): Exchange => async (request) => {
      const { kind, ceremony, step, body } = openEnvelope(await airgap.handle(request))
      return sealEnvelope({ kind, ceremony, step, body: mangle({ body: body as JsonObject, request }) })
    },
  })
  const statements = (change: (one: JsonObject) => JsonObject): Mangle => ({ body }) => ({ ...body, statements: (body['statements'] as readonly JsonObject[]).map(change) })

  const wrongAnswers: [string, Tampering, string][] = [
    ['to another request', mangled(({ body }) => ({ ...body, request: '00'.repeat(32) })), 'run.answer'],
    ['of another kind', mangled(({ body }) => ({ give: 'closed', request: body['request'] })), 'run.answer'],
    ['that asks where nothing assists', mangled(({ body }) => ({ give: 'question', request: body['request'], question: 1 })), 'run.answer'],
    ['with another payload', mangled(statements((one) => ({ ...one, payload: { ...(one['payload'] as JsonObject), digest: '00'.repeat(32) } }))), 'run.answer'],
    ['with another signature', mangled(statements((one) => ({ ...one, airgapSignature: '00'.repeat(64) }))), 'run.answer'],
    ['of another type', mangled(statements((one) => ({ ...one, type: 'Response' }))), 'run.answer'],
    ['to somebody else', mangled(statements((one) => ({ ...one, to: 'anna' }))), 'run.answer'],
    ['twice', mangled(({ body }) => ({ ...body, statements: [0, 1].map(() => (body['statements'] as readonly JsonObject[])[0] ?? {}) })), 'run.answer'],
    ['with an attachment too many', mangled(({ body }) => ({ ...body, attachment: {} })), 'run.answer'],
    ['with a member too many', mangled(({ body }) => ({ ...body, more: 1 })), 'wire.malformed'],
    ['that is no envelope', { exchange: () => () => Promise.resolve('{}') }, 'channel.bad-envelope'],
    ['that is a request', { exchange: () => (request) => Promise.resolve(request) }, 'wire.malformed'],
    ['that never comes: the carrier fails', { exchange: () => () => Promise.reject(new Error('no camera')) }, 'bug'],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever a carrier may throw
    ['that never comes: the carrier fails with no error at all', { exchange: () => () => Promise.reject('oh') }, 'bug'],
  ]
  for (const [what, tampering, code] of wrongAnswers) {
    it(`that gets an answer ${what} stops, says why, and posts nothing of it`, async () => {
      const run = await simulateDkg(2, 2, what, { tamper: { ben: tampering } })
      const { outcome, trouble } = resultOf(run, 'ben')
      expect([outcome, trouble?.code]).to.deep.equal(['stopped', code])
      expect(trouble?.what).to.not.equal('')
      expect(typesBy(run, 'ben')).to.deep.equal([])
      expect(outcomes(run)['anna']).to.equal('aborted')
    })
  }

  it('that finds its place in the log taken by another statement stops and says so', async () => {
    const run = await simulateDkg(2, 2, 'conflict', { tamper: { ben: { board: (board): Board => ({ ...board, post: () => Promise.reject(boardError('conflict', { offset: 1, why: 'taken' })) }) } } })
    expect(resultOf(run, 'ben')).to.have.nested.property('trouble.code', 'board.conflict')
  })

  it('that is told to stop ends with nothing, wherever it is', async () => {
    for (const at of ['asking', 'posting', 'collecting']) {
      const stop = new AbortController()
      const run = await simulateDkg(2, 2, `stop ${at}`, { signal: stop.signal, onProgress: ({ step, doing }) => step === 'SendDeals' && doing === at && stop.abort() })
      expect(run.results.size, at).to.equal(0)
    }
  })

  it('does not bring a request to its airgap when the log it starts with is aborted', async () => {
    const run = await simulateDkg(2, 2, 'aborted before', { tamper: { anna: abortsBefore('SendPublicKeys', 0) } })
    const { client } = memberOf(run, 'ben')
    const stop = new AbortController()
    const feed = new Feed({ board: run.board, store: emptyLog })
    const running = feed.run(stop.signal)
    await setImmediate()
    let brought = 0
    const exchange = () => {
      brought++
      return Promise.reject(new Error('no'))
    }
    const nothing = { get: () => setImmediate(undefined), put: () => Promise.resolve() }
    const again = await runClient({ ...client, opening: run.opening, store: nothing, feed, exchange }, stop.signal)
    stop.abort()
    await running
    expect(again?.outcome).to.equal('aborted')
    expect(brought).to.equal(0)
  })

  it('refuses to run a script that this version cannot run, or that is not the opening’s', async () => {
    const run = await simulateDkg(2, 2, 'tampered')
    const { client } = memberOf(run, 'ben')
    const codeWith = (more: Partial<typeof client>) =>
      runClient({ ...client, opening: run.opening, ...more }, new AbortController().signal).catch((reason: unknown) => (reason as { code: string }).code)
    expect(await codeWith({ verbs: { ...client.verbs, check: {} } })).to.equal('run.not-runnable')
    expect(await codeWith({ script: readShipped('sign') })).to.equal('run.opening')
  })

  it('pins what it had seen in every message', async () => {
    const run = await simulateDkg(2, 2, 'pins')
    const heads = run.board.entries.map(({ head }) => head)
    run.board.entries.forEach(({ text }, offset) => {
      const { seen }: Message = parseMessage(text)
      expect(seen.offset).to.be.below(offset)
      expect(seen.head).to.equal(seen.offset === -1 ? EMPTY_LOG.head : heads[seen.offset])
    })
    expect(canonical(run.opening)).to.contain(dkg.hash)
  })
})
