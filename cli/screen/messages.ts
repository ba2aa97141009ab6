/**
 * What is to be signed, on the airgap's own screen: all of it, by groups; and of many, each one for whoever looks for it. All
 * of it comes from outside.
 */
import { groupsOf } from '../../engine/messages/groups.ts'
import type { Group } from '../../engine/messages/groups.ts'
import type { Line, Message } from '../../engine/messages/kind.ts'
import { displayMessage, isBlind, signerOf } from '../../engine/messages/kinds.ts'
import type { Block } from '../roles/blocks.ts'
import { factsOf, groupPages, messageBlocks, titled } from '../roles/message-text.ts'
import { counted } from '../words.ts'

/** Of more than so many, single ones can be looked for. */
const MOST_PLAIN = 10

export interface MessagesShown {
  /** What the owner sees before the question, page by page: each is confirmed before the next. */
  readonly pages: readonly (readonly Block[])[]
  /** They are so many that single ones can be looked for. */
  readonly isLong: boolean
  readonly isBlind: boolean
  /** What `list`, `list 500`, `show 12`, `find TEXT` give; undefined for anything else. */
  readonly look: (command: string) => readonly Block[] | undefined
}

/**
 * @param messages checked ones, written out
 * @param groupKeys what signs them, in hex; none where that is not known
 * @param ceremony the id of the ceremony that signs them
 */
export function shownMessages(messages: readonly Message[], groupKeys: readonly string[], ceremony: string): MessagesShown {
  const groups = groupsOf(messages)
  const isLong = messages.length > MOST_PLAIN
  const looked: Looked = { messages, ceremony, alike: alikeIn(messages, groups) }
  return {
    pages: groupPages(messages, groups, strangerBlocks(messages, groupKeys)),
    isLong, isBlind: messages.some(isBlind), look: (command) => (isLong ? look(looked, command) : undefined),
  }
}

export const said = (text: string): Block => ({ kind: 'text', text })

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

interface Looked {
  readonly messages: readonly Message[]
  readonly ceremony: string
  /** By kind. */
  readonly alike: ReadonlyMap<string, Alike>
}

/** What all messages of a kind show alike. */
interface Alike {
  readonly count: number
  readonly lines: readonly Line[]
  readonly keys: ReadonlySet<string>
}

const lineKey = ({ label, value }: Line): string => `${label}\n${value}`

function alikeIn(messages: readonly Message[], groups: readonly Group[]): ReadonlyMap<string, Alike> {
  return new Map([...new Set(groups.map(({ kind }) => kind))].map((kind): [string, Alike] => {
    const same = groups.filter((group) => group.kind === kind)
    const shown = same.map(({ lines }) => new Set(lines.map(lineKey)))
    const one = messages.find((message) => message.kind === kind)
    const lines = (one === undefined ? [] : displayMessage(one)).filter((line) => shown.every((keys) => keys.has(lineKey(line))))
    return [kind, { count: same.reduce((sum, { places }) => sum + places.length, 0), lines, keys: new Set(lines.map(lineKey)) }]
  }))
}

function look(looked: Looked, command: string): readonly Block[] | undefined {
  const { messages, ceremony } = looked
  const [, verb = '', rest = ''] = /^(list|show|find)(?: +(.*))?$/i.exec(command.trim()) ?? []
  const number = /^[0-9]{1,6}$/.test(rest) ? Number(rest) : undefined
  const among = said(`There are messages 1 to ${String(messages.length)}.`)
  switch (verb.toLowerCase()) {
    case 'list': {
      const from = rest === '' ? 1 : number ?? 0
      if (from < 1 || from > messages.length) return [among]
      return [listOf(messages.slice(from - 1).map((message, i) => ({ message, number: from + i })), looked)]
    }
    case 'show': {
      const message = messages[(number ?? 0) - 1]
      return message === undefined ? [among] : messageBlocks(message, number ?? 0, ceremony)
    }
    case 'find':
      return rest === '' ? [said('Type what to look for, such as: find 96193')] : found(looked, rest)
    default:
      return undefined
  }
}

interface Numbered {
  readonly message: Message
  readonly number: number
}

/** What a message shows that not all of its kind do; of the only one of its kind, all. */
function ownLines(message: Message, alike: Looked['alike']): readonly Line[] {
  const { count = 1, keys } = alike.get(message.kind) ?? {}
  const lines = displayMessage(message)
  return count === 1 ? lines : lines.filter((line) => keys?.has(lineKey(line)) !== true)
}

/** Looks where messages differ; what all of a kind have alike is told once. */
function found(looked: Looked, text: string): readonly Block[] {
  const { messages, alike, ceremony } = looked
  const has = ({ value }: Line): boolean => value.toLowerCase().includes(text.toLowerCase())
  const common = [...alike].flatMap(([kind, { count, lines }]) =>
    (count === 1 ? [] : lines.filter(has)).map(({ label }) => said(`All ${counted(count, 'message')} of ${kind} have it: ${label}`)))
  const hits = messages.flatMap((message, i) => (ownLines(message, alike).some(has) ? [{ message, number: i + 1 }] : []))
  const [first] = hits
  const head = [...common, titled(`${String(hits.length)} of ${counted(messages.length, 'message')} with ${JSON.stringify(text)}${hits.length === 0 ? ' of its own.' : ':'}`)]
  if (first !== undefined && hits.length === 1) return [...head, ...messageBlocks(first.message, first.number, ceremony)]
  return [...head, listOf(hits, looked)]
}

function listOf(numbered: readonly Numbered[], { alike }: Looked): Block {
  const items = numbered.map(({ message, number }) => {
    const own = ownLines(message, alike)
    const isPlain = own.length === 1 || alike.get(message.kind)?.count === 1
    const text = own.map(({ label, value }) => (isPlain ? value : `${label} ${value}`)).join(' · ')
    return { number, what: alike.size === 1 ? '' : message.kind, text, note: isBlind(message) ? 'RAW' : '' }
  })
  return { kind: 'list', items }
}
