import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { nearest } from '../../script/codes.ts'
import { formatDiagnostic, loadScript, newScript, readShipped, shippedFolder, shippedLibrary, shippedNames } from '../../script/load.ts'

const load = (text: string) => loadScript(text, { file: 'own.yaml', library: shippedLibrary })

describe('the shipped scripts', () => {
  it('are all good, and named as their files', () => {
    expect(shippedNames()).to.include.members(['beacon', 'dkg', 'sign'])
    for (const name of shippedNames()) {
      expect(readShipped(name).ceremony.name).to.equal(name)
      // Every layer passes them, the editors' schema too, which is left out when they are read.
      expect(load(readShipped(name).source)).to.deep.equal({ script: readShipped(name) })
    }
  })

  it('have the hash that sha256sum prints: over the raw bytes', () => {
    for (const name of shippedNames()) {
      const bytes = readFileSync(join(shippedFolder(), `${name}.yaml`))
      expect(readShipped(name).hash).to.equal(createHash('sha256').update(bytes).digest('hex'))
      expect(Buffer.from(readShipped(name).source, 'utf8').equals(bytes)).to.equal(true)
    }
  })

  it('are told from those that are not there, with what there is', () => {
    try {
      readShipped('nosuch')
      expect.fail('it is there')
    } catch (error) {
      if (!isKeyriteError(error, 'script.not-shipped')) throw error
      expect(error.todo).to.contain('dkg')
    }
  })

  it('are JSON: a ceremony survives being written and read', () => {
    for (const name of shippedNames()) {
      const { ceremony } = readShipped(name)
      expect(JSON.parse(JSON.stringify(ceremony))).to.deep.equal(ceremony)
    }
  })
})

describe('a checked ceremony', () => {
  const dkg = readShipped('dkg').ceremony
  const sign = readShipped('sign').ceremony

  it('has every argument resolved with where it comes from and its type', () => {
    const step = dkg.steps[3]!
    expect(step.name).to.equal('ProcessDeals')
    expect(step.prepare['sums']!.args[1]).to.deep.equal({
      from: 'column', message: 'Commits', field: 'points', part: 'attachment',
      type: { kind: 'each', of: { kind: 'list', name: 'g1-affine' } },
    })
    expect(step.airgap!.args.map(({ from }) => from)).to.deep.equal(['parameter', 'message', 'message', 'prepared'])
    expect(sign.steps[0]!.airgap!.args[0]).to.deep.equal({
      from: 'kept', name: 'key', field: 'share', type: { kind: 'kept', name: 'dkg.share' },
    })
    expect(sign.steps[0]!.collect).to.deep.equal({
      kind: 'count',
      of: { from: 'followed-value', name: 'key', field: 'threshold', part: 'parameter', type: { kind: 'value', name: 'quorum' } },
    })
  })

  it('has outputs of one value each: an agreed column is its value, and so is that of a message of which one is enough', () => {
    expect(dkg.outputs['groupKey']!.type).to.deep.equal({ kind: 'value', name: 'g1' })
    expect(dkg.outputs['birth']!.type).to.deep.equal({ kind: 'value', name: 'g2' })
    expect(sign.outputs['signatures']!.type).to.deep.equal({ kind: 'list', name: 'g2' })
  })

  it('has times in milliseconds and steps in the order of the file', () => {
    expect(dkg.steps.map(({ name, index, within }) => [name, index, within])).to.deep.equal([
      ['SendPublicKeys', 0, 86_400_000], ['SendCommits', 1, 86_400_000], ['SendDeals', 2, 86_400_000],
      ['ProcessDeals', 3, 86_400_000], ['ProcessResponses', 4, 86_400_000],
    ])
    expect(sign.steps[0]!.within).to.equal(7 * 86_400_000)
  })

  it('has the dispute with its judge, and what is kept, only after the certificate', () => {
    expect(dkg.disputes['Complaint']!.judge.verb).to.equal('dkg.judge')
    const keeping = dkg.steps.findIndex(({ keeps }) => keeps === 'share')
    expect(keeping).to.be.greaterThan(dkg.steps.findIndex(({ name }) => name === dkg.certificate))
  })
})

describe('a new script', () => {
  it('is good as it stands', () => {
    const { script } = load(newScript('my-ceremony', 'Mine', '../x.json'))
    expect(script?.ceremony.name).to.equal('my-ceremony')
  })

  it('is good with any title of one line, and shows the editor its schema', () => {
    for (const title of ['a: b', '"quoted"', "it's # not a comment", '- {[&*!|>%@`', 'Schlüssel 🔑', 'two\nlines', '\u202eevil']) {
      const text = newScript('own', title, '/a path/with: colon.json')
      const { script } = load(text)
      expect(script?.ceremony.title, title).to.equal(title.replace(/[\n\u202e]/g, ' '))
      expect(text.split('\n')[0]).to.equal('# yaml-language-server: $schema=/a path/with: colon.json')
    }
  })
})

describe('a diagnostic', () => {
  it('counts columns in characters, and cuts a long line around the caret', () => {
    const { diagnostics, source } = load(`ceremony: own # ${'🔑'.repeat(3)}\nmessages: { ${'Abcdefg: {}, '.repeat(1)}${' '.repeat(150)}Wrong: 3 }`)
    if (diagnostics === undefined) throw new Error('it is good')
    const wrong = diagnostics.find(({ code }) => code === 'wrong-kind')!
    expect([wrong.line, wrong.column]).to.deep.equal([2, 183])
    const [, excerpt = '', carets = ''] = formatDiagnostic(wrong, source).split('\n')
    expect(Array.from(excerpt).length).to.be.lessThan(130)
    expect(Array.from(excerpt)[carets.indexOf('^')]).to.equal('3')
  })

  it('comes once, sorted by place, and at most a hundred of them', () => {
    const { diagnostics } = load(Array.from({ length: 500 }, (_, k) => `x${k}: 1\n`).join(''))
    expect(diagnostics?.length).to.equal(100)
    const starts = diagnostics!.map(({ start }) => start)
    expect(starts).to.deep.equal([...starts].sort((a, b) => a - b))
  })
})

describe('did you mean', () => {
  it('finds what was meant, by a slip, a swap, another letter case or a missing area', () => {
    const known = ['threshold', 'Commits', 'Commits.key', 'dkg.keygen', 'random.commit']
    expect(nearest('treshold', known)).to.equal('threshold')
    expect(nearest('thershold', known)).to.equal('threshold')
    expect(nearest('commits', known)).to.equal('Commits')
    expect(nearest('keygen', known)).to.equal('dkg.keygen')
  })

  it('does not guess what is too far, and takes a known name for itself', () => {
    expect(nearest('xyz', ['abc', 'def'])).to.equal(undefined)
    expect(nearest('', ['a'])).to.equal(undefined)
    expect(nearest('groupKey', ['groupkey', 'groupKey'])).to.equal('groupKey')
  })
})
