/** Scripts as a command line names them: by the name of a ceremony that ships with keyrite, or by a file's path. */
import { lstat, readdir, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NAME } from '../engine/base/names.ts'
import type { Ceremony, Script } from '../engine/machines/ceremony.ts'
import { hasForm, scriptName, title as titleForm } from '../engine/script/forms.ts'
import { formatDiagnostic, knownShipped, loadScript, newScript, readShipped, shippedFolder, shippedLibrary, shippedNames } from '../engine/script/load.ts'
import type { Diagnostic, Library } from '../engine/script/load.ts'
import { readBounded, whyNot, writeDurable } from '../engine/base/files.ts'
import { cliError } from './errors.ts'
import { notWritten } from './user-files.ts'

/** The most bytes read of a script. They are more than a script may have, so that the checker says that it is too large. */
const MOST_BYTES = 1 << 20

export interface ScriptUse {
  /** A folder with ceremonies as `NAME.yaml`. `follows` finds them before those that ship with keyrite. */
  readonly library?: string | undefined
}

/** A script that was checked: it is good, or has all the errors in it and in the scripts that it follows. */
export interface Looked {
  /** Its path, as it would be given to `sha256sum`. */
  readonly file: string
  readonly script?: Script
  readonly problems: readonly ScriptProblem[]
}

export interface ScriptProblem {
  readonly diagnostic: Diagnostic
  /** The diagnostics as compilers show them: place, line, caret, hint. */
  readonly text: string
}

/**
 * Reads and checks a script. An error in its text is no error here.
 *
 * @param named `dkg` for the one that ships with keyrite, else a path (`./dkg` for a file of that name)
 * @throws cli.script-file where there is nothing to read, cli.library
 */
export async function lookAtScript(named: string, { library }: ScriptUse = {}): Promise<Looked> {
  const file = fileOf(named)
  const bytes = await readScriptFile(file)
  const shelf = library === undefined ? undefined : await readLibrary(library)
  const problems: ScriptProblem[] = []
  const { script, diagnostics, source } = loadScript(bytes, { file, library: shelf?.find ?? shippedLibrary, known: knownShipped })
  problems.push(...(shelf?.problems() ?? []))
  if (diagnostics !== undefined) problems.push(...diagnostics.map((diagnostic) => ({ diagnostic, text: formatDiagnostic(diagnostic, source) })))
  return { file, problems, ...(script === undefined || problems.length > 0 ? {} : { script }) }
}

/**
 * Reads a script that must be good.
 *
 * @param named as for `lookAtScript`
 * @throws cli.script-file, cli.library, cli.script-invalid with all diagnostics
 */
export async function readScript(named: string, use: ScriptUse = {}): Promise<Script> {
  if (use.library === undefined && shippedNames().includes(named)) return readShipped(named)
  const { file, script, problems } = await lookAtScript(named, use)
  if (script !== undefined) return script
  const diagnostics = problems.map(({ diagnostic }) => diagnostic)
  throw cliError('script-invalid', { file, count: problems.length, text: problems.map(({ text }) => text).join('\n\n'), diagnostics })
}

/** The path of a script that is named as for `lookAtScript`. */
export function fileOf(named: string): string {
  return shippedNames().includes(named) ? nearPath(join(shippedFolder(), `${named}.yaml`)) : named
}

/** The path relative to the working folder, where it lies below that. */
function nearPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') || isAbsolute(near) ? path : near
}

async function readScriptFile(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(path, MOST_BYTES)
  } catch (error) {
    throw cliError('script-file', { path, why: whyNot('read', error), shipped: shippedNames() }, error)
  }
}

interface Shelf {
  readonly find: Library
  /** The errors in the scripts that were asked for. */
  readonly problems: () => readonly ScriptProblem[]
}

const SCRIPT_FILE = new RegExp(`^(${NAME})\\.ya?ml$`)

/** All scripts of a folder, by the names of their files. Each is checked when it is asked for. */
async function readLibrary(folder: string): Promise<Shelf> {
  const isFolder = await stat(folder).then((found) => found.isDirectory(), () => false)
  if (!isFolder) throw cliError('library', { path: folder, why: 'there is no such folder' })
  const texts = new Map<string, { readonly file: string; readonly bytes: Uint8Array }>()
  for (const entry of (await readdir(folder)).sort()) {
    const name = SCRIPT_FILE.exec(entry)?.[1]
    const file = join(folder, entry)
    if (name !== undefined) texts.set(name, { file, bytes: await readScriptFile(file) })
  }
  const checked = new Map<string, Ceremony | undefined>()
  const problems: ScriptProblem[] = []
  const find: Library = (name) => {
    if (checked.has(name)) return checked.get(name)
    const text = texts.get(name)
    if (text === undefined) return shippedLibrary(name)
    // Two scripts that follow one another must not loop: the second finds nothing.
    checked.set(name, undefined)
    const { script, diagnostics, source } = loadScript(text.bytes, { file: text.file, library: find, known: knownShipped })
    if (diagnostics !== undefined) problems.push(...diagnostics.map((diagnostic) => ({ diagnostic, text: formatDiagnostic(diagnostic, source) })))
    const ceremony = script?.ceremony.name === name ? script.ceremony : undefined
    checked.set(name, ceremony)
    return ceremony
  }
  return { find, problems: () => problems }
}

// Writes the script that a new ceremony starts from, with the path to the schema for its author's editor.

export interface NewScript {
  readonly name: string
  readonly title?: string | undefined
  readonly file: string
  /** Replaces an existing file. */
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
    throw notWritten(error, file)
  }
  return schema
}

/**
 * The schema's path. It is relative where script and package lie in one tree, as in a checkout or beside node_modules,
 * so that the tree can be moved; else it is a file URL, since editors read a path up to the first space only.
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

/** A title may hold characters that a script may not. */
function refuseInvalid(text: string, file: string): void {
  const { diagnostics, source } = loadScript(text, { file, library: shippedLibrary })
  if (diagnostics === undefined) return
  const told = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic, source)).join('\n\n')
  throw cliError('script-invalid', { file, count: diagnostics.length, text: told, diagnostics })
}
