/** The input of every pass of the check: the draft, its places in the text, the reporter, and the declarations. */
import type { Ceremony, MessageSpec } from '../machines/ceremony.ts'
import type { Fields } from '../verbs/table.ts'
import type { Reporter } from './diagnostic.ts'
import type { Draft } from './schema.ts'
import type { Locator } from './yaml.ts'

export interface Checking {
  readonly draft: Draft
  readonly at: Locator
  readonly report: Reporter
  readonly declared: Declared
  /** Names of parameters, prepared values and followed ceremonies that something uses. */
  readonly used: Set<string>
  /** Messages that are not what their verb emits: reported once, where they are sent. */
  readonly mismatched: Set<string>
}

export interface Declared {
  /** Only those whose type is good. */
  readonly parameters: Fields
  readonly keeps: Fields
  readonly messages: ReadonlyMap<string, DeclaredMessage>
  readonly follows?: FollowedScript
  /** In order. */
  readonly steps: readonly string[]
}

export interface DeclaredMessage extends MessageSpec {
  /** Is all of its declaration good? If not, it is not compared with anything. */
  readonly good: boolean
}

export interface FollowedScript {
  readonly local: string
  readonly script: string
  /** Absent if the library does not have it. */
  readonly ceremony?: Ceremony
}

/** The input of the first passes, before anything is used. */
export type Declaring = Omit<Checking, 'used' | 'mismatched'>

export type Sender =
  | { readonly by: 'step'; readonly step: string; readonly index: number }
  /** Stated in a step instead of what it sends; opens a dispute. */
  | { readonly by: 'dispute'; readonly step: string; readonly index: number }
  /** The answer of the accused. */
  | { readonly by: 'answer'; readonly dispute: string }
