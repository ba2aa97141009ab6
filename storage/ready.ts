/** Ready messages: the identity card that registers a participant, and the script that they are ready for. */
import { isKeyriteError } from '../engine/base/errors.ts'
import type { JsonObject } from '../engine/wire/canonical.ts'
import { checkCard, verifyCard } from '../engine/wire/card.ts'
import type { Card, ScriptRef } from '../engine/wire/card.ts'
import type { Message } from '../engine/wire/message.ts'
import { cardSchema, compileCheck, hexSchema, nameSchema, objectSchema } from '../engine/wire/schema.ts'
import { storageError } from './errors.ts'

interface ReadyPayload extends JsonObject {
  readonly card: Card
  readonly cardSignature: string
  readonly script: ScriptRef
}

const checkPayload = compileCheck<ReadyPayload>(
  objectSchema({ card: cardSchema, cardSignature: hexSchema(64), script: objectSchema({ name: nameSchema, hash: hexSchema(32) }) }),
)

/**
 * What a Ready says, or null for another type of message. Whether the airgap signed the card is checked apart, since that takes
 * longer.
 *
 * @throws storage.bad-card where the message is not as the protocol has it (§3.1)
 */
export function readyIn({ statement: { type, from, payload } }: Message): ReadyPayload | null {
  if (type !== 'Ready') return null
  const ready = payloadOf(payload)
  const { card } = ready
  if (card.name !== from) throw storageError('bad-card', { why: `it is from ${from}, with the card of ${card.name}` })
  const wrong = checkCard(card)
  if (wrong !== null) throw storageError('bad-card', { why: wrong })
  return ready
}

function payloadOf(payload: JsonObject): ReadyPayload {
  try {
    return checkPayload(payload, 'its payload')
  } catch (cause) {
    if (!isKeyriteError(cause)) throw cause
    throw storageError('bad-card', { why: cause.message.replace(/\.$/, '') }, cause)
  }
}

/** @throws storage.bad-card where the card's own airgap did not sign it */
export function wantOwnCard({ card, cardSignature }: ReadyPayload): void {
  if (!verifyCard(card, cardSignature)) throw storageError('bad-card', { why: `the card of ${card.name} is not signed by its airgap` })
}
