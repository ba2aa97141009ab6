/** Who may post on a board: one card a name, one owner a key. */
import type { Card } from '../engine/wire/card.ts'
import type { KeyriteError } from '../engine/wire/error.ts'
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
  const owners = new Map<string, string>()
  const keysOf = (card: Card): string[] => [card.signingKey, card.airgapKey]
  return {
    card: (name) => cards.get(name),
    size: () => cards.size,
    refuses(card, onTheirWay = []) {
      if (cards.has(card.name) || onTheirWay.some(({ name }) => name === card.name)) {
        return storageError('name-taken', { name: card.name })
      }
      for (const key of keysOf(card)) {
        const owner = owners.get(key) ?? onTheirWay.find((other) => keysOf(other).includes(key))?.name
        if (owner !== undefined) return storageError('key-taken', { name: card.name, owner })
      }
      return null
    },
    add(card) {
      cards.set(card.name, card)
      for (const key of keysOf(card)) owners.set(key, card.name)
    },
  }
}

/** Are these the same card? */
export const sameCard = (a: Card, b: Card): boolean =>
  a.name === b.name && a.signingKey === b.signingKey && a.airgapKey === b.airgapKey
