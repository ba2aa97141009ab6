/**
 * The default store: one NeDB file and one folder of attachments per board.
 *
 * NeDB puts a document into its index before it writes it, never syncs what it appends, and rewrites the whole file
 * when it loads. So: every append is followed by an fdatasync here before anyone hears of it; the file is checked
 * line by line before NeDB loads it and again after, with a second link to the old one in between.
 */
import { link, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import Datastore from 'nedb-promises'
import type { Store, Stored } from '../store.ts'
import { storageError } from '../errors.ts'
import { listAttachments, makeFolder, readAttachment, syncFolder, writeAttachment } from './files.ts'
import { checkFile, idOf, INDEXES } from './nedb-file.ts'
import type { Checked, Document } from './nedb-file.ts'

/**
 * @param folder the board's own; made if it is not there
 * @param say hears what was repaired
 * @throws storage.first-version, damaged, unusable
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
