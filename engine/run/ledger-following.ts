/** Reads a log's messages one after the other, in the order in which they were given, however long each takes and its attachment is waited for. */
import type { Slices } from '../crypto/slices.ts'
import type { Post } from './ledger-read.ts'
import { inTurns } from './turns.ts'

/** Gets an attachment by its hash; waits for one that cannot be had, until the signal aborts. */
export type GetAttachment = (hash: string, signal?: AbortSignal) => Promise<Uint8Array>

export interface Reader {
  readonly wants: (post: Post) => boolean
  readonly read: (post: Post) => Slices<void>
}

export class Following {
  private readonly reader: Reader
  private last: Promise<void> = Promise.resolve()
  private reading = 0
  private awaited: string | null = null

  constructor(reader: Reader) {
    this.reader = reader
  }

  /** Messages were given that are not read yet. */
  get isReading(): boolean {
    return this.reading > 0
  }

  /** The attachment without which reading does not go on: its hash, or null. */
  get withheld(): string | null {
    return this.awaited
  }

  /** Resolves when all that was given was read. */
  settled(): Promise<void> {
    return this.last
  }

  /** Resolves when this one was read. @param signal stops the reading, for good */
  follow(post: Post, attachment: GetAttachment, signal?: AbortSignal): Promise<void> {
    this.reading += 1
    const read = this.last.then(async () => {
      signal?.throwIfAborted()
      await inTurns(this.reader.read({ ...post, ...(await this.attached(post, attachment, signal)) }), signal)
      this.reading -= 1
    })
    this.last = read
    // Whoever called hears of it.
    read.catch(() => undefined)
    return read
  }

  private async attached(post: Post, attachment: GetAttachment, signal?: AbortSignal): Promise<Pick<Post, 'attachment'>> {
    const hash = this.reader.wants(post) ? post.message.attachment : undefined
    if (hash === undefined) return {}
    this.awaited = hash
    const bytes = await attachment(hash, signal)
    this.awaited = null
    return { attachment: bytes }
  }
}
