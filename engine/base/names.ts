/**
 * The forms of names, numbers and times, each in one place: schemas, scripts, options, paths and files all use these. A pattern
 * stands without `^` and `$`, so that it can be part of another; `whole` adds them for a schema. Hex is in `bytes.ts`.
 */

/** A pattern of the whole text. */
export const whole = (pattern: string): string => `^${pattern}$`

const tester = (pattern: string): ((text: string) => boolean) => {
  const form = new RegExp(whole(pattern))
  return (text) => form.test(text)
}

/** A name of a participant, a board, a script or anything else that has a short name of its own. */
export const NAME = '[a-z0-9-]{1,32}'
export const NAME_SAYS = '1 to 32 small letters, digits and hyphens'
export const isName = tester(NAME)

/** A script's name of a message or a step. */
export const BIG_NAME = '[A-Z][A-Za-z0-9]{0,31}'
/** A script's name, or a kind of message's, of a field or a parameter. */
export const SMALL_NAME = '[a-z][A-Za-z0-9]{0,31}'
/** A name of a step, a message or a parameter, as statements have it. */
export const IDENTIFIER = '[A-Za-z][A-Za-z0-9]{0,63}'

/** The path of a board on its storage. The pattern's one group is the board's name. */
export const BOARD_PATH = `/boards/(${NAME})/?`

/** The form of a storage's token for joining: an HTTP header can carry it. */
export const TOKEN_SAYS = '16 to 256 printable characters without spaces'
export const isToken = tester('[!-~]{16,256}')

/** A ceremony's number: 40 digits in groups of five, so that people can compare it by ear. */
export const CEREMONY_NUMBER = '[0-9]{5}( [0-9]{5}){7}'

/** A time in UTC to the second. */
export const INSTANT = '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z'
export const instantOf = (time: Date | number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

/** Reads a whole number in its one spelling, without sign or leading zeros, of at most `digits` digits; else gives undefined. */
export function wholeNumber(text: string, digits: number): number | undefined {
  return text.length <= digits && /^(?:0|[1-9][0-9]*)$/.test(text) ? Number(text) : undefined
}

/** The two machines of a participant. */
export const ROLES = ['client', 'airgap'] as const
export type Role = (typeof ROLES)[number]
