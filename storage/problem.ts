/** Errors as RFC 9457 problem documents. */
import { KeyriteError } from '../engine/base/errors.ts'
import { storageError } from './errors.ts'

export const PROBLEM_TYPE = 'application/problem+json'
export const PROBLEM_PREFIX = 'urn:problem-type:keyrite:'

/** The HTTP status of every error that the storage answers with. */
export const STATUS = {
  'bad-request': 400,
  'not-canonical': 400,
  'no-token': 401,
  'not-authorized': 401,
  'not-registered': 403,
  'bad-signature': 403,
  'bad-airgap-signature': 403,
  'not-member': 403,
  budget: 403,
  quota: 403,
  'not-found': 404,
  'no-board': 404,
  'no-attachment': 404,
  'method-not-allowed': 405,
  'name-taken': 409,
  'key-taken': 409,
  'slot-taken': 409,
  'length-required': 411,
  'too-large': 413,
  'bad-type': 415,
  'out-of-place': 422,
  'bad-card': 422,
  'bad-opening': 422,
  'not-opened': 422,
  'attachment-missing': 422,
  'seen-differs': 422,
  'hash-differs': 422,
  'too-many': 429,
  internal: 500,
  busy: 503,
  stopping: 503,
  failed: 503,
} as const

type Kind = keyof typeof STATUS

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** What the reader can do now. */
  readonly todo: string
  /** With `slot-taken`: the entry that stands there. */
  readonly first?: { readonly offset: number; readonly head: string; readonly text: string }
}

export interface Refusal {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
}

function kindOf(error: KeyriteError): Kind | null {
  const [area, reason] = error.code.split('.')
  return area === 'storage' && reason !== undefined && Object.hasOwn(STATUS, reason) ? (reason as Kind) : null
}

/** The answer to a request that ended in this error. What is not an error of the storage's own is `internal`. */
export function refusal(thrown: unknown, path: string): Refusal {
  const known = thrown instanceof KeyriteError ? kindOf(thrown) : null
  const error = known !== null && thrown instanceof KeyriteError ? thrown : storageError('internal', { path })
  const kind = known ?? 'internal'
  const problem = {
    type: PROBLEM_PREFIX + kind,
    title: kind.replaceAll('-', ' '),
    status: STATUS[kind],
    detail: error.message,
    todo: error.todo,
    ...first(error),
  }
  return { problem, headers: headersOf(kind, error) }
}

function first(error: KeyriteError): Pick<Problem, 'first'> {
  const { offset, head, text } = error.facts
  if (typeof offset !== 'number' || typeof head !== 'string' || typeof text !== 'string') return {}
  return { first: { offset, head, text } }
}

function headersOf(kind: Kind, error: KeyriteError): Record<string, string> {
  if (kind === 'no-token') return { 'WWW-Authenticate': 'Bearer' }
  if (kind === 'not-authorized') return { 'WWW-Authenticate': 'Keyrite' }
  const { seconds } = error.facts
  if (typeof seconds === 'number') return { 'Retry-After': String(seconds) }
  if (STATUS[kind] === 503) return { 'Retry-After': '5' }
  return {}
}
