/**
 * Files, for every edge of keyrite: they are read with a bound, replaced whole or not at all, and on disk before anybody
 * builds on them. Also the folders on the way to them.
 */
import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { constants, link, lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { hexPattern } from './bytes.ts'
import { errorTable, isKeyriteError } from './errors.ts'

export const fileError = errorTable('file', {
  exists: ({ path }: { path: string }) => ({
    what: `${path} exists already; nothing was changed.`,
    todo: 'Choose another path. If it belongs to a keyrite home: use what is there, or move the whole folder away if you really want to start anew.',
  }),
  missing: ({ path }: { path: string }) => ({
    what: `There is no ${path}.`,
    todo: 'Check the path. If it belongs to a keyrite home: make that with `keyrite client init` or `keyrite airgap init`, or set KEYRITE_HOME to the folder that holds it.',
  }),
  'not-a-file': ({ path }: { path: string }) => ({
    what: `${path} is a link, a folder or a device, and is not replaced; nothing was changed.`,
    todo: 'Give the path of an ordinary file, or of one that is not there yet.',
  }),
  unreadable: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be read (${why}).`,
    todo: 'Check its owner and permissions, and the disk.',
  }),
  'too-large': ({ path, most }: { path: string; most: number }) => ({
    what: `${path} is larger than ${most} bytes.`,
    todo: 'It is not the file that it should be; check the path.',
  }),
  'no-folder': ({ path }: { path: string }) => ({
    what: `${path} cannot be written: its folder does not exist, or is a file.`,
    todo: 'Check KEYRITE_HOME, or create the folder.',
  }),
  unwritable: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be written (${why}); what was there is unchanged.`,
    todo: 'Check the owner and permissions of its folder, and that the file system is not read-only.',
  }),
  'disk-full': ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be written: no space is left (${why}); what was there is unchanged.`,
    todo: 'Free some space, or raise the quota or file size limit, and start again; nothing is lost.',
  }),
  'write-failed': ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be written (${why}); what was there is unchanged.`,
    todo: 'Check the disk, and start again.',
  }),
  unsynced: ({ path, why }: { path: string; why: string }) => ({
    what: `${path} was written, but the disk did not confirm it (${why}).`,
    todo: 'Stop, check the disk, and start again: what counts is what is on it then.',
  }),
})

declare module './errors.ts' {
  interface ErrorTables { readonly file: typeof fileError.table }
}

const NO_CODE = 'unknown error'

/** The system's name of an error (`ENOSPC`), or a stand-in. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : NO_CODE
}

const SHARED = {
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'no space is left',
  EFBIG: 'it grows larger than a file may be here',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link',
}

type Doing = 'read' | 'write' | 'make'

const WHY: Readonly<Record<Doing, Readonly<Record<string, string>>>> = {
  read: { ...SHARED, ENOENT: 'there is no such file', ENOTDIR: 'there is no such file', EACCES: 'this user may not read it', EPERM: 'this user may not read it' },
  write: { ...SHARED, ENOENT: 'its folder is not there', EACCES: 'this user may not write there', EPERM: 'this user may not write there' },
  make: { ...SHARED, ENOENT: 'no folder can be made there', EEXIST: 'it is not a folder', EACCES: 'this user may not write there', EPERM: 'this user may not write there' },
}

/** The reason why a file could not be read or written, or a folder be made: half a sentence for an error of another area. */
export function whyNot(doing: Doing, error: unknown): string {
  if (isKeyriteError(error, 'file.too-large')) return `it is larger than ${String(error.facts['most'])} bytes`
  if (isKeyriteError(error, 'file.not-a-file')) return 'it is a link, a folder or a device'
  const code = systemCode(isKeyriteError(error) ? error.cause : error)
  if (code !== NO_CODE) return WHY[doing][code] ?? `the system says ${code}`
  if (isKeyriteError(error) && 'why' in error.facts && typeof error.facts.why === 'string') return error.facts.why
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
}

/** Is there anything at this path? */
export const isThere = (path: string): Promise<boolean> => stat(path).then(() => true, () => false)

/**
 * Reads a file, or a pipe, of at most `most` bytes.
 *
 * @throws file.missing, file.unreadable, file.too-large
 */
export async function readBounded(path: string, most: number): Promise<Uint8Array> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const stats = await file.stat()
    if (stats.isDirectory()) throw fileError('unreadable', { path, why: 'it is a folder' })
    if (stats.size > most) throw fileError('too-large', { path, most })
    return await readUpTo(file, most, path)
  } catch (error) {
    throw readFailure(error, path)
  } finally {
    await file?.close()
  }
}

/** Reads a file like `readBounded`, or gives undefined where there is none. @throws file.unreadable, file.too-large */
export async function readIfThere(path: string, most: number): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(path, most)
  } catch (error) {
    if (isKeyriteError(error, 'file.missing')) return undefined
    throw error
  }
}

/** Reads the rest of an open file. @throws file.too-large where that is more than `most` bytes */
export async function readUpTo(file: FileHandle, most: number, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let total = 0
  for (;;) {
    const chunk = new Uint8Array(Math.min(64 * 1024, most + 1 - total))
    const { bytesRead } = await file.read(chunk)
    if (bytesRead === 0) return new Uint8Array(Buffer.concat(chunks))
    total += bytesRead
    // The size that stat gives is no bound: files grow, and pipes have no size.
    if (total > most) throw fileError('too-large', { path, most })
    chunks.push(chunk.subarray(0, bytesRead))
  }
}

/**
 * Opens an ordinary file for reading while `use` runs. A pipe or a device is refused, because it may have no end or keep
 * its reader waiting.
 *
 * @param flags further flags for open(2), such as `O_NOFOLLOW`
 * @throws file.missing, file.unreadable; what `use` throws
 */
export async function withOrdinary<T>(path: string, use: (file: FileHandle, stats: Stats) => Promise<T>, flags = 0): Promise<T> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags).catch((error: unknown) => {
    throw readFailure(error, path)
  })
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw fileError('unreadable', { path, why: stats.isDirectory() ? 'it is a folder' : 'it is not a file' })
    return await use(file, stats)
  } finally {
    await file.close()
  }
}

/** The error for a failed read. */
export function readFailure(error: unknown, path: string): unknown {
  if (isKeyriteError(error)) return error
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return fileError('missing', { path }, error)
  return fileError('unreadable', { path, why: code }, error)
}

export interface WriteOptions {
  /** Permissions of the new file, less the umask. By default for its owner only. */
  readonly mode?: number
  /** Refuses to replace a file that is there already. */
  readonly exclusive?: boolean
}

/**
 * Writes a file whole or not at all, and returns when a power cut can no longer undo it: a temporary file beside
 * it, fdatasync, rename, fsync of the folder. A failure before the rename leaves the old file as it was.
 *
 * @throws file.disk-full, file.unwritable, file.no-folder, file.not-a-file, file.write-failed: the old file is unchanged;
 *   file.exists with `exclusive`; file.unsynced: the new file is there, but may not survive a power cut
 */
export async function writeDurable(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${String(process.pid)}-${randomBytes(6).toString('hex')}.tmp`)
  // A rename would put an ordinary file in the place of a link or a device.
  if (options.exclusive !== true && (await isNoFile(path))) throw fileError('not-a-file', { path })
  try {
    await writeNew(temporary, bytes, options.mode)
    if (options.exclusive === true) await publishNew(temporary, path)
    else await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw writeFailure(error, path)
  }
  try {
    await syncFolder(dirname(path))
  } catch (error) {
    throw fileError('unsynced', { path, why: systemCode(error) }, error)
  }
}

const isNoFile = (path: string): Promise<boolean> => lstat(path).then((found) => !found.isFile(), () => false)

/** Writes a file that is not there yet. When this resolves, its bytes are on disk, but its name may not be. @throws what the file system says */
export async function writeNew(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** Renames, but never over a file. Where there are no hard links (FAT), a check and a rename must do, with a gap between them. */
async function publishNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw error
    if (await lstat(path).then(() => true, () => false)) throw fileError('exists', { path }, error)
    await rename(temporary, path)
    return
  }
  await unlink(temporary).catch(() => undefined)
}

/** Makes a folder's entries (new and renamed files) durable. @throws what the file system says */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Makes all writes to a file durable, through whichever handle they went. @throws file.write-failed, … */
export async function syncFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'r+')
    try {
      await file.datasync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw writeFailure(error, path)
  }
}

/** Appends to a file, and makes it where there is none. Not durable before `syncFile`. @throws file.disk-full, file.write-failed, … */
export async function append(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'a', 0o600)
    try {
      await file.writeFile(text)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw writeFailure(error, path)
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
      return fileError('disk-full', { path, why }, error)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return fileError('unwritable', { path, why }, error)
    case 'ENOENT':
    case 'ENOTDIR':
      return fileError('no-folder', { path }, error)
    case 'EEXIST':
      return fileError('exists', { path }, error)
    default:
      return fileError('write-failed', { path, why }, error)
  }
}

/** The name of `writeDurable`'s temporary file. Its group is the name of the file that it becomes. */
const TEMPORARY = new RegExp(`^\\.(.+)\\.[0-9]+-${hexPattern(6)}\\.tmp$`)

/**
 * Deletes the temporary files that killed calls of `writeDurable` left in a folder. Only the process that has the folder
 * to itself may call this.
 *
 * @param of the one file that those calls were to write; by default any
 */
export async function sweepTemporaries(folder: string, of?: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const target = TEMPORARY.exec(name)?.[1]
    if (target !== undefined && (of === undefined || target === of)) await unlink(join(folder, name)).catch(() => undefined)
  }
}

export interface FolderOptions {
  /** Permissions of folders that are made, less the umask. */
  readonly mode?: number
  /** Makes their names durable too. */
  readonly durable?: boolean
}

/**
 * Makes a folder and the missing ones above it. It does not use mkdir's own `recursive`, which never returns on a file
 * system that holds no new folders (/proc).
 *
 * @returns whether it was made; false if it was there already
 * @throws what the file system says: ENOENT where no folder can be made, EEXIST where something else stands
 */
export async function makeFolders(path: string, options: FolderOptions = {}): Promise<boolean> {
  try {
    return await makeOne(path, options)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || dirname(path) === path) throw error
  }
  await makeFolders(dirname(path), options)
  return await makeOne(path, options)
}

async function makeOne(path: string, { mode = 0o777, durable = false }: FolderOptions): Promise<boolean> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false
    throw error
  }
  if (durable) await syncFolder(dirname(path))
  return true
}
