/**
 * What a kind of message is. Each kind is one file in `kinds/` that exports one of these, and one line in `kinds.ts`;
 * its check, what the airgap's owner sees and the bytes that are signed all follow from it.
 */
import type { Json, JsonObject } from '../wire/canonical.ts'
import type { Schema } from '../wire/schema.ts'

/** Something to be signed, as it stands in an opening. */
export type Message = JsonObject & { readonly kind: string }

/** One line on the airgap's screen, in words. */
export interface Line {
  readonly label: string
  readonly value: string
  /** It tells of a danger, and is shown as such. */
  readonly warning?: true
}

export interface Field {
  /** What screens call it. */
  readonly label: string
  /** Completes «it should be …». */
  readonly wants: string
  /** Strict and bounded. */
  readonly schema: Schema
  /** What the schema cannot say; null if nothing is wrong. */
  readonly problem?: (value: Json) => string | null
  /** One spelling for values that may be spelt in several ways, so that duplicates are seen. */
  readonly same?: (value: Json) => Json
}

/**
 * What BLS signs of a message, under the proof-of-possession scheme of the IRTF's draft. `root`: those 32 bytes as they
 * are, for Ethereum the signing root. `content`: these bytes behind the kind's prefix and the id of the ceremony that
 * signs, so that no text or file can be taken for a transaction's root, nor for another ceremony's.
 */
export type Signs = { readonly root: (message: Message) => Uint8Array } | { readonly content: (message: Message) => Uint8Array }

export interface MessageKind {
  readonly name: string
  /** One sentence for the person who signs. */
  readonly doc: string
  /** All of them are required, and there may be no other but `kind`. */
  readonly fields: Readonly<Record<string, Field>>
  /** All that the owner must know to consent. The message was checked. */
  readonly display: (message: Message) => readonly Line[]
  /**
   * The one field, a whole number, in which the messages of a group may differ where an owner consents to many at once.
   * `display` has one line with that field's label, and its value is in no other line.
   */
  readonly series?: string
  readonly signs: Signs
  /** The one public key (48 bytes, hex) under which a signature of this message counts, where the message names it. */
  readonly signer?: (message: Message) => string
  /** Nobody can see what is really signed: refused unless the airgap's owner allows it. */
  readonly blind?: true
  readonly example: Message
}
