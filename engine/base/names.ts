/**
 * How names, numbers and times are written, each in one place: what schemas, scripts, options, paths and files hold one to. A pattern
 * stands without its ends, so that it can be part of another; `whole` is what a schema takes. Hex is in `bytes.ts`.
 */

/** A pattern of the whole text. */
export const whole = (pattern: string): string => `^${pattern}$`

const tester = (pattern: string): ((text: string) => boolean) => {
  const form = new RegExp(whole(pattern))
  return (text) => form.test(text)
}

/** Participants, boards, ceremonies, and what else has a short name of its own. */
export const NAME = '[a-z0-9-]{1,32}'
export const NAME_SAYS = '1 to 32 small letters, digits and hyphens'
export const isName = tester(NAME)

/** What a script calls a message or a step. */
export const BIG_NAME = '[A-Z][A-Za-z0-9]{0,31}'
/** What a script, or a kind of message, calls a field or a parameter. */
export const SMALL_NAME = '[a-z][A-Za-z0-9]{0,31}'
/** Any name in a script as statements have it: steps, messages, parameters. */
export const IDENTIFIER = '[A-Za-z][A-Za-z0-9]{0,63}'

/** Where a board is on its storage; the name is the pattern's one group. */
export const BOARD_PATH = `/boards/(${NAME})/?`

/** A storage's token for joining: one that a header can carry. */
export const TOKEN_SAYS = '16 to 256 printable characters without spaces'
export const isToken = tester('[!-~]{16,256}')

/** A ceremony's number, to be compared by ear: 40 digits in groups of five. */
export const CEREMONY_NUMBER = '[0-9]{5}( [0-9]{5}){7}'

/** A time in UTC to the second. */
export const INSTANT = '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z'
export const instantOf = (time: Date | number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

/** A whole number, in its one spelling: without sign or leading zeros, of at most so many digits; else undefined. */
export function wholeNumber(text: string, digits: number): number | undefined {
  return text.length <= digits && /^(?:0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined
}

/** The two machines of a participant. */
export const ROLES = ['client', 'airgap'] as const
export type Role = (typeof ROLES)[number]
