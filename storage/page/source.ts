/** A board over HTTP, as the page reads it: pages of entries, attachments, and the stream of what comes in. */
import type { Entry } from '../../engine/wire/board.ts'
import { sha256Hex } from '../../engine/crypto/bytes.ts'
import { MAX_ATTACHMENT } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { Tampered } from './fold.ts'

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
