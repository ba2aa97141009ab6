import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { formatDiagnostic, loadScript } from '../index.ts'
import { codes } from '../script/codes.ts'
import { readShipped } from '../script/load.ts'
import { withTables } from './readmeTables.ts'

const fileOf = (folder: string): string => join(import.meta.dirname, '..', '..', folder, 'README.md')
const text = readFileSync(fileOf('engine'), 'utf8')

describe('the README of a folder', () => {
  for (const folder of ['engine', 'storage', 'cli']) {
    it(`${folder} has the tables that its sources have (UPDATE_GOLDEN=1 writes them)`, () => {
      const page = readFileSync(fileOf(folder), 'utf8')
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(fileOf(folder), withTables(page, folder))
      expect(readFileSync(fileOf(folder), 'utf8')).to.equal(withTables(page, folder)).and.contain('\n| [')
    })
  }
})

describe('engine/README.md', () => {
  it('names every diagnostic', () => {
    const named = new Set([...text.matchAll(/`([a-z0-9-]+)`/g)].map((match) => match[1]))
    expect(codes.filter((name) => !named.has(name))).to.deep.equal([])
  })
})

describe('README.md', () => {
  const front = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8')

  it('shows the hash that the shipped script really has', () => {
    expect(/^ {2}SHA-256 +([0-9a-f]{64})/m.exec(front)?.[1]).to.equal(readShipped('dkg').hash)
  })

  it('has as an example a script with one mistake, at the place that it says, and none once that is mended', () => {
    const script = /```yaml\n(ceremony: duty[^]*?)```/.exec(front)?.[1] ?? ''
    const { diagnostics = [], source = '' } = loadScript(script, { file: 'duty.yaml' })
    const shown = diagnostics.map((one) => formatDiagnostic(one, source)).join('\n\n').replace(/^/gm, '    ')
    expect(diagnostics).to.have.length(1)
    expect(front).to.contain(shown)
    expect(loadScript(script.replace('Comit]', 'Commit]'), { file: 'duty.yaml' }).script?.ceremony.name).to.equal('duty')
  })
})
