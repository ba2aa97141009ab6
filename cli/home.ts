/** The folders of a machine's state: `client/` or `airgap/` in `$KEYRITE_HOME`, or in `~/.keyrite`. */
import { rename } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { KEYRING_FILE } from '../engine/vault/age.ts'
import { fileError, isThere, makeFolders, whyNot } from '../engine/base/files.ts'
import { lockFolder } from '../engine/base/lock.ts'
import { cliError } from './errors.ts'
import type { Role } from '../engine/base/names.ts'

/** The home's absolute path. @throws cli.home-path */
export function homePath(env: NodeJS.ProcessEnv = process.env): string {
  const value = env['KEYRITE_HOME']
  if (value === undefined || value === '') return join(homedir(), '.keyrite')
  if (value.includes('\0')) throw cliError('home-path', { value })
  return resolve(value)
}

/** The path of one role's folder, which may not exist. */
export const rolePath = (role: Role, env: NodeJS.ProcessEnv = process.env): string => join(homePath(env), role)

/**
 * Makes the folder of one role, open to its owner only. A folder that is there is used.
 *
 * @returns its absolute path
 * @throws cli.home if it cannot be made or is not a folder; cli.home-path
 */
export async function makeHome(role: Role, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const path = rolePath(role, env)
  try {
    await makeFolders(path, { mode: 0o700, durable: true })
    return path
  } catch (error) {
    throw cliError('home', { path, why: whyNot('make', error) }, error)
  }
}

// The steps that making a client's home and an airgap's home have in common.

/** @param last the path of the file that is written last: with it, the home is complete. @throws file.exists */
export async function refuseAnother(last: string): Promise<void> {
  if (await isThere(last)) throw fileError('exists', { path: last })
}

/**
 * Makes a home's files while holding its lock. Files that an earlier try left unfinished are renamed and not deleted:
 * perhaps somebody moved only the last file away.
 *
 * @throws file.exists, lock.held, and what `make` throws
 */
export async function makeInside(home: string, last: string, make: () => Promise<void>): Promise<void> {
  const lock = await lockFolder(home)
  try {
    await refuseAnother(last)
    const aside = `${new Date().toISOString().replaceAll(':', '')}.unfinished`
    for (const name of [KEYRING_FILE, 'client.age']) {
      if (await isThere(join(home, name))) await rename(join(home, name), join(home, `${name}.${aside}`))
    }
    await make()
  } finally {
    await lock.release()
  }
}
