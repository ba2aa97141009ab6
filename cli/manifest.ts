/**
 * The last step of `npm run build`: writes oclif.manifest.json, by which oclif knows every command, its help and its flags without
 * loading its file. Not part of the program.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Plugin, settings } from '@oclif/core'

/**
 * The manifest of the commands as they were built, as a text: the same for the same build.
 *
 * @param root the checkout, built
 */
export async function manifestOf(root: string): Promise<string> {
  settings.enableAutoTranspile = false
  const plugin = new Plugin({ root, ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true })
  await plugin.load()
  const { version, commands } = plugin.manifest
  // In the order of their names, since a folder's own order is another one on another disk.
  const sorted = Object.entries(commands).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify({ version, commands: Object.fromEntries(sorted) })
}

if (import.meta.filename === resolve(process.argv[1] ?? '')) {
  const root = resolve(import.meta.dirname, '..')
  const file = join(root, 'oclif.manifest.json')
  // Without one oclif looks at the commands themselves, so where this fails, none is left.
  rmSync(file, { force: true })
  writeFileSync(file, await manifestOf(root))
}
