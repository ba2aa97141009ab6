/**
 * What is to be signed, on the airgap's own screen: a few messages whole; of many what they have in common, and each one for
 * whoever looks for it. All of it comes from outside.
 */
import type { Line, Message } from '../../engine/messages/kind.ts'
import { displayMessage, isBlind, kindOf, signerOf } from '../../engine/messages/kinds.ts'
import { summaryOfMessages } from '../../engine/messages/summary.ts'
import type { Summary } from '../../engine/messages/summary.ts'
import { counted } from '../words.ts'
import type { Block } from './blocks.ts'
import { countBlocks, factsOf, messageBlocks, summaryBlocks, titled, wholeBlocks } from './message-text.ts'

/** So many are shown whole, every one. */
const MOST_WHOLE = 10

export interface MessagesShown {
  /** What the owner sees before the question. */
  readonly blocks: readonly Block[]
  /** There are more than `blocks` show. */
  readonly isLong: boolean
  readonly isBlind: boolean
  /** What `list`, `list 500`, `show 12`, `find TEXT` give; undefined for anything else. */
  readonly look: (command: string) => readonly Block[] | undefined
}

/**
 * @param messages checked ones, written out
 * @param groupKeys what signs them, in hex; none where that is not known
 */
export function shownMessages(messages: readonly Message[], groupKeys: readonly string[]): MessagesShown {
  const summary = summaryOfMessages(messages)
  const isLong = messages.length > MOST_WHOLE
  const blocks = [
    ...(isLong ? summaryBlocks(summary) : [...countBlocks(summary), ...messages.flatMap((message, i) => [GAP, ...wholeBlocks(message, i + 1)])]),
    ...strangerBlocks(messages, groupKeys),
    ...(isLong ? betweenBlocks(summary) : []),
  ]
  return { blocks, isLong, isBlind: summary.blind, look: (command) => (isLong ? look(messages, summary, command) : undefined) }
}

const GAP: Block = { kind: 'gap' }
const said = (text: string): Block => ({ kind: 'text', text })

/** A signature under another key than the message names counts nowhere. */
function strangerBlocks(messages: readonly Message[], groupKeys: readonly string[]): Block[] {
  const strangers = messages.flatMap((message, i) => {
    const signer = signerOf(message)
    return signer === undefined || groupKeys.length === 0 || groupKeys.includes(signer) ? [] : [{ signer, number: i + 1 }]
  })
  const [first] = strangers
  if (first === undefined) return []
  const others = new Set(strangers.map(({ signer }) => signer)).size
  return [
    GAP,
    factsOf(
      {
        label: 'Warning', isWarning: true, from: 'own',
        value: `${String(strangers.length)} of ${counted(messages.length, 'message')} ${strangers.length === 1 ? 'names' : 'name'} another key than the one that signs: such a signature counts nowhere.`,
      },
      { label: `  message ${String(first.number)} names`, value: `0x${first.signer}`, from: 'hex' },
    ),
    ...(others > 1 ? [said(`  and ${counted(others - 1, 'other key')} in others`)] : []),
  ]
}

/** Of numbers the range tells something; of anything else nothing. */
function betweenBlocks({ groups }: Summary): Block[] {
  const fields = groups.flatMap(({ varying }) => varying.filter(({ range }) => range === 'first–last').map(({ label }) => label))
  if (fields.length === 0) return []
  return [GAP, said('What stands between the first and the last you see only by looking at them.')]
}

function look(messages: readonly Message[], summary: Summary, command: string): readonly Block[] | undefined {
  const [, verb = '', rest = ''] = /^(list|show|find)(?: +(.*))?$/i.exec(command.trim()) ?? []
  const number = /^[0-9]{1,6}$/.test(rest) ? Number(rest) : undefined
  const among = said(`There are messages 1 to ${String(messages.length)}.`)
  switch (verb.toLowerCase()) {
    case 'list': {
      const from = rest === '' ? 1 : number ?? 0
      if (from < 1 || from > messages.length) return [among]
      return [listOf(messages.slice(from - 1).map((message, i) => ({ message, number: from + i })), summary)]
    }
    case 'show': {
      const message = messages[(number ?? 0) - 1]
      return message === undefined ? [among] : messageBlocks(message, number ?? 0)
    }
    case 'find':
      return rest === '' ? [said('Type what to look for, such as: find 96193')] : found(messages, summary, rest)
    default:
      return undefined
  }
}

interface Numbered {
  readonly message: Message
  readonly number: number
}

/** Looks where messages differ; what all of a kind have alike is told once. */
function found(messages: readonly Message[], summary: Summary, text: string): readonly Block[] {
  const has = ({ value }: Line): boolean => value.toLowerCase().includes(text.toLowerCase())
  const common = summary.groups.filter(({ count }) => count > 1).flatMap(({ kind, count, common: lines }) =>
    lines.filter(has).map(({ label }) => said(`All ${counted(count, 'message')} of ${kind} have it: ${label}`)))
  const alike = new Map(summary.groups.map(({ kind, count, common: lines }) => [kind, new Set(count === 1 ? [] : lines.map(lineKey))]))
  const hits = messages.flatMap((message, i) => {
    const own = displayMessage(message).filter((line) => alike.get(message.kind)?.has(lineKey(line)) !== true)
    return own.some(has) ? [{ message, number: i + 1 }] : []
  })
  const [first] = hits
  const head = [...common, titled(`${String(hits.length)} of ${counted(messages.length, 'message')} with ${JSON.stringify(text)}${hits.length === 0 ? ' of its own.' : ':'}`)]
  if (first !== undefined && hits.length === 1) return [...head, ...messageBlocks(first.message, first.number)]
  return [...head, listOf(hits, summary)]
}

const lineKey = ({ label, value }: Line): string => `${label}\n${value}`

/** What is each message's own; of the only one of its kind, all. */
function listOf(numbered: readonly Numbered[], { groups }: Summary): Block {
  const items = numbered.map(({ message, number }) => {
    const varying = groups.find(({ kind }) => kind === message.kind)?.varying ?? []
    const { fields } = kindOf(message)
    const own = varying.length === 0 ? displayMessage(message).map(({ value }) => value) : varying.map(({ field }) => {
      const value = message[field]
      return `${varying.length === 1 ? '' : `${fields[field]?.label ?? field} `}${typeof value === 'string' ? value : JSON.stringify(value)}`
    })
    return { number, what: groups.length === 1 ? '' : message.kind, text: own.join(' · '), note: isBlind(message) ? 'RAW' : '' }
  })
  return { kind: 'list', items }
}
