/** The HTTP interface of the storage, on Koa. A test holds its answers to openapi.yaml. */
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import Router from '@koa/router'
import Koa from 'koa'
import type { Context, Middleware } from 'koa'
import type { Entry } from '../engine/wire/log.ts'
import { isKeyriteError } from '../engine/base/errors.ts'
import { isHex } from '../engine/base/bytes.ts'
import { wholeNumber } from '../engine/base/names.ts'
import { MAX_ATTACHMENT, MAX_MESSAGE } from '../engine/wire/message.ts'
import type { Pin } from '../engine/wire/message.ts'
import { admit, admitAttachment } from './admit.ts'
import type { ServedBoard } from './admit.ts'
import { sha256Of } from './digest.ts'
import { PROBLEM_TYPE, refusal, storageError } from './errors.ts'
import { MAX_PAGE } from './limits.ts'
import type { Limits } from './limits.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { answerPage, answerProblemPage, wantsPage } from './pages.ts'
import type { PageFile } from './pages.ts'

// Request bodies are bounded before anything is read: one by one, and all together.

export interface Bodies {
  /**
   * Reads a whole body.
   *
   * @throws storage.length-required, storage.too-large, storage.bad-request, storage.busy
   */
  read(request: IncomingMessage, limit: number): Promise<Buffer>
}

/** @param total the most bytes that all bodies being received may have together */
function bodyReader(total: number): Bodies {
  let receiving = 0
  return {
    async read(request, limit) {
      const declared = request.headers['content-length']
      if (declared === undefined) throw storageError('length-required', { limit })
      const length = Number(declared)
      if (length > limit) throw storageError('too-large', { limit })
      if (receiving + length > total) throw storageError('busy', { why: 'it is receiving too much at once', seconds: 1 })
      receiving += length
      try {
        return await gather(request, length)
      } finally {
        receiving -= length
      }
    },
  }
}

/** Node's parser ends a request at its Content-Length, so no more than that can come. */
async function gather(request: IncomingMessage, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  try {
    for await (const part of request) if (Buffer.isBuffer(part)) parts.push(part)
  } catch (cause) {
    throw storageError('bad-request', { why: 'its body was cut off' }, cause)
  }
  const body = Buffer.concat(parts)
  if (body.length !== length) throw storageError('bad-request', { why: 'its body was cut off' })
  return body
}

// Long answers go out a piece at a time. A reader that takes nothing then costs one piece, and not a whole escaped
// page.

/** The length of a piece in characters, before they are escaped; about. */
export const PIECE = 32 << 10

/** An entry as JSON. */
export function* entryPieces({ offset, head, text }: Entry): Generator<string> {
  yield `{"offset":${offset},"head":${JSON.stringify(head)},"text":"`
  // A character may be cut into two surrogates. Each is then escaped, and the reader's JSON parser joins them again.
  for (let at = 0; at < text.length; at += PIECE) yield JSON.stringify(text.slice(at, at + PIECE)).slice(1, -1)
  yield '"}'
}

/** A page of entries as JSON, with the pin that was the log's end. */
export function* pagePieces(entries: readonly Entry[], { offset, head }: Omit<Entry, 'text'>): Generator<string> {
  yield '{"messages":['
  for (const [i, entry] of entries.entries()) {
    if (i > 0) yield ','
    yield* entryPieces(entry)
  }
  yield `],"head":${JSON.stringify({ offset, head })}}`
}

/** Puts short texts together, so that each is not a packet of its own. */
export function* gathered(texts: Iterable<string>): Generator<string> {
  let piece = ''
  for (const text of texts) {
    piece += text
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

/**
 * Calls back once, when an answer is out or cannot go out any more. The socket is heard too: an answer that waits
 * behind another on its connection has no `close` event of its own.
 */
function onceGone(response: ServerResponse, call: () => void): void {
  const { socket } = response.req
  let isGone = false
  const gone = (): void => {
    // The response and its socket may both close; each may even close while the other's listeners run.
    if (isGone) return
    isGone = true
    response.off('close', gone)
    socket.off('close', gone)
    call()
  }
  response.once('close', gone)
  socket.once('close', gone)
  if (socket.destroyed) gone()
}

/** Bounds the bytes of all answers that are held whole while they go out. */
export interface Holding {
  /** Counts the bytes until the answer is gone. @throws storage.busy */
  hold(response: ServerResponse, bytes: number): void
}

export function makeHolding(total: number): Holding {
  let held = 0
  return {
    hold(response, bytes) {
      if (held + bytes > total) throw storageError('busy', { why: 'it is sending too much at once', seconds: 1 })
      held += bytes
      onceGone(response, () => (held -= bytes))
    },
  }
}

// A board as server-sent events. An `id` is an offset, so that a reader which reconnects with Last-Event-ID goes on
// where it was. `message` events carry entries. `head` events carry the end of the log: first, and as heartbeats.

const PAGE = 100

/** Milliseconds after which a browser's EventSource tries again. */
const RETRY = 2000

/**
 * The stream's text, pulled as fast as its reader takes it. A slow reader costs the memory of one piece, and of a
 * page's entries that others share. The stream ends when the log closes or the signal aborts.
 */
async function* eventText(log: Log, after: number, heartbeat: number, signal: AbortSignal): AsyncGenerator<string> {
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

export interface AppOptions {
  /** The boards by their names. */
  readonly boards: ReadonlyMap<string, ServedBoard>
  readonly limits: Limits
  readonly metrics: Metrics
  /** The page for people. */
  readonly page: PageFile
  /** Aborts when the storage stops: event streams then end, and connections close after their answers. */
  readonly stopping: AbortSignal
  /** Hears of failures that are the storage's own. */
  readonly say: (line: string) => void
}

/** The most digits of a number in a query or a header. */
const MOST_DIGITS = 12
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function createApp({ boards, limits, metrics, page, stopping, say }: AppOptions): Koa {
  const bodies = bodyReader(limits.bodyBytes)
  const answers = makeHolding(limits.answerBytes)
  const router = new Router()
  let streams = 0

  function boardOf(ctx: Context): ServedBoard {
    const name = param(ctx, 'board')
    const board = boards.get(name)
    if (board === undefined) throw storageError('no-board', { board: name.slice(0, 64) })
    return board
  }

  router.get('/', (ctx) => answerPage(ctx, page))

  router.get('/boards/:board', (ctx) => {
    boardOf(ctx)
    answerPage(ctx, page)
  })

  router.post('/boards/:board/messages', async (ctx) => {
    const board = boardOf(ctx)
    wantType(ctx, 'application/json')
    const text = decode(await bodies.read(ctx.req, MAX_MESSAGE))
    const { pin, fresh } = await board.log.post(admit(board, text, ctx.get('authorization')))
    if (fresh) metrics.add('keyrite_messages_total', { board: board.log.name })
    ctx.status = fresh ? 201 : 200
    ctx.body = { offset: pin.offset, head: pin.head }
  })

  router.get('/boards/:board/messages', async (ctx) => {
    const { log } = boardOf(ctx)
    const after = afterOf(ctx.query['after'])
    const limit = numberOf(ctx.query['limit'], 'limit', MAX_PAGE)
    if (limit < 1 || limit > MAX_PAGE) throw storageError('bad-request', { why: `limit is not within 1…${MAX_PAGE}` })
    const messages = await log.page(after, limit)
    const { offset, head } = log.last()
    ctx.set('Cache-Control', 'no-store')
    ctx.type = 'application/json'
    const pieces = gathered(pagePieces(messages, { offset, head }))
    // A short page is sent as one text, so that its length is known.
    const isShort = messages.reduce((sum, { text }) => sum + text.length, 0) <= PIECE
    ctx.body = isShort ? [...pieces].join('') : Readable.from(pieces, { objectMode: false })
  })

  router.get('/boards/:board/events', (ctx) => {
    const { log } = boardOf(ctx)
    const resumed = ctx.get('last-event-id')
    const after = resumed === '' ? afterOf(ctx.query['after']) : afterOf(resumed)
    if (stopping.aborted) throw storageError('stopping', { board: log.name })
    if (streams >= limits.streams) throw storageError('busy', { why: 'all its event streams are taken', seconds: 30 })
    ctx.set({ 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    ctx.type = 'text/event-stream'
    ctx.status = 200
    if (ctx.method === 'HEAD') return
    const gone = new AbortController()
    const end = (): void => gone.abort()
    stopping.addEventListener('abort', end)
    metrics.set('keyrite_streams', {}, (streams += 1))
    onceGone(ctx.res, () => {
      end()
      stopping.removeEventListener('abort', end)
      metrics.set('keyrite_streams', {}, (streams -= 1))
    })
    ctx.body = Readable.from(eventText(log, after, limits.heartbeat, gone.signal), { objectMode: false })
  })

  router.put('/boards/:board/attachments/:hash', async (ctx) => {
    const board = boardOf(ctx)
    const hash = hashOf(ctx)
    wantType(ctx, 'application/octet-stream')
    const owner = admitAttachment(board, hash, ctx.get('authorization'))
    const { attachments } = board.log
    if (!attachments.has(hash)) {
      const refused = attachments.refuses(owner, Number(ctx.get('content-length')) || 0)
      if (refused !== null) throw refused
    }
    const bytes = await bodies.read(ctx.req, MAX_ATTACHMENT)
    if (sha256Of(bytes) !== hash) throw storageError('hash-differs', { hash })
    ctx.status = (await attachments.put(owner, hash, bytes)) ? 201 : 200
    ctx.body = { hash }
  })

  router.get('/boards/:board/attachments/:hash', async (ctx) => {
    const { log } = boardOf(ctx)
    const hash = hashOf(ctx)
    if (log.attachments.has(hash)) answers.hold(ctx.res, MAX_ATTACHMENT)
    const bytes = await log.attachments.get(hash)
    ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
    ctx.type = 'application/octet-stream'
    ctx.body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  })

  router.get('/health', (ctx) => {
    const states = [...boards.values()].map(({ log }) => ({
      board: log.name,
      ...pinOf(log.last()),
      writable: log.failure() === null,
    }))
    const well = states.every(({ writable }) => writable)
    ctx.status = well ? 200 : 503
    ctx.set('Cache-Control', 'no-store')
    ctx.body = { status: well ? 'ok' : 'failed', boards: states }
  })

  router.get('/metrics', (ctx) => {
    for (const { log } of boards.values()) {
      const board = log.name
      metrics.set('keyrite_offset', { board }, log.last().offset)
      metrics.set('keyrite_participants', { board }, log.participants())
      metrics.set('keyrite_attachments', { board }, log.attachments.count())
      metrics.set('keyrite_failed', { board }, log.failure() === null ? 0 : 1)
    }
    ctx.type = 'text/plain; version=0.0.4; charset=utf-8'
    ctx.body = metrics.text()
  })

  router.get('/openapi.yaml', async (ctx) => {
    ctx.type = 'application/yaml; charset=utf-8'
    ctx.body = await openapiText()
  })

  const app = new Koa()
  app.on('error', (error: unknown) => {
    if (!isGone(error)) say(`A connection failed: ${error instanceof Error ? error.message : String(error)}`)
  })
  app.use(answer(metrics, stopping, say))
  app.use(router.routes())
  app.use(router.allowedMethods())
  return app
}

/** True for a reader that closed its connection, as every reader does in the end: nothing failed. */
const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE'].includes(String(error.code))

/** Turns every error into a problem document, and counts the request. */
function answer(metrics: Metrics, stopping: AbortSignal, say: (line: string) => void): Middleware {
  return async (ctx, next) => {
    ctx.set('X-Content-Type-Options', 'nosniff')
    try {
      // Node holds the answers to pipelined requests in memory behind the first one, without a bound of its own.
      if (ctx.res.socket === null) throw storageError('bad-request', { why: 'it came before the answer to the one before it on its connection' })
      await next()
      if (ctx.status === 405 || ctx.status === 501) {
        throw storageError('method-not-allowed', { method: ctx.method, path: ctx.path.slice(0, 256) })
      }
      if (ctx.status === 404 && ctx.body === undefined) throw storageError('not-found', { path: ctx.path.slice(0, 256) })
    } catch (error) {
      const { problem, headers } = refusal(error, ctx.path.slice(0, 256))
      if (problem.status === 500) say(`${ctx.method} ${ctx.path}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      if (isKeyriteError(error) && error.cause instanceof Error && problem.status === 503) say(`${error.message} ${error.cause.message}`)
      ctx.status = problem.status
      ctx.set({ ...headers, 'Cache-Control': 'no-store' })
      ctx.vary('Accept')
      if (wantsPage(ctx)) answerProblemPage(ctx, problem)
      else {
        ctx.body = JSON.stringify(problem)
        ctx.type = PROBLEM_TYPE
      }
    }
    // Unread bytes of a body would be taken for the next request.
    if (stopping.aborted || !ctx.req.complete || ctx.res.socket === null) ctx.set('Connection', 'close')
    const route: unknown = ctx['_matchedRoute']
    metrics.add('keyrite_requests_total', { route: typeof route === 'string' ? route : 'none', status: String(ctx.status) })
  }
}

function param(ctx: Context, name: string): string {
  const params: unknown = ctx['params']
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined
  return typeof value === 'string' ? value : ''
}

function hashOf(ctx: Context): string {
  const hash = param(ctx, 'hash')
  if (!isHex(hash, 32)) throw storageError('bad-request', { why: 'the path does not end in a SHA-256 in lower-case hex' })
  return hash
}

function wantType(ctx: Context, expected: string): void {
  const type = ctx.request.type
  if (type !== expected) throw storageError('bad-type', { type: type === '' ? 'none' : type.slice(0, 64), expected })
}

/** The offset after which to go on; -1 for the start. */
function afterOf(text: string | string[] | undefined): number {
  return text === '-1' ? -1 : numberOf(text, 'after', -1)
}

function numberOf(text: string | string[] | undefined, what: string, otherwise: number): number {
  if (text === undefined) return otherwise
  const number = typeof text === 'string' ? wholeNumber(text, MOST_DIGITS) : undefined
  if (number === undefined) throw storageError('bad-request', { why: `${what} is not a number` })
  return number
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw storageError('not-canonical', { why: 'it is not UTF-8.' }, cause)
  }
}

const pinOf = ({ offset, head }: { offset: number; head: string }) => ({ offset, head })

let openapi: string | null = null

/** The file stands beside this source. In a built package it is at `storage/`, and this code in `dist/storage/`. */
async function openapiText(): Promise<string> {
  const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8')
  openapi ??= await read('./openapi.yaml').catch(() => read('../../storage/openapi.yaml'))
  return openapi
}
