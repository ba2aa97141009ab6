/** The typed client of a storage's board, for Node and for browsers. It trusts nothing that it can check. */
import { isKeyriteError } from '../engine/base/errors.ts'
import type { KeyriteError } from '../engine/base/errors.ts'
import { printableLine } from '../engine/base/text.ts'
import { ATTACHMENT_LABEL, attachmentHeader, boardError, tampered } from '../engine/wire/board.ts'
import type { Board } from '../engine/wire/board.ts'
import type { Json, JsonObject } from '../engine/base/canonical.ts'
import { BOARD_PATH } from '../engine/base/names.ts'
import { pause, unlessAborted, within } from '../engine/base/signals.ts'
import { BrokenChain, Chain } from '../engine/wire/log.ts'
import type { Linked } from '../engine/wire/log.ts'
import { attachmentHash, MAX_ATTACHMENT, MAX_MESSAGE, parseMessage } from '../engine/wire/message.ts'
import type { Pin } from '../engine/wire/message.ts'
import { compileCheck, hexSchema, objectSchema } from '../engine/wire/schema.ts'
import type { Check } from '../engine/wire/schema.ts'
import { PROBLEM_TYPE, readProblem, storageError } from './errors.ts'
import { MAX_PAGE, MAX_PAGE_BYTES } from './limits.ts'

// One HTTP exchange with a storage that is not trusted. Every answer is bounded in time and size, and its shape is
// checked before anything of it is used.

type Fetch = typeof fetch

interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  /** The most bytes of the answer. */
  readonly maxBytes: number
  /** Milliseconds for the whole exchange. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly bytes: Uint8Array
  /** Seconds from the Retry-After header, or null. */
  readonly retryAfter: number | null
}

/** A response whose body is still to be read. */
interface Opened {
  readonly response: Response
  /** The next piece of the body; rejects once the exchange has ended. */
  readonly read: () => Promise<ReadableStreamReadResult<Uint8Array>>
  /** Ends the exchange. */
  readonly stop: (why?: Error) => void
}

/**
 * Sends a request and waits for the head of its response.
 *
 * @throws board.unreachable
 */
async function openExchange(send: Fetch, { method, url, headers, body, timeout, signal }: Omit<Exchange, 'maxBytes'>): Promise<Opened> {
  const controller = new AbortController()
  const stop = (why?: Error): void => controller.abort(why)
  const onAbort = (): void => stop()
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const init = { method, redirect: 'error', cache: 'no-store', credentials: 'omit', signal: controller.signal, ...(headers && { headers }), ...(body !== undefined && { body }) } as const
    const response = await within(timeout, () => send(url, init), () => stop(new Error(`no answer within ${timeout / 1000} s`)))
    const reader = response.body?.getReader()
    const ended = unlessAborted<never>(() => undefined, controller.signal)
    ended.catch(() => undefined)
    return {
      response,
      read: async () => (reader === undefined ? { done: true, value: undefined } : await Promise.race([reader.read(), ended])),
      stop(why) {
        signal?.removeEventListener('abort', onAbort)
        stop(why)
        // fetch may have lost its signal: Node 20 holds it weakly once the head is in. The reader ends it all the same.
        reader?.cancel().catch(() => undefined)
      },
    }
  } catch (cause) {
    signal?.removeEventListener('abort', onAbort)
    throw unreachable(url, cause)
  }
}

/**
 * A whole exchange.
 *
 * @throws board.unreachable
 */
async function exchange(send: Fetch, wanted: Exchange): Promise<Answer> {
  const started = performance.now()
  const opened = await openExchange(send, wanted)
  const left = Math.max(1, wanted.timeout - (performance.now() - started))
  const late = (): void => opened.stop(new Error(`its answer did not end within ${wanted.timeout / 1000} s`))
  try {
    return await within(left, () => readAnswer(opened, wanted.maxBytes), late)
  } catch (cause) {
    throw unreachable(wanted.url, cause)
  } finally {
    opened.stop()
  }
}

/** Reads a response to its end. It throws plain errors. */
async function readAnswer(opened: Opened, maxBytes: number): Promise<Answer> {
  const { response } = opened
  const bytes = await readBounded(opened, maxBytes)
  const seconds = Number(response.headers.get('retry-after') ?? 'NaN')
  const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : null
  return { status: response.status, type: typeOf(response), bytes, retryAfter }
}

/** The media type alone, in lower case. */
const typeOf = (response: Response): string =>
  (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

async function readBounded({ response, read }: Opened, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(response.headers.get('content-length') ?? '0')
  if (declared > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`)
  const parts: Uint8Array[] = []
  let size = 0
  for (let part = await read(); !part.done; part = await read()) {
    size += part.value.length
    if (size > maxBytes) throw new Error(`its answer is larger than ${maxBytes} bytes`)
    parts.push(part.value)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const textIn = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

/** An answer's JSON, of the shape that the check wants. @throws board.unreachable where it is anything else */
function jsonOf<T>(url: string, { type, bytes }: Answer, check: Check<T>): T {
  if (type !== 'application/json') throw nonsense(url, type === '' ? 'an answer without a type' : type)
  try {
    return check(JSON.parse(textIn(bytes)), 'its answer')
  } catch (cause) {
    throw nonsense(url, isKeyriteError(cause) ? cause.message.replace(/\.$/, '') : 'broken JSON', cause)
  }
}

function nonsense(url: string, what: string, cause?: unknown): KeyriteError {
  const why = `it does not answer as a keyrite storage does (${what.slice(0, 200)})`
  return boardError('unreachable', { url, why }, cause)
}

/** The error for an answer that is not a success. */
function problemOf(url: string, answer: Answer): KeyriteError {
  const { status, retryAfter } = answer
  const problem = answer.type === PROBLEM_TYPE ? readProblem(textIn(answer.bytes)) : null
  const why = problem === null ? `status ${status}, ${answer.type || 'no type'}` : shown(problem.detail)
  if (status === 429 || status >= 500) {
    return boardError('unreachable', { url, why, ...(retryAfter !== null && { retryAfter }) })
  }
  if (problem === null || status < 400) return nonsense(url, why)
  if (problem.kind === 'slot-taken' && problem.first !== undefined) {
    const { offset, head, text } = problem.first
    return boardError('conflict', { offset, why, head, text })
  }
  return boardError('refused', { url, status, why, type: problem.type })
}

/** A text from outside made fit for a terminal: on one line, without the full stop that our own sentence adds. */
const shown = (text: string): string => printableLine(text).replace(/\.$/, '')

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'no such host is known',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'no answer',
  UND_ERR_CONNECT_TIMEOUT: 'no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
}

/** @throws nothing; a KeyriteError is passed through */
function unreachable(url: string, cause: unknown): KeyriteError {
  if (isKeyriteError(cause)) return cause
  return boardError('unreachable', { url, why: whyOf(cause) }, cause)
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the exchange was ended'
  if (error.name === 'AbortError') return 'the exchange was ended'
  // fetch says "fetch failed" and has the reason in the cause.
  const inner = error.cause instanceof Error ? error.cause : error
  // A browser's reason would not help people.
  if (inner instanceof TypeError) return 'no connection to it could be made'
  const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : ''
  const word = WORDS[code]
  if (word !== undefined) return `${word} (${code})`
  if (error.message === 'terminated') return 'the connection was cut'
  return shown(inner.message === '' ? code : inner.message).slice(0, 200)
}

// Server-sent events (WHATWG HTML §9.2) from a storage that is not trusted.

export interface ServerEvent {
  /** The event's name; `message` where the server gave none. */
  readonly event: string
  readonly data: string
}

/** The most characters of an event: a message's text in JSON, at most doubled by escapes, and what surrounds it. */
const MAX_EVENT = 2 * MAX_MESSAGE + 4096

/**
 * The events after an offset, until the stream ends.
 *
 * @param idle milliseconds of silence after which the stream counts as dead
 * @throws board.unreachable, board.refused
 */
async function* openEvents(send: Fetch, url: string, after: number, idle: number, signal: AbortSignal, onOpen: () => void): AsyncGenerator<ServerEvent> {
  const headers = { accept: 'text/event-stream', ...(after >= 0 && { 'last-event-id': String(after) }) }
  const opened = await openExchange(send, { method: 'GET', url, headers, timeout: idle, signal })
  const { response } = opened
  try {
    if (response.status !== 200) {
      throw problemOf(url, await within(idle, () => readAnswer(opened, MAX_EVENT), () => opened.stop()))
    }
    const type = typeOf(response)
    if (type !== 'text/event-stream' || response.body === null) throw nonsense(url, type || 'an answer without a type')
    onOpen()
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
    const part = await within(idle, read, () => stop(new Error(`nothing came for ${idle / 1000} s`)))
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

export interface Credentials {
  /** The registered name. */
  readonly name: string
  /** Signs an object under a label (`sign(signing key, label, object)`). Returns hex. */
  sign(label: string, object: Json): string
}

export interface ConnectOptions {
  /** `http(s)://host[:port]/boards/NAME` */
  readonly url: string
  /** The board's join token, for the first Ready. Secret. */
  readonly token?: string
  /** The registered name and key; only putting attachments needs them. */
  readonly credentials?: Credentials
  readonly fetch?: Fetch
  /** Milliseconds for one exchange; 30 000 by default. */
  readonly timeout?: number
  /** Milliseconds of silence after which an event stream is opened anew; 45 000 by default, three heartbeats. */
  readonly idle?: number
  /** Waits between tries to reconnect; returns at once when the signal aborts. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<void>
  /** A number 0 ≤ x < 1; it spreads the tries of many clients. */
  readonly random?: () => number
  /** Hears how following goes on. */
  readonly onProgress?: (progress: Progress) => void
}

/** The state of following: in the log's history, or at its end, where entries come as they are posted. */
export interface Progress {
  readonly isLive: boolean
  /** The last offset that the storage has named. */
  readonly end: number
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

/** The most bytes of a short answer: a problem document may hold a whole message. */
const MAX_SMALL = 2 * MAX_MESSAGE + 8192
const MAX_PAGE_ANSWER = 2 * MAX_PAGE_BYTES + MAX_PAGE * 256

/** The first pause before a new try, and the longest, in milliseconds. */
const FIRST_PAUSE = 250
const LAST_PAUSE = 5000
/** The longest Retry-After that is heeded, in milliseconds. */
const LAST_HINT = 60_000

/**
 * Connects to a board; nothing is sent yet. `post`, `putAttachment` and `getAttachment` try once: the caller knows the
 * deadline and tries again. `follow` tries again for ever, unless the storage shows another log.
 *
 * @throws storage.bad-url
 */
export function connectBoard(options: ConnectOptions): Board {
  const url = boardUrl(options.url)
  const { token, credentials, timeout = 30_000, idle = 45_000, delay = pause, random = Math.random, onProgress } = options
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

  /** Reads page by page to the end of the log. */
  async function* history(chain: Chain, signal: AbortSignal): AsyncGenerator<Linked, void> {
    for (;;) {
      const { messages, head } = await page(chain.pin.offset, signal)
      chain.end(head)
      onProgress?.({ isLive: false, end: head.offset })
      for (const json of messages) yield chain.next(json)
      chain.end(head)
      if (head.offset === chain.pin.offset) return
      if (messages.length === 0) throw nonsense(url, `an empty page before the end of the log, ${head.offset}`)
    }
  }

  async function* live(chain: Chain, signal: AbortSignal): AsyncGenerator<Linked, void> {
    const { offset } = chain.pin
    const onOpen = (): void => onProgress?.({ isLive: true, end: offset })
    for await (const { event, data } of openEvents(send, `${url}/events?after=${offset}`, offset, idle, signal, onOpen)) {
      if (event === 'head') chain.end(parseEvent(data, checkPin))
      else if (event === 'message') yield chain.next(parseEvent(data, checkEntry))
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
      const chain = new Chain(pin, true)
      let failures = 0
      while (!signal.aborted) {
        try {
          for (const part of [history, live]) {
            for await (const entry of part(chain, signal)) {
              failures = 0
              yield entry
            }
          }
        } catch (error) {
          if (isStopped(signal)) return
          if (error instanceof BrokenChain) throw tampered(error)
          if (!isKeyriteError(error) || isKeyriteError(error, 'board.tampered')) throw error
          onTrouble?.(error)
          await delay(pauseAfter(failures, hintOf(error), random), signal)
          failures += 1
        }
      }
    },

    async putAttachment(bytes) {
      const hash = attachmentHash(bytes)
      const signature = credentials?.sign(ATTACHMENT_LABEL, { board: name, hash }) ?? ''
      const headers = {
        'content-type': 'application/octet-stream',
        authorization: attachmentHeader({ name: credentials?.name ?? '', signature }),
      }
      const body = Uint8Array.from(bytes)
      const answer = await ask({ method: 'PUT', path: `attachments/${hash}`, headers, body, maxBytes: MAX_SMALL })
      if (answer.status !== 200 && answer.status !== 201) throw problemOf(url, answer)
      if (jsonOf(url, answer, checkHash).hash !== hash) throw nonsense(url, 'another attachment was stored')
      return hash
    },

    async getAttachment(hash) {
      const answer = await ask({ method: 'GET', path: `attachments/${hash}`, maxBytes: MAX_ATTACHMENT })
      if (answer.status === 404 && answer.type === PROBLEM_TYPE) throw boardError('missing', { hash })
      if (answer.status !== 200) throw problemOf(url, answer)
      if (answer.type !== 'application/octet-stream') throw nonsense(url, answer.type)
      if (attachmentHash(answer.bytes) !== hash) {
        throw boardError('tampered', { offset: null, why: `the attachment ${hash} is not what its hash says` })
      }
      return answer.bytes
    },
  }
}

const BOARD_END = new RegExp(`${BOARD_PATH}$`)

function boardUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const fits = url !== null && /^https?:$/.test(url.protocol) && BOARD_END.test(url.pathname)
  if (!fits || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw storageError('bad-url', { url: text.slice(0, 200) })
  }
  return url.href.replace(/\/$/, '')
}

function pauseAfter(failures: number, hint: number, random: () => number): number {
  const longest = Math.min(LAST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10))
  return Math.max(longest * (0.5 + random() / 2), Math.min(hint, LAST_HINT))
}

const hintOf = (error: KeyriteError): number => (isKeyriteError(error, 'board.unreachable') ? (error.facts.retryAfter ?? 0) * 1000 : 0)

const isStopped = (signal: AbortSignal): boolean => signal.aborted
