/**
 * The output of a long-running command. On a terminal it is a block of lines that is redrawn in place, with a record of
 * events above it; elsewhere it is the record alone, as plain lines.
 */
import { stripVTControlCharacters, styleText } from 'node:util'
import { cut } from '../engine/base/text.ts'
import { duration } from '../engine/base/time.ts'

/** The parts of a writable terminal that are used here, such as `process.stderr`. */
export interface Screen {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  write(text: string): unknown
}

export interface Live {
  /** Replaces the block; on a terminal only. */
  show(lines: readonly string[]): void
  /** Adds a line to the record. */
  log(line: string): void
  /** Ends with these lines, or with the block as it is, left on the screen. Elsewhere the lines are printed. */
  end(lines?: readonly string[]): void
  /** Leaves the screen to something else that fills it, until `release`. Lines logged meanwhile are added then. */
  hold(): void
  release(): void
}

const ESCAPE = '\u001b'
const ERASE_LINE = '\u001b[2K'
const ERASE_BELOW = '\u001b[0J'
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'

/**
 * Makes a live block.
 *
 * @param screen its place: stderr by default, so that stdout stays for results
 * @param quiet prints nothing at all (`--json`)
 */
export function live(screen: Screen = process.stderr, quiet = false): Live {
  if (quiet) return { show: () => undefined, log: () => undefined, end: () => undefined, hold: () => undefined, release: () => undefined }
  if (screen.isTTY !== true) return plain(screen)
  let block: readonly string[] = []
  let drawn = 0
  let waiting: string[] | undefined

  // One write per redraw, so that nothing flickers.
  const draw = (record: readonly string[], lines: readonly string[]): void => {
    const up = drawn === 0 ? '' : `\u001b[${String(drawn)}A\r`
    const visible = lines.slice(0, Math.max(1, rowsOf(screen) - 1)).map((line) => fit(line, columnsOf(screen)))
    // Without a block the cursor may belong to a question, so it is shown.
    screen.write(`${visible.length === 0 ? SHOW_CURSOR : HIDE_CURSOR}${up}${ERASE_BELOW}${[...record, ...visible].map((line) => `${ERASE_LINE}${line}\n`).join('')}`)
    drawn = visible.length
    block = lines
  }
  const restore = (): void => void screen.write(SHOW_CURSOR)
  const release = (): void => {
    if (waiting === undefined) return
    const record = waiting
    waiting = undefined
    draw(record, block)
  }
  process.once('exit', restore)

  return {
    show: (lines) => {
      if (waiting === undefined) draw([], lines)
      else block = lines
    },
    log: (line) => {
      if (waiting === undefined) draw([line], block)
      else waiting.push(line)
    },
    hold: () => void (waiting ??= []),
    release,
    end(lines = block) {
      release()
      draw(lines, [])
      restore()
      process.off('exit', restore)
    },
  }
}

function plain(screen: Screen): Live {
  const print = (line: string): void => void screen.write(`${unpainted(line)}\n`)
  let block: readonly string[] = []
  return {
    show: (lines) => void (block = lines),
    log: print,
    end: (lines = block) => lines.forEach(print),
    hold: () => undefined,
    release: () => undefined,
  }
}

/** The columns of a screen. A terminal that does not know its size, such as one on a serial line, says 0. */
export const columnsOf = ({ columns }: Pick<Screen, 'columns'>): number => columns || 80
export const rowsOf = ({ rows }: Pick<Screen, 'rows'>): number => rows || 24

/** The columns of a block; undefined where it is not on a terminal. */
export const screenWidth = (screen: Screen = process.stderr): number | undefined => (screen.isTTY === true ? columnsOf(screen) : undefined)

/** A text without colours and other control sequences. */
export const unpainted = (text: string): string => stripVTControlCharacters(text)

/**
 * The columns that a text takes; its colours take none.
 *
 * @param other columns of a character that is not ASCII. The program's own characters are as wide as a letter. In a
 * text from outside they count twice, since terminals differ about width: at worst a line then breaks early
 */
export function textWidth(text: string, other: 1 | 2 = 1): number {
  let width = 0
  for (const character of text.includes(ESCAPE) ? unpainted(text) : text) width += character < '\u007f' ? 1 : other
  return width
}

/** Words side by side on as many lines as needed, each of so many columns. A word that is longer has a line of its own. */
export function filled(words: readonly string[], columns: number, gap = ' '): string[] {
  const lines: string[][] = []
  let taken = 0
  for (const word of words) {
    const width = textWidth(word)
    const line = lines.at(-1)
    if (line === undefined || taken + gap.length + width > columns) {
      lines.push([word])
      taken = width
    } else {
      line.push(word)
      taken += gap.length + width
    }
  }
  return lines.map((line) => line.join(gap))
}

/** Breaks a text between words into lines that fit the screen. Without a screen the lines stay whole. */
export function wrapped(text: string, indent: string, columns = screenWidth()): string {
  const room = columns === undefined ? Infinity : Math.max(20, columns - indent.length)
  return text.split('\n').map((line) => filled(line.split(' '), room).join(`\n${indent}`)).join('\n')
}

/** Cuts a line to the width of the screen: a line that the terminal breaks would spoil the redrawing. */
const fit = (line: string, columns: number): string => (textWidth(line) < columns ? line : cut(unpainted(line), Math.max(0, columns - 2)))

/** Rows as lines, with columns aligned to the left. Cells may be coloured. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => textWidth(row[column] ?? ''))))
  return rows.map((row) => row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - textWidth(cell))).join('  ').trimEnd())
}

/** The column at which the values of a list of facts begin. */
export const INDENT = 13

/** A fact's name, padded to the column of values. */
export const label = (name: string): string => `  ${name}`.padEnd(INDENT)

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Styles text for a screen that shows styles, unless its user does not want them (no-color.org). */
export function paint(style: Style, text: string, screen: Screen = process.stderr): string {
  const wanted = screen.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb'
  return wanted ? styleText(style, text) : text
}

/**
 * Does some work. If it takes longer than a moment, a terminal shows its name and the time passed.
 *
 * @returns the work's result
 */
export async function withProgress<T>(label: string, work: () => Promise<T>, screen: Screen = process.stderr): Promise<T> {
  if (screen.isTTY !== true) return await work()
  const start = Date.now()
  const timer = setInterval(() => screen.write(`\r${ERASE_LINE}${label} … ${duration(Date.now() - start)}`), 250)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    screen.write(`\r${ERASE_LINE}`)
  }
}

/** Small pieces of text for people. */

/** A word quoted for a shell, so that a command in a hint can be pasted. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** A time in milliseconds as `340 ms`, `1.2 s` or `74 s`. */
export function brief(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  return `${seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds))} s`
}
