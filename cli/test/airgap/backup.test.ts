import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { emptyMemory, memorySchema } from '../../../engine/run/memory.ts'
import type { AirgapMemory } from '../../../engine/run/memory.ts'
import { readShipped } from '../../../engine/script/load.ts'
import { openKeyring } from '../../../engine/vault/age.ts'
import { readVault } from '../../../engine/vault/vault.ts'
import { ceremonyId } from '../../../engine/wire/card.ts'
import { createAirgapHome } from '../../roles/airgap-home.ts'
import { errorOf } from '../keyrite/run.ts'
import { cardOf, openingOf, stranger } from '../screen/terminal.ts'
import { inHome } from './home.ts'

const PASSPHRASE = 'a passphrase of tests'
const OTHER = 'another one of tests'

/** An airgap with a finished ceremony, one under way, and a script. */
function aMemory(): AirgapMemory {
  const dkg = readShipped('dkg')
  const card = cardOf('ada', '11'.repeat(32))
  const [done, live] = [2, 3].map((threshold) => openingOf(dkg, [card, stranger('bob', 2), stranger('cem', 3)], { threshold }, Date.UTC(2026, 0, 1)))
  if (done === undefined || live === undefined) throw new Error('two of them')
  return {
    ...emptyMemory('5e'.repeat(64), new Uint8Array(16).fill(0xe0)), client: { name: card.name, signingKey: card.signingKey },
    scripts: [{ name: 'ours', hash: '22'.repeat(32), source: 'ceremony: ours' }],
    sessions: {
      [ceremonyId(done)]: { opening: done, state: 'finished', steps: {}, disputes: {} },
      [ceremonyId(live)]: { opening: live, state: 'live', steps: { SendPublicKeys: { asked: '33'.repeat(32), collected: [], prepared: { secret: '5a17' }, stated: null } }, disputes: {} },
    },
    archive: { [ceremonyId(done)]: { opening: done, finishedAt: '2026-01-02T03:04:05.000Z', values: { share: 'a secret share' } } },
  }
}

describe('a backup of an airgap', () => {
  const memory = aMemory()
  const [done, live] = Object.keys(memory.sessions) as [string, string]
  let folder = ''
  const at = (name: string): string => join(folder, name)
  const fast = ['--work-factor', '10']
  const withPassphrase = (name = 'passphrase') => ['--passphrase-file', at(name)]
  const memoryIn = async (home: string, passphrase: string): Promise<AirgapMemory> =>
    await readVault({ path: join(home, 'airgap', 'vault.age'), keyring: await openKeyring(join(home, 'airgap'), passphrase), schema: memorySchema })

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyrite-backup-'))
    await writeFile(at('passphrase'), `${PASSPHRASE}\n`)
    await writeFile(at('other'), `${OTHER}\n`)
    const home = process.env['KEYRITE_HOME']
    process.env['KEYRITE_HOME'] = at('home')
    await createAirgapHome(memory, PASSPHRASE, 10)
    if (home === undefined) delete process.env['KEYRITE_HOME']
    else process.env['KEYRITE_HOME'] = home
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('says what is in it and what is not, and no secret', async () => {
    const { code, stdout, stderr } = await inHome(at('home'), ['airgap', 'backup', at('a.backup'), ...withPassphrase(), ...fast])
    expect(code, stderr).to.equal(0)
    expect(stdout).to.match(new RegExp(`In it:
  the seed and the card of ada
  the share of dkg \\S+, ceremony ${done.slice(0, 12)}, of 2026-01-02 03:04 UTC
  the script ours, SHA-256 2222222222222222…
Not in it:
  the session of dkg \\S+, ceremony ${live.slice(0, 12)}: not finished, as far as this airgap knows
`))
    expect(stdout).to.match(/Next:\n.*\n.*airgap restore FILE\n.*another backup/)
    for (const secret of [memory.seed, '5a17', 'a secret share', PASSPHRASE]) expect(stdout + stderr).to.not.include(secret)
    expect((await stat(at('a.backup'))).mode & 0o777).to.equal(0o600)
  })

  it('is never written over another file', async () => {
    await writeFile(at('precious'), 'mine')
    const { stdout, code } = await inHome(at('home'), ['airgap', 'backup', at('precious'), ...withPassphrase(), '--json'])
    expect([code, errorOf({ stdout, code, stderr: '' }).code]).to.deep.equal([3, 'cli.backup-there'])
    expect(await readFile(at('precious'), 'utf8')).to.equal('mine')
  })

  it('makes an airgap elsewhere that has the share and the script, and not the session', async () => {
    const { code, stdout, stderr } = await inHome(at('new'), ['airgap', 'restore', at('a.backup'), ...withPassphrase(), ...fast, '--json'])
    expect(code, stdout + stderr).to.equal(0)
    expect(JSON.parse(stdout)).to.deep.include({ name: 'ada', left: [{ ceremony: live, script: (JSON.parse(stdout) as { left: { script: string }[] }).left[0]?.script }] })
    const again = await memoryIn(at('new'), PASSPHRASE)
    const { seed, epoch, client, scripts, archive } = memory
    expect(again).to.deep.include({ seed, client, scripts, archive })
    // The new epoch makes it another vault than the first, for the others too: neither joins a ceremony that the other
    // may have joined.
    expect(again.epoch).to.match(/^[0-9a-f]{32}$/).and.not.equal(epoch)
    expect(again.sessions[done]).to.deep.equal(memory.sessions[done])
    expect(again.sessions[live]).to.deep.include({ state: 'left', steps: {} })
  })

  it('takes the place of no airgap, and is not opened by another passphrase', async () => {
    const there = await inHome(at('home'), ['airgap', 'restore', at('a.backup'), ...withPassphrase(), '--json'])
    expect([there.code, errorOf(there).code]).to.deep.equal([3, 'file.exists'])
    expect(await memoryIn(at('home'), PASSPHRASE)).to.deep.equal(memory)
    const wrong = await inHome(at('none'), ['airgap', 'restore', at('a.backup'), ...withPassphrase('other'), '--json'])
    expect([wrong.code, errorOf(wrong).code]).to.deep.equal([3, 'vault.wrong-passphrase'])
    const missing = await inHome(at('none'), ['airgap', 'restore', at('nothing'), ...withPassphrase(), '--json'])
    expect([missing.code, errorOf(missing).code]).to.deep.equal([3, 'cli.no-backup'])
  })

  it('may have a passphrase of its own, and what is made from it the old or another one', async () => {
    const made = await inHome(at('home'), ['airgap', 'backup', at('b.backup'), ...withPassphrase(), '--new-passphrase-file', at('other'), ...fast])
    expect(made.code, made.stderr).to.equal(0)
    expect(made.stdout).to.include('under a passphrase of its own')
    const restored = await inHome(at('third'), ['airgap', 'restore', at('b.backup'), ...withPassphrase('other'), '--new-passphrase-file', at('passphrase'), ...fast])
    expect(restored.code, restored.stderr).to.equal(0)
    expect(restored.stdout).to.match(/Never run the airgap again/)
    expect((await memoryIn(at('third'), PASSPHRASE)).archive).to.deep.equal(memory.archive)
  })
})
