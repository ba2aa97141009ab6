/** Writes the script that a new ceremony starts from, with the way to the schema as its editor finds it. */
import { lstat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { hasForm, scriptName, title as titleForm } from '../engine/script/forms.ts'
import { formatDiagnostic, loadScript } from '../engine/script/load.ts'
import { newScript } from '../engine/script/scaffold.ts'
import { shippedFolder, shippedLibrary, shippedNames } from '../engine/script/shipped.ts'
import { writeDurable } from '../engine/vault/files.ts'
import { cliError } from './errors.ts'
import { writeFailure } from './write-failure.ts'

export interface NewScript {
  readonly name: string
  readonly title?: string | undefined
  readonly file: string
  /** Replaces a file that is there. */
  readonly force: boolean
}

/**
 * Writes the script, whole or not at all.
 *
 * @returns the schema's path or URL, as it stands in the file
 * @throws cli.new-name, cli.file-exists, cli.file-write, cli.script-invalid for a title that no script may have
 */
export async function writeNewScript({ name, title = `What ${name} is for, in one line`, file, force }: NewScript): Promise<string> {
  if (!hasForm(name, scriptName)) throw cliError('new-name', { name, why: `a name has ${scriptName.says}` })
  if (shippedNames().includes(name)) throw cliError('new-name', { name, why: 'a ceremony of that name ships with keyrite' })
  const schema = schemaFor(file)
  const text = newScript(name, title, schema)
  refuseInvalid(text, file)
  if (!hasForm(title, titleForm)) throw cliError('new-name', { name, why: `a title is ${titleForm.says}` })
  if (!force && (await lstat(file).then(() => true, () => false))) throw cliError('file-exists', { path: file })
  try {
    await writeDurable(file, new TextEncoder().encode(text), { mode: 0o644, exclusive: !force })
  } catch (error) {
    throw writeFailure(error, file)
  }
  return schema
}

/**
 * Relative where script and package lie in one tree, as in a checkout or beside node_modules, so that the tree can
 * be moved; else a file URL. Editors read the path up to the first space.
 */
function schemaFor(file: string): string {
  const root = resolve(shippedFolder(), '..')
  const schema = join(root, 'engine', 'script', 'ceremony.schema.json')
  const folder = dirname(resolve(file))
  const near = relative(folder, schema)
  const oneTree = isBelow(folder, root) || isBelow(root, folder)
  return oneTree && !isAbsolute(near) && !/\s/.test(near) ? near.split(sep).join('/') : pathToFileURL(schema).href
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** A title may hold what a script may not. */
function refuseInvalid(text: string, file: string): void {
  const { diagnostics, source } = loadScript(text, { file, library: shippedLibrary })
  if (diagnostics === undefined) return
  const told = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, source)).join('\n\n')
  throw cliError('script-invalid', { file, count: diagnostics.length, text: told, diagnostics })
}
