/**
 * The only door into a ceremony: text in, a checked script or everything that is wrong with it out. Layer by layer;
 * each layer reports all that it finds, and the next one begins only on what the last one found good.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { utf8 } from '../base/bytes.ts'
import { errorTable } from '../base/errors.ts'
import { piecesOf } from '../base/text.ts'
import { sha256Hex } from '../crypto/hash.ts'
import type { Ceremony, Script } from '../machines/ceremony.ts'
import { checkDraft } from './check.ts'
import type { Library } from './declare.ts'
import { formatDiagnostic, notebook } from './diagnostic.ts'
import type { Diagnostic } from './diagnostic.ts'
import { reportRest, shapeOf } from './schema.ts'
import { decode, locator, parseTree, plainOf, readableText } from './yaml.ts'
import type { KnownHash } from './yaml.ts'

export type { Diagnostic } from './diagnostic.ts'
export { formatDiagnostic } from './diagnostic.ts'
export type { Library } from './declare.ts'

export interface LoadOptions {
  /** The file's name, for diagnostics. */
  readonly file: string
  /** Finds a checked ceremony by its name, for `follows`. */
  readonly library: Library
  /** Knows scripts by their SHA-256, to tell one whose line ends alone were changed. Nobody knows any unless told. */
  readonly known?: KnownHash
  /** Leaves out the editors' schema, which every script that ships passed before it did. */
  readonly isShipped?: boolean
}

export type Loaded =
  | { readonly script: Script; readonly diagnostics?: undefined; readonly source?: undefined }
  /** At least one, sorted by position. */
  | { readonly diagnostics: readonly Diagnostic[]; readonly script?: undefined; readonly source: string }

/**
 * Checks a script. Never throws for anything that a file may hold.
 *
 * @param input the file's bytes (best: the hash is over them), or its text
 * @returns the script, or its diagnostics with the text that they point into
 */
export function loadScript(input: string | Uint8Array, { file, library, isShipped, known = () => undefined }: LoadOptions): Loaded {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input
  const source = readableText(bytes)
  const { report, all } = notebook(file, source)
  const script = check(bytes)
  const diagnostics = all()
  if (script !== undefined && diagnostics.length === 0) return { script }
  return { diagnostics, source }

  function check(raw: Uint8Array): Script | undefined {
    const text = decode(raw, report, known)
    const tree = text === undefined ? undefined : parseTree(text, report)
    if (text === undefined || tree === undefined) return undefined
    const at = locator(tree)
    const plain = plainOf(tree)
    const draft = shapeOf(plain, at, report)
    if (draft === undefined) return undefined
    const ceremony = checkDraft(draft, at, report, library)
    if (isShipped !== true) reportRest(plain, at, all(), report)
    return { ceremony, source: text, hash: bytesToHex(sha256(raw)) }
  }
}

// A small ceremony to start from, for those who write their own.

/**
 * A script that is valid as it stands, with comments that say what to change.
 *
 * @param name the ceremony's name, 1 to 32 of a–z, 0–9 and hyphen
 * @param title one line for the participants
 * @param schemaPath path or URL of `ceremony.schema.json`, as the editor finds it from the new file
 */
export function newScript(name: string, title: string, schemaPath: string): string {
  return `# yaml-language-server: $schema=${oneLine(schemaPath)}
#
# An editor that knows YAML schemas (VS Code with the YAML extension, for one) explains every field here and completes
# verbs and types. Then:
#   keyrite ceremony validate FILE      says what is wrong, and what to do about it
#   keyrite ceremony graph FILE         draws it
#   keyrite ceremony simulate FILE      runs it, with made-up participants

ceremony: ${JSON.stringify(name)}
version: "0.1.0"
title: ${JSON.stringify(oneLine(title))}

# How many people can take part.
participants: { min: 2, max: 64 }

# What is chosen when the ceremony is opened. Every owner sees it on the airgap's screen and confirms it.
parameters:
  purpose: text

# The messages that the steps send: to whom, and what is in them.
messages:
  # A digest binds its maker to a number without showing it.
  Commit:
    to: everyone
    payload: { digest: hash }

  # The number itself.
  Reveal:
    to: everyone
    payload: { value: hash }

# The steps, in their order. In each, everyone's airgap runs a verb, its message is sent, and all wait for one another.
steps:
  # Everyone draws a number and binds itself to it.
  SendCommits:
    confirm: [purpose]                    # shown once more before this step
    airgap: { random.commit: [] }         # a verb and its arguments
    sends: Commit
    collect: all                          # nobody goes on before everybody is here
    within: 24h                           # or else the ceremony is aborted

  # When all are bound, everyone shows its number.
  SendReveals:
    airgap: { random.reveal: [Commit] }   # reads what the first step has collected
    sends: Reveal
    check: { random.opens: [Commit] }     # every client checks every message that comes in
    collect: all
    within: 24h

# The step that makes it a success. From then on nothing aborts any more.
certificate: SendReveals

# What comes out.
outputs:
  number: { random.mix: [Reveal] }
`
}

/** Puts a space for whatever could end the line, or may not stand in a script. */
const oneLine = (text: string): string => Array.from(piecesOf(text, { lines: false }), ({ piece, isLegible }) => (isLegible ? piece : ' ')).join('')

const scriptError = errorTable('script', {
  'not-shipped': ({ name, known }: { name: string; known: readonly string[] }) => ({
    what: `There is no ceremony ${name} among those that ship with keyrite.`,
    todo: `Choose one of ${known.join(', ')}, or name a file.`,
  }),
  'no-ceremonies': ({ folders }: { folders: readonly string[] }) => ({
    what: `The folder of the shipped ceremonies is missing: neither ${folders.join(' nor ')} is there.`,
    todo: 'This copy of keyrite is not whole; install it again.',
  }),
  'shipped-broken': ({ name, first }: { name: string; first: string }) => ({
    what: `The shipped ceremony ${name} does not pass its own checks: ${first}`,
    todo: 'This copy of keyrite was altered or is not whole; install it again and compare the SHA-256 of its files.',
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly script: typeof scriptError.table }
}

// The ceremonies that ship with the package, read from its `ceremonies/` folder. For Node; nothing else here needs it.

/** The folder's possible places: from `engine/script/` in the source tree, and from `dist/engine/script/` in the package. */
const CANDIDATES = ['../../ceremonies/', '../../../ceremonies/'].map((path) => fileURLToPath(new URL(path, import.meta.url)))

/** Finds the folder of the shipped ceremonies; an absolute path. @throws script.no-ceremonies */
export function shippedFolder(): string {
  const found = CANDIDATES.find((folder) => existsSync(join(folder, 'dkg.yaml')))
  if (found === undefined) throw scriptError('no-ceremonies', { folders: CANDIDATES })
  return found
}

/** The names of the shipped ceremonies, sorted. @throws script.no-ceremonies */
export function shippedNames(): readonly string[] {
  return readdirSync(shippedFolder()).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -5)).sort()
}

const loaded = new Map<string, Script>()

/**
 * Reads a shipped ceremony, and checks it once.
 *
 * @throws script.not-shipped, script.shipped-broken, script.no-ceremonies
 */
export function readShipped(name: string): Script {
  return read(name, [])
}

/** The shipped ceremony whose file has this SHA-256 (hex), if any. The scripts of the others are not checked for it. */
export function shippedByHash(hash: string): Script | undefined {
  const name = shippedNames().find((one) => sha256Hex(readFileSync(join(shippedFolder(), `${one}.yaml`))) === hash)
  return name === undefined ? undefined : readShipped(name)
}

/** Tells the shipped ceremony that has a hash. */
export const knownShipped: KnownHash = (hash) => {
  const { name, version } = shippedByHash(hash)?.ceremony ?? {}
  return name === undefined ? undefined : `that of ${name} ${version ?? ''}, as it ships with keyrite`
}

/** The SHA-256 of a script once its lines end with CR LF: no script any more, and nothing else in it is changed. */
export const crlfHash = ({ source }: Pick<Script, 'source'>): string => sha256Hex(utf8(source.replaceAll('\n', '\r\n')))

/** The shipped ceremony that has this SHA-256 once its lines end with CR LF, if any. */
export function shippedByCrlfHash(hash: string): Script | undefined {
  return shippedNames().map(readShipped).find((script) => crlfHash(script) === hash)
}

/** Finds a shipped ceremony by its name, for `follows`. */
export function shippedLibrary(name: string): Ceremony | undefined {
  return shippedNames().includes(name) ? readShipped(name).ceremony : undefined
}

/** @param following the ceremonies that are being read, so that a circle of `follows` ends */
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
