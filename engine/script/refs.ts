/** Everything that an argument can name, with its type, and from when on it is there. */
import type { Ref } from '../machines/ceremony.ts'
import { each, followed, kept, list, statements, value } from '../verbs/signature.ts'
import type { Type } from '../verbs/signature.ts'
import { signatureOf } from '../verbs/table.ts'
import { parseType, valueTypes } from '../verbs/types.ts'
import type { Declaring } from './declare.ts'
import type { Sender } from './senders.ts'

export interface Candidate {
  readonly name: string
  readonly ref: Ref
  /** Whether it can be read at a place. */
  readonly from: From
  /** The name that counts as used with it. */
  readonly uses?: string
}

export type From =
  | { readonly kind: 'start' }
  /** Once the step's messages are collected. */
  | { readonly kind: 'collected'; readonly step: string; readonly index: number }
  /** From its place in the step's `prepare` on. */
  | { readonly kind: 'prepared'; readonly step: string; readonly index: number; readonly order: number }
  /** In the dispute only, and there without being named. */
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
    // What goes to each alone has no column: there is not one value from each participant.
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
