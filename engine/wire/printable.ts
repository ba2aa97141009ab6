/**
 * Text that quotes what came from outside, made harmless for a screen: it can move no cursor, hide nothing, and turn
 * no direction of reading. An airgap's owner believes that screen.
 */
import { piecesOf } from '../base/text.ts'

/** Replaces every character that is not legible, newline and tab aside. */
export const printable = (text: string): string =>
  Array.from(piecesOf(text, { lines: true }), ({ piece, isLegible }) => (isLegible || piece === '\t' ? piece : '\ufffd')).join('')

/** The same on one line, for what must not look like a line of the program's own. */
export const printableLine = (text: string): string => printable(text).replace(/[\t\n]/g, '\ufffd')
