import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { lockFolder } from '../../base/lock.ts'
import { codeOf, withHome, withMount } from '../vault/home.ts'
import { HELD, holding } from './holders.ts'
import type { Holding } from './holders.ts'

const NONCE = 'dead'.repeat(6)

interface Entry { pid: number; started: string; world: string; host: string; since: string }

/** The entry that this process would write. */
async function ownEntry(): Promise<Entry> {
  let entry: Entry | undefined
  await withHome(async (home) => {
    const lock = await lockFolder(home)
    const [name = ''] = await readdir(join(home, 'lock'))
    entry = JSON.parse(await readFile(join(home, 'lock', name), 'utf8')) as Entry
    await lock.release()
  })
  return entry!
}

async function plant(home: string, entry: object | string, name = NONCE): Promise<string> {
  const path = join(home, 'lock', name)
  await mkdir(join(home, 'lock'), { recursive: true })
  await writeFile(path, typeof entry === 'string' ? entry : JSON.stringify(entry))
  return path
}

describe('the lock of a folder', () => {
  const held: Holding[] = []
  const holder = async (): Promise<Holding> => {
    const one = await holding()
    held.push(one)
    return one
  }
  after(() => Promise.all(held.map((one) => one.kill())))

  it('lets one process in at a time, says which one is in, and takes over from it once it was killed', () =>
    withHome(async (home) => {
      const first = await holding()
      expect(await first.take(home)).to.equal(HELD)
      const error = await lockFolder(home).catch((error: unknown) => error)
      if (!isKeyriteError(error, 'lock.held')) expect.fail('it let two in')
      expect(error.message).to.include(`process ${String(first.pid)}`)
      expect(error.todo).to.include(`kill ${String(first.pid)}`)
      await first.kill()
      const lock = await lockFolder(home)
      await lock.release()
      expect(await readdir(home)).to.deep.equal([])
    }))

  it('lets a holder that is stopped hold on', () =>
    withHome(async (home) => {
      const first = await holder()
      expect(await first.take(home)).to.equal(HELD)
      process.kill(first.pid, 'SIGSTOP')
      expect(await codeOf(lockFolder(home))).to.equal('lock.held')
      process.kill(first.pid, 'SIGCONT')
      expect(await first.release()).to.equal('released')
    }))

  it('is given back by its holder only, and only once', () =>
    withHome(async (home) => {
      const lock = await lockFolder(home)
      // The error tells a person to delete it, so a person may.
      await rm(join(home, 'lock'), { recursive: true })
      const other = await lockFolder(home)
      await lock.release()
      expect(await codeOf(lockFolder(home))).to.equal('lock.held')
      await other.release()
      const third = await lockFolder(home)
      await other.release()
      expect(await codeOf(lockFolder(home))).to.equal('lock.held')
      await third.release()
      expect(await readdir(home)).to.deep.equal([])
    }))

  it('is free where its folder is empty, as a crash in the middle of giving back leaves it', () =>
    withHome(async (home) => {
      await mkdir(join(home, 'lock'))
      await (await lockFolder(home)).release()
      expect(await readdir(home)).to.deep.equal([])
    }))

  it('is cleared of what takers left that were killed on the way, and of nothing that lives', () =>
    withHome(async (home) => {
      const own = await ownEntry()
      const drafts: readonly (readonly [string, object | string])[] = [['a', { ...own, pid: 2 ** 22 + 1 }], ['b', own], ['c', ''], ['d', { ...own, host: 'elsewhere', world: 'x' }]]
      for (const [letter, entry] of drafts) {
        await mkdir(join(home, `.lock.${letter.repeat(24)}`))
        await writeFile(join(home, `.lock.${letter.repeat(24)}`, letter.repeat(24)), typeof entry === 'string' ? entry : JSON.stringify(entry))
      }
      await (await lockFolder(home)).release()
      expect((await readdir(home)).sort()).to.deep.equal(['b', 'c', 'd'].map((letter) => `.lock.${letter.repeat(24)}`))
    }))

  it('is of the process, and not of a later one with its number', async function () {
    if (process.platform !== 'linux') this.skip()
    const own = await ownEntry()
    expect(own.world).to.match(/^[0-9a-f-]{36} pid:\[[0-9]+\]$/)
    expect(own.started).to.match(/^[0-9]+$/)
    const [boot = '', space = ''] = own.world.split(' ')
    const other = '00000000-0000-0000-0000-000000000000'
    const states: readonly (readonly [string, Partial<Entry>, string])[] = [
      ['itself', {}, 'lock.held'],
      ['a number that is free', { pid: 2 ** 22 + 1 }, HELD],
      ['a number that went to another', { started: '1' }, HELD],
      ['a number of another user’s process', { pid: 1, started: '' }, 'lock.held'],
      ['a start that it could not tell', { started: '' }, 'lock.held'],
      ['this machine before it was started again', { world: `${other} ${space}` }, HELD],
      ['this container before it was started again', { world: `${boot} pid:[1]` }, HELD],
      ['this machine under its old name', { host: 'renamed' }, 'lock.held'],
      ['another container', { world: `${boot} pid:[1]`, host: 'c0ffee' }, 'lock.elsewhere'],
      ['another machine', { world: `${other} ${space}`, host: 'c0ffee' }, 'lock.elsewhere'],
      ['a system that does not tell', { world: '' }, 'lock.elsewhere'],
      ['another machine that does not tell', { world: '', host: 'c0ffee' }, 'lock.elsewhere'],
    ]
    for (const [what, change, code] of states) {
      await withHome(async (home) => {
        const path = await plant(home, { ...own, ...change })
        const before = await readFile(path, 'utf8')
        expect(await codeOf(lockFolder(home)), what).to.equal(code)
        if (code === HELD) expect(await codeOf(lockFolder(home)), what).to.equal('lock.held')
        else expect(await readFile(path, 'utf8'), what).to.equal(before)
      })
    }
  })

  it('says of a holder elsewhere who and where it is, and which file to delete once it is known to be gone', () =>
    withHome(async (home) => {
      const path = await plant(home, { ...(await ownEntry()), world: 'x', host: `${hostname()}\u001b[2J`, pid: 77, since: 'then' })
      const error = await lockFolder(home).catch((error: unknown) => error)
      if (!isKeyriteError(error, 'lock.elsewhere')) expect.fail(String(error))
      expect(error.message).to.match(/another machine or in another container/).and.include('process 77').and.include('since then').and.not.include('\u001b')
      expect(error.todo).to.include(path)
    }))

  it('is refused, and left as it is, where it is none of keyrite’s', async () => {
    const own = await ownEntry()
    const entries = ['', 'hello', '{}', 'null', JSON.stringify(own).slice(0, -9), JSON.stringify({ ...own, pid: 0 }), JSON.stringify({ ...own, pid: 2 ** 31 }), JSON.stringify({ ...own, pid: '1' }), 'x'.repeat(5000)]
    for (const entry of entries) {
      await withHome(async (home) => {
        const path = await plant(home, entry)
        expect(await codeOf(lockFolder(home)), entry.slice(0, 50)).to.equal('lock.unknown')
        expect(await readFile(path, 'utf8')).to.equal(entry)
        expect(await readdir(home)).to.deep.equal(['lock'])
      })
    }
    const others: readonly ((home: string) => Promise<unknown>)[] = [
      (home) => plant(home, own, 'a name'),
      (home) => writeFile(join(home, 'lock'), '4000001 1\n'),
      (home) => symlink('nowhere', join(home, 'lock')),
      async (home) => {
        await mkdir(join(home, 'below'))
        await symlink('below', join(home, 'lock'))
      },
    ]
    for (const [i, make] of others.entries()) {
      await withHome(async (home) => {
        await make(home)
        const before = await readdir(home)
        expect(await codeOf(lockFolder(home)), String(i)).to.equal('lock.unknown')
        expect(await readdir(home)).to.deep.equal(before)
      })
    }
  })

  it('holds where several entries came together, as when a home was copied with its lock', () =>
    withHome(async (home) => {
      const own = await ownEntry()
      await plant(home, { ...own, pid: 2 ** 22 + 1 })
      await plant(home, own, 'f'.repeat(24))
      expect(await codeOf(lockFolder(home))).to.equal('lock.held')
    }))

  it('says that it cannot be taken where nothing can be written', async function () {
    await withHome(async (home) => {
      expect(await codeOf(lockFolder(join(home, 'none')))).to.equal('file.no-folder')
    })
    const wasMounted = await withMount('size=1m', async (folder) => {
      await plant(folder, { ...(await ownEntry()), pid: 2 ** 22 + 1 })
      execFileSync('mount', ['-o', 'remount,ro', folder])
      const error = await lockFolder(folder).catch((error: unknown) => error)
      if (!isKeyriteError(error, 'file.unwritable')) expect.fail(String(error))
      expect(error.message).to.include('EROFS')
      expect(error.todo).to.include('read-only')
    })
    if (!wasMounted) this.skip()
  })
})

describe('the lock of a folder, when several processes take it at once', () => {
  const COUNT = 4
  let takers: Holding[] = []
  before(async () => (takers = await Promise.all(Array.from({ length: COUNT }, holding))))
  after(() => Promise.all(takers.map((one) => one.kill())))

  /** Lets all take the folder, and gives the holders; none gives it back before all are answered. */
  const holdersOf = async (folder: string): Promise<Holding[]> => {
    const said = await Promise.all(takers.map((one) => one.take(folder)))
    for (const one of said) expect(one).to.be.oneOf([HELD, 'lock.held'])
    return takers.filter((_, i) => said[i] === HELD)
  }

  it('is free for one, over the lock of a killed one as over none', () =>
    withHome(async (home) => {
      const killed = join(home, 'killed')
      await mkdir(killed)
      const victim = await holding()
      await victim.take(killed)
      await victim.kill()
      for (let trial = 0; trial < 100; trial += 1) {
        const folder = join(home, String(trial))
        if (trial % 4 === 3) await mkdir(folder)
        else await cp(killed, folder, { recursive: true })
        const holders = await holdersOf(folder)
        expect(holders.length, `holders in trial ${String(trial)}`).to.equal(1)
        expect((await readdir(join(folder, 'lock'))).length).to.equal(1)
        await holders[0]?.release()
        expect(await readdir(folder)).to.deep.equal([])
      }
    }))

  it('goes from one to the next, with one in at any time, though they come, go and are killed in any order', () =>
    withHome(async (home) => {
      let inside = 0
      let entries = 0
      const work = async (i: number): Promise<void> => {
        for (let round = 0; round < 60; round += 1) {
          const one = takers[i]!
          const said = await one.take(home)
          if (said !== HELD) {
            expect(said).to.equal('lock.held')
            continue
          }
          inside += 1
          entries += 1
          expect(inside, 'in at once').to.equal(1)
          await new Promise((resolve) => setImmediate(resolve))
          expect(inside, 'in at once').to.equal(1)
          inside -= 1
          if (round % 20 === 10 + i) {
            await one.kill()
            takers[i] = await holding()
          } else await one.release()
        }
      }
      await Promise.all(takers.map((_, i) => work(i)))
      expect(entries).to.be.at.least(COUNT)
      await (await lockFolder(home)).release()
      expect(await readdir(home)).to.deep.equal([])
    }))
})
