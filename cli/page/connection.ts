/** This page's key for its command, and its requests with it. */
import { alarm, pause } from '../../engine/base/signals.ts'
import { HEARTBEAT } from '../web/protocol.ts'
import type { FramesResult, PAGE_TAKEN, PageError, PageState } from '../web/protocol.ts'
import { pageFailure } from './failures.ts'

/** The error for a request that the command refused or did not answer. */
export class CommandRefused extends Error {
  /** The HTTP status; 0 where nobody answered. */
  readonly status: number
  readonly error: PageError | undefined
  constructor(status: number, error?: PageError) {
    super(error?.message ?? `the command answered ${status}`)
    this.name = 'CommandRefused'
    this.status = status
    this.error = error
  }
}

export const isKeyRefused = (error: unknown): boolean => error instanceof CommandRefused && (error.status === 401 || error.status === 403)

/** Tells the owner why something did not reach the command. */
export function whyNotSent(error: unknown): string {
  const { title, what, todo } = pageFailure('not-sent')
  if (error instanceof CommandRefused && error.error !== undefined) return `${error.error.message} ${error.error.todo}`
  return [`${title}.`, what, ...todo].join(' ')
}

export interface Connection {
  readonly fetch: (path: string, init?: { readonly body?: unknown; readonly signal?: AbortSignal }) => Promise<Response>
  readonly message: (id: string) => Promise<Uint8Array>
  readonly frames: (frames: readonly string[]) => Promise<FramesResult>
  readonly answer: (question: string, answer: string) => Promise<void>
  readonly taken: (id: string) => Promise<void>
}

const KEY = 'key'

/**
 * Exchanges the token in the address for a key. It removes the token from the address, since a screenshot or the
 * history would keep it.
 *
 * @returns undefined where there is neither a token nor a key from before
 * @throws CommandRefused
 */
export async function connect(kept: PageMemory, place: Location = location): Promise<Connection | undefined> {
  const token = place.hash.slice(1)
  if (token !== '') history.replaceState(null, '', place.pathname)
  const old = kept.get(KEY)
  if (token === '') return old === undefined ? undefined : sessionWith(old)
  try {
    const response = await asked('/session', { method: 'POST', headers: JSON_TYPE, body: JSON.stringify({ token }) })
    const { key } = (await response.json()) as { readonly key: string }
    kept.set(KEY, key)
    return sessionWith(key)
  } catch (error) {
    // The token was used already, perhaps by this very page.
    if (isKeyRefused(error) && old !== undefined) return sessionWith(old)
    throw error
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

function sessionWith(key: string): Connection {
  const authorization = `Bearer ${key}`
  const send: Connection['fetch'] = (path, { body, signal } = {}) => asked(path, {
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? { headers: { authorization } } : { method: 'POST', headers: { ...JSON_TYPE, authorization }, body: JSON.stringify(body) }),
  })
  return {
    fetch: send,
    message: async (id) => new Uint8Array(await (await send(`/message?id=${encodeURIComponent(id)}`)).arrayBuffer()),
    frames: async (frames) => (await (await send('/frames', { body: { frames } })).json()) as FramesResult,
    answer: async (question, answer) => {
      await send('/answer', { body: { question, answer } })
    },
    taken: async (id) => {
      await send('/taken', { body: { id } })
    },
  }
}

/** @throws CommandRefused for every answer but a good one */
async function asked(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { ...init, cache: 'no-store', credentials: 'omit', redirect: 'error' })
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause
    throw new CommandRefused(0)
  }
  if (response.ok) return response
  throw new CommandRefused(response.status, await response.json().then((error) => error as PageError, () => undefined))
}

// The command's events: states as they come, signs of life, and their end.

/** Milliseconds without a sign of life after which a command counts as gone. It may only be busy, so it is still heard. */
export const SILENCE = 3 * HEARTBEAT
/** Milliseconds between two attempts. */
const RETRY = 1000

export interface StreamOptions {
  readonly session: Pick<Connection, 'fetch'>
  readonly onState: (state: PageState) => void
  /** Hears that the command lives and talks to this page. */
  readonly onLive: () => void
  /** Hears that nothing came for `SILENCE`. Attempts go on. */
  readonly onSilent: () => void
  /** Hears that the stream ended for good, until `start` is called again. */
  readonly onEnd: (why: 'taken' | 'refused') => void
}

export interface Stream {
  /** Begins to read the events; any other page loses them. */
  readonly start: () => void
  readonly stop: () => void
}

export function makeStream({ session, onState, onLive, onSilent, onEnd }: StreamOptions): Stream {
  let run = 0
  let reading: AbortController | undefined
  let lastHeard = 0

  function start(): void {
    stop()
    lastHeard = performance.now()
    void readOn(run)
  }

  function stop(): void {
    run += 1
    reading?.abort()
  }

  async function readOn(mine: number): Promise<void> {
    while (mine === run) {
      const why = await readOnce(mine)
      if (mine !== run) return
      if (why !== 'lost') {
        run += 1
        onEnd(why)
        return
      }
      if (performance.now() - lastHeard > SILENCE) onSilent()
      await pause(RETRY)
    }
  }

  async function readOnce(mine: number): Promise<'lost' | 'taken' | 'refused'> {
    const controller = new AbortController()
    reading = controller
    // The connection is kept: a lost one ends by itself, and a busy command's last words come on it.
    const silence = alarm(onSilent)
    silence.set(SILENCE)
    try {
      const { body } = await session.fetch('/events', { signal: controller.signal })
      if (body === null) return 'lost'
      for await (const line of streamLines(body)) {
        if (mine !== run) return 'lost'
        silence.set(SILENCE)
        lastHeard = performance.now()
        onLive()
        if (line === '') continue
        const value = JSON.parse(line) as PageState | { readonly code: typeof PAGE_TAKEN }
        if (!('role' in value)) return 'taken'
        onState(value)
      }
      return 'lost'
    } catch (error) {
      return isKeyRefused(error) ? 'refused' : 'lost'
    } finally {
      silence.clear()
      controller.abort()
    }
  }

  return { start, stop }
}

/** A stream's lines, without their ends. The text behind the last end is no line yet. */
export async function* streamLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/**
 * The outbox takes the camera's texts to the command: a few at a time, one request after another, and no text twice
 * within seconds.
 */

export interface Outbox {
  readonly add: (text: string) => void
  /** Forgets the waiting texts and those that were sent. */
  readonly clear: () => void
}

export interface OutboxOptions<R> {
  readonly post: (texts: readonly string[]) => Promise<R>
  readonly onResult: (result: R, texts: readonly string[]) => void
  readonly onProblem: (problem: unknown) => void
  readonly now: () => number
  /** The most texts in one request. */
  readonly most: number
}

/** Milliseconds during which a text that was sent is not sent again. */
const AGAIN_AFTER = 3000
/** The most texts that wait; the oldest give way, since any frame is as good as another. */
const MOST_WAITING = 64

export function makeOutbox<R>({ post, onResult, onProblem, now, most }: OutboxOptions<R>): Outbox {
  const taken = new Map<string, number>()
  let waiting: string[] = []
  let isBusy = false

  function add(text: string): void {
    const at = now()
    if (at - (taken.get(text) ?? -Infinity) < AGAIN_AFTER) return
    for (const [old, time] of taken) if (at - time >= AGAIN_AFTER) taken.delete(old)
    taken.set(text, at)
    waiting = [...waiting, text].slice(-MOST_WAITING)
    void flush()
  }

  async function flush(): Promise<void> {
    if (isBusy) return
    isBusy = true
    while (waiting.length > 0) {
      const texts = waiting.slice(0, most)
      waiting = waiting.slice(most)
      try {
        onResult(await post(texts), texts)
      } catch (problem) {
        // They may be read again at once: the code is still there.
        for (const text of texts) taken.delete(text)
        onProblem(problem)
      }
    }
    isBusy = false
  }

  function clear(): void {
    waiting = []
    taken.clear()
  }

  return { add, clear }
}

/**
 * This page's memory. The owner's choices last at this address, for the next command too; all else lasts in this tab,
 * over a reload. Where a browser stores nothing, nothing is remembered.
 */
export interface PageMemory {
  readonly get: (name: string) => string | undefined
  readonly set: (name: string, value: string | undefined) => void
}

const PREFIX = 'keyrite.'
const LASTING: ReadonlySet<string> = new Set(['camera', 'camera-name', 'sound', 'hint'])

export function makePageMemory(tab: () => Storage = () => globalThis.sessionStorage, address: () => Storage = () => globalThis.localStorage): PageMemory {
  const storageOf = (name: string): Storage => (LASTING.has(name) ? address() : tab())
  return {
    get: (name) => {
      try {
        return storageOf(name).getItem(PREFIX + name) ?? undefined
      } catch {
        return undefined
      }
    },
    set: (name, value) => {
      try {
        if (value === undefined) storageOf(name).removeItem(PREFIX + name)
        else storageOf(name).setItem(PREFIX + name, value)
      } catch {
        // The value is lost at a reload, and asked anew.
      }
    },
  }
}
