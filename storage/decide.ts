/**
 * What becomes of the messages of a batch: each has a place in the log already, gets the next one, or is refused. What
 * the batch itself has added so far counts as there, though it is not on disk yet.
 */
import type { KeyriteError } from '../engine/base/errors.ts'
import type { Card } from '../engine/wire/card.ts'
import { EMPTY_HEAD, headAfter, parseMessage, provesMore, sameStatement } from '../engine/wire/message.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { excess, plus } from './ceremonies.ts'
import type { Ceremonies, Opened, Used } from './ceremonies.ts'
import { storageError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { Register } from './register.ts'
import type { Stored } from './store.ts'

/** A message whose form, author and signatures were checked, and that its author may post. */
export interface Candidate {
  readonly text: string
  readonly hash: string
  readonly message: Message
  readonly slot: string | null
  /** The card that it registers, if its name is not registered yet. */
  readonly registers: Card | null
  /** The ceremony that it opens, if it is an Opening. */
  readonly opens: Opened | null
}

/** The log as it is published. */
export interface Published {
  readonly last: Pin
  readonly heads: readonly string[]
  readonly register: Register
  readonly ceremonies: Ceremonies
  readonly limits: Limits
  /** Bytes that a participant used. */
  readonly used: (owner: string) => number
  readonly hasAttachment: (hash: string) => boolean
}

export type Decision =
  /** `takesSlot`: it is the first in its slot. */
  | { readonly kind: 'added'; readonly entry: Stored; readonly takesSlot: boolean }
  | { readonly kind: 'there'; readonly pin: Pin }
  | { readonly kind: 'refused'; readonly error: KeyriteError }

/**
 * Decides a batch's messages, in their order.
 *
 * @param found what the log has under one of the batch's hashes or slots
 */
export function decider(log: Published, found: readonly Stored[]): (candidate: Candidate) => Decision {
  const byHash = new Map<string, Stored>()
  /** In the log's order. */
  const bySlot = new Map<string, readonly Stored[]>()
  const cards: Card[] = []
  const opened = new Map<string, Pin>()
  const spent = new Map<string, number>()
  const posted = new Map<string, Used>()
  let end = log.last

  const learn = (entry: Stored): void => {
    if (byHash.has(entry.hash)) return
    byHash.set(entry.hash, entry)
    if (entry.slot !== null) bySlot.set(entry.slot, [...(bySlot.get(entry.slot) ?? []), entry])
  }
  for (const entry of [...found].sort((a, b) => a.offset - b.offset)) learn(entry)

  /** Where the same stands already, whatever its client's part of the message says. */
  const placeOf = ({ hash, message, opens }: Candidate, holders: readonly Stored[]): Pin | undefined => {
    const there = byHash.get(hash) ?? holders.find(({ text }) => sameStatement(parseMessage(text), message))
    if (there !== undefined || opens === null) return there
    return opened.get(opens.id) ?? log.ceremonies.openedAt(opens.id)
  }

  /** The first reason not to add it, or null. */
  const refusal = ({ message: { statement, seen, attachment }, registers }: Candidate, bytes: number): KeyriteError | null => {
    const refused = registers === null ? null : log.register.refuses(registers, cards)
    if (refused !== null) return refused
    if ((seen.offset === -1 ? EMPTY_HEAD : log.heads[seen.offset]) !== seen.head) {
      return storageError('seen-differs', { offset: seen.offset })
    }
    if (attachment !== undefined && !log.hasAttachment(attachment)) return storageError('attachment-missing', { hash: attachment })
    const { from: name } = statement
    const { quotaBytes: limit } = log.limits
    return log.used(name) + (spent.get(name) ?? 0) + bytes > limit ? storageError('quota', { name, limit }) : null
  }

  return (candidate) => {
    const { text, hash, message, slot, registers, opens } = candidate
    const { ceremony, from } = message.statement
    const holders = slot === null ? [] : bySlot.get(slot) ?? []
    const there = placeOf(candidate, holders)
    if (there !== undefined) return { kind: 'there', pin: pinOf(there) }
    const [holder] = holders
    if (holder !== undefined && !provesMore(message, holders.map(({ text: one }) => parseMessage(one)))) {
      return { kind: 'refused', error: storageError('slot-taken', { ...pinOf(holder), text: holder.text }) }
    }
    const takesSlot = slot !== null && holder === undefined
    const bytes = Buffer.byteLength(text)
    const error = refusal(candidate, bytes)
    if (error !== null) return { kind: 'refused', error }
    if (ceremony !== null) {
      const key = `${ceremony}\n${from}`
      const used = plus(posted.get(key) ?? log.ceremonies.used(ceremony, from), takesSlot, bytes)
      const most = excess(used, log.ceremonies.size(ceremony))
      if (most !== null) return { kind: 'refused', error: storageError('budget', { name: from, most }) }
      posted.set(key, used)
    }
    const entry = { offset: end.offset + 1, head: headAfter(end.head, message, hash), text, hash, slot }
    end = pinOf(entry)
    learn(entry)
    if (registers !== null) cards.push(registers)
    if (opens !== null) opened.set(opens.id, end)
    spent.set(from, (spent.get(from) ?? 0) + bytes)
    return { kind: 'added', entry, takesSlot }
  }
}

export const pinOf = ({ offset, head }: Pin): Pin => ({ offset, head })
