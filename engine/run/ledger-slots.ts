/** The statements that took their slots in one ceremony's log, and whose are still missing. */
import type { Ceremony, Message as MessageSpec, Step } from '../script/model.ts'
import type { Collected } from '../verbs/runtime.ts'
import { canonical } from '../wire/canonical.ts'
import type { JsonObject } from '../wire/canonical.ts'
import type { Card } from '../wire/card.ts'
import type { Statement } from '../wire/message.ts'
import type { Fault } from './abort.ts'

/** A statement that took its slot. */
export interface Placed {
  readonly statement: Statement
  readonly airgapSignature?: string
  readonly offset: number
  readonly collected: Collected
}

/** What an airgap signed for a slot, whether it was good enough to take it or not. */
export interface Signed {
  readonly statement: Statement
  readonly airgapSignature?: string
  readonly offset: number
}

/** A slot's key within one ceremony; no name has a line feed. */
const keyOf = ({ step, from, to }: Pick<Statement, 'step' | 'from' | 'to'>): string => `${step ?? ''}\n${from}\n${to ?? ''}`

export class Slots {
  private readonly ceremony: Ceremony
  private readonly roster: readonly Card[]
  private readonly placed = new Map<string, Placed>()
  /** How many slots of a step are taken by a type: a step of private messages has n² of them. */
  private readonly counts = new Map<string, number>()
  private readonly signed = new Map<string, Signed>()
  private readonly rivals = new Map<string, Placed[]>()
  /** What `collected` gave, until something of that type comes in: a check wants all n² deals at each of n responses. */
  private readonly lists = new Map<string, readonly Collected[]>()

  constructor(ceremony: Ceremony, roster: readonly Card[]) {
    this.ceremony = ceremony
    this.roster = roster
  }

  get(step: string, from: string, to: string | null): Placed | undefined {
    return this.placed.get(keyOf({ step, from, to }))
  }

  /** What stands where a statement would. */
  inPlaceOf(statement: Statement): Placed | undefined {
    return this.placed.get(keyOf(statement))
  }

  /** Where the statements stand that took their slots. */
  get offsets(): readonly number[] {
    return [...this.placed.values()].map((one) => one.offset)
  }

  put(placed: Placed): void {
    const key = keyOf(placed.statement)
    const before = this.placed.get(key)
    if (before !== undefined) this.count(before.statement, -1)
    this.count(placed.statement, 1)
    this.placed.set(key, placed)
  }

  /** Takes a statement out of its slot again. */
  remove({ statement }: Placed): void {
    if (this.placed.delete(keyOf(statement))) this.count(statement, -1)
  }

  private count({ step, type }: Statement, by: number): void {
    const key = `${step ?? ''}\n${type}`
    this.counts.set(key, (this.counts.get(key) ?? 0) + by)
    this.lists.delete(type)
  }

  /** Remembers the first thing that was signed for a slot, and gives it. */
  firstSigned(signed: Signed): Signed {
    const slot = keyOf(signed.statement)
    const first = this.signed.get(slot) ?? this.placed.get(slot) ?? signed
    this.signed.set(slot, first)
    return first
  }

  /** Keeps a second statement for a taken slot: it may complete the certificate all the same. */
  putRival(placed: Placed): void {
    const slot = keyOf(placed.statement)
    this.rivals.set(slot, [...(this.rivals.get(slot) ?? []), placed])
  }

  /**
   * Puts, into a step's slots, one statement of each participant such that all agree, wherever there are such: who
   * stated something else besides contradicts itself, and nobody else (protocol §5, Success).
   */
  settle(step: Step): void {
    const candidates = this.roster.map(({ name }) => {
      const taken = this.get(step.name, name, null)
      const all = taken === undefined ? [] : [taken, ...(this.rivals.get(keyOf(taken.statement)) ?? [])]
      return all.filter((one) => one.statement.type === step.sends)
    })
    const said = (one: Placed) => canonical(step.agree.map((name) => one.statement.payload[name] ?? null))
    for (const first of candidates[0] ?? []) {
      const agreeing = candidates.flatMap((all) => all.find((one) => said(one) === said(first)) ?? [])
      if (agreeing.length < this.roster.length) continue
      agreeing.forEach((one) => this.put(one))
      return
    }
  }

  message(name: string): MessageSpec {
    const spec = this.ceremony.messages[name]
    if (spec === undefined) throw new Error(`no message ${name}`)
    return spec
  }

  /** Whom a participant's statements in a step go to: null for everyone, or each other one. */
  recipients(step: Step, from: string): readonly (string | null)[] {
    if (this.message(step.sends).to === 'everyone') return [null]
    return this.roster.map((card) => card.name).filter((name) => name !== from)
  }

  /** A participant's slots in a step are all taken, whatever by. */
  isFilledBy(step: Step, name: string): boolean {
    return this.recipients(step, name).every((to) => this.get(step.name, name, to) !== undefined)
  }

  /** Everybody's slots in a step are taken by what the step sends. */
  isComplete(step: Step): boolean {
    const n = this.roster.length
    const slots = this.message(step.sends).to === 'everyone' ? n : n * (n - 1)
    return this.counts.get(`${step.name}\n${step.sends}`) === slots
  }

  /** All statements of a message, by roster index. */
  collected(message: string): readonly Collected[] {
    const list = this.lists.get(message) ?? this.collect(message)
    this.lists.set(message, list)
    return list
  }

  private collect(message: string): readonly Collected[] {
    const place = this.ceremony.steps.find((step) => step.sends === message || step.disputes === message)?.name ??
      Object.values(this.ceremony.disputes).find((dispute) => dispute.sends === message)?.message
    if (place === undefined) return []
    const recipients = this.message(message).to === 'everyone' ? [null] : this.roster.map((card) => card.name)
    return this.roster.flatMap(({ name }) =>
      recipients.flatMap((to) => {
        const placed = this.get(place, name, to)
        return placed?.statement.type === message ? [placed.collected] : []
      }),
    )
  }

  /** What an airgap made of a step's statements to everyone or to one participant, but that one's own. */
  carriable(step: Step, to: string): readonly { readonly from: string; readonly payload: JsonObject; readonly airgapSignature: string }[] {
    const target = this.message(step.sends).to === 'everyone' ? null : to
    return this.roster.flatMap(({ name }) => {
      const placed = name === to ? undefined : this.get(step.name, name, target)
      if (placed?.airgapSignature === undefined || placed.statement.type !== step.sends) return []
      return [{ from: name, payload: placed.statement.payload, airgapSignature: placed.airgapSignature }]
    })
  }

  /** The participant whom a dispute or its answer names, in its one field of that type. */
  namedBy({ statement }: Placed): string {
    const [field] = Object.entries(this.message(statement.type).payload).find(([, type]) => type === 'participant') ?? []
    const name = statement.payload[field ?? '']
    return typeof name === 'string' ? name : ''
  }
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
