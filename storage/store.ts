/**
 * What keeps one board's log. There are few promises, so that a replicated store can keep them too: `append` is
 * durable and atomic in order when it resolves, and what it wrote comes back unchanged. Cards and usage are not
 * stored: they follow from the log.
 */
import type { Entry, Linked } from '../engine/wire/log.ts'
import type { Pin } from '../engine/wire/message.ts'

export interface Stored extends Entry {
  /** SHA-256 of the text, hex. */
  readonly hash: string
  /** `slotOf` the statement, or null. */
  readonly slot: string | null
}

export interface StoredAttachment {
  readonly hash: string
  /** The name that put it. */
  readonly owner: string
  readonly size: number
}

/** Hears of an entry that a store holds, as its chain checked it. */
export type Hear = (entry: Linked, slot: string | null) => void

/**
 * Opens a board's store. What it holds is read, checked and parsed once, here, and handed on: `hear` is called for every
 * entry, in order, before this resolves.
 */
export type OpenStore = (hear: Hear) => Promise<Store>

export interface Store {
  /** The last entry that is durable. */
  last(): Pin

  /**
   * Adds entries at the end: offsets go on from `last()`. They are on disk when this resolves. After a failure the
   * store must not be appended to again.
   */
  append(entries: readonly Stored[]): Promise<void>

  /** The entries with after < offset ≤ through, in order. */
  range(after: number, through: number): Promise<readonly Stored[]>

  /** The entries that have one of these hashes or slots, in no order; a slot may have several. */
  find(hashes: readonly string[], slots: readonly string[]): Promise<readonly Stored[]>

  /** Keeps an attachment. It is on disk when this resolves. The same hash again changes nothing. */
  putAttachment(owner: string, hash: string, bytes: Uint8Array): Promise<void>

  /** Null where it is not stored. */
  getAttachment(owner: string, hash: string): Promise<Uint8Array | null>

  /** All attachments. */
  attachments(): Promise<readonly StoredAttachment[]>

  close(): Promise<void>
}
