/** Reads a log's messages one after the other, in the order in which they were given, however long each of them takes. */
import { inTurns } from '../base/turns.ts'
import type { Slices } from '../base/turns.ts'
import type { Post } from './reading.ts'

/** Gets an attachment by its hash; waits for one that cannot be had, until the signal aborts, and says each time that it could not. */
export type GetAttachment = (hash: string, signal: AbortSignal | undefined, onMissing: () => void) => Promise<Uint8Array>

/** One sentence about an attachment that cannot be had, without its full stop. @param asOf the last offset that was read */
export const withheldWords = (hash: string, asOf: number): string =>
  `the storage does not give the attachment ${hash} of the message after offset ${asOf}, without which nothing after it can be read`

export interface PostReader {
  readonly wants: (post: Post) => boolean
  readonly read: (post: Post) => Slices<void>
}

export class Following {
  private readonly reader: PostReader
  private last: Promise<void> = Promise.resolve()
  private reading = 0
  private awaited: string | null = null
  private isHeldUp = false
  private readonly waiting = new Set<() => void>()

  constructor(reader: PostReader) {
    this.reader = reader
  }

  /** Were messages given that are not read yet? */
  get isReading(): boolean {
    return this.reading > 0
  }

  /** The hash of the attachment that could not be had so far, and without which reading does not go on; or null. */
  get withheld(): string | null {
    return this.isHeldUp ? this.awaited : null
  }

  /** Resolves when all that was given is read, or an attachment for it cannot be had, perhaps ever. Rejects where reading stopped. */
  async settled(): Promise<void> {
    if (this.isHeldUp) return
    let done = (): void => undefined
    const heldUp = new Promise<void>((resolve) => {
      done = resolve
      this.waiting.add(done)
    })
    await Promise.race([this.last, heldUp]).finally(() => this.waiting.delete(done))
  }

  private holdUp(): void {
    this.isHeldUp = true
    for (const done of this.waiting) done()
  }

  /** Reads a message after those before it; resolves when it was read. @param signal stops the reading, for good */
  follow(post: Post, attachment: GetAttachment, signal?: AbortSignal): Promise<void> {
    this.reading += 1
    const read = this.last.then(async () => {
      signal?.throwIfAborted()
      await inTurns(this.reader.read({ ...post, ...(await this.attached(post, attachment, signal)) }), signal)
      this.reading -= 1
    })
    this.last = read
    // The caller hears of it.
    read.catch(() => undefined)
    return read
  }

  private async attached(post: Post, attachment: GetAttachment, signal?: AbortSignal): Promise<Pick<Post, 'attachment'>> {
    const hash = this.reader.wants(post) ? post.message.attachment : undefined
    if (hash === undefined) return {}
    this.awaited = hash
    const bytes = await attachment(hash, signal, () => this.holdUp())
    this.awaited = null
    this.isHeldUp = false
    return { attachment: bytes }
  }
}
