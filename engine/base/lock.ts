/**
 * One process per home. A lock file names its holder; the lock of a process that died is taken over.
 */
import { randomBytes } from 'node:crypto'
import { constants, copyFile, link, open, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isHex } from './bytes.ts'
import { isKeyriteError } from './errors.ts'
import { vaultError } from '../vault/errors.ts'
import { readBounded, systemCode, writeFailure } from '../vault/files.ts'

const LOCK_FILE = 'lock'
const MOST_LOCK = 1024

export interface Lock {
  /** Gives the home back. Safe to call twice. */
  release(): Promise<void>
}

interface Holder {
  readonly pid: number
  /** Tells this process from a later one with its number (after a reboot, say). Empty where the system does not tell. */
  readonly started: string
  readonly since: string
  readonly nonce: string
}

/**
 * Takes the lock of a home.
 *
 * @param dir an existing folder
 * @throws vault.locked (who holds it), vault.bad-lock, vault.unwritable, vault.disk-full, vault.no-folder
 */
export async function lockHome(dir: string): Promise<Lock> {
  const path = join(dir, LOCK_FILE)
  const nonce = randomBytes(12).toString('hex')
  const mine: Holder = { pid: process.pid, started: await startOf(process.pid), since: new Date().toISOString(), nonce }
  const draft = join(dir, `.${LOCK_FILE}.${nonce}`)
  try {
    await writeSynced(draft, JSON.stringify(mine))
    while (!(await claim(draft, path)) && !(await takeOver(path, draft))) continue
  } catch (error) {
    throw writeFailure(error, path)
  } finally {
    await unlink(draft).catch(() => undefined)
  }
  return { release: () => release(path, nonce) }
}

/** Synced, since an empty lock file after a power cut would look like somebody else's. */
async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** The lock appears with its contents in it, or not at all. */
async function claim(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path).catch(async (error: unknown) => {
      if (systemCode(error) === 'EEXIST') throw error
      // File systems without hard links (FAT).
      await copyFile(draft, path, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

/**
 * Puts the draft in the place of a dead holder's lock. Several may try at once: who creates the file named after the
 * dead holder may succeed it. If that one died too, the file named after it counts, and so on.
 *
 * @returns false if the lock changed meanwhile, and is to be looked at again
 * @throws vault.locked
 */
async function takeOver(path: string, draft: string): Promise<boolean> {
  const dead: string[] = []
  const claims: string[] = []
  let holder = await readHolder(path)
  for (;;) {
    if (holder === undefined) return false
    if (await isAlive(holder)) throw vaultError('locked', { path, pid: holder.pid, since: holder.since })
    dead.push(holder.nonce)
    const succession = `${path}.after.${holder.nonce}`
    claims.unshift(succession)
    if (await claim(draft, succession)) break
    holder = await readHolder(succession)
  }
  const now = await readHolder(path)
  const unchanged = now !== undefined && dead.includes(now.nonce)
  if (unchanged) await rename(draft, path)
  for (const file of unchanged ? claims : claims.slice(0, 1)) await unlink(file).catch(() => undefined)
  return unchanged
}

async function readHolder(path: string): Promise<Holder | undefined> {
  let text: string
  try {
    text = Buffer.from(await readBounded(path, MOST_LOCK)).toString()
  } catch (error) {
    if (isKeyriteError(error, 'vault.missing')) return undefined
    throw error
  }
  const holder = parseHolder(text)
  if (holder === undefined) throw vaultError('bad-lock', { path })
  return holder
}

function parseHolder(text: string): Holder | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (!('pid' in value && 'started' in value && 'since' in value && 'nonce' in value)) return undefined
  const { pid, started, since, nonce } = value
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  if (typeof started !== 'string' || typeof since !== 'string') return undefined
  // It becomes part of a file's name.
  if (!isHex(nonce, 12)) return undefined
  return { pid, started, since, nonce }
}

async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    if (systemCode(error) === 'ESRCH') return false
  }
  const started = await startOf(holder.pid)
  return started === '' || holder.started === '' || started === holder.started
}

/** When a process started: the boot and the clock tick in it. Linux only; empty elsewhere. */
async function startOf(pid: number): Promise<string> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
    // Fields 3 and 22 of proc(5), counted after the command, which may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return 'dead'
    return fields[19] === undefined ? '' : `${boot}/${fields[19]}`
  } catch {
    return ''
  }
}

async function release(path: string, nonce: string): Promise<void> {
  const holder = await readHolder(path).catch(() => undefined)
  if (holder?.nonce === nonce) await unlink(path).catch(() => undefined)
}
