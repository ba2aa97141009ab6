/**
 * A board as server-sent events. An `id` is an offset, so a reader that reconnects with Last-Event-ID goes on where
 * it was. `message` events carry entries; `head` events carry the end of the log: first, and as heartbeats.
 */
import type { Entry } from '../engine/wire/board.ts'
import type { Pin } from '../engine/wire/message.ts'
import type { Log } from './log.ts'
import { entryPieces, gathered } from './pieces.ts'

const PAGE = 100

/** Milliseconds after which a browser's EventSource tries again. */
const RETRY = 2000

/**
 * The stream's text, pulled as fast as its reader takes it: a slow one costs one piece of memory, and a page's entries that
 * others share. It ends when the log closes or the signal aborts.
 */
export async function* eventText(log: Log, after: number, heartbeat: number, signal: AbortSignal): AsyncGenerator<string> {
  yield `retry: ${RETRY}\n\n${headEvent(log.last())}`
  let at = after
  while (!signal.aborted && !log.closed()) {
    const entries = await log.page(at, PAGE)
    yield* gathered(events(entries))
    at = entries.at(-1)?.offset ?? at
    if (entries.length > 0) continue
    const before = log.last().offset
    await log.changed(Math.max(at, before), heartbeat, signal)
    if (log.last().offset === before) yield headEvent(log.last())
  }
}

const headEvent = ({ offset, head }: Pin): string => `event: head\ndata: ${JSON.stringify({ offset, head })}\n\n`

function* events(entries: readonly Entry[]): Generator<string> {
  for (const entry of entries) {
    yield `id: ${entry.offset}\ndata: `
    yield* entryPieces(entry)
    yield '\n\n'
  }
}
