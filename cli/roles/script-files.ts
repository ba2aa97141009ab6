/** Scripts by their hash: those that ship with keyrite, and those that were brought to this machine. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Script } from '../../engine/machines/ceremony.ts'
import { loadScript } from '../../engine/script/load.ts'
import { shippedByHash, shippedLibrary } from '../../engine/script/shipped.ts'
import { readBounded, writeDurable } from '../../engine/vault/files.ts'

const MOST_SCRIPT = 256 * 1024

/** The shipped script, or the one in this client's home. */
export async function clientScript(home: string, hash: string): Promise<Script | undefined> {
  const shipped = shippedByHash(hash)
  if (shipped !== undefined) return shipped
  const folder = join(home, 'scripts')
  const names: readonly string[] = await readdir(folder).catch(() => [])
  if (!names.includes(`${hash}.yaml`)) return undefined
  const { script } = loadScript(await readBounded(join(folder, `${hash}.yaml`), MOST_SCRIPT), { file: `${hash}.yaml`, library: shippedLibrary })
  return script?.hash === hash ? script : undefined
}

/** Keeps a script that does not ship with keyrite in the client's home. */
export async function keepScript(home: string, script: Script): Promise<void> {
  if (shippedByHash(script.hash) !== undefined) return
  const folder = join(home, 'scripts')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeDurable(join(folder, `${script.hash}.yaml`), new TextEncoder().encode(script.source))
}
