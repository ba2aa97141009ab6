/**
 * A list of messages as its signers consent to it. Messages that are equal in all fields but their kind's series, a number,
 * are one group; whole messages are grouped, never one field at a time, since counts of single fields hide which value goes
 * with which. Every screen that tells what a list holds renders these.
 */
import { sha256Hex } from '../crypto/bytes.ts'
import { canonical, utf8 } from '../wire/canonical.ts'
import type { Line, Message } from './kind.ts'
import { displayMessage, kindOf, oneSpelling } from './kinds.ts'

/** The most groups that a list may have: more is read by nobody. */
export const MAX_GROUPS = 200

/** A series in more ranges is no longer told by them. */
const MOST_RANGES = 20

export interface Group {
  readonly kind: string
  /** Where its messages stand in the list, from 1, ascending. */
  readonly places: readonly number[]
  /** Its kind, and every field of its messages in full. */
  readonly lines: readonly GroupLine[]
}

export interface GroupLine extends Line {
  /** More than half of the list's messages with such a line show one and the same other value there. */
  readonly differs?: true
  /** The numbers of a series in too many ranges to be read; the value then says how many they are. */
  readonly unread?: UnreadSeries
}

export interface UnreadSeries {
  readonly least: string
  readonly most: string
  /** Of the numbers in decimal, ascending, one a line, each line ended: what `sort -n LIST | sha256sum` prints. */
  readonly sha256: string
}

/**
 * The groups of a list, the smallest first, those of one size in the order of their first messages.
 *
 * @param messages checked ones, written out, no two of which are the same
 */
export function groupsOf(messages: readonly Message[]): readonly Group[] {
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

/** How many groups a list has. */
export const groupCount = (messages: readonly Message[]): number => gathered(messages).size

interface Member {
  readonly message: Message
  readonly place: number
}

type Members = readonly [Member, ...Member[]]

function gathered(messages: readonly Message[]): ReadonlyMap<string, Members> {
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

/** The lines of a group's first message, which are those of all, with the whole series in its place. */
function linesOf(messages: readonly Message[]): readonly Shown[] {
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

/** Numbers as ranges, `500–505, 507–512`; where those are too many, how many numbers they are, and what proves which. */
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

/** Counts, label by label, how many messages show each value. */
class Majorities {
  readonly #counts = new Map<string, Map<string, number>>()

  add(label: string, value: string, count: number): void {
    const values = this.#counts.get(label) ?? new Map<string, number>()
    values.set(value, (values.get(value) ?? 0) + count)
    this.#counts.set(label, values)
  }

  /** Do more than half show one other value? */
  differs(label: string, value: string): boolean {
    const values = this.#counts.get(label) ?? new Map<string, number>()
    const all = [...values.values()].reduce((sum, count) => sum + count, 0)
    return [...values].some(([other, count]) => other !== value && 2 * count > all)
  }
}
