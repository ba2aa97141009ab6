import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { encodeG1, timesBase } from '../../crypto/bls.ts'
import { toHex } from '../../base/bytes.ts'
import { airgapKeyPair } from '../../crypto/seed.ts'
import { crlfHash, readShipped, shippedByCrlfHash } from '../../script/load.ts'
import { seededRandom } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonical } from '../../base/canonical.ts'
import type { Json, JsonObject } from '../../base/canonical.ts'
import { ceremonyId } from '../../wire/card.ts'
import type { Card, Opening } from '../../wire/card.ts'
import type { Carried } from '../../wire/exchange.ts'
import { Bench, carried, withCollected } from './airgap-bench.ts'
import { airgapFrom, bodyOf, changed, memberOf, readAnswer, recordDkg, refusalOf } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'

let run: Recorded
let bench: Bench

/** ben's requests, answers and memories. */
const ben = (step: string): Crossing => bench.at(step)

describe('an airgap', () => {
  before(async () => {
    run = await recordDkg(3, 2, 'airgap')
    bench = new Bench(run)
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
      ['a date that only some runtimes read', () => opening((one) => ({ ...one, opensAt: '2026-02-30T00:00:00Z' })), 'run.opening'],
      ['an hour that only some days have', () => opening((one) => ({ ...one, opensAt: '2026-02-03T24:00:00Z' })), 'run.opening'],
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
        const { asked, text, memory } = await bench.ask(before, request())
        expect(refusalOf(text)).to.equal(code)
        expect(asked).to.deep.equal([])
        expect(memory.read()).to.equal(before)
        expect(readAnswer(answer).give).to.equal('statement')
      })
    }

    it('says of a script that is not on its disk where it has the same with other line ends', async () => {
      const request = opening((one) => ({ ...one, script: { ...one.script, hash: crlfHash(readShipped('dkg')) } }))
      const { asked, text } = await bench.ask(first().before, request, { crlfScript: shippedByCrlfHash })
      expect(readAnswer(text)).to.include({ give: 'refusal', code: 'run.unknown-script' }).and.have.property('what').that.includes(readShipped('dkg').hash).and.includes('CR LF')
      expect(asked).to.deep.equal([])
    })

    it('refuses a script that this version cannot run, before its owner is asked', async () => {
      const others = Object.fromEntries(Object.entries(verbs.airgap).filter(([name]) => name !== 'dkg.finish'))
      const { asked, text } = await bench.ask(first().before, first().request, { verbs: { ...verbs, airgap: others } })
      expect(refusalOf(text)).to.equal('run.not-runnable')
      expect(asked).to.deep.equal([])
    })

    it('refuses to sign with a key that it has no share of, before its owner is asked', async () => {
      const sign = readShipped('sign')
      const { name, version } = sign.ceremony
      const parameters = { key: '11'.repeat(32), purpose: 'x', messages: [{ kind: 'text', text: 'x' }] }
      const request = opening((one) => ({ ...one, script: { name, version, hash: sign.hash }, parameters }))
      const { asked, text } = await bench.ask(first().before, request, { script: () => sign })
      expect(refusalOf(text)).to.equal('run.opening')
      expect(asked).to.deep.equal([])
    })

    it('refuses while it is not paired, and under another card than it was paired as', async () => {
      const { before, request } = first()
      expect(refusalOf((await bench.ask({ ...before, client: null }, request)).text)).to.equal('run.not-paired')
      const renamed = { ...(before.client ?? expect.fail()), name: 'benjamin' }
      expect(refusalOf((await bench.ask({ ...before, client: renamed }, request)).text)).to.equal('run.opening')
    })

    it('shows its owner all that is agreed, and joins only if the owner says so', async () => {
      const { before, request } = first()
      const asked: unknown[] = []
      const { text, memory, airgap } = await bench.ask(before, request, { confirm: (question) => Promise.resolve(asked.push(question) > 99 || { declined: 'Not our address' }) })
      expect(refusalOf(text)).to.equal('run.rejected')
      expect(openEnvelope(text).body).to.have.property('fault').that.deep.equals({ reason: 'rejected', accused: null, why: 'Not our address' })
      expect(asked[0]).to.deep.include({ kind: 'join', ceremony: run.ceremony, step: 'SendPublicKeys', opening: run.opening, me: memberOf(run, 'ben').card })
      expect(asked[0]).to.have.property('number').that.matches(/^(\d{5} ){7}\d{5}$/)
      // Nothing stays but its id: an opening may be large, and a stolen client may bring many.
      expect(memory.read()).to.deep.include({ sessions: {}, declined: [run.ceremony] })
      expect(refusalOf(await airgap.handle(request))).to.equal('run.closed')
      expect(asked).to.have.lengthOf(1)
    })

    it('refuses an opening that fits no message of a board before its owner is asked', async () => {
      const { before, request } = first()
      const { body, step } = openEnvelope(request)
      const opening = { ...run.opening, parameters: { ...run.opening.parameters, more: 'x'.repeat(1 << 20) } }
      const asked: unknown[] = []
      const large = sealEnvelope({ kind: 'request', ceremony: ceremonyId(opening), step, body: { ...(body as JsonObject), opening } })
      const { text, memory } = await bench.ask(before, large, { confirm: (question) => Promise.resolve(asked.push(question) > 0 || { declined: null }) })
      expect([refusalOf(text), asked]).to.deep.equal(['run.opening', []])
      expect(memory.read()).to.deep.equal(before)
    })

    it('uses nothing up when its screen fails, and asks again', async () => {
      const { before, request } = first()
      let calls = 0
      const { airgap, memory } = airgapFrom(before, { confirm: () => (calls++ === 0 ? Promise.reject(new Error('no terminal')) : Promise.resolve(true)) })
      const error: unknown = await airgap.handle(request).catch((reason: unknown) => reason)
      expect(error).to.have.property('message', 'no terminal')
      expect(memory.read()).to.equal(before)
      expect(readAnswer(await airgap.handle(request)).give).to.equal('statement')
    })

    it('asks its owner once when the same request comes twice at the same time', async () => {
      const { before, request } = first()
      const { airgap, asked } = airgapFrom(before)
      const [a, b] = await Promise.all([airgap.handle(request), airgap.handle(request)])
      expect(a).to.equal(b)
      expect(asked).to.have.lengthOf(1)
    })

    it('draws nothing for what it states: two that know of nothing state the same, in this ceremony alone', async () => {
      const { before, request, answer } = first()
      for (const seed of ['one', 'two']) expect((await bench.ask(before, request, { random: seededRandom(seed) })).text).to.equal(answer)
      const other = readAnswer((await bench.ask(before, opening((one) => ({ ...one, nonce: '5a'.repeat(32) })))).text)
      const [a, b] = [readAnswer(answer), other].map((one) => (one.give === 'statement' ? one.statement.payload : expect.fail()))
      expect(Object.keys(a ?? {}).sort()).to.deep.equal(['digest', 'encryptionKey'])
      for (const field of ['encryptionKey', 'digest']) expect(a?.[field], field).not.to.equal(b?.[field])
    })
  })

  describe('asked for a step', () => {
    it('refuses one that the ceremony does not have, or that is not next', async () => {
      const { before, request } = ben('SendCommits')
      for (const step of ['Nothing', 'constructor', 'Complaint', 'toString']) {
        expect(refusalOf((await bench.ask(before, changed(request, { step }))).text), step).to.equal('run.unknown-step')
      }
      for (const step of ['SendDeals', 'ProcessDeals', 'ProcessResponses']) {
        expect(refusalOf((await bench.ask(before, changed(request, { step }))).text), step).to.equal('run.out-of-order')
      }
      const late = ben('SendDeals')
      expect(refusalOf((await bench.ask(ben('SendPublicKeys').before, late.request)).text)).to.equal('run.unknown-ceremony')
    })

    it('refuses statements that are missing, doubled, strangers’, its own or swapped, and uses nothing up', async () => {
      const { request } = ben('SendCommits')
      const [anna, cleo] = carried(request) as [Carried, Carried]
      const cases: [string, Carried[]][] = [
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
      for (const [label, collected] of cases) await bench.expectRefused('SendCommits', withCollected(request, collected), 'run.statements', label)
    })

    it('refuses what was signed for another ceremony, step, view or type', async () => {
      const { payload } = carried(ben('ProcessDeals').request).find((one) => one.from === 'cleo') ?? expect.fail()
      const right = { step: 'SendDeals', type: 'Deals', view: bench.viewBefore('SendDeals'), payload: payload as { root: string } }
      const places: [string, object][] = [
        ['ceremony', { ceremony: '11'.repeat(32) }], ['step', { step: 'SendCommits' }], ['type', { type: 'Commits' }],
        ['view', { view: bench.viewBefore('SendCommits') }], ['view, of later', { view: bench.viewBefore('ProcessDeals') }],
      ]
      expect(bench.withOne('ProcessDeals', 'cleo', (one) => ({ ...one, ...bench.carry('cleo', right) }))).to.equal(ben('ProcessDeals').request)
      for (const [label, change] of places) {
        const request = bench.withOne('ProcessDeals', 'cleo', (one) => ({ ...one, ...bench.carry('cleo', { ...right, ...change }) }))
        await bench.expectRefused('ProcessDeals', request, 'run.statements', label)
      }
    })

    it('refuses unusable values, though they are properly signed', async () => {
      const { request } = ben('SendCommits')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const place = { step: 'SendPublicKeys', type: 'PublicKey', view: run.ceremony }
      const cases: [string, Record<string, Json>, string][] = [
        ['a key of low order', { ...payload, encryptionKey: '00'.repeat(32) }, 'run.statements'],
        ['a key that is not canonical', { ...payload, encryptionKey: 'ff'.repeat(32) }, 'run.statements'],
        ['a field more', { ...payload, more: 'x' }, 'wire.malformed'],
        ['a field less', { digest: payload['digest'] ?? '' }, 'wire.malformed'],
        ['a field too long', { ...payload, digest: '00'.repeat(33) }, 'wire.malformed'],
        ['capitals', { ...payload, digest: 'AB'.repeat(32) }, 'wire.malformed'],
      ]
      for (const [label, bad, code] of cases) {
        const collected = carried(request).map((one) => (one.from === 'cleo' ? bench.carry('cleo', { ...place, payload: bad }) : one))
        await bench.expectRefused('SendCommits', withCollected(request, collected), code, label)
      }
    })

    it('refuses points that are no points of the group, though they are properly signed', async () => {
      const { request } = ben('SendDeals')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const place = { step: 'SendCommits', type: 'Commits', view: bench.viewBefore('SendCommits') }
      for (const [label, key] of [['identity', `c0${'00'.repeat(47)}`], ['off the curve', `80${'00'.repeat(46)}01`], ['off the subgroup', OFF_SUBGROUP]] as const) {
        const collected = carried(request).map((one) => (one.from === 'cleo' ? bench.carry('cleo', { ...place, payload: { ...payload, key } }) : one))
        await bench.expectRefused('SendDeals', withCollected(request, collected), 'run.statements', label)
      }
    })

    it('finds commitments that were not bound, and says whose they are', async () => {
      const { request, before } = ben('SendDeals')
      const [anna, cleo] = carried(request) as [Carried, Carried]
      const place = { step: 'SendCommits', type: 'Commits', view: bench.viewBefore('SendCommits') }
      const other = bench.carry('cleo', { ...place, payload: { ...cleo.payload, rest: '00'.repeat(32) } })
      const { text } = await bench.ask(before, withCollected(request, [anna, other]))
      const answer = readAnswer(text)
      expect(answer).to.deep.include({ give: 'refusal', code: 'verb.fault', fault: { reason: 'dkg.bad-opening', accused: 'cleo' } })
    })

    it('refuses a response that is not equal to its own', async () => {
      const { request } = ben('ProcessResponses')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const place = { step: 'ProcessDeals', type: 'Response', view: bench.viewBefore('ProcessDeals') }
      for (const change of [{ groupKey: toHex(encodeG1(timesBase(1n))) }, { sums: '00'.repeat(32) }]) {
        const collected = carried(request).map((one) => (one.from === 'cleo' ? bench.carry('cleo', { ...place, payload: { ...payload, ...change } }) : one))
        await bench.expectRefused('ProcessResponses', withCollected(request, collected), 'run.statements', Object.keys(change).join())
      }
    })

    it('refuses a complaint where all must be content', async () => {
      const { request } = ben('ProcessResponses')
      const complaint = bench.carry('cleo', { step: 'ProcessDeals', type: 'Complaint', view: bench.viewBefore('ProcessDeals'), payload: { accused: 'anna' } })
      const collected = carried(request).map((one) => (one.from === 'cleo' ? complaint : one))
      await bench.expectRefused('ProcessResponses', withCollected(request, collected), 'run.statements')
    })

    it('takes the statements in any order', async () => {
      for (const step of ['SendCommits', 'SendDeals', 'ProcessDeals', 'ProcessResponses']) {
        const { before, request, answer, after } = ben(step)
        const reversed = withCollected(request, carried(request).reverse())
        const { text, memory } = await bench.ask(before, reversed)
        expect(readAnswer(text)).to.deep.equal({ ...readAnswer(answer), request: openEnvelope(reversed).digest })
        expect(bench.sessionOf(memory.read()).steps[step]?.asked).to.equal(bench.sessionOf(after).steps[step]?.asked)
      }
    })

    it('refuses another set of statements once it has answered, however well they are signed', async () => {
      const { request, after, answer } = ben('SendCommits')
      const payload = carried(request).find((one) => one.from === 'cleo')?.payload ?? expect.fail()
      const other = bench.carry('cleo', { step: 'SendPublicKeys', type: 'PublicKey', view: run.ceremony, payload: { ...payload, digest: '22'.repeat(32) } })
      const second = withCollected(request, carried(request).map((one) => (one.from === 'cleo' ? other : one)))
      // A fresh airgap would have taken it.
      expect(readAnswer((await bench.ask(ben('SendCommits').before, second)).text).give).to.equal('statement')
      const { text, memory, airgap } = await bench.ask(after, second)
      expect(refusalOf(text)).to.equal('run.other-request')
      expect(refusalOf(await airgap.handle(withCollected(request, [])))).to.equal('run.other-request')
      expect(memory.read()).to.equal(after)
      expect(await airgap.handle(request)).to.equal(answer)
    })

    it('never goes on after it disputed', async () => {
      const { text, airgap, memory } = await bench.ask(ben('ProcessDeals').before, bench.complaining)
      const answer = readAnswer(text)
      expect(answer.give === 'statement' ? [answer.statement.type, answer.statement.payload] : answer).to.deep.equal(['Complaint', { accused: 'cleo' }])
      expect(refusalOf(await airgap.handle(ben('ProcessResponses').request))).to.equal('run.closed')
      expect(memory.read().archive).to.deep.equal({})
    })

    it('keeps its share and erases its session with the last answer', () => {
      const { before, after } = ben('ProcessResponses')
      expect(Object.values(bench.sessionOf(before).steps).flatMap((step) => step.collected)).to.not.deep.equal([])
      expect(before.archive).to.deep.equal({})
      expect(bench.sessionOf(after)).to.include({ state: 'finished' })
      for (const step of Object.values(bench.sessionOf(after).steps)) expect(step).to.deep.include({ collected: [], prepared: {} })
      expect(after.archive[run.ceremony]?.values['share']).to.be.an('object')
      expect(after.archive[run.ceremony]).to.not.have.property('unconfirmed')
    })

    it('takes no step of a ceremony whose session it lost but whose share it has', async () => {
      const { after } = ben('ProcessResponses')
      for (const step of ['SendPublicKeys', 'SendCommits']) {
        const { text } = await bench.ask({ ...after, sessions: {} }, ben(step).request)
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
      for (const [label, value, code] of cases) await bench.expectRefused('ProcessDeals', prepared(value), code, label)
    })

    it('refuses them in a step that wants none', async () => {
      const { request } = ben('SendCommits')
      await bench.expectRefused('SendCommits', changed(request, { body: (body) => ({ ...body, prepared: { sums: [] } }) }), 'run.statements')
    })

    it('asks back when they do not fit, says only its deals’ public points, and takes whatever answer with care', async () => {
      const { before } = ben('ProcessDeals')
      const wrong = { sums: [toHex(encodeG1(timesBase(1n)))] }
      const { text, memory } = await bench.ask(before, prepared(wrong))
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
        await bench.expectRefused('ProcessDeals', request, code, canonical(assist).slice(0, 60))
      }
    })

    it('takes the right sums when asked back, and answers as if they had come at first', async () => {
      const { before, answer } = ben('ProcessDeals')
      const request = changed(ben('ProcessDeals').request, { body: (body) => ({ ...body, prepared: { sums: [toHex(encodeG1(timesBase(1n)))] }, assist: { sums: sums() } }) })
      const { text } = await bench.ask(before, request)
      expect(readAnswer(text)).to.deep.equal({ ...readAnswer(answer), request: openEnvelope(request).digest })
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
  return answer.give === 'statement' ? [...((answer.attachment?.['points'] ?? []) as string[])] : []
}
