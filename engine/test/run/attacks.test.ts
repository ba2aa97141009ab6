/** The attacks of protocol §13.3, each on a real ceremony: whatever a few of its members do, nothing false is concluded from its log. */
import { expect } from 'chai'
import { openEnvelope } from '../../channel/envelope.ts'
import { decodeG1, encodeG1, sumG1, timesBase } from '../../crypto/bls.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import { sumsHash } from '../../crypto/dkg.ts'
import { slotsOf } from '../../run/reading.ts'
import { verifyTranscript } from '../../run/verify.ts'
import type { Verification } from '../../run/verify.ts'
import { shippedLibrary } from '../../script/load.ts'
import { tamperingOf } from '../../simulate/faults.ts'
import { airgapSign, unsignedOf } from '../../simulate/meddling.ts'
import { seededRandom } from '../../simulate/simulate.ts'
import type { MemberKeys, Simulated, Tampering } from '../../simulate/simulate.ts'
import { field, trustedG1 } from '../../verbs/dkg.ts'
import { verbs } from '../../verbs/implementations.ts'
import { ArgReader } from '../../verbs/runtime.ts'
import type { AirgapVerb, Stating, Verbs } from '../../verbs/runtime.ts'
import { canonical } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { mostEntries } from '../../wire/limits.ts'
import { markOf } from '../../wire/log.ts'
import { parseMessage, signMessage, textHash } from '../../wire/message.ts'
import type { Message, Statement } from '../../wire/message.ts'
import { bodyOf, changed, dkg, memberOf, namesOf, readAnswer, readerOf, simulateDkg, textOf, transcriptOf } from './harness.ts'

const judged = (run: Simulated): Verification =>
  verifyTranscript(transcriptOf(run), { library: shippedLibrary, verbs, random: seededRandom('a stranger') })

const convictedBy = (run: Simulated): string[] => (judged(run).convicted ?? []).map(({ name, reason }) => `${name} ${reason}`).sort()

const outcomes = ({ results }: Simulated): string[] => [...results].map(([name, { outcome }]) => `${name} ${outcome}`).sort()

/** An airgap whose Response is another than the verb's. */
function responding(change: (stated: Stating & { readonly kind: 'states' }, ...given: Parameters<AirgapVerb>) => JsonObject, base: Verbs = verbs): Verbs {
  const honest = base.airgap['dkg.respond']
  return { ...base, airgap: { ...base.airgap, 'dkg.respond': (scope, args) => {
    const stated = honest?.(scope, args)
    if (stated?.kind !== 'states') return stated ?? { kind: 'asks', question: null }
    return { ...stated, payload: change(stated, scope, args) }
  } } }
}

/** The messages of a run's log. */
const logOf = ({ board }: Simulated): Message[] => board.entries.map(({ text }) => parseMessage(text))

function stated(run: Simulated, type: string, from: string): Message {
  const found = logOf(run).find(({ statement }) => statement.type === type && statement.from === from)
  if (found === undefined) throw new Error(`${from} stated no ${type}`)
  return found
}

/** Puts another statement of a member's airgap at the log's end, as only somebody with both its keys and the storage can. */
function append(run: Simulated, { statement, ...rest }: Message, change: Partial<Statement>): void {
  const member = memberOf(run, statement.from)
  const other = { ...statement, ...change }
  const { offset, head } = run.board.entries.at(-1) ?? { offset: -1, head: '' }
  const unsigned = { ...unsignedOf({ statement, ...rest }), statement: other, seen: { offset, head }, airgapSignature: airgapSign(member, other) }
  run.board.force(canonical(signMessage(member.signingKey, unsigned)))
}

const OTHER_KEY = encodeG1(timesBase(1n))
const plusG = (point: string): string => toHex(encodeG1(sumG1([decodeG1(fromHex(point, 48)), timesBase(1n)])))

describe('attacks on what is concluded', () => {
  for (const n of [2, 3]) {
    it(`A0: a bad dealer and the clients of all others convict no honest airgap, of ${n}`, async () => {
      const base = tamperingOf(['wrong-share:ben:anna'], { script: dkg, verbs, random: seededRandom('x'), names: namesOf(n) })
      // Everybody else's airgap states the sums that fit the wrong share at the victim's index alone.
      const lying = (name: string): Verbs => responding(({ payload }, scope, args) => {
        const read = new ArgReader('dkg.respond', args)
        const sum = encodeG1(sumG1(scope.roster.map((_, i) => trustedG1(field(read.statements(1), i + 1, 'key')))))
        const [first = '', ...rest] = read.texts(3)
        return { ...payload, sums: sumsHash([sum, ...[plusG(first), ...rest].map((one) => fromHex(one, 48))]) }
      }, base[name]?.airgapVerbs)
      const victim: Tampering = { exchange: (airgap) => async (request) => {
        if (openEnvelope(request).step !== 'ProcessDeals' || bodyOf(request)['ask'] !== 'step') return airgap.handle(request)
        const bent = changed(request, { body: (body) => {
          const [first, ...rest] = (body['prepared'] as { sums: string[] }).sums
          return { ...body, prepared: { sums: [plusG(first ?? ''), ...rest] } }
        } })
        return changed(await airgap.handle(bent), { body: (body) => ({ ...body, request: openEnvelope(request).digest }) })
      } }
      const others = namesOf(n).slice(1).map((name): [string, Tampering] => [name, { ...base[name], airgapVerbs: lying(name) }])
      const run = await simulateDkg(n, n, `convict ${n}`, { tamper: { anna: victim, ...Object.fromEntries(others) } })
      expect(stated(run, 'Response', 'anna').airgapSignature, 'the honest airgap was taken in').to.be.a('string')
      expect(convictedBy(run)).to.deep.equal([])
      expect(judged(run).verdict).to.equal('dead')
      expect(judged(run).outputs).to.equal(undefined)
    })
  }

  describe('A1: nothing that comes later takes a usable key back', () => {
    let run: Simulated
    let key: unknown
    beforeEach(async () => {
      run = await simulateDkg(3, 2, 'a usable key')
      key = judged(run).outputs?.['groupKey']
      expect(judged(run).verdict).to.equal('usable')
    })

    const same = (convicted: readonly string[]) => {
      const found = judged(run)
      expect([found.verdict, found.outputs?.['groupKey']]).to.deep.equal(['usable', key])
      expect(convictedBy(run)).to.deep.equal(convicted)
      expect(readerOf(run).end).to.equal('usable')
    }

    it('another Response of one of them, which convicts it', () => {
      append(run, stated(run, 'Response', 'ben'), { payload: { ...stated(run, 'Response', 'ben').statement.payload, groupKey: toHex(OTHER_KEY) } })
      same(['ben equivocation'])
    })

    it('another GroupKey, and an Abandoned a year later', () => {
      const last = stated(run, 'GroupKey', 'ben')
      append(run, last, { payload: { ...last.statement.payload, proof: stated(run, 'GroupKey', 'cleo').statement.payload['proof'] ?? '' } })
      append(run, last, { type: 'Abandoned', payload: {}, view: stated(run, 'Response', 'ben').statement.view })
      same(['ben equivocation'])
    })

    it('a Complaint, for which its maker had stated a Response', () => {
      append(run, stated(run, 'Response', 'ben'), { type: 'Complaint', payload: { accused: 'cleo' } })
      same(['ben equivocation'])
    })

    it('what the thief of a client’s signing key posts: without the airgap’s signature it convicts nobody', () => {
      const ben = memberOf(run, 'ben')
      const { statement, seen } = stated(run, 'Response', 'ben')
      for (const payload of [{}, statement.payload]) run.board.force(canonical(signMessage(ben.signingKey, { statement: { ...statement, payload }, seen })))
      same([])
    })

    it('the Aborts of all', () => {
      for (const { name, signingKey } of run.members) {
        const statement = { ...stated(run, 'GroupKey', name).statement, type: 'Abort', payload: { reason: 'operator', step: null, accused: null, evidence: { why: 'no', offsets: [] } } }
        run.board.force(canonical(signMessage(signingKey, { statement, seen: stated(run, 'GroupKey', name).seen })))
      }
      same([])
    })

    it('a fork of the log: it is reported, and the key stays', () => {
      const ben = memberOf(run, 'ben')
      const statement = { ...stated(run, 'GroupKey', 'ben').statement, type: 'Abort', payload: { reason: 'operator', step: null, accused: null, evidence: { why: 'no', offsets: [] } } }
      run.board.force(canonical(signMessage(ben.signingKey, { statement, seen: { offset: 5, head: '11'.repeat(32) } })))
      same([])
      expect(readerOf(run).faults.map(({ reason }) => reason)).to.deep.equal(['forked'])
    })
  })

  it('A2: the answer to a complaint that no log has counts for nothing, and convicts nobody', async () => {
    const keys = new Map<string, MemberKeys>()
    const accomplice: Tampering = { board: (board, member) => {
      keys.set(member.name, member)
      return board
    } }
    const seen: Message[] = []
    let asked = ''
    const client: Tampering = {
      board: (board) => ({ ...board, post: (text) => {
        seen.push(parseMessage(text))
        return board.post(text)
      } }),
      // Before the last step it shows its airgap a complaint that ben's airgap signed for it alone, and posts the answer.
      exchange: (airgap, member, board) => async (request) => {
        const { step } = openEnvelope(request)
        if (step === 'ProcessDeals') asked = request
        const [ben, own] = [keys.get('ben'), seen.find(({ statement }) => statement.type === 'Response')]
        if (step !== 'ProcessResponses' || ben === undefined || own === undefined) return airgap.handle(request)
        const payload = { accused: 'cleo' }
        const airgapSignature = airgapSign(ben, { ...own.statement, type: 'Complaint', from: 'ben', payload })
        const dispute = changed(asked, { step: 'Complaint', body: ({ collected }) => ({ ask: 'dispute', dispute: { from: 'ben', payload, airgapSignature }, collected }) })
        const answer = readAnswer(await airgap.handle(dispute))
        if (answer.give !== 'statement') throw new Error(`it gives ${answer.give}`)
        const { type, payload: justifies, airgapSignature: signed } = answer.statement
        const statement = { ...own.statement, type, payload: justifies }
        await board.post(canonical(signMessage(member.signingKey, { statement, airgapSignature: signed, seen: own.seen })))
        return airgap.handle(request)
      },
    }
    const run = await simulateDkg(3, 2, 'off the log', { tamper: { ben: accomplice, cleo: client } })
    expect(logOf(run).map(({ statement }) => statement.type)).to.include('Justification')
    expect(readerOf(run).disputes).to.deep.equal([])
    expect(convictedBy(run)).to.deep.equal([])
    expect(judged(run).verdict, 'it kept its own airgap from finishing, and no more').to.be.oneOf(['unconfirmed', 'dead'])
  })

  it('A4: a member that floods the log is not heard any more, and a transcript holds no more of it than its budget', async () => {
    const most = mostEntries(slotsOf(dkg.ceremony, 3))
    const run = await simulateDkg(3, 2, 'a flood')
    const lines = transcriptOf(run).length
    const { statement, seen } = stated(run, 'GroupKey', 'ben')
    const { signingKey } = memberOf(run, 'ben')
    const abort = (why: string): string => {
      const payload = { reason: 'operator', step: null, accused: null, evidence: { why, offsets: [] } }
      return canonical(signMessage(signingKey, { statement: { ...statement, type: 'Abort', payload }, seen }))
    }
    const length = abort('0000').length
    for (let i = 0; i < 3 * most; i++) run.board.force(abort(String(i).padStart(4, '0')))
    const found = judged(run)
    expect(found.verdict).to.equal('usable')
    expect(readerOf(run).aborts).to.have.length(most)
    expect(transcriptOf(run).length - lines, 'bytes that the flood added').to.be.below(most * (length + 200) + 2 * most * 250)
  })

  it('A5: who complained and then states a Response has not undone the end that the others acted on', async () => {
    const run = await simulateDkg(3, 2, 'false-complaint:ben:cleo', {
      tamper: tamperingOf(['false-complaint:ben:cleo'], { script: dkg, verbs, random: seededRandom('x'), names: namesOf(3) }),
    })
    const { groupKey = '', sums = '' } = stated(run, 'Response', 'cleo').statement.payload
    expect(judged(run).verdict).to.equal('dead')
    append(run, stated(run, 'Complaint', 'ben'), { type: 'Response', payload: { groupKey, sums } })
    expect(judged(run).verdict).to.equal('dead')
    expect(convictedBy(run)).to.deep.equal(['ben dkg.false-complaint', 'ben equivocation'])
  })

  it('a roster of liars, all of whom name another’s key, proves nothing', async () => {
    const theirs = textOf(judged(await simulateDkg(3, 2, 'the victim')).outputs?.['groupKey'])
    const lying = responding(({ payload }) => ({ ...payload, groupKey: theirs }))
    const run = await simulateDkg(3, 2, 'liars', { tamper: Object.fromEntries(namesOf(3).map((name) => [name, { airgapVerbs: lying }])) })
    const found = judged(run)
    expect(found.verdict).to.equal('dead')
    expect(found.outputs).to.equal(undefined)
    expect(convictedBy(run)).to.deep.equal(namesOf(3).map((name) => `${name} dkg.other-key`))
    expect(outcomes(run).every((one) => one.endsWith(' dead'))).to.equal(true)
  })

  it('one who names another key is convicted of it', async () => {
    const lying = responding(({ payload }) => ({ ...payload, groupKey: toHex(OTHER_KEY) }))
    const run = await simulateDkg(3, 2, 'a liar', { tamper: { ben: { airgapVerbs: lying } } })
    expect(judged(run).verdict).to.equal('dead')
    expect(convictedBy(run)).to.deep.equal(['ben dkg.other-key'])
  })

  it('everyone whose complaint is false is convicted, however many there are', async () => {
    const run = await simulateDkg(5, 3, 'two false complaints', {
      tamper: tamperingOf(['false-complaint:ben:cleo', 'false-complaint:dan:cleo'], { script: dkg, verbs, random: seededRandom('x'), names: namesOf(5) }),
    })
    expect(convictedBy(run)).to.deep.equal(['ben dkg.false-complaint', 'dan dkg.false-complaint'])
  })

  it('everyone who proves no share is convicted, whatever another says of the key', async () => {
    const finish = verbs.airgap['dkg.finish']
    const lying: AirgapVerb = (scope, args) => {
      const finished = finish?.(scope, args)
      return finished?.kind === 'states' ? { ...finished, payload: { ...finished.payload, groupKey: toHex(OTHER_KEY) } } : { kind: 'asks', question: null }
    }
    const ben = { airgapVerbs: { ...verbs, airgap: { ...verbs.airgap, 'dkg.finish': lying } } }
    const run = await simulateDkg(3, 2, 'two unproved', {
      tamper: { ...tamperingOf(['bad-share-proof:cleo'], { script: dkg, verbs, random: seededRandom('x'), names: namesOf(3) }), ben },
    })
    expect(convictedBy(run)).to.deep.equal(['ben dkg.bad-share-proof', 'cleo dkg.bad-share-proof'])
  })

  it('an Abort beside a false complaint takes nobody’s duty to answer it away', async () => {
    const { ben } = tamperingOf(['false-complaint:ben:cleo'], { script: dkg, verbs, random: seededRandom('x'), names: namesOf(3) })
    const aborting: Tampering = { ...ben, board: (board, member) => ({ ...board, post: async (text) => {
      const { statement } = parseMessage(text)
      const pin = await board.post(text)
      if (statement.type === 'Complaint') {
        const payload = { reason: 'operator', step: 'ProcessDeals', accused: 'cleo', evidence: { why: 'cleo dealt me a wrong share', offsets: [] } }
        await board.post(canonical(signMessage(member.signingKey, { statement: { ...statement, type: 'Abort', payload }, seen: pin })))
      }
      return pin
    } }) }
    const run = await simulateDkg(3, 2, 'complain and abort', { tamper: { ben: aborting } })
    expect(convictedBy(run)).to.deep.equal(['ben dkg.false-complaint'])
    expect(judged(run).unanswered ?? []).to.deep.equal([])
  })

  it('a member’s entry by its hash is found, and the transcript is not right', async () => {
    const run = await simulateDkg(3, 2, 'a hidden proof')
    append(run, stated(run, 'Response', 'ben'), { payload: { ...stated(run, 'Response', 'ben').statement.payload, groupKey: toHex(OTHER_KEY) } })
    expect(convictedBy(run)).to.deep.equal(['ben equivocation'])
    const { offset, head } = run.board.entries.at(-1) ?? { offset: -1, head: '' }
    const lines = transcriptOf(run).split('\n')
    const shown = lines.findIndex((line) => line.includes(`"offset":${offset}}`))
    const byHash = { hash: textHash(run.board.entries[offset]?.text ?? ''), head, mark: markOf(run.ceremony, 'ben'), offset }
    const hidden = lines.map((line, i) => (i === shown ? canonical(byHash) : line)).join('\n')
    const found = verifyTranscript(hidden, { library: shippedLibrary, verbs, random: seededRandom('a stranger') })
    expect(found.verdict).to.equal('invalid')
    expect(found.findings.at(-1)?.line).to.equal(shown + 1)
    expect(found.findings.at(-1)?.detail).to.match(/ben/)
  })
})
