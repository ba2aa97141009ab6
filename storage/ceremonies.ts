/**
 * The ceremonies of one board, as far as a storage knows them without their scripts: who takes part in each, and what each
 * member has posted in it. It follows from the log, and is made again from it at every start.
 */
import { isKeyriteError } from '../engine/base/errors.ts'
import type { KeyriteError } from '../engine/base/errors.ts'
import type { JsonObject } from '../engine/base/canonical.ts'
import { ceremonyId, checkCard, verifyCard } from '../engine/wire/card.ts'
import type { Card, Opening, ScriptRef } from '../engine/wire/card.ts'
import { MOST_BYTES, mostEntries } from '../engine/wire/limits.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { cardSchema, compileCheck, hexSchema, nameSchema, objectSchema, openingSchema } from '../engine/wire/schema.ts'
import { storageError } from './errors.ts'

// Who may post on a board: one card a name, one owner a signing key. An airgap outlives its clients, so that its key may
// stand on a second card; whose client is the right one is for the participants to say, who name it in a roster. Cards are
// compared without their epochs: whoever made the airgap's vault anew keeps the name.

export interface Register {
  card(name: string): Card | undefined
  size(): number
  /** Why this card cannot be registered after those that are and those on their way, or null. */
  refuses(card: Card, onTheirWay?: readonly Card[]): KeyriteError | null
  add(card: Card): void
}

export function newRegister(): Register {
  const cards = new Map<string, Card>()
  /** By signing key. */
  const owners = new Map<string, string>()
  /** By airgap key; the first one's. */
  const airgaps = new Map<string, string>()
  return {
    card: (name) => cards.get(name),
    size: () => cards.size,
    refuses(card, onTheirWay = []) {
      const same = cards.get(card.name) ?? onTheirWay.find(({ name }) => name === card.name)
      if (same !== undefined) return keysOf(same) === keysOf(card) ? null : storageError('name-taken', { name: card.name })
      const { signingKey, airgapKey } = card
      const owner = owners.get(signingKey) ?? owners.get(airgapKey) ?? airgaps.get(signingKey) ??
        onTheirWay.find((other) => other.signingKey === signingKey || other.signingKey === airgapKey || other.airgapKey === signingKey)?.name
      return owner === undefined ? null : storageError('key-taken', { name: card.name, owner })
    },
    add(card) {
      cards.set(card.name, card)
      owners.set(card.signingKey, card.name)
      if (!airgaps.has(card.airgapKey)) airgaps.set(card.airgapKey, card.name)
    },
  }
}

/** By which cards of one name are the same participant's, whatever their epochs. */
export const keysOf = ({ signingKey, airgapKey }: Card): string => `${signingKey} ${airgapKey}`

/** What one member has posted in one ceremony. */
export interface Used {
  /** Slots that its statements took. */
  readonly slots: number
  /** What took none: Aborts, and second statements. */
  readonly entries: number
  readonly bytes: number
}

/** A ceremony that is opened. */
export interface Opened {
  readonly id: string
  /** The keys of its roster, by name, as `keysOf` has them. */
  readonly members: ReadonlyMap<string, string>
}

export interface Ceremonies {
  /** Where a ceremony was opened first; undefined where the log has no opening of it. */
  openedAt(id: string): Pin | undefined
  /** Does a ceremony's roster have this name with these keys? */
  isMember(id: string, card: Card): boolean
  /** How many take part. */
  size(id: string): number
  used(id: string, name: string): Used
  open(opened: Opened, at: Pin): void
  /** Counts a message of a member. */
  count(id: string, name: string, used: Used): void
}

const NOTHING: Used = { slots: 0, entries: 0, bytes: 0 }

export function newCeremonies(): Ceremonies {
  const all = new Map<string, { readonly at: Pin; readonly members: ReadonlyMap<string, string>; readonly used: Map<string, Used> }>()
  return {
    openedAt: (id) => all.get(id)?.at,
    isMember: (id, card) => all.get(id)?.members.get(card.name) === keysOf(card),
    size: (id) => all.get(id)?.members.size ?? 0,
    used: (id, name) => all.get(id)?.used.get(name) ?? NOTHING,
    open({ id, members }, at) {
      if (!all.has(id)) all.set(id, { at, members, used: new Map() })
    },
    count(id, name, used) {
      all.get(id)?.used.set(name, used)
    },
  }
}

/** What a member has posted, with one message more. */
export const plus = ({ slots, entries, bytes }: Used, takesSlot: boolean, size: number): Used =>
  takesSlot ? { slots: slots + 1, entries, bytes } : { slots, entries: entries + 1, bytes: bytes + size }

/**
 * The most that a member may post in a ceremony: of what takes no slot half of what readers count, so that nobody uses that up on
 * an honest storage; of slots more than any script has, since the storage does not know the script.
 */
const MOST: Used = { slots: 64, entries: mostEntries(0) / 2, bytes: MOST_BYTES / 2 }

/** What is more than a member may post, in words; null if nothing is. @param size how many take part */
export function excess({ slots, entries, bytes }: Used, size: number): string | null {
  if (slots > MOST.slots + size) return `${MOST.slots + size} places`
  if (entries > MOST.entries) return `${MOST.entries} messages beside its places`
  return bytes > MOST.bytes ? `${MOST.bytes} bytes of messages beside its places` : null
}

const checkOpening = compileCheck<Opening>(openingSchema)

/**
 * What a message opens, or null for another type of message. Whether its script and its keys are right, readers see: to check the
 * keys of a thousand cards takes long.
 *
 * @param author its author's registered card
 * @throws storage.bad-opening where no reader can take it
 */
export function openedBy({ statement: { type, payload } }: Message, author: Card): Opened | null {
  if (type !== 'Opening') return null
  const { roster } = formOf(payload)
  const refuse = (why: string) => storageError('bad-opening', { why })
  for (const [i, card] of roster.entries()) {
    const before = roster[i - 1]
    if (before !== undefined && before.name >= card.name) throw refuse('its roster is not sorted by name, each name once')
  }
  const members = new Map(roster.map((card) => [card.name, keysOf(card)]))
  if (members.get(author.name) !== keysOf(author)) throw refuse(`${author.name}, with the keys that are registered, is not in its roster`)
  return { id: ceremonyId(payload), members }
}

function formOf(payload: Message['statement']['payload']): Opening {
  try {
    return checkOpening(payload, 'Its payload')
  } catch (cause) {
    if (!isKeyriteError(cause)) throw cause
    throw storageError('bad-opening', { why: cause.message.replace(/\.$/, '') }, cause)
  }
}

// Ready messages: the identity card that registers a participant, and the script that they are ready for.

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
