import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { formatDiagnostic, loadScript } from '../index.ts'
import { codes } from '../script/codes.ts'
import { readShipped } from '../script/shipped.ts'
import { signatures } from '../verbs/table.ts'
import { keptTypes, valueTypes } from '../verbs/types.ts'

const text = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')

/** What the first column of the tables and the lists of codes name. */
const named = new Set([...text.matchAll(/^\| `([^`]+)` \|/gm), ...text.matchAll(/`([a-z0-9-]+)`/g)].map((match) => match[1]))

describe('engine/README.md', () => {
  it('has a line for every verb, and none for one that is not there', () => {
    const listed = [...text.matchAll(/^\| `((?:dkg|random|bls)\.[A-Za-z]+)` \|(.*)$/gm)]
    const verbs = listed.filter(([, name = '']) => !Object.hasOwn(keptTypes, name)).map(([, name]) => name)
    expect(verbs).to.deep.equal(signatures.map(({ name }) => name))
    for (const { name, doc } of signatures) expect(listed.find((match) => match[1] === name)?.[2]).to.contain(doc)
  })

  it('names every type and every diagnostic', () => {
    expect([...Object.keys(valueTypes), ...Object.keys(keptTypes), ...codes].filter((name) => !named.has(name))).to.deep.equal([])
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
