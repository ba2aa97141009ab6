/**
 * The shapes of everything that is signed or posted, as strict JSON schemas, compiled once. A value that passed a check
 * has the check's type; no value may be trusted before that.
 */
import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { LEGIBLE_FORMATS } from '../base/text.ts'
import { wireError } from '../base/canonical.ts'
import type { Json } from '../base/canonical.ts'
import { hexPattern } from '../base/bytes.ts'
import { IDENTIFIER, INSTANT, NAME, whole } from '../base/names.ts'

export type Schema = Readonly<Record<string, unknown>>

/** A text that matches, as a whole, one of the patterns of `base/names.ts` or `base/bytes.ts`. */
export function patternSchema(pattern: string): Schema {
  return { type: 'string', pattern: whole(pattern) }
}

/** Lower-case hex of exactly `length` bytes. */
export const hexSchema = (length: number): Schema => (patternSchema(hexPattern(length)))

export const nameSchema: Schema = patternSchema(NAME)

/** An object with exactly these members, of which the `optional` ones may be absent. */
export function objectSchema(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key))
  return { type: 'object', properties, required, additionalProperties: false }
}

export const cardSchema = objectSchema({ name: nameSchema, signingKey: hexSchema(32), airgapKey: hexSchema(32), epoch: hexSchema(16) })

/** A name of a step, a message or a parameter, as scripts write it. */
export const identifierSchema: Schema = patternSchema(IDENTIFIER)

export const openingSchema = objectSchema({
  script: objectSchema({ name: nameSchema, version: { type: 'string', minLength: 1, maxLength: 32 }, hash: hexSchema(32) }),
  parameters: { type: 'object', maxProperties: 64 },
  roster: { type: 'array', minItems: 2, maxItems: 1024, items: cardSchema },
  opensAt: patternSchema(INSTANT),
  nonce: hexSchema(32),
  rehearsal: { type: 'boolean' },
})

/**
 * The options for schemas that stand in the source. They are strict, but not checked against the schema of schemas, which
 * takes longer to compile than all of them; and they are compiled fast rather than short.
 */
export const OWN_SCHEMAS = { strict: true, meta: false, validateSchema: false, code: { optimize: false }, formats: LEGIBLE_FORMATS } as const

let ajv: Ajv | undefined

/** A check that gives the value its type. */
export type Check<T> = (value: unknown, what: string) => T

/**
 * Makes a check of values from outside, which stops at the first error. The schema is compiled when the first value comes,
 * since most programs meet few of the kinds of values that there are.
 *
 * @throws wire.malformed from the check
 */
export function compileCheck<T extends Json>(schema: Schema): Check<T> {
  let validate: ValidateFunction<T> | undefined
  return (value, what) => {
    ajv ??= new Ajv({ ...OWN_SCHEMAS, allErrors: false, discriminator: true })
    validate ??= ajv.compile<T>(schema)
    if (validate(value)) return value
    throw wireError('malformed', { what, ...place(validate.errors?.[0]) })
  }
}

function place(error: ErrorObject | undefined): { where: string; why: string } {
  if (error === undefined) return { where: '', why: 'it does not have the right form' }
  const extra = error.keyword === 'additionalProperties' ? `: ${String(error.params['additionalProperty'])}` : ''
  return { where: error.instancePath, why: `${error.message ?? 'it does not have the right form'}${extra}` }
}
