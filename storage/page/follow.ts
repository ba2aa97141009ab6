/**
 * Reads a board for as long as the page is open: page by page up to its end, then live. It reconnects by itself, and
 * stops for good where the log turns out another one.
 */
import type { Entry } from '../../engine/wire/board.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { Tampered } from './fold.ts'
import type { BoardFold } from './fold.ts'
import type { Source } from './source.ts'
import type { Link } from './talk.ts'

export interface FollowUse {
  readonly source: Source
  readonly fold: BoardFold
  /** Hears of every entry that was taken and of every change of the link. */
  readonly onChange: (link: Link) => void
  readonly now: () => number
  readonly pause: (milliseconds: number) => Promise<void>
  readonly signal: AbortSignal
}

/** Waits between tries, in milliseconds; the last one from then on. */
const WAITS = [500, 1000, 2000, 5000, 10_000, 15_000]
/** Live entries that may wait for their turn; what is more is fetched by pages, at the reader's own speed. */
const MOST_WAITING = 1000

export async function follow(use: FollowUse): Promise<void> {
  const { onChange, now, pause, signal } = use
  let tries = 0
  let since: number | null = null
  while (!signal.aborted) {
    try {
      await catchUp(use)
      await live(use, () => {
        tries = 0
        since = null
      })
    } catch (error) {
      if (error instanceof Tampered) {
        onChange({ kind: 'tampered', why: error.message })
        return
      }
      if (error instanceof Failed || !(error instanceof Error)) throw error
      since ??= now()
      onChange({ kind: 'lost', why: wordsOf(error), since })
      await pause(WAITS[Math.min(tries++, WAITS.length - 1)] ?? 0)
    }
  }
}

/** What browsers say of a failed fetch says nothing to people. */
const wordsOf = (error: Error): string => (error instanceof TypeError ? 'it cannot be reached' : error.name === 'TimeoutError' ? 'it does not answer' : error.message)

async function catchUp(use: FollowUse): Promise<void> {
  const { source, fold, onChange, pause, signal } = use
  for (;;) {
    const { entries, head } = await source.page(fold.pin.offset)
    if (signal.aborted) return
    for (const entry of entries) {
      await take(use, entry)
      onChange({ kind: 'reading', done: fold.pin.offset + 1, total: head.offset + 1 })
    }
    if (fold.pin.offset >= head.offset) {
      fold.holdAgainst(head)
      return
    }
    if (entries.length === 0) throw new Error('it holds messages back')
    await pause(0)
  }
}

/** Until the stream ends: throws what ended it. */
async function live(use: FollowUse, onOpen: () => void): Promise<void> {
  const { source, fold, onChange, signal } = use
  const waiting: ({ readonly entry: Entry } | { readonly end: Pin })[] = []
  const stream: { ended: Error | null; isOpen: boolean } = { ended: null, isOpen: false }
  let wake = (): void => undefined
  const stop = source.stream(fold.pin.offset, {
    onEntry(entry) {
      waiting.push({ entry })
      if (waiting.length > MOST_WAITING) stream.ended ??= new Overflow()
      wake()
    },
    onHead(end) {
      waiting.push({ end })
      wake()
    },
    onOpen() {
      stream.isOpen = true
      wake()
    },
    onEnd(why) {
      stream.ended ??= new Error(why)
      wake()
    },
  })
  signal.addEventListener('abort', () => wake(), { once: true })
  try {
    while (!signal.aborted) {
      if (stream.isOpen) {
        stream.isOpen = false
        onOpen()
        onChange({ kind: 'live' })
      }
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if ('end' in next) {
          // Ahead of what was read are entries that are still to come.
          if (next.end.offset <= fold.pin.offset) fold.holdAgainst(next.end)
          continue
        }
        await take(use, next.entry)
        onChange({ kind: 'live' })
      }
      if (stream.ended instanceof Overflow) return
      if (stream.ended !== null) throw stream.ended
      await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    stop()
  }
}

class Overflow extends Error {}

async function take({ source, fold, signal }: FollowUse, entry: Entry): Promise<void> {
  const read = fold.read(entry)
  const attachment = read.wants === null ? undefined : await source.attachment(read.wants)
  if (signal.aborted) return
  try {
    fold.take(read, attachment)
  } catch (cause) {
    throw new Failed(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Not the storage's doing: trying again does not help. */
class Failed extends Error {}
