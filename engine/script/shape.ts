/** The second layer: is the outline of the script right? Reads ajv's errors into diagnostics at their places. */
import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { OWN_SCHEMAS } from '../wire/schema.ts'
import type { Report, Span } from './diagnostic.ts'
import type { Draft } from './draft.ts'
import * as forms from './forms.ts'
import { nearest } from './nearest.ts'
import { ceremonySchema } from './schema.ts'
import type { Locator, Path, Plain } from './yaml.ts'

const ajv = new Ajv({ ...OWN_SCHEMAS, allErrors: true, allowUnionTypes: true, verbose: true, ownProperties: true })
/** More than these are not looked at; a file with so many has worse problems. */
const MAX_ERRORS = 500
let outline: ValidateFunction<Draft> | undefined
let complete: ValidateFunction | undefined

/**
 * Checks the outline.
 *
 * @returns the script as a draft; undefined if something was reported
 */
export function shapeOf(plain: Plain, at: Locator, report: Report): Draft | undefined {
  outline ??= ajv.compile<Draft>(ceremonySchema('open'))
  if (outline(plain)) return plain
  const errors = (outline.errors ?? []).slice(0, MAX_ERRORS)
  const misspelt = new Set(errors.flatMap((error) => misspeltFor(error, errors)))
  for (const error of errors) if (!isMisplaced(error, errors)) reportShape(error, misspelt, at, report)
  return undefined
}

/**
 * Reports what the shipped schema refuses and the checks have let pass, such as a title of ten lines: an editor and
 * this program must come to the same verdict.
 *
 * @param known where something is reported already
 */
export function reportRest(plain: Plain, at: Locator, known: readonly Span[], report: Report): void {
  complete ??= ajv.compile(ceremonySchema('closed'))
  if (complete(plain)) return
  for (const error of (complete.errors ?? []).slice(0, MAX_ERRORS)) {
    if (['const', 'oneOf', 'type', 'if', 'then'].includes(error.keyword)) continue
    const path = pathOf(error.instancePath)
    const name = textOf(error.params, 'additionalProperty') ?? textOf(error.params, 'propertyName') ?? error.propertyName
    const span = name === undefined ? at.value(path) : at.key([...path, name])
    if (known.some(({ start, end }) => start < span.end && span.start < end)) continue
    report('bad-value', span, { where: whereOf(path), why: whyOf(error) })
  }
}

function reportShape(error: ErrorObject, misspelt: ReadonlySet<string>, at: Locator, report: Report): void {
  const path = pathOf(error.instancePath)
  const where = whereOf(path)
  const extra = textOf(error.params, 'additionalProperty')
  const missing = textOf(error.params, 'missingProperty')
  if (extra !== undefined) {
    report('unknown-key', at.key([...path, extra]), { name: extra, where, known: propertiesOf(error) })
  } else if (missing !== undefined) {
    if (!misspelt.has(`${error.instancePath}/${missing}`)) report('missing-key', at.key(path), { name: missing, where })
  } else if (error.keyword === 'type') {
    const want = [error.params['type'] as unknown].flat().map((kind) => kinds[String(kind)] ?? String(kind))
    report('wrong-kind', at.value(path), { where, want, got: kindOf(error.data) })
  } else {
    report('bad-value', at.value(path), { where, why: whyOf(error) })
  }
}

/**
 * Lines with too little indentation leave nothing where they belong, and look like more entries of what is around it.
 * That nothing is there says it; what is wrong with each of those lines as an entry does not help.
 */
function isMisplaced(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  const [around, entry] = error.instancePath.split('/').slice(1)
  if (error.keyword === 'type' || around === undefined || entry === undefined || forms.hasForm(entry, forms.bigName)) return false
  return ['steps', 'messages', 'disputes'].includes(around) && errors.some((other) =>
    other.keyword === 'type' && other.data === null && other.instancePath.startsWith(`/${around}/`))
}

/** A key that is missing only because it is misspelt needs no second diagnostic. */
function misspeltFor(error: ErrorObject, errors: readonly ErrorObject[]): string[] {
  const extra = textOf(error.params, 'additionalProperty')
  if (extra === undefined) return []
  const meant = nearest(extra, propertiesOf(error))
  const isMissing = errors.some((other) =>
    other.instancePath === error.instancePath && textOf(other.params, 'missingProperty') === meant)
  return meant !== undefined && isMissing ? [`${error.instancePath}/${meant}`] : []
}

function propertiesOf(error: ErrorObject): string[] {
  const properties: unknown = error.parentSchema?.['properties']
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
}

function textOf(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const text = params[name]
  return typeof text === 'string' ? text : undefined
}

/** RFC 6901. */
function pathOf(pointer: string): Path {
  return pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function whereOf(path: Path): string {
  return path.length === 0 ? 'a ceremony' : path.join('.')
}

const kinds: Readonly<Record<string, string>> = {
  object: 'a map', array: 'a list', string: 'text', integer: 'a whole number',
}

function kindOf(data: unknown): string {
  if (data === null || data === undefined) return 'nothing'
  if (Array.isArray(data)) return 'a list'
  if (typeof data === 'object') return 'a map'
  if (typeof data === 'boolean') return 'true or false'
  return typeof data === 'number' ? 'a number' : 'text'
}

function whyOf(error: ErrorObject): string {
  const limit = String(error.params['limit'])
  switch (error.keyword) {
    case 'pattern': {
      const form = Object.values(forms).find((one) => typeof one === 'object' && one.pattern === error.params['pattern'])
      return typeof form === 'object' ? `must be ${form.says}` : 'has not the right form'
    }
    case 'maxProperties':
    case 'maxItems':
      return `has more than ${limit} entries`
    case 'minProperties':
    case 'minItems':
      return `has fewer than ${limit} entries`
    default:
      return error.message ?? 'is not allowed'
  }
}
