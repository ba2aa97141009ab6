/**
 * The messages to be signed, on the airgap's own screen: all of them by groups and, of many, each one for an owner who
 * looks for it. All of their content comes from outside.
 */
import { toHex } from '../../engine/base/bytes.ts'
import { quoted } from '../../engine/base/text.ts'
import { counted } from '../../engine/base/words.ts'
import { groupsOf, messagesHash } from '../../engine/messages/batch.ts'
import type { Group, GroupLine } from '../../engine/messages/batch.ts'
import type { Line, Signable } from '../../engine/messages/kind.ts'
import { displayMessage, isBlind, isBoundToCeremony, signedBytesOf, signerOf } from '../../engine/messages/kinds.ts'
import type { Block, Fact } from './blocks.ts'

// Messages to be signed, as blocks for a screen. Their content comes from outside.

/** The most groups on a page. */
const MOST_ON_PAGE = 20

const GAP: Block = { kind: 'gap' }
export const factsOf = (...facts: readonly Fact[]): Block => ({ kind: 'facts', isWide: true, facts })
export const titled = (text: string): Block => ({ kind: 'title', text })

/** A line of a message, as a fact. */
const shownLine = ({ label, value, warning }: Line): Fact => ({ label, value, from: 'outside', ...(warning === true ? { isWarning: true } : {}) })

const own = (label: string, value: string): Fact => ({ label, value, from: 'own' })
const hex = (label: string, value: string): Fact => ({ label, value, from: 'hex' })

/**
 * All messages by groups, the smallest first, on as many pages as needed.
 *
 * @param warnings blocks about the list as a whole
 */
export function groupPages(messages: readonly Signable[], groups: readonly Group[], warnings: readonly Block[] = []): readonly (readonly Block[])[] {
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

/** The number of messages and groups, and the hash of all messages. */
function headBlocks(messages: readonly Signable[], groups: readonly Group[]): Block[] {
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
export function messageBlocks(message: Signable, number: number, ceremony: string): Block[] {
  const bytes = signedBytesOf(message, ceremony)
  return [
    titled(`${String(number)}. ${message.kind}`),
    factsOf(...displayMessage(message).map(shownLine), hex(`To be signed (${counted(bytes.length, 'byte')})`, toHex(bytes))),
  ]
}

/**
 * The exact bytes that are signed of each message, in the list's order. Some hold the ceremony's id; without it those
 * cannot be told.
 */
export function signedBlocks(messages: readonly Signable[], ceremony?: string): Block[] {
  const facts = messages.map((message, i): Fact => {
    const label = `${String(i + 1)}. ${message.kind}`
    if (ceremony === undefined && isBoundToCeremony(message)) return own(label, 'the signing’s id is in them: --ceremony ID')
    return hex(label, toHex(signedBytesOf(message, ceremony ?? '')))
  })
  return [titled('The bytes to be signed, message by message'), factsOf(...facts)]
}

/** The most messages of a list that is not long. */
const MOST_PLAIN = 10

export interface MessagesShown {
  /** The pages before the question: each is confirmed before the next. */
  readonly pages: readonly (readonly Block[])[]
  /** True for a long list, in which single messages can be looked for. */
  readonly isLong: boolean
  readonly isBlind: boolean
  /** Answers `list`, `list 500`, `show 12` and `find TEXT`; undefined for any other text. */
  readonly look: (command: string) => readonly Block[] | undefined
}

/**
 * @param messages checked, in their full form
 * @param groupKeys the keys that sign them, in hex; none where they are not known
 * @param ceremony the id of the ceremony that signs them
 */
export function shownMessages(messages: readonly Signable[], groupKeys: readonly string[], ceremony: string): MessagesShown {
  const groups = groupsOf(messages)
  const isLong = messages.length > MOST_PLAIN
  const looked: Looked = { messages, ceremony, alike: alikeIn(messages, groups) }
  return {
    pages: groupPages(messages, groups, strangerBlocks(messages, groupKeys)),
    isLong, isBlind: messages.some(isBlind), look: (command) => (isLong ? look(looked, command) : undefined),
  }
}

const said = (text: string): Block => ({ kind: 'text', text })

/** A warning about messages that name another key: such a signature counts nowhere. */
function strangerBlocks(messages: readonly Signable[], groupKeys: readonly string[]): Block[] {
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
  readonly messages: readonly Signable[]
  readonly ceremony: string
  /** The common lines by kind. */
  readonly alike: ReadonlyMap<string, Alike>
}

/** The lines that all messages of a kind have in common. */
interface Alike {
  readonly count: number
  readonly lines: readonly Line[]
  readonly keys: ReadonlySet<string>
}

const lineKey = ({ label, value }: Line): string => `${label}\n${value}`

function alikeIn(messages: readonly Signable[], groups: readonly Group[]): ReadonlyMap<string, Alike> {
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
  readonly message: Signable
  readonly number: number
}

/** The lines of a message that not all of its kind have; all of them if it is the only one of its kind. */
function ownLines(message: Signable, alike: Looked['alike']): readonly Line[] {
  const { count = 1, keys } = alike.get(message.kind) ?? {}
  const lines = displayMessage(message)
  return count === 1 ? lines : lines.filter((line) => keys?.has(lineKey(line)) !== true)
}

/** Looks for a text where messages differ. Lines that all of a kind have are told once. */
function found(looked: Looked, text: string): readonly Block[] {
  const { messages, alike, ceremony } = looked
  const has = ({ value }: Line): boolean => value.toLowerCase().includes(text.toLowerCase())
  const common = [...alike].flatMap(([kind, { count, lines }]) =>
    (count === 1 ? [] : lines.filter(has)).map(({ label }) => said(`All ${counted(count, 'message')} of ${kind} have it: ${label}`)))
  const hits = messages.flatMap((message, i) => (ownLines(message, alike).some(has) ? [{ message, number: i + 1 }] : []))
  const [first] = hits
  const head = [...common, titled(`${String(hits.length)} of ${counted(messages.length, 'message')} with ${quoted(text)}${hits.length === 0 ? ' of its own.' : ':'}`)]
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
