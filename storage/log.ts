/**
 * One board's log. It adds messages in one order, and shows nothing that is not on disk.
 *
 * Posts are gathered while a batch is being written and go together into the next one: one append, one sync, then they
 * are published, and only then answered. One batch is written at a time, so nothing races.
 */
import { EventEmitter } from 'node:events'
import { isKeyriteError } from '../engine/base/errors.ts'
import type { KeyriteError } from '../engine/base/errors.ts'
import { happening } from '../engine/base/signals.ts'
import type { Card } from '../engine/wire/card.ts'
import { Chain, EMPTY_LOG, holding, pinOf } from '../engine/wire/log.ts'
import type { BrokenChain, Entry, Linked } from '../engine/wire/log.ts'
import type { Opened } from '../engine/wire/lobby.ts'
import { parseMessage, provesMore, sameStatement } from '../engine/wire/message.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { excess, newCeremonies, newRegister, openedBy, plus, readyBy } from './ceremonies.ts'
import type { Ceremonies, Register, Used } from './ceremonies.ts'
import { sha256Of } from './digest.ts'
import { storageError } from './errors.ts'
import { MAX_PAGE, MAX_PAGE_BYTES } from './limits.ts'
import type { Limits } from './limits.ts'
import type { OpenStore, Store, Stored } from './store.ts'

// A board's attachments: which are stored, by whom, and within which bounds.

interface Attachments {
  has(hash: string): boolean
  count(): number
  /**
   * Stores bytes whose hash was checked. Returns false where they were stored already.
   *
   * @throws storage.quota, storage.busy (the disk refused)
   */
  put(owner: string, hash: string, bytes: Uint8Array): Promise<boolean>
  /** @throws storage.no-attachment, storage.internal (damaged on disk) */
  get(hash: string): Promise<Uint8Array>
  /** The reason why this owner may not store that many bytes more, or null. */
  refuses(owner: string, size: number): KeyriteError | null
}

/** Bytes that each name has used, messages included. */
export interface Usage {
  used(owner: string): number
  spend(owner: string, bytes: number): void
}

async function openAttachments(store: Store, limits: Limits, usage: Usage): Promise<Attachments> {
  const owners = new Map<string, string>()
  const counts = new Map<string, number>()
  const underway = new Map<string, Promise<boolean>>()

  const charge = (owner: string, bytes: number, files: 1 | -1): void => {
    usage.spend(owner, bytes)
    counts.set(owner, (counts.get(owner) ?? 0) + files)
  }
  for (const { hash, owner, size } of await store.attachments()) {
    owners.set(hash, owner)
    charge(owner, size, 1)
  }

  const refuses = (owner: string, size: number): KeyriteError | null => {
    const full = (counts.get(owner) ?? 0) >= limits.quotaAttachments || usage.used(owner) + size > limits.quotaBytes
    return full ? storageError('quota', { name: owner, limit: limits.quotaBytes }) : null
  }

  async function write(owner: string, hash: string, bytes: Uint8Array): Promise<boolean> {
    charge(owner, bytes.length, 1)
    try {
      await store.putAttachment(owner, hash, bytes)
    } catch (cause) {
      charge(owner, -bytes.length, -1)
      throw storageError('busy', { why: 'its disk does not take the attachment', seconds: 30 }, cause)
    } finally {
      underway.delete(hash)
    }
    owners.set(hash, owner)
    return true
  }

  return {
    has: (hash) => owners.has(hash),
    count: () => owners.size,
    refuses,
    async put(owner, hash, bytes) {
      if (owners.has(hash)) return false
      const other = underway.get(hash)
      if (other !== undefined) return other
      const refused = refuses(owner, bytes.length)
      if (refused !== null) throw refused
      const writing = write(owner, hash, bytes)
      underway.set(hash, writing)
      return writing
    },
    async get(hash) {
      const owner = owners.get(hash)
      const bytes = owner === undefined ? null : await store.getAttachment(owner, hash)
      if (bytes === null) throw storageError('no-attachment', { hash })
      if (sha256Of(bytes) !== hash) throw new Error(`the attachment ${hash} is damaged on disk`)
      return bytes
    },
  }
}

// The decision about each message of a batch: it has a place in the log already, gets the next one, or is refused. A
// message that the same batch has added counts as being there, though it is not on disk yet.

/** A message whose form, author and signatures were checked, and that its author may post. */
export interface Candidate {
  readonly text: string
  readonly hash: string
  readonly message: Message
  readonly slot: string | null
  /** The card that it registers; null if its name is registered already. */
  readonly registers: Card | null
  /** The ceremony that it opens; null if it is not an Opening. */
  readonly opens: Opened | null
}

/** The log as it is published. */
export interface Published {
  readonly chain: Chain
  readonly register: Register
  readonly ceremonies: Ceremonies
  readonly limits: Limits
  /** Bytes that a name has used. */
  readonly used: (owner: string) => number
  readonly hasAttachment: (hash: string) => boolean
}

interface Added {
  readonly entry: Linked
  readonly slot: string | null
  /** Whether it is the first in its slot. */
  readonly takesSlot: boolean
}

export type Decision =
  | { readonly kind: 'added'; readonly added: Added }
  | { readonly kind: 'there'; readonly pin: Pin }
  | { readonly kind: 'refused'; readonly error: KeyriteError }

/**
 * Decides a batch's messages, in their order.
 *
 * @param found the log's entries with one of the batch's hashes or slots
 */
function decider(log: Published, found: readonly Stored[]): (candidate: Candidate) => Decision {
  const byHash = new Map<string, Stored>()
  /** The entries of a slot, in the log's order. */
  const bySlot = new Map<string, readonly Stored[]>()
  const cards: Card[] = []
  const opened = new Map<string, Pin>()
  const spent = new Map<string, number>()
  const posted = new Map<string, Used>()
  const ahead = new Chain(log.chain.pin, true)

  const learn = (entry: Stored): void => {
    if (byHash.has(entry.hash)) return
    byHash.set(entry.hash, entry)
    if (entry.slot !== null) bySlot.set(entry.slot, [...(bySlot.get(entry.slot) ?? []), entry])
  }
  for (const entry of [...found].sort((a, b) => a.offset - b.offset)) learn(entry)

  /**
   * The entry that has the same text, statement or opening already. The client's own part of a message does not count:
   * it may differ when a client posts the same statement again.
   */
  const placeOf = ({ hash, message, opens }: Candidate, holders: readonly Stored[]): Pin | undefined => {
    const there = byHash.get(hash) ?? holders.find(({ text }) => sameStatement(parseMessage(text), message))
    if (there !== undefined || opens === null) return there
    return opened.get(opens.id) ?? log.ceremonies.openedAt(opens.id)
  }

  /** The first reason not to add the message, or null. */
  const refusal = ({ message: { statement, seen, attachment }, registers }: Candidate, bytes: number): KeyriteError | null => {
    const refused = registers === null ? null : log.register.refuses(registers, cards)
    if (refused !== null) return refused
    if (log.chain.headAt(seen.offset) !== seen.head) {
      return storageError('seen-differs', { offset: seen.offset })
    }
    if (attachment !== undefined && !log.hasAttachment(attachment)) return storageError('attachment-missing', { hash: attachment })
    const { from: name } = statement
    const { quotaBytes: limit } = log.limits
    return log.used(name) + (spent.get(name) ?? 0) + bytes > limit ? storageError('quota', { name, limit }) : null
  }

  return (candidate) => {
    const { text, message, slot, registers, opens } = candidate
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
    const entry = ahead.append(text)
    learn({ ...entry, slot })
    if (registers !== null) cards.push(registers)
    if (opens !== null) opened.set(opens.id, pinOf(entry))
    spent.set(from, (spent.get(from) ?? 0) + bytes)
    return { kind: 'added', added: { entry, slot, takesSlot } }
  }
}

export interface Posted {
  readonly pin: Pin
  /** False where the same message was there already. */
  readonly fresh: boolean
}

export interface Log {
  readonly name: string
  /** The end of what is published. */
  last(): Pin
  /** The reason why nothing can be written any more, or null. */
  failure(): KeyriteError | null
  card(name: string): Card | undefined
  participants(): number
  readonly ceremonies: Ceremonies
  /**
   * Adds a message, or finds where it stands already.
   *
   * @throws storage.slot-taken, storage.name-taken, storage.key-taken, storage.attachment-missing,
   * storage.seen-differs, storage.quota, storage.budget, storage.failed, storage.stopping
   */
  post(candidate: Candidate): Promise<Posted>
  /** The entries after an offset: at most `limit`, and at most 4 MiB of text unless a single one is larger. */
  page(after: number, limit: number): Promise<readonly Entry[]>
  /** Resolves when an entry after this offset is published, when the log closes, on abort, or after `ms` milliseconds. */
  changed(after: number, ms: number, signal: AbortSignal): Promise<void>
  readonly attachments: Attachments
  /** Writes the queue, then closes the store. Posts from now on are refused. */
  close(): Promise<void>
  closed(): boolean
}

interface Queued {
  readonly candidate: Candidate
  readonly resolve: (posted: Posted) => void
  readonly reject: (error: unknown) => void
}

const MAX_BATCH = 256
const MAX_BATCH_CHARACTERS = 8 << 20
/** Entries held in memory for the readers that follow the end of the log. */
const RECENT = 512
const RECENT_CHARACTERS = 8 << 20

/**
 * Opens a board's log with its store. Cards, ceremonies and usage follow from the store's entries.
 *
 * @param onBatch hears of every synced batch: its number of messages, and the milliseconds that it took
 */
export async function openLog(
  name: string,
  open: OpenStore,
  limits: Limits,
  onBatch: (messages: number, ms: number) => void = () => undefined,
): Promise<Log> {
  const register = newRegister()
  const ceremonies = newCeremonies()
  const used = new Map<string, number>()
  const chain = new Chain(EMPTY_LOG, true)
  const last = (): Pin => chain.pin
  let failure: KeyriteError | null = null
  let recent: Entry[] = []
  let recentCharacters = 0
  let queue: Queued[] = []
  let working: Promise<void> | null = null
  let closed = false
  const events = new EventEmitter().setMaxListeners(0)

  const spend = (owner: string, bytes: number): void => void used.set(owner, (used.get(owner) ?? 0) + bytes)

  const note = (given: Entry, takesSlot: boolean): void => {
    const damaged = ({ fact, message: why }: BrokenChain): Error => new Error(`the store of the board ${name} is damaged at offset ${fact.offset}: ${why}`)
    const entry = holding(() => chain.next(given), damaged)
    const { message } = entry
    const { ceremony, from } = message.statement
    const bytes = Buffer.byteLength(entry.text)
    spend(from, bytes)
    const entering = register.card(from) === undefined ? ifTaken(() => readyBy(message)) : null
    if (entering !== null && register.refuses(entering.card) === null) register.add(entering.card)
    const author = register.card(from)
    const opened = author === undefined ? null : ifTaken(() => openedBy(message, author))
    if (opened !== null) ceremonies.open(opened, pinOf(entry))
    if (ceremony !== null) ceremonies.count(ceremony, from, plus(ceremonies.used(ceremony, from), takesSlot, bytes))
  }
  const taken = new Set<string>()
  const store = await open((entry, slot) => {
    note(entry, slot !== null && !taken.has(slot))
    if (slot !== null) taken.add(slot)
  })
  taken.clear()
  if (store.last().head !== chain.pin.head) throw new Error(`the store of the board ${name} holds other entries than it handed on`)
  const attachments = await openAttachments(store, limits, { used: (owner) => used.get(owner) ?? 0, spend }).catch(async (error: unknown) => {
    await store.close()
    throw error
  })

  async function write(batch: readonly Queued[]): Promise<void> {
    const started = performance.now()
    const slots = batch.map(({ candidate }) => candidate.slot).filter((slot) => slot !== null)
    const found = await store.find(batch.map(({ candidate }) => candidate.hash), [...new Set(slots)])
    const decide = decider(
      { chain, register, ceremonies, limits, used: (owner) => used.get(owner) ?? 0, hasAttachment: (hash) => attachments.has(hash) }, found,
    )
    const added: Added[] = []
    const answers = batch.map(({ candidate, resolve, reject }) => {
      const decision = decide(candidate)
      if (decision.kind === 'refused') return () => reject(decision.error)
      if (decision.kind === 'there') return () => resolve({ pin: decision.pin, fresh: false })
      added.push(decision.added)
      return () => resolve({ pin: pinOf(decision.added.entry), fresh: true })
    })
    if (added.length > 0) {
      await store.append(added.map(({ entry: { offset, head, text, hash }, slot }) => ({ offset, head, text, hash, slot })))
      onBatch(added.length, performance.now() - started)
      publish(added)
    }
    for (const answer of answers) answer()
  }

  function publish(added: readonly Added[]): void {
    for (const { entry, takesSlot } of added) {
      note(entry, takesSlot)
      recent.push({ ...pinOf(entry), text: entry.text })
      recentCharacters += entry.text.length
    }
    if (recent.length > 2 * RECENT || recentCharacters > 2 * RECENT_CHARACTERS) trim()
    events.emit('changed')
  }

  function trim(): void {
    let characters = 0
    let from = recent.length
    while (from > 0 && recent.length - from < RECENT && characters < RECENT_CHARACTERS) {
      from -= 1
      characters += recent[from]?.text.length ?? 0
    }
    recent = recent.slice(from)
    recentCharacters = characters
  }

  async function work(): Promise<void> {
    while (queue.length > 0) {
      let count = 0
      let characters = 0
      for (const { candidate } of queue) {
        characters += candidate.text.length
        if (count === MAX_BATCH || (count > 0 && characters > MAX_BATCH_CHARACTERS)) break
        count += 1
      }
      const batch = queue.slice(0, count)
      queue = queue.slice(count)
      try {
        await write(batch)
      } catch (cause) {
        // NeDB's memory and the disk may differ now; only a restart reads the disk again.
        failure = storageError('failed', { board: name }, cause)
        for (const { reject } of [...batch, ...queue]) reject(failure)
        queue = []
      }
    }
    working = null
  }

  return {
    name,
    attachments,
    last,
    failure: () => failure,
    card: (owner) => register.card(owner),
    participants: () => register.size(),
    ceremonies,
    closed: () => closed,
    post: (candidate) =>
      new Promise((resolve, reject) => {
        if (failure !== null || closed) {
          reject(failure ?? storageError('stopping', { board: name }))
          return
        }
        queue.push({ candidate, resolve, reject })
        working ??= work()
      }),
    async page(after, limit) {
      const through = Math.min(after + Math.min(limit, MAX_PAGE), last().offset)
      if (through <= after) return []
      const first = recent[0]
      const entries =
        first !== undefined && after + 1 >= first.offset
          ? recent.slice(after + 1 - first.offset, through + 1 - first.offset)
          : await store.range(after, through)
      return cut(entries)
    },
    async changed(after, ms, signal) {
      if (closed || last().offset > after) return
      await happening((done) => {
        events.on('changed', done)
        return () => events.off('changed', done)
      }, { ms, signal })
    },
    async close() {
      closed = true
      events.emit('changed')
      await working
      await store.close()
    },
  }
}

/**
 * The content of a message on disk; null where today's rules would refuse it. It stays in the log, and readers judge
 * it.
 */
function ifTaken<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

/** The first entries, as many as a page may hold. */
function cut(entries: readonly Entry[]): readonly Entry[] {
  let bytes = 0
  const end = entries.findIndex((entry, i) => {
    bytes += Buffer.byteLength(entry.text)
    return i > 0 && bytes > MAX_PAGE_BYTES
  })
  return end === -1 ? entries : entries.slice(0, end)
}
