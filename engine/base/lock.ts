/**
 * The lock of a folder: one keyrite at a time uses a client's or an airgap's home, or a storage's data. Reading needs no
 * lock.
 *
 *     FOLDER/lock/NONCE     names the process that holds it; where `lock` is empty or missing, nobody holds it
 *
 * However many processes run, in whatever order, there are never two holders:
 *
 * - A process takes the lock by one rename of a whole folder, written and synced aside, to the name `lock`. A rename
 *   replaces an empty folder and no other (rename(2): ENOTEMPTY), so of many that try at once one succeeds. An entry is
 *   whole from the moment that anybody sees it.
 * - An entry is removed by its own name alone, a nonce that never comes again. Either its holder unlinks it, or a process
 *   that found this holder gone, and a holder that is gone stays gone. A process that looked long ago and acts late
 *   unlinks a name that is no longer there, and can hit no later holder. So neither taking over nor giving back has to
 *   look at the lock and act on it in one step.
 * - A holder that is slow, stopped or asleep keeps the lock: there is no timeout.
 *
 * Whether a holder is gone is certain where its process number means the same here: on one boot and in one process
 * namespace, by the number and the clock tick of its start. An entry of an earlier boot or container of the same host
 * name is from an earlier life of this machine or container, so its holder is gone. (Two machines that run at once under
 * one name and share a disk cannot be told apart from that.) About any other entry nobody here can know: a person decides.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, readlink, rename, rm, rmdir, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isHex } from './bytes.ts'
import { errorTable, isKeyriteError } from './errors.ts'
import { readIfThere, systemCode, writeFailure, writeNew } from './files.ts'

const lockError = errorTable('lock', {
  held: ({ path, pid, since }: { path: string; pid: number; since: string }) => ({
    what: `${path} is in use by another keyrite, process ${pid}, since ${since}.`,
    todo: `Stop that one first (\`kill ${pid}\`), or use another folder (KEYRITE_HOME; --data for a storage): two on one would destroy what is in it. The lock of a process that died is taken over by itself.`,
  }),
  elsewhere: ({ path, host, pid, since, entry }: { path: string; host: string; pid: number; since: string; entry: string }) => ({
    what: `${path} is in use by a keyrite on another machine or in another container (${host}, process ${pid}), since ${since}. From here nobody can tell whether it still runs.`,
    todo: `If it runs, stop it there, which gives the folder back. Only if you are sure that it has ended without that, delete ${entry}.`,
  }),
  unknown: ({ path, entry }: { path: string; entry: string }) => ({
    what: `The lock of ${path} is not one that keyrite wrote (${entry}), or it is damaged.`,
    todo: `If no other keyrite uses this folder, delete ${entry}.`,
  }),
})

declare module './errors.ts' {
  interface ErrorTables { readonly lock: typeof lockError.table }
}

const LOCK = 'lock'
const NONCE_BYTES = 12
const MOST_ENTRY = 1024

export interface Lock {
  /** Gives the folder back. Safe to call twice. */
  release(): Promise<void>
}

interface Holder {
  readonly pid: number
  /** The clock tick of its start, which tells it from a later process with the same number. Empty where the system does not tell. */
  readonly started: string
  /** The boot and the process namespace in which `pid` and `started` mean something. Empty where the system does not tell. */
  readonly world: string
  readonly host: string
  readonly since: string
}

/**
 * Takes a folder for this process.
 *
 * @param folder an existing one
 * @throws lock.held, lock.elsewhere, lock.unknown, file.unwritable, file.disk-full, file.no-folder
 */
export async function lockFolder(folder: string): Promise<Lock> {
  const nonce = randomBytes(NONCE_BYTES).toString('hex')
  const path = join(folder, LOCK)
  const draft = draftOf(folder, nonce)
  const me = await thisProcess()
  try {
    await mkdir(draft, 0o755)
    // Anybody may read who holds it, so that another user of this machine is told too.
    await writeNew(join(draft, nonce), Buffer.from(JSON.stringify(me)), 0o644)
    await take(folder, draft, me)
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined)
    throw writeFailure(error, path)
  }
  await sweepDrafts(folder, me)
  return { release: () => release(path, nonce) }
}

const draftOf = (folder: string, nonce: string): string => join(folder, `.${LOCK}.${nonce}`)

async function take(folder: string, draft: string, me: Holder): Promise<void> {
  const path = join(folder, LOCK)
  for (let denied = 0; ; ) {
    try {
      await rename(draft, path)
      return
    } catch (error) {
      const code = systemCode(error)
      if (code === 'ENOTDIR') throw lockError('unknown', { path: folder, entry: path }, error)
      // Windows denies the rename where other systems say that a folder is in the way.
      if (code === 'EPERM' || code === 'EACCES') denied += 1
      else if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
      if (!(await clear(folder, me)) && denied > 10) throw error
    }
  }
}

/**
 * Clears the lock of the entries of holders that are gone.
 *
 * @returns whether there was anything in the way
 * @throws lock.held, lock.elsewhere, lock.unknown
 */
async function clear(folder: string, me: Holder): Promise<boolean> {
  const path = join(folder, LOCK)
  try {
    for (const name of await readdir(path)) await clearEntry(folder, join(path, name), name, me)
    // A rename replaces an empty folder on some systems only.
    await rmdir(path)
    return true
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOTDIR') throw lockError('unknown', { path: folder, entry: path }, error)
    // Another process was faster.
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return true
    if (code === 'ENOENT') return false
    throw error
  }
}

async function clearEntry(folder: string, entry: string, name: string, me: Holder): Promise<void> {
  const holder = isHex(name, NONCE_BYTES) ? await readHolder(entry) : null
  if (holder === undefined) return
  if (holder === null) throw lockError('unknown', { path: folder, entry })
  const { pid, since, host } = holder
  const state = await stateOf(holder, me)
  if (state === 'holds') throw lockError('held', { path: folder, pid, since })
  if (state === 'unknown') throw lockError('elsewhere', { path: folder, host, pid, since, entry })
  await unlinkIfThere(entry)
}

/** Gives the lock back: removes this process's own entry and no other. */
async function release(path: string, nonce: string): Promise<void> {
  await unlink(join(path, nonce)).catch(() => undefined)
  // It fails where another process has taken the lock since, as it must.
  await rmdir(path).catch(() => undefined)
}

/** Deletes the drafts of processes that were killed while they took the lock. */
async function sweepDrafts(folder: string, me: Holder): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const nonce = name.slice(LOCK.length + 2)
    const draft = draftOf(folder, nonce)
    if (!isHex(nonce, NONCE_BYTES) || join(folder, name) !== draft) continue
    const holder = await readHolder(join(draft, nonce)).catch(() => undefined)
    if (holder && (await stateOf(holder, me)) === 'gone') await rm(draft, { recursive: true, force: true }).catch(() => undefined)
  }
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

/** The holder that an entry names; undefined where the entry is gone by now, null where it is not one that keyrite wrote. */
async function readHolder(entry: string): Promise<Holder | undefined | null> {
  try {
    const bytes = await readIfThere(entry, MOST_ENTRY)
    return bytes === undefined ? undefined : parseHolder(Buffer.from(bytes).toString())
  } catch (error) {
    if (isKeyriteError(error, 'file.too-large')) return null
    throw error
  }
}

function parseHolder(text: string): Holder | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  if (!('pid' in value && 'started' in value && 'world' in value && 'host' in value && 'since' in value)) return null
  const { pid, started, world, host, since } = value
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || pid > 0x7fffffff) return null
  if (typeof started !== 'string' || typeof world !== 'string' || typeof host !== 'string' || typeof since !== 'string') return null
  return { pid, started, world, host, since }
}

/** The state of a holder. It is `gone` only where that is certain. */
async function stateOf(holder: Holder, me: Holder): Promise<'holds' | 'gone' | 'unknown'> {
  const isSameWorld = holder.world === me.world && (me.world !== '' || holder.host === me.host)
  if (isSameWorld) return (await isAlive(holder)) ? 'holds' : 'gone'
  return holder.host === me.host && holder.world !== '' && me.world !== '' ? 'gone' : 'unknown'
}

async function isAlive({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: the process is there and belongs to another user.
    if (systemCode(error) === 'ESRCH') return false
  }
  const now = await startOf(pid)
  return now === '' || started === '' || now === started
}

async function thisProcess(): Promise<Holder> {
  const { pid } = process
  return { pid, started: await startOf(pid), world: await world(), host: hostname(), since: new Date().toISOString() }
}

/** The clock tick in which a process started, `ended` for one that has ended; Linux only, empty elsewhere. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '')
  // Fields 3 and 22 of proc(5), counted after the command, which may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19] ?? ''
}

/** This boot and process namespace; Linux only, empty elsewhere. */
async function world(): Promise<string> {
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return `${boot} ${await readlink('/proc/self/ns/pid')}`
  } catch {
    return ''
  }
}
