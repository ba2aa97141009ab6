import { expect } from 'chai'
import { sealEnvelope } from '../../channel/envelope.ts'
import { toHex } from '../../base/bytes.ts'
import { EPOCH, emptyMemory } from '../../run/memory.ts'
import type { AirgapMemory } from '../../run/memory.ts'
import { canonical } from '../../base/canonical.ts'
import { verifyCard } from '../../wire/card.ts'
import { EMPTY_LOG } from '../../wire/log.ts'
import { signMessage } from '../../wire/message.ts'
import type { Statement } from '../../wire/message.ts'
import { Bench, carried } from './airgap-bench.ts'
import { airgapFrom, memberOf, readAnswer, recordDkg, refusalOf } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'

let run: Recorded
let bench: Bench

/** ben's requests, answers and memories. */
const ben = (step: string): Crossing => bench.at(step)

describe('an airgap', () => {
  const empty = (seed: string): AirgapMemory => emptyMemory(seed, new Uint8Array(EPOCH).fill(7))

  const abort = (name: string, more: Partial<Statement> = {}, key = memberOf(run, name).signingKey): string => {
    const payload = { reason: 'operator', step: null, accused: null, evidence: { why: 'enough', offsets: [] } }
    const statement: Statement = { ceremony: run.ceremony, step: null, type: 'Abort', from: name, view: run.ceremony, payload, ...more }
    return canonical(signMessage(key, { statement, seen: EMPTY_LOG }))
  }
  const close = (body: object, step = 'Abort'): string => bench.sealed(step, { ask: 'close', ...body })

  before(async () => {
    run = await recordDkg(3, 2, 'requests that are no steps')
    bench = new Bench(run)
  })

  describe('asked about a dispute', () => {
    /** cleo's complaint about ben, and the airgap that has stated its Response. */
    const good = () => bench.complaint('cleo', 'ben')

    it('answers each complainer once, with the same bytes, also after a restart, and whatever is brought besides', async () => {
      const { after } = ben('ProcessDeals')
      const [first, second] = [bench.dispute(good()), bench.dispute(bench.complaint('anna', 'ben'))]
      const { airgap, memory, text } = await bench.ask(after, first)
      const statedOf = (answer: string) => {
        const given = readAnswer(answer)
        return given.give === 'statement' ? given.statement : expect.fail(refusalOf(answer))
      }
      expect(statedOf(text)).to.include({ type: 'Justification' }).and.have.nested.property('payload.complainer', 'cleo')
      expect(await airgap.handle(first)).to.equal(text)
      expect((await bench.ask(memory.read(), first)).text).to.equal(text)
      // An airgap whose memory was put back says the same.
      expect((await bench.ask(after, first)).text).to.equal(text)
      const other = await airgap.handle(second)
      expect(statedOf(other).payload).to.include({ complainer: 'anna' }).and.property('ephemeral').not.equal(statedOf(text).payload['ephemeral'])
      expect((await bench.ask(after, second)).text, 'whoever came before').to.equal(other)
      expect(await airgap.handle(first)).to.equal(text)
      expect(statedOf(await airgap.handle(bench.dispute(good(), 'Complaint', [])))).to.deep.equal(statedOf(text))
    })

    it('answers before it was asked for the disputed step too, by the statements that step would bring, and never takes it with others', async () => {
      const { before, after, request, answer } = ben('ProcessDeals')
      const { airgap, text, memory } = await bench.ask(before, bench.dispute(good()))
      expect(text).to.equal((await bench.ask(after, bench.dispute(good()))).text)
      expect(bench.sessionOf(memory.read()).steps).to.deep.equal(bench.sessionOf(before).steps)
      expect(await airgap.handle(request)).to.equal(answer)
      for (const [label, collected, code] of [
        ['none', [], 'run.statements'],
        ['one less', carried(request).slice(1), 'run.statements'],
        ['another piece', carried(bench.complaining), 'run.statements'],
        ['no pieces', carried(request).map(({ from, payload, airgapSignature }) => ({ from, payload, airgapSignature })), 'run.statements'],
      ] as const) {
        const refused = await bench.ask(before, bench.dispute(good(), 'Complaint', collected))
        expect(refusalOf(refused.text), label).to.equal(code)
        expect(refused.memory.read(), label).to.equal(before)
      }
      // Earlier it does not even know the view.
      const early = ben('SendDeals').before
      expect(refusalOf((await bench.ask(early, bench.dispute(good()))).text)).to.equal('run.statements')
    })

    it('is barred from then on: it takes no step after the certificate, but may be closed', async () => {
      for (const when of ['before', 'after'] as const) {
        const { airgap, memory } = await bench.ask(ben('ProcessDeals')[when], bench.dispute(good()))
        expect(readAnswer(await airgap.handle(ben('ProcessDeals').request)).give).to.equal('statement')
        expect(refusalOf(await airgap.handle(ben('ProcessResponses').request)), when).to.equal('run.closed')
        const restarted = await bench.ask(memory.read(), ben('ProcessResponses').request)
        expect(refusalOf(restarted.text), when).to.equal('run.closed')
        expect(restarted.memory.read().archive).to.deep.equal({})
        expect(readAnswer(await airgap.handle(close({ abort: abort('cleo') }))).give).to.equal('closed')
        expect(bench.sessionOf(memory.read())).to.include({ state: 'closed' })
        // It repeats its answer; a new complaint comes too late.
        expect(readAnswer(await airgap.handle(bench.dispute(good()))).give).to.equal('statement')
        expect(refusalOf(await airgap.handle(bench.dispute(bench.complaint('anna', 'ben'))))).to.equal('run.closed')
      }
    })

    it('refuses one that is not about it, is its own, is badly signed, under another view, or comes too late', async () => {
      const { after } = ben('ProcessDeals')
      const cases: [string, AirgapMemory, string, string][] = [
        ['about another', after, bench.dispute(bench.complaint('cleo', 'anna')), 'run.statements'],
        ['about nobody', after, bench.dispute(bench.complaint('cleo', 'zoe')), 'run.statements'],
        ['about an inherited name', after, bench.dispute(bench.complaint('cleo', 'constructor')), 'run.statements'],
        ['its own', after, bench.dispute(bench.complaint('ben', 'ben')), 'run.statements'],
        ['a stranger’s', after, bench.dispute({ ...good(), from: 'zoe' }), 'run.statements'],
        ['badly signed', after, bench.dispute({ ...good(), airgapSignature: '00'.repeat(64) }), 'run.statements'],
        ['another’s signature', after, bench.dispute({ ...good(), from: 'anna' }), 'run.statements'],
        ['another view', after, bench.dispute(bench.complaint('cleo', 'ben', { view: bench.viewBefore('SendDeals') })), 'run.statements'],
        ['another step', after, bench.dispute(bench.complaint('cleo', 'ben', { step: 'SendDeals' })), 'run.statements'],
        ['another ceremony', after, bench.dispute(bench.complaint('cleo', 'ben', { ceremony: '11'.repeat(32) })), 'run.statements'],
        ['another form', after, bench.dispute(bench.complaint('cleo', 'ben', { payload: { accused: 'ben', more: 1 } })), 'wire.malformed'],
        ['after its session is erased', ben('ProcessResponses').after, bench.dispute(good()), 'run.closed'],
        ['in no ceremony', { ...after, sessions: {} }, bench.dispute(good()), 'run.unknown-ceremony'],
        ['of no such name', after, bench.dispute(good(), 'Quarrel'), 'run.unknown-step'],
        ['of an inherited name', after, bench.dispute(good(), 'constructor'), 'run.unknown-step'],
      ]
      for (const [label, memory, text, code] of cases) {
        const { memory: store, text: answer, airgap } = await bench.ask(memory, text)
        expect(refusalOf(answer), label).to.equal(code)
        expect(store.read(), label).to.equal(memory)
        // No complaint bars its last step.
        if (memory === after) expect(await airgap.handle(ben('ProcessResponses').request), label).to.equal(ben('ProcessResponses').answer)
      }
    })
  })

  describe('told that a ceremony is over', () => {
    it('erases its session on an Abort, for good', async () => {
      for (const step of ['SendPublicKeys', 'SendCommits', 'SendDeals']) {
        const { airgap, memory, text } = await bench.ask(ben(step).after, close({ abort: abort('cleo') }))
        expect(readAnswer(text).give, step).to.equal('closed')
        expect(bench.sessionOf(memory.read())).to.include({ state: 'closed' })
        expect(Object.values(bench.sessionOf(memory.read()).steps).flatMap((one) => one.collected)).to.deep.equal([])
        expect(readAnswer(await airgap.handle(close({ abort: abort('anna') }))).give).to.equal('closed')
        for (const other of ['SendPublicKeys', 'SendCommits', 'ProcessResponses']) expect(refusalOf(await airgap.handle(ben(other).request)), other).to.equal('run.closed')
      }
    })

    it('keeps its session whatever Abort there is once its part of the certificate is stated', async () => {
      for (const step of ['ProcessDeals', 'ProcessResponses']) {
        const { memory, text, airgap } = await bench.ask(ben(step).after, close({ abort: abort('cleo') }))
        expect(refusalOf(text)).to.equal('run.closed')
        expect(memory.read()).to.equal(ben(step).after)
        expect(await airgap.handle(ben('ProcessResponses').request)).to.equal(ben('ProcessResponses').answer)
      }
    })

    it('erases it even then on another’s Abandoned or Complaint: beside either there can be no success', async () => {
      const abandoned = bench.carry('cleo', { step: 'ProcessResponses', type: 'Abandoned', view: bench.viewBefore('ProcessDeals'), payload: {} })
      const complaint = bench.complaint('cleo', 'anna')
      for (const [step, ending] of [['Abandoned', { type: 'Abandoned', ...abandoned }], ['Complaint', { type: 'Complaint', ...complaint }]] as const) {
        const { memory, text, airgap } = await bench.ask(ben('ProcessDeals').after, close({ ending }, step))
        expect(readAnswer(text).give, step).to.equal('closed')
        expect(bench.sessionOf(memory.read())).to.include({ state: 'closed' })
        expect(refusalOf(await airgap.handle(ben('ProcessResponses').request))).to.equal('run.closed')
        expect(await airgap.handle(close({ ending }, step)), 'the same again').to.equal(text)
        expect(memory.read().archive).to.deep.equal({})
      }
      // A finished ceremony stays so: the share is there.
      const { after } = ben('ProcessResponses')
      const late = await bench.ask(after, close({ ending: { type: 'Abandoned', ...abandoned } }, 'Abandoned'))
      expect(late.memory.read()).to.equal(after)
    })

    it('believes no forged one', async () => {
      const { after } = ben('ProcessDeals')
      const right = { step: 'ProcessResponses', type: 'Abandoned', view: bench.viewBefore('ProcessDeals'), payload: {} }
      const abandoned = bench.carry('cleo', right)
      const endings: [string, object, string?][] = [
        ['its own Abandoned', { type: 'Abandoned', ...bench.carry('ben', right) }],
        ['its own Complaint', { type: 'Complaint', ...bench.complaint('ben', 'anna') }],
        ['a stranger’s', { type: 'Abandoned', ...abandoned, from: 'zoe' }],
        ['another’s signature', { type: 'Abandoned', ...abandoned, from: 'anna' }],
        ['no signature', { type: 'Abandoned', ...abandoned, airgapSignature: '00'.repeat(64) }],
        ['with a payload', { type: 'Abandoned', ...bench.carry('cleo', { ...right, payload: { more: 1 } }) }],
        ['another ceremony’s', { type: 'Abandoned', ...bench.carry('cleo', { ...right, ceremony: '11'.repeat(32) }) }],
        ['of another step', { type: 'Abandoned', ...bench.carry('cleo', { ...right, step: 'ProcessDeals' }) }],
        ['under a later view', { type: 'Abandoned', ...bench.carry('cleo', { ...right, view: bench.viewBefore('ProcessResponses') }) }],
        ['of another view', { type: 'Complaint', ...bench.complaint('cleo', 'anna', { view: run.ceremony }) }],
        ['a Response', { type: 'Response', ...carried(ben('ProcessResponses').request)[0] }],
        ['a Justification', { type: 'Justification', ...bench.carry('cleo', { step: 'ProcessDeals', type: 'Justification', view: bench.viewBefore('ProcessDeals'), payload: { complainer: 'anna', ephemeral: '11'.repeat(32) } }) }],
        ['a type of nothing', { type: 'constructor', ...abandoned }],
      ]
      for (const [label, ending] of endings) {
        const { memory, text } = await bench.ask(after, close({ ending }))
        expect(refusalOf(text), label).to.equal('run.statements')
        expect(memory.read(), label).to.equal(after)
      }
      const nothing = await bench.ask(after, close({}))
      expect(refusalOf(nothing.text)).to.equal('run.statements')
    })

    it('erases its session after it disputed, since it can have no part in a certificate', async () => {
      const { airgap, memory } = await bench.ask(ben('ProcessDeals').before, bench.complaining)
      expect(readAnswer(await airgap.handle(close({ abort: abort('cleo') }))).give).to.equal('closed')
      expect(bench.sessionOf(memory.read())).to.include({ state: 'closed' })
    })

    it('believes only an Abort of this ceremony that a participant signed', async () => {
      const memory = ben('SendDeals').after
      const cases: [string, string][] = [
        ['a stranger’s', abort('cleo', { from: 'zoe' })],
        ['another’s key', abort('cleo', {}, memberOf(run, 'anna').signingKey)],
        ['another ceremony’s', abort('cleo', { ceremony: '11'.repeat(32) })],
        ['no Abort', abort('cleo', { type: 'Response' })],
        ['no message', 'nothing'],
      ]
      for (const [label, text] of cases) {
        const { memory: store, text: answer } = await bench.ask(memory, close({ abort: text }))
        expect(refusalOf(answer), label).to.be.oneOf(['run.statements', 'wire.not-canonical'])
        expect(store.read(), label).to.equal(memory)
      }
      expect(refusalOf((await bench.ask(empty('00'.repeat(64)), close({ abort: abort('cleo') }))).text)).to.equal('run.unknown-ceremony')
    })
  })

  describe('asked to give a ceremony up', () => {
    const STEP = 'ProcessResponses'
    const request = (step = STEP) => bench.sealed(step, { ask: 'abandon' })

    it('asks its owner, states so in the slot of the step that it then never takes, and repeats it byte for byte', async () => {
      const { after } = ben('ProcessDeals')
      const { airgap, asked, memory, text } = await bench.ask(after, request())
      expect(asked).to.have.lengthOf(1)
      expect(asked[0]).to.deep.include({ kind: 'abandon', ceremony: run.ceremony, opening: run.opening, me: memberOf(run, 'ben').card })
      const expected = bench.carry('ben', { step: STEP, type: 'Abandoned', view: bench.viewBefore('ProcessDeals'), payload: {} })
      const given = readAnswer(text)
      expect(given.give === 'statement' ? given.statement : given).to.deep.equal({ type: 'Abandoned', payload: {}, airgapSignature: expected.airgapSignature })
      const session = bench.sessionOf(memory.read())
      expect(session).to.include({ state: 'abandoned' })
      expect(Object.values(session.steps).flatMap((one) => [...one.collected, ...Object.keys(one.prepared)])).to.deep.equal([])
      expect(memory.read().archive).to.deep.equal({})
      expect(await airgap.handle(request())).to.equal(text)
      const again = await bench.ask(memory.read(), request())
      expect(again.text).to.equal(text)
      expect(again.asked).to.deep.equal([])
      for (const { step, request: one } of run.crossings.filter(({ name }) => name === 'ben')) {
        expect(refusalOf(await airgap.handle(one)), step).to.equal('run.closed')
        expect(refusalOf((await bench.ask(memory.read(), one)).text), `${step}, restarted`).to.equal('run.closed')
      }
      expect(refusalOf(await airgap.handle(bench.dispute(bench.complaint('cleo', 'ben'))))).to.equal('run.closed')
      expect(readAnswer(await airgap.handle(close({ abort: abort('cleo') }))).give).to.not.equal('statement')
      expect(bench.sessionOf(memory.read())).to.deep.equal(session)
    })

    it('uses nothing up when its owner says no', async () => {
      const { after } = ben('ProcessDeals')
      const asked: unknown[] = []
      const { airgap, memory, text } = await bench.ask(after, request(), { confirm: (question) => Promise.resolve(asked.push(question) > 99 || { declined: null }) })
      expect(refusalOf(text)).to.equal('run.not-abandoned')
      expect(readAnswer(text)).to.not.have.property('fault')
      expect(asked).to.have.lengthOf(1)
      expect(memory.read()).to.equal(after)
      expect(await airgap.handle(ben(STEP).request)).to.equal(ben(STEP).answer)
    })

    it('uses nothing up when it dies before that is written', async () => {
      const { after } = ben('ProcessDeals')
      const failing = airgapFrom(after, { memory: { read: () => after, update: () => Promise.reject(new Error('the disk is full')) } })
      expect(await failing.airgap.handle(request()).catch((error: unknown) => error)).to.have.property('message', 'the disk is full')
      expect(await failing.airgap.handle(request()).catch((error: unknown) => error)).to.have.property('message', 'the disk is full')
    })

    it('refuses unasked before its part of the certificate was stated, after the step, in another one, and where there is nothing to give up', async () => {
      const { memory: disputed } = await bench.ask(ben('ProcessDeals').before, bench.complaining)
      const { memory: closed } = await bench.ask(ben('SendDeals').after, close({ abort: abort('cleo') }))
      const cases: [string, AirgapMemory, string, string][] = [
        ...['SendPublicKeys', 'SendCommits', 'SendDeals'].map((step): [string, AirgapMemory, string, string] => [`after ${step}`, ben(step).after, request(), 'run.out-of-order']),
        ['after it disputed', disputed.read(), request(), 'run.out-of-order'],
        ['after the step', ben(STEP).after, request(), 'run.closed'],
        ['after it was closed', closed.read(), request(), 'run.closed'],
        ['the certificate step', ben('ProcessDeals').after, request('ProcessDeals'), 'run.unknown-step'],
        ['no step', ben('ProcessDeals').after, request('constructor'), 'run.unknown-step'],
        ['of no ceremony', { ...ben('ProcessDeals').after, sessions: {} }, request(), 'run.unknown-ceremony'],
      ]
      for (const [label, memory, text, code] of cases) {
        const { memory: store, text: answer, asked } = await bench.ask(memory, text)
        expect(refusalOf(answer), label).to.equal(code)
        expect(asked, label).to.deep.equal([])
        expect(store.read(), label).to.equal(memory)
      }
    })

    it('never gives one up whose step it answers at the same time, nor the other way round', async () => {
      for (const [first, second, types] of [[request(), ben(STEP).request, ['Abandoned', 'run.closed']], [ben(STEP).request, request(), ['GroupKey', 'run.closed']]] as const) {
        const { airgap } = airgapFrom(ben('ProcessDeals').after)
        const answers = (await Promise.all([airgap.handle(first), airgap.handle(second)])).map(readAnswer)
        expect(answers.map((one) => (one.give === 'statement' ? one.statement.type : one.give === 'refusal' ? one.code : one.give))).to.deep.equal(types)
      }
    })

    it('may be given up after it was barred', async () => {
      const { airgap } = await bench.ask(ben('ProcessDeals').after, bench.dispute(bench.complaint('cleo', 'ben')))
      const answer = readAnswer(await airgap.handle(request()))
      expect(answer.give === 'statement' ? answer.statement.type : answer).to.equal('Abandoned')
    })
  })

  describe('asked to pair', () => {
    const pair = (name: string, signingKey: string): string => sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name, signingKey } })
    const fresh = () => empty(toHex(memberOf(run, 'ben').seed))

    it('shows its owner the card, and gives it with its signature, which binds name, keys and epoch', async () => {
      const { signingKey, airgapKey } = memberOf(run, 'ben').card
      const card = { name: 'ben', signingKey, airgapKey, epoch: fresh().epoch }
      const { airgap, asked, memory, text } = await bench.ask(fresh(), pair('ben', signingKey))
      const answer = readAnswer(text)
      if (answer.give !== 'card') expect.fail(refusalOf(text))
      expect(answer.card).to.deep.equal(card)
      expect(asked).to.deep.equal([{ kind: 'pair', card }])
      expect(memory.read()).to.deep.equal({ ...fresh(), client: { name: 'ben', signingKey } })
      expect(verifyCard(card, answer.cardSignature)).to.equal(true)
      const others: Partial<typeof card>[] = [{ epoch: memberOf(run, 'ben').card.epoch }, { name: 'benno' }, { signingKey: memberOf(run, 'anna').card.signingKey }, { airgapKey: memberOf(run, 'anna').card.airgapKey }]
      for (const other of others) expect(verifyCard({ ...card, ...other }, answer.cardSignature), Object.keys(other).join()).to.equal(false)
      await airgap.handle(pair('ben', signingKey))
      expect(asked).to.have.lengthOf(1)
      await airgap.handle(pair('benno', signingKey))
      expect(asked).to.have.lengthOf(2)
    })

    it('keeps nothing that its owner declines, or whose key is unusable', async () => {
      const { text, memory } = await bench.ask(fresh(), pair('ben', memberOf(run, 'ben').card.signingKey), { confirm: () => Promise.resolve({ declined: null }) })
      expect(refusalOf(text)).to.equal('run.pairing-declined')
      expect(readAnswer(text)).to.not.have.property('fault')
      expect(memory.read().client).to.equal(null)
      const { card } = memberOf(run, 'ben')
      for (const key of ['00'.repeat(32), `01${'00'.repeat(31)}`, 'ff'.repeat(32), card.airgapKey]) {
        const bad = await bench.ask(fresh(), pair('ben', key))
        expect(refusalOf(bad.text), key).to.equal('run.card')
        expect(bad.asked).to.deep.equal([])
      }
    })
  })
})
