/**
 * One board's log: adds what is decided (`decide.ts`), in one order, and shows nothing that is not on disk.
 *
 * Posts are gathered while a batch is being written and go together in the next one: one append, one sync, then
 * they are published, and only then answered. One batch at a time, so nothing races.
 */
import { EventEmitter } from 'node:events'
import { isKeyriteError } from '../engine/base/errors.ts'
import type { KeyriteError } from '../engine/base/errors.ts'
import type { Entry } from '../engine/wire/board.ts'
import type { Card } from '../engine/wire/card.ts'
import { parseMessage } from '../engine/wire/message.ts'
import type { Message, Pin } from '../engine/wire/message.ts'
import { openAttachments } from './attachments.ts'
import type { Attachments } from './attachments.ts'
import { newCeremonies, openedBy, plus } from './ceremonies.ts'
import type { Ceremonies } from './ceremonies.ts'
import { decider, pinOf } from './decide.ts'
import type { Candidate } from './decide.ts'
import { storageError } from './errors.ts'
import { MAX_PAGE, MAX_PAGE_BYTES } from './limits.ts'
import type { Limits } from './limits.ts'
import { readyIn } from './ready.ts'
import { newRegister } from './register.ts'
import type { Store, Stored } from './store.ts'

export interface Posted {
  readonly pin: Pin
  /** False where the same was there already. */
  readonly fresh: boolean
}

export interface Log {
  readonly name: string
  /** The end of what is published. */
  last(): Pin
  /** Why nothing can be written any more, or null. */
  failure(): KeyriteError | null
  card(name: string): Card | undefined
  participants(): number
  readonly ceremonies: Ceremonies
  /**
   * Adds a message, or finds where it is.
   *
   * @throws storage.slot-taken, name-taken, key-taken, attachment-missing, seen-differs, quota, budget, failed, stopping
   */
  post(candidate: Candidate): Promise<Posted>
  /** Entries after an offset: at most `limit`, and 4 MiB of text unless a single one is larger. */
  page(after: number, limit: number): Promise<readonly Entry[]>
  /** Resolves when there is something after this offset, when the log closes, on abort, or after `ms`. */
  changed(after: number, ms: number, signal: AbortSignal): Promise<void>
  readonly attachments: Attachments
  /** Writes what is queued, then closes the store. Posts from now on are refused. */
  close(): Promise<void>
  closed(): boolean
}

interface Queued {
  readonly candidate: Candidate
  readonly resolve: (posted: Posted) => void
  readonly reject: (error: unknown) => void
}

interface Added {
  readonly entry: Stored
  readonly message: Message
  readonly takesSlot: boolean
}

const MAX_BATCH = 256
const MAX_BATCH_CHARACTERS = 8 << 20
/** Entries kept at hand for the readers that follow the end of the log. */
const RECENT = 512
const RECENT_CHARACTERS = 8 << 20

/**
 * Opens a board's log on its store, from which cards, ceremonies and usage are read again.
 *
 * @param onBatch hears of every synced batch: messages in it, milliseconds that it took
 */
export async function openLog(
  name: string,
  store: Store,
  limits: Limits,
  onBatch: (messages: number, ms: number) => void = () => undefined,
): Promise<Log> {
  const register = newRegister()
  const ceremonies = newCeremonies()
  const used = new Map<string, number>()
  const heads: string[] = []
  let last = store.last()
  let failure: KeyriteError | null = null
  let recent: Entry[] = []
  let recentCharacters = 0
  let queue: Queued[] = []
  let working: Promise<void> | null = null
  let closed = false
  const events = new EventEmitter().setMaxListeners(0)

  const spend = (owner: string, bytes: number): void => void used.set(owner, (used.get(owner) ?? 0) + bytes)
  const attachments = await openAttachments(store, limits, { used: (owner) => used.get(owner) ?? 0, spend })

  const note = (entry: Entry, message: Message, takesSlot: boolean): void => {
    const { ceremony, from } = message.statement
    const bytes = Buffer.byteLength(entry.text)
    heads.push(entry.head)
    spend(from, bytes)
    const entering = register.card(from) === undefined ? ifTaken(() => readyIn(message)) : null
    if (entering !== null && register.refuses(entering.card) === null) register.add(entering.card)
    const author = register.card(from)
    const opened = author === undefined ? null : ifTaken(() => openedBy(message, author))
    if (opened !== null) ceremonies.open(opened, pinOf(entry))
    if (ceremony !== null) ceremonies.count(ceremony, from, plus(ceremonies.used(ceremony, from), takesSlot, bytes))
  }
  const taken = new Set<string>()
  for (let after = -1; after < last.offset; after += MAX_PAGE) {
    const entries = await store.range(after, Math.min(after + MAX_PAGE, last.offset))
    for (const entry of entries) {
      note(entry, parseMessage(entry.text), entry.slot !== null && !taken.has(entry.slot))
      if (entry.slot !== null) taken.add(entry.slot)
    }
  }
  taken.clear()

  async function write(batch: readonly Queued[]): Promise<void> {
    const started = performance.now()
    const slots = batch.map(({ candidate }) => candidate.slot).filter((slot) => slot !== null)
    const found = await store.find(batch.map(({ candidate }) => candidate.hash), [...new Set(slots)])
    const decide = decider(
      { last, heads, register, ceremonies, limits, used: (owner) => used.get(owner) ?? 0, hasAttachment: (hash) => attachments.has(hash) }, found,
    )
    const added: Added[] = []
    const answers = batch.map(({ candidate, resolve, reject }) => {
      const decision = decide(candidate)
      if (decision.kind === 'refused') return () => reject(decision.error)
      if (decision.kind === 'there') return () => resolve({ pin: decision.pin, fresh: false })
      added.push({ entry: decision.entry, message: candidate.message, takesSlot: decision.takesSlot })
      return () => resolve({ pin: pinOf(decision.entry), fresh: true })
    })
    if (added.length > 0) {
      await store.append(added.map(({ entry }) => entry))
      onBatch(added.length, performance.now() - started)
      publish(added)
    }
    for (const answer of answers) answer()
  }

  function publish(added: readonly Added[]): void {
    for (const { entry, message, takesSlot } of added) {
      note(entry, message, takesSlot)
      recent.push({ ...pinOf(entry), text: entry.text })
      recentCharacters += entry.text.length
    }
    if (recent.length > 2 * RECENT || recentCharacters > 2 * RECENT_CHARACTERS) trim()
    last = store.last()
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
        // What NeDB holds in memory and what is on disk may differ now: only a restart finds out.
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
    last: () => last,
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
      const through = Math.min(after + Math.min(limit, MAX_PAGE), last.offset)
      if (through <= after) return []
      const first = recent[0]
      const entries =
        first !== undefined && after + 1 >= first.offset
          ? recent.slice(after + 1 - first.offset, through + 1 - first.offset)
          : await store.range(after, through)
      return cut(entries)
    },
    changed: (after, ms, signal) =>
      new Promise((resolve) => {
        if (closed || signal.aborted || last.offset > after) {
          resolve()
          return
        }
        const done = (): void => {
          clearTimeout(timer)
          events.off('changed', done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        events.on('changed', done)
        signal.addEventListener('abort', done)
      }),
    async close() {
      closed = true
      events.emit('changed')
      await working
      await store.close()
    },
  }
}

/** What a message on disk says; null where it says what is not taken any more. It stays in the log, whose readers judge it. */
function ifTaken<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

/** As many of these as a page may hold. */
function cut(entries: readonly Entry[]): readonly Entry[] {
  let bytes = 0
  const end = entries.findIndex((entry, i) => {
    bytes += Buffer.byteLength(entry.text)
    return i > 0 && bytes > MAX_PAGE_BYTES
  })
  return end === -1 ? entries : entries.slice(0, end)
}
