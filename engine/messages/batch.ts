/**
 * Many messages at once. An opening holds a batch that differs in one field only as a template and a list,
 * `{kind, …, each: {FIELD: [value, …]}}`, so that it crosses to the airgap in a fraction of its size.
 */
import { toHex, utf8 } from '../base/bytes.ts'
import { sha256Hex, taggedHash } from '../crypto/hash.ts'
import { canonical, canonicalBytes } from '../base/canonical.ts'
import type { Json } from '../base/canonical.ts'
import { messageError } from './kind.ts'
import type { Line, Signable, ItemPlace } from './kind.ts'
import { checkMessage, displayMessage, kindOf, oneSpelling, signedBytesOf, withKind } from './kinds.ts'

// A list of messages in the form in which its signers consent to it. Messages that are equal in all fields but their kind's
// series, a number, are one group. Whole messages are grouped, never single fields, since counts of single fields hide which
// value goes with which. Every screen that shows what a list holds renders these groups.

/** The most groups that a list may have: nobody reads more. */
export const MAX_GROUPS = 200

/** The most ranges in which a series is shown. */
const MOST_RANGES = 20

export interface Group {
  readonly kind: string
  /** The places of its messages in the list, from 1, ascending. */
  readonly places: readonly number[]
  /** The lines that show its kind, and every field of its messages in full. */
  readonly lines: readonly GroupLine[]
}

export interface GroupLine extends Line {
  /** Set where more than half of the list's messages with such a line show one and the same other value there. */
  readonly differs?: true
  /** The numbers of a series with too many ranges to read. The line's value then says how many numbers there are. */
  readonly unread?: UnreadSeries
}

export interface UnreadSeries {
  readonly least: string
  readonly most: string
  /** The SHA-256 of the numbers in decimal, ascending, one a line, each line ended: `sort -n LIST | sha256sum` prints it. */
  readonly sha256: string
}

/**
 * The groups of a list, the smallest first, and groups of one size in the order of their first messages.
 *
 * @param messages checked messages, written out, no two of which are the same
 */
export function groupsOf(messages: readonly Signable[]): readonly Group[] {
  const found = [...gathered(messages).values()].map((members) => ({ members, lines: linesOf(members.map(({ message }) => message)) }))
  const values = new Majorities()
  for (const { members, lines } of found) {
    for (const { label, value } of lines) values.add(label, value, members.length)
  }
  return found
    .map(({ members, lines }): Group => ({
      kind: members[0].message.kind,
      places: members.map(({ place }) => place),
      lines: lines.map(({ isSeries, ...line }) => (!isSeries && line.warning !== true && values.differs(line.label, line.value) ? { ...line, differs: true } : line)),
    }))
    .sort((a, b) => a.places.length - b.places.length)
}

/** The number of groups in a list. */
export const groupCount = (messages: readonly Signable[]): number => gathered(messages).size

interface Member {
  readonly message: Signable
  readonly place: number
}

type Members = readonly [Member, ...Member[]]

function gathered(messages: readonly Signable[]): ReadonlyMap<string, Members> {
  const groups = new Map<string, [Member, ...Member[]]>()
  for (const [i, message] of messages.entries()) {
    const { series } = kindOf(message)
    const key = canonical(Object.fromEntries(Object.entries(oneSpelling(message)).filter(([name]) => name !== series)))
    const member = { message, place: i + 1 }
    const same = groups.get(key)
    if (same === undefined) groups.set(key, [member])
    else same.push(member)
  }
  return groups
}

interface Shown extends GroupLine {
  readonly isSeries: boolean
}

/** The lines of a group: those of its first message, which all share, with the whole series in the place of one number. */
function linesOf(messages: readonly Signable[]): readonly Shown[] {
  const [first] = messages
  if (first === undefined) return []
  const { series = '', fields } = kindOf(first)
  const label = fields[series]?.label
  return [{ label: 'Kind', value: first.kind }, ...displayMessage(first)].map((line: Line) => {
    if (line.label !== label) return { ...line, isSeries: false }
    const numbers = messages.map((message) => message[series]).filter((value) => typeof value === 'number')
    return { ...line, ...seriesText(numbers), isSeries: true }
  })
}

/** Numbers as ranges, `500–505, 507–512`; where those are too many, the count of the numbers and a hash that proves which they are. */
export function seriesText(numbers: readonly number[]): Pick<GroupLine, 'value' | 'unread'> {
  const sorted = [...numbers].sort((a, b) => a - b)
  const ranges: [from: number, to: number][] = []
  for (const number of sorted) {
    const last = ranges.at(-1)
    if (last !== undefined && number === last[1] + 1) last[1] = number
    else ranges.push([number, number])
  }
  if (ranges.length <= MOST_RANGES) return { value: ranges.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ') }
  return {
    value: `${sorted.length} numbers in ${ranges.length} ranges`,
    unread: { least: String(sorted[0]), most: String(sorted.at(-1)), sha256: sha256Hex(utf8(sorted.map((number) => `${number}\n`).join(''))) },
  }
}

/** The number of messages that show each value, by label. */
class Majorities {
  readonly #counts = new Map<string, Map<string, number>>()

  add(label: string, value: string, count: number): void {
    const values = this.#counts.get(label) ?? new Map<string, number>()
    values.set(value, (values.get(value) ?? 0) + count)
    this.#counts.set(label, values)
  }

  /** Do more than half of the messages show one other value? */
  differs(label: string, value: string): boolean {
    const values = this.#counts.get(label) ?? new Map<string, number>()
    const all = [...values.values()].reduce((sum, count) => sum + count, 0)
    return [...values].some(([other, count]) => other !== value && 2 * count > all)
  }
}

/** The most messages that one ceremony signs. */
export const MAX_MESSAGES = 1000

/** The hash H("keyrite/2/messages\n" || JCS(messages)) of all messages, written out: the same whether they crossed as a template or not. */
export const messagesHash = (messages: readonly Signable[]): string => taggedHash('messages', canonicalBytes(messages))

/**
 * Checks all messages of a parameter of type `[message]`, and writes out templates. Gives the messages in their order.
 *
 * @throws message.empty, message.too-many, message.unknown-kind, message.malformed, message.duplicate, message.too-mixed
 */
export function expandMessages(items: readonly Json[]): readonly Signable[] {
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
 * The shortest form of messages: one template where they differ in one field only, else the messages as they are.
 * `expandMessages` gives back the very same messages.
 */
export function compactMessages(messages: readonly Signable[]): readonly Json[] {
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
  readonly message: Signable
  readonly place: ItemPlace
}

/** The number of messages that an item stands for, before anything in it is checked. */
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

function expandItem(item: Json, place: ItemPlace): readonly Placed[] {
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

/** Any id will do to find duplicates: two messages with the same signed bytes under one id have them under every id. */
const ANY_CEREMONY = '00'.repeat(32)

/** Refuses messages with the same signed bytes, however they are written: a network by its name or its values, a file by another name. */
function refuseDuplicates(messages: readonly Placed[]): void {
  const seen = new Map<string, ItemPlace>()
  for (const { message, place } of messages) {
    const key = toHex(signedBytesOf(message, ANY_CEREMONY))
    const sameAs = seen.get(key)
    if (sameAs !== undefined) throw messageError('duplicate', { ...place, sameAs })
    seen.set(key, place)
  }
}
