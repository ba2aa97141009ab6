/** The rig's folders in the temp folder. Each name holds the id of its process, so that none stays for good. */
import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Close } from './closing.ts'

export interface Folder {
  readonly path: string
  readonly remove: Close
}

/** The beginning of the paths of a process's folders. */
export const folderPrefix = (pid: number): string => join(tmpdir(), `keyrite-rig-${pid}-`)

const folders = new Set<string>()

let swept: Promise<void> | undefined

/**
 * Makes a folder. It goes with the process at the latest or, if the process is killed, with the next one that makes a
 * folder.
 */
export async function makeFolder(): Promise<Folder> {
  await (swept ??= sweep())
  const path = await mkdtemp(folderPrefix(process.pid))
  if (folders.size === 0) process.once('exit', removeAll)
  folders.add(path)
  return {
    path,
    async remove() {
      folders.delete(path)
      if (folders.size === 0) process.off('exit', removeAll)
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

function removeAll(): void {
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 3 })
}

async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, pid] = /^keyrite-rig-(\d+)-/.exec(name) ?? []
    // Another user's folder cannot be removed, nor need it be.
    if (pid !== undefined && !lives(Number(pid))) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined)
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
