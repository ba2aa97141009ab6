/** Many messages on one screen: what they have in common once, and of what differs the count, the range and a digest. */
import { sha256Hex } from '../crypto/bytes.ts'
import { canonical, canonicalBytes } from '../wire/canonical.ts'
import type { Json } from '../wire/canonical.ts'
import { expandMessages, messagesHash } from './batch.ts'
import type { Line, Message } from './kind.ts'
import { displayMessage, isBlind, kindOf } from './kinds.ts'

export interface Summary {
  readonly count: number
  /** H(JCS(messages)), hex. */
  readonly hash: string
  /** Is one among them that nobody can read? */
  readonly blind: boolean
  /** One for each kind, in the order of their first messages. */
  readonly groups: readonly Group[]
}

export interface Group {
  readonly kind: string
  readonly doc: string
  readonly count: number
  /** The lines that all of them show alike. */
  readonly common: readonly Line[]
  /** Warnings that some of them show, and not all. */
  readonly warnings: readonly Line[]
  readonly varying: readonly Varying[]
}

/** A field that is not the same in all messages of a kind. */
export interface Varying {
  readonly field: string
  readonly label: string
  /** How many different values it has. */
  readonly count: number
  /** `min–max`: of numbers. `first–last`: in the order of the messages. */
  readonly range: 'min–max' | 'first–last'
  readonly from: string
  readonly to: string
  /** H(JCS(values)) of the values in the order of the messages, hex. */
  readonly digest: string
}

/**
 * @param items a parameter of type `[message]`
 * @throws as `expandMessages`
 */
export const summaryOf = (items: readonly Json[]): Summary => summaryOfMessages(expandMessages(items))

/** @param messages checked ones, written out */
export function summaryOfMessages(messages: readonly Message[]): Summary {
  const kinds = new Map<string, Message[]>()
  for (const message of messages) {
    const same = kinds.get(message.kind)
    if (same === undefined) kinds.set(message.kind, [message])
    else same.push(message)
  }
  return {
    count: messages.length,
    hash: messagesHash(messages),
    blind: messages.some(isBlind),
    groups: [...kinds.values()].flatMap(groupOf),
  }
}

function groupOf(messages: readonly Message[]): readonly Group[] {
  const [first] = messages
  if (first === undefined) return []
  const { name, doc, fields } = kindOf(first)
  const { common, warnings } = linesOf(messages, displayMessage(first))
  const varying = Object.entries(fields).flatMap(([field, { label }]) => varyingOf(field, label, messages.map((message) => message[field] ?? null)))
  return [{ kind: name, doc, count: messages.length, common, warnings, varying }]
}

function linesOf(messages: readonly Message[], lines: readonly Line[]): { common: readonly Line[]; warnings: readonly Line[] } {
  const keyOf = ({ label, value }: Line): string => `${label}\n${value}`
  const common = new Map(lines.map((line) => [keyOf(line), line]))
  const warnings = new Map<string, Line>()
  for (const message of messages) {
    const shown = displayMessage(message)
    const here = new Set(shown.map(keyOf))
    for (const key of common.keys()) if (!here.has(key)) common.delete(key)
    for (const line of shown) if (line.warning === true) warnings.set(keyOf(line), line)
  }
  return { common: [...common.values()], warnings: [...warnings].filter(([key]) => !common.has(key)).map(([, line]) => line) }
}

function varyingOf(field: string, label: string, values: readonly Json[]): readonly Varying[] {
  const different = new Set(values.map((value) => canonical(value)))
  if (different.size < 2) return []
  const numbers = values.filter((value) => typeof value === 'number')
  const range = numbers.length === values.length ? 'min–max' : 'first–last'
  const [from, to] = range === 'min–max' ? [least(numbers), -least(numbers.map((value) => -value))] : [values[0] ?? null, values.at(-1) ?? null]
  return [{ field, label, count: different.size, range, from: short(from), to: short(to), digest: sha256Hex(canonicalBytes(values)) }]
}

const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), Infinity)

/** A value on one line. */
function short(value: Json): string {
  const text = typeof value === 'string' ? value.replace(/\n/g, ' ') : canonical(value)
  return text.length > 100 ? `${text.slice(0, 100).toWellFormed()}…` : text
}
