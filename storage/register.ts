/**
 * Who may post on a board: one card a name, one owner a signing key. An airgap outlives its clients, so that its key may
 * stand on a second card; whose client is the right one is for the participants to say, who name it in a roster. Cards are
 * compared without their epochs: whoever made the airgap's vault anew keeps the name.
 */
import type { KeyriteError } from '../engine/base/errors.ts'
import type { Card } from '../engine/wire/card.ts'
import { storageError } from './errors.ts'

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
