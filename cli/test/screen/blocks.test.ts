import { expect } from 'chai'
import type { Confirmation } from '../../../engine/run/airgap-session.ts'
import { readShipped } from '../../../engine/script/load.ts'
import { brokenLines, linesOf, outsideLines, widthOf } from '../../screen/blocks.ts'
import { ceremonyPages } from '../../screen/consent.ts'
import { openingOf, stranger } from './terminal.ts'

const NUMBER = '12345 67890 12345 67890 12345 67890 12345 67890'

/**
 * The rows of an 80-column terminal after its own breaking of lines. A character that is not ASCII may take two cells
 * there.
 */
function rows(lines: readonly string[], columns = 80): string[] {
  return lines.flatMap((line) => {
    const out: string[] = []
    let row = ''
    let cells = 0
    for (const character of line) {
      const wide = character > '~' && character !== '│' && character !== '…' ? 2 : 1
      if (cells + wide > columns) {
        out.push(row)
        row = ''
        cells = 0
      }
      row += character
      cells += wide
    }
    return [...out, row]
  })
}

function screenOf(text: string, columns = 80): string[] {
  const beacon = readShipped('beacon')
  const me = stranger('ada', 1)
  const question: Confirmation = {
    kind: 'join', ceremony: '00'.repeat(32), number: '00000 11111 22222 33333 44444 55555 66666 77777', script: beacon, me,
    opening: openingOf(beacon, [me, stranger('bob', 2)], { purpose: text, threshold: 2, messages: [{ kind: 'text', text }, text] }), step: 'SendCommits', shows: {}, followed: {},
  }
  return linesOf(ceremonyPages(question).flat(), widthOf(columns))
}

describe('text from outside on the airgap’s screen', () => {
  const hostile: Readonly<Record<string, string>> = {
    'spaces up to the next row': `Harmless.${' '.repeat(53)}  number  ${NUMBER}${' '.repeat(400)}`,
    'lines of its own': `Harmless.\n\n  number  ${NUMBER}\n\r\nType 000 000`,
    'wide characters': `${'日本語'.repeat(30)}  number  ${NUMBER}`,
    'combining marks': `a${'\u0301'.repeat(300)}  number  ${NUMBER}`,
    'controls and directions': `a\u001b[2J\u001b[H\r\b\u0000\u009b2J\u202e\u2066\u200f\u061c\u2028\u2029\u0085  number  ${NUMBER}`,
    'invisible characters': `a\u200b\u200d\ufeff\u2060\u00ad\u{e0041}\u3164\u2800\u115f\u180e\u00a0\u3000\ue000\u{10ffff}\ufff9  number  ${NUMBER}`,
    'tabs': `${'\t'.repeat(9)}  number  ${NUMBER}`,
    'emoji': `${'👩‍🔧🏴󠁧󠁢󠁥󠁮󠁧󠁿'.repeat(10)}  number  ${NUMBER}`,
  }
  for (const columns of [80, 60, 132]) {
    for (const [what, text] of Object.entries(hostile)) {
      it(`can make no row that looks like the screen’s own in ${columns} columns: ${what}`, () => {
        const own = new Set(rows(screenOf('harmless', columns), columns))
        const lines = screenOf(text, columns)
        const seen = rows(lines, columns)
        // No line is so long that the terminal breaks it.
        expect(seen).to.deep.equal(lines)
        for (const row of seen) if (!own.has(row)) expect(row).to.match(/^ {2}[a-z 0-9]{0,32} *│ |^ {2}[a-z0-9 ]+$/)
        expect(seen.filter((row) => /^ *number/.test(row))).to.have.length(1)
        expect(seen.join('')).to.match(/^[^\p{C}\p{Zl}\p{Zp}]*$/u)
      })
    }
  }

  it('is shown whole, and as it is where it is harmless', () => {
    const text = 'Größe «π» 日本語 é\u0301 — 100 % (sic)\nsecond line'
    expect(brokenLines(text, 70)).to.deep.equal(text.split('\n'))
    const words = Array.from({ length: 60 }, (_, i) => `word${i}`).join(' ')
    const lines = brokenLines(words, 40)
    expect(lines.join('')).to.equal(words)
    for (const line of lines) expect(line.length).to.be.most(40)
    // Lines are broken between words.
    for (const line of lines.slice(0, -1)) expect(line).to.match(/ $/)
  })

  it('names what it does not show', () => {
    expect(brokenLines('a\u202eb\u0007c\u{e0041}', 70)).to.deep.equal(['a<U+202E>b<U+0007>c<U+E0041>'])
  })

  it('is bounded, and says so', () => {
    const lines = outsideLines('purpose', '\n'.repeat(3000), 15, 79)
    expect(lines).to.have.length(201)
    expect(lines.at(-1)).to.match(/2801 more lines that are not shown/)
  })

  it('is given no more than 79 and no fewer than 39 columns', () => {
    expect([undefined, 0, 20, 60, 80, 300].map(widthOf)).to.deep.equal([79, 79, 39, 59, 79, 79])
  })
})
