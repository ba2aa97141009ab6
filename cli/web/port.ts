/**
 * The port of a role's page: a random one at first, and the same again afterwards, so that a browser which was allowed the camera at that
 * address once is not asked for each command. Other sites cannot know it; that they may do nothing there does not hang on that.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const portPath = (home: string): string => join(home, 'page-port')

/** The port of last time, or 0: any that is free. */
export async function lastPort(home: string): Promise<number> {
  const text = await readFile(portPath(home), 'utf8').catch(() => '')
  const port = /^\d{4,5}\n?$/.test(text) ? Number(text) : 0
  return port >= 1024 && port <= 65_535 ? port : 0
}

/** A home that cannot be written has no such comfort. */
export async function keepPort(home: string, port: number): Promise<void> {
  await writeFile(portPath(home), `${String(port)}\n`, { mode: 0o600 }).catch(() => undefined)
}
