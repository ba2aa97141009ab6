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

export interface MessageKind {
  readonly name: string
  /** One sentence for the person who signs. */
  readonly doc: string
  /** All of them are required, and there may be no other but `kind`. */
  readonly fields: Readonly<Record<string, Field>>
  /** All that the owner must know to consent. The message was checked. */
  readonly display: (message: Message) => readonly Line[]
  /** What BLS signs, under the proof-of-possession scheme of the IRTF's draft: for Ethereum the signing root. */
  readonly signedBytes: (message: Message) => Uint8Array
  /** The one public key (48 bytes, hex) under which a signature of this message counts, where the message names it. */
  readonly signer?: (message: Message) => string
  /** Nobody can see what is really signed: refused unless the airgap's owner allows it. */
  readonly blind?: true
  readonly example: Message
}
