/** Messages to be signed, as blocks for a screen. What they say comes from outside. */
import { toHex } from '../../engine/crypto/bytes.ts'
import { messagesHash } from '../../engine/messages/batch.ts'
import type { Group, GroupLine } from '../../engine/messages/groups.ts'
import type { Line, Message } from '../../engine/messages/kind.ts'
import { displayMessage, isBoundToCeremony, signedBytesOf } from '../../engine/messages/kinds.ts'
import { counted } from '../words.ts'
import type { Block, Fact } from './blocks.ts'
import { said } from '../screen/messages.ts'

/** The most groups on a page. */
const MOST_ON_PAGE = 20

const GAP: Block = { kind: 'gap' }
export const factsOf = (...facts: readonly Fact[]): Block => ({ kind: 'facts', isWide: true, facts })
export const titled = (text: string): Block => ({ kind: 'title', text })

/** A line of a message. */
const shownLine = ({ label, value, warning }: Line): Fact => ({ label, value, from: 'outside', ...(warning === true ? { isWarning: true } : {}) })

const own = (label: string, value: string): Fact => ({ label, value, from: 'own' })
const hex = (label: string, value: string): Fact => ({ label, value, from: 'hex' })

/**
 * All messages, by groups, the smallest first, on one page or on as many as it takes.
 *
 * @param warnings of the list as a whole
 */
export function groupPages(messages: readonly Message[], groups: readonly Group[], warnings: readonly Block[] = []): readonly (readonly Block[])[] {
  const pages = Math.ceil(groups.length / MOST_ON_PAGE)
  return Array.from({ length: pages }, (_, page) => {
    const from = page * MOST_ON_PAGE
    const shown = groups.slice(from, from + MOST_ON_PAGE)
    const upTo = from + shown.length
    return [
      ...(page === 0 ? [...headBlocks(messages, groups), ...warnings] : []),
      ...(pages === 1 ? [] : [titled(`Groups ${String(from + 1)} to ${String(upTo)} of ${String(groups.length)}, the smallest first`)]),
      ...shown.flatMap((group, i) => [GAP, ...groupBlocks(group, from + i + 1, groups.length)]),
    ]
  })
}

/** How many there are, and what all of them together are. */
function headBlocks(messages: readonly Message[], groups: readonly Group[]): Block[] {
  const isMarked = groups.some(({ lines }) => lines.some(({ differs }) => differs === true))
  return [
    titled(`${counted(messages.length, 'message')} to be signed${groups.length === 1 ? '' : `, in ${String(groups.length)} groups`}`),
    factsOf(hex('SHA-256 of all', messagesHash(messages))),
    ...(isMarked ? [said('A value is marked as odd where most messages have another one.')] : []),
  ]
}

function groupBlocks({ places: [first, ...more], lines }: Group, number: number, count: number): Block[] {
  const size = more.length + 1
  return [
    ...(count === 1 ? [] : [titled(`Group ${String(number)} of ${String(count)}: ${counted(size, 'message')}${size === 1 ? `, number ${String(first)} of the list` : ''}`)]),
    factsOf(...lines.flatMap(groupFacts)),
  ]
}

function groupFacts({ differs, unread, ...line }: GroupLine): Fact[] {
  const fact: Fact = differs === true ? { ...shownLine(line), label: `${line.label}, odd`, isWarning: true } : shownLine(line)
  if (unread === undefined) return [fact]
  return [
    fact, own('  least', unread.least), own('  most', unread.most), hex('  SHA-256', unread.sha256),
    { ...own('Warning', 'No eye checks these numbers. Compare the SHA-256 with that of your own list, which has one number a line: sort -n LIST | sha256sum'), isWarning: true },
  ]
}

/** One message whole, and the exact bytes that are signed. */
export function messageBlocks(message: Message, number: number, ceremony: string): Block[] {
  const bytes = signedBytesOf(message, ceremony)
  return [
    titled(`${String(number)}. ${message.kind}`),
    factsOf(...displayMessage(message).map(shownLine), hex(`To be signed (${counted(bytes.length, 'byte')})`, toHex(bytes))),
  ]
}

/** The exact bytes that are signed of each message, in the order of the list. Without a ceremony's id, those that hold one cannot be told. */
export function signedBlocks(messages: readonly Message[], ceremony?: string): Block[] {
  const facts = messages.map((message, i): Fact => {
    const label = `${String(i + 1)}. ${message.kind}`
    if (ceremony === undefined && isBoundToCeremony(message)) return own(label, 'the signing’s id is in them: --ceremony ID')
    return hex(label, toHex(signedBytesOf(message, ceremony ?? '')))
  })
  return [titled('The bytes to be signed, message by message'), factsOf(...facts)]
}
