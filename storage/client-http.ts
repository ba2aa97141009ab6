/**
 * One HTTP exchange with a storage that is not trusted: every answer is bounded in time and size and checked in
 * shape before anything of it is used.
 */
import { isKeyriteError } from '../engine/base/errors.ts'
import type { KeyriteError } from '../engine/base/errors.ts'
import { boardError } from '../engine/wire/board.ts'
import type { JsonObject } from '../engine/wire/canonical.ts'
import { printableLine } from '../engine/wire/printable.ts'
import { compileCheck, hexSchema } from '../engine/wire/schema.ts'
import type { Check } from '../engine/wire/schema.ts'
import { PROBLEM_PREFIX } from './problem.ts'

export type Fetch = typeof fetch

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  /** Bytes that an answer may have. */
  readonly maxBytes: number
  /** Milliseconds for the whole exchange. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly type: string
  readonly bytes: Uint8Array
  /** Of Retry-After, or null. */
  readonly retryAfter: number | null
}

/** A response whose body is still to be read. */
export interface Opened {
  readonly response: Response
  /** The next piece of the body; rejects once the exchange was ended. */
  readonly read: () => Promise<ReadableStreamReadResult<Uint8Array>>
  /** Ends the exchange. */
  readonly stop: (why?: Error) => void
}

/**
 * Sends a request and waits for the head of its response.
 *
 * @throws board.unreachable
 */
export async function openExchange(send: Fetch, { method, url, headers, body, timeout, signal }: Omit<Exchange, 'maxBytes'>): Promise<Opened> {
  const controller = new AbortController()
  const stop = (why?: Error): void => controller.abort(why)
  const onAbort = (): void => stop()
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => stop(new Error(`no answer within ${timeout / 1000} s`)), timeout)
  try {
    const init = { method, redirect: 'error', signal: controller.signal, ...(headers && { headers }), ...(body !== undefined && { body }) } as const
    const response = await send(url, init)
    const reader = response.body?.getReader()
    const ended = endOf(controller.signal)
    return {
      response,
      read: async () => (reader === undefined ? { done: true, value: undefined } : await Promise.race([reader.read(), ended])),
      stop(why) {
        signal?.removeEventListener('abort', onAbort)
        stop(why)
        // fetch may have lost sight of its signal (Node 20's holds it weakly once the head is in); the reader has not.
        reader?.cancel().catch(() => undefined)
      },
    }
  } catch (cause) {
    signal?.removeEventListener('abort', onAbort)
    throw unreachable(url, cause)
  } finally {
    clearTimeout(timer)
  }
}

/** Rejects when the signal aborts. */
function endOf(signal: AbortSignal): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    const end = () => reject(signal.reason instanceof Error ? signal.reason : new DOMException('ended', 'AbortError'))
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })
  ended.catch(() => undefined)
  return ended
}

/**
 * A whole exchange.
 *
 * @throws board.unreachable
 */
export async function exchange(send: Fetch, wanted: Exchange): Promise<Answer> {
  const started = performance.now()
  const opened = await openExchange(send, wanted)
  const left = Math.max(1, wanted.timeout - (performance.now() - started))
  const timer = setTimeout(() => opened.stop(new Error(`its answer did not end within ${wanted.timeout / 1000} s`)), left)
  try {
    return await readAnswer(opened, wanted.maxBytes)
  } catch (cause) {
    throw unreachable(wanted.url, cause)
  } finally {
    clearTimeout(timer)
    opened.stop()
  }
}

/** Reads a response to its end. Throws plain errors. */
export async function readAnswer(opened: Opened, maxBytes: number): Promise<Answer> {
  const { response } = opened
  const bytes = await readBounded(opened, maxBytes)
  const seconds = Number(response.headers.get('retry-after') ?? 'NaN')
  const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds : null
  return { status: response.status, type: typeOf(response), bytes, retryAfter }
}

/** The media type alone, in lower case. */
export const typeOf = (response: Response): string =>
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
  return Buffer.concat(parts)
}

/** An answer's JSON, of the shape that the check wants. @throws board.unreachable where it is anything else */
export function jsonOf<T>(url: string, { type, bytes }: Answer, check: Check<T>): T {
  if (type !== 'application/json') throw nonsense(url, type === '' ? 'an answer without a type' : type)
  try {
    return check(JSON.parse(Buffer.from(bytes).toString('utf8')), 'its answer')
  } catch (cause) {
    throw nonsense(url, isKeyriteError(cause) ? cause.message.replace(/\.$/, '') : 'broken JSON', cause)
  }
}

export function nonsense(url: string, what: string, cause?: unknown): KeyriteError {
  const why = `it does not answer as a keyrite storage does (${what.slice(0, 200)})`
  return boardError('unreachable', { url, why }, cause)
}

interface ProblemDocument extends JsonObject {
  readonly type: string
  readonly detail: string
  readonly first?: { readonly offset: number; readonly head: string; readonly text: string }
}

const checkProblem = compileCheck<ProblemDocument>({
  type: 'object',
  properties: {
    type: { type: 'string', maxLength: 200 },
    detail: { type: 'string', maxLength: 2000 },
    first: {
      type: 'object',
      properties: { offset: { type: 'integer', minimum: 0 }, head: hexSchema(32), text: { type: 'string' } },
      required: ['offset', 'head', 'text'],
    },
  },
  required: ['type', 'detail'],
})

/** The error that an answer other than a success stands for. */
export function problemOf(url: string, answer: Answer): KeyriteError {
  const { status, retryAfter } = answer
  const problem = readProblem(answer)
  const why = problem === null ? `status ${status}, ${answer.type || 'no type'}` : shown(problem.detail)
  if (status === 429 || status >= 500) {
    return boardError('unreachable', { url, why, ...(retryAfter !== null && { retryAfter }) })
  }
  if (problem === null || status < 400) return nonsense(url, why)
  if (problem.type === `${PROBLEM_PREFIX}slot-taken` && problem.first !== undefined) {
    const { offset, head, text } = problem.first
    return boardError('conflict', { offset, why, head, text })
  }
  return boardError('refused', { url, status, why, type: problem.type })
}

function readProblem({ type, bytes }: Answer): ProblemDocument | null {
  if (type !== 'application/problem+json') return null
  try {
    return checkProblem(JSON.parse(Buffer.from(bytes).toString('utf8')), 'its answer')
  } catch {
    return null
  }
}

/** Text from outside goes on a terminal: on one line, with no end of sentence of its own. */
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
export function unreachable(url: string, cause: unknown): KeyriteError {
  if (isKeyriteError(cause)) return cause
  return boardError('unreachable', { url, why: whyOf(cause) }, cause)
}

function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the exchange was ended'
  if (error.name === 'AbortError') return 'the exchange was ended'
  // fetch says "fetch failed" and keeps what happened in the cause.
  const inner = error.cause instanceof Error ? error.cause : error
  const code = 'code' in inner && typeof inner.code === 'string' ? inner.code : ''
  const word = WORDS[code]
  if (word !== undefined) return `${word} (${code})`
  if (error.message === 'terminated') return 'the connection was cut'
  return shown(inner.message === '' ? code : inner.message).slice(0, 200)
}
