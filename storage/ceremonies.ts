/**
 * The ceremonies of one board, as far as a storage knows them without their scripts: who takes part in each, and what each
 * member has posted in it. It follows from the log, and is made again from it at every start.
 */
import { isKeyriteError } from '../engine/base/errors.ts'
import { ceremonyId } from '../engine/wire/card.ts'
import type { Card, Opening } from '../engine/wire/card.ts'
import { MOST_BYTES, mostEntries } from '../engine/wire/limits.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { compileCheck, openingSchema } from '../engine/wire/schema.ts'
import { storageError } from './errors.ts'
import { keysOf } from './register.ts'

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
