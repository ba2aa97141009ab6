/**
 * The checks of values, as they come in, that a schema cannot express: is this a point of the group, a key that one may seal to, a name in
 * the roster? Each value is checked once; verbs then trust it.
 */
import { isKeyriteError } from '../base/errors.ts'
import { decodeG2, OUTSIDE_SUBGROUP } from '../crypto/bls.ts'
import { fromHex } from '../base/bytes.ts'
import { checkX25519Key } from '../crypto/hpke.ts'
import { expandMessages } from '../messages/batch.ts'
import { checkMessage } from '../messages/kinds.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import type { Card } from '../wire/card.ts'
import { compileCheck } from '../wire/schema.ts'
import type { Check } from '../wire/schema.ts'
import { affineG1, onCurveG1 } from './dkg.ts'
import type { Fields } from './table.ts'
import { parseType, schemaOf } from './types.ts'

/** The strictness for points. Those in attachments need less: here only a point of G1 is checked, to be on the curve (protocol §5.2). */
export type Held = 'strict' | 'attachment'

type ListCheck = (values: readonly Json[]) => string | null
type ValueCheck = (value: Json, roster: readonly Card[], held: Held) => string | null

/** The bytes of a value that passed a schema for hex. */
const bytesIn = (value: Json, size: number): Uint8Array => fromHex(typeof value === 'string' ? value : '', size)

/** The reason why decoding fails, or the problem that it finds with the point, or null. */
function decodes(decode: () => string | null): string | null {
  try {
    return decode()
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return isKeyriteError(error, 'crypto.bad-point') ? error.facts.why : error.message
  }
}

/** The message of the error that a check throws, or null. */
function refused(check: () => unknown): string | null {
  try {
    check()
    return null
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return error.message.replace(/\.$/, '')
  }
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : '')

const checks: Readonly<Record<string, ValueCheck>> = {
  g1: (value, _, held) =>
    decodes(() => {
      const point = onCurveG1(textOf(value))
      return held === 'attachment' || point.isTorsionFree() ? null : OUTSIDE_SUBGROUP
    }),
  'g1-affine': (value) => decodes(() => {
    affineG1(textOf(value))
    return null
  }),
  // An attachment may hold thousands, so there (and for `g2-affine`) nothing is checked here: the step's check decodes and verifies all at once.
  g2: (value, _, held) => (held === 'attachment' ? null : decodes(() => {
    decodeG2(bytesIn(value, 96))
    return null
  })),
  x25519: (value) => checkX25519Key(bytesIn(value, 32)),
  participant: (value, roster) => (roster.some((card) => card.name === value) ? null : 'nobody of the roster has that name'),
  message: (value) => refused(() => checkMessage(value)),
  quorum: (value, roster) => (typeof value === 'number' && value <= roster.length ? null : `there are only ${roster.length} participants`),
}

/** The checks of whole lists, for types with rules that go beyond single items. */
const listChecks: Readonly<Record<string, ListCheck>> = { message: (values) => refused(() => expandMessages(values)) }

/** The problem with a value of a type as written (`g1`, `[g1]`), or null. Its schema was checked before. */
export function valueProblem(written: string, value: Json, roster: readonly Card[], held: Held = 'strict'): string | null {
  const { name, list } = parseType(written)
  const check = checks[name]
  if (check === undefined) return null
  if (!list || !Array.isArray(value)) return check(value, roster, held)
  const whole = listChecks[name]
  if (whole !== undefined) return whole(value as readonly Json[])
  for (const [i, item] of (value as readonly Json[]).entries()) {
    const problem = check(item, roster, held)
    if (problem !== null) return `item ${i + 1}: ${problem}`
  }
  return null
}

/** The problem with an object of these fields, or null. Fields in `skip` were compared with known good ones. */
export function fieldsProblem(
  fields: Fields, object: JsonObject, roster: readonly Card[], held: Held = 'strict', skip: readonly string[] = [],
): string | null {
  for (const [name, written] of Object.entries(fields)) {
    const value = object[name]
    if (value === undefined) return `${name} is missing`
    const problem = skip.includes(name) ? null : valueProblem(written, value, roster, held)
    if (problem !== null) return `${name}: ${problem}`
  }
  return null
}

const compiled = new WeakMap<Fields, Check<JsonObject>>()

/** The schema check for an object of these fields, compiled once. */
export function fieldsCheck(fields: Fields): Check<JsonObject> {
  const known = compiled.get(fields) ?? compileCheck<JsonObject>(schemaOf(fields))
  compiled.set(fields, known)
  return known
}
