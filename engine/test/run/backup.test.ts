import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { toHex } from '../../base/bytes.ts'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { backupOf, backupSchema, cardIn, emptyMemory, EPOCH, restoredFrom } from '../../run/memory.ts'
import type { AirgapMemory } from '../../run/memory.ts'
import { recover } from '../../run/recover.ts'
import { seededRandom } from '../../simulate/simulate.ts'
import { readSealed, writeSealed } from '../../vault/age.ts'
import { verbs } from '../../verbs/implementations.ts'
import { ceremonyId } from '../../wire/card.ts'
import type { Card, Opening } from '../../wire/card.ts'
import { codeOf, FAST, PASSPHRASE, withHome } from '../vault/home.ts'
import { Bench } from './airgap-bench.ts'
import { airgapFrom, bodyOf, changed, dkg, keptBy, readAnswer, recordDkg, refusalOf, transcriptOf } from './harness.ts'
import type { Recorded } from './harness.ts'
import { ed25519FromSeed } from '../../crypto/ed25519.ts'

/** The simulated ceremony opens on the first of January. */
const LATER = new Date(Date.UTC(2026, 0, 5))
const AIRGAP_STEPS = ['SendPublicKeys', 'SendCommits', 'SendDeals', 'ProcessDeals', 'ProcessResponses']

const EARLIER = new Date(Date.UTC(2020, 0, 1))

/** A backup's memory in a new vault. */
const restored = (memory: AirgapMemory, epoch = 7, now = LATER): AirgapMemory => restoredFrom(backupOf(memory, now), new Uint8Array(EPOCH).fill(epoch))
/** A vault made anew from the words, and paired again. */
const fromWords = ({ seed, client }: AirgapMemory, epoch = 7): AirgapMemory => ({ ...emptyMemory(seed, new Uint8Array(EPOCH).fill(epoch)), client })
const cardOf = (memory: AirgapMemory): Card => cardIn(memory) ?? expect.fail('not paired')

describe('an airgap that was restored from a backup', () => {
  let run: Recorded
  before(async () => (run = await recordDkg(3, 2, 'backup')))

  it('takes no step of a ceremony that was under way, neither the next, nor one that was answered, nor the first again', async () => {
    for (const at of AIRGAP_STEPS.slice(0, -1)) {
      const before = run.crossing('ben', at).after
      const { airgap, asked, memory } = airgapFrom(restored(before))
      for (const step of AIRGAP_STEPS) {
        const text = await airgap.handle(run.crossing('ben', step).request)
        expect(refusalOf(text), `${step} after a backup in ${at}`).to.equal('run.restored')
        expect(readAnswer(text)).to.have.property('todo').that.matches(/airgap recover TRANSCRIPT/)
      }
      expect(asked).to.deep.equal([])
      expect(memory.read().sessions[run.ceremony]).to.deep.include({ state: 'left', steps: {}, disputes: {} })
    }
  })

  it('has the share back from the transcript, once the ceremony has succeeded', async () => {
    const { memory } = airgapFrom(restored(run.crossing('ben', 'ProcessDeals').after))
    await recover(transcriptOf(run), { memory, script: () => dkg, verbs, random: seededRandom('recover'), now: () => LATER })
    expect(memory.read().archive[run.ceremony]?.values['share']).to.deep.equal(keptBy(run, 'ben'))
    expect(memory.read().sessions[run.ceremony]?.state).to.equal('finished')
  })

  it('has the share of a ceremony that was finished, and gives its last answer again byte for byte', async () => {
    const { request, answer, after } = run.crossing('ben', 'ProcessResponses')
    const { airgap, memory } = airgapFrom(restored(after))
    expect(memory.read().archive).to.deep.equal(after.archive)
    expect(memory.read().archive[run.ceremony]?.values['share']).to.deep.equal(keptBy(run, 'ben'))
    expect(await airgap.handle(request)).to.equal(answer)
    const other = changed(request, { body: (body) => ({ ...body, collected: (bodyOf(request)['collected'] as object[]).slice(1) }) })
    expect(refusalOf(await airgap.handle(other))).to.equal('run.other-request')
  })

  describe('and is brought an opening', () => {
    const first = () => run.crossing('ben', 'SendPublicKeys')
    /** The request to join an opening whose roster has this card of ben, and his airgap's answer. */
    async function brought(memory: AirgapMemory, card: Card, change: Partial<Opening> = {}, now = LATER) {
      const opening: Opening = { ...run.opening, roster: run.opening.roster.map((one) => (one.name === 'ben' ? card : one)), ...change }
      const { airgap, asked, memory: store } = airgapFrom(memory, { now: () => now })
      const request = sealEnvelope({ kind: 'request', ceremony: ceremonyId(opening), step: 'SendPublicKeys', body: { ask: 'step', opening, collected: [], prepared: {} } })
      return { answer: refusalOf(await airgap.handle(request)), asked: asked.length, isUntouched: store.read() === memory }
    }

    it('refuses unasked one with its earlier card, whatever its time says and whatever the clocks', async () => {
      const { before } = first()
      for (const memory of [restored(before), fromWords(before), restored(before, 7, EARLIER)]) {
        for (const opensAt of ['2020-01-01T00:00:00Z', run.opening.opensAt, '2026-01-05T00:00:00Z', '2099-01-01T00:00:00Z']) {
          for (const now of [EARLIER, LATER, new Date(Date.UTC(2100, 0, 1))]) {
            expect(await brought(memory, cardOf(before), { opensAt }, now), opensAt).to.deep.equal({ answer: 'run.restored', asked: 0, isUntouched: true })
          }
        }
      }
    })

    it('joins one with its present card, were it older than all', async () => {
      const { before } = first()
      for (const memory of [restored(before), fromWords(before)]) {
        for (const opensAt of ['2020-01-01T00:00:00Z', '2026-01-05T00:00:00Z']) {
          expect(await brought(memory, cardOf(memory), { opensAt }), opensAt).to.deep.equal({ answer: 'gives statement', asked: 1, isUntouched: false })
        }
      }
    })

    it('never answers in one ceremony with another vault of its seed: of any card, one answers at the most', async () => {
      const { before } = first()
      const vaults = [before, restored(before, 1), restored(restored(before, 1), 2), fromWords(before, 3)]
      for (const [i, vault] of vaults.entries()) {
        const answers = await Promise.all(vaults.map(async (other) => (await brought(other, cardOf(vault))).answer))
        expect(answers).to.deep.equal(vaults.map((_, j) => (i === j ? 'gives statement' : 'run.restored')))
      }
      expect(await brought(before, { ...cardOf(before), epoch: 'ff'.repeat(16) }), 'an epoch that nobody drew').to.include({ answer: 'run.restored', asked: 0 })
      expect(await brought(before, { ...cardOf(before), name: 'bert' }, {}), 'another name').to.include({ answer: 'run.opening', asked: 0 })
    })
  })

  it('answers what was asked before with the same bytes where the vault’s own file was put back', async () => {
    for (const { step, request, answer, before } of run.crossings.filter(({ name }) => name === 'ben')) {
      expect(await airgapFrom(before, { random: seededRandom('another') }).airgap.handle(request), step).to.equal(answer)
    }
  })

  it('stays declined where it was, until there is another client, whose openings have another card', async () => {
    const { after } = run.crossing('ben', 'ProcessDeals')
    const { airgap, asked, memory } = airgapFrom(restored({ ...after, sessions: {}, declined: [run.ceremony] }))
    for (const step of AIRGAP_STEPS) expect(refusalOf(await airgap.handle(run.crossing('ben', step).request)), step).to.equal('run.closed')
    expect(asked).to.deep.equal([])
    const pairing = sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name: 'ben2', signingKey: toHex(ed25519FromSeed(new Uint8Array(32).fill(3)).publicKey) } })
    expect(openEnvelope(await airgap.handle(pairing)).body).to.include({ give: 'card' })
    expect(memory.read().declined).to.deep.equal([])
    expect(refusalOf(await airgap.handle(run.crossing('ben', AIRGAP_STEPS[0] ?? '').request))).to.equal('run.restored')
  })

  it('stays closed or abandoned where it was, without what it had answered', async () => {
    const { after } = run.crossing('ben', 'ProcessDeals')
    const session = after.sessions[run.ceremony] ?? expect.fail()
    for (const state of ['closed', 'abandoned'] as const) {
      const memory = restored({ ...after, sessions: { [run.ceremony]: { ...session, state } } })
      expect(memory.sessions[run.ceremony]).to.deep.equal({ opening: run.opening, state, steps: {}, disputes: {} })
      const { airgap, asked } = airgapFrom(memory)
      for (const step of AIRGAP_STEPS) expect(refusalOf(await airgap.handle(run.crossing('ben', step).request)), step).to.equal('run.closed')
      const abandon = sealEnvelope({ kind: 'request', ceremony: run.ceremony, step: 'ProcessResponses', body: { ask: 'abandon' } })
      expect(refusalOf(await airgap.handle(abandon)), 'abandon').to.equal('run.closed')
      expect(asked).to.deep.equal([])
    }
  })

  it('gives up nothing, and answers no dispute, of a ceremony that was under way', async () => {
    const bench = new Bench(run)
    const { airgap, asked } = airgapFrom(restored(run.crossing('ben', 'ProcessDeals').after))
    expect(refusalOf(await airgap.handle(bench.sealed('ProcessResponses', { ask: 'abandon' })))).to.equal('run.restored')
    expect(refusalOf(await airgap.handle(bench.dispute(bench.complaint('cleo', 'ben'))))).to.equal('run.restored')
    expect(asked).to.deep.equal([])
  })

  it('comes out of its file as it went in, of a file for its owner alone, which is never written over', () =>
    withHome(async (home) => {
      const file = { path: join(home, 'a.backup'), passphrase: PASSPHRASE, schema: backupSchema }
      const backup = backupOf(run.crossing('ben', 'ProcessDeals').after, LATER)
      await writeSealed(file, backup, FAST.workFactor)
      expect(await readSealed(file)).to.deep.equal(backup)
      expect((await stat(file.path)).mode & 0o777).to.equal(0o600)
      expect(await codeOf(writeSealed(file, backup, FAST.workFactor))).to.equal('file.exists')
      expect(await codeOf(readSealed({ ...file, passphrase: 'incorrect horse' }))).to.equal('vault.wrong-passphrase')
      const bytes = await readFile(file.path)
      expect(bytes.includes(backup.memory.seed)).to.equal(false)
      expect(backup.memory).to.not.have.property('epoch')
      for (const [what, other, code] of [
        ['a cut', bytes.subarray(0, bytes.length - 1), 'vault.altered'],
        ['a cut header', bytes.subarray(0, 60), 'vault.truncated'],
        ['a changed byte', bytes.map((byte, i) => (i === bytes.length - 20 ? byte ^ 1 : byte)), 'vault.altered'],
        ['no backup', Buffer.from('hello'), 'vault.altered'],
      ] as const) {
        await writeFile(file.path, other)
        expect(await codeOf(readSealed(file)), what).to.equal(code)
      }
      const vault = { ...file, path: join(home, 'other'), schema: { type: 'object' } }
      await writeSealed(vault, run.crossing('ben', 'ProcessDeals').after, FAST.workFactor)
      expect(await codeOf(readSealed({ ...vault, schema: backupSchema })), 'a memory that is no backup').to.equal('vault.wrong-shape')
    }))
})
