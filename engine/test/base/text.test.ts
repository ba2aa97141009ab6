import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { cut, firstOf, flowed, isLegible, LEGIBLE, legible, legibleProblem, legibleText, printable, printableLine, quoted } from '../../base/text.ts'
import { KeyriteError } from '../../base/errors.ts'
import { toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import { checkMessage } from '../../messages/kinds.ts'
import { wording } from '../../script/codes.ts'
import { abortPayload, checkAbort, type Fault } from '../../wire/abort.ts'
import { loadScript, newScript, shippedLibrary } from '../../script/load.ts'
import { schemaOfType } from '../../verbs/types.ts'
import { compileCheck } from '../../wire/schema.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const points = Array.from({ length: 0x11_0000 }, (_, point) => point)

/** The number of graphic characters in Unicode 15.0, by its own count, and the number of spaces among them. */
const GRAPHIC = 149_014
const SPACES = 17

const span = (first: number, last: number): number[] => points.slice(first, last + 1)

/** Letters, marks and symbols of Unicode 15.0 that are default-ignorable: fillers, joiner, inherent vowels, selectors. */
const IGNORABLE = [
  0x115f, 0x1160, 0x3164, 0xffa0, 0x034f, 0x17b4, 0x17b5, ...span(0x180b, 0x180d), 0x180f, ...span(0xfe00, 0xfe0f), ...span(0xe0100, 0xe01ef),
]

/** The characters that the page takes out besides: blanks, selectors, joiners and stackers. */
const SHOWING_NOTHING = [
  0x2800, 0x303f, 0xfffc, 0x16fe4, 0x1d159, 0x13441, 0x13442,
  0x13440, 0x1bc9d, ...span(0x1da9b, 0x1da9f), ...span(0x1daa1, 0x1daaf),
  0x1039, 0x17d2, 0x1a60, 0x1bab, 0x2d7f, 0xaaf6, 0x10a3f, 0x1107f, 0x11133, 0x1193e, 0x11a47, 0x11a99, 0x11d45, 0x11d97, 0x11f42,
]

/** The number of graphic characters that later versions of Unicode have beyond those of 15.0. */
const ADDED: Readonly<Record<string, number>> = { '15.0': 0, '15.1': 627, '16.0': 5812, '17.0': 10_615 }

describe('the list of legible code points', () => {
  it('is the one of the protocol’s page, to the byte', () => {
    const page = readFileSync(join(ROOT, 'engine/PROTOCOL.md'), 'utf8').split('## Appendix: Legible text')[1] ?? ''
    expect(Array.from(page.matchAll(/^ {4}(.*)$/gm), ([, line]) => line).join('\n')).to.equal(LEGIBLE)
    const hash = '42c9927d08dfecfab50be4fcc8dfacd382831f2620ab0a68b2d658c57a1aea69'
    expect(toHex(sha256(utf8(LEGIBLE.replaceAll('\n', ' '))))).to.equal(hash)
    expect(page).to.contain(hash)
  })

  it('is sorted, without overlaps, and read as it is written', () => {
    const ranges = LEGIBLE.split(/\s/).map((range) => range.split('-').map((hex) => Number.parseInt(hex, 16)))
    const written = new Set<number>()
    let before = -1
    for (const [first = NaN, last = first] of ranges) {
      expect(first).to.be.greaterThan(before + 1)
      expect(last).to.be.least(first)
      for (let point = first; point <= last; point += 1) written.add(point)
      before = last
    }
    expect(points.filter((point) => isLegible(point) !== written.has(point))).to.deep.equal([])
  })

  it('has all of Unicode 15.0 that is a letter, mark, number, punctuation or symbol, and the space, less what the page takes out', () => {
    const taken = [...IGNORABLE, ...SHOWING_NOTHING]
    expect(taken.filter(isLegible)).to.deep.equal([])
    expect(points.filter(isLegible)).to.have.length(GRAPHIC - SPACES + 1 - taken.length)
  })

  it('is not contradicted by what this runtime knows of Unicode, of whatever version', () => {
    const shown = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u
    const ignorable = /^\p{Default_Ignorable_Code_Point}$/u
    const theirs = points.filter((point) => shown.test(String.fromCodePoint(point)) && !ignorable.test(String.fromCodePoint(point)))
    const known = new Set(theirs)
    expect(points.filter((point) => isLegible(point) && !known.has(point))).to.deep.equal([])
    // The runtime has more: the characters that we take out, and those that came after 15.0.
    const more = theirs.filter((point) => !isLegible(point) && !SHOWING_NOTHING.includes(point)).length
    const added = ADDED[process.versions['unicode'] ?? '']
    if (added === undefined) expect(more).to.be.least(10_615)
    else expect(more).to.equal(added)
  })

  it('knows the marks among them', () => {
    const mark = /^\p{M}$/u
    for (const point of points) {
      if (!isLegible(point)) continue
      const character = String.fromCodePoint(point)
      const alone = legible(character)[0] === character
      if (alone === mark.test(character)) expect.fail(`U+${point.toString(16)} is taken for ${alone ? 'no' : 'a'} mark`)
      if (legible(`a${character}`)[1] !== character) expect.fail(`U+${point.toString(16)} is not shown on a letter`)
    }
  })

  it('is the only one: no program asks its runtime, or has a list of its own', () => {
    const sources = ['engine', 'storage', 'cli'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
        .filter((item) => item.isFile() && /\.(ts|html|css)$/.test(item.name))
        .map((item) => join(item.parentPath, item.name).slice(ROOT.length + 1))
        .filter((file) => !/\/(test|node_modules)\//.test(file)))
    expect(sources.length).to.be.greaterThan(200)
    const asking = /\\p\{|\\u\{?(0*61c|0*200[ef]|0*202[a-e]|0*206[0-9a-f]|0*180e|0*7f-)/i
    expect(sources.filter((file) => asking.test(readFileSync(join(ROOT, file), 'utf8')))).to.deep.equal([])
  })
})

/** Characters that are not shown as themselves, or not everywhere. */
const hostile: Readonly<Record<string, string>> = {
  'a bell': '\u0007', 'a tab': '\t', 'an escape': '\u001b', 'a delete': '\u007f', 'a control of one character': '\u009b', 'a next line': '\u0085',
  'a turn of direction': '\u202e', 'a mark of direction': '\u200f', 'an isolate': '\u2066', 'an Arabic letter mark': '\u061c',
  'a zero-width space': '\u200b', 'a zero-width joiner': '\u200d', 'a word joiner': '\u2060', 'a byte order mark': '\ufeff', 'a soft hyphen': '\u00ad',
  'a no-break space': '\u00a0', 'a thin space': '\u2009', 'an ideographic space': '\u3000', 'an Ogham space': '\u1680',
  'a line separator': '\u2028', 'a paragraph separator': '\u2029',
  'a tag': '\u{e0041}', 'a variation selector': '\ufe0f', 'a variation selector of the second list': '\u{e0100}', 'a grapheme joiner': '\u034f',
  'a braille blank': '\u2800', 'a Hangul filler': '\u3164', 'a narrow Hangul filler': '\uffa0', 'a leading filler': '\u115f', 'a vowel filler': '\u1160',
  'an inherent vowel': '\u17b4', 'a Mongolian selector': '\u180b', 'a Mongolian separator': '\u180e', 'a blank hieroglyph': '\u{13441}', 'a note without a head': '\u{1d159}',
  'a stacker': '\u17d2', 'a selector of thick letters': '\u{1bc9d}', 'a beginning beam': '\u{1d173}', 'an invisible plus': '\u2064', 'an annotation': '\ufff9',
  'a high surrogate alone': '\ud83d', 'a low surrogate alone': '\udd11', 'private use': '\ue000', 'private use beyond': '\u{10fffd}',
  'a noncharacter': '\uffff', 'an unassigned code point': '\u0378', 'a letter of Unicode 16': '\u{10d50}',
}

describe('what is not legible', () => {
  const checkText = compileCheck<string>(schemaOfType('text'))
  const titled = (title: string) => loadScript(utf8(newScript('own', 'TITLE', 'x.json').replace('"TITLE"', title)), { file: 'own.yaml', library: shippedLibrary })

  for (const [what, character] of Object.entries(hostile)) {
    it(`is refused in every text, and never shown as if it were nothing: ${what}`, () => {
      const text = `pay ${character}Bob`
      const number = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
      expect(legibleProblem(text, { lines: true })).to.match(new RegExp(`U\\+${number} as its character 5,`))
      expect(() => checkText(text, 'It')).to.throw('legible')
      expect(() => checkMessage({ kind: 'text', text })).to.throw(`U+${number}`)
      expect(() => checkMessage({ kind: 'file', name: text, size: 1, sha256: 'ab'.repeat(32) })).to.throw(`U+${number}`)
      // The character is written by YAML's escape, and as itself where UTF-8 has it.
      for (const title of [`"pay \\U${number.padStart(8, '0')}Bob"`, ...(text.isWellFormed() ? [`"${text}"`, `Mine # ${text}`] : [])]) {
        expect(titled(title).diagnostics?.map(({ code }) => code), title).to.include('hidden-character')
      }
      expect(legibleText(text)).to.equal(`pay <U+${number}>Bob`)
      expect(printableLine(text)).to.equal('pay \ufffdBob')
      expect(printable(text)).to.equal(character === '\t' ? text : 'pay \ufffdBob')
      expect(quoted(text)).to.equal('"pay \ufffdBob"')
      // Errors, diagnostics, kinds of messages and Aborts quote text themselves, and must use the same table.
      expect(new KeyriteError('test.this', {}, { what: text, todo: text })).to.include({ message: printable(text), todo: printable(text) })
      expect(wording('bad-version', { version: text }).says).to.equal('"pay \ufffdBob" is not a version')
      expect(() => checkMessage({ kind: text })).to.throw('the kind "pay \ufffdBob"')
      const fault: Fault = { reason: 'missing', step: null, accused: null, why: text, convicts: false, offsets: [] }
      expect(abortPayload(fault).evidence.why).to.equal(printable(text))
    })
  }

  it('leaves text of many scripts alone, and its lines where there may be several', () => {
    const text = 'Größe «π» 日本語 é\u0301 שלום हिन्दी ไทย 한국어 🔑 — 100 % (sic)\nsecond line'
    expect(legibleProblem(text, { lines: true })).to.equal(null)
    expect(checkText(text, 'It')).to.equal(text)
    expect(checkMessage({ kind: 'text', text })).to.deep.equal({ kind: 'text', text })
    expect(printable(text)).to.equal(text)
    expect(legibleProblem(text, { lines: false })).to.contain('U+000A')
    expect(() => checkMessage({ kind: 'file', name: 'a\nb', size: 1, sha256: 'ab'.repeat(32) })).to.throw('U+000A')
    expect(titled('"Größe 日本語 é\u0301 🔑"').diagnostics).to.equal(undefined)
  })

  it('is found at the end of the longest text', () => {
    const long = '🔑é日'.repeat(1 << 14)
    expect(legibleProblem(long, { lines: false })).to.equal(null)
    expect(legibleProblem(`${long}\u2800`, { lines: false })).to.contain(`U+2800 as its character ${3 * (1 << 14) + 1},`)
  })
})

describe('a text that is cut', () => {
  it('is as it is up to the most characters, and beyond that says that more was there', () => {
    expect(cut('abc', 3)).to.equal('abc')
    expect(cut('abcd', 3)).to.equal('abc…')
    expect(cut('', 0)).to.equal('')
    expect(cut('a', 0)).to.equal('…')
    expect(printableLine('ab\ncd', 4)).to.equal('ab\ufffdc…')
  })

  it('counts characters, and is never cut inside of one', () => {
    expect(firstOf('🔑🔑🔑', 2)).to.equal('🔑🔑')
    expect(cut('🔑🔑🔑', 3)).to.equal('🔑🔑🔑')
    for (let most = 0; most < 8; most++) expect(firstOf('a🔑é🔑日🔑b🔑', most).isWellFormed(), String(most)).to.equal(true)
  })

  it('takes no longer for a text that is much longer', () => {
    expect(cut('🔑'.repeat(1 << 22), 2)).to.equal('🔑🔑…')
  })

  it('fits where an Abort has room for a thousand characters, whichever they are', () => {
    for (const why of ['x'.repeat(5000), '🔑'.repeat(5000), 'x'.repeat(1000)]) {
      const said = abortPayload({ reason: 'missing', step: null, accused: null, why, convicts: false, offsets: [] }).evidence.why
      expect(Array.from(said)).to.have.length(1000)
      expect(() => checkAbort({ reason: 'missing', step: null, accused: null, evidence: { why: said, offsets: [] } }, 'It')).to.not.throw()
    }
  })
})

describe('a text that is quoted', () => {
  it('cannot end its own quotation', () => {
    expect(quoted('a" is fine. "b')).to.equal('"a\\" is fine. \\"b"')
    expect(quoted('a\\')).to.equal('"a\\\\"')
  })

  it('is one line, and not longer than people read', () => {
    expect(quoted('two\nlines')).to.equal('"two\ufffdlines"')
    expect(quoted('x'.repeat(1000))).to.equal(`"${'x'.repeat(140)}…"`)
    expect(quoted('x'.repeat(1000), 3)).to.equal('"xxx…"')
  })
})

describe('prose that is shown on one line', () => {
  it('has a space where its lines end, and no other character is touched', () => {
    expect(flowed('one\r\n  two\t\tthree')).to.equal('one two three')
    expect(flowed('a\u2028b\u00a0c\u202ed')).to.equal('a\u2028b\u00a0c\u202ed')
    expect(printableLine(flowed('one\ntwo\u2028three'))).to.equal('one two\ufffdthree')
  })
})

describe('a text that somebody consents to', () => {
  it('is as it is where all of it is seen', () => {
    for (const text of ['', 'Pay 3 ETH to Bob.', 'Größe, 値段, שלום, e\u0301', 'two\nlines', '  indented']) expect(legibleText(text)).to.equal(text)
  })

  it('has written out whatever is not seen, or turns the direction of reading', () => {
    expect(legibleText('a\u200bb')).to.equal('a<U+200B>b')
    expect(legibleText('\u202eabc\u0007\t')).to.equal('<U+202E>abc<U+0007><U+0009>')
    expect(legibleText('\u3164\u2800\u00a0\u2003\ufeff\u{e0041}\ue000')).to.equal('<U+3164><U+2800><U+00A0><U+2003><U+FEFF><U+E0041><U+E000>')
  })

  it('lets one mark stand on a letter, and no heap of them', () => {
    expect(legibleText('e\u0301\u0301\u0301')).to.equal('e\u0301<U+0301><U+0301>')
    expect(legibleText('\u0301')).to.equal('<U+0301>')
  })

  it('never gives the same for two texts of which one has something hidden', () => {
    const plain = 'pay bob'
    for (let point = 0; point < 0x11_0000; point += 1) {
      if (point === 10 || (point >= 0xd800 && point < 0xe000)) continue
      const hidden = legibleText(`pay${String.fromCodePoint(point)} bob`)
      if (hidden === plain) expect.fail(`U+${point.toString(16)} is not seen`)
    }
  })
})
