/**
 * The last step of `npm run build`: writes oclif.manifest.json, from which oclif knows every command, its help and its
 * flags without loading its file. Not part of the program.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Plugin, settings } from '@oclif/core'

/**
 * The manifest of the built commands, as a text. The same build gives the same text.
 *
 * @param root the checkout, built
 */
export async function manifestOf(root: string): Promise<string> {
  settings.enableAutoTranspile = false
  const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true })
  await plugin.load()
  const { version, commands } = plugin.manifest
  // Commands are sorted by name, since a folder's own order differs from disk to disk.
  const sorted = Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ version, commands: Object.fromEntries(sorted) })
}

if (import.meta.filename === resolve(process.argv[1] ?? '')) {
  const root = resolve(import.meta.dirname, '..')
  const file = join(root, 'oclif.manifest.json')
  // Without a manifest oclif reads the commands themselves. So none is left if writing a new one fails.
  rmSync(file, { force: true })
  writeFileSync(file, await manifestOf(root))
}
