/**
 * What becomes of the messages of a batch: each has a place in the log already, gets the next one, or is refused. What
 * the batch itself has added so far counts as there, though it is not on disk yet.
 */
import type { Card } from '../engine/wire/card.ts'
import { canonical } from '../engine/wire/canonical.ts'
import type { KeyriteError } from '../engine/wire/error.ts'
import { EMPTY_HEAD, nextHead, parseMessage } from '../engine/wire/message.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { storageError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { Register } from './register.ts'
import type { Stored } from './store.ts'

/** A message whose form, author and signature were checked. */
export interface Candidate {
  readonly text: string
  readonly hash: string
  readonly message: Message
  readonly slot: string | null
  /** The card that it registers, if its name is not registered yet. */
  readonly registers: Card | null
}

/** The log as it is published. */
export interface Published {
  readonly last: Pin
  readonly heads: readonly string[]
  readonly register: Register
  readonly limits: Limits
  /** Bytes that a participant used. */
  readonly used: (owner: string) => number
  readonly hasAttachment: (hash: string) => boolean
}

export type Decision =
  | { readonly kind: 'added'; readonly entry: Stored }
  | { readonly kind: 'there'; readonly pin: Pin }
  | { readonly kind: 'refused'; readonly error: KeyriteError }

/**
 * Decides a batch's messages, in their order.
 *
 * @param found what the log has under one of the batch's hashes or slots
 */
export function decider(log: Published, found: readonly Stored[]): (candidate: Candidate) => Decision {
  const byHash = new Map<string, Stored>()
  const bySlot = new Map<string, Stored>()
  const cards: Card[] = []
  const spent = new Map<string, number>()
  let end = log.last

  const learn = (entry: Stored): void => {
    byHash.set(entry.hash, entry)
    if (entry.slot !== null) bySlot.set(entry.slot, entry)
  }
  found.forEach(learn)

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
    const { text, hash, message, slot, registers } = candidate
    const same = byHash.get(hash)
    if (same !== undefined) return { kind: 'there', pin: pinOf(same) }
    const holder = slot === null ? undefined : bySlot.get(slot)
    if (holder !== undefined) {
      if (sameStatement(parseMessage(holder.text), message)) return { kind: 'there', pin: pinOf(holder) }
      return { kind: 'refused', error: storageError('slot-taken', { ...pinOf(holder), text: holder.text }) }
    }
    const bytes = Buffer.byteLength(text)
    const error = refusal(candidate, bytes)
    if (error !== null) return { kind: 'refused', error }
    const entry = { offset: end.offset + 1, head: nextHead(end.head, hash), text, hash, slot }
    end = pinOf(entry)
    learn(entry)
    if (registers !== null) cards.push(registers)
    spent.set(message.statement.from, (spent.get(message.statement.from) ?? 0) + bytes)
    return { kind: 'added', entry }
  }
}

export const pinOf = ({ offset, head }: Pin): Pin => ({ offset, head })

/** Made and signed by the same airgap; the clients' parts may differ. */
function sameStatement(a: Message, b: Message): boolean {
  const signed = ({ statement, airgapSignature }: Message): string => canonical([statement, airgapSignature ?? null])
  return signed(a) === signed(b)
}
