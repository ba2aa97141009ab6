/**
 * Text from outside on the airgap's own screen, which its owner believes. So such text is broken into lines here and
 * not by the terminal. Each line stands behind a mark that no text can put there, and nothing in it can move the cursor
 * or turn the direction of reading.
 */
import { cut, legible } from '../../engine/base/text.ts'
import { columnsOf, paint, table, textWidth } from '../output.ts'

/** The mark before every line of text from outside. */
export const MARK = '│ '

/** The most columns: wider lines are hard to read, and a window that is made narrower breaks them. */
const MOST_WIDTH = 80
const LEAST_WIDTH = 40

/** The columns that the program's lines may take in a window. */
export const widthOf = (columns: number | undefined): number =>
  Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, columnsOf({ columns }))) - 1

/**
 * A text as lines of at most `width` cells, without marks. A line is broken at a space in its second half, if there is
 * one.
 */
export function brokenLines(text: string, width: number): string[] {
  return text.split(/\r\n|\n/).flatMap((line) => {
    const lines: string[] = []
    let current: string[] = []
    let cells = 0
    for (const piece of legible(line)) {
      const more = textWidth(piece, 2)
      if (cells + more > width) {
        const space = current.lastIndexOf(' ')
        const at = space * 2 > current.length ? space + 1 : current.length
        lines.push(current.slice(0, at).join(''))
        current = current.slice(at)
        cells = current.reduce((sum, one) => sum + textWidth(one, 2), 0)
      }
      current.push(piece)
      cells += more
    }
    return [...lines, current.join('')]
  })
}

/** The most lines that are shown of a long text, unless all of it must be. The cut names the text's length. */
const MOST_LINES = 200

/**
 * A label with a text from outside beside it; every line of the text stands behind the mark.
 *
 * @param label stands behind two spaces; the text begins at `indent`
 * @param width columns in all
 * @param most lines that are shown
 */
export function outsideLines(label: string, text: string, indent: number, width: number, most = MOST_LINES): string[] {
  const lines = brokenLines(text, Math.max(16, width - indent - MARK.length))
  const shown = lines.length <= most ? lines : lines.slice(0, most)
  const head = `  ${label}`
  const own = head.length + 1 <= indent ? [] : [head]
  const rest = lines.length === shown.length ? [] : [`${' '.repeat(indent)}… and ${String(lines.length - shown.length)} more lines that are not shown: decline, unless you know them`]
  return [...own, ...shown.map((line, i) => `${i === 0 && own.length === 0 ? head.padEnd(indent) : ' '.repeat(indent)}${MARK}${line}`), ...rest]
}

// Blocks as lines for a terminal of a given width. Every line of a text from outside stands behind a mark.

/** The columns at which values begin, after short labels and after long ones. */
const INDENT = 15
const WIDE_INDENT = 28

type Of<K extends Block['kind']> = Extract<Block, { readonly kind: K }>

/** @param width columns in all */
export const linesOf = (blocks: readonly Block[], width: number): string[] => blocks.flatMap((block) => blockLines(block, width))

function blockLines(block: Block, width: number): string[] {
  switch (block.kind) {
    case 'heading': return [paint('bold', block.text)]
    case 'warning': return ownLines(block.text, width).map((line) => paint(block.isGrave === true ? 'red' : 'yellow', line))
    case 'title':
    case 'text': return ownLines(block.text, width)
    case 'facts': return block.facts.flatMap((fact) => (block.isWide === true ? wideLines(fact, width) : factLines(fact, width)))
    case 'roster': return rosterLines(block)
    case 'number': return [`  number  ${paint('bold', block.number)}`]
    case 'list': return listLines(block, width)
    case 'gap': return ['']
  }
}

/** The program's own words, broken at the window's width. */
const ownLines = (text: string, width: number): string[] => (text.length <= width ? [text] : brokenLines(text, width).map((line) => line.trimEnd()))

function factLines({ label, value, from }: Fact, width: number): string[] {
  if (from === 'outside') return outsideLines(label, value, INDENT, width)
  const head = `  ${label}`.padEnd(INDENT)
  if (from === 'own' || INDENT + value.length <= width) return [`${head}${value}`]
  // Hex stands in two halves where the window is narrow.
  return [`${head}${value.slice(0, value.length / 2)}`, `${' '.repeat(INDENT)}${value.slice(value.length / 2)}`]
}

/**
 * The lines of a fact with a long label. A warning has its label in capitals. A message's text is bounded by its kind,
 * so it is shown whole.
 */
const wideLines = ({ label, value, isWarning }: Fact, width: number): string[] =>
  outsideLines(isWarning === true ? label.toUpperCase() : label, value, WIDE_INDENT, width, Infinity)

const rosterLines = ({ people }: Of<'roster'>): string[] => [
  `  ${String(people.length)} participants:`,
  ...table(people.map(({ name, isMe, airgapKey }, i) => [`    ${String(i + 1)}`, isMe ? paint('bold', `${name} (you)`) : name, `airgap ${cut(airgapKey, 16)}`])),
]

/** A list's items, a line each, cut where they are too long. */
function listLines({ items }: Of<'list'>, width: number): string[] {
  return items.map(({ number, what, text, note }) => {
    const head = `  ${String(number).padStart(6)}  ${what === '' ? '' : `${what} `}${MARK}`
    const [line = '', ...more] = brokenLines(text.replaceAll('\n', ' '), Math.max(16, width - head.length - 1))
    return `${head}${line}${more.length === 0 ? '' : '…'}${note === '' ? '' : ` ${note}`}`
  })
}

/**
 * The content that people see on a screen that they believe. A terminal paints it as lines (`linesOf`), a page as
 * elements. Both show the same, since both are made from this.
 */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  /** The title of a part. */
  | { readonly kind: 'title'; readonly text: string }
  /** A warning, in red where it is grave. */
  | { readonly kind: 'warning'; readonly text: string; readonly isGrave?: true }
  /** The program's own words. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[]; /** True where labels are long, as those of messages are. */ readonly isWide?: true }
  | { readonly kind: 'roster'; readonly people: readonly { readonly name: string; readonly isMe: boolean; readonly airgapKey: string }[] }
  /** A ceremony's number: 40 digits in eight groups. */
  | { readonly kind: 'number'; readonly number: string }
  /** A line for each of many things. `text` is from outside. */
  | { readonly kind: 'list'; readonly items: readonly { readonly number: number; readonly what: string; readonly text: string; readonly note: string }[] }
  /** A gap before another subject. */
  | { readonly kind: 'gap' }

export interface Fact {
  /** The label; empty where the fact belongs to the one above it. */
  readonly label: string
  readonly value: string
  /**
   * The value's source. `own`: the program's words, names and numbers, which it has checked. `hex`: digits to compare.
   * `outside`: text from somebody else, which may hold anything and is marked; `\n` ends its lines.
   */
  readonly from: 'own' | 'hex' | 'outside'
  readonly isWarning?: true
}
