/**
 * Files that survive a crash: read with a bound, replaced whole or not at all.
 */
import { randomBytes } from 'node:crypto'
import { link, lstat, open, readdir, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isKeyriteError } from '../base/errors.ts'
import { hexPattern } from '../base/bytes.ts'
import { vaultError } from './errors.ts'

/** The system's name of an error (`ENOSPC`), or a stand-in. */
export function systemCode(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return 'unknown error'
}

/**
 * Reads a file, or a pipe, of at most `most` bytes.
 *
 * @throws vault.missing, vault.unreadable, vault.too-large
 */
export async function readBounded(path: string, most: number): Promise<Uint8Array> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > most) throw vaultError('too-large', { path, most })
    return await readUpTo(file, most, path)
  } catch (error) {
    throw readFailure(error, path)
  } finally {
    await file?.close()
  }
}

async function readUpTo(file: FileHandle, most: number, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let total = 0
  for (;;) {
    const chunk = new Uint8Array(Math.min(64 * 1024, most + 1 - total))
    const { bytesRead } = await file.read(chunk)
    if (bytesRead === 0) return new Uint8Array(Buffer.concat(chunks))
    total += bytesRead
    // Files grow, and pipes have no size.
    if (total > most) throw vaultError('too-large', { path, most })
    chunks.push(chunk.subarray(0, bytesRead))
  }
}

function readFailure(error: unknown, path: string): unknown {
  if (isKeyriteError(error)) return error
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return vaultError('missing', { path }, error)
  return vaultError('unreadable', { path, why: code }, error)
}

export interface WriteOptions {
  /** Permissions of the new file, less the umask. Owner only unless told. */
  readonly mode?: number
  /** Refuse if there is a file already. */
  readonly exclusive?: boolean
}

/**
 * Writes a file whole or not at all, and returns when a power cut can no longer undo it: a temporary file beside
 * it, fdatasync, rename, fsync of the folder. Whatever fails before the rename leaves the old file as it was.
 *
 * @throws vault.disk-full, vault.unwritable, vault.no-folder, vault.not-a-file, vault.write-failed: the old file is unchanged;
 *   vault.exists with `exclusive`; vault.unsynced: the new file is there, but may not survive a power cut
 */
export async function writeDurable(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${String(process.pid)}-${randomBytes(6).toString('hex')}.tmp`)
  let file: FileHandle | undefined
  // A rename would put a file in the place of what a link or a device is.
  if (options.exclusive !== true && (await isNoFile(path))) throw vaultError('not-a-file', { path })
  try {
    file = await open(temporary, 'wx', options.mode ?? 0o600)
    await file.writeFile(bytes)
    await file.datasync()
    await file.close()
    file = undefined
    if (options.exclusive === true) await publishNew(temporary, path)
    else await rename(temporary, path)
  } catch (error) {
    await file?.close().catch(() => undefined)
    await unlink(temporary).catch(() => undefined)
    throw writeFailure(error, path)
  }
  try {
    await syncFolder(dirname(path))
  } catch (error) {
    throw vaultError('unsynced', { path, why: systemCode(error) }, error)
  }
}

const isNoFile = (path: string): Promise<boolean> => lstat(path).then((found) => !found.isFile(), () => false)

/** Like rename, but never over a file. File systems without hard links (FAT) get the next best thing. */
async function publishNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw error
    if (await lstat(path).then(() => true, () => false)) throw vaultError('exists', { path }, error)
    await rename(temporary, path)
    return
  }
  await unlink(temporary).catch(() => undefined)
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** The error for a failed write. */
export function writeFailure(error: unknown, path: string): unknown {
  if (isKeyriteError(error)) return error
  const why = systemCode(error)
  switch (why) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return vaultError('disk-full', { path, why }, error)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return vaultError('unwritable', { path, why }, error)
    case 'ENOENT':
    case 'ENOTDIR':
      return vaultError('no-folder', { path }, error)
    case 'EEXIST':
      return vaultError('exists', { path }, error)
    default:
      return vaultError('write-failed', { path, why }, error)
  }
}

/** What `writeDurable` calls a file that is not whole yet, behind the name of the one that it becomes. */
const TEMPORARY = new RegExp(`^[0-9]+-${hexPattern(6)}\\.tmp$`)

/**
 * Deletes what a killed `writeDurable` of this path left behind. Only the owner of the home's lock may call it.
 */
export async function sweepTemporaries(path: string): Promise<void> {
  const start = `.${basename(path)}.`
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const left = name.startsWith(start) && TEMPORARY.test(name.slice(start.length))
    if (left) await unlink(join(dirname(path), name)).catch(() => undefined)
  }
}

