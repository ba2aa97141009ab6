import { expect } from 'chai'
import { sealEnvelope } from '../../channel/envelope.ts'
import type { AirgapPorts } from '../../run/airgap-session.ts'
import { backupOf, forBackup, memorySchema } from '../../run/memory.ts'
import type { AirgapMemory, Session, MemoryStore } from '../../run/memory.ts'
import { readShipped } from '../../script/load.ts'
import { memoryStore } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapVerb } from '../../verbs/runtime.ts'
import { canonical } from '../../base/canonical.ts'
import type { Json } from '../../base/canonical.ts'
import { ceremonyId } from '../../wire/card.ts'
import type { Opening } from '../../wire/card.ts'
import { EMPTY_LOG } from '../../wire/log.ts'
import { signMessage } from '../../wire/message.ts'
import { compileCheck } from '../../wire/schema.ts'
import { airgapFrom, dkg, memberOf, readAnswer, refusalOf, simulateDkg } from './harness.ts'

const sign = readShipped('sign')
const COUNT = 30

describe('work of an airgap that takes long', function () {
  this.timeout(60_000)
  let key: Simulated
  let opening: Opening
  let id: string
  let request: string
  let answer: string
  /** The contents of the vault after each write, of an airgap that was not interrupted. */
  let written: AirgapMemory[]

  const checkMemory = compileCheck<AirgapMemory>(memorySchema)
  const vault = (): AirgapMemory => memberOf(key, 'ben').memory.read()
  const sessionOf = (memory: AirgapMemory): Session | undefined => memory.sessions[id]
  const stateOf = (memory: AirgapMemory): readonly Json[] | null => (sessionOf(memory)?.work?.state ?? null) as readonly Json[] | null
  const withState = (memory: AirgapMemory, state: Json): AirgapMemory => {
    const session = sessionOf(memory) ?? expect.fail()
    return { ...memory, sessions: { ...memory.sessions, [id]: { ...session, work: { ...(session.work ?? expect.fail()), state } } } }
  }
  /** The memory after a crash: nothing is left but what was written. */
  const reloaded = (memory: AirgapMemory): AirgapMemory => checkMemory(JSON.parse(canonical(memory)) as Json, 'The vault')

  function airgapWith(memory: AirgapMemory, more: Partial<AirgapPorts> = {}) {
    const all: AirgapMemory[] = []
    const inner = memoryStore(memory)
    const store: MemoryStore = {
      read: inner.read,
      update: async (change) => {
        await inner.update(change)
        all.push(inner.read())
      },
    }
    const told: (number | undefined)[] = []
    let now = Date.UTC(2026, 0, 2)
    const made = airgapFrom(memory, {
      memory: store, script: (hash) => [dkg, sign].find((one) => one.hash === hash),
      now: () => new Date(now),
      // Ten signatures take 3 s here.
      onProgress: ({ done }) => {
        told.push(done)
        now += 3000
      },
      ...more,
    })
    return { ...made, memory: store, written: all, told: () => told.filter((one) => one !== undefined) }
  }

  before(async () => {
    key = await simulateDkg(3, 2, 'long work')
    const messages = Array.from({ length: COUNT }, (_, i) => ({ kind: 'text', text: `Message ${i}` }))
    opening = {
      script: { name: 'sign', version: sign.ceremony.version, hash: sign.hash }, parameters: { key: key.ceremony, purpose: 'Many', messages },
      roster: key.opening.roster, opensAt: '2026-01-02T00:00:00Z', nonce: '5a'.repeat(32), rehearsal: false,
    }
    id = ceremonyId(opening)
    request = sealEnvelope({ kind: 'request', ceremony: id, step: 'SendPartials', body: { ask: 'step', opening, collected: [], prepared: {} } })
    const whole = airgapWith(vault())
    answer = await whole.airgap.handle(request)
    expect(readAnswer(answer).give).to.equal('statement')
    expect(whole.asked).to.have.length(1)
    written = whole.written
  })

  it('keeps its owner’s consent before it begins, then how far it is, and nothing of both once it is done', () => {
    expect(stateOf(written[0] ?? expect.fail())).to.equal(null)
    expect(sessionOf(written[0] ?? expect.fail())).to.deep.include({ state: 'live', steps: {} })
    expect(written.slice(1, -1).map((one) => stateOf(one)?.length)).to.deep.equal([0, 10, 20])
    expect(sessionOf(written.at(-1) ?? expect.fail())).to.include({ state: 'finished' }).and.not.have.property('work')
  })

  it('goes on after a crash where it was, unasked, and comes to the same answer byte for byte', async () => {
    for (const [i, memory] of written.entries()) {
      const { airgap, asked, told, memory: after } = airgapWith(reloaded(memory))
      expect(await airgap.handle(request), `crash after write ${i}`).to.equal(answer)
      expect(asked).to.deep.equal([])
      expect(told()[0]).to.equal([0, 0, 10, 20, undefined][i])
      expect(after.read().sessions[id]?.steps).to.deep.equal(written.at(-1)?.sessions[id]?.steps)
      expect(after.read().sessions[id]).to.not.have.property('work')
    }
  })

  it('begins anew, unasked, where what was kept is of no use', async () => {
    for (const state of [{ a: 1 }, ['xx'], Array.from({ length: COUNT + 1 }, () => 'ab'.repeat(96)), 7]) {
      const { airgap, told } = airgapWith(withState(written[2] ?? expect.fail(), state))
      expect(await airgap.handle(request)).to.equal(answer)
      expect(told()[0]).to.equal(0)
    }
  })

  it('is stopped by a signal, with all kept that was done but the consent: it may have been second thoughts', async () => {
    const stop = new AbortController()
    const { airgap, memory } = airgapWith(vault(), {
      // The clock stands still, so that no write of its own is ever due.
      now: () => new Date(0), signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 20) stop.abort(new Error('Ctrl-C'))
      },
    })
    expect(await airgap.handle(request).catch((error: unknown) => error)).to.have.property('message', 'Ctrl-C')
    expect(stateOf(memory.read())).to.have.length(20)
    const again = airgapWith(reloaded(memory.read()))
    expect(await again.airgap.handle(request)).to.equal(answer)
    expect(again.asked).to.have.length(1)
    expect(again.told()[0]).to.equal(20)
  })

  it('keeps the consent alone where its state is too large', async () => {
    const large: AirgapVerb = () => ({
      kind: 'works',
      work: async ({ save, saved }) => {
        expect(saved).to.equal(undefined)
        await save(() => 'x'.repeat(9 * 1024 * 1024))
        throw new Error('a crash')
      },
    })
    const { airgap, memory } = airgapWith(vault(), { verbs: { ...verbs, airgap: { ...verbs.airgap, 'bls.signShare': large } } })
    await airgap.handle(request).catch(() => undefined)
    expect(sessionOf(memory.read())?.work).to.include({ step: 'SendPartials', state: null })
  })

  it('of one step is no consent to another, nor of one ceremony', async () => {
    const memory = written[2] ?? expect.fail()
    const session = sessionOf(memory) ?? expect.fail()
    const other = { ...memory, sessions: { [id]: { ...session, work: { ...(session.work ?? expect.fail()), asked: '00'.repeat(32) } } } }
    const one = airgapWith(other)
    expect(await one.airgap.handle(request)).to.equal(answer)
    expect(one.asked).to.have.length(1)
    const changed = { ...opening, nonce: '5b'.repeat(32) }
    const two = airgapWith(memory)
    await two.airgap.handle(sealEnvelope({ kind: 'request', ceremony: ceremonyId(changed), step: 'SendPartials', body: { ask: 'step', opening: changed, collected: [], prepared: {} } }))
    expect(two.asked).to.have.length(1)
  })

  it('is in no backup', () => {
    const memory = written[3] ?? expect.fail()
    const partial = stateOf(memory)?.[0]
    if (typeof partial !== 'string') expect.fail()
    expect(canonical(memory)).to.include(partial)
    expect(canonical(backupOf(memory, new Date(0)))).to.not.include(partial).and.not.include('"work"')
    expect(forBackup(memory).sessions[id]).to.include({ state: 'left' })
  })

  it('is erased when the ceremony is closed', async () => {
    const { airgap, memory } = airgapWith(written[3] ?? expect.fail())
    const statement = {
      ceremony: id, step: null, type: 'Abort', from: 'anna', view: null,
      payload: { reason: 'operator', step: 'SendPartials', accused: null, evidence: { why: 'x', offsets: [] } },
    }
    const abort = canonical(signMessage(memberOf(key, 'anna').signingKey, { statement, seen: EMPTY_LOG }))
    const closed = await airgap.handle(sealEnvelope({ kind: 'request', ceremony: id, step: 'Abort', body: { ask: 'close', abort } }))
    expect(readAnswer(closed).give).to.equal('closed')
    expect(sessionOf(memory.read())).to.include({ state: 'closed' }).and.not.have.property('work')
    expect(refusalOf(await airgap.handle(request))).to.equal('run.closed')
  })
})

describe('messages that nobody can read', () => {
  it('are refused before the owner is asked, with nothing used up, unless the airgap allows them', async () => {
    const key = await simulateDkg(3, 2, 'blind')
    const opening: Opening = {
      script: { name: 'sign', version: sign.ceremony.version, hash: sign.hash },
      parameters: { key: key.ceremony, purpose: 'x', messages: [{ kind: 'text', text: 'x' }, { kind: 'raw', each: { root: ['11'.repeat(32)] } }] },
      roster: key.opening.roster, opensAt: '2026-01-02T00:00:00Z', nonce: '5a'.repeat(32), rehearsal: false,
    }
    const request = sealEnvelope({ kind: 'request', ceremony: ceremonyId(opening), step: 'SendPartials', body: { ask: 'step', opening, collected: [], prepared: {} } })
    const memory = memberOf(key, 'ben').memory.read()
    const script = () => sign
    const refused = airgapFrom(memory, { script })
    expect(refusalOf(await refused.airgap.handle(request))).to.equal('run.blind')
    expect(refused.asked).to.deep.equal([])
    expect(refused.memory.read()).to.equal(memory)
    const allowed = airgapFrom(memory, { script, allowBlind: true })
    expect(refusalOf(await allowed.airgap.handle(request))).to.equal('gives statement')
    expect(allowed.asked).to.have.length(1)
  })

  it('and kinds that it does not know are refused by name, allowed or not', async () => {
    const key = await simulateDkg(3, 2, 'unknown')
    const opening: Opening = {
      script: { name: 'sign', version: sign.ceremony.version, hash: sign.hash },
      parameters: { key: key.ceremony, purpose: 'x', messages: [{ kind: 'eth/transfer-all', root: '11'.repeat(32) }] },
      roster: key.opening.roster, opensAt: '2026-01-02T00:00:00Z', nonce: '5a'.repeat(32), rehearsal: false,
    }
    const request = sealEnvelope({ kind: 'request', ceremony: ceremonyId(opening), step: 'SendPartials', body: { ask: 'step', opening, collected: [], prepared: {} } })
    const { airgap, asked } = airgapFrom(memberOf(key, 'ben').memory.read(), { script: () => sign, allowBlind: true })
    const answer = readAnswer(await airgap.handle(request))
    expect(answer).to.include({ give: 'refusal', code: 'run.opening' }).and.have.property('what').that.contains('eth/transfer-all').and.contains('not signed blind')
    expect(asked).to.deep.equal([])
  })
})
