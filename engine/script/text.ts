/**
 * From a file's bytes to its text: bounded, UTF-8, and nothing in it that a reader does not see. A script is signed for
 * by people who read it, so it must not read otherwise than it works ("Trojan Source", CVE-2021-42574).
 */
import { illegibleIn, numberOf, piecesOf } from '../base/text.ts'
import type { Report } from './diagnostic.ts'

/** The most bytes that a script may have. */
export const MAX_BYTES = 256 * 1024

/**
 * Decodes a script.
 *
 * @returns its text, byte for byte the same when encoded again; undefined if something was reported
 */
export function decode(bytes: Uint8Array, report: Report): string | undefined {
  const start = { start: 0, end: 0 }
  if (bytes.length > MAX_BYTES) {
    report('too-large', start, { bytes: bytes.length, most: MAX_BYTES })
    return undefined
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    const good = readable(bytes)
    const at = good.indexOf('\u{fffd}')
    report('not-utf8', { start: at, end: at + 1 }, {})
    return undefined
  }
  let hidden = false
  for (const { at, piece, isLegible } of piecesOf(text, { lines: true })) {
    if (isLegible || (piece === '\r' && text[at + 1] === '\n')) continue
    hidden = true
    report('hidden-character', { start: at, end: at + piece.length }, { character: nameOf(piece) })
  }
  return hidden ? undefined : text
}

/** The first character of a value that is not legible, whichever escape it was written with. A newline may stand in a value. */
export function hiddenIn(value: string): string | undefined {
  const found = illegibleIn(value, { lines: true })
  return found === undefined ? undefined : nameOf(found.piece)
}

/** A script's text, to show an excerpt of it, whatever its bytes are. */
export function readable(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, MAX_BYTES))
}

const names: Readonly<Record<string, string>> = {
  '\t': 'a tab',
  '\r': 'a carriage return',
  '\u{a0}': 'a no-break space',
  '\u{200b}': 'a zero-width space',
  '\u{200d}': 'a zero-width joiner',
  '\u{fe0f}': 'a variation selector',
  '\u{feff}': 'a byte order mark',
}

const nameOf = (character: string): string => names[character] ?? `the character ${numberOf(character)}`
