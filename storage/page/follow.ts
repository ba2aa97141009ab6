/**
 * Reads a board for as long as the page is open: page by page up to its end, then live. It reconnects by itself, and
 * stops for good where the log turns out another one.
 */
import { sha256Hex } from '../../engine/crypto/hash.ts'
import type { Entry } from '../../engine/wire/board.ts'
import { MAX_ATTACHMENT } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { Tampered } from './fold.ts'
import type { BoardFold } from './fold.ts'
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

// A board over HTTP, as the page reads it: pages of entries, attachments, and the stream of what comes in.

export interface Page {
  readonly entries: readonly Entry[]
  /** The end of the log, as the storage says. */
  readonly head: Pin
}

export interface Stream {
  readonly onEntry: (entry: Entry) => void
  readonly onHead: (head: Pin) => void
  readonly onOpen: () => void
  /** It is over; the next one must be asked for. */
  readonly onEnd: (why: string) => void
}

export interface Source {
  page(after: number): Promise<Page>
  /** @throws Tampered where the bytes are others */
  attachment(hash: string): Promise<Uint8Array>
  /** Follows the log after an offset. Returns how to stop. */
  stream(after: number, stream: Stream): () => void
}

/** Entries that are asked for at once. */
const PAGE = 500
/** A heartbeat comes every 15 seconds; without one, the connection is only seemingly there. */
const SILENCE = 45_000
const PATIENCE = 30_000

export function httpSource(board: string): Source {
  const get = async (path: string): Promise<Response> => {
    const response = await fetch(board + path, { signal: AbortSignal.timeout(PATIENCE), cache: 'no-store', credentials: 'omit', redirect: 'error' })
    if (!response.ok) throw new Error(`it answers ${response.status}`)
    return response
  }
  return {
    async page(after) {
      const response = await get(`/messages?after=${after}&limit=${PAGE}`)
      const { messages, head } = (await response.json()) as { readonly messages: readonly unknown[]; readonly head: unknown }
      return { entries: messages.map(entryOf), head: pinOf(head) }
    },
    async attachment(hash) {
      const bytes = new Uint8Array(await (await get(`/attachments/${hash}`)).arrayBuffer())
      if (bytes.length > MAX_ATTACHMENT || sha256Hex(bytes) !== hash) throw new Tampered(`the attachment ${hash} is not what its name says`)
      return bytes
    },
    stream(after, { onEntry, onHead, onOpen, onEnd }) {
      const events = new EventSource(`${board}/events?after=${after}`)
      const end = (why: string): void => {
        stop()
        onEnd(why)
      }
      let silence = setTimeout(end, SILENCE, 'it was silent too long')
      const heard = (): void => {
        clearTimeout(silence)
        silence = setTimeout(end, SILENCE, 'it was silent too long')
      }
      const stop = (): void => {
        clearTimeout(silence)
        events.close()
      }
      const hear = (use: (data: unknown) => void) => (event: MessageEvent<string>): void => {
        heard()
        try {
          use(JSON.parse(event.data))
        } catch (error) {
          end(error instanceof Error ? error.message : String(error))
        }
      }
      events.onopen = onOpen
      events.onmessage = hear((data) => onEntry(entryOf(data)))
      events.addEventListener('head', hear((data) => onHead(pinOf(data))))
      events.onerror = () => end('the connection was cut')
      return stop
    },
  }
}

function pinOf(value: unknown): Pin {
  const { offset, head } = (value ?? {}) as { readonly offset?: unknown; readonly head?: unknown }
  if (typeof offset !== 'number' || typeof head !== 'string') throw new Error('it sent what is no entry')
  return { offset, head }
}

function entryOf(value: unknown): Entry {
  const { text } = (value ?? {}) as { readonly text?: unknown }
  if (typeof text !== 'string') throw new Error('it sent what is no entry')
  return { ...pinOf(value), text }
}
