/** Ready messages: the identity card that registers a participant, and the script that they are ready for. */
import type { Card, ScriptRef } from '../engine/wire/card.ts'
import { checkCard } from '../engine/wire/card.ts'
import type { JsonObject } from '../engine/wire/canonical.ts'
import { isKeyriteError } from '../engine/wire/error.ts'
import type { Message } from '../engine/wire/message.ts'
import { cardSchema, compileCheck, hexSchema, nameSchema, objectSchema } from '../engine/wire/schema.ts'
import { storageError } from './errors.ts'

interface ReadyPayload extends JsonObject {
  readonly card: Card
  readonly script: ScriptRef
}

const checkPayload = compileCheck<ReadyPayload>(
  objectSchema({ card: cardSchema, script: objectSchema({ name: nameSchema, hash: hexSchema(32) }) }),
)

/**
 * The card of a Ready message, or null for another type of message.
 *
 * @throws storage.bad-card where the message is not as the protocol has it (§3.1)
 */
export function readyCard({ statement, airgapSignature, attachment }: Message): Card | null {
  if (statement.type !== 'Ready') return null
  const { ceremony, step, to, view, from } = statement
  if (ceremony !== null || step !== null || to !== null || view !== null) {
    throw storageError('bad-card', { why: 'it speaks of a ceremony, a step, a recipient or a view' })
  }
  if (airgapSignature !== undefined || attachment !== undefined) {
    throw storageError('bad-card', { why: 'it has an airgap signature or an attachment' })
  }
  let card: Card
  try {
    card = checkPayload(statement.payload, 'its payload').card
  } catch (cause) {
    throw storageError('bad-card', { why: cause instanceof Error ? cause.message.replace(/\.$/, '') : '' }, cause)
  }
  if (card.name !== from) throw storageError('bad-card', { why: `it is from ${from}, with the card of ${card.name}` })
  const wrong = checkCard(card)
  if (wrong !== null) throw storageError('bad-card', { why: wrong })
  return card
}

/** As `readyCard`, for messages that the log already holds. */
export function cardOf(message: Message): Card | null {
  try {
    return readyCard(message)
  } catch (error) {
    if (isKeyriteError(error, 'storage.bad-card')) return null
    throw error
  }
}
