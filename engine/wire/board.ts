/** A board as its readers and writers need it: one log on a storage, or in memory. */
import { hexPattern } from '../base/bytes.ts'
import { errorTable } from '../base/errors.ts'
import { NAME } from '../base/names.ts'
import type { BrokenChain, Entry } from './log.ts'
import type { Pin } from './message.ts'

export interface Board {
  /**
   * Posts a message's canonical text and gives its place. For a text (or an airgap's statement) that is there already, it
   * gives the first place.
   *
   * @throws board.unreachable (try again), board.conflict, board.refused
   */
  post(text: string): Promise<Pin>

  /** The place of the log's last entry now, as the storage says; `EMPTY_LOG` for an empty log. @throws board.unreachable, board.refused */
  head(): Promise<Pin>

  /**
   * Gives the entries after `pin`, then new ones as they come in, until the signal aborts. Each entry's head is
   * checked against the one before it. It reconnects by itself; `onTrouble` hears of every failed try.
   *
   * @throws board.tampered when the log does not continue `pin`; nothing after that can be believed
   */
  follow(pin: Pin, signal: AbortSignal, onTrouble?: (error: Error) => void): AsyncIterable<Entry>

  /** Stores an attachment, before the message that names it is posted. Returns its SHA-256, hex. @throws board.unreachable, board.refused */
  putAttachment(bytes: Uint8Array): Promise<string>

  /** Gets an attachment by its SHA-256, and checks it. @throws board.unreachable, board.missing, board.tampered */
  getAttachment(hash: string): Promise<Uint8Array>
}

// The author of an attachment shows who they are by `sign(signing key, "attachment", {board, hash})` in HTTP's Authorization header.

export const ATTACHMENT_LABEL = 'attachment'

const HEADER = new RegExp(`^Keyrite +name="(${NAME})", *signature="(${hexPattern(64)})"$`, 'i')

export interface Authorization {
  /** The registered name. */
  readonly name: string
  /** Hex. */
  readonly signature: string
}

export const attachmentHeader = ({ name, signature }: Authorization): string => `Keyrite name="${name}", signature="${signature}"`

/** Reads an Authorization header; gives undefined where it is of another form. */
export function readAttachmentHeader(header: string): Authorization | undefined {
  const [, name, signature] = HEADER.exec(header) ?? []
  return name === undefined || signature === undefined ? undefined : { name, signature }
}

export const boardError = errorTable('board', {
  unreachable: ({ url, why }: { url: string; why: string; /** Seconds to wait, as the storage asks. */ retryAfter?: number }) => ({
    what: `The storage at ${url} cannot be reached: ${why}.`,
    todo: 'Check the address and that `keyrite storage serve` runs there. Then run this again: nothing is lost. A running `keyrite client run` tries again by itself.',
  }),
  refused: ({ url, status, why }: { url: string; status: number; why: string; /** The problem document's type (RFC 9457). */ type?: string }) => ({
    what: `The storage at ${url} refused this (${String(status)}): ${why}.`,
    todo: 'Read the reason. If it is the join token: `keyrite client ready SCRIPT --join-token-file FILE`. If it is the name or the board: make the client anew with `keyrite client init`, in another KEYRITE_HOME, and pair it again.',
  }),
  /** Another statement in this place. `head` and `text` are those of the entry that stands there. */
  conflict: ({ offset, why }: { offset: number; why: string; head?: string; text?: string }) => ({
    what: `Another statement is already in this place of the log, at offset ${String(offset)}: ${why}.`,
    todo: 'Somebody, perhaps another copy of this client, posted a different statement in its name. Stop, and tell the other participants.',
  }),
  missing: ({ hash }: { hash: string }) => ({
    what: `The storage does not have the attachment ${hash}.`,
    todo: 'Its author must post it again; if it stays away, the ceremony aborts at its deadline.',
  }),
  tampered: ({ offset, why }: { offset: number | null; why: string }) => ({
    what: `The storage's log is not the one that this client verified: ${offset === null ? '' : `at offset ${String(offset)}, `}${why}.`,
    todo: 'Do not go on with this storage. Compare the last offset and head with the other participants and keep this folder as evidence.',
  }),
})

/** The accusation of a storage whose log does not continue what was read of it. */
export const tampered = (broken: BrokenChain): Error => boardError('tampered', { offset: broken.fact.offset, why: broken.message }, broken)
declare module '../base/errors.ts' {
  interface ErrorTables { readonly board: typeof boardError.table }
}
