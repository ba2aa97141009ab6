/**
 * Many messages at once. In an opening a batch that differs in one field only stands as a template and a list,
 * `{kind, …, each: {FIELD: [value, …]}}`, so that it crosses to the airgap in a fraction of its size.
 */
import { taggedHash, toHex } from '../crypto/bytes.ts'
import { canonical, canonicalBytes } from '../wire/canonical.ts'
import type { Json } from '../wire/canonical.ts'
import { messageError } from './errors.ts'
import type { Place } from './errors.ts'
import type { Message } from './kind.ts'
import { MAX_GROUPS, groupCount } from './groups.ts'
import { checkMessage, kindOf, signedBytesOf, withKind } from './kinds.ts'

/** The most messages that one ceremony signs. */
export const MAX_MESSAGES = 1000

/** H("keyrite/2/messages\n" || JCS(messages)) of all messages, written out: the same whether they crossed as a template or not. */
export const messagesHash = (messages: readonly Message[]): string => taggedHash('messages', canonicalBytes(messages))

/**
 * All messages of a parameter of type `[message]`, checked, templates written out, in their order.
 *
 * @throws message.empty, message.too-many, message.unknown-kind, message.malformed, message.duplicate, message.too-mixed
 */
export function expandMessages(items: readonly Json[]): readonly Message[] {
  const count = items.reduce<number>((sum, item) => sum + sizeOf(item), 0)
  if (count > MAX_MESSAGES) throw messageError('too-many', { count, most: MAX_MESSAGES })
  const messages = items.flatMap((item, i) => expandItem(item, { item: i + 1 }))
  if (messages.length === 0) throw messageError('empty', { most: MAX_MESSAGES })
  refuseDuplicates(messages)
  const all = messages.map(({ message }) => message)
  const groups = groupCount(all)
  if (groups > MAX_GROUPS) throw messageError('too-mixed', { groups, most: MAX_GROUPS })
  return all
}

/**
 * The shortest form of messages: one template, where they have all in common but one field; else they as they are.
 * `expandMessages` gives back the very same.
 */
export function compactMessages(messages: readonly Message[]): readonly Json[] {
  const [first] = messages
  if (first === undefined || messages.length === 1) return messages
  const names = Object.keys(first)
  if (messages.some((message) => Object.keys(message).length !== names.length || names.some((name) => !Object.hasOwn(message, name)))) return messages
  const differing = names.filter((name) => messages.some((message) => canonical(message[name] ?? null) !== canonical(first[name] ?? null)))
  const [name, ...more] = differing
  if (name === undefined || name === 'kind' || more.length > 0) return messages
  const values = messages.map((message) => message[name] ?? null)
  if (!values.every(isScalar)) return messages
  const common = Object.fromEntries(Object.entries(first).filter(([field]) => field !== name))
  return [{ ...common, each: { [name]: values } }]
}

interface Placed {
  readonly message: Message
  readonly place: Place
}

/** How many messages an item stands for, before anything in it was checked. */
function sizeOf(item: Json): number {
  const each = eachOf(item)
  if (typeof each !== 'object' || each === null || Array.isArray(each)) return 1
  const [values] = Object.values(each)
  return Array.isArray(values) ? values.length : 1
}

function eachOf(item: Json): Json | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item) || !Object.hasOwn(item, 'each')) return undefined
  return (item as Readonly<Record<string, Json>>)['each']
}

function expandItem(item: Json, place: Place): readonly Placed[] {
  const each = eachOf(item)
  if (each === undefined) return [{ message: checkMessage(item, place), place }]
  const template = withKind(item, place)
  const kind = kindOf(template, place)
  const common = Object.fromEntries(Object.entries(template).filter(([name]) => name !== 'each'))
  const refuse = (where: string, why: string) => messageError('malformed', { where, why, ...place })
  if (typeof each !== 'object' || each === null || Array.isArray(each)) throw refuse('/each', 'it should be an object of one field and its values')
  const [[field, values] = ['', []], ...more] = Object.entries(each)
  if (more.length > 0 || !Object.hasOwn(kind.fields, field)) throw refuse('/each', `it should have one field of ${kind.name}: ${Object.keys(kind.fields).join(', ')}`)
  if (Object.hasOwn(common, field)) throw refuse(`/${field}`, 'it stands in each as well')
  if (!Array.isArray(values) || values.length === 0) throw refuse(`/each/${field}`, 'it should be a list of one value or more')
  return (values as readonly Json[]).map((value, i) => {
    const one = { ...place, value: i + 1 }
    if (!isScalar(value)) throw messageError('malformed', { where: `/${field}`, why: 'only text, numbers, true and false may stand in each', ...one })
    return { message: checkMessage({ ...common, [field]: value }, one), place: one }
  })
}

const isScalar = (value: Json): boolean => ['string', 'number', 'boolean'].includes(typeof value)

/** Where two are the same under one id, they are under every one. */
const ANY_CEREMONY = '00'.repeat(32)

/** Two are the same where what is signed of them is, however they are written: a network by its name or by its values, a file by another name. */
function refuseDuplicates(messages: readonly Placed[]): void {
  const seen = new Map<string, Place>()
  for (const { message, place } of messages) {
    const key = toHex(signedBytesOf(message, ANY_CEREMONY))
    const sameAs = seen.get(key)
    if (sameAs !== undefined) throw messageError('duplicate', { ...place, sameAs })
    seen.set(key, place)
  }
}
