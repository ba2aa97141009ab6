/** Messages to be signed, as blocks for a screen. What they say comes from outside. */
import { toHex } from '../../engine/crypto/bytes.ts'
import type { Line, Message } from '../../engine/messages/kind.ts'
import { displayMessage, signedBytesOf } from '../../engine/messages/kinds.ts'
import type { Group, Summary } from '../../engine/messages/summary.ts'
import { counted } from '../words.ts'
import type { Block, Fact } from './blocks.ts'

export const factsOf = (...facts: readonly Fact[]): Block => ({ kind: 'facts', isWide: true, facts })
export const titled = (text: string): Block => ({ kind: 'title', text })

/** A line of a message. */
export const shownLine = ({ label, value, warning }: Line): Fact => ({ label, value, from: 'outside', ...(warning === true ? { isWarning: true } : {}) })

const outside = (label: string, value: string): Fact => ({ label, value, from: 'outside' })
const own = (label: string, value: string): Fact => ({ label, value, from: 'own' })
const hex = (label: string, value: string): Fact => ({ label, value, from: 'hex' })

/** How many, and what all of them together are. */
export const countBlocks = ({ count, hash }: Summary): Block[] => [titled(`${counted(count, 'message')} to be signed`), factsOf(hex('SHA-256 of all', hash))]

/** All messages at a glance: what is alike once, and of what is not the count, the range and a digest. */
export const summaryBlocks = (summary: Summary): Block[] => [
  ...countBlocks(summary),
  ...summary.groups.flatMap((group): Block[] => [{ kind: 'gap' }, ...groupBlocks(group)]),
]

const groupBlocks = ({ kind, count, common, warnings, varying }: Group): Block[] => [
  titled(`${kind}: ${counted(count, 'message')}`),
  factsOf(
    ...[...common, ...warnings].map(shownLine),
    ...varying.flatMap(({ label, count: different, range, from, to, digest }) => [
      own(label, `${different} different ones`),
      outside(range === 'min–max' ? '  least' : '  first', from),
      outside(range === 'min–max' ? '  most' : '  last', to),
      hex('  SHA-256 of the list', digest),
    ]),
  ),
]

/** One message whole. */
export const wholeBlocks = (message: Message, number: number): Block[] => [
  titled(`${number}. ${message.kind}`), factsOf(...displayMessage(message).map(shownLine)),
]

/** One message whole, and the exact bytes that are signed. */
export function messageBlocks(message: Message, number: number): Block[] {
  const bytes = signedBytesOf(message)
  return [...wholeBlocks(message, number), factsOf(hex(`To be signed (${counted(bytes.length, 'byte')})`, toHex(bytes)))]
}
