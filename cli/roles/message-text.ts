/** Messages to be signed, as lines for a screen. What they say comes from outside: it stands behind a mark. */
import { toHex } from '../../engine/crypto/bytes.ts'
import type { Line, Message } from '../../engine/messages/kind.ts'
import { displayMessage, signedBytesOf } from '../../engine/messages/kinds.ts'
import type { Group, Summary } from '../../engine/messages/summary.ts'
import { counted } from '../words.ts'
import { outsideLines } from './airgap-text.ts'

/** Where values begin. */
const INDENT = 28

/** A line of a message; a warning is told from the rest by its capitals. */
export function shownLine({ label, value, warning }: Line, width: number): string[] {
  return outsideLines(warning === true ? label.toUpperCase() : label, value, INDENT, width)
}

/** All messages at a glance: what is alike once, and of what is not the count, the range and a digest. */
export function summaryLines(summary: Summary, width: number): string[] {
  const of = (label: string, value: string): string[] => outsideLines(label, value, INDENT, width)
  return [
    `${counted(summary.count, 'message')} to be signed`,
    ...of('SHA-256 of all', summary.hash),
    ...summary.groups.flatMap((group) => ['', ...groupLines(group, width)]),
  ]
}

function groupLines({ kind, count, common, warnings, varying }: Group, width: number): string[] {
  const of = (label: string, value: string): string[] => outsideLines(label, value, INDENT, width)
  return [
    `${kind}: ${counted(count, 'message')}`,
    ...[...common, ...warnings].flatMap((line) => shownLine(line, width)),
    ...varying.flatMap(({ label, count: different, range, from, to, digest }) => [
      ...of(label, `${different} different ones`),
      ...of(range === 'min–max' ? '  least' : '  first', from),
      ...of(range === 'min–max' ? '  most' : '  last', to),
      ...of('  SHA-256 of the list', digest),
    ]),
  ]
}

/** One message whole, and the exact bytes that are signed. */
export function messageLines(message: Message, number: number, width: number): string[] {
  const bytes = signedBytesOf(message)
  return [
    `${number}. ${message.kind}`,
    ...displayMessage(message).flatMap((line) => shownLine(line, width)),
    ...outsideLines(`To be signed (${counted(bytes.length, 'byte')})`, toHex(bytes), INDENT, width),
  ]
}
