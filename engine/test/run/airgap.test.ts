import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { encodeG1, timesBase } from '../../crypto/bls.ts'
import { toHex } from '../../crypto/bytes.ts'
import { airgapKeyPair } from '../../crypto/seed.ts'
import type { AirgapPorts } from '../../run/airgap.ts'
import type { AirgapMemory, Cell } from '../../run/memory.ts'
import { emptyMemory } from '../../run/memory.ts'
import { seededRandom } from '../../run/simulate.ts'
import { readShipped } from '../../script/shipped.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonical } from '../../wire/canonical.ts'
import type { Json } from '../../wire/canonical.ts'
import { ceremonyId } from '../../wire/card.ts'
import type { Card, Opening } from '../../wire/card.ts'
import { EMPTY_LOG, signMessage, signStatement } from '../../wire/message.ts'
import type { Statement } from '../../wire/message.ts'
import { airgapFrom, bodyOf, changed, memberOf, readAnswer, recordDkg, refusalOf } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'

interface CarriedLike { from: string; payload: Record<string, Json>; airgapSignature: string }

let run: Recorded

/** ben's requests, answers and memories. */
const ben = (step: string): Crossing => run.crossing('ben', step)
const carried = (request: string): CarriedLike[] => bodyOf(request)['collected'] as CarriedLike[]
const withCollected = (request: string, collected: readonly CarriedLike[]): string => changed(request, { body: (body) => ({ ...body, collected }) })

const viewBefore = (step: string): string => {
  const { ledger } = run.results.get('ben') ?? expect.fail()
  return ledger.viewBefore(ledger.ceremony.steps.findIndex((one) => one.name === step)) ?? ''
}

type Place = Pick<Statement, 'step' | 'type' | 'to' | 'view' | 'payload'> & { readonly ceremony?: string }

/** What another participant's airgap would state, had it stated something else. */
function carry(name: string, statement: Place): CarriedLike {
  const { secretKey } = airgapKeyPair(memberOf(run, name).seed)
  const whole: Statement = { ceremony: run.ceremony, from: name, ...statement }
  return { from: name, payload: statement.payload as Record<string, Json>, airgapSignature: signStatement(secretKey, whole) }
}

/** Asks an airgap that has this memory. */
async function ask(memory: AirgapMemory, request: string, more: Partial<AirgapPorts> = {}) {
  const made = airgapFrom(memory, more)
  return { ...made, text: await made.airgap.handle(request) }
}

const cellOf = (memory: AirgapMemory): Cell => memory.ceremonies[run.ceremony] ?? expect.fail('no cell')

/** Refused with this code; nothing is remembered of it, and the right request then gets the recorded answer. */
async function expectRefused(step: string, request: string, code: string, label = ''): Promise<void> {
  const { before, request: right, answer } = ben(step)
  const { airgap, memory, text } = await ask(before, request)
  expect(refusalOf(text), label).to.equal(code)
  expect(memory.read(), label).to.equal(before)
  expect(await airgap.handle(right), `${label}: the right request after it`).to.equal(answer)
}

describe('an airgap', () => {
  before(async () => {
    run = await recordDkg(3, 2, 'airgap')
  })

  describe('asked to join', () => {
    const first = () => ben('SendPublicKeys')
    /** The first request for another opening. */
    function opening(change: (opening: Opening) => unknown): string {
      const changedOpening = change(structuredClone(run.opening)) as Opening
      return changed(first().request, { ceremony: ceremonyId(changedOpening), body: (body) => ({ ...body, opening: changedOpening }) })
    }
    const cards = (change: (cards: Card[]) => Card[]) => opening((one) => ({ ...one, roster: change([...one.roster]) }))
    const threshold = (value: unknown) => opening((one) => ({ ...one, parameters: { threshold: value } }))
    const LOW_ORDER = `01${'00'.repeat(31)}`

    const cases: [string, () => string, string][] = [
      ['a ceremony whose opening it was not brought', () => changed(first().request, { body: ({ ask, collected, prepared }) => ({ ask, collected, prepared }) }), 'run.unknown-ceremony'],
      ['an opening that was altered after its number was made', () => changed(first().request, { body: (body) => ({ ...body, opening: { ...run.opening, rehearsal: true } }) }), 'run.unknown-ceremony'],
      ['a script that is not on its disk', () => opening((one) => ({ ...one, script: { ...one.script, hash: 'ab'.repeat(32) } })), 'run.unknown-script'],
      ['another version than its script has', () => opening((one) => ({ ...one, script: { ...one.script, version: '9' } })), 'run.opening'],
      ['another name than its script has', () => opening((one) => ({ ...one, script: { ...one.script, name: 'beacon' } })), 'run.opening'],
      ['a roster without its card', () => cards((all) => all.filter((card) => card.name !== 'ben')), 'run.opening'],
      ['a roster with its signing key altered', () => cards((all) => all.map((card) => (card.name === 'ben' ? { ...card, signingKey: otherKey(1) } : card))), 'run.opening'],
      ['a roster with its airgap key altered', () => cards((all) => all.map((card) => (card.name === 'ben' ? { ...card, airgapKey: otherKey(2) } : card))), 'run.opening'],
      ['a roster with a card twice', () => cards(([a, ...all]) => (a === undefined ? all : [a, a, ...all])), 'run.opening'],
      ['a roster with a name twice', () => cards(([a, b, ...all]) => [a, { ...b, name: 'anna' }, ...all] as Card[]), 'run.opening'],
      ['a roster with a key twice', () => cards(([a, b, c]) => [a, b, { ...c, signingKey: a?.signingKey }] as Card[]), 'run.opening'],
      ['a roster with one key for both of a participant’s machines', () => cards(([a, ...all]) => [{ ...a, airgapKey: a?.signingKey }, ...all] as Card[]), 'run.opening'],
      ['a roster with a key of low order', () => cards(([a, ...all]) => [{ ...a, airgapKey: LOW_ORDER }, ...all] as Card[]), 'run.opening'],
      ['a roster that is not sorted', () => cards((all) => all.reverse()), 'run.opening'],
      ['a roster of one', () => cards((all) => all.slice(1, 2)), 'wire.malformed'],
      ['a threshold of 1', () => threshold(1), 'run.opening'],
      ['a threshold above n', () => threshold(4), 'run.opening'],
      ['a threshold that is no whole number', () => threshold(2.5), 'run.opening'],
      ['a threshold that is text', () => threshold('2'), 'run.opening'],
      ['a parameter too many', () => opening((one) => ({ ...one, parameters: { threshold: 2, more: 1 } })), 'run.opening'],
      ['a date that is none', () => opening((one) => ({ ...one, opensAt: '2026-13-40T00:00:00Z' })), 'run.opening'],
      ['an opening with a member more', () => opening((one) => ({ ...one, more: 1 })), 'wire.malformed'],
    ]
    for (const [what, request, code] of cases) {
      it(`refuses ${what}, before its owner is asked`, async () => {
        const { before, answer } = first()
        if (code.startsWith('wire')) {
          const { airgap, asked } = airgapFrom(before)
          const error: unknown = await airgap.handle(request()).catch((reason: unknown) => reason)
          expect(error).to.have.property('code', code)
          expect(asked).to.deep.equal([])
          return
        }
        const { asked, text, memory } = await ask(before, request())
        expect(refusalOf(text)).to.equal(code)
        expect(asked).to.deep.equal([])
        expect(memory.read()).to.equal(before)
        expect(readAnswer(answer).give).to.equal('statements')
      })
    }

    it('refuses a script that this version cannot run, before its owner is asked', async () => {
      const others = Object.fromEntries(Object.entries(verbs.airgap).filter(([name]) => name !== 'dkg.finish'))
      const { asked, text } = await ask(first().before, first().request, { verbs: { ...verbs, airgap: others } })
      expect(refusalOf(text)).to.equal('run.not-runnable')
      expect(asked).to.deep.equal([])
    })

    it('refuses to sign with a key that it has no share of, before its owner is asked', async () => {
      const sign = readShipped('sign')
      const { name, version } = sign.ceremony
      const parameters = { key: '11'.repeat(32), purpose: 'x', messages: [{ kind: 'text', text: 'x' }] }
      const request = opening((one) => ({ ...one, script: { name, version, hash: sign.hash }, parameters }))
      const { asked, text } = await ask(first().before, request, { script: () => sign })
      expect(refusalOf(text)).to.equal('run.opening')
      expect(asked).to.deep.equal([])
    })

    it('refuses while it is not paired, and under another card than it was paired as', async () => {
      const { before, request } = first()
      expect(refusalOf((await ask({ ...before, card: null }, request)).text)).to.equal('run.not-paired')
      const renamed: Card = { ...(before.card ?? expect.fail()), name: 'benjamin' }
      expect(refusalOf((await ask({ ...before, card: renamed }, request)).text)).to.equal('run.opening')
    })

    it('shows its owner all that is agreed, and joins only if the owner says so', async () => {
      const { before, request } = first()
      const asked: unknown[] = []
      const { text, memory, airgap } = await ask(before, request, { confirm: (question) => Promise.resolve(asked.push(question) > 99 || { declined: 'Not our address' }) })
      expect(refusalOf(text)).to.equal('run.rejected')
      expect(openEnvelope(text).body).to.have.property('fault').that.deep.equals({ reason: 'rejected', accused: null, why: 'Not our address' })
      expect(asked[0]).to.deep.include({ kind: 'join', ceremony: run.ceremony, step: 'SendPublicKeys', opening: run.opening, me: before.card })
      expect(asked[0]).to.have.property('number').that.matches(/^(\d{5} ){7}\d{5}$/)
      expect(cellOf(memory.read())).to.include({ state: 'declined', salt: null })
      expect(refusalOf(await airgap.handle(request))).to.equal('run.closed')
      expect(asked).to.have.lengthOf(1)
    })

    it('uses nothing up when its screen fails, and asks again', async () => {
      const { before, request } = first()
      let calls = 0
      const { airgap, memory } = airgapFrom(before, { confirm: () => (calls++ === 0 ? Promise.reject(new Error('no terminal')) : Promise.resolve(true)) })
      const error: unknown = await airgap.handle(request).catch((reason: unknown) => reason)
      expect(error).to.have.property('message', 'no terminal')
      expect(memory.read()).to.equal(before)
      expect(readAnswer(await airgap.handle(request)).give).to.equal('statements')
    })

    it('asks its owner once when the same request comes twice at the same time', async () => {
      const { before, request } = first()
      const { airgap, asked } = airgapFrom(before)
      const [a, b] = await Promise.all([airgap.handle(request), airgap.handle(request)])
      expect(a).to.equal(b)
      expect(asked).to.have.lengthOf(1)
    })

    it('draws another salt each time it joins, and so shares nothing with a run that it forgot', async () => {
      const { before, request } = first()
      const [a, b] = await Promise.all(['one', 'two'].map(async (seed) => readAnswer((await ask(before, request, { random: seededRandom(seed) })).text)))
      const values = [a, b].map((answer) => (answer?.give === 'statements' ? answer.statements[0]?.payload : undefined))
      for (const field of ['salt', 'encryptionKey', 'digest']) expect(values[0]?.[field], field).not.to.equal(values[1]?.[field])
    })
  })

  describe('asked for a step', () => {
    it('refuses one that the ceremony does not have, or that is not next', async () => {
      const { before, request } = ben('SendCommits')
      for (const step of ['Nothing', 'constructor', 'Complaint', 'toString']) {
        expect(refusalOf((await ask(before, changed(request, { step }))).text), step).to.equal('run.unknown-step')
      }
      for (const step of ['SendDeals', 'ProcessDeals', 'ProcessResponses']) {
        expect(refusalOf((await ask(before, changed(request, { step }))).text), step).to.equal('run.out-of-order')
      }
      const late = ben('SendDeals')
      expect(refusalOf((await ask(ben('SendPublicKeys').before, late.request)).text)).to.equal('run.unknown-ceremony')
    })

    it('refuses statements that are missing, doubled, strangers’, its own or swapped, and uses nothing up', async () => {
      const { request } = ben('SendCommits')
      const [anna, cleo] = carried(request) as [CarriedLike, CarriedLike]
      const cases: [string, CarriedLike[]][] = [
        ['none', []],
        ['cleo’s missing', [anna]],
        ['anna’s twice', [anna, anna]],
        ['anna’s twice, and cleo’s', [anna, anna, cleo]],
        ['a stranger’s too', [anna, cleo, { ...cleo, from: 'zoe' }]],
        ['its own too', [anna, cleo, { ...cleo, from: 'ben' }]],
        ['a stranger’s instead', [anna, { ...cleo, from: 'zoe' }]],
        ['swapped signatures', [{ ...anna, airgapSignature: cleo.airgapSignature }, { ...cleo, airgapSignature: anna.airgapSignature }]],
        ['swapped names', [{ ...anna, from: 'cleo' }, { ...cleo, from: 'anna' }]],
        ['another digest', [anna, { ...cleo, payload: { ...cleo.payload, digest: '00'.repeat(32) } }]],
      ]
      for (const [label, collected] of cases) await expectRefused('SendCommits', withCollected(request, collected), 'run.statements', label)
    })

    it('refuses what was signed for another ceremony, step, view, type or recipient', async () => {
      const { request } = ben('ProcessDeals')
      const [, cleo] = carried(request) as [CarriedLike, CarriedLike]
      const right = { step: 'SendDeals', type: 'Deal', to: 'ben', view: viewBefore('SendDeals'), payload: cleo.payload }
      expect(carry('cleo', right)).to.deep.equal(cleo)
      const others: [string, CarriedLike][] = [
        ['ceremony', carry('cleo', { ...right, ceremony: '11'.repeat(32) })],
        ['step', carry('cleo', { ...right, step: 'SendCommits' })],
        ['type', carry('cleo', { ...right, type: 'Commits' })],
        ['view', carry('cleo', { ...right, view: viewBefore('SendCommits') })],
        ['recipient', carry('cleo', { ...right, to: 'anna' })],
        ['audience', carry('cleo', { ...right, to: null })],
      ]
      for (const [label, other] of others) {
        const collected = carried(request).map((one) => (one.from === 'cleo' ? other : one))
        await expectRefused('ProcessDeals', withCollected(request, collected), 'run.statements', label)
      }
    })

    it('refuses unusable values, though they are properly signed', async () => {
      const { request } = ben('SendCommits')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const place = { step: 'SendPublicKeys', type: 'PublicKey', to: null, view: run.ceremony }
      const cases: [string, Record<string, Json>, string][] = [
        ['a key of low order', { ...payload, encryptionKey: '00'.repeat(32) }, 'run.statements'],
        ['a key that is not canonical', { ...payload, encryptionKey: 'ff'.repeat(32) }, 'run.statements'],
        ['a field more', { ...payload, more: 'x' }, 'wire.malformed'],
        ['a field less', { salt: payload['salt'] ?? '', digest: payload['digest'] ?? '' }, 'wire.malformed'],
        ['a field too long', { ...payload, digest: '00'.repeat(33) }, 'wire.malformed'],
        ['capitals', { ...payload, digest: 'AB'.repeat(32) }, 'wire.malformed'],
      ]
      for (const [label, bad, code] of cases) {
        const collected = carried(request).map((one) => (one.from === 'cleo' ? carry('cleo', { ...place, payload: bad }) : one))
        await expectRefused('SendCommits', withCollected(request, collected), code, label)
      }
    })

    it('refuses points that are no points of the group, though they are properly signed', async () => {
      const { request } = ben('SendDeals')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const place = { step: 'SendCommits', type: 'Commits', to: null, view: viewBefore('SendCommits') }
      for (const [label, key] of [['identity', `c0${'00'.repeat(47)}`], ['off the curve', `80${'00'.repeat(46)}01`], ['off the subgroup', OFF_SUBGROUP]] as const) {
        const collected = carried(request).map((one) => (one.from === 'cleo' ? carry('cleo', { ...place, payload: { ...payload, key } }) : one))
        await expectRefused('SendDeals', withCollected(request, collected), 'run.statements', label)
      }
    })

    it('finds commitments that were not bound, and says whose they are', async () => {
      const { request, before } = ben('SendDeals')
      const [anna, cleo] = carried(request) as [CarriedLike, CarriedLike]
      const place = { step: 'SendCommits', type: 'Commits', to: null, view: viewBefore('SendCommits') }
      const other = carry('cleo', { ...place, payload: { ...cleo.payload, rest: '00'.repeat(32) } })
      const { text } = await ask(before, withCollected(request, [anna, other]))
      const answer = readAnswer(text)
      expect(answer).to.deep.include({ give: 'refusal', code: 'verb.fault', fault: { reason: 'dkg.bad-opening', accused: 'cleo' } })
    })

    it('refuses a response that is not equal to its own', async () => {
      const { request } = ben('ProcessResponses')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const place = { step: 'ProcessDeals', type: 'Response', to: null, view: viewBefore('ProcessDeals') }
      for (const change of [{ groupKey: toHex(encodeG1(timesBase(1n))) }, { sums: '00'.repeat(32) }]) {
        const collected = carried(request).map((one) => (one.from === 'cleo' ? carry('cleo', { ...place, payload: { ...payload, ...change } }) : one))
        await expectRefused('ProcessResponses', withCollected(request, collected), 'run.statements', Object.keys(change).join())
      }
    })

    it('refuses a complaint where all must be content', async () => {
      const { request } = ben('ProcessResponses')
      const complaint = carry('cleo', { step: 'ProcessDeals', type: 'Complaint', to: null, view: viewBefore('ProcessDeals'), payload: { accused: 'anna' } })
      const collected = carried(request).map((one) => (one.from === 'cleo' ? complaint : one))
      await expectRefused('ProcessResponses', withCollected(request, collected), 'run.statements')
    })

    it('takes the statements in any order', async () => {
      for (const step of ['SendCommits', 'SendDeals', 'ProcessDeals', 'ProcessResponses']) {
        const { before, request, answer, after } = ben(step)
        const reversed = withCollected(request, carried(request).reverse())
        const { text, memory } = await ask(before, reversed)
        expect(readAnswer(text)).to.deep.equal({ ...readAnswer(answer), request: openEnvelope(reversed).digest })
        expect(cellOf(memory.read()).steps[step]?.asked).to.equal(cellOf(after).steps[step]?.asked)
      }
    })

    it('refuses another set of statements once it has answered, however well they are signed', async () => {
      const { request, after, answer } = ben('SendCommits')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const other = carry('cleo', { step: 'SendPublicKeys', type: 'PublicKey', to: null, view: run.ceremony, payload: { ...payload, digest: '22'.repeat(32) } })
      const second = withCollected(request, carried(request).map((one) => (one.from === 'cleo' ? other : one)))
      // A fresh airgap would have taken it.
      expect(readAnswer((await ask(ben('SendCommits').before, second)).text).give).to.equal('statements')
      const { text, memory, airgap } = await ask(after, second)
      expect(refusalOf(text)).to.equal('run.other-request')
      expect(refusalOf(await airgap.handle(withCollected(request, [])))).to.equal('run.other-request')
      expect(memory.read()).to.equal(after)
      expect(await airgap.handle(request)).to.equal(answer)
    })

    it('never goes on after it disputed', async () => {
      const { before, request } = ben('ProcessDeals')
      const garbage = carry('cleo', { step: 'SendDeals', type: 'Deal', to: 'ben', view: viewBefore('SendDeals'), payload: { sealed: 'ab'.repeat(80) } })
      const { text, airgap, memory } = await ask(before, withCollected(request, carried(request).map((one) => (one.from === 'cleo' ? garbage : one))))
      const answer = readAnswer(text)
      expect(answer.give === 'statements' ? answer.statements.map(({ type, payload }) => [type, payload]) : answer).to.deep.equal([['Complaint', { accused: 'cleo', sealed: garbage.payload['sealed'], signature: garbage.airgapSignature }]])
      expect(refusalOf(await airgap.handle(ben('ProcessResponses').request))).to.equal('run.closed')
      expect(memory.read().kept).to.deep.equal({})
    })

    it('keeps its share and erases its session with the last answer', () => {
      const { before, after } = ben('ProcessResponses')
      expect(cellOf(before).salt).to.be.a('string')
      expect(before.kept).to.deep.equal({})
      expect(cellOf(after)).to.include({ salt: null, state: 'finished' })
      for (const step of Object.values(cellOf(after).steps)) expect(step).to.deep.include({ collected: [], prepared: {} })
      expect(after.kept[run.ceremony]?.values['share']).to.be.an('object')
    })

    it('takes no step of a ceremony whose cell it lost but whose share it has', async () => {
      const { after } = ben('ProcessResponses')
      for (const step of ['SendPublicKeys', 'SendCommits']) {
        const { text } = await ask({ ...after, ceremonies: {} }, ben(step).request)
        expect(refusalOf(text), step).to.equal(step === 'SendPublicKeys' ? 'run.closed' : 'run.unknown-ceremony')
      }
    })
  })

  describe('brought prepared values', () => {
    const sums = () => (bodyOf(ben('ProcessDeals').request)['prepared'] as { sums: string[] }).sums
    const prepared = (value: unknown) => changed(ben('ProcessDeals').request, { body: (body) => ({ ...body, prepared: value }) })

    it('refuses too few, too many, and what is no point of the group, and uses nothing up', async () => {
      const cases: [string, unknown, string][] = [
        ['none', {}, 'run.statements'],
        ['another name', { totals: sums() }, 'run.statements'],
        ['one name more', { sums: sums(), more: 1 }, 'run.statements'],
        ['an inherited name', { sums: sums(), constructor: 1 }, 'run.statements'],
        ['no list', { sums: 'x' }, 'wire.malformed'],
        ['no hex', { sums: ['zz'] }, 'wire.malformed'],
        ['off the curve', { sums: [`80${'00'.repeat(46)}01`] }, 'run.statements'],
        ['the identity', { sums: [`c0${'00'.repeat(47)}`] }, 'run.statements'],
        ['off the subgroup', { sums: [OFF_SUBGROUP] }, 'run.statements'],
        ['one sum less', { sums: [] }, 'verb.argument'],
        ['one sum more', { sums: [...sums(), ...sums()] }, 'verb.argument'],
      ]
      for (const [label, value, code] of cases) await expectRefused('ProcessDeals', prepared(value), code, label)
    })

    it('refuses them in a step that wants none', async () => {
      const { request } = ben('SendCommits')
      await expectRefused('SendCommits', changed(request, { body: (body) => ({ ...body, prepared: { sums: [] } }) }), 'run.statements')
    })

    it('asks back when they do not fit, says only its deals’ public points, and takes whatever answer with care', async () => {
      const { before } = ben('ProcessDeals')
      const wrong = { sums: [toHex(encodeG1(timesBase(1n)))] }
      const { text, memory } = await ask(before, prepared(wrong))
      const answer = readAnswer(text)
      expect(answer.give === 'question' ? answer.question : answer).to.have.property('partials').that.has.lengthOf(3)
      expect(memory.read()).to.equal(before)
      const points = anAttachmentOf('anna')
      const garbage: [Json, string][] = [
        [null, 'verb.argument'], [5, 'verb.argument'], ['sums', 'verb.argument'], [[], 'verb.argument'], [{}, 'verb.argument'], [{ sums: 5 }, 'verb.argument'],
        [{ sums: ['zz'] }, 'verb.argument'], [{ sums: [] }, 'verb.argument'], [{ sums: [...sums(), ...sums()] }, 'verb.argument'],
        [{ sums: [OFF_SUBGROUP] }, 'crypto.bad-point'], [{ sums: [`c0${'00'.repeat(47)}`] }, 'crypto.bad-point'], [{ sums: wrong.sums }, 'verb.argument'],
        [{ dealer: 'anna' }, 'verb.argument'], [{ dealer: 5, points }, 'verb.argument'], [{ dealer: 'zoe', points }, 'verb.argument'],
        [{ dealer: 'ben', points: anAttachmentOf('ben') }, 'verb.argument'], [{ dealer: 'anna', points: [] }, 'verb.argument'],
        [{ dealer: 'cleo', points }, 'verb.argument'], [{ dealer: 'anna', points: wrong.sums }, 'verb.argument'], [{ dealer: 'anna', points }, 'verb.argument'],
        [{ dealer: 'constructor', points }, 'verb.argument'],
      ]
      for (const [assist, code] of garbage) {
        const request = changed(ben('ProcessDeals').request, { body: (body) => ({ ...body, prepared: wrong, assist }) })
        await expectRefused('ProcessDeals', request, code, canonical(assist).slice(0, 60))
      }
    })

    it('takes the right sums when asked back, and answers as if they had come at first', async () => {
      const { before, answer } = ben('ProcessDeals')
      const request = changed(ben('ProcessDeals').request, { body: (body) => ({ ...body, prepared: { sums: [toHex(encodeG1(timesBase(1n)))] }, assist: { sums: sums() } }) })
      const { text } = await ask(before, request)
      expect(readAnswer(text)).to.deep.equal({ ...readAnswer(answer), request: openEnvelope(request).digest })
    })
  })

  describe('asked about a dispute', () => {
    const complaint = (name: string, payload: Record<string, Json>, view = viewBefore('ProcessDeals')) =>
      carry(name, { step: 'ProcessDeals', type: 'Complaint', to: null, view, payload: { sealed: 'ab'.repeat(80), signature: 'cd'.repeat(64), ...payload } })
    const request = (dispute: CarriedLike, step = 'Complaint') =>
      sealEnvelope({ kind: 'request', ceremony: run.ceremony, step, body: { ask: 'dispute', dispute: { ...dispute } } })

    it('justifies once, and says the same again, also after a restart', async () => {
      const text = request(complaint('cleo', { accused: 'ben' }))
      const { after } = ben('ProcessDeals')
      const { airgap, memory, text: answer } = await ask(after, text)
      const given = readAnswer(answer)
      expect(given.give === 'statements' ? given.statements.map(({ type, payload }) => [type, payload['complainer']]) : given).to.deep.equal([['Justification', 'cleo']])
      expect(await airgap.handle(text)).to.equal(answer)
      expect((await ask(memory.read(), text)).text).to.equal(answer)
      expect(refusalOf(await airgap.handle(request(complaint('anna', { accused: 'ben' }))))).to.equal('run.other-request')
    })

    it('refuses one that is not about it, is its own, is badly signed, comes too early or too late', async () => {
      const { after, before } = ben('ProcessDeals')
      const good = complaint('cleo', { accused: 'ben' })
      const cases: [string, AirgapMemory, string, string][] = [
        ['about another', after, request(complaint('cleo', { accused: 'anna' })), 'run.statements'],
        ['about nobody', after, request(complaint('cleo', { accused: 'zoe' })), 'run.statements'],
        ['its own', after, request(complaint('ben', { accused: 'ben' })), 'run.statements'],
        ['a stranger’s', after, request({ ...good, from: 'zoe' }), 'run.statements'],
        ['badly signed', after, request({ ...good, airgapSignature: '00'.repeat(64) }), 'run.statements'],
        ['another’s signature', after, request({ ...good, from: 'anna' }), 'run.statements'],
        ['another view', after, request(complaint('cleo', { accused: 'ben' }, viewBefore('SendDeals'))), 'run.statements'],
        ['another form', after, request(complaint('cleo', { accused: 'ben', more: 1 })), 'wire.malformed'],
        ['before it took the step itself', before, request(good), 'run.out-of-order'],
        ['after its session is erased', ben('ProcessResponses').after, request(good), 'run.closed'],
        ['in no ceremony', { ...after, ceremonies: {} }, request(good), 'run.unknown-ceremony'],
        ['of no such name', after, request(good, 'Quarrel'), 'run.unknown-step'],
        ['of an inherited name', after, request(good, 'constructor'), 'run.unknown-step'],
      ]
      for (const [label, memory, text, code] of cases) {
        const { memory: store, text: answer } = await ask(memory, text)
        expect(refusalOf(answer), label).to.equal(code)
        expect(store.read(), label).to.equal(memory)
      }
    })
  })

  describe('told of an abort', () => {
    const abort = (name: string, more: Partial<Statement> = {}, key = memberOf(run, name).signingKey): string => {
      const payload = { reason: 'operator', step: null, accused: null, evidence: { why: 'enough', offsets: [] } }
      const statement: Statement = { ceremony: run.ceremony, step: null, type: 'Abort', from: name, to: null, view: run.ceremony, payload, ...more }
      return canonical(signMessage(key, { statement, seen: EMPTY_LOG }))
    }
    const close = (text: string): string => sealEnvelope({ kind: 'request', ceremony: run.ceremony, step: 'Abort', body: { ask: 'close', abort: text } })

    it('erases its session, for good', async () => {
      for (const step of ['SendPublicKeys', 'SendCommits', 'SendDeals']) {
        const { airgap, memory, text } = await ask(ben(step).after, close(abort('cleo')))
        expect(readAnswer(text).give, step).to.equal('closed')
        expect(cellOf(memory.read())).to.include({ state: 'aborted', salt: null })
        expect(Object.values(cellOf(memory.read()).steps).flatMap((one) => one.collected)).to.deep.equal([])
        expect(readAnswer(await airgap.handle(close(abort('anna')))).give).to.equal('closed')
        for (const other of ['SendPublicKeys', 'SendCommits', 'ProcessResponses']) expect(refusalOf(await airgap.handle(ben(other).request)), other).to.equal('run.closed')
      }
    })

    it('keeps its session once its part of the certificate is stated', async () => {
      for (const step of ['ProcessDeals', 'ProcessResponses']) {
        const { memory, text } = await ask(ben(step).after, close(abort('cleo')))
        expect(refusalOf(text)).to.equal('run.closed')
        expect(memory.read()).to.equal(ben(step).after)
      }
    })

    it('erases its session after it disputed, since it can have no part in a certificate', async () => {
      const { before, request } = ben('ProcessDeals')
      const garbage = carry('cleo', { step: 'SendDeals', type: 'Deal', to: 'ben', view: viewBefore('SendDeals'), payload: { sealed: 'ab'.repeat(80) } })
      const { airgap, memory } = await ask(before, withCollected(request, carried(request).map((one) => (one.from === 'cleo' ? garbage : one))))
      expect(readAnswer(await airgap.handle(close(abort('cleo')))).give).to.equal('closed')
      expect(cellOf(memory.read())).to.include({ state: 'aborted', salt: null })
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
        const { memory: store, text: answer } = await ask(memory, close(text))
        expect(refusalOf(answer), label).to.be.oneOf(['run.statements', 'wire.not-canonical'])
        expect(store.read(), label).to.equal(memory)
      }
      expect(refusalOf((await ask(emptyMemory('00'.repeat(64)), close(abort('cleo')))).text)).to.equal('run.unknown-ceremony')
    })
  })

  describe('asked to pair', () => {
    const pair = (name: string, signingKey: string): string => sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name, signingKey } })
    const fresh = () => emptyMemory(toHex(memberOf(run, 'ben').seed))

    it('shows its owner the card, and gives it', async () => {
      const { card } = memberOf(run, 'ben')
      const { airgap, asked, memory, text } = await ask(fresh(), pair('ben', card.signingKey))
      expect(readAnswer(text)).to.deep.include({ give: 'card', card })
      expect(asked).to.deep.equal([{ kind: 'pair', card }])
      expect(memory.read().card).to.deep.equal(card)
      await airgap.handle(pair('ben', card.signingKey))
      expect(asked).to.have.lengthOf(1)
      await airgap.handle(pair('benno', card.signingKey))
      expect(asked).to.have.lengthOf(2)
    })

    it('keeps nothing that its owner declines, or whose key is unusable', async () => {
      const { text, memory } = await ask(fresh(), pair('ben', memberOf(run, 'ben').card.signingKey), { confirm: () => Promise.resolve({ declined: null }) })
      expect(refusalOf(text)).to.equal('run.pairing-declined')
      expect(readAnswer(text)).to.not.have.property('fault')
      expect(memory.read().card).to.equal(null)
      const { card } = memberOf(run, 'ben')
      for (const key of ['00'.repeat(32), `01${'00'.repeat(31)}`, 'ff'.repeat(32), card.airgapKey]) {
        const bad = await ask(fresh(), pair('ben', key))
        expect(refusalOf(bad.text), key).to.equal('run.card')
        expect(bad.asked).to.deep.equal([])
      }
    })
  })

  it('takes no text that is no request', async () => {
    const { before, answer, request } = ben('SendCommits')
    const unread = (text: string) => airgapFrom(before).airgap.handle(text).then(() => 'taken', (error: unknown) => (error as { code?: string }).code)
    expect(await unread(answer)).to.equal('run.answer')
    expect(await unread('')).to.equal('wire.not-canonical')
    expect(await unread(`${request} `)).to.equal('wire.not-canonical')
    expect(await unread(request.replace('"ask":"step"', '"ask":"stop"'))).to.equal('channel.wrong-digest')
    expect(await unread(changed(request, { body: (body) => ({ ...body, ask: 'stop' }) }))).to.equal('wire.malformed')
    expect(await unread(changed(request, { body: (body) => ({ ...body, more: 1 }) }))).to.equal('wire.malformed')
    expect(await unread(changed(request, { body: () => ({ ask: 'step' }) }))).to.equal('wire.malformed')
  })
})

/** A point of the curve with y² = x³ + 4 whose order is not r. */
const OFF_SUBGROUP = `80${'00'.repeat(46)}04`

const otherKey = (i: number): string => toHex(airgapKeyPair(seededRandom(`other ${i}`)(64)).publicKey)

function anAttachmentOf(name: string): string[] {
  const answer = readAnswer(run.crossing(name, 'SendCommits').answer)
  return answer.give === 'statements' ? [...((answer.attachment?.['points'] ?? []) as string[])] : []
}
