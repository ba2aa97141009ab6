/**
 * What is to be signed, on the airgap's own screen: a few messages whole; of many what they have in common, and each one for
 * whoever looks for it. All of it comes from outside and stands behind the mark.
 */
import type { Line, Message } from '../../engine/messages/kind.ts'
import { displayMessage, isBlind, kindOf, signerOf } from '../../engine/messages/kinds.ts'
import { summaryOfMessages } from '../../engine/messages/summary.ts'
import type { Summary } from '../../engine/messages/summary.ts'
import { counted } from '../words.ts'
import { brokenLines, MARK, outsideLines } from './airgap-text.ts'
import { messageLines, shownLine, summaryLines } from './message-text.ts'

/** So many are shown whole, every one. */
const MOST_WHOLE = 10

/** Where values begin, in lines of this file. */
const INDENT = 28

export interface MessagesShown {
  /** What the owner sees before the question. */
  readonly lines: readonly string[]
  /** There are more than `lines` shows. */
  readonly isLong: boolean
  readonly isBlind: boolean
  /** The lines for `list`, `list 500`, `show 12`, `find TEXT`; undefined for anything else. */
  readonly look: (command: string) => readonly string[] | undefined
}

/**
 * @param messages checked ones, written out
 * @param groupKeys what signs them, in hex; none where that is not known
 * @param width columns in all
 */
export function shownMessages(messages: readonly Message[], groupKeys: readonly string[], width: number): MessagesShown {
  const summary = summaryOfMessages(messages)
  const isLong = messages.length > MOST_WHOLE
  const lines = [
    ...(isLong ? summaryLines(summary, width) : wholeLines(messages, summary, width)),
    ...strangerLines(messages, groupKeys, width),
    ...(isLong ? betweenLines(summary) : []),
  ]
  return { lines, isLong, isBlind: summary.blind, look: (command) => (isLong ? look(messages, summary, command, width) : undefined) }
}

const wholeLines = (messages: readonly Message[], { count, hash }: Summary, width: number): string[] => [
  `${counted(count, 'message')} to be signed`,
  ...outsideLines('SHA-256 of all', hash, INDENT, width),
  ...messages.flatMap((message, i) => ['', `${String(i + 1)}. ${message.kind}`, ...displayMessage(message).flatMap((line) => shownLine(line, width))]),
]

/** A signature under another key than the message names counts nowhere. */
function strangerLines(messages: readonly Message[], groupKeys: readonly string[], width: number): string[] {
  const strangers = messages.flatMap((message, i) => {
    const signer = signerOf(message)
    return signer === undefined || groupKeys.length === 0 || groupKeys.includes(signer) ? [] : [{ signer, number: i + 1 }]
  })
  const [first] = strangers
  if (first === undefined) return []
  const others = new Set(strangers.map(({ signer }) => signer)).size
  return [
    '',
    ...shownLine({
      label: 'Warning', warning: true,
      value: `${String(strangers.length)} of ${counted(messages.length, 'message')} ${strangers.length === 1 ? 'names' : 'name'} another key than the one that signs: such a signature counts nowhere.`,
    }, width),
    ...outsideLines(`  message ${String(first.number)} names`, `0x${first.signer}`, INDENT, width),
    ...(others > 1 ? [`  and ${counted(others - 1, 'other key')} in others`] : []),
  ]
}

/** Of numbers the range tells something; of anything else nothing. */
function betweenLines({ groups }: Summary): string[] {
  const fields = groups.flatMap(({ varying }) => varying.filter(({ range }) => range === 'first–last').map(({ label }) => label))
  if (fields.length === 0) return []
  return ['', 'What stands between the first and the last you see only by looking at them.']
}

function look(messages: readonly Message[], summary: Summary, command: string, width: number): readonly string[] | undefined {
  const [, verb = '', rest = ''] = /^(list|show|find)(?: +(.*))?$/i.exec(command.trim()) ?? []
  const number = /^[0-9]{1,6}$/.test(rest) ? Number(rest) : undefined
  const among = `There are messages 1 to ${String(messages.length)}.`
  switch (verb.toLowerCase()) {
    case 'list': {
      const from = rest === '' ? 1 : number ?? 0
      if (from < 1 || from > messages.length) return [among]
      return messages.slice(from - 1).map((message, i) => oneLine(message, from + i, summary, width))
    }
    case 'show': {
      const message = messages[(number ?? 0) - 1]
      return message === undefined ? [among] : messageLines(message, number ?? 0, width)
    }
    case 'find':
      return rest === '' ? ['Type what to look for, such as: find 96193'] : found(messages, summary, rest, width)
    default:
      return undefined
  }
}

/** Looks where messages differ; what all of a kind have alike is told once. */
function found(messages: readonly Message[], summary: Summary, text: string, width: number): readonly string[] {
  const has = ({ value }: Line): boolean => value.toLowerCase().includes(text.toLowerCase())
  const common = summary.groups.filter(({ count }) => count > 1).flatMap(({ kind, count, common: lines }) =>
    lines.filter(has).map(({ label }) => `All ${counted(count, 'message')} of ${kind} have it: ${label}`))
  const alike = new Map(summary.groups.map(({ kind, count, common: lines }) => [kind, new Set(count === 1 ? [] : lines.map(lineKey))]))
  const hits = messages.flatMap((message, i) => {
    const own = displayMessage(message).filter((line) => alike.get(message.kind)?.has(lineKey(line)) !== true)
    return own.some(has) ? [{ message, number: i + 1 }] : []
  })
  const [first] = hits
  const head = [...common, `${String(hits.length)} of ${counted(messages.length, 'message')} with ${JSON.stringify(text)}${hits.length === 0 ? ' of its own.' : ':'}`]
  if (first !== undefined && hits.length === 1) return [...head, ...messageLines(first.message, first.number, width)]
  return [...head, ...hits.map(({ message, number }) => oneLine(message, number, summary, width))]
}

const lineKey = ({ label, value }: Line): string => `${label}\n${value}`

/** What is this message's own, on one line; of the only one of its kind, all. */
function oneLine(message: Message, number: number, { groups }: Summary, width: number): string {
  const varying = groups.find(({ kind }) => kind === message.kind)?.varying ?? []
  const { fields } = kindOf(message)
  const own = varying.length === 0 ? displayMessage(message).map(({ value }) => value) : varying.map(({ field }) => {
    const value = message[field]
    return `${varying.length === 1 ? '' : `${fields[field]?.label ?? field} `}${typeof value === 'string' ? value : JSON.stringify(value)}`
  })
  const head = `  ${String(number).padStart(6)}  ${groups.length === 1 ? '' : `${message.kind} `}${MARK}`
  const [line = '', ...more] = brokenLines(own.join(' · ').replaceAll('\n', ' '), Math.max(16, width - head.length - 1))
  return `${head}${line}${more.length === 0 ? '' : '…'}${isBlind(message) ? ' RAW' : ''}`
}
