/**
 * The input and the results of a verb's implementation. Arguments arrive in the order of its signature, with the shapes
 * that the script checker proved; the readers below turn them from JSON into typed values.
 */
import { errorTable } from '../base/errors.ts'
import type { Slices } from '../base/turns.ts'
import type { SessionSecrets } from '../crypto/seed.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { EngineReason } from '../wire/abort.ts'
import type { VerbReason } from './table.ts'

/** One collected statement, as verbs see it. */
export interface Collected {
  readonly from: string
  /** Roster index, from 1. */
  readonly index: number
  readonly step: string
  readonly type: string
  readonly view: string
  readonly payload: JsonObject
  readonly attachment?: JsonObject
  /** The piece for this airgap, proved to be under the root; only on an airgap, where the statement binds a piece for each other participant. */
  readonly piece?: JsonObject
  /** The maker's airgap's signature, 64 bytes in hex; a client's own message has none. */
  readonly airgapSignature?: string
}

/** The public side of a finished ceremony that this one follows. An airgap knows no outputs. */
export interface Followed {
  readonly id: string
  readonly opening: Opening
  readonly outputs?: JsonObject | undefined
}

/** A source of `length` random bytes. */
export type Random = (length: number) => Uint8Array

/** Public facts of the running ceremony, for every verb. */
export interface Scope {
  readonly ceremony: string
  readonly roster: readonly Card[]
  readonly rehearsal: boolean
  readonly step: string
  /** The type of the step's own message. */
  readonly type: string
  /** The transcript hash before the step. */
  readonly view: string
  /** The source for the weights of random linear combinations. */
  readonly random: Random
}

export interface Me {
  readonly name: string
  readonly index: number
}

/** The scope of airgap verbs. Its secrets leave the verb through `keep` only. */
export interface AirgapScope extends Scope {
  readonly me: Me
  readonly secrets: SessionSecrets
  /** The answer of the client's `assist` to this verb's question, if it asked one. It comes from outside: check it. */
  readonly assist?: Json
  /** The statement that opened the dispute, in a dispute. */
  readonly dispute?: Collected
}

export type Stating =
  | { readonly kind: 'states'; readonly payload: JsonObject; readonly attachment?: JsonObject; readonly keep?: Json }
  /** One payload for each other participant, by name. */
  | { readonly kind: 'states-each'; readonly payloads: ReadonlyMap<string, JsonObject> }
  | { readonly kind: 'disputes'; readonly payload: JsonObject }
  | { readonly kind: 'asks'; readonly question: Json }
  /** Work that takes long. It tells its progress and lets other work run in between. It ends in a result of another kind. */
  | { readonly kind: 'works'; readonly work: (working: Working) => Promise<Stating> }

/** The means of work that takes long. */
export interface Working {
  readonly tell: Tell
  /** The last state that an earlier run of this very work saved; it comes from the airgap's own vault. */
  readonly saved?: Json
  /**
   * Offers the state of the work, which is written to the vault now and then. The work goes on when this resolves.
   *
   * @throws where the work is to stop
   */
  readonly save: (state: () => Json) => Promise<void>
}

/** Takes the progress of some work. */
export type Tell = (done: number, total: number) => void

export type Args = readonly unknown[]

/** A fault that a verb found in a statement or message. */
export interface VerbFault {
  /** A reason that the verb's signature declares, or the engine's. */
  readonly reason: EngineReason | VerbReason
  readonly accused: string
  /** One sentence for people. */
  readonly why: string
  /** False where the fault does not follow from statements that the accused's airgap signed, and so proves nothing. True if absent. */
  readonly convicts?: boolean
}

export interface Judgement {
  readonly guilty: string
  readonly reason: VerbReason
  readonly why: string
}

export type AirgapVerb = (scope: AirgapScope, args: Args) => Stating
export type ValueVerb = (scope: Scope, args: Args) => Json
export type ClientVerb = (scope: Scope, args: Args) => { readonly payload: JsonObject; readonly attachment?: JsonObject }
export type AssistVerb = (scope: Scope, me: Me, question: Json, args: Args) => Json
export type JudgeVerb = (scope: Scope, dispute: Collected, answer: Collected, args: Args) => Judgement

/** A check of a step's messages. `arrival`: each alone, as it comes in. `complete`: all of them at once, when they are in. */
export interface CheckVerb {
  readonly when: 'arrival' | 'complete'
  /**
   * Checks one message before the values in its attachment are decoded, which may be many: only their form was checked so
   * far. Null if nothing is wrong.
   */
  readonly before?: (scope: Scope, one: Collected, args: Args) => VerbFault | null
  readonly run: (scope: Scope, incoming: readonly Collected[], args: Args) => readonly VerbFault[]
  /** Does the work of `run` in slices, where it may take seconds. */
  readonly slices?: (scope: Scope, incoming: readonly Collected[], args: Args) => Slices<readonly VerbFault[]>
}

export interface Verbs {
  readonly airgap: Readonly<Record<string, AirgapVerb>>
  readonly value: Readonly<Record<string, ValueVerb>>
  readonly client: Readonly<Record<string, ClientVerb>>
  readonly check: Readonly<Record<string, CheckVerb>>
  readonly assist: Readonly<Record<string, AssistVerb>>
  readonly judge: Readonly<Record<string, JudgeVerb>>
}

export const verbError = errorTable('verb', {
  fault: ({ reason, accused, why }: VerbFault) => ({
    what: `${accused === '' ? 'This step' : `The statement of ${accused}`} failed its check (${reason}): ${why}.`,
    todo: 'The ceremony cannot go on with it and aborts; nothing of yours is lost. Open a new one when the cause is clear.',
  }),
  argument: ({ verb, why }: { verb: string; why: string }) => ({
    what: `An argument of ${verb} is not usable: ${why}.`,
    todo: 'The request was altered on the way or comes from another version of keyrite; run the client again, with the same version on both machines.',
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly verb: typeof verbError.table }
}

/** Throws a fault that names a participant; `accused` is '' where nobody can be named. */
export function fault(reason: VerbFault['reason'], accused: string, why: string): never {
  throw verbError('fault', { reason, accused, why })
}

/** Reads a verb's arguments, each with the shape that the checker proved. */
export class ArgReader {
  private readonly verb: string
  private readonly args: Args

  constructor(verb: string, args: Args) {
    this.verb = verb
    this.args = args
  }

  integer(at: number): number {
    const arg = this.args[at]
    return typeof arg === 'number' && Number.isInteger(arg) ? arg : this.bad(at, 'a whole number')
  }

  statements(at: number): readonly Collected[] {
    const arg = this.args[at]
    return Array.isArray(arg) && arg.every(isCollected) ? arg : this.bad(at, 'statements')
  }

  texts(at: number): readonly string[] {
    const arg = this.args[at]
    return isTexts(arg) ? arg : this.bad(at, 'a list of hex strings')
  }

  /** Reads an argument like `texts`, in which items may be null. */
  nullableTexts(at: number): readonly (string | null)[] {
    const arg = this.args[at]
    const fits = Array.isArray(arg) && arg.every((item) => item === null || typeof item === 'string')
    return fits ? (arg as readonly (string | null)[]) : this.bad(at, 'a list of hex strings')
  }

  followed(at: number): Followed {
    const arg = this.args[at]
    return typeof arg === 'object' && arg !== null && 'opening' in arg ? (arg as Followed) : this.bad(at, 'a finished ceremony')
  }

  /** Reads a list of messages to be signed, as they stand in the opening. */
  list(at: number): readonly Json[] {
    const arg = this.args[at]
    return Array.isArray(arg) ? (arg as readonly Json[]) : this.bad(at, 'a list')
  }

  columns(at: number): readonly (readonly string[])[] {
    const arg = this.args[at]
    return Array.isArray(arg) && arg.every(isTexts) ? arg : this.bad(at, 'lists of hex strings')
  }

  private bad(at: number, want: string): never {
    throw verbError('argument', { verb: this.verb, why: `argument ${String(at + 1)} should be ${want}` })
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isCollected(value: unknown): value is Collected {
  return typeof value === 'object' && value !== null && 'payload' in value && 'index' in value
}

/** A string field of a payload that passed its schema. */
export function textField(payload: JsonObject, field: string): string {
  const found = payload[field]
  return typeof found === 'string' ? found : fault('malformed', '', `it has no ${field}`)
}
