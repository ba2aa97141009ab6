/**
 * A transcript: one ceremony's part of a log, with all that anyone needs to check it offline. Canonical JSON, one value
 * a line, so that damage has a place. All that members of its roster posted in it stands in full; whose the rest is, a mark under
 * the heads proves:
 *
 *   {"keyrite":"transcript/2","script":"<the script file's text>"}
 *   {"offset":0,"head":"…","hash":"…","mark":"…"}             a message of another ceremony, or of a stranger
 *   {"offset":1,"head":"…","message":{…}}                     this ceremony's
 *   {"offset":2,"head":"…","message":{…},"attachment":{…}}    with the attachment that was read with it, in hex if it is no such JSON
 *   {"ceremony":"…","entries":3}
 *
 * Of a ceremony that follows another, both stand in it, which are on one board: the header has the followed one's script
 * as well, by the name that the script gives it, {"follows":{"key":"…"},…}.
 */
import { isKeyriteError } from '../base/errors.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { canonical, canonicalBytes, MAX_DEPTH, parseCanonical } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Opening } from '../wire/card.ts'
import { EMPTY_HEAD, markOf, nextHead } from '../wire/log.ts'
import { ceremonyOf, hashOf, MAX_ATTACHMENT, parseMessage, textHash, verifyMessage } from '../wire/message.ts'
import type { Message } from '../wire/message.ts'
import { compileCheck, hexSchema, objectSchema } from '../wire/schema.ts'
import { runError } from './errors.ts'
import type { Posted } from './feed.ts'
import type { Ledger } from './ledger.ts'
import { checkOpeningForm } from './opening.ts'
import type { Post } from './reading.ts'

/** One line is at most a message and an attachment, perhaps in hex. */
export const MAX_LINE = 10 << 20
/** Characters of all that stands in full: what a reader holds at once. A thousand members' pieces are some 180 MB. */
const MAX_HELD = 512 << 20
/** A line holds a message, or an attachment, one level deeper than it is itself. */
const LINE_DEPTH = MAX_DEPTH + 1

const FORMAT = 'transcript/2'

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
  readonly mark?: string
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
      mark: hexSchema(32),
      message: { type: 'object' },
      attachment: { anyOf: [{ type: 'object' }, { type: 'string', maxLength: 2 * MAX_ATTACHMENT }] },
    },
    ['hash', 'mark', 'message', 'attachment'],
  ),
)
const checkFooter = compileCheck<Footer>(objectSchema({ ceremony: hexSchema(32), entries: { type: 'integer', minimum: 1 } }))

/** Writes the transcript of a ceremony, and of what it follows, out of a verified log, which their ledgers have read to the end. */
export function* writeTranscript(ledger: Ledger, posts: readonly Posted[], headAt: (offset: number) => string | undefined): Generator<string> {
  const followed = followedIn(ledger)
  const follows = Object.fromEntries(followed.map(([path, { script }]) => [path, script.source]))
  yield `${canonical({ keyrite: FORMAT, script: ledger.script.source, ...(followed.length === 0 ? {} : { follows }) })}\n`
  const own = ownersOf([ledger, ...followed.map(([, one]) => one)])
  for (const { offset, text, message } of posts) {
    const head = headAt(offset) ?? ''
    const mark = markOf(ceremonyOf(message.statement), message.statement.from)
    const owner = own.get(mark)
    const attachment = owner?.ledger.attachmentAt(offset)
    const line: EntryLine = owner !== undefined && offset < owner.ledger.ignoredFrom(owner.name)
      ? { offset, head, message, ...(attachment === undefined ? {} : { attachment: attachmentJson(attachment) }) }
      : { offset, head, hash: textHash(text), mark }
    yield `${canonical(line, LINE_DEPTH)}\n`
  }
  yield `${canonical({ ceremony: ledger.id, entries: posts.length })}\n`
}

interface Owner {
  readonly ledger: Ledger
  readonly name: string
}

/** Whose entries stand in full, by their marks. */
const ownersOf = (ledgers: readonly Ledger[]): ReadonlyMap<string, Owner> =>
  new Map(ledgers.flatMap((ledger) => ledger.roster.map(({ name }) => [markOf(ledger.id, name), { ledger, name }] as const)))

/** All that a ceremony follows, by its path. */
function followedIn({ followed }: Ledger, before = ''): readonly (readonly [path: string, ledger: Ledger])[] {
  return Object.entries(followed).flatMap(([name, one]) => [[`${before}${name}`, one] as const, ...followedIn(one, `${before}${name}/`)])
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

/**
 * Has a ledger read a transcript's entries, in their order.
 *
 * @throws run.transcript where an attachment is left out that a message needs
 */
export function readInto(ledger: Ledger, { posts, lineOf }: Transcript, afterEach: () => void = () => undefined): void {
  for (const post of posts) {
    if (post.attachment === undefined && ledger.wants(post)) {
      throw runError('transcript', { line: lineOf(post.offset), why: 'the attachment that its message names is left out' })
    }
    ledger.accept(post)
    afterEach()
  }
}

/**
 * Refuses what leaves out an entry of its own. What stands by its hash alone must be somebody else's; a member's own only where it
 * counts for nothing, after all that it may post besides its statements.
 *
 * @param ledgers of all ceremonies in it, which have read it
 * @throws run.transcript
 */
export function refuseHidden({ hidden, lineOf }: Transcript, ledgers: readonly Ledger[]): void {
  const own = ownersOf(ledgers)
  for (const { offset, mark } of hidden) {
    const owner = own.get(mark)
    if (owner === undefined || offset >= owner.ledger.ignoredFrom(owner.name)) continue
    throw runError('transcript', { line: lineOf(offset), why: `a message of ${owner.name} in this ceremony is left out of it` })
  }
}

/** The head of a transcript's log at an offset. */
export const headIn = ({ heads }: Transcript) => (offset: number): string | undefined => (offset === -1 ? EMPTY_HEAD : heads[offset])

/** An entry that stands by its hash alone. */
export interface Hidden {
  readonly offset: number
  readonly mark: string
}

/** A transcript that is whole: every line read, every head right. What its messages say is not yet checked, nor that what is left out is not its own. */
export interface Transcript extends TranscriptPart {
  readonly posts: readonly Post[]
  readonly hidden: readonly Hidden[]
  readonly heads: readonly string[]
  /** The line that an offset stands in, from 1. */
  readonly lineOf: (offset: number) => number
}

/** A transcript's lines out of its text. @throws run.transcript where it is cut off */
export function linesOf(text: string): readonly string[] {
  if (!text.endsWith('\n')) throw runError('transcript', { line: text.split('\n').length, why: 'it is cut off' })
  return text.slice(0, -1).split('\n')
}

/**
 * Reads a transcript line by line and checks that it is whole: form, order, every head from the first to the last, every
 * attachment against its hash, the opening against the ceremony id.
 *
 * @throws run.transcript with the line
 */
export function readTranscript(lines: Iterable<string>): Transcript {
  const heads: string[] = []
  const posts: Post[] = []
  const hidden: Hidden[] = []
  let header: Header | undefined
  let footer: Footer | undefined
  let index = -1
  let held = 0
  const damaged = (why: string) => runError('transcript', { line: index + 1, why })
  for (const line of lines) {
    index += 1
    const value = readLine(line, index)
    if (header === undefined) {
      header = readHeader(value, index)
      continue
    }
    if (footer !== undefined) throw damaged('something comes after its last line')
    if (isFooter(value)) {
      footer = checkLine(checkFooter, value, index)
      continue
    }
    const entry = checkLine(checkEntry, value, index)
    if (entry.offset !== heads.length) throw damaged(`its offset is ${entry.offset}, not ${heads.length}`)
    const read = readEntry(entry, damaged)
    const { statement } = 'message' in read ? read.message : { statement: undefined }
    const [mark, hash] = statement === undefined ? [entry.mark ?? '', entry.hash ?? ''] : [markOf(ceremonyOf(statement), statement.from), hashOf(entry.message ?? null)]
    if (nextHead(heads.at(-1) ?? EMPTY_HEAD, mark, hash) !== entry.head) throw damaged('its head does not follow from the one before it and from its message')
    heads.push(entry.head)
    if (!('message' in read)) {
      hidden.push(read)
      continue
    }
    held += line.length
    if (held > MAX_HELD) throw damaged('it holds more than any ceremony has')
    posts.push(read)
  }
  if (header === undefined || footer === undefined) throw damaged('it is cut off')
  if (footer.entries !== heads.length) throw damaged(`it counts ${footer.entries} entries, but there are ${heads.length}`)
  const { ceremony } = footer
  const { script, follows = {} } = header
  const partOf = (ceremony: string, scriptSource: string, path: string): TranscriptPart => {
    const found = openingIn(posts, ceremony)
    const opening = found?.message.statement.payload
    if (found === undefined || opening === undefined || !isOpening(opening)) {
      throw damaged(path === '' ? 'no opening in it has this ceremony id' : `no opening in it is that of ${path}, which the ceremony follows`)
    }
    const below = Object.entries(follows).flatMap(([one, source]) => {
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
  return { ...partOf(ceremony, script, ''), posts, hidden, heads, lineOf: (offset) => offset + 2 }
}

function readLine(line: string, index: number): Json {
  if (line.length > MAX_LINE) throw runError('transcript', { line: index + 1, why: 'it is too long' })
  return checkLine((value) => parseCanonical(String(value), 'It', LINE_DEPTH), line, index)
}

function checkLine<T>(check: (value: unknown, what: string) => T, value: unknown, index: number): T {
  try {
    return check(value, 'It')
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    throw runError('transcript', { line: index + 1, why: error.message.replace(/\.$/, '') }, error)
  }
}

function readHeader(value: Json, index: number): Header {
  const { keyrite } = { ...(value as JsonObject) }
  if (typeof keyrite === 'string' && keyrite.startsWith('transcript/') && keyrite !== FORMAT) {
    throw runError('transcript', { line: index + 1, why: 'it is of another version of keyrite’s protocol, which this one does not read' })
  }
  return checkLine(checkHeader, value, index)
}

const isFooter = (value: Json): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, 'entries')

function readEntry({ offset, hash, mark, message, attachment }: EntryLine, damaged: (why: string) => Error): Post | Hidden {
  if (message === undefined) {
    if (hash === undefined || mark === undefined) throw damaged('it must hold a message, or a hash and a mark')
    if (attachment !== undefined) throw damaged('it has an attachment and no message')
    return { offset, mark }
  }
  if (hash !== undefined || mark !== undefined) throw damaged('it must hold a message, or a hash and a mark, and not both')
  const parsed = parsedMessage(canonical(message), damaged)
  const bytes = attachment === undefined ? undefined : attachmentBytes(attachment, damaged)
  if (bytes !== undefined && sha256Hex(bytes) !== parsed.attachment) throw damaged('its attachment is not the one that its message names')
  return { offset, message: parsed, ...(bytes === undefined ? {} : { attachment: bytes }) }
}

function parsedMessage(text: string, damaged: (why: string) => Error): Message {
  try {
    return parseMessage(text)
  } catch (error) {
    if (isKeyriteError(error)) throw damaged(error.message.replace(/\.$/, ''))
    throw error
  }
}
