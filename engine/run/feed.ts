/**
 * A board's log as one client has verified it: every head, from the first message on. Whatever was verified stays pinned
 * on disk; a log that does not continue it stops the client.
 */
import { pause } from '../base/signals.ts'
import { tampered } from '../wire/board.ts'
import type { Board } from '../wire/board.ts'
import { Chain, holding } from '../wire/log.ts'
import type { Entry, Linked } from '../wire/log.ts'
import type { Pin } from '../wire/message.ts'

/** The place of the log that a client verified. What was appended must be durable before anything that builds on it is posted. */
export interface LogStore {
  readonly load: () => Promise<readonly Entry[]>
  readonly append: (entries: readonly Entry[]) => Promise<void>
  /** How far this client had verified the log, where that is more than what `load` still has. */
  readonly pinned?: () => Promise<Pin>
}

/** The place of the attachments that a client read, by their SHA-256. What was put is durable when `put` resolves. */
export interface AttachmentStore {
  /** Undefined where it is not there, or damaged. */
  readonly get: (hash: string) => Promise<Uint8Array | undefined>
  readonly put: (hash: string, bytes: Uint8Array) => Promise<void>
}

export interface FeedOptions {
  readonly board: Board
  readonly store: LogStore
  /** Without it nothing is stored: for simulations, and readers that may not write. */
  readonly attachments?: AttachmentStore
  readonly onTrouble?: (error: Error) => void
  /** The time before an attachment is asked for again, in milliseconds. */
  readonly retryDelay?: number
}

type Listener = (entry: Linked) => void

/** A live, verified copy of a board's log. */
export class Feed {
  private readonly options: FeedOptions
  private readonly chain = new Chain()
  private readonly posts: Linked[] = []
  private readonly listeners = new Set<Listener>()

  constructor(options: FeedOptions) {
    this.options = options
  }

  /** The last entry that was verified. */
  get pin(): Pin {
    return this.chain.pin
  }

  /** The head at an offset; that of the empty log at -1. */
  headAt(offset: number): string | undefined {
    return this.chain.headAt(offset)
  }

  get all(): readonly Linked[] {
    return this.posts
  }

  /** Passes on every message from the first one on, then each new one. @returns stops it */
  listen(listener: Listener): () => void {
    for (const posted of this.posts) listener(posted)
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * Reads what is on disk, then follows the board until the signal aborts.
   *
   * @throws board.tampered when the storage's log is not the one that was verified
   */
  async run(signal: AbortSignal): Promise<void> {
    for (const entry of await this.options.store.load()) this.take(entry)
    const pinned = await this.options.store.pinned?.()
    for await (const entry of this.options.board.follow(this.pin, signal, this.options.onTrouble)) {
      const link = holding(() => this.chain.check(entry), tampered)
      if (link.offset === pinned?.offset) holding(() => new Chain(pinned).end(link), tampered)
      // An entry becomes the last verified one only once it is stored.
      await this.options.store.append([link])
      this.take(link)
    }
  }

  private take(entry: Entry): void {
    const link = this.chain.next(entry)
    this.posts.push(link)
    for (const listener of this.listeners) listener(link)
  }

  /**
   * Gets an attachment that a message of the log names, from disk or from the storage, which is asked until it gives it. It is on disk
   * before anything that follows from it counts: a log whose pieces nobody stored gives no share back.
   *
   * @param onMissing hears each time that it could not be had
   * @throws the signal's reason, where that comes first
   */
  async attachment(hash: string, signal?: AbortSignal, onMissing?: () => void): Promise<Uint8Array> {
    const { attachments, board, onTrouble, retryDelay = 1000 } = this.options
    const kept = await attachments?.get(hash)
    if (kept !== undefined) return kept
    for (;;) {
      signal?.throwIfAborted()
      try {
        const bytes = await board.getAttachment(hash)
        await attachments?.put(hash, bytes)
        return bytes
      } catch (error) {
        onTrouble?.(error instanceof Error ? error : new Error(String(error)))
        onMissing?.()
      }
      await pause(retryDelay, signal)
    }
  }
}
