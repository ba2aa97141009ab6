/**
 * Stands in for ajv in the page: the same checks without code made at run time, which the page's policy forbids. It
 * knows the keywords that the engine's schemas use and throws for any other, so that none is passed over in silence. A
 * test holds it against ajv.
 */
import { LEGIBLE_FORMATS } from '../../engine/base/text.ts'

type Schema = Readonly<Record<string, unknown>>
type Object = Readonly<Record<string, unknown>>

export interface ErrorObject {
  readonly keyword: string
  readonly instancePath: string
  readonly message?: string
  readonly params: Readonly<Record<string, unknown>>
}

export interface ValidateFunction<T> {
  (value: unknown): value is T
  errors?: readonly ErrorObject[] | null
}

/** A check of a value: its error, or null. */
type Test = (value: unknown, path: string) => ErrorObject | null

export class Ajv {
  compile<T>(schema: Schema): ValidateFunction<T> {
    const test = testOf(schema)
    const validate: ValidateFunction<T> = (value): value is T => {
      const error = test(value, '')
      validate.errors = error === null ? null : [error]
      return error === null
    }
    return validate
  }
}

const isObject = (value: unknown): value is Object => typeof value === 'object' && value !== null && !Array.isArray(value)

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  integer: (value) => Number.isInteger(value),
}

const FORMATS: Readonly<Record<string, (value: string) => boolean>> = LEGIBLE_FORMATS

/** The tests by keyword; `schema` is the one in which the keyword stands. */
const KEYWORDS: Readonly<Record<string, (wanted: never, schema: Schema) => Test>> = {
  type: (type: string) => plain('type', `must be ${type}`, TYPES[type] ?? unknownWord(`type ${type}`)),
  const: (wanted: unknown) => plain('const', 'must be equal to constant', (value) => value === wanted),
  enum: (wanted: readonly unknown[]) => plain('enum', 'must be equal to one of the allowed values', (value) => wanted.includes(value)),
  pattern(source: string) {
    const pattern = new RegExp(source, 'u')
    return plain('pattern', `must match pattern "${source}"`, (value) => typeof value !== 'string' || pattern.test(value))
  },
  format(name: string) {
    const holds = FORMATS[name] ?? unknownWord(`format ${name}`)
    return plain('format', `must match format "${name}"`, (value) => typeof value !== 'string' || holds(value))
  },
  minLength: (n: number) => plain('minLength', `must NOT have fewer than ${n} characters`, (value) => typeof value !== 'string' || lengthOf(value) >= n),
  maxLength: (n: number) => plain('maxLength', `must NOT have more than ${n} characters`, (value) => typeof value !== 'string' || lengthOf(value) <= n),
  minimum: (n: number) => plain('minimum', `must be >= ${n}`, (value) => typeof value !== 'number' || value >= n),
  maximum: (n: number) => plain('maximum', `must be <= ${n}`, (value) => typeof value !== 'number' || value <= n),
  minItems: (n: number) => plain('minItems', `must NOT have fewer than ${n} items`, (value) => !Array.isArray(value) || value.length >= n),
  maxItems: (n: number) => plain('maxItems', `must NOT have more than ${n} items`, (value) => !Array.isArray(value) || value.length <= n),
  minProperties: (n: number) => plain('minProperties', `must NOT have fewer than ${n} properties`, (value) => !isObject(value) || Object.keys(value).length >= n),
  maxProperties: (n: number) => plain('maxProperties', `must NOT have more than ${n} properties`, (value) => !isObject(value) || Object.keys(value).length <= n),
  required: (names: readonly string[]) => (value, path) => {
    const missing = isObject(value) ? names.find((name) => !Object.hasOwn(value, name)) : undefined
    return missing === undefined ? null : { keyword: 'required', instancePath: path, message: `must have required property '${missing}'`, params: {} }
  },
  properties(schemas: Readonly<Record<string, Schema>>) {
    const tests = Object.entries(schemas).map(([name, schema]) => [name, testOf(schema)] as const)
    return (value, path) => (isObject(value) ? firstOf(tests, ([name, test]) => (Object.hasOwn(value, name) ? test(value[name], `${path}/${name}`) : null)) : null)
  },
  additionalProperties(wanted: false | Schema, { properties = {} }) {
    const known = properties as Object
    const test: Test = wanted === false
      ? (_, path) => ({ keyword: 'additionalProperties', instancePath: path.slice(0, path.lastIndexOf('/')), message: 'must NOT have additional properties', params: { additionalProperty: path.slice(path.lastIndexOf('/') + 1) } })
      : testOf(wanted)
    return (value, path) => (isObject(value) ? firstOf(Object.keys(value), (name) => (Object.hasOwn(known, name) ? null : test(value[name], `${path}/${name}`))) : null)
  },
  propertyNames(schema: Schema) {
    const test = testOf(schema)
    return (value, path) => (isObject(value) ? firstOf(Object.keys(value), (name) => test(name, path)) : null)
  },
  items(schema: Schema) {
    const test = testOf(schema)
    return (value, path) => (Array.isArray(value) ? firstOf((value as readonly unknown[]).entries(), ([i, item]) => test(item, `${path}/${i}`)) : null)
  },
  anyOf(schemas: readonly Schema[]) {
    const tests = schemas.map(testOf)
    return (value, path) => (tests.some((test) => test(value, path) === null) ? null : { keyword: 'anyOf', instancePath: path, message: 'must match a schema in anyOf', params: {} })
  },
}

function testOf(schema: Schema): Test {
  const tests = Object.entries(schema).map(([word, wanted]) => {
    const make = Object.hasOwn(KEYWORDS, word) ? KEYWORDS[word] : undefined
    return (make ?? unknownWord(word))(wanted as never, schema)
  })
  return (value, path) => firstOf(tests, (test) => test(value, path))
}

const plain = (keyword: string, message: string, holds: (value: unknown) => boolean): Test =>
  (value, path) => (holds(value) ? null : { keyword, instancePath: path, message, params: {} })

function firstOf<T>(all: Iterable<T>, test: (one: T) => ErrorObject | null): ErrorObject | null {
  for (const one of all) {
    const error = test(one)
    if (error !== null) return error
  }
  return null
}

/** The length in code points, as ajv counts it; JavaScript counts UTF-16 units. */
const lengthOf = (text: string): number => {
  let length = 0
  for (let i = 0; i < text.length; i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1) length += 1
  return length
}

function unknownWord(word: string): never {
  throw new TypeError(`the page knows no ${word} in a schema`)
}

/** Stands in for `node:util` in the page: as much of it as the engine's fold uses. */

/** Compares two JSON values. */
export function isDeepStrictEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false
  const [keys, others] = [Object.keys(a), Object.keys(b)]
  return keys.length === others.length && keys.every((key) => Object.hasOwn(b, key) && isDeepStrictEqual(Reflect.get(a, key), Reflect.get(b, key)))
}
