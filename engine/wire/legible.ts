/**
 * Text from outside that somebody consents to, so that two texts that differ look different on every screen: what is not seen is
 * written out by its number.
 */

/** Letters, marks, numbers, punctuation and symbols that are seen as they are; a mark may stand behind one of these, not behind another mark. */
const SEEN = /^[\p{L}\p{N}\p{P}\p{S}]$/u
const MARK_CHARACTER = /^\p{M}$/u

/** Letters in name only: they are painted as nothing, or as a blank. */
const BLANK = /^[\u115f\u1160\u3164\uffa0\u2800]$/

/** `<U+202E>` */
const named = (character: string): string => `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`

/** A line's characters, each as it may be painted. */
export function legible(line: string): string[] {
  let before = ''
  return Array.from(line, (character) => {
    const isPlain = character === ' ' || (SEEN.test(character) && !BLANK.test(character)) || (MARK_CHARACTER.test(character) && SEEN.test(before))
    before = character
    return isPlain ? character : named(character)
  })
}

/** The same for a text of several lines. */
export const legibleText = (text: string): string => text.split(/\r\n|\n/).map((line) => legible(line).join('')).join('\n')
