/**
 * RFC 8785 canonical JSON (JCS). Everything that is hashed or signed goes through here.
 */
import { utf8 } from './bytes.ts'
import { errorTable } from './errors.ts'
import { printableLine } from './text.ts'

/** The most characters of a member's name in an error: a name from outside may be of any length. */
const MOST_SAID = 200

export const wireError = errorTable('wire', {
  'not-json': ({ why }: { why: string }) => ({
    what: `This value cannot be written as canonical JSON: ${why}.`,
    todo: 'This is a bug in keyrite or in a plug-in of yours; please report it.',
  }),
  'not-canonical': ({ what, why }: { what: string; why: string }) => ({
    what: `${what} is refused: ${why}.`,
    todo: 'Whoever wrote it must send canonical JSON (RFC 8785); if keyrite wrote it, it was altered on the way.',
  }),
  'other-version': ({ what }: { what: string }) => ({
    what: `${what} is of another version of keyrite’s protocol, which this one does not read.`,
    todo: 'Begin anew with this version on every machine: new clients, airgaps and boards. Nothing of the earlier one can be carried over.',
  }),
  malformed: ({ what, where, why }: { what: string; where: string; why: string }) => ({
    what: `${what} is malformed at ${where === '' ? 'its top' : printableLine(where, MOST_SAID)}: ${printableLine(why, MOST_SAID)}.`,
    todo: 'It was altered on the way or made by another version; ask its sender for it again.',
  }),
})

declare module './errors.ts' {
  interface ErrorTables { readonly wire: typeof wireError.table }
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
export type JsonObject = { readonly [key: string]: Json | undefined }

/** The deepest that values may nest: `1` is 0 deep, `[1]` is 1 deep, `[[1]]` is 2 deep. */
export const MAX_DEPTH = 32

/**
 * The RFC 8785 serialization of a value: members sorted by UTF-16 code units, ECMAScript numbers, minimal escapes.
 * Members whose value is `undefined` are left out.
 *
 * @param most the deepest that it may nest
 * @throws wire.not-json for what JSON cannot hold (NaN, infinities, lone surrogates, functions, too deep), and for the
 * name `__proto__`
 */
export function canonical(value: Json, most = MAX_DEPTH): string {
  return write(value, most)
}

function write(value: Json | undefined, left: number): string {
  if (left < 0) throw wireError('not-json', { why: 'nested too deeply' })
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw wireError('not-json', { why: 'a number that is not finite' })
    return JSON.stringify(value)
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw wireError('not-json', { why: 'a string with a lone surrogate' })
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map((item) => write(item, left - 1)).join(',')}]`
  if (typeof value !== 'object') throw wireError('not-json', { why: `a ${typeof value}` })
  const object = value as JsonObject
  const members = Object.keys(object)
    .filter((key) => object[key] !== undefined)
    .sort()
    .map((key) => {
      if (!key.isWellFormed()) throw wireError('not-json', { why: 'a name with a lone surrogate' })
      // It is legal JSON, but copying an object that has it sets a prototype. Nothing here ever has this name.
      if (key === '__proto__') throw wireError('not-json', { why: 'the name __proto__' })
      return `${JSON.stringify(key)}:${write(object[key], left - 1)}`
    })
  return `{${members.join(',')}}`
}

/**
 * Parses JSON text that must be canonical: the value, written again, must give the same text. That also refuses
 * duplicate names, other spellings of numbers and every stray byte.
 *
 * @param what names the text in the error
 * @param most the deepest that it may nest
 * @throws wire.not-canonical
 */
export function parseCanonical(text: string, what: string, most = MAX_DEPTH): Json {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (cause) {
    throw wireError('not-canonical', { what, why: 'it is not JSON' }, cause)
  }
  let again: string
  try {
    again = canonical(value, most)
  } catch (cause) {
    throw wireError('not-canonical', { what, why: 'it holds what canonical JSON cannot' }, cause)
  }
  if (again !== text) throw wireError('not-canonical', { what, why: 'it is JSON, but not in its RFC 8785 form' })
  return value
}

/** UTF-8 bytes of a value's canonical JSON. */
export function canonicalBytes(value: Json): Uint8Array {
  return utf8(canonical(value))
}
