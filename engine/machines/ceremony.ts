/**
 * A checked ceremony: what the compiler and both roles work from. Plain, readonly, JSON. Every name in it resolves
 * and every verb fits its place, since only `loadScript` makes one.
 */
import type { Fields, Type } from '../verbs/table.ts'

/** A verb with its arguments. */
export interface Call {
  readonly verb: string
  readonly args: readonly Ref[]
}

/** The source of an argument, resolved by the checker. */
export type Ref =
  /** `threshold` */
  | { readonly from: 'parameter'; readonly name: string; readonly type: Type }
  /** `Commits`: all collected statements of that message */
  | { readonly from: 'message'; readonly message: string; readonly type: Type }
  /** `Commits.key` (in the payload) or `Commits.points` (in the attachment): one per collected message, by roster index */
  | { readonly from: 'column'; readonly message: string; readonly field: string; readonly part: 'payload' | 'attachment'; readonly type: Type }
  /** `sums`: what a `prepare` of this or an earlier step computed */
  | { readonly from: 'prepared'; readonly name: string; readonly step: string; readonly type: Type }
  /** `key`: the public side of the followed ceremony */
  | { readonly from: 'followed'; readonly name: string; readonly type: Type }
  /** `key.threshold`, `key.groupKey`: a parameter or an output of the followed ceremony */
  | { readonly from: 'followed-value'; readonly name: string; readonly field: string; readonly part: 'parameter' | 'output'; readonly type: Type }
  /** `key.share`: what the followed ceremony left in the vault; airgap verbs only */
  | { readonly from: 'kept'; readonly name: string; readonly field: string; readonly type: Type }

export interface MessageSpec {
  readonly name: string
  /** `everyone`: one statement, open to all. `others`: one statement for each other participant. */
  readonly to: 'everyone' | 'others'
  readonly payload: Fields
  readonly attachment?: Fields
}

/** The number of a step's messages that are awaited. */
export type Collect = { readonly kind: 'all' } | { readonly kind: 'any' } | { readonly kind: 'count'; readonly of: Ref }

export interface Step {
  readonly name: string
  /** From 0. */
  readonly index: number
  /** Client values computed for this step's request, in order; they cross to the airgap with it. */
  readonly prepare: Readonly<Record<string, Call>>
  /** Exactly one of `airgap` and `client` is there. */
  readonly airgap?: Call
  readonly client?: Call
  /** Parameters that the owner must see and confirm before this step. */
  readonly confirm: readonly string[]
  readonly assist?: Call
  readonly sends: string
  /** The message that the airgap may state instead of `sends`. */
  readonly disputes?: string
  readonly check?: Call
  readonly collect: Collect
  /** Payload fields of `sends` that must be equal in all. */
  readonly agree: readonly string[]
  /** Milliseconds added to the deadline by this step. */
  readonly within: number
  readonly keeps?: string
}

export interface Dispute {
  /** The message that opens it. */
  readonly message: string
  readonly airgap: Call
  readonly sends: string
  /** Milliseconds from the dispute's first message, on the poster's clock. */
  readonly within: number
  readonly judge: Call
}

export interface Ceremony {
  readonly name: string
  readonly version: string
  readonly title: string
  /** Absent where the ceremony follows another, whose roster it takes. */
  readonly participants?: { readonly min: number; readonly max: number }
  /** Name → type as written: `quorum`, `text`, `[message]`. */
  readonly parameters: Fields
  /** Local name → script name, for example `{ key: 'dkg' }`. At most one. */
  readonly follows: Readonly<Record<string, string>>
  /** Local name → kept type, for example `{ share: 'dkg.share' }`. */
  readonly keeps: Fields
  readonly messages: Readonly<Record<string, MessageSpec>>
  readonly steps: readonly Step[]
  readonly disputes: Readonly<Record<string, Dispute>>
  /** The step whose completion is success. Every script names one. */
  readonly certificate: string
  readonly outputs: Readonly<Record<string, Output>>
}

export type Output =
  /** A column of which all values are equal (`agree`), or the value of a message of which one is enough (`collect: any`). */
  | { readonly kind: 'ref'; readonly ref: Ref; readonly type: Type }
  | { readonly kind: 'call'; readonly call: Call; readonly type: Type }

/** A ceremony together with the file that it was read from. */
export interface Script {
  readonly ceremony: Ceremony
  /** The file's text, byte for byte. */
  readonly source: string
  /** SHA-256 of the file's bytes, as `sha256sum` prints it. */
  readonly hash: string
}

/** The step whose completion is success, as an index; -1 in a draft that names none. */
export const certificateIndex = ({ steps, certificate }: Pick<Ceremony, 'steps' | 'certificate'>): number => steps.findIndex(({ name }) => name === certificate)

/** The type of the statement that gives a ceremony up for good; every script has it. */
export const ABANDONED = 'Abandoned'

/** The step in whose slot an Abandoned stands: the airgap's first after the certificate that collects from all; undefined without one. */
export function abandonStep(ceremony: Ceremony): Step | undefined {
  return ceremony.steps.slice(certificateIndex(ceremony) + 1).find((step) => step.airgap !== undefined && step.collect.kind === 'all')
}
