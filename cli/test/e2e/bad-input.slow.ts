import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { saveIdentity } from '../../roles/client-home.ts'
import type { Identity } from '../../roles/client-home.ts'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { openKeyring } from '../../../engine/vault/age.ts'
import { createVault } from '../../../engine/vault/vault.ts'
import { canonical } from '../../../engine/base/canonical.ts'
import { errorIn, killAll, launch, logOf, personIn, readyWorld } from './world.ts'
import type { Ended, Running, World } from './world.ts'

/** A command that must be refused: its exit code, its error's code, and its words. */
type Refusal = readonly [run: () => Promise<Ended>, exit: number, code: string, says: RegExp]

/** Runs each list one after another, since one home has room for one process, and the lists side by side. */
async function refused(...lists: readonly (readonly Refusal[])[]): Promise<void> {
  await Promise.all(lists.map(async (list) => {
    for (const [run, exit, code, says] of list) {
      const ended = await run()
      const error = errorIn(ended)
      expect(error, ended.stdout + ended.stderr).to.include({ exit, code })
      expect(error.message).to.match(says)
      expect(error.todo).to.match(/^.{10,}\.$/s)
    }
  }))
}

const isThere = (path: string): Promise<boolean> => stat(path).then(() => true, () => false)

describe('what is refused, with one error that says what to do', () => {
  let world: World
  let storage: Running

  before(async () => {
    world = await readyWorld()
    storage = await world.serve()
  })
  afterEach(async function () {
    // A refused command leaves nothing in the log.
    if (storage.child.exitCode === null) expect(await logOf(world), this.currentTest?.title).to.have.length(2)
  })
  after(async () => {
    await killAll()
    await world.remove()
  })

  it('on the way to a home: names, addresses, folders, and a second one in its place', async () => {
    const { ada, folder, board } = world
    const nobody = personIn(folder, 'nobody')
    await mkdir(nobody.home)
    await cp(ada.passphrase, nobody.passphrase)
    await writeFile(join(folder, 'weak'), 'short\n')
    await writeFile(join(folder, 'taken'), 'something else\n')
    await writeFile(join(folder, 'words'), 'abandon ability able\n')
    const init = (home: string, ...args: readonly string[]) => () =>
      launch(['client', 'init', ...(args.includes('--passphrase-file') ? [] : ['--passphrase-file', ada.passphrase]), '--json', ...args], { home, cwd: folder }).ended
    const vault = join(ada.home, 'airgap', 'vault.age')
    const before = await readFile(vault)
    await refused([
      [init(nobody.home, '--name', 'Nobody', '--board', board), 2, 'cli.name', /"Nobody"/],
      [init(nobody.home, '--name', 'nobody', '--board', 'ftp://example.org/x'), 2, 'storage.bad-url', /ftp:\/\/example\.org\/x/],
      [init(nobody.home, '--name', 'nobody', '--board', board, '--join-token-file', 'nosuch'), 3, 'file.missing', /nosuch/],
      [init(nobody.home, '--name', 'nobody', '--board', board, '--passphrase-file', join(folder, 'weak')), 3, 'vault.passphrase', /passphrase/i],
      [init(join(ada.passphrase, 'home'), '--name', 'nobody', '--board', board), 1, 'cli.home', /cannot be used/],
      [init('/proc/keyrite', '--name', 'nobody', '--board', board), 1, 'cli.home', /cannot be used/],
      [init(ada.home, '--name', 'ada', '--board', board), 3, 'file.exists', /identity\.json exists already/],
    ], [
      [() => ada.run('airgap init', '--mnemonic-file', 'new-words', '--json'), 3, 'file.exists', /vault\.age exists already/],
      [() => nobody.run('airgap init', '--mnemonic-file', 'taken', '--json'), 3, 'file.exists', /taken exists already/],
      [() => nobody.run('airgap init', '--restore', '--mnemonic-file', 'words', '--json'), 3, 'crypto.word-count', /24/],
      [() => nobody.run('airgap init', '--json'), 2, 'cli.no-terminal', /24 words/],
      [() => nobody.run('client status', '--json'), 3, 'cli.no-client', /no client in/],
      [() => nobody.run('client run', '--json'), 3, 'cli.no-client', /no client in/],
      [() => nobody.run('airgap run', '--json'), 3, 'cli.no-airgap', /no airgap in/],
    ])
    for (const made of ['client/identity.json', 'client/keyring.age', 'airgap/vault.age', 'airgap/keyring.age']) expect(await isThere(join(nobody.home, made)), made).to.equal(false)
    expect(await isThere(join(folder, 'new-words'))).to.equal(false)
    expect(await readFile(join(folder, 'taken'), 'utf8')).to.equal('something else\n')
    expect((await readFile(vault)).equals(before)).to.equal(true)
  })

  it('at the door: passphrases, vaults that are cut or changed, locks, channels, numbers', async () => {
    const { ada, bob, folder } = world
    const cut = personIn(folder, 'cut')
    const changed = personIn(folder, 'changed')
    const unpaired = personIn(folder, 'unpaired')
    const older = personIn(folder, 'older')
    for (const { home } of [cut, changed, unpaired, older]) await cp(ada.home, home, { recursive: true })
    for (const file of ['airgap/vault.age', 'client/client.age']) await truncate(join(cut.home, file), (await stat(join(cut.home, file))).size - 40)
    for (const file of ['airgap/vault.age', 'client/keyring.age']) {
      const bytes = await readFile(join(changed.home, file))
      bytes[bytes.length - 20]! ^= 1
      await writeFile(join(changed.home, file), bytes)
    }
    const identity = join(unpaired.home, 'client', 'identity.json')
    const { name, board, signingKey } = JSON.parse(await readFile(identity, 'utf8')) as Identity
    await saveIdentity(join(unpaired.home, 'client'), { version: 2, name, board, signingKey, airgap: null })
    // The files are as the protocol's first version had them.
    const olderIdentity = join(older.home, 'client', 'identity.json')
    await writeFile(olderIdentity, `${canonical({ version: 1, name, board, signingKey, airgapKey: 'ab'.repeat(32) })}\n`)
    const keyring = await openKeyring(join(older.home, 'airgap'), (await readFile(ada.passphrase, 'utf8')).trimEnd())
    const olderVault = join(older.home, 'airgap', 'vault.age')
    await rm(olderVault)
    await createVault({ path: olderVault, keyring, schema: { type: 'object' } }, { version: 1, seed: 'ab'.repeat(64), card: null, scripts: [], ceremonies: {}, kept: {} })
    const before = await readFile(join(cut.home, 'airgap', 'vault.age'))
    const wrong = ['--passphrase-file', bob.passphrase, '--json']
    const serving = ada.start('airgap run')
    await serving.said(/Waiting for the client/)
    await refused([
      [() => ada.run('client ready', 'dkg', ...wrong), 3, 'vault.wrong-passphrase', /does not open/],
      [() => ada.run('airgap recover', 'nosuch', ...wrong), 3, 'file.missing', /nosuch/],
      [() => bob.run('airgap run', '--passphrase-file', ada.passphrase, '--json'), 3, 'vault.wrong-passphrase', /does not open/],
    ], [
      [() => cut.run('airgap run', '--json'), 3, 'vault.truncated', /vault\.age/],
      [() => cut.run('client ready', 'dkg', '--json'), 3, 'vault.truncated', /client\.age/],
      [() => changed.run('airgap run', '--json'), 3, 'vault.altered', /vault\.age/],
      [() => older.run('airgap run', '--json'), 3, 'vault.other-version', /vault\.age was made for another version/],
      [() => older.run('client status', '--json'), 3, 'vault.other-version', /identity\.json was made for another version/],
      [() => changed.run('client run', '--json'), 3, 'vault.altered', /keyring\.age/],
      [() => ada.run('airgap run', '--json'), 1, 'lock.held', new RegExp(`process ${serving.child.pid ?? 0}`)],
      [() => unpaired.run('client ready', 'dkg', '--json'), 3, 'cli.not-paired', /ada is not paired/],
      [() => unpaired.run('client run', '--json'), 3, 'cli.not-paired', /ada is not paired/],
    ], [
      [() => bob.run('client run', '--channel', 'smoke', '--json'), 2, 'cli.channel', /"smoke"/],
      [() => bob.run('airgap run', '--channel', 'folder:', '--json'), 2, 'cli.channel', /"folder:"/],
      [() => bob.run('airgap run', '--channel', `folder:${bob.passphrase}`, '--json'), 3, 'channel.bad-folder', /passphrase/],
      [() => bob.run('airgap run', '--accept', '12345 67890', '--json'), 2, 'cli.number-form', /forty digits/],
      [() => bob.run('airgap run', '--fragment', '7', '--json'), 2, 'cli.usage', /50/],
    ])
    expect(await readFile(join(cut.home, 'airgap', 'vault.age'))).to.deep.equal(before)
    expect((await serving.kill('SIGTERM')).code).to.equal(130)
  })

  it('from who opens: rosters, parameters, scripts, ceremonies that are not there', async () => {
    const { ada, bob, folder } = world
    await writeFile(join(folder, 'bad.yaml'), 'ceremony: bad\n')
    await writeFile(join(folder, 'roster'), 'ada\nbob\nada\n')
    await writeFile(join(folder, 'alone'), 'ada\n')
    const open = (...args: readonly string[]) => () => ada.run('client open', ...args, '--json')
    const two = ['--set', 'threshold=2']
    await refused([
      [open('beacon'), 3, 'cli.roster', /not ready for beacon/],
      [open('dkg', ...two, '--roster', 'ada,zoe'), 3, 'cli.roster', /zoe is not ready/],
      [open('dkg', ...two, '--roster', 'roster'), 3, 'cli.roster', /ada is named twice/],
      [open('dkg', ...two, '--roster', 'bob,zoe'), 3, 'cli.roster', /you, ada, are not in it/],
      [open('dkg', ...two, '--roster', 'alone'), 3, 'cli.roster', /too few/],
      [open('dkg', ...two, '--roster', 'Ada Lovelace'), 3, 'cli.roster', /Ada Lovelace/],
      [open('dkg', '--set', 'threshold=1'), 3, 'cli.parameters', /threshold is "1"/],
      [open('dkg', '--set', 'threshold=3'), 3, 'cli.parameters', /only 2 participants/],
      [open('dkg'), 3, 'cli.parameters', /threshold is missing/],
      [open('dkg', ...two, '--set', 'treshold=2'), 3, 'cli.parameters', /did you mean threshold/],
      [open('bad.yaml'), 3, 'cli.script-invalid', /bad\.yaml:1/],
      [open('nosuch.yaml'), 3, 'cli.script-file', /nosuch\.yaml/],
      [open('--again', '7c19'), 3, 'cli.ceremony', /7c19/],
      [open('dkg', '--again', '7c19'), 2, 'cli.usage', /--again/],
      // The ceremony would be opened as it was, and not with these values.
      [open('--again', '7c19', ...two), 2, 'cli.usage', /--set/],
      [open('--again', '7c19', '--roster', 'ada,bob'), 2, 'cli.usage', /--roster/],
      [open('--again', '7c19', '--rehearsal'), 2, 'cli.usage', /--rehearsal/],
    ], [
      [() => bob.run('client abort', '7c19', '--reason', 'why not', '--yes', '--json'), 3, 'cli.ceremony', /7c19/],
      [() => bob.run('client export', '--json'), 3, 'cli.ceremony', /none/],
      [() => bob.run('client ready', 'nosuch', '--json'), 3, 'cli.script-file', /nosuch/],
      [() => bob.run('airgap script add', 'bad.yaml', '--yes', '--json'), 3, 'cli.script-invalid', /bad\.yaml:1/],
    ])
  })

  it('that is no transcript', async () => {
    const { ada, folder } = world
    await writeFile(join(folder, 'binary'), Buffer.from([0x7b, 0xff, 0xfe]))
    await writeFile(join(folder, 'empty'), '')
    await writeFile(join(folder, 'text'), 'Dear Bob\n')
    expect(errorIn(await ada.run('verify', 'nosuch', '--json'))).to.include({ exit: 3, code: 'file.missing' })
    for (const [file, code] of [['binary', 'container.encoding'], ['empty', 'container.not-text'], ['text', 'run.transcript']] as const) {
      const [verified, recovered] = await Promise.all([ada.run('verify', file, '--json'), ada.run('airgap recover', file, '--json')])
      expect(verified.code, file).to.equal(5)
      expect(JSON.parse(verified.stdout)).to.deep.include({ verdict: 'invalid' })
      expect(errorIn(recovered), file).to.include({ exit: 3, code })
    }
  })

  it('by a full disk, which leaves everything as it was', async function () {
    const { ada, folder } = world
    const limited = ['bash', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$@"', 'limited']
    if (spawnSync('bash', ['-c', 'ulimit -f 0']).status !== 0) this.skip()
    const home = join(folder, 'full')
    const ended = await launch(['client', 'init', '--name', 'full', '--board', world.board, '--passphrase-file', ada.passphrase, '--work-factor', '10', '--json'], { home, through: limited }).ended
    expect(errorIn(ended)).to.include({ exit: 1, code: 'file.disk-full' })
    const retried = await launch(['client', 'init', '--name', 'full', '--board', world.board, '--passphrase-file', ada.passphrase, '--work-factor', '10', '--json'], { home }).ended
    expect(retried.code, retried.stdout).to.equal(0)
  })

  it('from a storage that is down, talks nonsense, or went back behind what this client has seen', async () => {
    const { ada, bob, folder, board } = world
    const log = join(ada.home, 'client', 'log.jsonl')
    // Ada sees two messages; the storage then goes back to the first.
    expect((await ada.run('client ready', 'dkg')).code).to.equal(0)
    const before = await readFile(log, 'utf8')
    expect(before.split('\n')).to.have.length.above(2)
    await storage.kill('SIGTERM')
    await refused([
      [() => ada.run('client ready', 'dkg', '--json'), 6, 'board.unreachable', /nothing listens there/],
    ])
    // A command that only reads goes on with what its client has verified, and says so. Without anything verified it
    // is refused.
    const status = await bob.run('client status', '--json')
    expect([status.code, (JSON.parse(status.stdout) as { isCurrent: boolean }).isCurrent], status.stdout).to.deep.equal([0, false])
    expect(status.stderr).to.match(/nothing listens there.*as this client had it last, up to offset \d/)
    await rm(join(bob.home, 'client', 'log.jsonl'))
    await refused([[() => bob.run('client status', '--json'), 6, 'board.unreachable', /nothing listens there/]])
    const nonsense = createServer((_, response) => response.end('<html>It works!</html>')).listen(Number(new URL(board).port), '127.0.0.1')
    await new Promise((resolve) => nonsense.once('listening', resolve))
    expect((nonsense.address() as AddressInfo).port).to.equal(Number(new URL(board).port))
    await refused([[() => ada.run('client ready', 'dkg', '--json'), 6, 'board.unreachable', /does not answer as a keyrite storage/]])
    nonsense.closeAllConnections()
    await new Promise((resolve) => nonsense.close(resolve))
    await rm(join(folder, 'storage'), { recursive: true })
    storage = await world.serve()
    await refused([
      [() => ada.run('client ready', 'dkg', '--json'), 6, 'board.tampered', /offset \d/],
      [() => ada.run('client status', '--json'), 6, 'board.tampered', /offset \d/],
      [() => ada.run('client run', '--json'), 6, 'board.tampered', /offset \d/],
    ])
    expect(await readFile(log, 'utf8')).to.equal(before)
    expect(await logOf(world)).to.have.length(0)
    await storage.kill('SIGTERM')
  })
})
