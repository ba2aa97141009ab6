/** Blocks as lines for a terminal of a given width. Every line of a text from outside stands behind a mark. */
import { paint, table } from '../output.ts'
import { brokenLines, MARK, outsideLines } from '../screen/blocks.ts'
import type { Block, Fact } from './blocks.ts'

/** Where values begin, after short labels and after long ones. */
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

/** The program's own words, broken where the window ends. */
const ownLines = (text: string, width: number): string[] => (text.length <= width ? [text] : brokenLines(text, width).map((line) => line.trimEnd()))

function factLines({ label, value, from }: Fact, width: number): string[] {
  if (from === 'outside') return outsideLines(label, value, INDENT, width)
  const head = `  ${label}`.padEnd(INDENT)
  if (from === 'own' || INDENT + value.length <= width) return [`${head}${value}`]
  // Hex in two halves where the window is narrow.
  return [`${head}${value.slice(0, value.length / 2)}`, `${' '.repeat(INDENT)}${value.slice(value.length / 2)}`]
}

/** A warning is told from the rest by its capitals. What a message says is bounded by its kind, and shown whole. */
const wideLines = ({ label, value, isWarning }: Fact, width: number): string[] =>
  outsideLines(isWarning === true ? label.toUpperCase() : label, value, WIDE_INDENT, width, Infinity)

const rosterLines = ({ people }: Of<'roster'>): string[] => [
  `  ${String(people.length)} participants:`,
  ...table(people.map(({ name, isMe, airgapKey }, i) => [`    ${String(i + 1)}`, isMe ? paint('bold', `${name} (you)`) : name, `airgap ${airgapKey.slice(0, 16)}…`])),
]

/** One line for each, cut where it is too long. */
function listLines({ items }: Of<'list'>, width: number): string[] {
  return items.map(({ number, what, text, note }) => {
    const head = `  ${String(number).padStart(6)}  ${what === '' ? '' : `${what} `}${MARK}`
    const [line = '', ...more] = brokenLines(text.replaceAll('\n', ' '), Math.max(16, width - head.length - 1))
    return `${head}${line}${more.length === 0 ? '' : '…'}${note === '' ? '' : ` ${note}`}`
  })
}
