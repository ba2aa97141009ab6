/** Folders, made on the way to a file: for the edges of engine, storage and command line alike. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it that are missing. Not by mkdir's own `recursive`, which never returns where a file
 * system (/proc) has no room for folders.
 *
 * @returns whether it was made; false if it was there
 * @throws what the file system says: ENOENT where no folder can be made, EEXIST where something else stands
 */
export async function makeFolders(path: string, mode = 0o777): Promise<boolean> {
  try {
    return await makeOne(path, mode)
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error
  }
  await makeFolders(dirname(path), mode)
  return await makeOne(path, mode)
}

async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode })
    return true
  } catch (error) {
    const isThere = error instanceof Error && 'code' in error && error.code === 'EEXIST' && (await stat(path)).isDirectory()
    if (isThere) return false
    throw error
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
