import { expect } from 'chai'
import { duration } from '../../engine/base/time.ts'
import { columnsOf, filled, live, paint, rowsOf, screenWidth, table, textWidth, unpainted, wrapped } from '../output.ts'

/** A terminal, as far as the live block uses one. It gives the screen after all that was written. */
function terminal(columns = 40, rows = 10) {
  const lines: string[] = ['']
  let row = 0
  let cursor = true
  return {
    isTTY: true,
    columns,
    rows,
    write(text: string) {
      for (const [, up, code, newline, rest] of text.matchAll(/\u001b\[(\d+)A|\u001b\[(\??\d+[A-Zhl])|(\n)|([^\u001b\n]+)/g)) {
        if (up !== undefined) row -= Number(up)
        else if (code === '0J') lines.splice(row)
        else if (code === '2K') lines[row] = ''
        else if (code === '?25l') cursor = false
        else if (code === '?25h') cursor = true
        else if (newline !== undefined) lines[++row] ??= ''
        else if (rest !== undefined && rest !== '\r') lines[row] = (lines[row] ?? '') + rest
      }
    },
    screen: () => lines.join('\n').trimEnd(),
    cursor: () => cursor,
  }
}

describe('the live block', () => {
  it('is redrawn in place on a terminal, below the record of events', () => {
    const screen = terminal()
    const block = live(screen)
    block.show(['one: 1', 'two: 1'])
    block.log('one moved')
    block.show(['one: 2', 'two: 1', 'three: 0'])
    block.log('two moved')
    block.show(['one: 2'])
    expect(screen.screen()).to.equal('one moved\ntwo moved\none: 2')
    expect(screen.cursor()).to.equal(false)
    block.end(['done'])
    expect(screen.screen()).to.equal('one moved\ntwo moved\ndone')
    expect(screen.cursor()).to.equal(true)
  })

  it('keeps within the screen, so that redrawing stays in place', () => {
    const screen = terminal(10, 4)
    const block = live(screen)
    for (let i = 0; i < 3; i++) block.show(Array.from({ length: 9 }, (_, line) => `line ${String(line)} is long ${String(i)}`))
    expect(screen.screen()).to.equal('line 0 i…\nline 1 i…\nline 2 i…')
  })

  it('is plain lines of the record and the last block elsewhere, without colours or cursor movements', () => {
    let text = ''
    const block = live({ write: (chunk) => (text += chunk) })
    block.show(['one: 1'])
    block.log('\u001b[31mone moved\u001b[39m')
    block.show(['one: 2'])
    block.end()
    expect(text).to.equal('one moved\none: 2\n')
  })

  it('is silent when asked to be', () => {
    const block = live({ write: () => expect.fail('not silent') }, true)
    block.show(['x'])
    block.log('x')
    block.end(['x'])
  })
})

describe('output', () => {
  it('aligns a table by what is seen of its cells', () => {
    expect(table([['name', 'step'], ['\u001b[32mal\u001b[39m', '1'], ['barbara']])).to.deep.equal(['name     step', '\u001b[32mal\u001b[39m       1', 'barbara'])
    expect(table([])).to.deep.equal([])
  })

  it('measures what is seen of a text, and takes what is not ASCII for twice as wide only in a text from outside', () => {
    expect([textWidth(''), textWidth('abc'), textWidth('\u001b[1m✓ a…\u001b[22m')]).to.deep.equal([0, 3, 4])
    expect([textWidth('a🔑é', 2), textWidth('日本', 2), textWidth('🔑', 1)]).to.deep.equal([5, 4, 1])
    expect(unpainted('\u001b[1mbold\u001b[22m')).to.equal('bold')
    expect(table([['✓', 'x'], ['aa', 'y']])).to.deep.equal(['✓   x', 'aa  y'])
  })

  it('takes a terminal that does not know its size for one of 80 by 24', () => {
    expect([columnsOf({ columns: 0 }), columnsOf({}), columnsOf({ columns: 132 }), rowsOf({ rows: 0 }), rowsOf({ rows: 50 })]).to.deep.equal([80, 80, 132, 24, 50])
    expect(screenWidth({ columns: 0, isTTY: true, write: () => undefined })).to.equal(80)
    expect(screenWidth({ columns: 100, write: () => undefined })).to.equal(undefined)
  })

  it('tells durations in two units at most', () => {
    const cases = [[0, '0 s'], [-5, '0 s'], [999, '0 s'], [59_999, '59 s'], [60_000, '1 min'], [70_000, '1 min 10 s'], [3_600_000, '1 h'], [11_100_000, '3 h 5 min'], [187_200_000, '2 d 4 h'], [86_460_000, '1 d']]
    for (const [milliseconds, text] of cases) expect(duration(milliseconds as number)).to.equal(text)
  })

  it('styles nothing that is not a terminal', () => {
    expect(paint('red', 'x', { write: () => undefined })).to.equal('x')
  })
})

describe('a text', () => {
  it('is broken between words where the screen ends, and not at all where there is no screen', () => {
    const text = 'Make one with `keyrite client init`, or set KEYRITE_HOME'
    expect(wrapped(text, '    ', 30)).to.equal('Make one with `keyrite\n    client init`, or set\n    KEYRITE_HOME')
    expect(wrapped(text, '', undefined)).to.equal(text)
    expect(wrapped('x'.repeat(50), '  ', 30)).to.equal('x'.repeat(50))
  })

  it('is broken in each of its lines apart', () => {
    expect(wrapped('It is not right:\n  - one of them is wrong in many ways\n  - two', '  ', 24)).to.equal('It is not right:\n  - one of them is\n  wrong in many ways\n  - two')
  })

  it('stands word beside word while there is room, coloured or not', () => {
    expect(filled(['one', '\u001b[1mtwo\u001b[22m', 'three', 'x'.repeat(12), 'y'], 9, '  ')).to.deep.equal(['one  \u001b[1mtwo\u001b[22m', 'three', 'x'.repeat(12), 'y'])
    expect(filled([], 9)).to.deep.equal([])
  })
})
