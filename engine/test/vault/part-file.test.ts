import { chmod, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { partFile } from '../../vault/vault.ts'

describe('a file of parts', () => {
  let folder: string
  let path: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyrite-parts-'))
    path = join(folder, 'inner', 'parts')
  })
  afterEach(async () => rm(folder, { recursive: true, force: true }))

  it('gives back after a restart what was added, in order, to its owner alone', async () => {
    expect(await partFile(path).load()).to.deep.equal([])
    for (const text of ['one', 'two 🔑', 'three']) await partFile(path).add(text)
    expect(await partFile(path).load()).to.deep.equal(['one', 'two 🔑', 'three'])
    expect((await stat(path)).mode & 0o777).to.equal(0o600)
    expect((await stat(join(folder, 'inner'))).mode & 0o777).to.equal(0o700)
    await partFile(path).clear()
    await partFile(path).clear()
    expect(await partFile(path).load()).to.deep.equal([])
  })

  it('loses to a torn write the torn text alone, wherever it was torn', async () => {
    const store = partFile(path)
    await store.add('first')
    const before = (await readFile(path)).length
    await store.add('second, which is torn')
    const { length } = await readFile(path)
    const whole = await readFile(path)
    for (let cut = before; cut < length; cut++) {
      await writeFile(path, whole)
      await truncate(path, cut)
      await store.add('third')
      const texts = await store.load()
      expect(texts[0]).to.equal('first')
      expect(texts.at(-1)).to.equal('third')
      expect(texts.slice(1, -1).every((text) => 'second, which is torn'.startsWith(text)), texts.join('|')).to.equal(true)
    }
  })

  it('loads nothing, and never fails, where something else stands, and says so when it cannot write', async () => {
    await mkdir(path, { recursive: true })
    expect(await partFile(path).load()).to.deep.equal([])
    const code = async (run: Promise<unknown>): Promise<string> => run.then(() => 'nothing', (error: unknown) => isKeyriteError(error) ? error.code : String(error))
    expect(await code(partFile(path).add('x'))).to.match(/^file\./)
    expect(await code(partFile(path).clear())).to.match(/^file\./)
    await rm(path, { recursive: true })
    await writeFile(path, Uint8Array.from({ length: 1000 }, (_, i) => i % 256))
    await partFile(path).add('after')
    expect((await partFile(path).load()).at(-1)).to.equal('after')
    await chmod(path, 0o000)
    expect(await partFile(path).load()).to.be.an('array')
  })
})
