/**
 * From a file's bytes to its text: bounded, UTF-8, and nothing in it that a reader does not see. A script is signed for
 * by people who read it, so it must not read otherwise than it works ("Trojan Source", CVE-2021-42574).
 */
import type { Report } from './diagnostic.ts'

/** The most bytes that a script may have. */
export const MAX_BYTES = 256 * 1024

/** Controls but newline, format characters (directions, joiners, the byte order mark), and line breaks that editors disagree about. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

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
  for (const match of text.matchAll(HIDDEN)) {
    if (match[0] === '\n' || (match[0] === '\r' && text[match.index + 1] === '\n')) continue
    hidden = true
    report('hidden-character', { start: match.index, end: match.index + match[0].length }, { character: nameOf(match[0]) })
  }
  return hidden ? undefined : text
}

/** The first character that a reader would not see in a value, whichever escape it was written with. A newline may stand in a value. */
export function hiddenIn(value: string): string | undefined {
  const found = value.match(HIDDEN)?.find((character) => character !== '\n')
  return found === undefined ? undefined : nameOf(found)
}

/** A script's text, to show an excerpt of it, whatever its bytes are. */
export function readable(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, MAX_BYTES))
}

const names: Readonly<Record<string, string>> = {
  '\t': 'a tab',
  '\r': 'a carriage return',
  '\u{feff}': 'a byte order mark',
  '\u{200b}': 'a zero-width space',
}

function nameOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  return names[character] ?? `the character U+${code}`
}
