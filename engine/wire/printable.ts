/**
 * Text that quotes what came from outside, made harmless for a screen: it can move no cursor, hide nothing, and turn
 * no direction of reading. An airgap's owner believes that screen.
 */

const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Replaces every control and direction character but newline and tab. */
export const printable = (text: string): string => text.replace(CONTROLS, '\ufffd')

/** The same on one line, for what must not look like a line of the program's own. */
export const printableLine = (text: string): string => printable(text).replace(/[\t\n]/g, '\ufffd')
