/**
 * The parts of one transfer in one file, a text a line. It only grows until it is erased, so a write that was torn damages the last
 * line at most; every text carries its own digest, by which whoever loads it sees that.
 */
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { PartStore } from '../channel/part-store.ts'
import { makeFolders } from '../wire/folders.ts'
import { readBounded, writeFailure } from './files.ts'

/** A whole of 16 MiB, its quotes escaped once, and the envelopes around. What is longer is not ours. */
const MOST = 64 * 1024 * 1024

/**
 * Keeps parts in this file. Its folder is made where there is none.
 *
 * @throws (add, clear) vault.disk-full, vault.unwritable, vault.write-failed, …
 */
export function partFile(path: string): PartStore {
  return {
    load: async () => {
      // One that cannot be read is as good as none: what it held crosses once more.
      const bytes = await readBounded(path, MOST).catch(() => new Uint8Array())
      return new TextDecoder().decode(bytes).split('\n').filter((line) => line !== '')
    },
    add: async (text) => {
      try {
        await makeFolders(dirname(path), 0o700)
        const file = await open(path, 'a', 0o600)
        try {
          // A line of its own, whatever was torn before it.
          await file.writeFile(`\n${text}\n`)
          await file.datasync()
        } finally {
          await file.close()
        }
      } catch (error) {
        throw writeFailure(error, path)
      }
    },
    clear: async () => {
      try {
        await rm(path, { force: true })
      } catch (error) {
        throw writeFailure(error, path)
      }
    },
  }
}
