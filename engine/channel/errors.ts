import { errorTable } from '../base/errors.ts'

const SCAN_AGAIN = 'Go on reading the codes; one that was read wrongly comes again.'
const START_AGAIN = 'Let the other side show it again from the start; if it happens again, its machine or program is not to be trusted.'
const FOREIGN = 'Read the codes that keyrite shows on the other machine, and nothing else.'
const OUT = 'Keyrite cannot send this; please report it.'

/** The errors of the QR channel. No fact holds any content of a transfer, only sizes and places. */
export const channelError = errorTable('channel', {
  foreign: ({ kind }: { kind: string }) => ({
    what: `That code is none of keyrite’s: it is ${kind}.`,
    todo: FOREIGN,
  }),
  'not-a-frame': ({ why }: { why: string }) => ({
    what: `This is not a frame of a keyrite transfer: ${why}.`,
    todo: FOREIGN,
  }),
  'wrong-type': ({ type, expected }: { type: string; expected: string }) => ({
    what: `That code is none of keyrite’s: it is a UR of type "${type}", such as a wallet shows, and keyrite reads only type "${expected}".`,
    todo: FOREIGN,
  }),
  'bad-word': ({ place }: { place: number }) => ({
    what: `The frame is misspelt: the letters at byte ${place} of its body are no byteword.`,
    todo: SCAN_AGAIN,
  }),
  'frame-checksum': ({ bytes }: { bytes: number }) => ({
    what: `A frame of ${bytes} bytes does not have the checksum that it carries.`,
    todo: SCAN_AGAIN,
  }),
  'bad-cbor': ({ what, place, why }: { what: string; place: number; why: string }) => ({
    what: `${what} is not in the one allowed form, at byte ${place}: ${why}.`,
    todo: START_AGAIN,
  }),
  'bad-sequence': ({ why }: { why: string }) => ({
    what: `The frame's place in its sequence is wrong: ${why}.`,
    todo: START_AGAIN,
  }),
  'too-many-parts': ({ parts, limit }: { parts: number; limit: number }) => ({
    what: `The frame claims to be one of ${parts} parts; at most ${limit} are taken.`,
    todo: START_AGAIN,
  }),
  'too-long': ({ what, bytes, limit }: { what: string; bytes: number; limit: number }) => ({
    what: `${what} has ${bytes} bytes; at most ${limit} are taken.`,
    todo: START_AGAIN,
  }),
  'bad-lengths': ({ parts, message, fragment }: { parts: number; message: number; fragment: number }) => ({
    what: `The frame's lengths contradict one another: ${message} bytes in fragments of ${fragment} are not ${parts} parts.`,
    todo: START_AGAIN,
  }),
  mixed: ({ seen, needed }: { seen: number; needed: number }) => ({
    what: `The frames contradict one another: although each looks right, they are not all of one transfer (${seen} of ${needed} parts were known).`,
    todo: START_AGAIN,
  }),
  'message-checksum': ({ bytes }: { bytes: number }) => ({
    what: `The ${bytes} bytes that the frames gave do not have the checksum that the frames carry.`,
    todo: START_AGAIN,
  }),
  incomplete: ({ where, frames, damaged, foreign, seen, needed }: { where: string; frames: number; damaged: number; foreign: number; seen: number; needed: number }) => ({
    what: `The transfer in ${where} cannot be completed: all its ${frames} images are read (${damaged} of them unreadable${foreign === 0 ? '' : `, and ${foreign} with codes that are none of keyrite’s`}), and they give ${seen} of ${needed === 0 ? 'an unknown number of' : String(needed)} parts.`,
    todo: 'Copy the whole folder again if it was copied by hand; otherwise restart keyrite on the other side, which shows it anew.',
  }),
  'inflate-bound': ({ limit }: { limit: number }) => ({
    what: `The transfer inflates to more than ${limit} bytes; inflating stopped there.`,
    todo: START_AGAIN,
  }),
  'bad-deflate': ({ why }: { why: string }) => ({
    what: `The transfer cannot be inflated: ${why}.`,
    todo: START_AGAIN,
  }),
  'bad-text': ({ bytes }: { bytes: number }) => ({
    what: `The transfer's ${bytes} bytes are not UTF-8 text.`,
    todo: START_AGAIN,
  }),
  'bad-envelope': ({ where, why }: { where: string; why: string }) => ({
    what: `The transfer is not a request or an answer of keyrite, at ${where === '' ? 'its top' : where}: ${why}.`,
    todo: 'Use the same version of keyrite on both machines; if you do, let the other side show it again.',
  }),
  'wrong-digest': ({ kind }: { kind: string }) => ({
    what: `The transfer (${kind}) does not have the SHA-256 that it names: it was altered on the way.`,
    todo: START_AGAIN,
  }),
  'bad-part': ({ why }: { why: string }) => ({
    what: `This is no part of a transfer in parts: ${why}.`,
    todo: START_AGAIN,
  }),
  'wrong-whole': ({ parts, bytes }: { parts: number; bytes: number }) => ({
    what: `The ${parts} parts, ${bytes} bytes together, are not the whole that they name: one of them was altered. All are dropped.`,
    todo: START_AGAIN,
  }),
  'cannot-send': ({ what, size, limit }: { what: string; size: number; limit: number }) => ({
    what: `${what} is ${size}; at most ${limit} can be shown.`,
    todo: 'Choose denser codes if the other side can read them (`--fragment 400`), or a carrier other than the terminal.',
  }),
  'bad-setting': ({ what, value, wanted }: { what: string; value: number | string; wanted: string }) => ({
    what: `${what} is ${value}; it must be ${wanted}.`,
    todo: 'Change the setting and try again.',
  }),
  'bad-characters': ({ place }: { place: number }) => ({
    what: `Character ${place} of this text cannot stand in an alphanumeric QR code.`,
    todo: OUT,
  }),
  'bad-image': ({ why }: { why: string }) => ({
    what: `This image cannot be read: ${why}.`,
    todo: 'Use the PNG files as keyrite wrote them; the other frames make up for one that is lost.',
  }),
  'small-window': ({ columns, rows, needColumns, needRows }: { columns: number; rows: number; needColumns: number; needRows: number }) => ({
    what: `This window has ${columns} columns and ${rows} rows; a QR code needs at least ${needColumns} by ${needRows}.`,
    todo: 'Enlarge the window or choose a smaller font; the code appears by itself.',
  }),
  'bad-folder': ({ folder, why }: { folder: string; why: string }) => ({
    what: `The folder ${folder} cannot be used for transfers: ${why}.`,
    todo: 'Give a folder that this user may write to, and that the other side sees as well.',
  }),
  'input-ended': ({ lines }: { lines: number }) => ({
    what: `The input ended after ${lines} lines, before a whole transfer was typed or pasted.`,
    todo: 'Start the command again in a terminal and paste all lines of the transfer.',
  }),
  'still-typed': ({ bytes }: { bytes: number }) => ({
    what: `${bytes} bytes were still being typed at the end, as by a scanner; they were dropped.`,
    todo: 'Put the scanner away before you use this shell.',
  }),
  busy: ({ what }: { what: string }) => ({
    what: `This carrier is already ${what}.`,
    todo: 'This is a bug in keyrite or in a plug-in of yours; please report it.',
  }),
  closed: ({ carrier }: { carrier: string }) => ({
    what: `The ${carrier} carrier is closed.`,
    todo: 'This is a bug in keyrite or in a plug-in of yours; please report it.',
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly channel: typeof channelError.table }
}
