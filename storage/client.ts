/** The typed client of a storage's board. It believes nothing that it can check. */
import { isKeyriteError } from '../engine/base/errors.ts'
import { boardError } from '../engine/wire/board.ts'
import type { Board, Entry } from '../engine/wire/board.ts'
import type { Json, JsonObject } from '../engine/wire/canonical.ts'
import { headAfter, MAX_ATTACHMENT, MAX_MESSAGE, parseMessage, placeProblem } from '../engine/wire/message.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { compileCheck, hexSchema, objectSchema } from '../engine/wire/schema.ts'
import { ATTACHMENT_LABEL, attachmentHeader } from './admit.ts'
import { openEvents } from './client-events.ts'
import { exchange, jsonOf, nonsense, problemOf } from './client-http.ts'
import type { Answer, Exchange, Fetch } from './client-http.ts'
import { sha256Of } from './digest.ts'
import { storageError } from './errors.ts'
import { MAX_PAGE, MAX_PAGE_BYTES } from './limits.ts'

export interface Credentials {
  /** The registered name. */
  readonly name: string
  /** `sign(signing key, label, object)`, hex. */
  sign(label: string, object: Json): string
}

export interface ConnectOptions {
  /** `http(s)://host[:port]/boards/NAME` */
  readonly url: string
  /** The board's join token, for the first Ready. Secret. */
  readonly token?: string
  /** Needed to put attachments. */
  readonly credentials?: Credentials
  readonly fetch?: Fetch
  /** Milliseconds for one exchange: 30 000. */
  readonly timeout?: number
  /** Milliseconds of silence after which an event stream is opened anew: 45 000, three heartbeats. */
  readonly idle?: number
  /** Waits between tries to reconnect; returns at once when the signal aborts. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>
  /** 0 ≤ x < 1; spreads the tries of many clients. */
  readonly random?: () => number
}

interface EntryJson extends JsonObject {
  readonly offset: number
  readonly head: string
  readonly text: string
}

interface PageJson extends JsonObject {
  readonly messages: readonly EntryJson[]
  readonly head: Pin
}

const offsetSchema = { type: 'integer', minimum: -1, maximum: 2 ** 40 }
const pinSchema = objectSchema({ offset: offsetSchema, head: hexSchema(32) })
const entrySchema = objectSchema({ offset: offsetSchema, head: hexSchema(32), text: { type: 'string', maxLength: MAX_MESSAGE } })

const checkPin = compileCheck<Pin>(pinSchema)
const checkEntry = compileCheck<EntryJson>(entrySchema)
const checkPage = compileCheck<PageJson>(
  objectSchema({ messages: { type: 'array', maxItems: MAX_PAGE, items: entrySchema }, head: pinSchema }),
)
const checkHash = compileCheck<{ readonly hash: string }>(objectSchema({ hash: hexSchema(32) }))

/** A problem document may hold a whole message. */
const MAX_SMALL = 2 * MAX_MESSAGE + 8192
const MAX_PAGE_ANSWER = 2 * MAX_PAGE_BYTES + MAX_PAGE * 256

/** Milliseconds: the first pause before a new try, and the longest. */
const FIRST_PAUSE = 250
const LAST_PAUSE = 5000
/** The longest that a Retry-After is heeded. */
const LAST_HINT = 60_000

/**
 * Connects to a board; nothing is sent yet. `post`, `putAttachment` and `getAttachment` try once: trying again is
 * the caller's, who knows the deadline. `follow` tries for ever.
 *
 * @throws storage.bad-url
 */
export function connectBoard(options: ConnectOptions): Board {
  const url = boardUrl(options.url)
  const { token, credentials, timeout = 30_000, idle = 45_000, delay = wait, random = Math.random } = options
  const send = options.fetch ?? fetch
  const name = url.slice(url.lastIndexOf('/') + 1)

  const ask = (wanted: Omit<Exchange, 'url' | 'timeout'> & { readonly path: string }): Promise<Answer> =>
    exchange(send, { ...wanted, url: `${url}/${wanted.path}`, timeout })

  async function page(after: number, signal: AbortSignal): Promise<PageJson> {
    const path = `messages?after=${after}&limit=${MAX_PAGE}`
    const answer = await ask({ method: 'GET', path, maxBytes: MAX_PAGE_ANSWER, signal })
    if (answer.status !== 200) throw problemOf(url, answer)
    return jsonOf(url, answer, checkPage)
  }

  /** From `at` to the end of the log. */
  async function* history(at: Pin, signal: AbortSignal): AsyncGenerator<Entry, Pin> {
    for (;;) {
      const { messages, head } = await page(at.offset, signal)
      checkEnd(at, head)
      for (const json of messages) {
        const entry = checkNext(at, json)
        yield entry
        at = pinOf(entry)
      }
      checkEnd(at, head)
      if (head.offset === at.offset) return at
      if (messages.length === 0) throw nonsense(url, `an empty page before the end of the log, ${head.offset}`)
    }
  }

  async function* live(at: Pin, signal: AbortSignal): AsyncGenerator<Entry, void> {
    for await (const { event, data } of openEvents(send, `${url}/events?after=${at.offset}`, at.offset, idle, signal)) {
      if (event === 'head') checkEnd(at, parseEvent(data, checkPin))
      if (event !== 'message') continue
      const entry = checkNext(at, parseEvent(data, checkEntry))
      yield entry
      at = pinOf(entry)
    }
  }

  function parseEvent<T>(data: string, check: (value: unknown, what: string) => T): T {
    try {
      return check(JSON.parse(data), 'an event')
    } catch (cause) {
      throw nonsense(url, cause instanceof Error ? cause.message : 'a broken event', cause)
    }
  }

  return {
    async post(text) {
      const joins = token !== undefined && parseMessage(text).statement.type === 'Ready'
      const headers = { 'content-type': 'application/json', ...(joins && { authorization: `Bearer ${token}` }) }
      const answer = await ask({ method: 'POST', path: 'messages', headers, body: text, maxBytes: MAX_SMALL })
      if (answer.status !== 200 && answer.status !== 201) throw problemOf(url, answer)
      return jsonOf(url, answer, checkPin)
    },

    async head() {
      const answer = await ask({ method: 'GET', path: 'messages?after=-1&limit=1', maxBytes: MAX_PAGE_ANSWER })
      if (answer.status !== 200) throw problemOf(url, answer)
      return jsonOf(url, answer, checkPage).head
    },

    async *follow(pin, signal, onTrouble) {
      let at = pin
      let failures = 0
      while (!signal.aborted) {
        try {
          for (const part of [history, live]) {
            for await (const entry of part(at, signal)) {
              at = pinOf(entry)
              failures = 0
              yield entry
            }
          }
        } catch (error) {
          if (isStopped(signal)) return
          if (!isKeyriteError(error) || error.code === 'board.tampered') throw error
          onTrouble?.(error)
          await delay(pause(failures, hintOf(error), random), signal)
          failures += 1
        }
      }
    },

    async putAttachment(bytes) {
      const hash = sha256Of(bytes)
      const signature = credentials?.sign(ATTACHMENT_LABEL, { board: name, hash }) ?? ''
      const headers = {
        'content-type': 'application/octet-stream',
        authorization: attachmentHeader(credentials?.name ?? '', signature),
      }
      const body = Uint8Array.from(bytes)
      const answer = await ask({ method: 'PUT', path: `attachments/${hash}`, headers, body, maxBytes: MAX_SMALL })
      if (answer.status !== 200 && answer.status !== 201) throw problemOf(url, answer)
      if (jsonOf(url, answer, checkHash).hash !== hash) throw nonsense(url, 'another attachment was stored')
      return hash
    },

    async getAttachment(hash) {
      const answer = await ask({ method: 'GET', path: `attachments/${hash}`, maxBytes: MAX_ATTACHMENT })
      if (answer.status === 404 && answer.type === 'application/problem+json') throw boardError('missing', { hash })
      if (answer.status !== 200) throw problemOf(url, answer)
      if (answer.type !== 'application/octet-stream') throw nonsense(url, answer.type)
      if (sha256Of(answer.bytes) !== hash) {
        throw boardError('tampered', { offset: null, why: `the attachment ${hash} is not what its hash says` })
      }
      return answer.bytes
    },
  }
}

/** @throws board.tampered where an entry is no message in a right place, or does not continue the log that was verified up to `at` */
function checkNext(at: Pin, { offset, head, text }: EntryJson): Entry {
  const expected = at.offset + 1
  if (offset !== expected) throw boardError('tampered', { offset: expected, why: `the storage gives offset ${offset} instead` })
  const message = messageAt(offset, text)
  if (headAfter(at.head, message, sha256Of(text)) !== head) {
    throw boardError('tampered', { offset, why: 'the head does not follow from the one before and the message' })
  }
  const problem = placeProblem(message)
  if (problem !== null) throw boardError('tampered', { offset, why: `a message stands there that no honest storage takes: ${problem}` })
  return { offset, head, text }
}

/** Whose entry a text is stands in the message alone, so that what is none has no head. */
function messageAt(offset: number, text: string): Message {
  try {
    return parseMessage(text)
  } catch (cause) {
    if (!isKeyriteError(cause)) throw cause
    throw boardError('tampered', { offset, why: `what stands there is no message: ${cause.message.replace(/\.$/, '')}` }, cause)
  }
}

/** @throws board.tampered where the log ends before `at`, or otherwise than there */
function checkEnd(at: Pin, end: Pin): void {
  if (end.offset < at.offset) {
    throw boardError('tampered', { offset: at.offset, why: `nothing is left: the log now ends at offset ${end.offset}` })
  }
  if (end.offset === at.offset && end.head !== at.head) {
    throw boardError('tampered', { offset: at.offset, why: 'the head is another one than before' })
  }
}

function boardUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const fits = url !== null && /^https?:$/.test(url.protocol) && /\/boards\/[a-z0-9-]{1,32}\/?$/.test(url.pathname)
  if (!fits || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw storageError('bad-url', { url: text.slice(0, 200) })
  }
  return url.href.replace(/\/$/, '')
}

function pause(failures: number, hint: number, random: () => number): number {
  const longest = Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10))
  return Math.max(longest * (0.5 + random() / 2), Math.min(hint, LAST_HINT))
}

function hintOf({ facts }: { readonly facts: Readonly<Record<string, unknown>> }): number {
  return typeof facts['retryAfter'] === 'number' ? facts['retryAfter'] * 1000 : 0
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}

const isStopped = (signal: AbortSignal): boolean => signal.aborted
const pinOf = ({ offset, head }: Pin): Pin => ({ offset, head })
