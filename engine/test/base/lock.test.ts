import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { lockHome } from '../../base/lock.ts'
import { child, codeOf, withHome } from '../vault/home.ts'

/** A process that holds the home's lock, or its error's code. */
async function holder(home: string): Promise<{ says: string; kill(): Promise<void>; pid: number }> {
  const process = child('hold', home)
  const says = await new Promise<string>((resolve) => process.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())))
  const kill = async () => {
    const closed = new Promise((resolve) => process.once('close', resolve))
    process.kill('SIGKILL')
    await closed
  }
  return { says, kill, pid: process.pid! }
}

const DEAD = 'dead00000000000000000000'

describe('the lock of a home', () => {
  it('lets one process in at a time, and says which one is in', () =>
    withHome(async (home) => {
      const first = await holder(home)
      expect(first.says).to.equal('nothing was refused')
      const error = await lockHome(home).catch((error: unknown) => error)
      if (!isKeyriteError(error, 'vault.locked')) expect.fail('it let two in')
      expect(error.message).to.include(`process ${String(first.pid)}`)
      expect(error.todo).to.include(`kill ${String(first.pid)}`)
      await first.kill()
      const lock = await lockHome(home)
      await lock.release()
      expect(await readdir(home)).to.deep.equal([])
    }))

  it('lets one of several in when they take over from a dead one together', () =>
    withHome(async (home) => {
      for (let round = 0; round < 20; round++) {
        await writeFile(join(home, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '', since: 'then', nonce: DEAD }))
        const taken = await Promise.all(Array.from({ length: 8 }, () => lockHome(home).catch((error: unknown) => error)))
        const locks = taken.filter((one) => !isKeyriteError(one, 'vault.locked'))
        expect(locks, `round ${String(round)}`).to.have.length(1)
        await (locks[0] as Awaited<ReturnType<typeof lockHome>>).release()
      }
      expect(await readdir(home)).to.deep.equal([])
    }))

  it('is taken over from one that died while it took over from a dead one', () =>
    withHome(async (home) => {
      const dead = (nonce: string) => JSON.stringify({ pid: 2 ** 22 + 1, started: '', since: 'then', nonce })
      await writeFile(join(home, 'lock'), dead(DEAD))
      await writeFile(join(home, `lock.after.${DEAD}`), dead('beef00000000000000000000'))
      await (await lockHome(home)).release()
      expect(await readdir(home)).to.deep.equal([])
    }))

  it('is not held by a later process that happens to have the number of the dead one', async function () {
    if (process.platform !== 'linux') this.skip()
    await withHome(async (home) => {
      await lockHome(home)
      const held = JSON.parse(await readFile(join(home, 'lock'), 'utf8')) as { started: string }
      expect(held.started).to.match(/^[0-9a-f-]{36}\/[0-9]+$/)
      await writeFile(join(home, 'lock'), JSON.stringify({ ...held, started: 'another boot/1' }))
      await (await lockHome(home)).release()
    })
  })

  it('is given back by its holder only, and only once', () =>
    withHome(async (home) => {
      const lock = await lockHome(home)
      await rename(join(home, 'lock'), join(home, 'aside'))
      const other = await lockHome(home)
      await lock.release()
      expect(await codeOf(lockHome(home))).to.equal('vault.locked')
      await other.release()
      await other.release()
    }))

  it('is not mistaken for something else of that name', () =>
    withHome(async (home) => {
      for (const contents of ['', 'hello', '{}', '{"pid":0,"started":"","since":"","nonce":"dead00000000000000000000"}', '{"pid":1,"started":"","since":"","nonce":"../../x"}', 'x'.repeat(5000)]) {
        await writeFile(join(home, 'lock'), contents)
        expect(await codeOf(lockHome(home)), contents.slice(0, 50)).to.be.oneOf(['vault.bad-lock', 'vault.too-large'])
        expect(await readFile(join(home, 'lock'), 'utf8')).to.equal(contents)
      }
    }))

  it('says that a home cannot be locked where nothing can be written', () =>
    withHome(async (home) => {
      expect(await codeOf(lockHome(join(home, 'none')))).to.equal('vault.no-folder')
    }))
})
