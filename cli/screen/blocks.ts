/**
 * Text from outside on the airgap's own screen. Its owner believes that screen, so such text is broken into lines here and not by the
 * terminal, each line behind a mark that no text can put there, with nothing in it that could move the cursor or turn the direction of reading.
 */
import { legible } from '../../engine/base/text.ts'

/** Stands before every line that shows text from outside. */
export const MARK = '│ '

/** Wider lines are hard to read, and a window that is made narrower breaks them. */
const MOST_WIDTH = 80
const LEAST_WIDTH = 40

/** Columns that the program's lines may take in a window. */
export const widthOf = (columns: number | undefined): number =>
  Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, columns === undefined || columns === 0 ? MOST_WIDTH : columns)) - 1

/**
 * Cells that a character may take. Terminals differ in what they hold for wide, so all but ASCII counts twice: that breaks a line
 * early at worst.
 */
const cellsOf = (piece: string): number => Array.from(piece).reduce((sum, character) => sum + (character < '\u007f' ? 1 : 2), 0)

/** A text as lines of at most `width` cells, without marks: broken at a space where a line has one in its second half. */
export function brokenLines(text: string, width: number): string[] {
  return text.split(/\r\n|\n/).flatMap((line) => {
    const lines: string[] = []
    let current: string[] = []
    let cells = 0
    for (const piece of legible(line)) {
      const more = cellsOf(piece)
      if (cells + more > width) {
        const space = current.lastIndexOf(' ')
        const at = space * 2 > current.length ? space + 1 : current.length
        lines.push(current.slice(0, at).join(''))
        current = current.slice(at)
        cells = current.reduce((sum, one) => sum + cellsOf(one), 0)
      }
      current.push(piece)
      cells += more
    }
    return [...lines, current.join('')]
  })
}

/** Lines of a long text that are shown, unless all of it must be; what is more is told with its length. */
const MOST_LINES = 200

/**
 * A label and a text from outside beside it, every line of it behind the mark.
 *
 * @param label in two spaces; the text begins at `indent`
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
