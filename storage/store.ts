/**
 * The contract of the store that holds one board's log. Its promises are few, so that a replicated store can keep them
 * too: when `append` resolves, it was durable and atomic in order, and what it wrote comes back unchanged. Cards and
 * usage are not stored: they follow from the log.
 */
import type { Entry, Linked } from '../engine/wire/log.ts'
import type { Pin } from '../engine/wire/message.ts'

export interface Stored extends Entry {
  /** SHA-256 of the text, hex. */
  readonly hash: string
  /** The statement's slot (`slotOf`), or null. */
  readonly slot: string | null
}

export interface StoredAttachment {
  readonly hash: string
  /** The name that put the attachment. */
  readonly owner: string
  readonly size: number
}

/** Hears of an entry in the store, as its chain checked it. */
export type Hear = (entry: Linked, slot: string | null) => void

/**
 * Opens a board's store. Its content is read, checked and parsed once, here: `hear` is called for every entry, in
 * order, before this resolves.
 */
export type OpenStore = (hear: Hear) => Promise<Store>

export interface Store {
  /** The last entry that is durable. */
  last(): Pin

  /**
   * Adds entries at the end: offsets go on from `last()`. They are on disk when this resolves. After a failure nothing
   * may be appended any more.
   */
  append(entries: readonly Stored[]): Promise<void>

  /** The entries with after < offset ≤ through, in order. */
  range(after: number, through: number): Promise<readonly Stored[]>

  /** The entries that have one of these hashes or slots, in no order. A slot may have several. */
  find(hashes: readonly string[], slots: readonly string[]): Promise<readonly Stored[]>

  /** Stores an attachment. It is on disk when this resolves. Storing the same hash again changes nothing. */
  putAttachment(owner: string, hash: string, bytes: Uint8Array): Promise<void>

  /** The attachment's bytes; null where it is not stored. */
  getAttachment(owner: string, hash: string): Promise<Uint8Array | null>

  /** All attachments. */
  attachments(): Promise<readonly StoredAttachment[]>

  close(): Promise<void>
}
