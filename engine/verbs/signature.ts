/**
 * What the script checker knows of a verb: its side, its use, the types it takes and gives, and how secret what
 * it emits is. Implementations stand beside it (`airgap.ts`, `client.ts`); this file holds no code of theirs.
 */

/** The type of a value in a script. Names are those of `types.ts`. */
export type Type =
  /** One value of a named type: `hash`, `g1`, `quorum`, … */
  | { readonly kind: 'value'; readonly name: string }
  /** A list of one message's or parameter's values: `[g1]`. */
  | { readonly kind: 'list'; readonly name: string }
  /** A column: one value (or list) per collected message, in roster order. `Commits.key`, `Commits.points`. */
  | { readonly kind: 'each'; readonly of: Type }
  /** All collected statements of a message, with at least these payload fields (attachments are reached by column only). */
  | { readonly kind: 'statements'; readonly payload: Fields }
  /** A value in the airgap's vault. Never leaves it. */
  | { readonly kind: 'kept'; readonly name: string }
  /** The public side of a finished ceremony that this one follows: its roster, parameters and outputs. */
  | { readonly kind: 'followed'; readonly script: string }

/** Named payload or attachment fields. `'g1'` or `'[g1]'`, as written in a script. */
export type Fields = Readonly<Record<string, string>>

export const value = (name: string): Type => ({ kind: 'value', name })
export const list = (name: string): Type => ({ kind: 'list', name })
export const each = (of: Type): Type => ({ kind: 'each', of })
export const statements = (payload: Fields): Type => ({ kind: 'statements', payload })
export const kept = (name: string): Type => ({ kind: 'kept', name })
export const followed = (script: string): Type => ({ kind: 'followed', script })

/** What a verb emits as a message. */
export interface Emits {
  /** `everyone`: public. `others`: one value per recipient, for that recipient alone; such values must never stand in a public message. */
  readonly to: 'everyone' | 'others'
  readonly payload: Fields
  /**
   * The payload's fields whose values depend on what a client prepares, assists or brings outside the view. All others are the
   * airgap's own: a value that this verb never makes there convicts its maker, and one that was brought convicts nobody (protocol §6).
   */
  readonly brought?: readonly string[]
  /** Public data that the payload binds by hash. */
  readonly attachment?: Fields
}

interface Common {
  /** `area.verb`, for example `dkg.deal`. */
  readonly name: string
  /** One sentence for the person who writes a ceremony. */
  readonly doc: string
  readonly takes: readonly Type[]
  /** Abort reasons of its own, `area.reason` → one sentence about it. */
  readonly reasons: Readonly<Record<string, string>>
}

/** A step's or a dispute's airgap verb. It alone sees the session and kept values. */
export interface AirgapSignature extends Common {
  readonly use: 'airgap'
  readonly emits: Emits
  /** The payload that it may state instead. Such a verb needs the step's `disputes`. */
  readonly disputes?: Fields
  /** The type of what it leaves in the vault. Such a verb needs the step's `keeps`. */
  readonly keeps?: string
  /** The type of its question back to its own client. Such a verb needs the step's `assist`. */
  readonly asks?: string
  /** The dispute payload that a dispute's verb answers. Only such a verb may stand in a dispute. */
  readonly answers?: Fields
  /** The check verb without which nobody could rely on what it emits. Such a verb needs it as the step's `check`. */
  readonly checkedBy?: string
}

/** A step's client verb: public in, a public message out. */
export interface ClientSignature extends Common {
  readonly use: 'client'
  readonly emits: Emits & { readonly to: 'everyone' }
  /** As an airgap verb's. */
  readonly checkedBy?: string
}

/** `prepare` and `outputs`: public values in, one public value out. */
export interface ValueSignature extends Common {
  readonly use: 'value'
  readonly gives: Type
}

/** `check`: judges the step's own messages as they come in, or all of them when they are complete. */
export interface CheckSignature extends Common {
  readonly use: 'check'
  readonly payload: Fields
  readonly attachment?: Fields
}

/** `assist`: answers the airgap verb's question. */
export interface AssistSignature extends Common {
  readonly use: 'assist'
  readonly asked: string
}

/** `judge`: says who is guilty, from a dispute and its answer. */
export interface JudgeSignature extends Common {
  readonly use: 'judge'
  readonly dispute: Fields
  readonly answer: Fields
}

export type Signature =
  AirgapSignature | ClientSignature | ValueSignature | CheckSignature | AssistSignature | JudgeSignature

/** Only an `airgap` signature runs in the airgap; the rest are the client's. */
export const sideOf = (signature: Signature): 'airgap' | 'client' => (signature.use === 'airgap' ? 'airgap' : 'client')
