/** Server-sent events (WHATWG HTML §9.2) from a storage that is not trusted. */
import { boardError } from '../engine/wire/board.ts'
import { MAX_MESSAGE } from '../engine/wire/message.ts'
import { nonsense, openExchange, problemOf, readAnswer, typeOf, unreachable } from './client-http.ts'
import type { Fetch, Opened } from './client-http.ts'

export interface ServerEvent {
  /** `message` where the server named none. */
  readonly event: string
  readonly data: string
}

/** One event: a message's text in JSON, at most doubled by escapes, and what is around it. */
const MAX_EVENT = 2 * MAX_MESSAGE + 4096

/**
 * The events after an offset, until the stream ends.
 *
 * @param idle milliseconds of silence after which the stream counts as dead
 * @throws board.unreachable, board.refused
 */
export async function* openEvents(send: Fetch, url: string, after: number, idle: number, signal: AbortSignal): AsyncGenerator<ServerEvent> {
  const headers = { accept: 'text/event-stream', ...(after >= 0 && { 'last-event-id': String(after) }) }
  const opened = await openExchange(send, { method: 'GET', url, headers, timeout: idle, signal })
  const { response } = opened
  try {
    if (response.status !== 200) {
      const timer = setTimeout(() => opened.stop(), idle)
      throw problemOf(url, await readAnswer(opened, MAX_EVENT).finally(() => clearTimeout(timer)))
    }
    const type = typeOf(response)
    if (type !== 'text/event-stream' || response.body === null) throw nonsense(url, type || 'an answer without a type')
    yield* parse(url, opened, idle)
  } catch (cause) {
    throw unreachable(url, cause)
  } finally {
    opened.stop()
  }
}

async function* parse(url: string, { read, stop }: Opened, idle: number): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let buffer = ''
  let event = 'message'
  let data: string[] = []
  let size = 0
  for (;;) {
    const timer = setTimeout(() => stop(new Error(`nothing came for ${idle / 1000} s`)), idle)
    const part = await read().finally(() => clearTimeout(timer))
    if (part.done) throw boardError('unreachable', { url, why: 'it ended the event stream' })
    buffer += decoder.decode(part.value, { stream: true })
    let from = 0
    for (let end = buffer.indexOf('\n'); end !== -1; end = buffer.indexOf('\n', from)) {
      const line = buffer.slice(from, end).replace(/\r$/, '')
      from = end + 1
      size += line.length
      if (size > MAX_EVENT) throw nonsense(url, 'an endless event')
      if (line === '') {
        if (data.length > 0) yield { event, data: data.join('\n') }
        event = 'message'
        data = []
        size = 0
      } else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''))
      else if (line.startsWith('event:')) event = line.slice(6).trim()
    }
    buffer = buffer.slice(from)
    if (buffer.length > MAX_EVENT) throw nonsense(url, 'an endless event')
  }
}
