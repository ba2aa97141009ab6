/**
 * A transcript: one ceremony's part of a log, with all that anyone needs to check it offline. Canonical JSON, one value
 * a line, so that damage has a place. Every entry of the roster's members in this ceremony stands in full. Of every other entry
 * there is a mark, which the heads prove to be somebody else's:
 *
 *   {"keyrite":"transcript/2","script":"<the script file's text>"}
 *   {"offset":0,"head":"…","hash":"…","mark":"…"}             a message of another ceremony, or of a stranger
 *   {"offset":1,"head":"…","message":{…}}                     this ceremony's
 *   {"offset":2,"head":"…","message":{…},"attachment":{…}}    with the attachment that was read with it, in hex if it is no canonical JSON
 *   {"ceremony":"…","entries":3}
 *
 * Where a ceremony follows another on the same board, both stand in it: the header has the followed one's script as well, by the name
 * that the script gives it, {"follows":{"key":"…"},…}.
 */
import { isKeyriteError } from '../base/errors.ts'
import { CONTAINER_HEAD, containerError, endsEarly, goodLines, refuseContainer } from '../base/container.ts'
import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import { sha256Hex } from '../crypto/hash.ts'
import { canonical, canonicalBytes, MAX_DEPTH, parseCanonical } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Opening } from '../wire/card.ts'
import { openedIn } from '../wire/lobby.ts'
import { Chain, holding, markIn, markOf } from '../wire/log.ts'
import type { Linked } from '../wire/log.ts'
import { MAX_ATTACHMENT } from '../wire/message.ts'
import type { Message } from '../wire/message.ts'
import { compileCheck, hexSchema, objectSchema } from '../wire/schema.ts'
import { runError } from './errors.ts'
import type { Ledger } from './ledger.ts'
import type { Post } from './reading.ts'

/** The most characters of a line: a message and an attachment, perhaps in hex. */
const MAX_LINE = 10 << 20
/** The most characters that stand in full, which a reader holds at once. A thousand members' pieces are some 180 MB. */
const MAX_HELD = 512 << 20
/** The nesting of a line: it holds a message or an attachment one level deeper. */
const LINE_DEPTH = MAX_DEPTH + 1

const FORMAT = 'transcript/2'

/** The most ceremonies that one may follow, directly or through others. */
const MOST_FOLLOWED = 8

interface Header extends JsonObject {
  readonly keyrite: string
  readonly script: string
  /** Script texts by local name; of a ceremony that a followed one follows, by the path: `key/base`. */
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

/** Writes the transcript of a ceremony and those that it follows, from a verified log that their ledgers have read to the end. */
export function* writeTranscript(ledger: Ledger, posts: readonly Linked[]): Generator<string> {
  const followed = followedIn(ledger)
  const follows = Object.fromEntries(followed.map(([path, { script }]) => [path, script.source]))
  yield `${canonical({ keyrite: FORMAT, script: ledger.script.source, ...(followed.length === 0 ? {} : { follows }) })}\n`
  const own = ownersOf([ledger, ...followed.map(([, one]) => one)])
  for (const { offset, head, hash, message } of posts) {
    const mark = markIn(message)
    const owner = own.get(mark)
    const attachment = owner?.ledger.attachmentAt(offset)
    const line: EntryLine = owner !== undefined && offset < owner.ledger.ignoredFrom(owner.name)
      ? { offset, head, message, ...(attachment === undefined ? {} : { attachment: attachmentJson(attachment) }) }
      : { offset, head, hash, mark }
    yield `${canonical(line, LINE_DEPTH)}\n`
  }
  yield `${canonical({ ceremony: ledger.id, entries: posts.length })}\n`
}

interface Owner {
  readonly ledger: Ledger
  readonly name: string
}

/** The owners of the entries that stand in full, by their marks. */
const ownersOf = (ledgers: readonly Ledger[]): ReadonlyMap<string, Owner> =>
  new Map(ledgers.flatMap((ledger) => ledger.roster.map(({ name }) => [markOf(ledger.id, name), { ledger, name }] as const)))

/** All ceremonies that one follows, directly or through others, by their paths. */
function followedIn({ followed }: Ledger, before = ''): readonly (readonly [path: string, ledger: Ledger])[] {
  return Object.entries(followed).flatMap(([name, one]) => [[`${before}${name}`, one] as const, ...followedIn(one, `${before}${name}/`)])
}

/** An attachment as JSON if it is canonical JSON, byte for byte; else in hex, since anybody may attach anything. */
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
  /** The ceremonies that it follows, as far as the transcript has scripts for them, by the script's local name. */
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
 * Refuses a transcript that leaves out an entry of its own. An entry that stands by its hash alone must be somebody else's, or a
 * member's that counts for nothing (`ignoredFrom`).
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
export const headIn = ({ chain }: Transcript) => (offset: number): string | undefined => chain.headAt(offset)

/** An entry that stands by its hash alone. */
export interface Hidden {
  readonly offset: number
  readonly mark: string
}

/** A transcript that is whole: every line read, every head right. Neither its messages nor the entries that it leaves out are checked yet. */
export interface Transcript extends TranscriptPart {
  readonly posts: readonly Post[]
  readonly hidden: readonly Hidden[]
  /** Every head, from the first to the last. */
  readonly chain: Chain
  /** The line that an offset stands in, from 1. */
  readonly lineOf: (offset: number) => number
}

/** A transcript as it came: its text, or its file's bytes in pieces of any size. */
export type TranscriptSource = string | Iterable<Uint8Array>

/** The name of a transcript in errors about what its file is. It may be a file of something else. */
const FILE = 'This file'
const CUT = 'it is cut off here, and its end is missing'

/**
 * A transcript's lines, as whatever carried it left them: a byte order mark, CR LF and a missing last line end change nothing that a
 * head is over.
 *
 * @throws container.not-text, container.encoding; run.transcript for a line that is too long
 */
function* linesOf(source: TranscriptSource): Generator<string> {
  let rest = ''
  let line = 1
  for (const text of typeof source === 'string' ? [wholeText(source)] : decoded(source, () => line)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const one of lines) {
      yield one.endsWith('\r') ? one.slice(0, -1) : one
      line += 1
    }
    if (rest.length > MAX_LINE) throw runError('transcript', { line, why: 'it is too long' })
  }
  if (rest !== '') yield rest
}

function wholeText(text: string): string {
  refuseContainer(utf8(text.slice(0, CONTAINER_HEAD)), FILE)
  return text.replace(/^\ufeff/, '')
}

/** @param line the number of the line that is being read */
function* decoded(pieces: Iterable<Uint8Array>, line: () => number): Generator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decode = (piece?: Uint8Array): string => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined })
    } catch (cause) {
      // A character that is begun and not ended is the last thing in its file.
      if (piece === undefined) throw runError('transcript', { line: line(), why: CUT }, cause)
      throw containerError('encoding', { file: FILE, line: line() + goodLines(piece) }, cause)
    }
  }
  let isFirst = true
  for (const piece of pieces) {
    if (isFirst) refuseContainer(piece, FILE)
    isFirst = false
    yield decode(piece)
  }
  if (isFirst) refuseContainer(new Uint8Array(), FILE)
  yield decode()
}

/**
 * Reads a transcript line by line and checks that it is whole: form, order, every head from the first to the last, every
 * attachment against its hash, the opening against the ceremony id.
 *
 * @throws run.transcript with the line; container.not-text, container.encoding
 */
export function readTranscript(source: TranscriptSource): Transcript {
  const lines = linesOf(source)
  const chain = new Chain()
  const posts: Post[] = []
  const hidden: Hidden[] = []
  let header: Header | undefined
  let footer: Footer | undefined
  let index = -1
  let held = 0
  const damaged = (why: string) => runError('transcript', { line: index + 1, why })
  for (const line of lines) {
    index += 1
    // Blank lines that an editor or a mail put at its end.
    if (footer !== undefined && line.trim() === '') continue
    const value = readLine(line, index, () => lines.next().done === true)
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
    const read = holding(() => readEntry(entry, chain, damaged), (broken) => damaged(broken.message))
    if (!('message' in read)) {
      hidden.push(read)
      continue
    }
    held += line.length
    if (held > MAX_HELD) throw damaged('it holds more than any ceremony has')
    posts.push(read)
  }
  if (header === undefined || footer === undefined) throw damaged(CUT)
  const count = chain.pin.offset + 1
  if (footer.entries !== count) throw damaged(`it counts ${footer.entries} entries, but there are ${count}`)
  const { ceremony } = footer
  const { script, follows = {} } = header
  const partOf = (ceremony: string, scriptSource: string, path: string): TranscriptPart => {
    // A storage may put copies by others before the one that counts.
    const copies = posts.filter(({ message: { statement } }) => statement.type === 'Opening' && ceremonyId(statement.payload) === ceremony)
    const [copy] = copies
    if (copy === undefined) {
      throw damaged(path === '' ? 'no opening in it has this ceremony id' : `no opening in it is that of ${path}, which the ceremony follows`)
    }
    const [found] = openedIn(copies)
    if (found === undefined) throw runError('transcript', { line: lineOf(copy.offset), why: 'the opening is not one that a participant of it signed in the right form' })
    const { opening, by: openedBy } = found
    const below = Object.entries(follows).flatMap(([one, source]) => {
      const name = path === '' ? one : one.startsWith(`${path}/`) ? one.slice(path.length + 1) : ''
      if (name === '' || name.includes('/')) return []
      const id = Object.hasOwn(opening.parameters, name) ? opening.parameters[name] : undefined
      return [[name, partOf(typeof id === 'string' ? id : '', source, one)] as const]
    })
    return {
      scriptSource, ceremony, opening, openedBy,
      followed: Object.fromEntries(below),
    }
  }
  return { ...partOf(ceremony, script, ''), posts, hidden, chain, lineOf }
}

/** The line of an entry, from 1: the header comes first, then one entry a line. */
const lineOf = (offset: number): number => offset + 2

/** @param isLast nothing comes after it */
function readLine(line: string, index: number, isLast: () => boolean): Json {
  if (line.length > MAX_LINE) throw runError('transcript', { line: index + 1, why: 'it is too long' })
  try {
    return checkLine((value) => parseCanonical(String(value), 'It', LINE_DEPTH), line, index)
  } catch (error) {
    if (endsEarly(line) && isLast()) throw runError('transcript', { line: index + 1, why: CUT }, error)
    throw error
  }
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

/** Reads an entry and adds it to the chain. @throws BrokenChain where it does not continue what was read */
function readEntry({ offset, head, hash, mark, message, attachment }: EntryLine, chain: Chain, damaged: (why: string) => Error): Post | Hidden {
  if (message === undefined) {
    if (hash === undefined || mark === undefined) throw damaged('it must hold a message, or a hash and a mark')
    if (attachment !== undefined) throw damaged('it has an attachment and no message')
    chain.skip({ offset, head, hash, mark })
    return { offset, mark }
  }
  if (hash !== undefined || mark !== undefined) throw damaged('it must hold a message, or a hash and a mark, and not both')
  const { message: parsed } = chain.next({ offset, head, text: canonical(message) })
  const bytes = attachment === undefined ? undefined : attachmentBytes(attachment, damaged)
  if (bytes !== undefined && sha256Hex(bytes) !== parsed.attachment) throw damaged('its attachment is not the one that its message names')
  return { offset, message: parsed, ...(bytes === undefined ? {} : { attachment: bytes }) }
}
