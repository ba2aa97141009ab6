/** Runs a storage: its data folder, boards, HTTP server, and orderly end. */
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { isKeyriteError } from '../engine/base/errors.ts'
import { containerError, refuseContainer } from '../engine/base/container.ts'
import { makeFolders, readBounded, whyNot } from '../engine/base/files.ts'
import { lockFolder } from '../engine/base/lock.ts'
import { isName, isToken, NAME_SAYS, TOKEN_SAYS } from '../engine/base/names.ts'
import { within } from '../engine/base/signals.ts'
import { tokenBuckets } from './admit.ts'
import type { ServedBoard } from './admit.ts'
import { createApp } from './app.ts'
import { storageError } from './errors.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { Limits } from './limits.ts'
import { openLog } from './log.ts'
import { newMetrics } from './metrics.ts'
import type { Metrics } from './metrics.ts'
import { readPageFile } from './pages.ts'
import { stores } from './stores/table.ts'
import type { StoreKind, StoreName } from './stores/table.ts'

export interface BoardOptions {
  /** A name by the rule for all names. */
  readonly name: string
  /** Lets a new participant register. At least 16 characters. Secret. */
  readonly joinToken: string
}

export interface ServeOptions {
  readonly host: string
  /** The port; 0 for a free one. */
  readonly port: number
  readonly boards: readonly BoardOptions[]
  readonly store: StoreName
  /** The data folder, for a store that keeps the boards. It is made if it is not there. */
  readonly data?: string
  /** Paths of PEM files. With them the storage serves https. */
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly limits?: Partial<Limits>
  /** Hears, line by line, what an operator should know. */
  readonly say?: (line: string) => void
}

export interface Serving {
  /** The address, such as `http://127.0.0.1:4321`. */
  readonly url: string
  /** Stops taking requests, ends the event streams, writes and syncs the queue. Never throws. */
  close(): Promise<void>
}

/**
 * Starts a storage.
 *
 * @throws storage.bad-option, storage.no-page, storage.tls, storage.port-in-use, storage.cannot-listen, storage.unusable,
 * storage.first-version, storage.damaged, lock.held, lock.elsewhere, lock.unknown
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  checkBoards(options.boards)
  const page = readPageFile()
  const say = options.say ?? (() => undefined)
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const metrics = newMetrics()
  const closers: (() => Promise<void>)[] = []
  const undo = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close().catch((error: unknown) => say(String(error)))
  }
  try {
    // The port is bound before the data is touched, so that a second start fails there. Requests wait for the boards.
    let begin: (listener: Listener) => void = () => undefined
    const begun = new Promise<Listener>((resolve) => (begin = resolve))
    const server = await makeServer(options.tls, limits, (request, response) => {
      void begun.then((listener) => {
        if (!request.destroyed) listener(request, response)
      })
    })
    const silent = silentSockets(server, options.tls === undefined ? 'connection' : 'secureConnection')
    const port = await listen(server, options.host, options.port)
    closers.push(() => shut(server))
    const boards = await openBoards(options, limits, metrics, say, closers)
    const stopping = new AbortController()
    const answer = createApp({ boards, limits, metrics, page, stopping: stopping.signal, say }).callback()
    begin((request, response) => void answer(request, response))
    const scheme = options.tls === undefined ? 'http' : 'https'
    const host = options.host.includes(':') ? `[${options.host}]` : options.host
    let closing: Promise<void> | null = null
    const close = async (): Promise<void> => {
      stopping.abort()
      await drain(server, silent, limits.grace)
      await undo()
    }
    return { url: `${scheme}://${host}:${port}`, close: () => (closing ??= close()) }
  } catch (error) {
    await undo()
    throw error
  }
}

function checkBoards(boards: readonly BoardOptions[]): void {
  if (boards.length === 0) throw storageError('bad-option', { option: '--board', why: 'is missing: name at least one board' })
  for (const [i, { name, joinToken }] of boards.entries()) {
    if (!isName(name)) {
      throw storageError('bad-option', { option: '--board', why: `is ${name}; a name is ${NAME_SAYS}` })
    }
    if (boards.findIndex((other) => other.name === name) !== i) {
      throw storageError('bad-option', { option: '--board', why: `names ${name} twice` })
    }
    if (!isToken(joinToken)) {
      const why = `must hold one token of ${TOKEN_SAYS}`
      throw storageError('bad-option', { option: '--join-token-file', why })
    }
  }
}

async function openBoards(
  { boards, store, data }: ServeOptions,
  limits: Limits,
  metrics: Metrics,
  say: (line: string) => void,
  closers: (() => Promise<void>)[],
): Promise<Map<string, ServedBoard>> {
  const served = new Map<string, ServedBoard>()
  const kind: StoreKind = stores[store]
  const folder = kind.isKept ? await openData(data, closers) : ''
  for (const { name, joinToken } of boards) {
    const log = await openLog(name, kind.isKept ? (hear) => kind.open(join(folder, name), say, hear) : kind.open, limits, (_messages, ms) => {
      metrics.add('keyrite_batches_total', { board: name })
      metrics.add('keyrite_batch_seconds_total', { board: name }, ms / 1000)
    })
    closers.push(() => log.close())
    served.set(name, { log, joinToken, buckets: tokenBuckets(limits.rate, limits.burst, () => performance.now()) })
    const count = log.last().offset + 1
    say(`Board ${name}: ${count} messages, ${log.participants()} participants, ${log.attachments.count()} attachments.`)
  }
  for (const name of folder === '' ? [] : await readdir(folder)) {
    if (!served.has(name)) say(`Board ${name} is in the data folder, but is not served: no --board names it.`)
  }
  return served
}

async function openData(data: string | undefined, closers: (() => Promise<void>)[]): Promise<string> {
  if (data === undefined) throw storageError('bad-option', { option: '--data', why: 'is missing' })
  try {
    await makeFolders(data, { durable: true })
    const lock = await lockFolder(data)
    closers.push(() => lock.release())
    const folder = join(data, 'boards')
    await makeFolders(folder, { durable: true })
    return folder
  } catch (error) {
    if (isKeyriteError(error) && error.code.startsWith('lock.')) throw error
    throw storageError('unusable', { path: data, why: whyNot('make', error) }, error)
  }
}

type Listener = NonNullable<Parameters<typeof createServer>[1]>

async function makeServer(tls: ServeOptions['tls'], limits: Limits, listener: Listener): Promise<Server> {
  const bounds = {
    headersTimeout: limits.headersTimeout,
    requestTimeout: limits.requestTimeout,
    connectionsCheckingInterval: Math.min(5000, limits.headersTimeout),
    keepAliveTimeout: limits.idleTimeout,
  }
  let server: Server
  if (tls === undefined) server = createServer(bounds, listener)
  else {
    const [cert, key] = await Promise.all([readPem(tls.cert), readPem(tls.key)])
    try {
      server = createTlsServer({ ...bounds, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: limits.headersTimeout }, listener)
    } catch (cause) {
      throw storageError('tls', { path: tls.cert, why: whyOf(cause) }, cause)
    }
  }
  server.maxConnections = limits.connections
  // Heartbeats keep a living event stream above this time; a reader that takes nothing is cut.
  server.setTimeout(limits.idleTimeout)
  return server
}

/** The most bytes of a certificate chain or a key. */
const MOST_PEM = 1 << 20

async function readPem(path: string): Promise<Buffer> {
  try {
    const bytes = await readBounded(path, MOST_PEM)
    refuseContainer(bytes, path)
    return Buffer.from(bytes)
  } catch (cause) {
    if (containerError.made(cause)) throw cause
    throw storageError('tls', { path, why: whyNot('read', cause) }, cause)
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE'
        ? storageError('port-in-use', { host, port }, error)
        : storageError('cannot-listen', { host, port, why: error.message }, error))
    })
    server.listen({ host, port, backlog: 1024 }, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Closes the server at once, and every connection with it. */
async function shut(server: Server): Promise<void> {
  if (!server.listening) return
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
}

/** Accepts no more connections and waits for the requests in flight, up to `grace` milliseconds. */
async function drain(server: Server, silent: ReadonlySet<Socket>, grace: number): Promise<void> {
  // A connection becomes idle when its last answer is out, an event stream's too. Kept alive, it would delay the end.
  const sweep = setInterval(() => server.closeIdleConnections(), 50)
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const socket of silent) socket.destroy()
  await within(grace, () => closed, () => server.closeAllConnections())
  clearInterval(sweep)
}

/** The connections that have not sent a request yet. Node does not count them as idle. */
function silentSockets(server: Server, event: 'connection' | 'secureConnection'): ReadonlySet<Socket> {
  const silent = new Set<Socket>()
  server.on(event, (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  server.prependListener('request', ({ socket }: IncomingMessage) => silent.delete(socket))
  return silent
}

const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
