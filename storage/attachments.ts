/** A board's attachments: what is stored, by whom, and within which bounds. */
import type { KeyriteError } from '../engine/base/errors.ts'
import { sha256Of } from './digest.ts'
import { storageError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { Store } from './store.ts'

export interface Attachments {
  has(hash: string): boolean
  count(): number
  /**
   * Keeps bytes whose hash was checked. Returns false where they were there already.
   *
   * @throws storage.quota, storage.busy (the disk refused)
   */
  put(owner: string, hash: string, bytes: Uint8Array): Promise<boolean>
  /** @throws storage.no-attachment, storage.internal (damaged on disk) */
  get(hash: string): Promise<Uint8Array>
  /** Why this owner may not store that many bytes more, or null. */
  refuses(owner: string, size: number): KeyriteError | null
}

/** Bytes that each name has used, messages included. */
export interface Usage {
  used(owner: string): number
  spend(owner: string, bytes: number): void
}

export async function openAttachments(store: Store, limits: Limits, usage: Usage): Promise<Attachments> {
  const owners = new Map<string, string>()
  const counts = new Map<string, number>()
  const underway = new Map<string, Promise<boolean>>()

  const charge = (owner: string, bytes: number, files: 1 | -1): void => {
    usage.spend(owner, bytes)
    counts.set(owner, (counts.get(owner) ?? 0) + files)
  }
  for (const { hash, owner, size } of await store.attachments()) {
    owners.set(hash, owner)
    charge(owner, size, 1)
  }

  const refuses = (owner: string, size: number): KeyriteError | null => {
    const full = (counts.get(owner) ?? 0) >= limits.quotaAttachments || usage.used(owner) + size > limits.quotaBytes
    return full ? storageError('quota', { name: owner, limit: limits.quotaBytes }) : null
  }

  async function write(owner: string, hash: string, bytes: Uint8Array): Promise<boolean> {
    charge(owner, bytes.length, 1)
    try {
      await store.putAttachment(owner, hash, bytes)
    } catch (cause) {
      charge(owner, -bytes.length, -1)
      throw storageError('busy', { why: 'its disk does not take the attachment', seconds: 30 }, cause)
    } finally {
      underway.delete(hash)
    }
    owners.set(hash, owner)
    return true
  }

  return {
    has: (hash) => owners.has(hash),
    count: () => owners.size,
    refuses,
    async put(owner, hash, bytes) {
      if (owners.has(hash)) return false
      const other = underway.get(hash)
      if (other !== undefined) return other
      const refused = refuses(owner, bytes.length)
      if (refused !== null) throw refused
      const writing = write(owner, hash, bytes)
      underway.set(hash, writing)
      return writing
    },
    async get(hash) {
      const owner = owners.get(hash)
      const bytes = owner === undefined ? null : await store.getAttachment(owner, hash)
      if (bytes === null) throw storageError('no-attachment', { hash })
      if (sha256Of(bytes) !== hash) throw new Error(`the attachment ${hash} is damaged on disk`)
      return bytes
    },
  }
}
