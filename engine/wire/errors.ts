import { errorTable } from '../base/errors.ts'
import { printableLine } from './printable.ts'

/** A member's name from outside may be of any length, and hold line ends that would look like another line on the screen. */
const quoted = (text: string): string => printableLine(text.length > 200 ? `${text.slice(0, 200)}…` : text)

export const wireError = errorTable('wire', {
  'not-json': ({ why }: { why: string }) => ({
    what: `This value cannot be written as canonical JSON: ${why}.`,
    todo: 'This is a bug in keyrite or in a plug-in of yours; please report it.',
  }),
  'not-canonical': ({ what, why }: { what: string; why: string }) => ({
    what: `${what} is refused: ${why}.`,
    todo: 'Whoever wrote it must send canonical JSON (RFC 8785); if keyrite wrote it, it was altered on the way.',
  }),
  'other-version': ({ what }: { what: string }) => ({
    what: `${what} is of another version of keyrite’s protocol, which this one does not read.`,
    todo: 'Begin anew with this version on every machine: new clients, airgaps and boards. Nothing of the earlier one can be carried over.',
  }),
  malformed: ({ what, where, why }: { what: string; where: string; why: string }) => ({
    what: `${what} is malformed at ${where === '' ? 'its top' : quoted(where)}: ${quoted(why)}.`,
    todo: 'It was altered on the way or made by another version; ask its sender for it again.',
  }),
  'not-hex': ({ what }: { what: string }) => ({
    what: `${what} is not lower-case hex of the right length.`,
    todo: 'It was altered on the way or made by another version; ask its sender for it again.',
  }),
})
