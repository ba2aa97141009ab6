/**
 * The ceremonies of one board, as far as a storage knows them without their scripts: who takes part in each, and what
 * each member has posted in it. It follows from the log, and is computed anew from it at every start.
 */
import { isKeyriteError } from '../engine/base/errors.ts'
import type { KeyriteError } from '../engine/base/errors.ts'
import type { Card } from '../engine/wire/card.ts'
import { isOwnCard, openingIn, readyIn } from '../engine/wire/lobby.ts'
import type { Opened, Ready } from '../engine/wire/lobby.ts'
import { MOST_BYTES, mostEntries } from '../engine/wire/limits.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { storageError } from './errors.ts'

// The register says who may post on a board: one card a name, and one owner a signing key. An airgap outlives its
// clients, so its key may stand on a second card. Which client is the right one is for the participants to say: they
// name it in a roster. Cards are compared without their epochs, so that a participant whose airgap has a new vault
// keeps the name.

export interface Register {
  card(name: string): Card | undefined
  size(): number
  /** The reason why this card cannot be registered beside those that are and those on their way; null if it can. */
  refuses(card: Card, onTheirWay?: readonly Card[]): KeyriteError | null
  add(card: Card): void
}

export function newRegister(): Register {
  const cards = new Map<string, Card>()
  /** Names by signing key. */
  const owners = new Map<string, string>()
  /** Names by airgap key; of several, the first. */
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

/** The keys by which cards of one name are the same participant's, whatever their epochs. */
export const keysOf = ({ signingKey, airgapKey }: Card): string => `${signingKey} ${airgapKey}`

/** One member's use of one ceremony. */
export interface Used {
  /** Slots that its statements took. */
  readonly slots: number
  /** Entries that took no slot: Aborts, and second statements; then the bytes of those. */
  readonly entries: number
  readonly bytes: number
}

export interface Ceremonies {
  /** The entry that first opened a ceremony; undefined where the log has no opening of it. */
  openedAt(id: string): Pin | undefined
  /** Whether the ceremony's roster has this name with these keys. */
  isMember(id: string, card: Card): boolean
  /** The number of participants. */
  size(id: string): number
  used(id: string, name: string): Used
  open(opened: Opened, at: Pin): void
  /** Sets a member's use of a ceremony. */
  count(id: string, name: string, used: Used): void
}

const NOTHING: Used = { slots: 0, entries: 0, bytes: 0 }

export function newCeremonies(): Ceremonies {
  /** Members are the `keysOf` each roster's cards, by name. */
  const all = new Map<string, { readonly at: Pin; readonly members: ReadonlyMap<string, string>; readonly used: Map<string, Used> }>()
  return {
    openedAt: (id) => all.get(id)?.at,
    isMember: (id, card) => all.get(id)?.members.get(card.name) === keysOf(card),
    size: (id) => all.get(id)?.members.size ?? 0,
    used: (id, name) => all.get(id)?.used.get(name) ?? NOTHING,
    open({ id, opening: { roster } }, at) {
      if (!all.has(id)) all.set(id, { at, members: new Map(roster.map((card) => [card.name, keysOf(card)])), used: new Map() })
    },
    count(id, name, used) {
      all.get(id)?.used.set(name, used)
    },
  }
}

/** A member's use after one message more. */
export const plus = ({ slots, entries, bytes }: Used, takesSlot: boolean, size: number): Used =>
  takesSlot ? { slots: slots + 1, entries, bytes } : { slots, entries: entries + 1, bytes: bytes + size }

/**
 * The most that a member may post in a ceremony. Entries without a slot: half of what readers count, so that nobody
 * uses up the readers' bound on an honest storage. Slots: more than any script has, since the storage does not know the
 * script.
 */
const MOST: Used = { slots: 64, entries: mostEntries(0) / 2, bytes: MOST_BYTES / 2 }

/** The bound that a member would exceed, in words; null if none. @param size the number of participants */
export function excess({ slots, entries, bytes }: Used, size: number): string | null {
  if (slots > MOST.slots + size) return `${MOST.slots + size} places`
  if (entries > MOST.entries) return `${MOST.entries} messages beside its places`
  return bytes > MOST.bytes ? `${MOST.bytes} bytes of messages beside its places` : null
}

/**
 * The ceremony that a message opens; null for another type of message. Whether the script and the other members' keys
 * are right is checked by readers.
 *
 * @param author its author's registered card
 * @throws storage.bad-opening where no reader can take it
 */
export function openedBy(message: Message, author: Card): Opened | null {
  const opened = taken('bad-opening', () => openingIn(message))
  if (opened === null || opened.opening.roster.some((card) => card.name === author.name && keysOf(card) === keysOf(author))) return opened
  throw storageError('bad-opening', { why: `${author.name}, with the keys that are registered, is not in its roster` })
}

/**
 * The content of a Ready; null for another type of message. Whether the airgap signed the card is checked apart, since
 * that takes longer.
 *
 * @throws storage.bad-card where the message is not as the protocol has it (§3)
 */
export const readyBy = (message: Message): Ready | null => taken('bad-card', () => readyIn(message))

/** @throws storage.bad-card where the card's own airgap did not sign it */
export function wantOwnCard(ready: Ready): void {
  if (!isOwnCard(ready)) throw storageError('bad-card', { why: `the card of ${ready.card.name} is not signed by its airgap` })
}

/** Refuses a message that would count for nothing with every reader. */
function taken<T>(refusal: 'bad-card' | 'bad-opening', read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!isKeyriteError(cause, 'lobby.counts-for-nothing')) throw cause
    throw storageError(refusal, { why: cause.facts.why }, cause)
  }
}
