/**
 * Statements, which an airgap signs, and messages, which a client signs and posts (protocol §4).
 */
import { legible } from '../base/text.ts'
import { utf8 } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { canonical, canonicalBytes, parseCanonical, wireError } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { ceremonyId } from './card.ts'
import { compileCheck, hexSchema, identifierSchema, nameSchema, objectSchema } from './schema.ts'
import { signObject, verifyObject } from './sign.ts'

export interface Statement extends JsonObject {
  /** The ceremony id, hex; null for Ready and Opening, which come before any. */
  readonly ceremony: string | null
  readonly step: string | null
  readonly type: string
  readonly from: string
  /** The transcript hash of all statements that its maker had collected, hex; null where there is no ceremony. */
  readonly view: string | null
  readonly payload: JsonObject
}

/** A place in the log: an offset and the head there. As `seen`, the end of the log as the author had verified it. */
export interface Pin extends JsonObject {
  /** -1 for an empty log. */
  readonly offset: number
  readonly head: string
}

export interface Unsigned extends JsonObject {
  readonly statement: Statement
  /** Absent where no airgap made the statement: Ready, Opening, Abort, a client's step. */
  readonly airgapSignature?: string
  /** SHA-256 of the attachment's bytes, hex. */
  readonly attachment?: string
  readonly seen: Pin
}

export interface Message extends Unsigned {
  /** The signature of all other members by the author's signing key. */
  readonly signature: string
}

/** Message types that belong to the log itself, not to a script. */
export const LOG_TYPES = ['Ready', 'Opening', 'Abort'] as const

/** The most UTF-8 bytes of a message's canonical text. */
export const MAX_MESSAGE = 1 << 20
/** The most bytes of an attachment. */
export const MAX_ATTACHMENT = 4 << 20

const orNull = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })

const checkMessage = compileCheck<Message>(
  objectSchema(
    {
      statement: objectSchema({
        ceremony: orNull(hexSchema(32)),
        step: orNull(identifierSchema),
        type: identifierSchema,
        from: nameSchema,
        view: orNull(hexSchema(32)),
        payload: { type: 'object' },
      }),
      airgapSignature: hexSchema(64),
      attachment: hexSchema(32),
      seen: objectSchema({ offset: { type: 'integer', minimum: -1, maximum: 2 ** 40 }, head: hexSchema(32) }),
      signature: hexSchema(64),
    },
    ['airgapSignature', 'attachment'],
  ),
)

/**
 * Reads a message from its canonical text. It checks the form only; `verifyMessage` and `verifyStatement` check the
 * signatures under a key.
 *
 * @throws wire.not-canonical, wire.malformed
 */
export function parseMessage(text: string): Message {
  if (text.length > MAX_MESSAGE || utf8(text).length > MAX_MESSAGE) {
    throw wireError('malformed', { what: 'A message', where: '', why: `it is longer than ${String(MAX_MESSAGE)} bytes` })
  }
  const value = parseCanonical(text, 'A message')
  if (isOlder(value)) throw wireError('other-version', { what: 'A message' })
  return checkMessage(value, 'A message')
}

/** Is it of the protocol's first version, whose statements had recipients? */
function isOlder(value: Json): boolean {
  const { statement } = { ...(value as JsonObject) }
  return typeof statement === 'object' && statement !== null && Object.hasOwn(statement, 'to')
}

/** Signs a message with its author's signing key (secret, 32 bytes). */
export function signMessage(secretKey: Uint8Array, unsigned: Unsigned): Message {
  return { ...unsigned, signature: signObject(secretKey, 'message', unsigned) }
}

/** Is the message signed by this signing key (hex)? */
export function verifyMessage(message: Message, signingKey: string): boolean {
  const { signature, ...unsigned } = message
  return verifyObject(signingKey, 'message', unsigned, signature)
}

/** Signs a statement with an airgap key (secret, 32 bytes). */
export function signStatement(secretKey: Uint8Array, statement: Statement): string {
  return signObject(secretKey, 'statement', statement)
}

/** Is the statement signed by this airgap key (hex)? */
export function verifyStatement(statement: Statement, signature: string, airgapKey: string): boolean {
  return verifyObject(airgapKey, 'statement', statement, signature)
}

/** The hash `H(JCS(value))`, hex. */
export const hashOf = (value: Json): string => sha256Hex(canonicalBytes(value))

/** The hash of a message's canonical text, hex. */
export const textHash = (text: string): string => sha256Hex(utf8(text))

/** The hash of an attachment's bytes, hex, by which messages name it. */
export const attachmentHash = (bytes: Uint8Array): string => sha256Hex(bytes)

/** The ceremony to which a statement's entry belongs: for an Opening the one that it opens, for a Ready none (null). */
export function ceremonyOf({ type, ceremony, payload }: Statement): string | null {
  if (type === 'Opening') return ceremonyId(payload)
  return type === 'Ready' ? null : ceremony
}

/**
 * The reason why a message can stand in no log, or null. A Ready or an Opening names no ceremony, and any other message names
 * one. A message that is refused here counts for nothing.
 */
export function placeProblem({ statement: { type, ceremony, step, view }, airgapSignature, attachment }: Message): string | null {
  if (type === 'Ready' || type === 'Opening') {
    if (ceremony !== null || step !== null || view !== null) return 'it speaks of a ceremony, a step or a view'
    return airgapSignature !== undefined || attachment !== undefined ? 'it has an airgap signature or an attachment' : null
  }
  return ceremony === null ? `a ${type} of no ceremony` : null
}

/** The field in which the answer to a dispute names the complainer. The answer to each complainer has a slot of its own. */
export const COMPLAINER = 'complainer'

/** The key of a slot. @param complainer the complainer's name, in an answer to a dispute */
export const slotKey = (ceremony: string | null, step: string | null, from: string, complainer?: string): string =>
  canonical([ceremony, step, from, ...(complainer === undefined ? [] : [complainer])])

/** The slot that a statement takes, which holds one statement only; null for a Ready, an Opening or an Abort, which take none. */
export function slotOf({ ceremony, step, type, from, payload }: Statement): string | null {
  if (LOG_TYPES.some((one) => one === type)) return null
  const complainer = payload[COMPLAINER]
  return slotKey(ceremony, step, from, typeof complainer === 'string' ? complainer : undefined)
}

/** Are these the same statement, both by an airgap or both not? The client's part of the messages, and the signatures, may differ. */
export const sameStatement = (a: Pick<Unsigned, 'statement' | 'airgapSignature'>, b: Pick<Unsigned, 'statement' | 'airgapSignature'>): boolean =>
  (a.airgapSignature === undefined) === (b.airgapSignature === undefined) && canonical(a.statement) === canonical(b.statement)

/**
 * Does a board take one more statement into a slot that holds these? Two different statements that an airgap signed prove its
 * equivocation, and nobody could be convicted without the second; a third proves nothing more. A statement without an airgap's
 * signature, which a thief of the client's key can make, keeps neither of them out.
 */
export function provesMore(message: Unsigned, holders: readonly Unsigned[]): boolean {
  if (message.airgapSignature === undefined) return false
  const signed = holders.filter(({ airgapSignature }) => airgapSignature !== undefined)
  return signed.length < 2 && !signed.some((one) => sameStatement(one, message))
}

// The reason in an owner's own words for declining a ceremony, which every other participant reads.

/** The most characters of a reason. */
export const MOST_REASON = 200

/** The problem that keeps a text from being a reason, or null. */
export function reasonProblem(text: string): string | null {
  if (text.trim() === '' || text !== text.trim()) return 'a reason neither is empty nor begins or ends with spaces'
  if (Array.from(text).length > MOST_REASON) return `a reason has ${MOST_REASON} characters at most`
  return legible(text).join('') === text ? null : 'a reason is one line of characters that everybody can see'
}
