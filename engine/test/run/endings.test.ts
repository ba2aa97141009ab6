import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { exchangeWith } from '../../run/client-work.ts'
import { runClient } from '../../run/client.ts'
import { endingFor, unmade } from '../../run/ending.ts'
import { Feed } from '../../run/feed.ts'
import { verifyTranscript } from '../../run/verify.ts'
import { loadScript, readShipped, shippedLibrary } from '../../script/load.ts'
import { inStep, meddling, swallowed } from '../../simulate/meddling.ts'
import { runMember, seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Exchange } from '../../wire/exchange.ts'
import type { Simulated, Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { boardError } from '../../wire/board.ts'
import type { Board } from '../../wire/board.ts'
import { canonical } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { EMPTY_LOG } from '../../wire/log.ts'
import { parseMessage } from '../../wire/message.ts'
import type { Message } from '../../wire/message.ts'
import { beacon, dkg, dkgOptions, memberOf, namesOf, readerOf, resultOf, simulateDkg, simulateFaults, transcriptOf } from './harness.ts'
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
    for (const { memory } of run.members) expect(memory.read().archive).to.deep.equal({})
    expect(resultOf(run, 'anna').ledger.aborts.map(({ from, payload }) => [from, payload.reason])).to.deep.equal([['ben', 'operator']])
  })

  it('in the log, brought to the airgaps, erases their sessions, but where a part of the certificate was stated', async () => {
    const run = await simulateDkg(3, 2, 'close', { tamper: { ben: abortsBefore('SendDeals', 0) } })
    const abort = run.board.entries.find(({ text }) => text.includes('"type":"Abort"'))?.text ?? expect.fail()
    for (const { memory, airgap } of run.members) {
      await exchangeWith((request) => airgap.handle(request), run.ceremony, 'Abort', { ask: 'close', abort })
      expect(memory.read().sessions[run.ceremony]).to.include({ state: 'closed' })
    }
    const late = await simulateDkg(3, 2, 'doubt without an offer', { tamper: { ben: inStep('ProcessDeals', swallowed) }, abandons: false })
    expect(outcomes(late)).to.include({ anna: 'doubtful', cleo: 'doubtful' })
    const said = late.board.entries.find(({ text }) => text.includes('"type":"Abort"'))?.text ?? expect.fail()
    const error: unknown = await exchangeWith((request) => memberOf(late, 'anna').airgap.handle(request), late.ceremony, 'Abort', { ask: 'close', abort: said }).catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'airgap.refused')
    expect(memberOf(late, 'anna').memory.read().sessions[late.ceremony]).to.include({ state: 'live' })
  })

  it('after one’s own part leaves one in doubt, from which the certificate leads back to success', async () => {
    const doubted = new Set<string>()
    const run = await simulateDkg(3, 2, 'late abort', {
      tamper: { ben: abortsBefore('ProcessDeals', 2) },
      // On duty, since ben may still complain; and then in doubt.
      onProgress: ({ name, step }) => ['answering', 'doubting'].includes(step) && doubted.add(name),
    })
    expect(outcomes(run)).to.deep.equal({ anna: 'usable', ben: 'usable', cleo: 'usable' })
    expect(doubted).to.include('anna').and.to.include('cleo')
    for (const name of namesOf(3)) expect(resultOf(run, name).fault).to.equal(null)
  })

  it('ends in doubt where the certificate stays away, and never with some who succeed', async () => {
    const run = await simulateDkg(3, 2, 'doubt', { abandons: false, tamper: { ben: meddling(async ({ message, board, sign, text }) => {
      if (message.statement.step !== 'ProcessDeals') return board.post(text)
      while (board.entries.filter((entry) => entry.text.includes('"ProcessDeals"')).length < 2) await setImmediate()
      const payload = { reason: 'operator', step: null, accused: null, evidence: { why: 'no', offsets: [] } }
      return board.force(sign({ statement: { ...message.statement, step: null, type: 'Abort', payload }, seen: message.seen }))
    }) } })
    expect(outcomes(run)).to.include({ anna: 'doubtful', cleo: 'doubtful' })
    // Their airgaps still have all that it takes, should ben's part come.
    for (const name of ['anna', 'cleo']) expect(memberOf(run, name).memory.read().sessions[run.ceremony]).to.include({ state: 'live' })
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
    const garbled: Tampering = { board: (board): Board => ({
      ...board,
      async *follow(pin, signal) {
        for await (const entry of board.follow(pin, signal)) yield entry.offset === 2 ? { ...entry, text: '{"not":"a message"}' } : entry
      },
    }) }
    const error: unknown = await simulate({ ...options, tamper: { ben: garbled } }).catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'board.tampered')
  })

  it('that keeps an attachment back is named in the Abort, accuses nobody, and keeps nobody waiting for ever', async () => {
    for (const step of ['SendCommits', 'SendDeals']) {
      const run = await simulateFaults(3, 2, [`storage-withholds:ben:${step}`])
      const { outcome, fault, ledger } = resultOf(run, 'ben')
      expect(outcome).to.equal('aborted')
      expect(fault).to.include({ reason: 'withheld', accused: null, convicts: false, step })
      expect(ledger.withheld).to.match(/^[0-9a-f]{64}$/)
      expect(resultOf(run, 'anna').ledger.aborts.some(({ payload }) => payload.reason === 'withheld' && payload.accused === null)).to.equal(true)
    }
  })

  it('that keeps an attachment back from a client that starts late keeps it from starting no longer than to the deadline', async () => {
    const run = await simulateDkg(2, 2, 'withheld before', { tamper: { ben: abortsBefore('SendDeals', 0) } })
    const { client, memory } = memberOf(run, 'ben')
    const closed: Board = { ...run.board, getAttachment: (hash) => Promise.reject(boardError('missing', { hash })) }
    const again = await runMember({ ...memberOf(run, 'ben'), memory, client: { ...client, board: closed, feed: new Feed({ board: closed, store: emptyLog, retryDelay: 1 }) } }, run.opening, new AbortController().signal)
    expect(again?.outcome).to.equal('aborted')
    expect(again?.fault).to.include({ reason: 'withheld', accused: null })
  })

  it('that forges a member’s message after the certificate stops the clients that see it, and takes nothing back from the others', async () => {
    const run = await simulateFaults(3, 2, ['storage-rewrites:ben:ProcessResponses'])
    expect(outcomes(run)).to.deep.equal({ anna: 'usable', ben: 'stopped', cleo: 'usable' })
    expect(resultOf(run, 'ben')).to.have.nested.property('trouble.code', 'board.tampered')
  })
})

describe('a result that cannot be made', () => {
  it('leaves all unconfirmed, in the log, the transcript and every client, however complete the steps are', async () => {
    const source = dkg.source.replace('threshold: quorum', 'threshold: quorum\n  other: quorum').replace('dkg.birth: [threshold,', 'dkg.birth: [other,')
    const { script } = loadScript(source, { file: 'other.yaml', library: shippedLibrary })
    if (script === undefined) throw new Error('a script that does not load')
    const run = await simulate(dkgOptions(3, 3, 'no birth', { script, parameters: { threshold: 3, other: 2 } }))
    expect(outcomes(run)).to.deep.equal({ anna: 'unconfirmed', ben: 'unconfirmed', cleo: 'unconfirmed' })
    const { ledger } = resultOf(run, 'anna')
    expect([ledger.end, ledger.outputs, ledger.current]).to.deep.equal(['unconfirmed', undefined, script.ceremony.steps.length])
    expect(unmade(ledger)).to.match(/birth signature does not verify/)
    const { verdict, outputs } = verifyTranscript(transcriptOf(run, script), { library: shippedLibrary, verbs, random: seededRandom('a stranger') })
    expect([verdict, outputs]).to.deep.equal(['unconfirmed', undefined])
  })
})

describe('a ceremony in doubt', () => {
  it('is given up for good by an owner who says so on both machines: dead for all who read it, abandoned for that one', async () => {
    const run = await simulateFaults(3, 2, ['silent:ben:ProcessDeals'])
    expect(outcomes(run)).to.include({ anna: 'dead', cleo: 'dead' })
    const { ledger } = resultOf(run, 'cleo')
    const by = ledger.roster.map(({ name }) => name).filter((name) => ledger.hasAbandoned(name))
    expect(by).to.include('anna')
    expect(endingFor(ledger, 'anna')).to.equal('abandoned')
    expect(memberOf(run, 'anna').memory.read().sessions[run.ceremony]).to.include({ state: 'abandoned' })
    expect(run.members.map(({ memory }) => Object.keys(memory.read().archive))).to.deep.equal([[], [], []])
    // ben’s part comes after all: the certificate is complete, and the key can never be used.
    const kept = await memberOf(run, 'ben').client.store.get(`${run.ceremony}/outbox-ProcessDeals`)
    await run.board.post(kept ?? expect.fail())
    const late = readerOf(run)
    expect(late).to.include({ certified: true, end: 'dead' })
  })

  it('is not given up where the owner’s airgap says no: it stays in doubt, and another day may complete it', async () => {
    const refusing: Tampering = { exchange: (airgap) => async (request) => {
      const { body, ceremony, step, digest } = openEnvelope(request)
      if ((body as JsonObject)['ask'] !== 'abandon') return airgap.handle(request)
      return sealEnvelope({ kind: 'answer', ceremony, step, body: { give: 'refusal', request: digest, code: 'run.not-abandoned', what: 'No.', todo: 'Wait.' } })
    } }
    const run = await simulateDkg(3, 2, 'no to abandon', { tamper: { anna: refusing, ben: { ...refusing, ...inStep('ProcessDeals', swallowed) }, cleo: refusing } })
    expect(outcomes(run)).to.include({ anna: 'doubtful', cleo: 'doubtful' })
    for (const name of ['anna', 'cleo']) expect(memberOf(run, name).memory.read().sessions[run.ceremony]).to.include({ state: 'live' })
    expect(readerOf(run)).to.include({ end: 'aborted', dead: null })
  })

  it('of a script without a step to abandon ends as not completed', async () => {
    const names = namesOf(2)
    const run = await simulate({ script: beacon, names, parameters: {}, verbs, random: seededRandom('no step'), idle: 5, tamper: { ben: inStep('SendReveals', swallowed) } })
    expect(outcomes(run)).to.deep.equal({ anna: 'doubtful', ben: 'doubtful' })
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
  const statement = (change: (one: JsonObject) => JsonObject): Mangle => ({ body }) => ({ ...body, statement: change(body['statement'] as JsonObject) })

  const wrongAnswers: [string, Tampering, string][] = [
    ['to another request', mangled(({ body }) => ({ ...body, request: '00'.repeat(32) })), 'run.answer'],
    ['of another kind', mangled(({ body }) => ({ give: 'closed', request: body['request'] })), 'run.answer'],
    ['that asks where nothing assists', mangled(({ body }) => ({ give: 'question', request: body['request'], question: 1 })), 'run.answer'],
    ['with another payload', mangled(statement((one) => ({ ...one, payload: { ...(one['payload'] as JsonObject), digest: '00'.repeat(32) } }))), 'run.answer'],
    ['with another signature', mangled(statement((one) => ({ ...one, airgapSignature: '00'.repeat(64) }))), 'run.answer'],
    ['of another type', mangled(statement((one) => ({ ...one, type: 'Response' }))), 'run.answer'],
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
