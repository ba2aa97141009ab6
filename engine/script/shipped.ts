/** The ceremonies that ship with the package, read from its `ceremonies/` folder. For Node; nothing else here needs it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256Hex } from '../crypto/bytes.ts'
import type { Ceremony, Script } from '../machines/ceremony.ts'
import { formatDiagnostic } from './diagnostic.ts'
import { scriptError } from './errors.ts'
import { loadScript } from './load.ts'

/** From `engine/script/` in the source tree, and from `dist/engine/script/` in the package. */
const CANDIDATES = ['../../ceremonies/', '../../../ceremonies/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** The folder's absolute path. @throws script.no-ceremonies */
export function shippedFolder(): string {
  const found = CANDIDATES.find((folder) => existsSync(join(folder, 'dkg.yaml')))
  if (found === undefined) throw scriptError('no-ceremonies', { folders: CANDIDATES })
  return found
}

/** Their names, sorted. @throws script.no-ceremonies */
export function shippedNames(): readonly string[] {
  return readdirSync(shippedFolder()).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -5)).sort()
}

const loaded = new Map<string, Script>()

/**
 * One of them, checked.
 *
 * @throws script.not-shipped, script.shipped-broken, script.no-ceremonies
 */
export function readShipped(name: string): Script {
  return read(name, [])
}

/** The one whose file has this SHA-256 (hex), if any; others are not checked for it. */
export function shippedByHash(hash: string): Script | undefined {
  const name = shippedNames().find((one) => sha256Hex(readFileSync(join(shippedFolder(), `${one}.yaml`))) === hash)
  return name === undefined ? undefined : readShipped(name)
}

/** For `follows`: a shipped ceremony by its name, or undefined. */
export function shippedLibrary(name: string): Ceremony | undefined {
  return shippedNames().includes(name) ? readShipped(name).ceremony : undefined
}

/** @param following those that are being read, so that two that follow one another come to an end */
function read(name: string, following: readonly string[]): Script {
  const known = shippedNames()
  if (!known.includes(name)) throw scriptError('not-shipped', { name, known })
  const before = loaded.get(name)
  if (before !== undefined) return before
  const file = `${name}.yaml`
  const { script, diagnostics, source } = loadScript(readFileSync(join(shippedFolder(), file)), {
    file,
    isShipped: true,
    library: (other) => known.includes(other) && !following.includes(other) ? read(other, [...following, name]).ceremony : undefined,
  })
  if (script === undefined) {
    const [first] = diagnostics
    throw scriptError('shipped-broken', { name, first: first === undefined ? '' : formatDiagnostic(first, source) })
  }
  loaded.set(name, script)
  return script
}
