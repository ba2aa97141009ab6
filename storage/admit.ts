/** Who may write: what is checked of a request before the log decides. */
import { isKeyriteError } from '../engine/wire/error.ts'
import { parseMessage, slotOf, verifyMessage, verifyObject } from '../engine/wire/message.ts'
import type { Message } from '../engine/wire/message.ts'
import type { Card } from '../engine/wire/card.ts'
import type { Buckets } from './bucket.ts'
import { equalSecrets, sha256Of } from './digest.ts'
import { storageError } from './errors.ts'
import type { Candidate } from './decide.ts'
import type { Log } from './log.ts'
import { readyCard } from './ready.ts'
import { sameCard } from './register.ts'

/** A board as it is served. */
export interface ServedBoard {
  readonly log: Log
  readonly joinToken: string
  readonly buckets: Buckets
}

const BEARER = /^Bearer +([\x21-\x7e]+)$/i

/**
 * Checks a message's form, author and signature, and that its author may post now. An unregistered name needs a
 * Ready message with its card, and the join token.
 *
 * @param authorization the request's Authorization header, or ''
 * @throws storage.not-canonical, bad-card, no-token, not-registered, name-taken, bad-signature, too-many
 */
export function admit({ log, joinToken, buckets }: ServedBoard, text: string, authorization: string): Candidate {
  const message = read(text)
  const from = message.statement.from
  const card = readyCard(message)
  const registered = log.card(from)
  if (registered === undefined) {
    if (card === null) throw storageError('not-registered', { name: from })
    // The token is asked first: without it nobody learns anything, and no signature is checked.
    const token = BEARER.exec(authorization)?.[1]
    if (token === undefined || !equalSecrets(token, joinToken)) throw storageError('no-token', { name: from })
  } else if (card !== null && !sameCard(card, registered)) {
    throw storageError('name-taken', { name: from })
  }
  const author: Card | null = registered ?? card
  if (author === null || !verifyMessage(message, author.signingKey)) throw storageError('bad-signature', { name: from })
  const seconds = buckets.take(from)
  if (seconds > 0) throw storageError('too-many', { name: from, seconds })
  const registers = registered === undefined ? card : null
  return { text, hash: sha256Of(text), message, slot: slotOf(message.statement), registers }
}

function read(text: string): Message {
  try {
    return parseMessage(text)
  } catch (cause) {
    if (isKeyriteError(cause)) throw storageError('not-canonical', { why: cause.message }, cause)
    throw cause
  }
}

const KEYRITE = /^Keyrite +name="([a-z0-9-]{1,32})", *signature="([0-9a-f]{128})"$/i

/** The label under which the right to put an attachment is signed: `sign(signing key, label, {board, hash})`. */
export const ATTACHMENT_LABEL = 'attachment'

/** The Authorization header for an attachment. */
export const attachmentHeader = (name: string, signature: string): string =>
  `Keyrite name="${name}", signature="${signature}"`

/**
 * Who puts an attachment. Only a registered key may, so that strangers cannot fill the disk.
 *
 * @throws storage.not-authorized, not-registered, too-many
 */
export function admitAttachment({ log, buckets }: ServedBoard, hash: string, authorization: string): string {
  const [, name, signature] = KEYRITE.exec(authorization) ?? []
  if (name === undefined || signature === undefined) {
    throw storageError('not-authorized', { why: 'it is not of the form Keyrite name="…", signature="…"' })
  }
  const card = log.card(name)
  if (card === undefined) throw storageError('not-registered', { name })
  if (!verifyObject(card.signingKey, ATTACHMENT_LABEL, { board: log.name, hash }, signature)) {
    throw storageError('not-authorized', { why: `it is not signed by ${name} for this board and hash` })
  }
  const seconds = buckets.take(name)
  if (seconds > 0) throw storageError('too-many', { name, seconds })
  return name
}
