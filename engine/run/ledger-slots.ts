/** The slots of one ceremony's log: what took each first, what of it counts, and whose are still free. */
import type { Ceremony, Message as MessageSpec, Step } from '../machines/ceremony.ts'
import type { Collected } from '../verbs/runtime.ts'
import type { Fault } from '../wire/abort.ts'
import { canonical } from '../wire/canonical.ts'
import { indexOf } from '../wire/card.ts'
import type { Card } from '../wire/card.ts'
import type { Carried } from '../wire/exchange.ts'
import { slotKey, slotOf } from '../wire/message.ts'
import type { Statement } from '../wire/message.ts'
import { pieceFor } from './attachment.ts'

/** A statement that took its slot: the first one there with a good signature of its airgap and of the right form. */
export interface Taken {
  readonly statement: Statement
  readonly airgapSignature?: string
  readonly offset: number
}

/** A statement that took its slot and counts. */
export interface Placed extends Taken {
  readonly collected: Collected
}

export class Slots {
  private readonly id: string
  private readonly ceremony: Ceremony
  private readonly roster: readonly Card[]
  private readonly taken = new Map<string, Taken>()
  private readonly placed = new Map<string, Placed>()
  /** What `collected` gave, until something of that type comes in. */
  private readonly lists = new Map<string, readonly Collected[]>()

  constructor(id: string, ceremony: Ceremony, roster: readonly Card[]) {
    this.id = id
    this.ceremony = ceremony
    this.roster = roster
  }

  /** Has a statement take its slot. @returns what has it already, if something has */
  take(one: Taken): Taken | undefined {
    const key = slotOf(one.statement) ?? ''
    const before = this.taken.get(key)
    if (before === undefined) this.taken.set(key, one)
    return before
  }

  /** What took a slot, whether it counts or not. */
  holder(step: string, from: string, complainer?: string): Taken | undefined {
    return this.taken.get(slotKey(this.id, step, from, complainer))
  }

  /** What has the slot of a statement. */
  holderOf(statement: Statement): Taken | undefined {
    return this.taken.get(slotOf(statement) ?? '')
  }

  /** Does its slot hold this very statement? */
  isHeldBy(statement: Statement): boolean {
    const holder = this.holderOf(statement)
    return holder !== undefined && canonical(holder.statement) === canonical(statement)
  }

  /** Lets what took its slot count. */
  put(placed: Placed): void {
    this.placed.set(slotOf(placed.statement) ?? '', placed)
    this.lists.delete(placed.statement.type)
  }

  /** Lets a statement count no more; its slot stays taken. */
  remove({ statement }: Placed): void {
    this.placed.delete(slotOf(statement) ?? '')
    this.lists.delete(statement.type)
  }

  /** What counts of a participant in a step. */
  get(step: string, from: string): Placed | undefined {
    return this.placed.get(slotKey(this.id, step, from))
  }

  /** Where the statements stand that count. */
  get offsets(): readonly number[] {
    return [...this.placed.values()].map((one) => one.offset)
  }

  message(name: string): MessageSpec {
    const spec = this.ceremony.messages[name]
    if (spec === undefined) throw new Error(`no message ${name}`)
    return spec
  }

  /** What a participant states in a step counts. */
  isFilledBy(step: Step, name: string): boolean {
    return this.get(step.name, name)?.statement.type === step.sends
  }

  /** What everybody states in a step counts. */
  isComplete(step: Step): boolean {
    return this.collected(step.sends).length === this.roster.length
  }

  /** What a step sends, as far as it counts, by roster index. */
  placedIn(step: Step): readonly Placed[] {
    return this.roster.flatMap(({ name }) => {
      const placed = this.get(step.name, name)
      return placed?.statement.type === step.sends ? [placed] : []
    })
  }

  /** All statements of a message that count, by roster index. */
  collected(message: string): readonly Collected[] {
    const list = this.lists.get(message) ?? this.collect(message)
    this.lists.set(message, list)
    return list
  }

  private collect(message: string): readonly Collected[] {
    const step = this.ceremony.steps.find(({ sends }) => sends === message)
    return step === undefined ? [] : this.placedIn(step).map(({ collected }) => collected)
  }

  /** What the airgaps of all others state in a step, as it crosses to one participant's. */
  carriable(step: Step, to: string): readonly Carried[] {
    const isPrivate = this.message(step.sends).to === 'others'
    return this.placedIn(step).flatMap(({ statement: { from, payload }, airgapSignature, collected: { attachment } }) => {
      if (from === to || airgapSignature === undefined) return []
      const piece = isPrivate && attachment !== undefined ? pieceFor(attachment, indexOf(this.roster, to)) : {}
      return [{ from, payload, airgapSignature, ...piece }]
    })
  }

  /** The participant whom a dispute or its answer names, in its one field of that type. */
  namedBy({ type, payload }: Pick<Statement, 'type' | 'payload'>): string {
    return namedIn(this.message(type), payload)
  }
}

/** The participant whom a payload names, in its one field of that type; '' where there is none. */
export function namedIn({ payload: fields }: MessageSpec, payload: Statement['payload']): string {
  const [field] = Object.entries(fields).find(([, type]) => type === 'participant') ?? []
  const name = payload[field ?? '']
  return typeof name === 'string' ? name : ''
}

/** The first field in which a step's statements should agree and do not; null if there is none. */
export function disagreementIn(step: Step, placed: readonly Placed[]): Fault | null {
  for (const name of step.agree) {
    const said = new Map(placed.map(({ statement: { payload, from } }) => [canonical(payload[name] ?? null), from]))
    if (said.size < 2) continue
    return {
      reason: 'disagreement', step: step.name, accused: null, convicts: false,
      why: `the participants do not agree on ${name}: ${[...said.values()].join(' and ')} say different things`,
      offsets: placed.map((one) => one.offset),
    }
  }
  return null
}
