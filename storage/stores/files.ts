/** Attachments as files, `FOLDER/OWNER/SHA256`. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isHex } from '../../engine/base/bytes.ts'
import { makeFolders, readIfThere, sweepTemporaries, writeDurable } from '../../engine/base/files.ts'
import { isName } from '../../engine/base/names.ts'
import { MAX_ATTACHMENT } from '../../engine/wire/message.ts'
import type { StoredAttachment } from '../store.ts'

export async function writeAttachmentFile(folder: string, owner: string, hash: string, bytes: Uint8Array): Promise<void> {
  await makeFolders(join(folder, owner), { durable: true })
  await writeDurable(join(folder, owner, hash), bytes, { mode: 0o666 })
}

export async function readAttachmentFile(folder: string, owner: string, hash: string): Promise<Uint8Array | null> {
  return (await readIfThere(join(folder, owner, hash), MAX_ATTACHMENT)) ?? null
}

/** Lists the attachments. Files that a crash left half written are removed; they were never acknowledged. */
export async function listAttachments(folder: string): Promise<StoredAttachment[]> {
  const found: StoredAttachment[] = []
  for (const owner of await readdir(folder)) {
    if (!isName(owner)) continue
    await sweepTemporaries(join(folder, owner))
    for (const name of await readdir(join(folder, owner))) {
      if (isHex(name, 32)) found.push({ owner, hash: name, size: (await stat(join(folder, owner, name))).size })
    }
  }
  return found
}
