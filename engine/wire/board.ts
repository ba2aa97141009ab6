/** A board as its readers and writers need it: one log on a storage, or in memory. */
import { hexPattern } from '../base/bytes.ts'
import { errorTable } from '../base/errors.ts'
import { NAME } from '../base/names.ts'
import type { BrokenChain, Entry } from './log.ts'
import type { Pin } from './message.ts'

export interface Board {
  /**
   * Posts a message's canonical text. The same text (or the same airgap statement) again returns its first place.
   *
   * @throws board.unreachable (try again), board.conflict, board.refused
   */
  post(text: string): Promise<Pin>

  /** The log's last entry now, as the storage says; `EMPTY_LOG` of an empty one. @throws board.unreachable, board.refused */
  head(): Promise<Pin>

  /**
   * The entries after `pin`, then those that come in, for ever, until the signal aborts. Each entry's head is
   * checked against the one before it. Reconnects by itself; `onTrouble` hears of every failed try.
   *
   * @throws board.tampered when the log does not continue `pin`; nothing after that can be believed
   */
  follow(pin: Pin, signal: AbortSignal, onTrouble?: (error: Error) => void): AsyncIterable<Entry>

  /** Stores an attachment, before the message that names it. Returns its SHA-256, hex. @throws board.unreachable, board.refused */
  putAttachment(bytes: Uint8Array): Promise<string>

  /** An attachment by its SHA-256, checked. @throws board.unreachable, board.missing, board.tampered */
  getAttachment(hash: string): Promise<Uint8Array>
}

// Who puts an attachment: `sign(signing key, "attachment", {board, hash})`, in the Authorization header of HTTP.

export const ATTACHMENT_LABEL = 'attachment'

const HEADER = new RegExp(`^Keyrite +name="(${NAME})", *signature="(${hexPattern(64)})"$`, 'i')

export interface Authorization {
  /** The registered name. */
  readonly name: string
  /** Hex. */
  readonly signature: string
}

export const attachmentHeader = ({ name, signature }: Authorization): string => `Keyrite name="${name}", signature="${signature}"`

/** Undefined where the header is no such. */
export function readAttachmentHeader(header: string): Authorization | undefined {
  const [, name, signature] = HEADER.exec(header) ?? []
  return name === undefined || signature === undefined ? undefined : { name, signature }
}

export const boardError = errorTable('board', {
  unreachable: ({ url, why }: { url: string; why: string; /** Seconds, as the storage wishes. */ retryAfter?: number }) => ({
    what: `The storage at ${url} cannot be reached: ${why}.`,
    todo: 'Check the address and that `keyrite storage serve` runs there. Then run this again: nothing is lost. A running `keyrite client run` tries again by itself.',
  }),
  refused: ({ url, status, why }: { url: string; status: number; why: string; /** Of the problem document. */ type?: string }) => ({
    what: `The storage at ${url} refused this (${String(status)}): ${why}.`,
    todo: 'Read the reason. If it is the join token: `keyrite client ready SCRIPT --join-token-file FILE`. If it is the name or the board: make the client anew with `keyrite client init`, in another KEYRITE_HOME, and pair it again.',
  }),
  /** `head` and `text`: the entry that stands there. */
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

/** The accusation that a storage's log, which does not go on as it must, comes to. */
export const tampered = (broken: BrokenChain): Error => boardError('tampered', { offset: broken.fact.offset, why: broken.message }, broken)
declare module '../base/errors.ts' {
  interface ErrorTables { readonly board: typeof boardError.table }
}
