import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect } from 'chai'
import { wireError } from '../base/canonical.ts'

const root = join(import.meta.dirname, '..', '..')

/** The program's own sources, tests and benchmarks aside. */
const sources = ['engine', 'storage', 'cli'].flatMap((folder) =>
  readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((item) => item.isFile() && item.name.endsWith('.ts') && !/\/(test|bench)(\/|$)/.test(item.parentPath.slice(root.length)))
    .map((item) => {
      const path = join(item.parentPath, item.name)
      return { file: relative(root, path), text: readFileSync(path, 'utf8') }
    }))

interface Area {
  readonly area: string
  /** The name of the area's error maker in the code. */
  readonly maker: string
  readonly reasons: readonly string[]
}

const areas = sources.flatMap(({ text }): Area[] =>
  [...text.matchAll(/const (\w+) = errorTable\('(\w+)', \{\n(.*?)\n\}\)/gs)].map(([, maker = '', area = '', table = '']) =>
    ({ area, maker, reasons: [...table.matchAll(/^ {2}'?([a-z][a-z-]*)'?: \(/gm)].map(([, reason = '']) => reason) })))

/** The wrong codes in a doc comment's `@throws`. A code stands there in full, or as `area.*`. */
function wrongIn(comment: string): string[] {
  return [...comment.matchAll(/@throws((?:(?!\*\/|@).)*)/gs)].flatMap(([, said = '']) => {
    const dotted = [...said.matchAll(/(?<![\w.])([a-z]+)\.(\*|[a-z][a-z-]*\*?)/g)].filter(([, area]) => areas.some((one) => one.area === area))
      .filter(([, area, reason = '']) => reason !== '*' && !areas.some((one) => one.area === area && one.reasons.includes(reason)))
    const short = [...said.matchAll(/(?<=, )([a-z]+(?:-[a-z]+)+)(?=,|\n|\s*$)/g)].filter(([, word = '']) => areas.some(({ reasons }) => reasons.includes(word)))
    return [...dotted, ...short].map(([code]) => code)
  })
}

describe('the tables of errors', () => {
  it('are all found here, as they are', () => {
    expect(areas.map(({ area }) => area).sort()).to.deep.equal([...new Set(areas.map(({ area }) => area))].sort())
    const made = sources.flatMap(({ text }) => [...text.matchAll(/ = errorTable\('(\w+)'/g)].map(([, area]) => area))
    expect(areas.map(({ area }) => area)).to.deep.equal(made)
    expect(areas.find(({ area }) => area === 'wire')?.reasons).to.deep.equal(Object.keys(wireError.table))
    for (const { area, reasons } of areas) expect(reasons.length, area).to.be.greaterThan(0)
  })

  it('have no entry that nothing throws', () => {
    const code = sources.map(({ text }) => text).join('\n')
    const unused = areas.flatMap(({ area, maker, reasons }) => {
      const thrown = new Set([...code.matchAll(new RegExp(`\\b${maker}\\(\\s*'([a-z-]+)'`, 'g'))].map(([, reason]) => reason))
      return reasons.filter((reason) => !thrown.has(reason)).map((reason) => `${area}.${reason}`)
    })
    expect(unused).to.deep.equal([])
  })

  it('have every code that a doc comment says is thrown', () => {
    const wrong = sources.flatMap(({ file, text }) => wrongIn(text).map((code) => `${file}: ${code}`))
    expect(wrong).to.deep.equal([])
  })

  it('would not have passed others', () => {
    expect(wrongIn('/** Reads it. @throws wire.malformed, and what `of` throws; vault.* */')).to.deep.equal([])
    expect(wrongIn('/** @throws wire.malfromed, run.* */\n/** wire.malfromed */')).to.deep.equal(['wire.malfromed'])
    expect(wrongIn('/**\n * Reads it.\n *\n * @throws wire.malformed,\n * crypto.bad-pont where it is none\n */')).to.deep.equal(['crypto.bad-pont'])
    expect(wrongIn('/** @throws storage.not-opened, not-member */')).to.deep.equal(['not-member'])
    expect(wrongIn('/** @throws cli.script-*, cli.library */')).to.deep.equal(['cli.script-*'])
  })
})
