/**
 * A board's log as the page reads it: every head from the first message on, who is ready, which ceremonies were opened,
 * and each of them by its own reader. No I/O.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { firstOf, flowed, printableLine } from '../../engine/base/text.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { expandMessages, messagesHash } from '../../engine/messages/batch.ts'
import { hasAttachment } from '../../engine/run/attachment.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { checkOpening, followedIds } from '../../engine/run/opening.ts'
import type { Post } from '../../engine/run/reading.ts'
import { lastingOf } from '../../engine/run/standing.ts'
import type { AbortStanding, Cell, FaultStanding, Lasting } from '../../engine/run/standing.ts'
import type { Random, Verbs } from '../../engine/verbs/runtime.ts'
import { checkAbort } from '../../engine/wire/abort.ts'
import { tampered } from '../../engine/wire/board.ts'
import { cardProblem } from '../../engine/wire/card.ts'
import type { Card } from '../../engine/wire/card.ts'
import type { AbortReason } from '../../engine/wire/abort.ts'
import type { Json, JsonObject } from '../../engine/base/canonical.ts'
import { readOpening, readReady } from '../../engine/wire/lobby.ts'
import type { Opened, WithOffset, Ready } from '../../engine/wire/lobby.ts'
import { Chain, EMPTY_LOG, holding } from '../../engine/wire/log.ts'
import type { Entry } from '../../engine/wire/log.ts'
import { ceremonyOf, verifyMessage, verifyStatement } from '../../engine/wire/message.ts'
import type { Message, Pin } from '../../engine/wire/message.ts'
import type { AttachmentView, BoardView, CeremonyView, FactView, MessageView } from './model.ts'

// Texts from the log are made fit to be shown: on one line, without control characters, and no longer than people read.

const MOST_CHARACTERS = 400
/** The most parameters or outputs that are shown of one ceremony. */
const MOST_FACTS = 24

/** Anybody's text on one line. Where it is cut, its length is given. */
export function line(text: string, most = MOST_CHARACTERS): string {
  const flat = printableLine(flowed(firstOf(text, 4 * most)))
  return text.length <= most ? flat : `${firstOf(flat, most)}… (${text.length} characters)`
}

/** A value as a text: strings as they are, a long list by its length. */
export function valueText(value: Json | undefined): string {
  if (typeof value === 'string') return line(value)
  const json = JSON.stringify(value ?? null)
  return Array.isArray(value) && json.length > MOST_CHARACTERS ? `${value.length} of them` : line(json)
}

/** The parameters of an opening. `types` are those that its script declares, where the script is known. */
function parameterFacts(parameters: JsonObject, types: Readonly<Record<string, string>> | undefined, follows: readonly string[]): readonly FactView[] {
  const all = Object.entries(parameters).map(([key, value]): FactView => {
    const [name, type] = [line(key, 64), types?.[key]]
    if (follows.includes(key)) return { name, text: valueText(value), isCeremony: true }
    if (type === '[message]' && Array.isArray(value)) return { name, text: messagesText(value as readonly Json[]) }
    return { name, text: valueText(value), ...(type === 'text' ? { isClaim: true } : {}) }
  })
  return cut(all)
}

const outputFacts = (outputs: JsonObject | undefined): readonly FactView[] =>
  cut(Object.entries(outputs ?? {}).map(([name, value]) => ({ name, text: valueText(value) })))

function cut(facts: readonly FactView[]): readonly FactView[] {
  const more = facts.length - MOST_FACTS
  return more > 0 ? [...facts.slice(0, MOST_FACTS), { name: '…', text: `and ${more} more` }] : facts
}

function messagesText(items: readonly Json[]): string {
  try {
    const messages = expandMessages(items)
    return `${messages.length} to be signed, SHA-256 ${messagesHash(messages)}`
  } catch (error) {
    if (isKeyriteError(error)) return 'not readable'
    throw error
  }
}

// The reading of any ceremony on the board, whether its script is known or not.

/** Reads the messages of one ceremony. */
interface Reader {
  readonly opened: WithOffset<Opened>
  accept(post: Post): void
  /** Whether this message carries an attachment that the ceremony's rules need. */
  wantsAttachment(post: Post): boolean
  view(number: string | null): CeremonyView
}

type Head = 'id' | 'number' | 'script' | 'title' | 'isRehearsal' | 'openedBy' | 'opensAt' | 'offset' | 'parameters'

/** The part of a view that follows from the opening alone. */
function headView({ id, opening, by, offset }: WithOffset<Opened>, script: Script | undefined, number: string | null): Pick<CeremonyView, Head> {
  const { name, version, hash } = opening.script
  return {
    id, number, offset,
    script: { name, version: line(version, 32), hash },
    title: script?.ceremony.title ?? null,
    isRehearsal: opening.rehearsal,
    openedBy: by,
    opensAt: opening.opensAt,
    parameters: parameterFacts(opening.parameters, script?.ceremony.parameters, Object.keys(script?.ceremony.follows ?? {})),
  }
}

/** The values of a view where nothing is known yet. */
const NOTHING = {
  end: 'open', ending: 'open', why: null, obstacle: null, problem: null, usableAt: null, bound: [], steps: [], current: 0, rows: [], needed: null, out: [],
  aborts: [], faults: [], disputes: [], convicted: [], dutyUntil: null, withheld: null, outputs: [], attachments: [], attachmentCount: 0,
} as const

// The places of a ceremony's messages in the log, and their attachments.

interface Place {
  readonly step: string
  readonly from: string
  readonly attachment?: string
}

const MOST_ATTACHMENTS = 200

class Places {
  private readonly all = new Map<number, Place>()

  add({ offset, message: { statement, attachment } }: Post): void {
    if (statement.step === null) return
    this.all.set(offset, { step: statement.step, from: statement.from, ...(attachment === undefined ? {} : { attachment }) })
  }

  /** Finds a participant's first message of a step among these offsets. */
  firstOf(offsets: readonly number[]): (step: string, from: string) => number | undefined {
    const found = new Map<string, number>()
    for (const offset of offsets) {
      const place = this.all.get(offset)
      if (place === undefined) continue
      const key = `${place.step}\n${place.from}`
      found.set(key, Math.min(offset, found.get(key) ?? offset))
    }
    return (step, from) => found.get(`${step}\n${from}`)
  }

  attachments(counting: readonly number[]): { readonly attachments: readonly AttachmentView[]; readonly attachmentCount: number } {
    const found = [...counting].sort((a, b) => a - b).flatMap((offset): AttachmentView[] => {
      const place = this.all.get(offset)
      return place?.attachment === undefined ? [] : [{ hash: place.attachment, from: place.from, step: place.step, offset }]
    })
    return { attachments: found.slice(0, MOST_ATTACHMENTS), attachmentCount: found.length }
  }

  get offsets(): readonly number[] {
    return [...this.all.keys()]
  }
}

// A ceremony whose script ships with the page. It is read by the same fold that every client and `keyrite verify` run.
// So signatures, views, values, proofs and outcome are checked here, in the visitor's browser.

/** The most faults and aborts that are listed. */
const MOST_LISTED = 50
/** Messages that are held for a ceremony that cannot begin yet. */
const MOST_PENDING = 2000

class CheckedCeremony implements Reader {
  readonly opened: WithOffset<Opened>
  private readonly script: Script
  private readonly begin: () => Ledger | string
  private readonly places = new Places()
  private ledger: Ledger | undefined
  private problem: string | null = null
  private isRefused = false
  private pending: Post[] = []

  /** @param begin gives the ledger, or the reason to wait. @throws run.opening where the opening breaks a rule */
  constructor(opened: WithOffset<Opened>, script: Script, begin: () => Ledger | string) {
    this.opened = opened
    this.script = script
    this.begin = begin
    this.tryToBegin()
  }

  get usable(): Ledger | undefined {
    return this.ledger?.usable === true ? this.ledger : undefined
  }

  get isWaiting(): boolean {
    return this.ledger === undefined && !this.isRefused
  }

  /** Begins if the ceremony that it follows is usable by now. */
  tryToBegin(): void {
    try {
      const begun = this.begin()
      if (typeof begun === 'string') {
        this.problem = begun
        return
      }
      this.ledger = begun
      this.problem = null
    } catch (error) {
      if (!isKeyriteError(error)) throw error
      this.problem = line(error.message)
      this.isRefused = true
    }
    for (const post of this.pending.splice(0)) this.accept(post)
  }

  accept(post: Post): void {
    if (this.ledger !== undefined) {
      this.places.add(post)
      this.ledger.accept(post)
    } else if (!this.isRefused && this.pending.length < MOST_PENDING) this.pending.push(post)
  }

  /** Until the ceremony can begin there is no ledger to ask, so every message that may carry an attachment wants it. */
  wantsAttachment(post: Post): boolean {
    if (this.ledger !== undefined) return this.ledger.wants(post)
    const { statement, attachment } = post.message
    const spec = this.isRefused || attachment === undefined ? undefined : this.script.ceremony.messages[statement.type]
    return spec !== undefined && hasAttachment(spec) && this.opened.opening.roster.some(({ name }) => name === statement.from)
  }

  view(number: string | null): CeremonyView {
    const { opened, script, ledger } = this
    const head = { ...headView(opened, script, number), ...NOTHING, problem: this.problem }
    if (ledger === undefined) return { ...head, obstacle: this.isRefused ? 'refused' : 'waiting' }
    return { ...head, ...short(lastingOf(ledger)), outputs: outputFacts(ledger.outputs), ...this.places.attachments(ledger.placedOffsets) }
  }
}

/** The same with bounded lists, and with nobody's text longer than people read. The convicted are all named. */
const short = (lasting: Lasting): Lasting => ({
  ...lasting,
  why: lasting.why === null ? null : line(lasting.why),
  out: lasting.out.map((one) => ({ ...one, why: line(one.why) })),
  aborts: lasting.aborts.slice(0, MOST_LISTED).map((one) => ({ ...one, step: stepLine(one.step), why: line(one.why) })),
  faults: lasting.faults.slice(0, MOST_LISTED).map((one) => ({ ...one, step: stepLine(one.step), why: line(one.why), offsets: one.offsets.slice(0, 4) })),
  convicted: lasting.convicted.map((one) => ({ ...one, why: line(one.why) })),
})

const stepLine = (step: string | null): string | null => (step === null ? null : line(step, 64))

// A ceremony whose script did not ship with the page: who stated something, in the order in which it came. Signatures
// are checked. What the script asks of its messages, and until when, cannot be known here.

/** The most steps that are told apart, since a participant can name as many as it likes. */
const MOST_STEPS = 24

class UncheckedCeremony implements Reader {
  readonly opened: WithOffset<Opened>
  /**
   * The members who posted something and whose keys can be used. A client that joins checks all cards; this page does
   * not join.
   */
  private readonly heard = new Map<string, Card | undefined>()
  private readonly places = new Places()
  private readonly steps: string[] = []
  private readonly aborts: AbortStanding[] = []
  private readonly faults: FaultStanding[] = []

  constructor(opened: WithOffset<Opened>) {
    this.opened = opened
  }

  private cardOf(from: string): Card | undefined {
    if (!this.heard.has(from)) {
      const card = this.opened.opening.roster.find(({ name }) => name === from)
      this.heard.set(from, card === undefined || cardProblem(card) !== null ? undefined : card)
    }
    return this.heard.get(from)
  }

  wantsAttachment(): boolean {
    return false
  }

  accept(post: Post): void {
    const { message, offset } = post
    const { statement, airgapSignature } = message
    const card = this.cardOf(statement.from)
    if (card === undefined) return
    if (!verifyMessage(message, card.signingKey)) {
      this.found(post, 'bad-signature', `a message in the name of ${card.name} does not bear its signature; the storage should have refused it`)
    } else if (airgapSignature !== undefined && !verifyStatement(statement, airgapSignature, card.airgapKey)) {
      this.found(post, 'bad-signature', `the airgap’s signature on the ${statement.type} of ${card.name} does not verify`)
    } else if (statement.type === 'Abort') this.abort(post)
    else if (statement.step !== null && (this.steps.includes(statement.step) || this.steps.length < MOST_STEPS)) {
      if (!this.steps.includes(statement.step)) this.steps.push(statement.step)
      this.places.add({ offset, message })
    }
  }

  private abort({ message: { statement }, offset }: Post): void {
    if (this.aborts.length >= MOST_LISTED) return
    try {
      const { step, reason, accused, evidence } = checkAbort(statement.payload, 'An Abort')
      this.aborts.push({ from: statement.from, offset, step: stepLine(step), reason, accused, why: line(evidence.why) })
    } catch (error) {
      if (!isKeyriteError(error)) throw error
    }
  }

  private found({ message: { statement }, offset }: Post, reason: AbortReason, why: string): void {
    if (this.faults.length < MOST_LISTED) this.faults.push({ step: statement.step, reason, why, convicted: null, offsets: [offset] })
  }

  view(number: string | null): CeremonyView {
    const { offsets } = this.places
    const firstOf = this.places.firstOf(offsets)
    return {
      ...headView(this.opened, undefined, number), ...NOTHING,
      obstacle: 'unchecked',
      steps: this.steps.map((name) => ({ name, until: null })),
      current: this.steps.length,
      rows: this.opened.opening.roster.map(({ name }) => ({
        name, isMe: false,
        cells: this.steps.map((step): Cell => {
          const offset = firstOf(step, name)
          const abort = this.aborts.find((one) => one.from === name && one.step === step)
          return { mark: offset !== undefined ? 'done' : abort === undefined ? 'later' : 'aborted', offset: offset ?? abort?.offset ?? null }
        }),
      })),
      aborts: this.aborts, faults: this.faults,
      ...this.places.attachments(offsets),
    }
  }
}

export interface FoldOptions {
  /** The scripts that the page knows. */
  readonly scripts: readonly Script[]
  readonly verbs: Verbs
  readonly random: Random
}

const MOST_READY = 300
const MOST_RECENT = 40
/** The most ceremonies that are followed, since whoever may post can open as many as it likes. The newest count. */
const MOST_CEREMONIES = 200
/** The most messages that are held from before their ceremony's opening. */
const MOST_EARLY = 1000

export class BoardFold {
  private readonly options: FoldOptions
  private readonly chain = new Chain(EMPTY_LOG, true)
  private readonly ready = new Map<string, WithOffset<Ready>>()
  private readonly readers = new Map<string, Reader>()
  private readonly changed = new Set<string>()
  private readonly early: Post[] = []
  private readonly recent: MessageView[] = []
  private opened = 0

  constructor(options: FoldOptions) {
    this.options = options
  }

  get pin(): Pin {
    return this.chain.pin
  }

  /**
   * Checks that an entry continues the log.
   *
   * @returns the hash of the attachment without which it cannot be judged, or null
   * @throws board.tampered
   */
  wants(entry: Entry): string | null {
    const { offset, message } = holding(() => this.chain.check(entry), tampered)
    const isWanted = message.attachment !== undefined && (this.readerOf(message)?.wantsAttachment({ offset, message }) ?? false)
    return isWanted ? (message.attachment ?? null) : null
  }

  /** Takes an entry, with the attachment that `wants` named. @throws board.tampered */
  take(entry: Entry, attachment?: Uint8Array): void {
    const { offset, message } = holding(() => this.chain.next(entry), tampered)
    const { statement } = message
    this.note(message, offset)
    const ready = readReady(message)
    if (ready !== undefined) this.ready.set(ready.card.name, { ...ready, offset })
    const opened = readOpening(message, (id) => this.readers.has(id))
    if (opened !== undefined) this.open({ ...opened, offset })
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

  private open(opened: WithOffset<Opened>): void {
    if (this.readers.has(opened.id)) return
    this.opened += 1
    const { script, reader } = this.readerFor(opened)
    this.readers.set(opened.id, reader)
    this.changed.add(opened.id)
    for (const post of this.early.filter(({ message }) => message.statement.ceremony === opened.id)) {
      // A message from before its opening came without its attachment. Only a dishonest log has one that wants it.
      if (script === undefined || !reader.wantsAttachment(post)) this.give(reader, post)
    }
    const [oldest] = this.readers.keys()
    if (this.readers.size > MOST_CEREMONIES && oldest !== undefined) this.readers.delete(oldest)
  }

  private readerFor(opened: WithOffset<Opened>): { readonly script: Script | undefined; readonly reader: Reader } {
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
    return new Ledger({ script, opening, verbs, random, followed, headAt: (offset) => this.chain.headAt(offset) })
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

  /** Has a ceremony made into a view again, such as when its number was computed. */
  touch(id: string): void {
    this.changed.add(id)
  }

  board(shown: number): BoardView {
    const ready = [...this.ready.values()].sort((a, b) => (a.card.name < b.card.name ? -1 : 1))
    return {
      pin: this.pin,
      ready: ready.slice(0, MOST_READY).map(({ card, script: { name, hash }, offset }) => {
        // The hash tells which script it is. The name in the message is anybody's word.
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
