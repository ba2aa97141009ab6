/** One process a data folder. */
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { storageError } from './errors.ts'

/**
 * Takes the folder for this process. A lock that a killed process left behind is taken over.
 *
 * @returns gives it back
 * @throws storage.locked
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'lock')
  for (let tries = 0; ; tries += 1) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(`${process.pid} ${await startOf(process.pid)}\n`)
      await file.close()
      return () => rm(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') || tries > 0) throw error
      const holder = await holderOf(path)
      if (holder !== null) throw storageError('locked', { path: folder, pid: holder })
      await rm(path, { force: true })
    }
  }
}

/** The process that holds the lock, or null where it is gone. */
async function holderOf(path: string): Promise<number | null> {
  const [pid = '', start = ''] = (await readFile(path, 'utf8').catch(() => '')).trim().split(' ')
  const number = Number(pid)
  if (!Number.isInteger(number) || number <= 0) return null
  try {
    process.kill(number, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return null
  }
  return (await startOf(number)) === start ? number : null
}

/** When a process started, where the system tells (Linux): process numbers come again, soonest in containers. */
async function startOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}
