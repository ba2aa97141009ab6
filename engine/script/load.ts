/**
 * The only door into a ceremony: text in, a checked script or everything that is wrong with it out. Layer by layer;
 * each layer reports all that it finds, and the next one begins only on what the last one found good.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Script } from '../machines/ceremony.ts'
import { checkDraft } from './check.ts'
import type { Library } from './declare.ts'
import { notebook } from './diagnostic.ts'
import type { Diagnostic } from './diagnostic.ts'
import { reportRest, shapeOf } from './shape.ts'
import { decode, readable } from './text.ts'
import { locator, parseTree, plainOf } from './yaml.ts'

export type { Diagnostic } from './diagnostic.ts'
export { formatDiagnostic } from './diagnostic.ts'
export type { Library } from './declare.ts'

export interface LoadOptions {
  /** The file's name, for diagnostics. */
  readonly file: string
  /** Finds a checked ceremony by its name, for `follows`. */
  readonly library: Library
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
export function loadScript(input: string | Uint8Array, { file, library, isShipped }: LoadOptions): Loaded {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input
  const source = readable(bytes)
  const { report, all } = notebook(file, source)
  const script = check(bytes)
  const diagnostics = all()
  if (script !== undefined && diagnostics.length === 0) return { script }
  return { diagnostics, source }

  function check(raw: Uint8Array): Script | undefined {
    const text = decode(raw, report)
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
