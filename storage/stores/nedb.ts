/**
 * The default store: one NeDB file and one folder of attachments a board.
 *
 * The file has NeDB's format, a document a line, and NeDB finds in memory; the file is read and written here. NeDB
 * itself drops in silence what it cannot read, rewrites the whole file when it loads, never syncs what it appends, and
 * shows it before it is written. So the file is read once, and every line checked before NeDB has it. It only grows, by
 * lines that are synced before NeDB or anyone hears of them.
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import Datastore from 'nedb-promises'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { isThere, makeFolders, syncFolder, systemCode } from '../../engine/base/files.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { Chain, EMPTY_LOG, holding } from '../../engine/wire/log.ts'
import type { Linked } from '../../engine/wire/log.ts'
import { MAX_MESSAGE, slotOf } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { compileCheck, hexSchema } from '../../engine/wire/schema.ts'
import { storageError } from '../errors.ts'
import type { Hear, Store, Stored } from '../store.ts'
import { listAttachments, readAttachmentFile, writeAttachmentFile } from './files.ts'

/** One line of the file. */
interface Document {
  /** The offset with leading zeros, by which NeDB sorts, in a rewrite too. */
  readonly _id: string
  readonly offset: number
  readonly head: string
  readonly hash: string
  /** Absent where the message has no slot. */
  readonly slot?: string
  readonly text: string
}

const idOf = (offset: number): string => String(offset).padStart(16, '0')

/** The fields that NeDB indexes. A file that NeDB wrote itself has a line about each. */
const INDEXES = ['offset', 'hash', 'slot'] as const

/** The most bytes of a line. A text in JSON takes up to twice its size, and three times where it is all U+2028. */
const MAX_LINE = 3 * MAX_MESSAGE + 4096

const checkDocument = compileCheck<Document & JsonObject>({
  type: 'object',
  properties: {
    _id: { type: 'string', pattern: '^[0-9]{16}$' },
    offset: { type: 'integer', minimum: 0 },
    head: hexSchema(32),
    hash: hexSchema(32),
    slot: { type: 'string' },
    text: { type: 'string' },
  },
  required: ['_id', 'offset', 'head', 'hash', 'text'],
  additionalProperties: false,
})

interface IndexLine extends JsonObject {
  readonly $$indexCreated: { readonly fieldName: string; readonly unique?: boolean; readonly sparse?: boolean }
}

const checkIndexLine = compileCheck<IndexLine>({
  type: 'object',
  properties: {
    $$indexCreated: {
      type: 'object',
      properties: { fieldName: { enum: INDEXES }, unique: { type: 'boolean' }, sparse: { type: 'boolean' } },
      required: ['fieldName'],
      additionalProperties: false,
    },
  },
  required: ['$$indexCreated'],
  additionalProperties: false,
})

/** An entry whose line was checked. */
interface Checked {
  readonly entry: Linked
  readonly slot: string | null
}

interface Whole {
  readonly last: Pin
  /** The repair in words, or null. */
  readonly repaired: string | null
}

/**
 * Reads the whole file: every line, every text's hash, the chain of heads. A power cut in the middle of a write leaves
 * a last line without its end, which was never acknowledged: it is cut off, or ended if it is whole. A missing file is
 * an empty log.
 *
 * @param take gets each piece's entries, checked, before the next piece is read
 * @throws storage.first-version, and storage.damaged for everything else, with line and byte
 */
async function readLog(path: string, take: (entries: readonly Checked[]) => Promise<void>): Promise<Whole> {
  const chain = new Chain(EMPTY_LOG, true)
  const check = checkFor(chain)
  let line = 0
  let byte = 0
  let rest: Buffer[] = []
  let restBytes = 0

  const checked = (bytes: Buffer): Checked | null => {
    try {
      return check(decode(bytes))
    } catch (cause) {
      if (cause instanceof FirstVersion) throw storageError('first-version', { path }, cause)
      throw storageError('damaged', { path, line: line + 1, byte, why: why(cause) }, cause)
    }
  }
  for await (const chunk of chunks(path)) {
    let from = 0
    const found: Checked[] = []
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const bytes = Buffer.concat([...rest, chunk.subarray(from, end)])
      const one = checked(bytes)
      if (one !== null) found.push(one)
      line += 1
      byte += bytes.length + 1
      from = end + 1
      rest = []
      restBytes = 0
    }
    await take(found)
    rest.push(chunk.subarray(from))
    restBytes += chunk.length - from
    if (restBytes > MAX_LINE) {
      const error = { path, line: line + 1, byte, why: `the line is longer than ${String(MAX_LINE)} bytes` }
      throw storageError('damaged', error)
    }
  }
  if (restBytes === 0) return { last: chain.pin, repaired: null }
  const tail = Buffer.concat(rest)
  const whole = wholeTail(path, tail, check)
  const done = await repairTail(path, byte, tail.length, whole !== undefined)
  if (whole) await take([whole])
  return {
    last: chain.pin,
    repaired: `${path}: the last line was torn at byte ${String(byte)}, as a crash leaves it, and never acknowledged: ${done}.`,
  }
}

/** The entry in the last line; null where it is an index line, undefined where it lacks more than its end. */
function wholeTail(path: string, tail: Buffer, check: Check): Checked | null | undefined {
  try {
    return check(decode(tail))
  } catch (cause) {
    if (cause instanceof FirstVersion) throw storageError('first-version', { path }, cause)
    return undefined
  }
}

async function repairTail(path: string, byte: number, length: number, isWhole: boolean): Promise<string> {
  const file = await open(path, 'r+')
  try {
    if (isWhole) await file.write('\n', byte + length)
    else await file.truncate(byte)
    await file.sync()
  } finally {
    await file.close()
  }
  return isWhole ? 'it was whole, its end was added' : `${String(length)} bytes were cut off`
}

type Check = (text: string) => Checked | null

/**
 * Checks lines. Each continues the chain, or is an index line and gives null. A line for which it throws changes
 * nothing.
 */
function checkFor(chain: Chain): Check {
  const hashes = new Set<string>()

  return (text) => {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && '$$indexCreated' in value) {
      const { $$indexCreated: { fieldName, unique } } = checkIndexLine(value, 'The index line')
      // In the first version a slot had one statement at most. NeDB would obey that line's unique index for ever.
      if (fieldName === 'slot' && unique === true) throw new FirstVersion()
      return null
    }
    const document = checkDocument(value, 'The line')
    if (document._id !== idOf(document.offset)) throw new Error('its _id is not its offset')
    const link = holding(() => chain.check(document), (broken) => (isKeyriteError(broken.cause, 'wire.other-version') ? new FirstVersion() : broken))
    const slot = document.slot ?? null
    if (slot !== slotOf(link.message.statement)) throw new Error('its slot is not that of its message')
    if (hashes.has(link.hash)) throw new Error('its message stands in the log already')
    hashes.add(link.hash)
    return { entry: chain.next(link), slot }
  }
}

/** The error for a line of keyrite's first protocol version. */
class FirstVersion extends Error {}

const decoder = new TextDecoder('utf-8', { fatal: true })
const decode = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes)
  } catch {
    return '\u0000 not UTF-8'
  }
}

async function* chunks(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      if (Buffer.isBuffer(chunk)) yield chunk
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

function why(cause: unknown): string {
  if (cause instanceof SyntaxError) return 'it is not JSON'
  if (isKeyriteError(cause)) return cause.message.replace(/\.$/, '')
  return cause instanceof Error ? cause.message : String(cause)
}

/**
 * Opens a board's NeDB file and its attachments.
 *
 * @param folder the board's own folder; made if it is not there
 * @param say hears of a repair
 * @throws storage.first-version, storage.damaged, storage.unusable
 */
export async function openNedbStore(folder: string, say: (line: string) => void, hear: Hear = () => undefined): Promise<Store> {
  try {
    return await openChecked(folder, say, hear)
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'syscall' in error) {
      throw storageError('unusable', { path: folder, why: error.message }, error)
    }
    throw error
  }
}

async function openChecked(folder: string, say: (line: string) => void, hear: Hear): Promise<Store> {
  const path = join(folder, 'messages.db')
  const attachments = join(folder, 'attachments')
  await makeFolders(attachments, { durable: true })
  if (!(await isThere(path)) && (await isThere(`${path}~`))) {
    // NeDB leaves the file so when it is stopped in a rewrite. An empty log in its place would contradict what was
    // acknowledged.
    throw storageError('damaged', { path, line: 0, byte: 0, why: `it is gone, and only ${path}~ is there` })
  }
  const database: Datastore<Document> = Datastore.create({ inMemoryOnly: true })
  for (const fieldName of INDEXES) await database.ensureIndex(fieldName === 'slot' ? { fieldName, sparse: true } : { fieldName, unique: true })
  const whole = await readLog(path, async (entries) => {
    await database.insertMany(entries.map(({ entry, slot }) => toDocument({ ...entry, slot })))
    for (const { entry, slot } of entries) hear(entry, slot)
  })
  if (whole.repaired !== null) say(whole.repaired)
  const file = await open(path, 'a', 0o644)
  await file.datasync()
  await syncFolder(folder)

  let { last } = whole
  return {
    last: () => last,
    async append(entries) {
      const documents = entries.map(toDocument)
      await file.appendFile(documents.map((document) => `${lineOf(document)}\n`).join(''))
      await file.datasync()
      await database.insertMany(documents)
      const end = entries.at(-1)
      if (end !== undefined) last = { offset: end.offset, head: end.head }
    },
    async range(after, through) {
      // The window is bounded by offsets: with a sort and a limit NeDB would sort all matches first.
      const found = await database.find({ offset: { $gt: after, $lte: through } })
      return found.map(toStored).sort((a, b) => a.offset - b.offset)
    },
    async find(hashes, slots) {
      const byHash = hashes.length === 0 ? [] : await database.find({ hash: { $in: [...hashes] } })
      const bySlot = slots.length === 0 ? [] : await database.find({ slot: { $in: [...slots] } })
      return [...byHash, ...bySlot].map(toStored)
    },
    putAttachment: (owner, hash, bytes) => writeAttachmentFile(attachments, owner, hash, bytes),
    getAttachment: (owner, hash) => readAttachmentFile(attachments, owner, hash),
    attachments: () => listAttachments(attachments),
    close: () => file.close(),
  }
}

/**
 * A document's line. NeDB reads lines by Unicode's rules, where these three characters end one; JSON does not escape
 * them.
 */
const lineOf = (document: Document): string => JSON.stringify(document).replace(/[\u0085\u2028\u2029]/g, escapeUnit)

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

function toDocument({ offset, head, hash, slot, text }: Stored): Document {
  return { _id: idOf(offset), offset, head, hash, ...(slot === null ? {} : { slot }), text }
}

function toStored({ offset, head, hash, slot, text }: Document): Stored {
  return { offset, head, hash, slot: slot ?? null, text }
}
