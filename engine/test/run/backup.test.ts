import { expect } from 'chai'
import { recover } from '../../run/recover.ts'
import { backupOf, backupSchema, emptyMemory, restoredFrom } from '../../run/memory.ts'
import type { AirgapMemory } from '../../run/memory.ts'
import { seededRandom } from '../../run/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { readSealed, writeSealed } from '../../vault/sealed.ts'
import { codeOf, FAST, PASSPHRASE, withHome } from '../vault/home.ts'
import { airgapFrom, bodyOf, changed, dkg, keptBy, readAnswer, recordDkg, refusalOf, transcriptOf } from './harness.ts'
import type { Recorded } from './harness.ts'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The simulated ceremony opens on the first of January. */
const LATER = new Date(Date.UTC(2026, 0, 5))
const AIRGAP_STEPS = ['SendPublicKeys', 'SendCommits', 'SendDeals', 'ProcessDeals', 'ProcessResponses']

const restored = (memory: AirgapMemory, now = LATER): AirgapMemory => restoredFrom(backupOf(memory, now), now)

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
      expect(memory.read().ceremonies[run.ceremony]).to.include({ salt: null, state: 'left' })
    }
  })

  it('has the share back from the transcript, once the ceremony has succeeded', async () => {
    const { memory } = airgapFrom(restored(run.crossing('ben', 'ProcessDeals').after))
    await recover(transcriptOf(run), { memory, script: () => dkg, verbs, random: seededRandom('recover'), now: () => LATER })
    expect(memory.read().kept[run.ceremony]?.values['share']).to.deep.equal(keptBy(run, 'ben'))
    expect(memory.read().ceremonies[run.ceremony]?.state).to.equal('finished')
  })

  it('has the share of a ceremony that was finished, and gives its last answer again byte for byte', async () => {
    const { request, answer, after } = run.crossing('ben', 'ProcessResponses')
    const { airgap, memory } = airgapFrom(restored(after))
    expect(memory.read().kept).to.deep.equal(after.kept)
    expect(memory.read().kept[run.ceremony]?.values['share']).to.deep.equal(keptBy(run, 'ben'))
    expect(await airgap.handle(request)).to.equal(answer)
    const other = changed(request, { body: (body) => ({ ...body, collected: (bodyOf(request)['collected'] as object[]).slice(1) }) })
    expect(refusalOf(await airgap.handle(other))).to.equal('run.other-request')
  })

  it('joins none that was opened before it was restored, by backup or by words, and any that was opened then', async () => {
    const { request, before } = run.crossing('ben', 'SendPublicKeys')
    const opensAt = Date.UTC(2026, 0, 1)
    for (const memory of [restored(before), { ...emptyMemory(before.seed, LATER), card: before.card }]) {
      const { airgap, asked } = airgapFrom(memory)
      expect(refusalOf(await airgap.handle(request))).to.equal('run.restored')
      expect(asked).to.deep.equal([])
    }
    // In the same second: an opening has whole ones.
    for (const at of [new Date(opensAt + 999), new Date(opensAt)]) {
      const { airgap, asked } = airgapFrom(restored(before, at))
      expect(refusalOf(await airgap.handle(request))).to.equal('gives statements')
      expect(asked).to.have.length(1)
    }
  })

  it('stays declined or aborted where it was, without what it had answered', async () => {
    const { after } = run.crossing('ben', 'SendDeals')
    const cell = after.ceremonies[run.ceremony] ?? expect.fail()
    for (const state of ['declined', 'aborted'] as const) {
      const memory = restored({ ...after, ceremonies: { [run.ceremony]: { ...cell, state, salt: null } } })
      expect(memory.ceremonies[run.ceremony]).to.deep.include({ state, steps: {} })
      expect(refusalOf(await airgapFrom(memory).airgap.handle(run.crossing('ben', 'ProcessDeals').request))).to.equal('run.closed')
    }
  })

  it('comes out of its file as it went in, of a file for its owner alone, which is never written over', () =>
    withHome(async (home) => {
      const file = { path: join(home, 'a.backup'), passphrase: PASSPHRASE, schema: backupSchema }
      const backup = backupOf(run.crossing('ben', 'ProcessDeals').after, LATER)
      await writeSealed(file, backup, FAST.workFactor)
      expect(await readSealed(file)).to.deep.equal(backup)
      expect((await stat(file.path)).mode & 0o777).to.equal(0o600)
      expect(await codeOf(writeSealed(file, backup, FAST.workFactor))).to.equal('vault.exists')
      expect(await codeOf(readSealed({ ...file, passphrase: 'incorrect horse' }))).to.equal('vault.wrong-passphrase')
      const bytes = await readFile(file.path)
      expect(bytes.includes(backup.memory.seed)).to.equal(false)
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
