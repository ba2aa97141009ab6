/**
 * The default store: one NeDB file and one folder of attachments per board.
 *
 * NeDB puts a document into its index before it writes it, never syncs what it appends, and rewrites the whole file
 * when it loads. So: every append is followed by an fdatasync here before anyone hears of it; the file is checked
 * line by line before NeDB loads it and again after, with a second link to the old one in between.
 */
import { createReadStream } from 'node:fs'
import { link, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import Datastore from 'nedb-promises'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { Chain, EMPTY_LOG, holding } from '../../engine/wire/log.ts'
import { MAX_MESSAGE, slotOf } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { compileCheck, hexSchema } from '../../engine/wire/schema.ts'
import { storageError } from '../errors.ts'
import type { Store, Stored } from '../store.ts'
import { listAttachments, makeFolder, readAttachment, syncFolder, writeAttachment } from './files.ts'

// A board's NeDB file, read and checked line by line before NeDB sees it: NeDB itself would drop a line that it
// cannot read, in silence.

/** One line of the file. */
interface Document {
  /** The offset with leading zeros, so that NeDB's rewrite, which sorts by it, keeps the order of the log. */
  readonly _id: string
  readonly offset: number
  readonly head: string
  readonly hash: string
  /** Absent where the message has no slot. */
  readonly slot?: string
  readonly text: string
}

const idOf = (offset: number): string => String(offset).padStart(16, '0')

/** Fields that NeDB indexes; it writes a line of its own about each. */
const INDEXES = ['offset', 'hash', 'slot'] as const

/** The text in JSON may take twice its size, and three times where it is all U+2028. */
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

interface Checked {
  readonly last: Pin
  /** What was repaired, in words, or null. */
  readonly repaired: string | null
}

/**
 * Reads the whole file: every line, every text's hash, the chain of heads. A last line without its end is what a
 * power cut in the middle of a write leaves, and was never acknowledged: it is cut off, or ended if it is whole.
 * A file that is not there is an empty log.
 *
 * @throws storage.first-version, and storage.damaged for everything else, with line and byte
 */
async function checkFile(path: string): Promise<Checked> {
  const size = await sizeOf(path)
  const chain = new Chain(EMPTY_LOG, true)
  let line = 0
  let byte = 0
  let rest: Buffer[] = []
  let restBytes = 0

  const take = (text: string): void => {
    try {
      checkLine(text, chain)
    } catch (cause) {
      if (cause instanceof FirstVersion) throw storageError('first-version', { path }, cause)
      throw storageError('damaged', { path, line: line + 1, byte, why: why(cause) }, cause)
    }
  }
  for await (const chunk of size === 0 ? [] : chunks(path)) {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const bytes = Buffer.concat([...rest, chunk.subarray(from, end)])
      take(decode(bytes))
      line += 1
      byte += bytes.length + 1
      from = end + 1
      rest = []
      restBytes = 0
    }
    rest.push(chunk.subarray(from))
    restBytes += chunk.length - from
    if (restBytes > MAX_LINE) {
      const error = { path, line: line + 1, byte, why: `the line is longer than ${String(MAX_LINE)} bytes` }
      throw storageError('damaged', error)
    }
  }
  if (restBytes === 0) return { last: chain.pin, repaired: null }
  return repairTail(path, byte, Buffer.concat(rest), chain)
}

async function repairTail(path: string, byte: number, tail: Buffer, chain: Chain): Promise<Checked> {
  const file = await open(path, 'r+')
  try {
    let isWhole = false
    try {
      checkLine(decode(tail), chain)
      isWhole = true
    } catch (cause) {
      if (cause instanceof FirstVersion) throw storageError('first-version', { path }, cause)
      // torn: cut off below
    }
    if (!isWhole) await file.truncate(byte)
    else await file.write('\n', byte + tail.length)
    await file.sync()
    const done = !isWhole ? `${String(tail.length)} bytes were cut off` : 'it was whole, its end was added'
    return {
      last: chain.pin,
      repaired: `${path}: the last line was torn at byte ${String(byte)}, as a crash leaves it, and never acknowledged: ${done}.`,
    }
  } finally {
    await file.close()
  }
}

/** Checks one line, which continues the chain or says nothing of the log. */
function checkLine(text: string, chain: Chain): void {
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && value !== null && '$$indexCreated' in value) {
    const { $$indexCreated: { fieldName, unique } } = checkIndexLine(value, 'The index line')
    // A slot had one statement at most, and NeDB would go by that line for ever.
    if (fieldName === 'slot' && unique === true) throw new FirstVersion()
    return
  }
  const document = checkDocument(value, 'The line')
  if (document._id !== idOf(document.offset)) throw new Error('its _id is not its offset')
  const link = holding(() => chain.check(document), (broken) => (isKeyriteError(broken.cause, 'wire.other-version') ? new FirstVersion() : broken))
  if ((document.slot ?? null) !== slotOf(link.message.statement)) throw new Error('its slot is not that of its message')
  chain.next(link)
}

/** The line is of keyrite's first protocol version. */
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
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    if (Buffer.isBuffer(chunk)) yield chunk
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}

function why(cause: unknown): string {
  if (cause instanceof SyntaxError) return 'it is not JSON'
  if (isKeyriteError(cause)) return cause.message.replace(/\.$/, '')
  return cause instanceof Error ? cause.message : String(cause)
}

/**
 * @param folder the board's own; made if it is not there
 * @param say hears what was repaired
 * @throws storage.first-version, storage.damaged, storage.unusable
 */
export async function openNedbStore(folder: string, say: (line: string) => void): Promise<Store> {
  try {
    return await openChecked(folder, say)
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'syscall' in error) {
      throw storageError('unusable', { path: folder, why: error.message }, error)
    }
    throw error
  }
}

async function openChecked(folder: string, say: (line: string) => void): Promise<Store> {
  const path = join(folder, 'messages.db')
  const attachments = await makeFolder(folder, 'attachments')
  const checked = await settle(path)
  if (checked.repaired !== null) say(checked.repaired)
  const before = `${path}.before-load`
  if (await exists(path)) await link(path, before)
  const database = load(path)
  await database.load()
  for (const fieldName of INDEXES) await database.ensureIndex(fieldName === 'slot' ? { fieldName, sparse: true } : { fieldName, unique: true })
  // The handle is opened after the rewrite, which gives the name to another file.
  const file = await open(path, 'r+')
  await file.datasync()
  const after = await checkFile(path)
  if (after.last.head !== checked.last.head) {
    await file.close()
    const why = `NeDB's rewrite changed it; the file from before is ${before}`
    throw storageError('damaged', { path, line: 0, byte: 0, why })
  }
  await rm(before, { force: true })
  await syncFolder(folder)

  let last = checked.last
  return {
    last: () => last,
    async append(entries) {
      await database.insertMany(entries.map(toDocument))
      await file.datasync()
      const end = entries.at(-1)
      if (end !== undefined) last = { offset: end.offset, head: end.head }
    },
    async range(after, through) {
      // A bounded window: with a sort and a limit NeDB would sort all that match first.
      const found = await database.find({ offset: { $gt: after, $lte: through } })
      return found.map(toStored).sort((a, b) => a.offset - b.offset)
    },
    async find(hashes, slots) {
      const byHash = hashes.length === 0 ? [] : await database.find({ hash: { $in: [...hashes] } })
      const bySlot = slots.length === 0 ? [] : await database.find({ slot: { $in: [...slots] } })
      return [...byHash, ...bySlot].map(toStored)
    },
    putAttachment: (owner, hash, bytes) => writeAttachment(attachments, owner, hash, bytes),
    getAttachment: (owner, hash) => readAttachment(attachments, owner, hash),
    attachments: () => listAttachments(attachments),
    close: () => file.close(),
  }
}

/** Checks the file, after a crash at whatever moment of NeDB's rewrite. */
async function settle(path: string): Promise<Checked> {
  const aside = `${path}~`
  if (!(await exists(path)) && (await exists(aside))) {
    // NeDB would take it for the log, whole or not.
    throw storageError('damaged', { path, line: 0, byte: 0, why: `it is gone, and only ${aside} is there` })
  }
  const checked = await checkFile(path)
  await rm(aside, { force: true })
  await rm(`${path}.before-load`, { force: true })
  return checked
}

function load(path: string): Datastore<Document> {
  return Datastore.create({
    filename: path,
    corruptAlertThreshold: 0,
    // NeDB reads lines by Unicode's rules: these three end one, and JSON leaves them as they are.
    afterSerialization: (line) => line.replace(/[\u0085\u2028\u2029]/g, escapeUnit),
    beforeDeserialization: (line) => line,
  })
}

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

function toDocument({ offset, head, hash, slot, text }: Stored): Document {
  return { _id: idOf(offset), offset, head, hash, ...(slot === null ? {} : { slot }), text }
}

function toStored({ offset, head, hash, slot, text }: Document): Stored {
  return { offset, head, hash, slot: slot ?? null, text }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
