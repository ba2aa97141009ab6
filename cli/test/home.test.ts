import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { homePath, makeHome, rolePath } from '../home.ts'

const codeOf = (error: unknown): string => (isKeyriteError(error) ? error.code : String(error))

describe('the home', () => {
  it('is ~/.keyrite unless KEYRITE_HOME says another, which is made absolute', () => {
    expect(homePath({})).to.equal(join(homedir(), '.keyrite'))
    expect(homePath({ KEYRITE_HOME: '' })).to.equal(join(homedir(), '.keyrite'))
    expect(homePath({ KEYRITE_HOME: 'here' })).to.equal(join(process.cwd(), 'here'))
    expect(rolePath('client', { KEYRITE_HOME: '/x/' })).to.equal('/x/client')
    expect(() => homePath({ KEYRITE_HOME: 'a\0b' })).to.throw('KEYRITE_HOME')
  })

  it('is refused in a clear error where it cannot be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'keyrite-home-'))
    await writeFile(join(folder, 'file'), '')
    await writeFile(join(folder, 'client'), '')
    for (const home of [join(folder, 'file'), join(folder, 'file', 'below'), folder, '/proc/nowhere']) {
      expect(codeOf(await makeHome('client', { KEYRITE_HOME: home }).catch((error: unknown) => error)), home).to.equal('cli.home')
    }
    expect(await makeHome('airgap', { KEYRITE_HOME: folder })).to.equal(join(folder, 'airgap'))
    expect(await makeHome('airgap', { KEYRITE_HOME: folder })).to.equal(join(folder, 'airgap'))
    await rm(folder, { recursive: true })
  })
})
