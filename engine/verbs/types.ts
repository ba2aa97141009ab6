/**
 * The types that a script may name, as data: the meaning of each, its JSON form on the wire, and where it may stand. The
 * rules that a schema cannot express (is this point on the curve?) are checked in `values.ts`.
 */
import { hexPattern } from '../base/bytes.ts'
import { NAME, SMALL_NAME, whole } from '../base/names.ts'
import type { Fields } from './table.ts'

/** A JSON Schema (draft 7) that ajv compiles in strict mode. */
export type JSONSchema = Readonly<Record<string, unknown>>

/** A place in which a value of a type may stand. */
export type FieldPlace = 'parameter' | 'payload' | 'attachment'

export interface ValueType {
  /** One sentence for the person who writes a ceremony. */
  readonly doc: string
  /** The schema of its wire form: strict and bounded. Bytes are lower-case hex. */
  readonly schema: JSONSchema
  readonly stands: readonly FieldPlace[]
  /** The exact length in bytes, for a type whose wire form is hex of one length. */
  readonly size?: number
  /** Set where all may see a value, and only one recipient's airgap can read it. A verb's values for one recipient are of such types only. */
  readonly ciphertext?: true
  /** The type that such a value has when it crosses between an airgap and its client, where its form on the board is longer. */
  readonly crosses?: string
}

/** The most items that a list may have. */
export const MAX_LIST = 32_768
/** The most participants that a ceremony may have. */
export const MAX_PARTICIPANTS = 1024
/** The most bytes in a value of type `bytes`. */
export const MAX_BYTES = 65_536

const everywhere: readonly FieldPlace[] = ['parameter', 'payload', 'attachment']
const message: readonly FieldPlace[] = ['payload', 'attachment']

function bytesOf(size: number, stands: readonly FieldPlace[], doc: string): ValueType {
  return { doc, size, stands, schema: { type: 'string', pattern: whole(hexPattern(size)) } }
}

const WELL_FORMED = '^[^\\ud800-\\udfff]*$'

/** The forms of a field's name in a message and of its value. `engine/messages` checks the fields of each kind. */
const FIELD = whole(SMALL_NAME)
const SCALAR = {
  anyOf: [
    { type: 'string', maxLength: MAX_BYTES * 2, pattern: WELL_FORMED },
    { type: 'integer', minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'boolean' },
  ],
}

/** Every value type, by the name that a script uses. */
export const valueTypes: Readonly<Record<string, ValueType>> = {
  hash: bytesOf(32, everywhere, 'A SHA-256 hash, or 32 random bytes.'),
  g1: bytesOf(48, everywhere, 'A point of BLS12-381 G1, compressed: a public key or a commitment.'),
  g2: bytesOf(96, everywhere, 'A point of BLS12-381 G2, compressed: a signature.'),
  'g1-affine': {
    ...bytesOf(96, ['attachment'], 'A point of G1 as its two coordinates, which is quicker to read: in attachments that airgaps do without.'),
    crosses: 'g1',
  },
  'g2-affine': {
    ...bytesOf(192, ['attachment'], 'A point of G2 as its two coordinates, which is quicker to read: in attachments that airgaps do without.'),
    crosses: 'g2',
  },
  schnorr: bytesOf(80, message, 'A Schnorr proof of knowledge over G1: R (48 bytes), then s (32 bytes).'),
  sealed: {
    ...bytesOf(80, ['payload'], 'A scalar sealed to one participant by HPKE: encapsulated key, ciphertext, tag.'),
    ciphertext: true,
  },
  x25519: bytesOf(32, message, 'An X25519 public key.'),
  'x25519-private': bytesOf(32, ['payload'], 'The private X25519 key of one single sealing, opened to justify it.'),
  participant: {
    doc: 'The name of one participant of the roster.',
    stands: ['parameter', 'payload'],
    schema: { type: 'string', pattern: whole(NAME) },
  },
  quorum: {
    doc: 'How many participants are enough: from 2 to all of the roster.',
    stands: ['parameter'],
    schema: { type: 'integer', minimum: 2, maximum: MAX_PARTICIPANTS },
  },
  text: {
    doc: 'Text for people, 1 to 2000 characters.',
    stands: ['parameter', 'payload'],
    schema: { type: 'string', minLength: 1, maxLength: 2000, format: 'legible-lines' },
  },
  count: {
    doc: 'A whole number from 0 to 2147483647.',
    stands: everywhere,
    schema: { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
  },
  bytes: {
    doc: 'Any bytes, up to 64 KiB.',
    stands: everywhere,
    schema: { type: 'string', maxLength: MAX_BYTES * 2, pattern: whole(hexPattern()) },
  },
  message: {
    doc: 'Something to be signed: its kind, and what that kind needs.',
    stands: ['parameter'],
    schema: {
      type: 'object',
      required: ['kind'],
      maxProperties: 16,
      propertyNames: { pattern: FIELD },
      properties: {
        kind: { type: 'string', pattern: '^[a-z][a-z0-9-]{0,31}(/[a-z][a-z0-9-]{0,31})?$' },
        each: {
          type: 'object',
          minProperties: 1,
          maxProperties: 1,
          propertyNames: { pattern: FIELD },
          additionalProperties: { type: 'array', minItems: 1, maxItems: MAX_LIST, items: SCALAR },
        },
      },
      additionalProperties: {
        anyOf: [...SCALAR.anyOf, { type: 'object', minProperties: 1, maxProperties: 8, propertyNames: { pattern: FIELD }, additionalProperties: { type: 'string', maxLength: 256, pattern: WELL_FORMED } }],
      },
    },
  },
}

/** The types of values that a step may leave in the airgap's vault. They have no wire form: they never leave. */
export const keptTypes: Readonly<Record<string, { readonly doc: string }>> = {
  'dkg.share': { doc: "One participant's share of a threshold key, which never leaves the airgap." },
}

/** The types of questions that an airgap verb may ask its own client. The step's `assist` answers them. */
export const questionTypes: Readonly<Record<string, { readonly doc: string; readonly fields: Fields }>> = {
  'dkg.partials': {
    doc: "The sums did not fit: each dealer's deal to this participant times the generator, by roster index.",
    fields: { partials: '[g1]' },
  },
}

/** A type as a script writes it, taken apart: `[g1]` is a list of `g1`. */
export function parseType(written: string): { readonly name: string; readonly list: boolean } {
  return written.startsWith('[') && written.endsWith(']')
    ? { name: written.slice(1, -1), list: true }
    : { name: written, list: false }
}

/**
 * The JSON Schema of a type as written, `g1` or `[g1]`.
 *
 * @throws TypeError for a name that the table does not have (a checked script has none)
 */
export function schemaOfType(written: string): JSONSchema {
  const { name, list } = parseType(written)
  const type = Object.hasOwn(valueTypes, name) ? valueTypes[name] : undefined
  if (type === undefined) throw new TypeError(`no type ${written}`)
  return list ? { type: 'array', maxItems: MAX_LIST, items: type.schema } : type.schema
}

/** The JSON Schema of an object that has exactly these fields, all of them. */
export function schemaOf(fields: Fields): JSONSchema {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(fields),
    properties: Object.fromEntries(Object.entries(fields).map(([name, written]) => [name, schemaOfType(written)])),
  }
}
