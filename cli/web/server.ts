/**
 * The server of one command's page: on loopback, and for one page alone. It serves one file and the few calls of
 * `protocol.ts`. A page of another site in the same browser can reach this port too. So the Host must be this one
 * (against DNS rebinding), the Origin must be this one, and everything but the file needs the session's token or key.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { wholeNumber } from '../../engine/base/names.ts'
import { happening } from '../../engine/base/signals.ts'
import { MOST_REASON } from '../../engine/wire/message.ts'
import { compileCheck, objectSchema } from '../../engine/wire/schema.ts'
import type { CommandPage } from './page-file.ts'
import { HEARTBEAT, MOST_FRAME_CHARACTERS, MOST_FRAMES, PAGE_TAKEN } from './protocol.ts'
import type { FramesResult, PageState } from './protocol.ts'
import { readBounded, writeDurable } from '../../engine/base/files.ts'
import { equalSecrets } from '../../engine/base/secrets.ts'

// The body of a page's request is bounded before it is held in memory.

/** The reason why a page's request is refused. */
class WebRefusal extends Error {
  readonly status: number
  readonly code: string
  readonly todo: string
  constructor(status: number, code: string, message: string, todo = 'Open the address that the terminal prints.') {
    super(message)
    this.name = 'WebRefusal'
    this.status = status
    this.code = code
    this.todo = todo
  }
}

const MOST_BYTES = MOST_FRAME_CHARACTERS + 4096

/** @throws WebRefusal */
async function readBody(request: IncomingMessage): Promise<string> {
  if (request.headers['content-type'] !== 'application/json') throw new WebRefusal(415, 'type', 'Only JSON is taken.')
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length
    if (size > MOST_BYTES) throw new WebRefusal(413, 'size', `That is longer than ${String(MOST_BYTES)} bytes.`, 'Paste one line at a time.')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

// The bodies of a page's requests, checked.

const text = (maxLength: number) => ({ type: 'string', maxLength })

const token = compileCheck<{ readonly token: string }>(objectSchema({ token: text(256) }))
const frames = compileCheck<{ readonly frames: readonly string[] }>(
  objectSchema({ frames: { type: 'array', maxItems: MOST_FRAMES, items: text(MOST_FRAME_CHARACTERS) } }),
)
const answer = compileCheck<{ readonly question: string; readonly answer: string }>(objectSchema({ question: text(64), answer: text('no '.length + MOST_REASON) }))

const taken = compileCheck<{ readonly id: string }>(objectSchema({ id: text(64) }))

/** @throws WebRefusal, wire.malformed */
const checkToken = (body: string): string => token(parsed(body), 'The page’s token').token
const checkFrames = (body: string): readonly string[] => frames(parsed(body), 'The page’s frames').frames
const checkAnswer = (body: string): { readonly question: string; readonly answer: string } => answer(parsed(body), 'The page’s answer')

const checkTaken = (body: string): string => taken(parsed(body), 'What the page says was taken').id

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new WebRefusal(400, 'json', 'That is no JSON.')
  }
}

// The right to speak to a command belongs to the one page that came with the token of the address, which the terminal
// printed. The token is good once, for a key that only that page has. Another user of this machine, or another site in
// the same browser, has neither.

export interface Access {
  /** Draws a new token; an unused one is no longer good. */
  readonly token: () => string
  /** Gives a key for a good token. After that neither the token nor an earlier key is good. */
  readonly open: (token: string) => string | undefined
  readonly isKey: (key: string) => boolean
  /** Whether the token was good once. A page that brings such a token is the owner's, and is told how to go on. */
  readonly wasToken: (token: string) => boolean
  /** Whether a token is out that is still good. */
  readonly isTokenOut: () => boolean
}

const draw = (): string => randomBytes(32).toString('base64url')

const isSame = (a: string, b: string | undefined): boolean => b !== undefined && equalSecrets(a, b)

function makeAccess(): Access {
  let token: string | undefined
  let key: string | undefined
  const used = new Set<string>()
  return {
    token: () => (token = draw()),
    open: (given) => {
      if (!isSame(given, token)) return undefined
      used.add(given)
      token = undefined
      return (key = draw())
    },
    isKey: (given) => isSame(given, key),
    wasToken: (given) => used.has(given),
    isTokenOut: () => token !== undefined,
  }
}

export interface PageServerUse {
  readonly page: CommandPage
  /** The port to listen on if it is free; 0 or undefined for any. */
  readonly port?: number
  readonly state: () => PageState
  /** The bytes of the transfer with this id, if that one is shown. */
  readonly message: (id: string) => Uint8Array | undefined
  readonly onFrames: (frames: readonly string[]) => FramesResult
  /** @returns false where that question is not asked any more */
  readonly onAnswer: (question: string, answer: string) => boolean
  /** Hears that the other machine has the transfer with this id. */
  readonly onTaken: (id: string) => void
  /** Hears that a page came, or that the only one went. */
  readonly onPage: (isThere: boolean) => void
  /** Hears that a used token was brought and none is good now: its owner needs a new address. */
  readonly onStale: () => void
}

export interface PageServer {
  readonly port: number
  /** An address that is good once. Earlier ones that were not used are no longer good. */
  readonly address: () => string
  /** Tells the page the present state. */
  readonly tell: () => void
  /** Ends the stream with the present state, then closes. */
  readonly close: () => Promise<void>
}

/** The most connections. A browser opens six; strangers on this machine may open some without keeping the owner out. */
const MOST_CONNECTIONS = 128
/** Milliseconds for a page to take the last state, and before that for a lost page to come back for it. */
const GRACE = 1500

/** Serves the page on 127.0.0.1. */
export async function servePage(use: PageServerUse): Promise<PageServer> {
  const session = makeAccess()
  let stream: ServerResponse | undefined
  let isBehind = false
  let lostAt = -Infinity
  let onFollow: (() => void) | undefined
  let origin = ''
  const headers = {
    'Content-Security-Policy': `${use.page.policy}; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(self), microphone=(), geolocation=()',
  }

  function give(response: ServerResponse, status: number, value: unknown): void {
    response.writeHead(status, { ...headers, 'Content-Type': 'application/json' }).end(JSON.stringify(value))
  }

  function checkPlace({ headers: { host, origin: from }, method }: IncomingMessage): void {
    if (`http://${host ?? ''}` !== origin) throw new WebRefusal(421, 'host', 'This page is served at its own address only.')
    if (from === undefined ? method === 'POST' : from !== origin) throw new WebRefusal(403, 'origin', 'Another site’s page may not speak to keyrite.')
  }

  function checkKey({ headers: { authorization = '' } }: IncomingMessage): void {
    if (!session.isKey(/^Bearer (.+)$/.exec(authorization)?.[1] ?? '')) throw new WebRefusal(401, 'key', 'This page does not belong to the command that runs.')
  }

  function open(text: string): unknown {
    const token = checkToken(text)
    const key = session.open(token)
    if (key !== undefined) return { key }
    if (session.wasToken(token) && !session.isTokenOut()) use.onStale()
    throw new WebRefusal(403, 'token', 'This address was used already, or is not the newest.')
  }

  function answer(text: string): unknown {
    const given = checkAnswer(text)
    if (!use.onAnswer(given.question, given.answer)) throw new WebRefusal(409, 'question', 'That question is not asked any more.')
    return {}
  }

  const posts: Readonly<Record<string, (text: string) => unknown>> = {
    '/session': open,
    '/frames': (text) => use.onFrames(checkFrames(text)),
    '/answer': answer,
    '/taken': (text) => {
      use.onTaken(checkTaken(text))
      return {}
    },
  }

  function follow(response: ServerResponse): void {
    stream?.end(`${JSON.stringify({ code: PAGE_TAKEN })}\n`)
    stream = response
    response.writeHead(200, { ...headers, 'Content-Type': 'application/x-ndjson' })
    isBehind = false
    response.on('drain', () => {
      if (stream !== response || !isBehind) return
      isBehind = false
      tell()
    })
    response.on('close', () => {
      if (stream !== response) return
      stream = undefined
      lostAt = performance.now()
      use.onPage(false)
    })
    tell()
    use.onPage(true)
    onFollow?.()
  }

  /** Waits a moment for a page that is being reloaded. */
  async function followed(): Promise<void> {
    if (stream !== undefined || performance.now() - lostAt > 3 * GRACE) return
    await happening((done) => {
      onFollow = done
      return () => (onFollow = undefined)
    }, { ms: GRACE })
  }

  /** Tells the page the newest state. A slow page is told the newest one when it has taken the one before. */
  function tell(): void {
    if (stream === undefined || stream.writableNeedDrain) isBehind = stream !== undefined
    else stream.write(`${JSON.stringify(use.state())}\n`)
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    checkPlace(request)
    const { pathname, searchParams } = new URL(request.url ?? '/', origin)
    if (request.method === 'GET' || request.method === 'HEAD') {
      if (pathname === '/') {
        response.writeHead(200, { ...headers, 'Content-Type': 'text/html; charset=utf-8' }).end(request.method === 'HEAD' ? '' : use.page.html)
        return
      }
      if (pathname !== '/events' && pathname !== '/message') throw new WebRefusal(404, 'path', 'There is nothing here.')
      checkKey(request)
      if (pathname === '/events') {
        follow(response)
        return
      }
      const message = use.message(searchParams.get('id') ?? '')
      if (message === undefined) throw new WebRefusal(404, 'message', 'That is not shown any more.')
      response.writeHead(200, { ...headers, 'Content-Type': 'application/octet-stream' }).end(message)
      return
    }
    const post = Object.hasOwn(posts, pathname) ? posts[pathname] : undefined
    if (request.method !== 'POST' || post === undefined) throw new WebRefusal(request.method === 'POST' ? 404 : 405, 'path', 'There is nothing here.')
    if (pathname !== '/session') checkKey(request)
    give(response, 200, post(await readBody(request)))
  }

  function refuse(response: ServerResponse, error: unknown): void {
    if (response.headersSent) response.destroy()
    else if (error instanceof WebRefusal) give(response, error.status, { code: `web.${error.code}`, message: error.message, todo: error.todo })
    else if (isKeyriteError(error)) give(response, 400, { code: error.code, message: error.message, todo: error.todo })
    else give(response, 500, { code: 'web.failed', message: 'keyrite failed at that.', todo: 'Look at the terminal.' })
  }

  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 30_000, headersTimeout: 3000, connectionsCheckingInterval: 1000 }, (request, response) => {
    serve(request, response).catch((error: unknown) => refuse(response, error))
  })
  server.maxConnections = MOST_CONNECTIONS
  const port = await listen(server, use.port ?? 0)
  origin = `http://127.0.0.1:${String(port)}`
  const beat = setInterval(() => stream?.write('\n'), HEARTBEAT)

  return {
    port,
    address: () => `${origin}/#${session.token()}`,
    tell,
    close: async () => {
      await followed()
      clearInterval(beat)
      const last = stream
      stream = undefined
      if (last !== undefined) {
        await happening((done) => {
          last.end(`${JSON.stringify(use.state())}\n`, done)
          return undefined
        }, { ms: GRACE })
      }
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Listens on this port of loopback or, where it is taken, on any. @returns the port */
async function listen(server: Server, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen({ host: '127.0.0.1', port, exclusive: true }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    if (port === 0) throw error
    return await listen(server, 0)
  }
  return (server.address() as AddressInfo).port
}

// A role's page keeps its port: random at first, and the same afterwards. So a browser that allowed the camera once at
// that address does not ask for each command. Other sites cannot know the port, but their exclusion does not depend on
// that.

const portPath = (home: string): string => join(home, 'page-port')

/** The port of the last time; 0 for any that is free. */
export async function lastPort(home: string): Promise<number> {
  const text = new TextDecoder().decode(await readBounded(portPath(home), 16).catch(() => new Uint8Array()))
  const port = wholeNumber(text.replace(/\n$/, ''), 5) ?? 0
  return port >= 1024 && port <= 65_535 ? port : 0
}

/** Remembers the port. A home that cannot be written has no such comfort. */
export async function keepPort(home: string, port: number): Promise<void> {
  await writeDurable(portPath(home), new TextEncoder().encode(`${String(port)}\n`)).catch(() => undefined)
}

// The machine's own browser: whether there is one that this program can open, and opening it.

interface Opener {
  readonly command: string
  readonly args: readonly string[]
}

/** The program that opens an address here; undefined where there is none: on a server, in a container, over ssh. */
export function browserOpener(platform: NodeJS.Platform = process.platform, env: NodeJS.ProcessEnv = process.env): Opener | undefined {
  if (platform === 'darwin') return env['SSH_CONNECTION'] === undefined ? { command: 'open', args: [] } : undefined
  if (platform === 'win32') return { command: 'rundll32', args: ['url.dll,FileProtocolHandler'] }
  const hasScreen = (env['DISPLAY'] ?? '') !== '' || (env['WAYLAND_DISPLAY'] ?? '') !== ''
  return hasScreen && isOnPath('xdg-open', env) ? { command: 'xdg-open', args: [] } : undefined
}

const isOnPath = (name: string, env: NodeJS.ProcessEnv): boolean =>
  (env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)))

/**
 * Opens an address and does not wait. Everybody who lists this machine's processes sees the address, so it must be good
 * once only and be used at once.
 */
export function openBrowser(address: string, opener: Opener): void {
  const child = spawn(opener.command, [...opener.args, address], { stdio: 'ignore', detached: true })
  // A failure to open it is no error, since the address is printed too.
  child.on('error', () => undefined)
  child.unref()
}
