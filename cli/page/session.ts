/** This page's key for its command, and what it asks the command with it. */
import type { FramesResult, PageError } from '../web/protocol.ts'
import { failureOf } from './failures.ts'
import type { Kept } from './kept.ts'

/** What the command refused, or that it did not answer. */
export class Refused extends Error {
  /** 0 where nobody answered. */
  readonly status: number
  readonly error: PageError | undefined
  constructor(status: number, error?: PageError) {
    super(error?.message ?? `the command answered ${status}`)
    this.name = 'Refused'
    this.status = status
    this.error = error
  }
}

export const isKeyRefused = (error: unknown): boolean => error instanceof Refused && (error.status === 401 || error.status === 403)

/** Why something did not reach the command, for its owner. */
export function whyNot(error: unknown): string {
  const { title, what, todo } = failureOf('not-sent')
  if (error instanceof Refused && error.error !== undefined) return `${error.error.message} ${error.error.todo}`
  return [`${title}.`, what, ...todo].join(' ')
}

export interface Session {
  readonly fetch: (path: string, init?: { readonly body?: unknown; readonly signal?: AbortSignal }) => Promise<Response>
  readonly message: (id: string) => Promise<Uint8Array>
  readonly frames: (frames: readonly string[]) => Promise<FramesResult>
  readonly answer: (question: string, answer: string) => Promise<void>
  readonly taken: (id: string) => Promise<void>
}

const KEY = 'key'

/**
 * Exchanges the token in the address for a key, and takes it out of the address, where a screenshot or a history would have it.
 *
 * @returns undefined where there is neither a token nor a key from before
 * @throws Refused
 */
export async function openSession(kept: Kept, place: Location = location): Promise<Session | undefined> {
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
    // The token is used up, perhaps by this very page.
    if (isKeyRefused(error) && old !== undefined) return sessionWith(old)
    throw error
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }

function sessionWith(key: string): Session {
  const authorization = `Bearer ${key}`
  const send: Session['fetch'] = (path, { body, signal } = {}) => asked(path, {
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

/** @throws Refused for all but a good answer */
async function asked(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(path, { ...init, cache: 'no-store', credentials: 'omit', redirect: 'error' })
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause
    throw new Refused(0)
  }
  if (response.ok) return response
  throw new Refused(response.status, await response.json().then((error) => error as PageError, () => undefined))
}
