/** The checks of a request before the log decides: they say who may write. */
import { isKeyriteError } from '../engine/base/errors.ts'
import { ATTACHMENT_LABEL, readAttachmentHeader } from '../engine/wire/board.ts'
import type { Card } from '../engine/wire/card.ts'
import { parseMessage, placeProblem, slotOf, verifyMessage, verifyStatement } from '../engine/wire/message.ts'
import type { Message } from '../engine/wire/message.ts'
import { verifyObject } from '../engine/wire/sign.ts'
import { keysOf, openedBy, readyBy, wantOwnCard } from './ceremonies.ts'
import { equalSecrets } from '../engine/base/secrets.ts'
import { sha256Of } from './digest.ts'
import { storageError } from './errors.ts'
import type { Candidate, Log } from './log.ts'

/** A board as it is served. */
export interface ServedBoard {
  readonly log: Log
  readonly joinToken: string
  readonly buckets: Buckets
}

const BEARER = /^Bearer +([\x21-\x7e]+)$/i

/**
 * Checks a message's form, place, author and signatures, and that its author may post now. An unregistered name needs a
 * Ready with its card, and the join token. Only members of a ceremony post in it.
 *
 * @param authorization the request's Authorization header, or ''
 * @throws storage.not-canonical, storage.out-of-place, storage.bad-card, storage.no-token, storage.not-registered,
 * storage.name-taken, storage.bad-signature, storage.too-many, storage.bad-airgap-signature, storage.bad-opening,
 * storage.not-opened, storage.not-member
 */
export function admit({ log, joinToken, buckets }: ServedBoard, text: string, authorization: string): Candidate {
  const message = read(text)
  const { statement, airgapSignature } = message
  const { from } = statement
  const problem = placeProblem(message)
  if (problem !== null) throw storageError('out-of-place', { type: statement.type, why: problem })
  const ready = readyBy(message)
  const registered = log.card(from)
  if (registered === undefined) {
    if (ready === null) throw storageError('not-registered', { name: from })
    // The token is checked before any signature: a stranger without it learns nothing and costs no verification.
    const token = BEARER.exec(authorization)?.[1]
    if (token === undefined || !equalSecrets(token, joinToken)) throw storageError('no-token', { name: from })
  } else if (ready !== null && keysOf(ready.card) !== keysOf(registered)) {
    throw storageError('name-taken', { name: from })
  }
  const author = registered ?? ready?.card
  if (author === undefined || !verifyMessage(message, author.signingKey)) throw storageError('bad-signature', { name: from })
  const seconds = buckets.take(from)
  if (seconds > 0) throw storageError('too-many', { name: from, seconds })
  if (ready !== null) wantOwnCard(ready)
  if (airgapSignature !== undefined && !verifyStatement(statement, airgapSignature, author.airgapKey)) {
    throw storageError('bad-airgap-signature', { name: from })
  }
  const opens = openedBy(message, author)
  if (statement.ceremony !== null) wantMember(log, statement.ceremony, author)
  return { text, hash: sha256Of(text), message, slot: slotOf(statement), registers: registered === undefined ? author : null, opens }
}

/** @throws storage.not-opened, storage.not-member */
function wantMember({ ceremonies }: Log, ceremony: string, author: Card): void {
  if (ceremonies.openedAt(ceremony) === undefined) throw storageError('not-opened', { ceremony })
  if (!ceremonies.isMember(ceremony, author)) throw storageError('not-member', { name: author.name, ceremony })
}

function read(text: string): Message {
  try {
    return parseMessage(text)
  } catch (cause) {
    if (isKeyriteError(cause)) throw storageError('not-canonical', { why: cause.message }, cause)
    throw cause
  }
}

/**
 * The registered name that puts an attachment. Strangers may put none, so that they cannot fill the disk.
 *
 * @throws storage.not-authorized, storage.not-registered, storage.too-many
 */
export function admitAttachment({ log, buckets }: ServedBoard, hash: string, authorization: string): string {
  const header = readAttachmentHeader(authorization)
  if (header === undefined) {
    throw storageError('not-authorized', { why: 'it is not of the form Keyrite name="…", signature="…"' })
  }
  const { name, signature } = header
  const card = log.card(name)
  if (card === undefined) throw storageError('not-registered', { name })
  if (!verifyObject(card.signingKey, ATTACHMENT_LABEL, { board: log.name, hash }, signature)) {
    throw storageError('not-authorized', { why: `it is not signed by ${name} for this board and hash` })
  }
  const seconds = buckets.take(name)
  if (seconds > 0) throw storageError('too-many', { name, seconds })
  return name
}

/** Token buckets, one a name: `burst` at once, `rate` a second in the long run. */
interface Buckets {
  /** Takes one token. Returns 0, or the whole seconds to wait where there is none. */
  take(key: string): number
}

/** @param now a monotonic clock, in milliseconds */
export function tokenBuckets(rate: number, burst: number, now: () => number): Buckets {
  const levels = new Map<string, { tokens: number; at: number }>()
  return {
    take(key) {
      const at = now()
      const level = levels.get(key) ?? { tokens: burst, at }
      level.tokens = Math.min(burst, level.tokens + ((at - level.at) / 1000) * rate)
      level.at = at
      levels.set(key, level)
      if (level.tokens >= 1) {
        level.tokens -= 1
        return 0
      }
      return Math.max(1, Math.ceil((1 - level.tokens) / rate))
    },
  }
}
