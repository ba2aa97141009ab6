/**
 * Statements (what an airgap signs) and messages (what a client signs and posts), protocol §4.
 */
import { concat, fromHex, sha256, toHex } from '../crypto/bytes.ts'
import { signEd25519, verifyEd25519 } from '../crypto/ed25519.ts'
import { canonical, canonicalBytes, parseCanonical, utf8 } from './canonical.ts'
import type { Json, JsonObject } from './canonical.ts'
import { wireError } from './errors.ts'
import { compileCheck, hexSchema, identifierSchema, nameSchema, objectSchema } from './schema.ts'

export interface Statement extends JsonObject {
  /** The ceremony id, hex; null for Ready and Opening, which come before any. */
  readonly ceremony: string | null
  readonly step: string | null
  readonly type: string
  readonly from: string
  /** A name, or null for everyone. */
  readonly to: string | null
  /** The transcript hash of all that its maker had collected, hex; null where there is no ceremony. */
  readonly view: string | null
  readonly payload: JsonObject
}

/** The log as its author had verified it. */
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
  /** By the author's signing key, over all the rest. */
  readonly signature: string
}

/** Message types that belong to the log itself, not to a script. */
export const LOG_TYPES = ['Ready', 'Opening', 'Abort'] as const

export const EMPTY_HEAD = '0'.repeat(64)
export const EMPTY_LOG: Pin = { offset: -1, head: EMPTY_HEAD }

/** A message's canonical text, in UTF-8 bytes. */
export const MAX_MESSAGE = 1 << 20
/** An attachment, in bytes. */
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
        to: orNull(nameSchema),
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
 * Reads a message from its canonical text. Checks its form only; signatures are checked under a key with
 * `verifyMessage` and `verifyStatement`.
 *
 * @throws wire.not-canonical, wire.malformed
 */
export function parseMessage(text: string): Message {
  if (text.length > MAX_MESSAGE || utf8(text).length > MAX_MESSAGE) {
    throw wireError('malformed', { what: 'A message', where: '', why: `it is longer than ${String(MAX_MESSAGE)} bytes` })
  }
  return checkMessage(parseCanonical(text, 'A message'), 'A message')
}

/** What `sign(key, label, object)` of protocol §2 signs. */
function signedBytes(label: string, object: Json): Uint8Array {
  return concat(utf8(`keyrite/1/${label}\n`), canonicalBytes(object))
}

/** `sign(key, label, object)` of protocol §2: 64 bytes in hex. */
export function signObject(secretKey: Uint8Array, label: string, object: Json): string {
  return toHex(signEd25519(secretKey, signedBytes(label, object)))
}

/** Checks `sign(key, label, object)`. Key and signature in hex; the key was checked when its card came in. */
export function verifyObject(publicKey: string, label: string, object: Json, signature: string): boolean {
  return verifyEd25519(fromHex(publicKey, 32), signedBytes(label, object), fromHex(signature, 64))
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

/** `H(JCS(value))`, hex. */
export function hashOf(value: Json): string {
  return toHex(sha256(canonicalBytes(value)))
}

/** `headₒ = H(headₒ₋₁ || H(JCS(message)))`, hex. */
export function nextHead(head: string, messageHash: string): string {
  return toHex(sha256(concat(fromHex(head, 32), fromHex(messageHash, 32))))
}

/** H of a message's canonical text, hex. */
export function textHash(text: string): string {
  return toHex(sha256(utf8(text)))
}

/**
 * The slot that a statement takes: one airgap statement each. Null for what has no slot (Ready, Opening, Abort).
 */
export function slotOf(statement: Statement): string | null {
  if (LOG_TYPES.some((type) => type === statement.type)) return null
  return canonical([statement.ceremony, statement.step, statement.from, statement.to])
}
