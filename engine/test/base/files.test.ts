import { execFileSync } from 'node:child_process'
import { constants, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { append, makeFolders, readBounded, readIfThere, readUpTo, sweepTemporaries, syncFile, whyNot, withOrdinary, writeDurable } from '../../base/files.ts'
import { codeOf, withHome } from '../vault/home.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('durable writing', () => {
  it('replaces a file whole, with the permissions asked for, and leaves nothing else', () =>
    withHome(async (home) => {
      const path = join(home, 'file')
      await writeDurable(path, bytes('one'))
      await writeDurable(path, bytes('two'))
      expect(await readFile(path, 'utf8')).to.equal('two')
      expect((await stat(path)).mode & 0o777).to.equal(0o600)
      await writeDurable(join(home, 'open'), bytes(''), { mode: 0o644 })
      expect((await stat(join(home, 'open'))).mode & 0o700).to.equal(0o600)
      expect((await readdir(home)).sort()).to.deep.equal(['file', 'open'])
    }))

  it('does not replace anything when it is to be new, a dangling link included', () =>
    withHome(async (home) => {
      await writeDurable(join(home, 'file'), bytes('one'), { exclusive: true })
      expect(await codeOf(writeDurable(join(home, 'file'), bytes('two'), { exclusive: true }))).to.equal('file.exists')
      await symlink('nowhere', join(home, 'link'))
      expect(await codeOf(writeDurable(join(home, 'link'), bytes('two'), { exclusive: true }))).to.equal('file.exists')
      expect(await readFile(join(home, 'file'), 'utf8')).to.equal('one')
      expect((await readdir(home)).sort()).to.deep.equal(['file', 'link'])
    }))

  it('says that the folder is missing, or is a file', () =>
    withHome(async (home) => {
      await writeFile(join(home, 'file'), '')
      expect(await codeOf(writeDurable(join(home, 'none', 'x'), bytes('')))).to.equal('file.no-folder')
      expect(await codeOf(writeDurable(join(home, 'file', 'x'), bytes('')))).to.equal('file.no-folder')
    }))

  it('says that the folder is not writable', async function () {
    if (process.getuid?.() === 0) {
      this.test!.title += ' (skipped: root writes anywhere)'
      this.skip()
    }
    await withHome(async (home) => {
      await mkdir(join(home, 'closed'), { mode: 0o500 })
      expect(await codeOf(writeDurable(join(home, 'closed', 'x'), bytes('')))).to.equal('file.unwritable')
      await chmod(join(home, 'closed'), 0o700)
    })
  })

  it('puts no file in the place of a folder, a link or a device', () =>
    withHome(async (home) => {
      await mkdir(join(home, 'folder'))
      await writeFile(join(home, 'target'), 'one')
      await symlink('target', join(home, 'link'))
      for (const name of ['folder', 'link']) expect(await codeOf(writeDurable(join(home, name), bytes('two')))).to.equal('file.not-a-file')
      expect(await readFile(join(home, 'link'), 'utf8')).to.equal('one')
      expect((await readdir(home)).sort()).to.deep.equal(['folder', 'link', 'target'])
    }))

  it('sweeps what a killed writer of this file left, and nothing else', () =>
    withHome(async (home) => {
      const keep = ['.vault.age.tmp', '.other.1-0123456789ab.tmp', 'vault.age.1-0123456789ab.tmp', 'vault.age']
      for (const name of [...keep, '.vault.age.77-0123456789ab.tmp']) await writeFile(join(home, name), '')
      await sweepTemporaries(home, 'vault.age')
      expect((await readdir(home)).sort()).to.deep.equal(keep.sort())
      await sweepTemporaries(home)
      expect((await readdir(home)).sort(), 'of any file').to.deep.equal(keep.filter((name) => !name.startsWith('.other')).sort())
    }))
})

describe('bounded reading', () => {
  it('reads up to the bound and not a byte more, of files without a size too', () =>
    withHome(async (home) => {
      const path = join(home, 'file')
      await writeFile(path, 'x'.repeat(100_000))
      expect(await readBounded(path, 100_000)).to.have.length(100_000)
      expect(await codeOf(readBounded(path, 99_999))).to.equal('file.too-large')
      expect(await codeOf(readBounded('/dev/zero', 100_000))).to.equal('file.too-large')
    }))

  it('tells a missing file from one that cannot be read', () =>
    withHome(async (home) => {
      expect(await codeOf(readBounded(join(home, 'none'), 10))).to.equal('file.missing')
      expect(await codeOf(readBounded(home, 1_000_000))).to.equal('file.unreadable')
      expect(await readIfThere(join(home, 'none'), 10)).to.equal(undefined)
      expect(await codeOf(readIfThere(home, 10))).to.equal('file.unreadable')
    }))

  it('opens ordinary files only where these are wanted, and waits for nobody', () =>
    withHome(async (home) => {
      await writeFile(join(home, 'file'), 'one')
      await symlink('file', join(home, 'link'))
      execFileSync('mkfifo', [join(home, 'pipe')])
      const text = (path: string, flags?: number) =>
        withOrdinary(path, async (file, { size }) => `${Buffer.from(await readUpTo(file, 3, path)).toString()} ${String(size)}`, flags)
      expect(await text(join(home, 'file'))).to.equal('one 3')
      expect(await text(join(home, 'link'))).to.equal('one 3')
      for (const path of [home, join(home, 'pipe'), '/dev/zero']) expect(await codeOf(text(path)), path).to.equal('file.unreadable')
      expect(await codeOf(text(join(home, 'link'), constants.O_NOFOLLOW))).to.equal('file.unreadable')
      expect(await codeOf(text(join(home, 'none')))).to.equal('file.missing')
      await writeFile(join(home, 'file'), 'four')
      expect(await codeOf(text(join(home, 'file')))).to.equal('file.too-large')
    }))
})

describe('what is added to a file', () => {
  it('stands at its end, in a file that only its owner reads, and is told apart from what cannot be written', () =>
    withHome(async (home) => {
      const path = join(home, 'file')
      await append(path, 'one\n')
      await append(path, 'two\n')
      await syncFile(path)
      expect(await readFile(path, 'utf8')).to.equal('one\ntwo\n')
      expect((await stat(path)).mode & 0o777).to.equal(0o600)
      expect(await codeOf(append(join(home, 'none', 'x'), ''))).to.equal('file.no-folder')
      expect(await codeOf(syncFile(join(home, 'none')))).to.equal('file.no-folder')
    }))
})

describe('why a file could not be used', () => {
  it('is said in words, of what the system said and of errors of files', () =>
    withHome(async (home) => {
      const why = async (doing: 'read' | 'write' | 'make', promise: Promise<unknown>) => whyNot(doing, await promise.catch((error: unknown) => error))
      await writeFile(join(home, 'file'), 'four')
      expect(await why('read', readBounded(join(home, 'none'), 10))).to.equal('there is no such file')
      expect(await why('read', readBounded(home, 1_000_000))).to.equal('it is a folder')
      expect(await why('read', readBounded(join(home, 'file'), 3))).to.equal('it is larger than 3 bytes')
      expect(await why('read', withOrdinary('/dev/zero', () => Promise.resolve()))).to.equal('it is not a file')
      expect(await why('write', writeDurable(join(home, 'none', 'x'), bytes('')))).to.equal('its folder is not there')
      expect(await why('make', makeFolders(join(home, 'file')))).to.equal('it is not a folder')
      expect(await why('make', makeFolders(join(home, 'file', 'x')))).to.equal('a part of its path is a file')
      expect(whyNot('read', Object.assign(new Error('i/o error'), { code: 'EIO' }))).to.equal('the system says EIO')
      expect(whyNot('read', new Error('no more'))).to.equal('no more')
    }))
})

describe('folders on the way to a file', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'keyrite-folders-'))))
  after(() => rmSync(folder, { recursive: true }))

  const codeOf = (path: string) => makeFolders(path).catch((error: unknown) => (error as { code: string }).code)

  it('are made from the first that is missing, with their permissions, and say whether there was one', async () => {
    const path = join(folder, 'a', 'b', 'c')
    expect([await makeFolders(path, { mode: 0o700 }), await makeFolders(path)]).to.deep.equal([true, false])
    expect(statSync(join(folder, 'a')).mode & 0o777).to.equal(0o700)
  })

  it('end with an error where no folder can be made, instead of trying for ever', async function () {
    writeFileSync(join(folder, 'file'), '')
    expect(await codeOf(join(folder, 'file'))).to.equal('EEXIST')
    expect(await codeOf(join(folder, 'file', 'x'))).to.equal('ENOTDIR')
    if (!existsSync('/proc/self')) this.skip()
    expect(await codeOf('/proc/keyrite/x')).to.equal('ENOENT')
  })
})
