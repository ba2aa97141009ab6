/**
 * A transcript: one ceremony's part of a log, with all that anyone needs to check it offline. Canonical JSON, one value
 * a line, so that damage has a place. What counts for nothing stands there by its hash alone, so that nobody, a
 * participant neither, can make it larger than the ceremony was:
 *
 *   {"keyrite":"transcript/1","script":"<the script file's text>"}
 *   {"offset":0,"head":"…","hash":"…"}                        a message that counts for nothing, or another ceremony's
 *   {"offset":1,"head":"…","message":{…}}                     this ceremony's
 *   {"offset":2,"head":"…","message":{…},"attachment":{…}}    with the attachment that it names, in hex if it is no such JSON
 *   {"ceremony":"…","entries":3}
 *
 * Of a ceremony that follows another, both stand in it, which are on one board: the header has the followed one's script
 * as well, by the name that the script gives it, {"follows":{"key":"…"},…}, and the messages of both stand in full where they count.
 */
import { fromHex, sha256Hex, toHex } from '../crypto/bytes.ts'
import { MAX_DEPTH, canonical, canonicalBytes, parseCanonical } from '../wire/canonical.ts'
import type { JsonObject } from '../wire/canonical.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Opening } from '../wire/card.ts'
import { isKeyriteError } from '../wire/error.ts'
import { EMPTY_HEAD, MAX_ATTACHMENT, hashOf, nextHead, parseMessage, textHash, verifyMessage } from '../wire/message.ts'
import type { Message } from '../wire/message.ts'
import { compileCheck, hexSchema, objectSchema } from '../wire/schema.ts'
import { runError } from './errors.ts'
import type { Posted } from './feed.ts'
import type { Ledger } from './ledger.ts'
import { checkOpeningForm } from './opening.ts'

/** One line is at most a message and an attachment, perhaps in hex. */
const MAX_LINE = 10 << 20
export const MAX_TRANSCRIPT = 256 << 20
/** A line holds a message, or an attachment, one level deeper than it is itself. */
const LINE_DEPTH = MAX_DEPTH + 1

const FORMAT = 'transcript/1'

/** The most ceremonies that one follows, with those that they follow. */
const MOST_FOLLOWED = 8

interface Header extends JsonObject {
  readonly keyrite: string
  readonly script: string
  /** Script texts by local name; of what a followed one follows itself, by the path: `key/base`. */
  readonly follows?: Readonly<Record<string, string>>
}

interface EntryLine extends JsonObject {
  readonly offset: number
  readonly head: string
  readonly hash?: string
  readonly message?: Message
  readonly attachment?: JsonObject | string
}

interface Footer extends JsonObject {
  readonly ceremony: string
  readonly entries: number
}

const checkHeader = compileCheck<Header>(
  objectSchema({
    keyrite: { type: 'string', const: FORMAT },
    script: { type: 'string', maxLength: 1 << 20 },
    follows: {
      type: 'object', minProperties: 1, maxProperties: MOST_FOLLOWED, propertyNames: { type: 'string', pattern: '^[A-Za-z0-9]{1,64}(/[A-Za-z0-9]{1,64})*$' },
      additionalProperties: { type: 'string', maxLength: 1 << 20 },
    },
  }, ['follows']),
)
const checkEntry = compileCheck<EntryLine>(
  objectSchema(
    {
      offset: { type: 'integer', minimum: 0 },
      head: hexSchema(32),
      hash: hexSchema(32),
      message: { type: 'object' },
      attachment: { anyOf: [{ type: 'object' }, { type: 'string', maxLength: 2 * MAX_ATTACHMENT }] },
    },
    ['hash', 'message', 'attachment'],
  ),
)
const checkFooter = compileCheck<Footer>(objectSchema({ ceremony: hexSchema(32), entries: { type: 'integer', minimum: 1 } }))

/** Writes the transcript of a ceremony, and of what it follows, out of a verified log, which their ledgers have read to the end. */
export function* writeTranscript(ledger: Ledger, posts: readonly Posted[], headAt: (offset: number) => string | undefined): Generator<string> {
  const followed = followedIn(ledger)
  const follows = Object.fromEntries(followed.map(([path, { script }]) => [path, script.source]))
  yield `${canonical({ keyrite: FORMAT, script: ledger.script.source, ...(followed.length === 0 ? {} : { follows }) })}\n`
  const all = [ledger, ...followed.map(([, one]) => one)]
  const counts = new Set(all.flatMap((one) => [openingIn(posts, one.id)?.offset, ...countingIn(one)]))
  for (const { offset, text, message, attachment } of posts) {
    const head = headAt(offset) ?? ''
    const line: EntryLine = counts.has(offset)
      ? { offset, head, message, ...(attachment === undefined ? {} : { attachment: attachmentJson(attachment) }) }
      : { offset, head, hash: textHash(text) }
    yield `${canonical(line, LINE_DEPTH)}\n`
  }
  yield `${canonical({ ceremony: ledger.id, entries: posts.length })}\n`
}

/** All that a ceremony follows, by its path. */
function followedIn({ followed }: Ledger, before = ''): readonly (readonly [path: string, ledger: Ledger])[] {
  return Object.entries(followed).flatMap(([name, one]) => [[`${before}${name}`, one] as const, ...followedIn(one, `${before}${name}/`)])
}

/**
 * Where the messages stand that made a ledger what it is: what took its place, each author's first Abort, and for each
 * participant the first that proves it guilty and the first that was wrong without proving anything. From these alone, in
 * their places, it comes out the same.
 */
function countingIn({ aborts, faults, placedOffsets }: Ledger): readonly number[] {
  const firstAborts = new Map(aborts.toReversed().map(({ from, offset }) => [from, offset]))
  const firstFaults = new Map(faults.toReversed().map(({ accused, convicts, reason, offsets }) => [`${accused ?? ''}\n${convicts}\n${accused === null ? reason : ''}`, offsets]))
  return [...placedOffsets, ...firstAborts.values(), ...[...firstFaults.values()].flat()]
}

/**
 * The Opening that the ceremony has its id from: the first that a participant of it signed, as every client reads the log. A
 * storage may put a copy by somebody else before it; where there is none but such, it is given all the same.
 */
function openingIn<T extends { readonly message: Message }>(posts: readonly T[], ceremony: string): T | undefined {
  const all = posts.filter(({ message: { statement } }) =>
    statement.type === 'Opening' && isOpening(statement.payload) && ceremonyId(statement.payload) === ceremony)
  return all.find(({ message }) => {
    const { payload, from } = message.statement
    const card = isOpening(payload) ? payload.roster.find((one) => one.name === from) : undefined
    return card !== undefined && verifyMessage(message, card.signingKey)
  }) ?? all[0]
}

function isOpening(payload: JsonObject): payload is Opening {
  try {
    checkOpeningForm(payload, 'An opening')
    return true
  } catch (error) {
    if (isKeyriteError(error)) return false
    throw error
  }
}

/** An attachment as JSON if it is that, byte for byte; whatever else a participant or a stranger attached, in hex. */
function attachmentJson(bytes: Uint8Array): JsonObject | string {
  try {
    const value = parseCanonical(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), 'An attachment')
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  } catch (error) {
    if (!isKeyriteError(error) && !(error instanceof TypeError)) throw error
  }
  return toHex(bytes)
}

function attachmentBytes(attachment: JsonObject | string, damaged: (why: string) => Error): Uint8Array {
  if (typeof attachment !== 'string') return canonicalBytes(attachment)
  try {
    return fromHex(attachment)
  } catch (error) {
    if (isKeyriteError(error)) throw damaged('its attachment is neither JSON nor hex')
    throw error
  }
}

/** One ceremony in a transcript. */
export interface TranscriptPart {
  readonly scriptSource: string
  readonly ceremony: string
  readonly opening: Opening
  readonly openedBy: string
  readonly openingOffset: number
  readonly openingMessage: Message
  /** What it follows, as far as the transcript has scripts for it, by the script's local name. */
  readonly followed: Readonly<Record<string, TranscriptPart>>
}

/** A transcript that is whole: every line read, every head right. What its messages say is not yet checked. */
export interface Transcript extends TranscriptPart {
  readonly posts: readonly Posted[]
  readonly heads: readonly string[]
  /** The line that an offset stands in, from 1. */
  readonly lineOf: (offset: number) => number
}

/**
 * Reads a transcript and checks that it is whole: form, order, every head from the first to the last, every
 * attachment against its hash, the opening against the ceremony id.
 *
 * @throws run.transcript with the line
 */
export function readTranscript(text: string): Transcript {
  if (!text.endsWith('\n')) throw runError('transcript', { line: text.split('\n').length, why: 'it is cut off' })
  const lines = text.slice(0, -1).split('\n')
  const at = <T>(index: number, check: (value: unknown, what: string) => T): T => readLine(lines, index, check)
  const header = at(0, checkHeader)
  const footer = at(lines.length - 1, checkFooter)
  const damaged = (index: number, why: string) => runError('transcript', { line: index + 1, why })
  if (footer.entries !== lines.length - 2) throw damaged(lines.length - 1, `it counts ${footer.entries} entries, but there are ${lines.length - 2}`)
  const heads: string[] = []
  const posts: Posted[] = []
  for (let index = 1; index < lines.length - 1; index++) {
    const entry = at(index, checkEntry)
    if (entry.offset !== index - 1) throw damaged(index, `its offset is ${entry.offset}, not ${index - 1}`)
    const post = readEntry(entry, (why) => damaged(index, why))
    const hash = entry.hash ?? hashOf(entry.message ?? null)
    if (nextHead(heads.at(-1) ?? EMPTY_HEAD, hash) !== entry.head) throw damaged(index, 'its head does not follow from the one before it and from its message')
    heads.push(entry.head)
    if (post !== undefined) posts.push(post)
  }
  const partOf = (ceremony: string, scriptSource: string, path: string): TranscriptPart => {
    const found = openingIn(posts, ceremony)
    const opening = found?.message.statement.payload
    if (found === undefined || opening === undefined || !isOpening(opening)) {
      throw damaged(lines.length - 1, path === '' ? 'no opening in it has this ceremony id' : `no opening in it is that of ${path}, which the ceremony follows`)
    }
    const below = Object.entries(header.follows ?? {}).flatMap(([one, source]) => {
      const name = path === '' ? one : one.startsWith(`${path}/`) ? one.slice(path.length + 1) : ''
      if (name === '' || name.includes('/')) return []
      const id = Object.hasOwn(opening.parameters, name) ? opening.parameters[name] : undefined
      return [[name, partOf(typeof id === 'string' ? id : '', source, one)] as const]
    })
    return {
      scriptSource, ceremony, opening, openedBy: found.message.statement.from, openingOffset: found.offset, openingMessage: found.message,
      followed: Object.fromEntries(below),
    }
  }
  return { ...partOf(footer.ceremony, header.script, ''), posts, heads, lineOf: (offset) => offset + 2 }
}

function readLine<T>(lines: readonly string[], index: number, check: (value: unknown, what: string) => T): T {
  const line = lines[index] ?? ''
  const damaged = (why: string, cause?: unknown) => runError('transcript', { line: index + 1, why }, cause)
  if (line.length > MAX_LINE) throw damaged('it is too long')
  try {
    return check(parseCanonical(line, 'It', LINE_DEPTH), 'It')
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    throw damaged(error.message.replace(/\.$/, ''), error)
  }
}

function readEntry({ offset, hash, message, attachment }: EntryLine, damaged: (why: string) => Error): Posted | undefined {
  if ((hash === undefined) === (message === undefined)) throw damaged('it must hold a message or a hash, and not both')
  if (message === undefined) {
    if (attachment !== undefined) throw damaged('it has an attachment and no message')
    return undefined
  }
  const text = canonical(message)
  const parsed = parsedMessage(text, damaged)
  const bytes = attachment === undefined ? undefined : attachmentBytes(attachment, damaged)
  if ((bytes === undefined ? undefined : sha256Hex(bytes)) !== parsed.attachment) throw damaged('its attachment is not the one that its message names')
  return { offset, text, message: parsed, ...(bytes === undefined ? {} : { attachment: bytes }) }
}

function parsedMessage(text: string, damaged: (why: string) => Error): Message {
  try {
    return parseMessage(text)
  } catch (error) {
    if (isKeyriteError(error)) throw damaged(error.message.replace(/\.$/, ''))
    throw error
  }
}

