import { errorTable } from '../base/errors.ts'
import { printableLine } from '../wire/printable.ts'

/** Which message: the item of the list, and the value in its `each`, both from 1. Neither for a message alone. */
export interface Place {
  readonly item?: number
  readonly value?: number
}

/** Not more of it than fits a line. */
const quoted = (text: string): string => JSON.stringify(printableLine(text.length > 80 ? `${text.slice(0, 80)}…` : text))

/** `message 3`, `message 3 (value 17 of its list)`, `the message`. */
export function placeText({ item, value }: Place): string {
  if (item === undefined) return 'the message'
  return `message ${item}${value === undefined ? '' : ` (value ${value} of its list)`}`
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

export const messageError = errorTable('message', {
  'unknown-kind': ({ kind, known, ...place }: Place & { kind: string; known: readonly string[] }) => ({
    what: `${capital(placeText(place))} is of the kind ${quoted(kind)}, which this version of keyrite does not know; it is not signed blind.`,
    todo: `The kinds are ${known.join(', ')}; \`keyrite message kinds\` explains them.`,
  }),
  malformed: ({ where, why, ...place }: Place & { where: string; why: string }) => ({
    what: `${capital(placeText(place))} is refused${where === '' ? '' : ` at ${printableLine(where.slice(0, 80))}`}: ${why}.`,
    todo: 'Mend it; `keyrite message kinds` shows what each kind wants, with an example.',
  }),
  duplicate: ({ sameAs, ...place }: Place & { sameAs: Place }) => ({
    what: `${capital(placeText(place))} is the same as ${placeText(sameAs)}: the very same bytes would be signed.`,
    todo: 'Leave one of them out: a signature is wanted once.',
  }),
  empty: ({ most }: { most: number }) => ({
    what: 'There is no message to be signed.',
    todo: `Give from one to ${most}.`,
  }),
  'too-many': ({ count, most }: { count: number; most: number }) => ({
    what: `These are ${count} messages; one ceremony signs ${most} at most.`,
    todo: 'Sign them in several ceremonies.',
  }),
  'too-mixed': ({ groups, most }: { groups: number; most: number }) => ({
    what: `These messages are too mixed: they make ${groups} groups, and nobody reads more than ${most} before signing.`,
    todo: 'Sign them in several ceremonies. One group are messages that differ in the validator index alone; each text, file and deposit is a group of its own.',
  }),
  'not-json': ({ file, line, column, why }: { file: string; line: number; column: number; why: string }) => ({
    what: `${file}:${line}:${column}: This is not JSON: ${why}.`,
    todo: 'Mend it; a file of messages is a JSON list, such as [{"kind": "text", "text": "…"}].',
  }),
  unreadable: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be read: ${why}.`,
    todo: 'Name a file that this user may read; paths in a file of messages are relative to it.',
  }),
})
