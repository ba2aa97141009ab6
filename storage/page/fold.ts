/**
 * A board's log as the page reads it: every head from the first message on, who is ready, what was opened, and each
 * ceremony by its own reader. No I/O.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { followedIds } from '../../engine/run/followed.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { openedIn, readyOf } from '../../engine/run/lobby.ts'
import type { Opened, Ready } from '../../engine/run/lobby.ts'
import { checkOpening } from '../../engine/run/opening.ts'
import type { Post } from '../../engine/run/reading.ts'
import type { Random, Verbs } from '../../engine/verbs/runtime.ts'
import type { Entry } from '../../engine/wire/board.ts'
import { ceremonyOf, EMPTY_LOG, headAfter, parseMessage, placeProblem, textHash } from '../../engine/wire/message.ts'
import type { Message, Pin } from '../../engine/wire/message.ts'
import { CheckedCeremony } from './checked.ts'
import type { BoardView, CeremonyView, MessageView } from './model.ts'
import type { Reader } from './opened.ts'
import { UncheckedCeremony } from './unchecked.ts'

export interface FoldOptions {
  /** The scripts that the page knows. */
  readonly scripts: readonly Script[]
  readonly verbs: Verbs
  readonly random: Random
}

/** The storage shows another log than before, or one that does not hold together. Nothing after it can be believed. */
export class Tampered extends Error {
  override readonly name = 'Tampered'
}

/** An entry whose place in the log is right. */
export interface Read {
  readonly entry: Entry
  readonly message: Message
  /** The attachment, by its hash, without which the message cannot be judged. */
  readonly wants: string | null
}

const MOST_READY = 300
const MOST_RECENT = 40
/** Ceremonies that are followed: whoever may post can open as many as it likes. The newest count. */
const MOST_CEREMONIES = 200
/** Messages that came before their ceremony's opening. */
const MOST_EARLY = 1000

export class BoardFold {
  private readonly options: FoldOptions
  private readonly heads: string[] = []
  private readonly ready = new Map<string, Ready>()
  private readonly readers = new Map<string, Reader>()
  private readonly changed = new Set<string>()
  private readonly early: Post[] = []
  private readonly recent: MessageView[] = []
  private opened = 0

  constructor(options: FoldOptions) {
    this.options = options
  }

  get pin(): Pin {
    const offset = this.heads.length - 1
    const head = this.heads[offset]
    return head === undefined ? EMPTY_LOG : { offset, head }
  }

  /** Holds an end of the log, as the storage says it, against what was read. @throws Tampered */
  holdAgainst({ offset, head }: Pin): void {
    if (offset < this.pin.offset) throw new Tampered(`it has fewer messages now, ${offset + 1} instead of ${this.pin.offset + 1}`)
    if (offset === this.pin.offset && head !== this.pin.head) throw new Tampered(`its head at offset ${offset} is another one than before`)
  }

  /** Checks an entry: a message in a right place, at the next offset, with the head that follows from all before it. @throws Tampered */
  read(entry: Entry): Read {
    const { offset, head } = this.pin
    if (entry.offset !== offset + 1) throw new Tampered(`offset ${entry.offset} came where ${offset + 1} should`)
    const message = messageIn(entry)
    if (entry.head !== headAfter(head, message, textHash(entry.text))) throw new Tampered(`the head at offset ${entry.offset} does not follow from the messages before it`)
    const problem = placeProblem(message)
    if (problem !== null) throw new Tampered(`a message stands at offset ${entry.offset} that no honest storage takes: ${problem}`)
    const reader = this.readerOf(message)
    const isWanted = message.attachment !== undefined && (reader?.wantsAttachment({ offset: entry.offset, message }) ?? false)
    return { entry, message, wants: isWanted ? (message.attachment ?? null) : null }
  }

  /** Takes what was read, with the attachment that it wants. */
  take({ entry: { offset, head }, message }: Read, attachment?: Uint8Array): void {
    this.heads.push(head)
    const { statement } = message
    this.note(message, offset)
    const posted = [{ offset, message, text: '' }]
    for (const ready of readyOf(posted)) this.ready.set(ready.card.name, ready)
    for (const opened of openedIn(posted)) this.open(opened)
    if (ceremonyOf(statement) === null) return
    const post: Post = { offset, message, ...(attachment === undefined ? {} : { attachment }) }
    const reader = this.readerOf(message)
    if (reader === undefined) {
      if (statement.ceremony !== null && this.early.length < MOST_EARLY) this.early.push(post)
      return
    }
    this.give(reader, post)
  }

  private give(reader: Reader, post: Post): void {
    const wasUsable = usableOf(reader) !== undefined
    reader.accept(post)
    this.changed.add(reader.opened.id)
    if (!wasUsable && usableOf(reader) !== undefined) this.beginWaiting()
  }

  private open(opened: Opened): void {
    if (this.readers.has(opened.id)) return
    this.opened += 1
    const { script, reader } = this.readerFor(opened)
    this.readers.set(opened.id, reader)
    this.changed.add(opened.id)
    for (const post of this.early.filter(({ message }) => message.statement.ceremony === opened.id)) {
      // What wants an attachment was passed without it: only a dishonest log has it before the opening.
      if (script === undefined || !reader.wantsAttachment(post)) this.give(reader, post)
    }
    const [oldest] = this.readers.keys()
    if (this.readers.size > MOST_CEREMONIES && oldest !== undefined) this.readers.delete(oldest)
  }

  private readerFor(opened: Opened): { readonly script: Script | undefined; readonly reader: Reader } {
    const script = this.options.scripts.find(({ hash }) => hash === opened.opening.script.hash)
    return { script, reader: script === undefined ? new UncheckedCeremony(opened) : new CheckedCeremony(opened, script, () => this.begin(opened, script)) }
  }

  /** @throws run.opening */
  private begin({ opening }: Opened, script: Script): Ledger | string {
    const { verbs, random } = this.options
    const followed: Record<string, Ledger> = {}
    for (const [name, id] of Object.entries(followedIds(script.ceremony, opening))) {
      const found = usableOf(this.readers.get(id))
      if (found === undefined) return `the ceremony that it follows, ${id.slice(0, 12)}, is not usable on this board`
      followed[name] = found
    }
    checkOpening(opening, script, undefined, (id) => Object.values(followed).find((one) => one.id === id))
    return new Ledger({ script, opening, verbs, random, followed, headAt: (offset) => (offset === -1 ? EMPTY_LOG.head : this.heads[offset]) })
  }

  private beginWaiting(): void {
    for (const reader of this.readers.values()) {
      if (!(reader instanceof CheckedCeremony && reader.isWaiting)) continue
      reader.tryToBegin()
      this.changed.add(reader.opened.id)
    }
  }

  private readerOf({ statement }: Message): Reader | undefined {
    const ceremony = ceremonyOf(statement)
    return ceremony === null ? undefined : this.readers.get(ceremony)
  }

  private note({ statement: { type, from, step }, attachment }: Message, offset: number): void {
    this.recent.push({ offset, type, from, step, attachment: attachment ?? null })
    if (this.recent.length > MOST_RECENT) this.recent.shift()
  }

  /** The ids of the newest ceremonies, newest first. */
  newest(most: number): readonly string[] {
    return [...this.readers.keys()].slice(-most).reverse()
  }

  /** The views of those of these ceremonies that changed since they were last asked for. */
  changedViews(ids: readonly string[], numberOf: (id: string) => string | null): readonly CeremonyView[] {
    return ids.flatMap((id) => {
      const reader = this.readers.get(id)
      return reader !== undefined && this.changed.delete(id) ? [reader.view(numberOf(id))] : []
    })
  }

  /** Has it made into a view again, such as when its number came. */
  touch(id: string): void {
    this.changed.add(id)
  }

  board(shown: number): BoardView {
    const ready = [...this.ready.values()].sort((a, b) => (a.card.name < b.card.name ? -1 : 1))
    return {
      pin: this.pin,
      ready: ready.slice(0, MOST_READY).map(({ card, script: { name, hash }, offset }) => {
        // The hash says which script it is; the name beside it is what somebody calls it.
        const shipped = this.options.scripts.find((one) => one.hash === hash)
        return { name: card.name, script: shipped?.ceremony.name ?? name, hash, offset, isShipped: shipped !== undefined }
      }),
      readyCount: ready.length,
      recent: [...this.recent].reverse(),
      ceremonyCount: this.opened,
      shown: Math.min(shown, this.readers.size),
    }
  }
}

const usableOf = (reader: Reader | undefined): Ledger | undefined => (reader instanceof CheckedCeremony ? reader.usable : undefined)

/** Whose entry a text is stands in the message alone, so that what is none has no head. @throws Tampered */
function messageIn({ offset, text }: Entry): Message {
  try {
    return parseMessage(text)
  } catch (error) {
    if (isKeyriteError(error)) throw new Tampered(`what stands at offset ${offset} is no message`)
    throw error
  }
}
