/**
 * Where a machine's state lives: `$KEYRITE_HOME`, or `~/.keyrite`, with `client/` or `airgap/` in it.
 */
import { rename, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { isKeyriteError } from '../engine/base/errors.ts'
import { KEYRING_FILE } from '../engine/vault/age.ts'
import { vaultError } from '../engine/vault/errors.ts'
import { makeFolders } from '../engine/base/files.ts'
import { lockHome } from '../engine/base/lock.ts'
import { cliError } from './errors.ts'

export type Role = 'client' | 'airgap'

/** @returns the absolute path of the home. @throws cli.home-path */
export function homePath(env: NodeJS.ProcessEnv = process.env): string {
  const value = env['KEYRITE_HOME']
  if (value === undefined || value === '') return join(homedir(), '.keyrite')
  if (value.includes('\0')) throw cliError('home-path', { value })
  return resolve(value)
}

/** The folder of one role. It may not exist. */
export const rolePath = (role: Role, env: NodeJS.ProcessEnv = process.env): string => join(homePath(env), role)

/**
 * Makes the folder of one role, open to its owner only, or takes the one that is there.
 *
 * @returns its absolute path
 * @throws cli.home if it cannot be made or is not a folder; cli.home-path
 */
export async function makeHome(role: Role, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const path = rolePath(role, env)
  try {
    await makeFolders(path, 0o700)
    if (!(await stat(path)).isDirectory()) throw cliError('home', { path, why: 'it is not a folder' })
    return path
  } catch (error) {
    throw homeFailure(error, path)
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  ENOTDIR: 'a part of its path is a file',
  ENOENT: 'no folder can be made there',
  EEXIST: 'it is not a folder',
}

function homeFailure(error: unknown, path: string): unknown {
  if (isKeyriteError(error) || !(error instanceof Error && 'code' in error && typeof error.code === 'string')) return error
  return cliError('home', { path, why: REASONS[error.code] ?? error.code }, error)
}

// What making a client's and an airgap's home have in common.

export const isThere = (path: string): Promise<boolean> => stat(path).then(() => true, () => false)

/** @param last the file that is written last: with it, the home is complete. @throws vault.exists */
export async function refuseAnother(last: string): Promise<void> {
  if (await isThere(last)) throw vaultError('exists', { path: last })
}

/**
 * Makes what is in a home, alone on it. What an earlier try left unfinished is put aside and not deleted: somebody may
 * have moved only the last file away.
 *
 * @throws vault.exists, vault.locked, and what `make` throws
 */
export async function makeInside(home: string, last: string, make: () => Promise<void>): Promise<void> {
  const lock = await lockHome(home)
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
