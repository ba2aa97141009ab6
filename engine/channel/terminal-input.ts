/** What is typed or pasted in a terminal, as lines and keys. */

export interface InputHandlers {
  /** A line with something in it, without its end. */
  readonly onLine: (line: string) => void
  /** A key that is no part of a line. */
  readonly onKey: (key: string) => void
  /** Enter where no line has begun. A line's own end, CR LF too, is none. */
  readonly onEnter?: () => void
  /** Ctrl-C, which a terminal in raw mode hands over as a character. */
  readonly onInterrupt: () => void
  /** A line above the limit ended; it was dropped. */
  readonly onTooLong: (length: number) => void
  /** The most characters of a line that are kept. */
  readonly limit: number
  /** Keys are only looked for where a line has not begun, and only at a keyboard. */
  readonly keys: string
}

const CTRL_C = '\u0003'
const ESCAPE = '\u001b'
const ERASE = new Set(['\u007f', '\b'])

/** @returns a function that takes the input in pieces of any size */
export function makeInputSplitter(handlers: InputHandlers): (piece: string) => void {
  let line = ''
  let length = 0
  let wasReturn = false
  let escape: 'none' | 'begun' | 'within' = 'none'

  function endLine(): void {
    if (length === 0) handlers.onEnter?.()
    else if (length > handlers.limit) handlers.onTooLong(length)
    else if (line.trim() !== '') handlers.onLine(line)
    line = ''
    length = 0
  }

  function take(character: string): void {
    const isSecondHalf = wasReturn && character === '\n'
    wasReturn = character === '\r'
    if (isSecondHalf) return
    if (escape !== 'none') {
      // An arrow key or the mark of a paste: ESC, then "[", then all up to a letter or "~".
      const isOver = escape === 'begun' ? character !== '[' && character !== 'O' : /[@-~]/.test(character)
      escape = isOver ? 'none' : 'within'
    } else if (character === '\r' || character === '\n') endLine()
    else if (character === CTRL_C) handlers.onInterrupt()
    else if (character === ESCAPE) escape = 'begun'
    else if (ERASE.has(character)) {
      line = line.slice(0, -1)
      length = Math.max(0, length - 1)
    } else if (length === 0 && handlers.keys.includes(character)) handlers.onKey(character)
    else if (character >= ' ') {
      length += 1
      if (length <= handlers.limit) line += character
    }
  }

  return (piece) => {
    for (const character of piece) take(character)
  }
}

/** The frame in a line: whatever was typed before it by mistake is left out. */
export function frameInLine(line: string): string {
  const place = line.toLowerCase().lastIndexOf('ur:')
  return place < 0 ? line : line.slice(place)
}
