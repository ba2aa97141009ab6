import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { codes } from '../../script/codes.ts'
import { formatDiagnostic, knownShipped, loadScript, shippedLibrary } from '../../script/load.ts'
import { MAX_SCRIPT } from '../../script/yaml.ts'

/**
 * The corpus: `CODE-case.yaml`, a script with a fault that has that code, and `CODE-case.txt`, exactly the text about it.
 * UPDATE_GOLDEN=1 writes the texts; read them before you commit them.
 */
const FOLDER = new URL('../golden/', import.meta.url)
const UPDATE = process.env['UPDATE_GOLDEN'] === '1'

/** Codes that are checked below without a file in the corpus, since it would be a large one. */
const ELSEWHERE = ['too-large']

const cases = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -5)).sort()
const codeOf = (name: string) => codes.filter((code) => name.startsWith(`${code}-`)).sort((a, b) => b.length - a.length)[0]

describe('the corpus of wrong scripts', () => {
  for (const name of cases) {
    it(`says exactly this about ${name}.yaml`, () => {
      const file = `${name}.yaml`
      const { diagnostics, source } = loadScript(readFileSync(new URL(file, FOLDER)), { file, library: shippedLibrary, known: knownShipped })
      if (diagnostics === undefined) throw new Error(`${file} is taken for a good script`)
      expect(diagnostics.map(({ code }) => code)).to.include(codeOf(name))
      const text = `${diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, source)).join('\n\n')}\n`
      const golden = new URL(`${name}.txt`, FOLDER)
      if (UPDATE) writeFileSync(golden, text)
      expect(text).to.equal(existsSync(golden) ? readFileSync(golden, 'utf8') : undefined)
    })
  }

  it('has a script for every code', () => {
    const covered = new Set(cases.map(codeOf))
    expect(codes.filter((code) => !covered.has(code) && !ELSEWHERE.includes(code))).to.deep.equal([])
  })

  it('has no text without its script', () => {
    const texts = readdirSync(FOLDER).filter((file) => file.endsWith('.txt')).map((file) => file.slice(0, -4)).sort()
    expect(texts).to.deep.equal(cases)
  })

  it('refuses a file over 256 KiB before it reads it (too-large)', () => {
    const { diagnostics } = loadScript(new Uint8Array(MAX_SCRIPT + 1).fill(0x23), { file: 'big.yaml', library: shippedLibrary })
    expect(diagnostics?.map(({ code, line, column }) => [code, line, column])).to.deep.equal([['too-large', 1, 1]])
    const { diagnostics: atMost } = loadScript(new Uint8Array(MAX_SCRIPT).fill(0x23), { file: 'big.yaml', library: shippedLibrary })
    expect(atMost?.map(({ code }) => code)).to.deep.equal(['yaml-empty'])
  })
})
