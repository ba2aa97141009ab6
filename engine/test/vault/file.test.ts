import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { readBounded, sweepTemporaries, writeDurable } from '../../vault/files.ts'
import { checkNewPassphrase, passphraseOfFile } from '../../vault/passphrase.ts'
import { codeOf, withHome } from './home.ts'

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
      expect(await codeOf(writeDurable(join(home, 'file'), bytes('two'), { exclusive: true }))).to.equal('vault.exists')
      await symlink('nowhere', join(home, 'link'))
      expect(await codeOf(writeDurable(join(home, 'link'), bytes('two'), { exclusive: true }))).to.equal('vault.exists')
      expect(await readFile(join(home, 'file'), 'utf8')).to.equal('one')
      expect((await readdir(home)).sort()).to.deep.equal(['file', 'link'])
    }))

  it('says that the folder is missing, or is a file', () =>
    withHome(async (home) => {
      await writeFile(join(home, 'file'), '')
      expect(await codeOf(writeDurable(join(home, 'none', 'x'), bytes('')))).to.equal('vault.no-folder')
      expect(await codeOf(writeDurable(join(home, 'file', 'x'), bytes('')))).to.equal('vault.no-folder')
    }))

  it('says that the folder is not writable', async function () {
    if (process.getuid?.() === 0) {
      this.test!.title += ' (skipped: root writes anywhere)'
      this.skip()
    }
    await withHome(async (home) => {
      await mkdir(join(home, 'closed'), { mode: 0o500 })
      expect(await codeOf(writeDurable(join(home, 'closed', 'x'), bytes('')))).to.equal('vault.unwritable')
      await chmod(join(home, 'closed'), 0o700)
    })
  })

  it('puts no file in the place of a folder, a link or a device', () =>
    withHome(async (home) => {
      await mkdir(join(home, 'folder'))
      await writeFile(join(home, 'target'), 'one')
      await symlink('target', join(home, 'link'))
      for (const name of ['folder', 'link']) expect(await codeOf(writeDurable(join(home, name), bytes('two')))).to.equal('vault.not-a-file')
      expect(await readFile(join(home, 'link'), 'utf8')).to.equal('one')
      expect((await readdir(home)).sort()).to.deep.equal(['folder', 'link', 'target'])
    }))

  it('sweeps what a killed writer of this file left, and nothing else', () =>
    withHome(async (home) => {
      const keep = ['.vault.age.tmp', '.other.1-0123456789ab.tmp', 'vault.age.1-0123456789ab.tmp', 'vault.age']
      for (const name of [...keep, '.vault.age.77-0123456789ab.tmp']) await writeFile(join(home, name), '')
      await sweepTemporaries(join(home, 'vault.age'))
      expect((await readdir(home)).sort()).to.deep.equal(keep.sort())
    }))
})

describe('bounded reading', () => {
  it('reads up to the bound and not a byte more, of files without a size too', () =>
    withHome(async (home) => {
      const path = join(home, 'file')
      await writeFile(path, 'x'.repeat(100_000))
      expect(await readBounded(path, 100_000)).to.have.length(100_000)
      expect(await codeOf(readBounded(path, 99_999))).to.equal('vault.too-large')
      expect(await codeOf(readBounded('/dev/zero', 100_000))).to.equal('vault.too-large')
    }))

  it('tells a missing file from one that cannot be read', () =>
    withHome(async (home) => {
      expect(await codeOf(readBounded(join(home, 'none'), 10))).to.equal('vault.missing')
      expect(await codeOf(readBounded(home, 1_000_000))).to.equal('vault.unreadable')
    }))
})

describe('passphrase rules', () => {
  it('strip one line end from a passphrase file, whatever editor wrote it, and nothing else', () => {
    expect(passphraseOfFile(bytes('one two three\n'))).to.equal('one two three')
    expect(passphraseOfFile(bytes('one two three\r\n'))).to.equal('one two three')
    expect(passphraseOfFile(bytes(' one two three '))).to.equal(' one two three ')
    expect(() => passphraseOfFile(bytes('one\n\n'))).to.throw('more than one line')
    expect(() => passphraseOfFile(bytes('\n'))).to.throw('empty')
    expect(() => passphraseOfFile(Buffer.from([0xff, 0xfe]))).to.throw('UTF-8')
  })

  it('count characters, not bytes', () => {
    expect(() => checkNewPassphrase('пароль')).to.throw('shorter than 8')
    expect(() => checkNewPassphrase('парольдва')).to.not.throw()
  })
})
