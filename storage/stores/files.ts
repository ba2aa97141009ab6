/** Attachments as files, `FOLDER/OWNER/SHA256`: written aside, synced, then named. */
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolders } from '../../engine/base/files.ts'
import { isHex } from '../../engine/base/bytes.ts'
import { isName } from '../../engine/base/names.ts'
import type { StoredAttachment } from '../store.ts'

const ASIDE = '.aside'

/** Makes a folder's own entries (new and renamed files) durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Makes a folder, and makes that durable. */
export async function makeFolder(parent: string, name: string): Promise<string> {
  const path = join(parent, name)
  if (await makeFolders(path)) await syncFolder(parent)
  return path
}

export async function writeAttachment(folder: string, owner: string, hash: string, bytes: Uint8Array): Promise<void> {
  const home = await makeFolder(folder, owner)
  const aside = join(home, hash + ASIDE)
  try {
    const file = await open(aside, 'w')
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, join(home, hash))
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
  await syncFolder(home)
}

export async function readAttachment(folder: string, owner: string, hash: string): Promise<Uint8Array | null> {
  try {
    return await readFile(join(folder, owner, hash))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** What is there. Files that a crash left half written are removed; they were never acknowledged. */
export async function listAttachments(folder: string): Promise<StoredAttachment[]> {
  const found: StoredAttachment[] = []
  for (const owner of await readdir(folder)) {
    if (!isName(owner)) continue
    for (const name of await readdir(join(folder, owner))) {
      const path = join(folder, owner, name)
      if (name.endsWith(ASIDE)) await rm(path)
      else if (isHex(name, 32)) found.push({ owner, hash: name, size: (await stat(path)).size })
    }
  }
  return found
}
