import { errorTable, isKeyriteError } from '../engine/base/errors.ts'
import type { KeyriteError, Reason } from '../engine/base/errors.ts'
import { NAME_SAYS } from '../engine/base/names.ts'
import { compileCheck, hexSchema } from '../engine/wire/schema.ts'

const RESEND = 'Send it again as the API describes it: GET /openapi.yaml.'
const LATER = 'Try again later; nothing was lost.'

/** The errors of the storage: those that it answers with (and their HTTP status), and those that keep it from starting. */
export const storageError = errorTable('storage', {
  'not-found': ({ path }: { path: string }) => ({
    what: `There is nothing at ${path}.`,
    todo: 'GET /openapi.yaml lists what this storage answers.',
  }),
  'no-board': ({ board }: { board: string }) => ({
    what: `This storage serves no board named ${board}.`,
    todo: 'Check the address, or ask its operator to start it with this --board.',
  }),
  'no-attachment': ({ hash }: { hash: string }) => ({
    what: `The attachment ${hash} is not stored here.`,
    todo: 'Its author must put it first.',
  }),
  'method-not-allowed': ({ method, path }: { method: string; path: string }) => ({
    what: `${method} is not possible at ${path}.`,
    todo: 'The Allow header lists what is.',
  }),
  'bad-request': ({ why }: { why: string }) => ({ what: `The request is refused: ${why}.`, todo: RESEND }),
  'not-canonical': ({ why }: { why: string }) => ({
    what: `The message is refused: ${why}`,
    todo: 'Post the exact bytes of one message in canonical JSON (RFC 8785), in UTF-8.',
  }),
  'bad-type': ({ type, expected }: { type: string; expected: string }) => ({
    what: `The body is of type ${type}; it must be ${expected}.`,
    todo: RESEND,
  }),
  'length-required': ({ limit }: { limit: number }) => ({
    what: `The request has no Content-Length, by which its body (at most ${limit} bytes) is bounded.`,
    todo: RESEND,
  }),
  'too-large': ({ limit }: { limit: number }) => ({
    what: `The body is larger than ${limit} bytes, the most that is taken here.`,
    todo: 'Send less; a message that large is not one of keyrite.',
  }),
  'no-token': ({ name }: { name: string }) => ({
    what: `${name} is not registered on this board, and the join token is missing or wrong.`,
    todo: 'Ask the operator of the storage for the join token, and give its file to the client.',
  }),
  'not-authorized': ({ why }: { why: string }) => ({
    what: `The Authorization header is missing or wrong: ${why}.`,
    todo: 'Send: Authorization: Keyrite name="NAME", signature="HEX", signed by the registered key.',
  }),
  'not-registered': ({ name }: { name: string }) => ({
    what: `${name} is not registered on this board.`,
    todo: 'Post the identity card first: `keyrite client ready`.',
  }),
  'bad-signature': ({ name }: { name: string }) => ({
    what: `The message is not signed by the registered key of ${name}.`,
    todo: 'Sign with the key of the card that registered this name.',
  }),
  'bad-airgap-signature': ({ name }: { name: string }) => ({
    what: `The statement is not signed by the registered airgap of ${name}.`,
    todo: 'It was altered on the way, or another airgap made it. Pair the client with the airgap of its card, and let that answer again.',
  }),
  'out-of-place': ({ type, why }: { type: string; why: string }) => ({
    what: `The message, a ${type}, is refused: ${why}.`,
    todo: 'Send a Ready or an Opening to no ceremony, and anything else to one.',
  }),
  'bad-card': ({ why }: { why: string }) => ({
    what: `The Ready message is refused: ${why}.`,
    todo: 'Send {card, cardSignature, script} as payload, from the name on the card, with valid keys, signed by its airgap.',
  }),
  'bad-opening': ({ why }: { why: string }) => ({
    what: `The Opening is refused: ${why}.`,
    todo: 'Open it anew, as one of its roster: `keyrite client open`.',
  }),
  'not-opened': ({ ceremony }: { ceremony: string }) => ({
    what: `The ceremony ${ceremony} was not opened on this board.`,
    todo: 'Post its Opening first. If it was opened here before, compare the log’s head with the other participants.',
  }),
  'not-member': ({ name, ceremony }: { name: string; ceremony: string }) => ({
    what: `${name}, with the keys that are registered, takes no part in the ceremony ${ceremony}.`,
    todo: 'Only those in its roster post in it. Whoever got a new client since then takes part from the next ceremony on.',
  }),
  budget: ({ name, most }: { name: string; most: string }) => ({
    what: `${name} has used up the ${most} that one member may post in a ceremony.`,
    todo: 'Look for what posts so much under this name. The other members are not held up.',
  }),
  'name-taken': ({ name }: { name: string }) => ({
    what: `Another card is registered under the name ${name}.`,
    todo: 'Take another name, or use the keys of the registered card. A new client of the same airgap takes a new name.',
  }),
  'key-taken': ({ name, owner }: { name: string; owner: string }) => ({
    what: `The card of ${name} holds a key that ${owner} has registered.`,
    todo: 'Every participant needs keys of their own.',
  }),
  'slot-taken': ({ offset }: { offset: number; head: string; text: string }) => ({
    what: `Another statement is already in this place of the log, at offset ${offset}.`,
    todo: 'Two statements of one airgap for one step are equivocation. Look for a second copy of this client.',
  }),
  'attachment-missing': ({ hash }: { hash: string }) => ({
    what: `The message names the attachment ${hash}, which is not stored here.`,
    todo: 'Put the attachment first, then post the message again.',
  }),
  'seen-differs': ({ offset }: { offset: number }) => ({
    what: `The message says that its author saw another log than this one, up to offset ${offset}.`,
    todo: 'Stop. Compare the last offset and head with the other participants and with the operator.',
  }),
  'hash-differs': ({ hash }: { hash: string }) => ({
    what: `The body's SHA-256 is not ${hash}.`,
    todo: 'The upload was altered on the way; send it again.',
  }),
  quota: ({ name, limit }: { name: string; limit: number }) => ({
    what: `${name} has used up the ${limit} bytes (or the number of attachments) that one key may store on this board.`,
    todo: 'Ask the operator for a larger limit or a new board.',
  }),
  'too-many': ({ name, seconds }: { name: string; seconds: number }) => ({
    what: `${name} posts more messages a second than one key may.`,
    todo: `Wait ${seconds} s and send it again.`,
  }),
  busy: ({ why }: { why: string; seconds: number }) => ({ what: `The storage is busy: ${why}.`, todo: LATER }),
  stopping: ({ board }: { board: string }) => ({ what: `The storage of the board ${board} is stopping.`, todo: LATER }),
  failed: ({ board }: { board: string }) => ({
    what: `The storage cannot write the board ${board} any more and takes no message until it is started again.`,
    todo: 'Its operator must look at the disk (full? broken?) and restart it. What was acknowledged is safe.',
  }),
  internal: ({ path }: { path: string }) => ({
    what: `The storage failed while answering ${path}.`,
    todo: "Try again; its operator finds the cause in the storage's own output.",
  }),

  'bad-option': ({ option, why }: { option: string; why: string }) => ({
    what: `The storage cannot start: ${option} ${why}.`,
    todo: 'See `keyrite storage serve --help`.',
  }),
  'bad-url': ({ url }: { url: string }) => ({
    what: `${url} is not the address of a board.`,
    todo: `Give http(s)://HOST[:PORT]/boards/NAME, with a name of ${NAME_SAYS}.`,
  }),
  'port-in-use': ({ host, port }: { host: string; port: number }) => ({
    what: `Port ${port} on ${host} is in use by another program.`,
    todo: 'Stop that program, or choose another port with --listen HOST:PORT (port 0 takes a free one).',
  }),
  'cannot-listen': ({ host, port, why }: { host: string; port: number; why: string }) => ({
    what: `The storage cannot listen on ${host}:${port}: ${why}.`,
    todo: 'Choose an address of this machine with --listen HOST:PORT; ports below 1024 need a privilege.',
  }),
  tls: ({ path, why }: { path: string; why: string }) => ({
    what: `The TLS file ${path} cannot be used: ${why}.`,
    todo: 'Give the certificate chain and its private key as readable PEM files with --tls-cert and --tls-key.',
  }),
  'no-page': ({ path }: { path: string }) => ({
    what: `The storage cannot start: its page for people is not at ${path}.`,
    todo: 'Install keyrite again; in its sources, run `npm run build` first.',
  }),
  unusable: ({ path, why }: { path: string; why: string }) => ({
    what: `The data folder ${path} cannot be used: ${why}.`,
    todo: 'Give a folder on a disk with free space that this user can write, with --data DIR.',
  }),
  'first-version': ({ path }: { path: string }) => ({
    what: `${path} is of keyrite’s first protocol version, which this one does not read. The storage does not start on it.`,
    todo: 'Give an empty folder with --data DIR. What began in the first version ends with the keyrite that began it.',
  }),
  damaged: ({ path, line, byte, why }: { path: string; line: number; byte: number; why: string }) => ({
    what: `${path} is damaged at line ${line} (byte ${byte}): ${why}. The storage does not start on it.`,
    todo: 'Keep a copy of the file as it is. Then put a good backup in its place, or start with an empty --data folder.',
  }),
})

declare module '../engine/base/errors.ts' {
  interface ErrorTables { readonly storage: typeof storageError.table }
}

// Errors are written and read as RFC 9457 problem documents.

export const PROBLEM_TYPE = 'application/problem+json'
const PREFIX = 'urn:problem-type:keyrite:'

/** The HTTP status of every error that the storage answers with. The errors without one keep it from starting. */
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
} as const satisfies Partial<Readonly<Record<Reason<'storage'>, number>>>

/** A reason that the storage answers with. */
type Kind = keyof typeof STATUS
const isKind = (reason: string): reason is Kind => Object.hasOwn(STATUS, reason)

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** The reader's next step. */
  readonly todo: string
  /** With `slot-taken`: the entry that stands in the slot. */
  readonly first?: { readonly offset: number; readonly head: string; readonly text: string }
}

export interface Refusal {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
}

/** The answer to a request that ended in this error. Any error that is not the storage's own becomes `internal`. */
export function refusal(thrown: unknown, path: string): Refusal {
  const reason = storageError.made(thrown) ? thrown.code.slice('storage.'.length) : ''
  const kind = isKind(reason) ? reason : 'internal'
  const error = storageError.made(thrown) && isKind(reason) ? thrown : storageError('internal', { path })
  const problem = {
    type: PREFIX + kind,
    title: kind.replaceAll('-', ' '),
    status: STATUS[kind],
    detail: error.message,
    todo: error.todo,
    ...(isKeyriteError(error, 'storage.slot-taken') ? { first: error.facts } : {}),
  }
  return { problem, headers: headersOf(kind, error) }
}

function headersOf(kind: Kind, error: KeyriteError): Record<string, string> {
  if (kind === 'no-token') return { 'WWW-Authenticate': 'Bearer' }
  if (kind === 'not-authorized') return { 'WWW-Authenticate': 'Keyrite' }
  if (isKeyriteError(error, 'storage.too-many', 'storage.busy')) return { 'Retry-After': String(error.facts.seconds) }
  if (STATUS[kind] === 503) return { 'Retry-After': '5' }
  return {}
}

/** The fields of a problem document that its reader needs. */
export interface ReadProblem extends Pick<Problem, 'type' | 'detail' | 'first'> {
  /** Null for a kind of problem that this program does not know. */
  readonly kind: Kind | null
}

const checkProblem = compileCheck<Omit<ReadProblem, 'kind'>>({
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

/** Reads a problem document from a storage that is not trusted; null for anything else. */
export function readProblem(text: string): ReadProblem | null {
  try {
    const { type, detail, first } = checkProblem(JSON.parse(text), 'its answer')
    const reason = type.startsWith(PREFIX) ? type.slice(PREFIX.length) : ''
    return { type, detail, kind: isKind(reason) ? reason : null, ...(first && { first }) }
  } catch {
    return null
  }
}
