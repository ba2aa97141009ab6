/** Checks a verb where it stands: its arguments are there by then, are of the types that it wants, and none is hidden from it. */
import type { Call, Ref } from '../machines/ceremony.ts'
import { each, followed, kept, list, sideOf, signatureOf, signatures, statements, value } from '../verbs/table.ts'
import type { Signature, Type } from '../verbs/table.ts'
import { parseType, valueTypes } from '../verbs/types.ts'
import { nearest } from './codes.ts'
import type { Checking, Declaring, Sender } from './checking.ts'
import { describeType, describeUse } from './diagnostic.ts'
import { mayStand } from './schema.ts'
import type { CallPlace, DraftCall } from './schema.ts'
import type { Path } from './yaml.ts'

// Everything that an argument can name, with its type, and from when on it is there.

interface Candidate {
  readonly name: string
  readonly ref: Ref
  /** From when on it can be read. */
  readonly from: From
  /** The name that counts as used where this one is read. */
  readonly uses?: string
}

export type From =
  | { readonly kind: 'start' }
  /** Once the step's messages are collected. */
  | { readonly kind: 'collected'; readonly step: string; readonly index: number }
  /** From its place in the step's `prepare` on. */
  | { readonly kind: 'prepared'; readonly step: string; readonly index: number; readonly order: number }
  /** Never by its name: the verbs of its dispute get it unnamed. */
  | { readonly kind: 'dispute' }
  /** Nothing sends it, which is reported elsewhere. */
  | { readonly kind: 'never' }

/** The type of a type as written. */
export function typeOf(written: string): Type {
  const parsed = parseType(written)
  return parsed.list ? list(parsed.name) : value(parsed.name)
}

/** All that an argument can name, by name. */
export function candidatesOf(checking: Declaring, senders: ReadonlyMap<string, Sender>): ReadonlyMap<string, Candidate> {
  const all = [...parametersOf(checking), ...followedOf(checking), ...preparedOf(checking), ...messagesOf(checking, senders)]
  return new Map(all.map((candidate) => [candidate.name, candidate]))
}

const start: From = { kind: 'start' }

function parametersOf({ declared }: Declaring): Candidate[] {
  return Object.entries(declared.parameters).map(([name, written]) => ({
    name, uses: name, from: start, ref: { from: 'parameter', name, type: typeOf(written) },
  }))
}

function followedOf({ declared }: Declaring): Candidate[] {
  if (declared.follows === undefined) return []
  const { local: name, script, ceremony } = declared.follows
  const base = { uses: name, from: start }
  const whole: Candidate = { ...base, name, ref: { from: 'followed', name, type: followed(script) } }
  if (ceremony === undefined) return [whole]
  return [
    whole,
    ...Object.entries(ceremony.parameters).map(([field, written]): Candidate => ({
      ...base, name: `${name}.${field}`,
      ref: { from: 'followed-value', name, field, part: 'parameter', type: typeOf(written) },
    })),
    ...Object.entries(ceremony.outputs).map(([field, { type }]): Candidate => ({
      ...base, name: `${name}.${field}`, ref: { from: 'followed-value', name, field, part: 'output', type },
    })),
    ...Object.entries(ceremony.keeps).map(([field, type]): Candidate => ({
      ...base, name: `${name}.${field}`, ref: { from: 'kept', name, field, type: kept(type) },
    })),
  ]
}

function preparedOf({ draft, declared }: Declaring): Candidate[] {
  return declared.steps.flatMap((step, index) =>
    Object.entries(draft.steps[step]?.prepare ?? {}).flatMap(([name, call], order): Candidate[] => {
      const signature = signatureOf(Object.keys(call)[0] ?? '')
      if (signature?.use !== 'value') return []
      const from: From = { kind: 'prepared', step, index, order }
      return [{ name, uses: name, from, ref: { from: 'prepared', name, step, type: signature.gives } }]
    }),
  )
}

function messagesOf({ declared }: Declaring, senders: ReadonlyMap<string, Sender>): Candidate[] {
  return [...declared.messages.values()].flatMap((message) => {
    const sender = senders.get(message.name)
    const from: From = sender === undefined ? { kind: 'never' }
      : sender.by === 'step' ? { kind: 'collected', step: sender.step, index: sender.index } : { kind: 'dispute' }
    const whole: Candidate = {
      name: message.name, from, ref: { from: 'message', message: message.name, type: statements(message.payload) },
    }
    // A message that goes to each alone has no column: there is not one value from each participant.
    if (message.to === 'others') return [whole]
    const columns = (['payload', 'attachment'] as const).flatMap((part) =>
      Object.entries(message[part] ?? {}).map(([field, written]): Candidate => ({
        name: `${message.name}.${field}`, from,
        ref: { from: 'column', message: message.name, field, part, type: each(typeOf(written)) },
      })))
    return [whole, ...columns]
  })
}

/** Does a value of type `got` serve where `want` is wanted? A message may have more fields than are wanted. */
export function fits(want: Type, got: Type): boolean {
  switch (want.kind) {
    case 'value':
    case 'list':
    case 'kept':
      return got.kind === want.kind && got.name === want.name
    case 'each':
      return got.kind === 'each' && fits(want.of, got.of)
    case 'followed':
      return got.kind === 'followed' && got.script === want.script
    case 'statements':
      return got.kind === 'statements' &&
        Object.entries(want.payload).every(([name, type]) => Object.hasOwn(got.payload, name) && got.payload[name] === type)
  }
}

/** Does a verb that wants this get by with ciphertexts that it cannot open? */
export function takesSealed(want: Type): boolean {
  return want.kind === 'statements' &&
    Object.values(want.payload).some((written) => valueTypes[parseType(written).name]?.ciphertext === true)
}

/** The input of the checks of steps, disputes and outputs. */
export interface Resolving extends Checking {
  readonly candidates: ReadonlyMap<string, Candidate>
}

/** The messages and values that can be read where the verb stands. */
export interface Reach {
  /** The name of the step, dispute or output, for texts. */
  readonly here: string
  /** The messages of steps before this index can be read. */
  readonly collected: number
  /** The prepared values of steps before `index` can be read, and of that step those before `order`. */
  readonly prepared: { readonly index: number; readonly order: number }
}

const wanted: Readonly<Record<CallPlace, string>> = {
  airgap: 'a step’s airgap verb',
  client: 'a step’s client verb',
  prepare: 'a verb for prepare',
  output: 'a verb for outputs',
  assist: 'an assist verb',
  check: 'a check verb',
  disputeAirgap: 'a dispute’s airgap verb',
  judge: 'a judge verb',
}

export interface CheckedCall<S extends Signature = Signature> {
  readonly call: Call
  readonly signature: S
  /** The place of the verb's name. */
  readonly path: Path
}

/** The signatures that may stand at a place. */
export type SignatureAt<P extends CallPlace> = Extract<Signature, {
  use: P extends 'airgap' | 'disputeAirgap' ? 'airgap' : P extends 'prepare' | 'output' ? 'value' : P
}>

/**
 * Checks a call.
 *
 * @param path where the call stands, without the verb
 * @returns the call with its signature, even where an argument is wrong; undefined if there is no such verb for this place
 */
export function checkCall<P extends CallPlace>(
  resolving: Resolving, place: P, draft: DraftCall, path: Path, scope: Reach,
): CheckedCall<SignatureAt<P>> | undefined {
  const { at, report } = resolving
  const entries = Object.entries(draft)
  const [first] = entries
  if (first === undefined || entries.length > 1) report('one-verb', at.value(path), { count: entries.length, where: path.join('.') })
  if (first === undefined) return undefined

  const [verb, names] = first
  const verbPath = [...path, verb]
  const signature = signatureOf(verb)
  const known = signatures.filter((one) => mayStand(one, place)).map(({ name }) => name)
  if (signature === undefined) report('unknown-verb', at.key(verbPath), { name: verb, known })
  else if (!mayStand(signature, place)) {
    report('verb-place', at.key(verbPath), { verb, is: describeUse(signature), want: wanted[place], known })
  }
  // The arguments of a wrong verb are resolved as names, but compared with no type.
  const right = signature !== undefined && isAt(signature, place) ? signature : undefined
  const args = names.map((name, position) => checkArgument(resolving, right, name, position, verbPath, scope))
  if (right === undefined) return undefined
  if (names.length !== right.takes.length) {
    report('argument-count', at.key(verbPath), { verb, takes: right.takes.map(describeType), got: names.length })
  }
  return { signature: right, path: verbPath, call: { verb, args: args.filter((ref) => ref !== undefined) } }
}

function isAt<P extends CallPlace>(signature: Signature, place: P): signature is SignatureAt<P> {
  return mayStand(signature, place)
}

function checkArgument(
  resolving: Resolving, signature: Signature | undefined, name: string, position: number, verbPath: Path, scope: Reach,
): Ref | undefined {
  const { at, report } = resolving
  const path = [...verbPath, position]
  const candidate = resolve(resolving, name, path, scope)
  if (candidate === undefined || signature === undefined) return candidate?.ref
  const { ref } = candidate
  const verb = signature.name
  const want = signature.takes[position]
  if (ref.from === 'kept' && sideOf(signature) === 'client') {
    report('leak', at.value(path), {
      what: `${name} is kept in the airgap’s vault`, must: `${verb} runs on the client, which must never see it`,
      hint: 'only an airgap verb can take it',
    })
  } else if (want !== undefined && isGood(resolving, ref) && !fits(want, ref.type)) {
    const fitting = [...resolving.candidates.values()].filter((one) =>
      isThere(one, scope) && fits(want, one.ref.type) && (one.ref.from !== 'kept' || sideOf(signature) === 'airgap'))
    report('argument-type', at.value(path), {
      verb, position: position + 1, name, want: describeType(want), got: describeType(ref.type), fits: fitting.map((one) => one.name),
    })
  } else if (want !== undefined && isPrivate(resolving, ref) && sideOf(signature) === 'client' && !takesSealed(want)) {
    report('private-read', at.value(path), { verb, message: name })
  }
  return ref
}

/** Is what it refers to declared without a fault? */
function isGood({ declared, mismatched }: Resolving, ref: Ref): boolean {
  if (ref.from === 'followed') return declared.follows?.ceremony !== undefined
  if (ref.from !== 'message' && ref.from !== 'column') return true
  return declared.messages.get(ref.message)?.good === true && !mismatched.has(ref.message)
}

function isPrivate({ declared }: Resolving, ref: Ref): boolean {
  return ref.from === 'message' && declared.messages.get(ref.message)?.to === 'others'
}

/** Can the candidate be read within that reach? */
function isThere({ from }: Candidate, { collected, prepared }: Reach): boolean {
  switch (from.kind) {
    case 'start':
      return true
    case 'collected':
      return from.index < collected
    case 'prepared':
      return from.index < prepared.index || (from.index === prepared.index && from.order < prepared.order)
    default:
      return false
  }
}

/** Finds the candidate of a name. Reports a name of nothing, of something that comes later, or of something that nobody can name. */
export function resolve(resolving: Resolving, name: string, path: Path, scope: Reach): Candidate | undefined {
  const { at, report, used } = resolving
  const candidate = resolving.candidates.get(name)
  if (candidate === undefined) {
    reportUnknown(resolving, name, path, scope)
    return undefined
  }
  if (candidate.uses !== undefined) used.add(candidate.uses)
  if (isThere(candidate, scope)) return candidate
  const { from, ref } = candidate
  const message = ref.from === 'message' || ref.from === 'column' ? ref.message : name
  if (from.kind === 'collected') report('read-early', at.value(path), { message, step: from.step, own: from.step === scope.here })
  if (from.kind === 'prepared') report('prepared-early', at.value(path), { name, step: from.step })
  if (from.kind === 'dispute') report('read-dispute', at.value(path), { message })
  return undefined
}

function reportUnknown(resolving: Resolving, name: string, path: Path, scope: Reach): void {
  const { at, report, declared, draft, candidates, used } = resolving
  const where = at.value(path)
  const [base = '', field, ...more] = name.split('.')
  const fieldsOf = [...candidates.keys()].filter((one) => one.startsWith(`${base}.`)).map((one) => one.slice(base.length + 1))
  if (more.length > 0 || base === '' || field === '') {
    report('bad-reference', where, { name: name === '' ? 'an empty text' : name, why: 'it has not the form of a reference' })
  } else if (/^[A-Z]/.test(base)) {
    const message = declared.messages.get(base)
    if (message === undefined) {
      const step = Object.hasOwn(draft.steps, base) ? (draft.steps[base]?.sends ?? '') : ''
      report('unknown-message', where, { name: base, known: [...declared.messages.keys()], step })
    } else if (message.to === 'others') report('whole-message', where, { message: base, field: field ?? '' })
    else if (message.good && !resolving.mismatched.has(base)) {
      report('unknown-field', where, { name: field ?? '', of: base, known: fieldsOf })
    }
  } else if (base === declared.follows?.local) {
    used.add(base)
    if (declared.follows.ceremony !== undefined) report('unknown-field', where, { name: field ?? '', of: base, known: fieldsOf })
  } else if (Object.hasOwn(declared.keeps, base)) {
    report('kept-here', where, { name: base })
  } else if (field !== undefined && candidates.has(base)) {
    used.add(base)
    report('bad-reference', where, { name, why: `${base} has no fields` })
  } else if (Object.hasOwn(draft.parameters ?? {}, base) || isPrepared(resolving, base)) {
    // Its declaration is reported already.
    used.add(base)
  } else {
    const known = [...candidates.values()].filter((one) => isThere(one, scope)).map((one) => one.name)
    report('unknown-name', where, { name, known })
    // A name that is only misspelt is not also unused.
    used.add(nearest(name, known) ?? '')
  }
}

function isPrepared({ draft }: Resolving, name: string): boolean {
  return Object.values(draft.steps).some(({ prepare }) => Object.hasOwn(prepare ?? {}, name))
}

/** The type of a column's value from each participant. */
export function ofEach(type: Type): Type {
  return type.kind === 'each' ? type.of : type
}
