/** What a script declares: names of the right form, one meaning each, and types that exist and may stand there. */
import type { Ceremony, Message } from '../machines/ceremony.ts'
import type { Fields } from '../verbs/signature.ts'
import { keptTypes, valueTypes } from '../verbs/types.ts'
import type { Place } from '../verbs/types.ts'
import type { Report } from './diagnostic.ts'
import type { Draft, DraftFields } from './draft.ts'
import { bigName, hasForm, scriptName, smallName } from './forms.ts'
import type { Form } from './forms.ts'
import type { Locator, Path } from './yaml.ts'

/** A script by its name, already checked; for `follows`. */
export type Library = (name: string) => Ceremony | undefined

/** What every check gets. */
export interface Checking {
  readonly draft: Draft
  readonly at: Locator
  readonly report: Report
  readonly declared: Declared
  /** Names of parameters, prepared values and followed ceremonies that something uses. */
  readonly used: Set<string>
  /** Messages that are not what their verb emits: said once, where they are sent. */
  readonly mismatched: Set<string>
}

export interface Declared {
  /** Only those whose type is good. */
  readonly parameters: Fields
  readonly keeps: Fields
  readonly messages: ReadonlyMap<string, DeclaredMessage>
  readonly follows?: Followed
  /** In order. */
  readonly steps: readonly string[]
}

export interface DeclaredMessage extends Message {
  /** Is all of its declaration good? If not, it is not compared with anything. */
  readonly good: boolean
}

export interface Followed {
  readonly local: string
  readonly script: string
  /** Absent if the library does not have it. */
  readonly ceremony?: Ceremony
}

type Basics = Omit<Checking, 'declared' | 'used' | 'mismatched'>

/** What the first passes get. */
export type Declaring = Omit<Checking, 'used' | 'mismatched'>

export function declare(basics: Basics, library: Library): Declared {
  const { draft, at, report } = basics
  if (!hasForm(draft.ceremony, scriptName)) {
    report('bad-name', at.value(['ceremony']), { name: draft.ceremony, what: 'a ceremony', form: scriptName.says })
  }
  checkNames(basics)
  const parameters = declareFields(basics, draft.parameters ?? {}, ['parameters'], 'parameter').fields
  const follows = declareFollows(basics, library)
  const messages = new Map<string, DeclaredMessage>()
  for (const name of Object.keys(draft.messages)) messages.set(name, declareMessage(basics, name))
  return {
    parameters, messages, keeps: declareKeeps(basics), steps: Object.keys(draft.steps),
    ...(follows === undefined ? {} : { follows }),
  }
}

/** JavaScript gives these a meaning on every object. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype)

interface Named {
  readonly name: string
  readonly path: Path
  /** With its article. */
  readonly what: string
}

function checkNames(basics: Basics): void {
  const { draft } = basics
  const under = (what: string, path: Path, of: object | undefined): Named[] =>
    Object.keys(of ?? {}).map((name) => ({ name, what, path: [...path, name] }))

  const big = [...under('a message', ['messages'], draft.messages), ...under('a step', ['steps'], draft.steps)]
  for (const named of big) {
    checkName(basics, named, bigName)
    if (['Ready', 'Opening', 'Abort'].includes(named.name)) {
      reserved(basics, named, 'every ceremony sends a message of this name')
    }
  }
  checkClashes(basics, big)

  const small = [
    ...under('a followed ceremony', ['follows'], draft.follows),
    ...under('a parameter', ['parameters'], draft.parameters),
    ...under('what is kept', ['keeps'], draft.keeps),
    ...Object.entries(draft.steps).flatMap(([step, { prepare }]) => under('a prepared value', ['steps', step, 'prepare'], prepare)),
    ...under('an output', ['outputs'], draft.outputs),
  ]
  for (const named of small) {
    checkName(basics, named, smallName)
    if (named.name === 'all' || named.name === 'any') reserved(basics, named, 'it is a word of the language, for `collect`')
  }
  checkClashes(basics, small)

  for (const [message, { payload, attachment }] of Object.entries(draft.messages)) {
    const fields = [
      ...under('a payload field', ['messages', message, 'payload'], payload),
      ...under('an attachment field', ['messages', message, 'attachment'], attachment),
    ]
    for (const named of fields) checkName(basics, named, smallName)
    checkClashes(basics, fields)
  }
}

function checkName(basics: Basics, named: Named, form: Form): void {
  if (!hasForm(named.name, form)) {
    basics.report('bad-name', basics.at.key(named.path), { name: named.name, what: named.what, form: form.says })
  } else if (INHERITED.includes(named.name)) reserved(basics, named, 'programs give it a meaning of its own')
}

function reserved({ report, at }: Basics, { name, path }: Named, why: string): void {
  report('reserved-name', at.key(path), { name, why })
}

/** All of `names` can be meant by one and the same word. */
function checkClashes({ report, at }: Basics, names: readonly Named[]): void {
  const first = new Map<string, Named>()
  for (const named of names) {
    // Letter case alone does not tell names apart for people.
    const other = first.get(named.name.toLowerCase())
    if (other === undefined) first.set(named.name.toLowerCase(), named)
    else {
      const written = other.name === named.name ? other.what : `${other.what}, ${other.name}`
      report('name-clash', at.key(named.path), { name: named.name, what: named.what, other: written })
    }
  }
}

function declareMessage(basics: Basics, name: string): DeclaredMessage {
  const { report, at } = basics
  const { to, payload, attachment } = basics.draft.messages[name] ?? { to: '' }
  const path = ['messages', name]
  const audience = to === 'everyone' || to === 'others'
  if (!audience) report('bad-audience', at.value([...path, 'to']), { name: to, message: name })
  const body = declareFields(basics, payload ?? {}, [...path, 'payload'], 'payload')
  const rest = attachment && declareFields(basics, attachment, [...path, 'attachment'], 'attachment')
  if (to === 'others' && rest) report('private-attachment', at.key([...path, 'attachment']), { message: name })
  const shared = Object.keys(rest?.fields ?? {}).some((field) => Object.hasOwn(body.fields, field))
  return {
    name, to: to === 'others' ? 'others' : 'everyone', payload: body.fields,
    ...(rest === undefined ? {} : { attachment: rest.fields }),
    good: audience && body.good && (rest?.good ?? true) && !shared,
  }
}

const placeWords: Readonly<Record<Place, string>> = {
  parameter: 'a parameter', payload: 'a payload', attachment: 'an attachment',
}

function declareFields(basics: Basics, fields: DraftFields, path: Path, place: Place): { fields: Fields; good: boolean } {
  const { report, at } = basics
  const known = Object.keys(valueTypes).filter((name) => valueTypes[name]?.stands.includes(place))
  const good: [string, string][] = []
  for (const [name, written] of Object.entries(fields)) {
    const where = at.value([...path, name])
    const items: unknown[] = Array.isArray(written) ? written : [written]
    const type = items[0]
    if (items.length !== 1 || typeof type !== 'string') {
      report('bad-type', where, {})
      continue
    }
    const found = Object.hasOwn(valueTypes, type) ? valueTypes[type] : undefined
    if (found === undefined) report('unknown-type', where, { name: type, known })
    else if (!found.stands.includes(place)) {
      report('type-place', where, { name: type, place: placeWords[place], places: found.stands.map((one) => placeWords[one]) })
    } else good.push([name, Array.isArray(written) ? `[${type}]` : type])
  }
  const named = Object.keys(fields).every((name) => hasForm(name, smallName))
  return { fields: Object.fromEntries(good), good: named && good.length === Object.keys(fields).length }
}

function declareKeeps({ draft, report, at }: Basics): Fields {
  const known = Object.keys(keptTypes)
  const entries = Object.entries(draft.keeps ?? {})
  for (const [name, type] of entries) {
    if (!known.includes(type)) report('unknown-kept-type', at.value(['keeps', name]), { name: type, known })
  }
  return Object.fromEntries(entries)
}

function declareFollows({ draft, report, at }: Basics, library: Library): Followed | undefined {
  const [first, ...more] = Object.entries(draft.follows ?? {})
  if (first === undefined) return undefined
  const [local, script] = first
  for (const [name] of more) report('follows-many', at.key(['follows', name]), { first: script })
  const where = at.value(['follows', local])
  if (script === draft.ceremony) {
    report('follows-itself', where, { name: script })
    return { local, script }
  }
  const ceremony = hasForm(script, scriptName) ? library(script) : undefined
  if (ceremony === undefined) report('unknown-script', where, { name: script })
  return { local, script, ...(ceremony === undefined ? {} : { ceremony }) }
}
