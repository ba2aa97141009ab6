/**
 * The definition of a kind of message. Each kind is one file in `kinds/` that exports a `MessageKind`, and one line in
 * `kinds.ts`. Its check, the lines that the airgap's owner sees and the bytes that are signed all follow from it.
 */
import { errorTable } from '../base/errors.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { printableLine, quoted } from '../base/text.ts'
import { capital } from '../base/words.ts'
import type { Schema } from '../wire/schema.ts'

/** A message to be signed, as it stands in an opening. */
export type Signable = JsonObject & { readonly kind: string }

/** One line on the airgap's screen, in words. */
export interface Line {
  readonly label: string
  readonly value: string
  /** Set where the line warns of a danger; it is then shown as a warning. */
  readonly warning?: true
}

export interface Field {
  /** The field's name on screens. */
  readonly label: string
  /** The wanted form, in words that complete «it should be …». */
  readonly wants: string
  /** The JSON schema of its values, strict and bounded. */
  readonly schema: Schema
  /** Finds a problem that the schema cannot express; null if nothing is wrong. */
  readonly problem?: (value: Json) => string | null
  /** Gives one spelling for values that may be spelt in several ways, so that duplicates are seen. */
  readonly same?: (value: Json) => Json
}

/**
 * The bytes of a message that BLS signs, under the proof-of-possession scheme of the IRTF's draft. `root`: those 32 bytes
 * as they are, for Ethereum the signing root. `content`: these bytes behind the kind's prefix and the id of the ceremony
 * that signs, so that no text or file can be taken for a transaction's root, or for one of another ceremony.
 */
export type Signs = { readonly root: (message: Signable) => Uint8Array } | { readonly content: (message: Signable) => Uint8Array }

export interface MessageKind {
  readonly name: string
  /** One sentence for the person who signs. */
  readonly doc: string
  /** The fields besides `kind`. All are required, and no other is allowed. */
  readonly fields: Readonly<Record<string, Field>>
  /** The lines with all that the owner must know to consent, of a checked message. */
  readonly display: (message: Signable) => readonly Line[]
  /**
   * The one field, a whole number, in which the messages of a group may differ when an owner consents to many at once.
   * `display` gives one line with that field's label, and no other line shows its value.
   */
  readonly series?: string
  readonly signs: Signs
  /** The one public key (48 bytes, hex) under which a signature of this message counts, where the message names it. */
  readonly signer?: (message: Signable) => string
  /** Set where nobody can see what is really signed: refused unless the airgap's owner allows it. */
  readonly blind?: true
  readonly example: Signable
}

// Numbers as screens show them.

/** A number as `32,000,000,000`, whatever the machine's language. */
export function grouped(value: bigint | number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** An amount as `32 ETH (32,000,000,000 gwei)`. 1 ETH is 10⁹ gwei. */
export function amountText(gwei: number): string {
  const amount = BigInt(gwei)
  const rest = (amount % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${grouped(amount / 1_000_000_000n)}${rest === '' ? '' : `.${rest}`} ETH (${grouped(amount)} gwei)`
}

/** A size as `1,234 bytes`. */
export const sizeText = (bytes: number): string => `${grouped(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`

/** The place of a message: the item of the list, and the value in its `each`, both from 1. A message alone has neither. */
export interface ItemPlace {
  readonly item?: number
  readonly value?: number
}

/** The most characters of a kind's name, or a place, that fit a line. */
const MOST_SAID = 80

/** A place in words: `message 3`, `message 3 (value 17 of its list)`, `the message`. */
export function placeText({ item, value }: ItemPlace): string {
  if (item === undefined) return 'the message'
  return `message ${item}${value === undefined ? '' : ` (value ${value} of its list)`}`
}

export const messageError = errorTable('message', {
  'unknown-kind': ({ kind, known, ...place }: ItemPlace & { kind: string; known: readonly string[] }) => ({
    what: `${capital(placeText(place))} is of the kind ${quoted(kind, MOST_SAID)}, which this version of keyrite does not know; it is not signed blind.`,
    todo: `The kinds are ${known.join(', ')}; \`keyrite message kinds\` explains them.`,
  }),
  malformed: ({ where, why, ...place }: ItemPlace & { where: string; why: string }) => ({
    what: `${capital(placeText(place))} is refused${where === '' ? '' : ` at ${printableLine(where, MOST_SAID)}`}: ${why}.`,
    todo: 'Mend it; `keyrite message kinds` shows what each kind wants, with an example.',
  }),
  duplicate: ({ sameAs, ...place }: ItemPlace & { sameAs: ItemPlace }) => ({
    what: `${capital(placeText(place))} is the same as ${placeText(sameAs)}: the very same bytes would be signed.`,
    todo: 'Leave one of them out: a signature is wanted once.',
  }),
  empty: ({ most }: { most: number }) => ({
    what: 'There is no message to be signed.',
    todo: `Give from one to ${most}.`,
  }),
  'too-many': ({ count, most }: { count: number; most: number }) => ({
    what: `These are ${count} messages; one ceremony signs ${most} at most.`,
    todo: 'Sign them in several ceremonies.',
  }),
  'too-mixed': ({ groups, most }: { groups: number; most: number }) => ({
    what: `These messages are too mixed: they make ${groups} groups, and nobody reads more than ${most} before signing.`,
    todo: 'Sign them in several ceremonies. One group are messages that differ in the validator index alone; each text, file and deposit is a group of its own.',
  }),
  'not-json': ({ file, line, column, why }: { file: string; line: number; column: number; why: string }) => ({
    what: `${file}:${line}:${column}: This is not JSON: ${why}.`,
    todo: 'Mend it; a file of messages is a JSON list, such as [{"kind": "text", "text": "…"}].',
  }),
  unreadable: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be read: ${why}.`,
    todo: 'Name a file that this user may read; paths in a file of messages are relative to it.',
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly message: typeof messageError.table }
}
