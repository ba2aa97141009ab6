import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createKeyring } from '../../vault/age.ts'
import type { Keyring } from '../../vault/age.ts'
import { createVault, openVault, readVault } from '../../vault/vault.ts'
import { child, codeOf, FAST, output, PASSPHRASE, schema, withHome, withMount } from './home.ts'
import type { Value } from './home.ts'

const FIRST: Value = { version: 1, counter: 1, filler: '' }

async function vaultIn(home: string): Promise<{ path: string; keyring: Keyring; schema: typeof schema }> {
  const file = { path: join(home, 'vault.age'), keyring: await createKeyring(home, PASSPHRASE, FAST), schema }
  await createVault(file, FIRST)
  return file
}

describe('the vault', () => {
  it('keeps what an update left, for the next to open it', () =>
    withHome(async (home) => {
      const file = await vaultIn(home)
      const vault = await openVault<Value>(file)
      await vault.update((value) => ({ ...value, counter: 2 }))
      expect(vault.read()).to.deep.equal({ ...FIRST, counter: 2 })
      await vault.close()
      expect(await readVault<Value>(file)).to.deep.equal({ ...FIRST, counter: 2 })
      expect(await readFile(file.path, 'latin1')).to.not.include('counter')
    }))

  it('takes updates one at a time, each upon the result of those before', () =>
    withHome(async (home) => {
      const file = await vaultIn(home)
      const vault = await openVault<Value>(file)
      await Promise.all(Array.from({ length: 20 }, () => vault.update((value) => ({ ...value, counter: value.counter + 1 }))))
      expect(vault.read().counter).to.equal(21)
      await vault.close()
      expect((await readVault<Value>(file)).counter).to.equal(21)
    }))

  it('goes on after an update that threw, with nothing changed by it', () =>
    withHome(async (home) => {
      const vault = await openVault<Value>(await vaultIn(home))
      const thrown = vault.update(() => {
        throw new RangeError('no')
      })
      const next = vault.update((value) => ({ ...value, counter: value.counter + 1 }))
      expect(await thrown.catch((error: unknown) => error)).to.be.instanceOf(RangeError)
      await next
      expect(vault.read().counter).to.equal(2)
      await vault.close()
    }))

  it('refuses an update of the wrong shape, before it is written', () =>
    withHome(async (home) => {
      const file = await vaultIn(home)
      const vault = await openVault<Value>(file)
      expect(await codeOf(vault.update((value) => ({ ...value, counter: 1.5 })))).to.equal('vault.wrong-update')
      expect(vault.read()).to.deep.equal(FIRST)
      await vault.close()
      expect(await readVault(file)).to.deep.equal(FIRST)
    }))

  it('gives a value that nobody can change by accident', () =>
    withHome(async (home) => {
      const vault = await openVault<{ -readonly [K in keyof Value]: Value[K] }>(await vaultIn(home))
      expect(() => (vault.read().counter = 5)).to.throw(TypeError)
      await vault.close()
    }))

  it('refuses contents that another version or program wrote, without quoting them', () =>
    withHome(async (home) => {
      const file = await vaultIn(home)
      for (const [contents, code] of [
        ['{"version":2,"counter":1,"filler":""}', 'vault.wrong-shape'],
        ['{"version":3,"counter":1,"filler":"","more":1}', 'vault.wrong-shape'],
        ['{"version":1,"counter":1,"filler":"","more":1}', 'vault.other-version'],
        [`{"version":1,"counter":${PASSPHRASE}`, 'vault.not-json'],
        ['', 'vault.not-json'],
      ]) {
        await writeFile(file.path, await file.keyring.seal(Buffer.from(contents!)))
        expect(await codeOf(openVault(file)), contents).to.equal(code)
        expect(await codeOf(readVault(file)), contents).to.equal(code)
      }
    }))

  it('never writes over one that is there', () =>
    withHome(async (home) => {
      const file = await vaultIn(home)
      expect(await codeOf(createVault(file, { ...FIRST, counter: 9 }))).to.equal('file.exists')
      expect(await readVault(file)).to.deep.equal(FIRST)
    }))

  it('refuses to be used after it was closed', () =>
    withHome(async (home) => {
      const vault = await openVault<Value>(await vaultIn(home))
      await vault.close()
      expect(() => vault.read()).to.throw('after it was closed')
      expect(await codeOf(vault.update((value) => ({ ...value, counter: 2 })))).to.equal('vault.closed')
    }))
})

describe('a vault whose process is killed, or whose disk fails', () => {
  it('is the old or the new one, whole, after kill -9 in the midst of updates, and holds all that was acknowledged', () =>
    withHome(async (home) => {
      const file = await vaultIn(home)
      let before = 1
      for (let round = 0; round < 6; round++) {
        const updater = child('update', home)
        let acknowledged = before
        updater.stdout?.on('data', (chunk: Buffer) => {
          const last = chunk.toString().trimEnd().split('\n').at(-1)
          acknowledged = Math.max(acknowledged, Number(last))
          // The child is killed at a random moment of its work.
          if (acknowledged > before) setTimeout(() => updater.kill('SIGKILL'), 10 + Math.random() * 30)
        })
        await new Promise((resolve) => updater.once('close', resolve))
        const { counter } = await readVault<Value>(file)
        expect(counter).to.be.within(acknowledged, acknowledged + 1)
        before = counter
      }
      // The next process takes the dead one's lock and clears its temporary files.
      await (await openVault(file)).close()
      expect((await readdir(home)).sort()).to.deep.equal(['keyring.age', 'vault.age'])
    }))

  it('keeps the old contents when a file grows beyond the limit', () =>
    withHome(async (home) => {
      const file = await vaultIn(home)
      const program = fileURLToPath(new URL('child/grow.ts', import.meta.url))
      const limited = spawn('bash', ['-c', `ulimit -f 1000; exec "$0" --import tsx "$1" "$2"`, process.execPath, program, home])
      expect(await output(limited)).to.equal('file.disk-full 1\n')
      expect(await readVault(file)).to.deep.equal(FIRST)
    }))

  it('keeps the old contents when the disk is full, and goes on when there is space again', async function () {
    const mounted = await withMount('size=256k', async (home) => {
      const file = await vaultIn(home)
      const vault = await openVault<Value>(file)
      expect(await codeOf(vault.update((value) => ({ ...value, filler: 'x'.repeat(400_000) })))).to.equal('file.disk-full')
      expect(vault.read()).to.deep.equal(FIRST)
      expect(await readVault(file)).to.deep.equal(FIRST)
      await vault.update((value) => ({ ...value, filler: 'x'.repeat(40_000) }))
      expect((await readVault<Value>(file)).filler).to.have.length(40_000)
      await vault.close()
      expect((await readdir(home)).sort()).to.deep.equal(['keyring.age', 'vault.age'])
    })
    if (!mounted) skip(this, 'a small file system can only be mounted by root')
  })

  it('says so when its home is not writable', async function () {
    const mounted = await withMount('size=256k', async (home) => {
      const { execFileSync } = await import('node:child_process')
      const file = await vaultIn(home)
      const vault = await openVault<Value>(file)
      execFileSync('mount', ['-o', 'remount,ro', home])
      expect(await codeOf(vault.update((value) => ({ ...value, counter: 2 })))).to.equal('file.unwritable')
      expect(vault.read()).to.deep.equal(FIRST)
      await vault.close()
      expect(await readVault(file), 'reading needs no lock').to.deep.equal(FIRST)
      execFileSync('mount', ['-o', 'remount,rw', home])
    })
    if (!mounted) skip(this, 'a read-only file system can only be mounted by root')
  })
})

function skip(test: Mocha.Context, why: string): void {
  test.test!.title += ` (skipped: ${why})`
  test.skip()
}
