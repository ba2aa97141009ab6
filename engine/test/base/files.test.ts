import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { makeFolders } from '../../base/files.ts'

describe('folders on the way to a file', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'keyrite-folders-'))))
  after(() => rmSync(folder, { recursive: true }))

  const codeOf = (path: string) => makeFolders(path).catch((error: unknown) => (error as { code: string }).code)

  it('are made from the first that is missing, with their permissions, and say whether there was one', async () => {
    const path = join(folder, 'a', 'b', 'c')
    expect([await makeFolders(path, 0o700), await makeFolders(path)]).to.deep.equal([true, false])
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
