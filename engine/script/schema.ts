/**
 * The JSON Schema of a script, made from the tables of verbs and types. `closed` ships as `ceremony.schema.json` and shows
 * an author what may stand where, in any editor that knows YAML schemas. `open` leaves out the forms of names and values,
 * since the checks report those better, together with everything else that is wrong.
 */
import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { signatures } from '../verbs/table.ts'
import type { Signature } from '../verbs/table.ts'
import { keptTypes, MAX_PARTICIPANTS, valueTypes } from '../verbs/types.ts'
import type { JSONSchema, FieldPlace } from '../verbs/types.ts'
import { OWN_SCHEMAS } from '../wire/schema.ts'
import { nearest } from './codes.ts'
import { describeSignature } from './diagnostic.ts'
import type { Reporter, Span } from './diagnostic.ts'
import * as forms from './forms.ts'
import { bigName, reference, scriptName, smallName, time, title, version } from './forms.ts'
import type { Form } from './forms.ts'
import type { Locator, Path, Plain } from './yaml.ts'

export type Names = 'open' | 'closed'

/** The places in a script where a verb can stand. */
export type CallPlace = 'airgap' | 'client' | 'prepare' | 'assist' | 'check' | 'disputeAirgap' | 'judge' | 'output'

/** May this verb stand there? */
export function mayStand(signature: Signature, place: CallPlace): boolean {
  switch (place) {
    case 'airgap':
      return signature.use === 'airgap' && signature.answers === undefined
    case 'disputeAirgap':
      return signature.use === 'airgap' && signature.answers !== undefined
    case 'prepare':
    case 'output':
      return signature.use === 'value'
    default:
      return signature.use === place
  }
}

/** Bounds on how much a script may declare, far above any real ceremony. */
const MOST = { steps: 64, messages: 64, parameters: 32, fields: 32, arguments: 16, outputs: 32 }

export function ceremonySchema(names: Names): JSONSchema {
  const closed = names === 'closed'

  const text = (description: string, form: Form, examples: readonly string[]): JSONSchema =>
    ({ description, type: 'string', ...(closed ? { pattern: form.pattern } : {}), examples })
  const words = (description: string, choices: readonly string[], examples: readonly string[]): JSONSchema =>
    ({ description, type: 'string', ...(closed ? { enum: choices } : {}), examples })
  const map = (
    description: string, form: Form, most: number, of: JSONSchema, examples: readonly unknown[],
  ): JSONSchema => ({
    description,
    type: 'object',
    maxProperties: most,
    ...(closed ? { propertyNames: { pattern: form.pattern } } : {}),
    additionalProperties: of,
    examples,
  })
  const namesList = (description: string, examples: readonly unknown[]): JSONSchema =>
    ({ description, type: 'array', maxItems: MOST.fields, items: { type: 'string' }, examples })
  type Properties = Readonly<Record<string, JSONSchema>>
  const record = (description: string, required: readonly string[], properties: Properties): JSONSchema =>
    ({ description, type: 'object', required, additionalProperties: false, properties })

  const args: JSONSchema = {
    description:
      'The verb’s arguments, in its order: names of parameters, messages (Commits), fields of messages (Commits.key), ' +
      'prepared values.',
    type: 'array',
    maxItems: MOST.arguments,
    items: text('An argument.', reference, ['threshold', 'Commits', 'Commits.key']),
  }
  const verbs = (place: CallPlace): JSONSchema => {
    if (!closed) return { additionalProperties: { $ref: '#/$defs/arguments' } }
    const fitting = signatures.filter((signature) => mayStand(signature, place))
    return {
      minProperties: 1,
      maxProperties: 1,
      additionalProperties: false,
      properties: Object.fromEntries(
        fitting.map((signature) => [
          signature.name,
          { description: describeSignature(signature), allOf: [{ $ref: '#/$defs/arguments' }] },
        ]),
      ),
    }
  }
  const call = (place: CallPlace, description: string, examples: readonly unknown[]): JSONSchema =>
    ({ description, type: 'object', ...verbs(place), examples })

  const types = (place: FieldPlace): JSONSchema => {
    if (!closed) return {}
    const one: JSONSchema = {
      type: 'string',
      oneOf: Object.entries(valueTypes)
        .filter(([, type]) => type.stands.includes(place))
        .map(([name, { doc }]) => ({ const: name, description: doc })),
    }
    return { anyOf: [one, { type: 'array', minItems: 1, maxItems: 1, items: one }] }
  }
  const typed = (place: FieldPlace): JSONSchema =>
    ({ description: `The type of the ${place}: a name, or [name] for a list.`, examples: ['hash', ['g1']], ...types(place) })
  const limit = (description: string, example: number): JSONSchema =>
    ({ description, type: 'integer', ...(closed ? { minimum: 2, maximum: MAX_PARTICIPANTS } : {}), examples: [example] })

  const within = text(
    'How long it may take at most, from one minute to 90 days. When the time is over and something is missing, the ' +
    'ceremony aborts.',
    time, ['30m', '24h', '7d'],
  )

  const message = record('A message.', ['to'], {
    to: words(
      '`everyone`: one message, open to all. `others`: one for each other participant, for that one’s airgap alone.',
      ['everyone', 'others'], ['everyone', 'others'],
    ),
    payload: map(
      'What is in it: field names and types. The airgap signs all of it.',
      smallName, MOST.fields, typed('payload'), [{ digest: 'hash' }],
    ),
    attachment: map(
      'Public data that comes along, for clients; airgaps do without. A `check` must take it.',
      smallName, MOST.fields, typed('attachment'), [{ points: ['g1'] }],
    ),
  })

  const sum = { 'dkg.sum': ['Commits.key', 'Commits.points'] }
  const step = record('A step.', ['sends', 'collect', 'within'], {
    prepare: map(
      'What the client computes for its airgap before the step, from public values: names and verbs.',
      smallName, MOST.fields, call('prepare', 'A verb that makes one public value of others.', [sum]), [{ sums: sum }],
    ),
    airgap: call(
      'airgap', 'The verb that the airgap runs. A step has either `airgap` or `client`.', [{ 'random.commit': [] }],
    ),
    client: call(
      'client', 'The verb that the client runs. A step has either `airgap` or `client`.',
      [{ 'bls.combine': ['key', 'messages', 'Partial.partials'] }],
    ),
    confirm: namesList(
      'Parameters that the owner must see and confirm on the airgap before this step. (All are confirmed before the ' +
      'first step anyway.)',
      [['purpose', 'messages']],
    ),
    assist: call(
      'assist', 'The client’s verb that answers when the airgap’s verb asks back.',
      [{ 'dkg.pinpoint': ['Commits.key', 'Commits.points'] }],
    ),
    sends: text('The message that the step sends.', bigName, ['Commit']),
    disputes: text('The message that the airgap may state instead, if it finds that somebody cheats.', bigName, ['Complaint']),
    check: call('check', 'The client’s verb that checks every message that comes in.', [{ 'random.opens': ['Commit'] }]),
    collect: text(
      'From how many participants the message must come: `all`, `any` (one is enough), or the name of a quorum.',
      reference, ['all', 'any', 'threshold', 'key.threshold'],
    ),
    agree: namesList('Fields of the message that must be equal in all.', [['groupKey']]),
    within,
    keeps: text(
      'The name, declared under the top `keeps`, of what the airgap puts into its vault in this step.', smallName, ['share'],
    ),
  })

  const dispute = record('A dispute.', ['airgap', 'sends', 'within', 'judge'], {
    airgap: call(
      'disputeAirgap', 'The verb with which the accused one’s airgap justifies itself.',
      [{ 'dkg.justify': ['threshold', 'PublicKey'] }],
    ),
    sends: text('The message that it sends.', bigName, ['Justification']),
    within,
    judge: call(
      'judge', 'The client’s verb that says who is guilty.',
      [{ 'dkg.judge': ['PublicKey', 'Commits.key', 'Commits.points', 'Deal'] }],
    ),
  })

  const ceremony = record(
    'A ceremony: its messages, its steps, and what comes out.',
    ['ceremony', 'version', 'title', 'messages', 'steps', 'certificate'],
    {
      ceremony: text('The ceremony’s name.', scriptName, ['dkg', 'beacon']),
      version: text('The version of this file, in quotes.', version, ['1.0.0']),
      title: text(
        'What the ceremony is for, in one line, as the participants see it.', title,
        ['A random number that nobody could choose'],
      ),
      participants: {
        ...record(
          'How many participants there can be. Not for a ceremony that follows another, since it has the same participants.',
          ['min', 'max'], { min: limit('At least.', 2), max: limit('At most.', MAX_PARTICIPANTS) },
        ),
        examples: [{ min: 2, max: MAX_PARTICIPANTS }],
      },
      follows: map(
        'A finished ceremony that this one needs: a name for it here, and its ceremony. It brings its participants, ' +
        'parameters, outputs and what the airgaps kept.',
        smallName, closed ? 1 : MOST.fields, text('The name of a ceremony.', scriptName, ['dkg']), [{ key: 'dkg' }],
      ),
      parameters: map(
        'What is chosen when the ceremony is opened: names and types. Every owner sees and confirms the values on the airgap.',
        smallName, MOST.parameters, typed('parameter'), [{ threshold: 'quorum' }],
      ),
      keeps: map(
        'What stays in the airgap’s vault when the ceremony has succeeded: names and types.',
        smallName, MOST.fields, words('What is kept.', Object.keys(keptTypes), Object.keys(keptTypes)),
        [{ share: 'dkg.share' }],
      ),
      messages: map(
        'The messages that the steps send.',
        bigName, MOST.messages, message, [{ Commit: { to: 'everyone', payload: { digest: 'hash' } } }],
      ),
      steps: map(
        'The steps, in their order. Each goes the same way: make a message, send it, collect what the others send.',
        bigName, MOST.steps, step,
        [{ SendCommits: { airgap: { 'random.commit': [] }, sends: 'Commit', collect: 'all', within: '24h' } }],
      ),
      disputes: map(
        'What follows the message that a step states under `disputes`. The ceremony aborts in every case; a dispute ' +
        'finds out by whose fault.',
        bigName, MOST.messages, dispute, [{ Complaint: { sends: 'Justification' } }],
      ),
      certificate: text(
        'The step whose completion is the ceremony’s success. From then on nothing aborts any more.', bigName, ['SendReveals'],
      ),
      outputs: map(
        'What comes out: a field on which all agree, or a verb that makes one value of many.',
        smallName, MOST.outputs,
        {
          description: 'A field of a message, such as Response.groupKey, or a verb with its arguments.',
          type: ['string', 'object'],
          ...(closed ? { pattern: reference.pattern } : {}),
          ...verbs('output'),
          examples: ['Response.groupKey', { 'random.mix': ['Reveal'] }],
        },
        [{ groupKey: 'Response.groupKey' }],
      ),
    },
  )

  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A keyrite ceremony',
    ...ceremony,
    $defs: { arguments: args },
  }
}

// The second layer: is the outline of the script right? Reads ajv's errors into diagnostics at their places.

const ajv = new Ajv({ ...OWN_SCHEMAS, allErrors: true, allowUnionTypes: true, verbose: true, ownProperties: true })
/** The most errors that are looked at; a file with more has worse problems. */
const MAX_ERRORS = 500
let outline: ValidateFunction<Draft> | undefined
let complete: ValidateFunction | undefined

/**
 * Checks the outline.
 *
 * @returns the script as a draft; undefined if something was reported
 */
export function shapeOf(plain: Plain, at: Locator, report: Reporter): Draft | undefined {
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
export function reportRest(plain: Plain, at: Locator, known: readonly Span[], report: Reporter): void {
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

function reportShape(error: ErrorObject, misspelt: ReadonlySet<string>, at: Locator, report: Reporter): void {
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
 * Is the entry a line with too little indentation? Such lines look like entries of the map around them. It is reported that
 * nothing stands where they belong; a diagnostic for each line would not help.
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

/** Reads a JSON pointer (RFC 6901). */
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

// A script whose outline is right: the fields are there and of the right kind. What they name is not checked yet.

/** A verb and its arguments. Exactly one entry, once checked. */
export type DraftCall = Readonly<Record<string, readonly string[]>>

/** Fields with their types, `hash` or `[hash]` once checked. */
export type DraftFields = Readonly<Record<string, unknown>>

export interface DraftMessage {
  readonly to: string
  readonly payload?: DraftFields
  readonly attachment?: DraftFields
}

export interface DraftStep {
  readonly prepare?: Readonly<Record<string, DraftCall>>
  readonly airgap?: DraftCall
  readonly client?: DraftCall
  readonly confirm?: readonly string[]
  readonly assist?: DraftCall
  readonly sends: string
  readonly disputes?: string
  readonly check?: DraftCall
  readonly collect: string
  readonly agree?: readonly string[]
  readonly within: string
  readonly keeps?: string
}

export interface DraftDispute {
  readonly airgap: DraftCall
  readonly sends: string
  readonly within: string
  readonly judge: DraftCall
}

export interface Draft {
  readonly ceremony: string
  readonly version: string
  readonly title: string
  readonly participants?: { readonly min: number; readonly max: number }
  readonly follows?: Readonly<Record<string, string>>
  readonly parameters?: DraftFields
  readonly keeps?: Readonly<Record<string, string>>
  readonly messages: Readonly<Record<string, DraftMessage>>
  readonly steps: Readonly<Record<string, DraftStep>>
  readonly disputes?: Readonly<Record<string, DraftDispute>>
  readonly certificate: string
  readonly outputs?: Readonly<Record<string, string | DraftCall>>
}
