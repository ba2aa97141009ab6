/** What making a client's and an airgap's home have in common. */
import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KEYRING_FILE } from '../../engine/vault/keyring.ts'
import { vaultError } from '../../engine/vault/errors.ts'
import { lockHome } from '../../engine/vault/lock.ts'

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
