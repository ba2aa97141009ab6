/**
 * keyrite as a library, its only door: check a ceremony, draw it, run it in memory, verify a transcript. Real
 * ceremonies go through the command line, since each machine there keeps files of its own.
 */
import { randomBytes } from 'node:crypto'
import { verifyTranscript as verifyWith } from './run/verify.ts'
import type { Verification } from './run/verify.ts'
import { knownShipped, loadScript as loadWith, shippedLibrary } from './script/load.ts'
import type { Library, Loaded } from './script/load.ts'
import { seededRandom, simulate as simulateWith } from './simulate/simulate.ts'
import type { Simulated, SimulateOptions } from './simulate/simulate.ts'
import { verbs } from './verbs/implementations.ts'

export { mermaid } from './machines/graph.ts'
export { ceremonyNumber } from './crypto/number.ts'
export { formatDiagnostic } from './script/diagnostic.ts'
export { readShipped } from './script/load.ts'
export { ceremonyId } from './wire/card.ts'
export { isKeyriteError, KeyriteError } from './base/errors.ts'

export type { ClientResult } from './run/client.ts'
export type { Simulated } from './simulate/simulate.ts'
export type { Finding, Verdict, Verification } from './run/verify.ts'
export type { Diagnostic } from './script/diagnostic.ts'
export type { Library, Loaded } from './script/load.ts'
export type { Ceremony, Script } from './machines/ceremony.ts'
export type { Json, JsonObject } from './base/canonical.ts'
export type { Card, Opening } from './wire/card.ts'

export interface LoadOptions {
  /** The file's name, for diagnostics. */
  readonly file: string
  /** Finds a checked ceremony by its name, for `follows`. The shipped ones, unless told. */
  readonly library?: Library
}

/**
 * Checks a script. Never throws for anything that a file may hold.
 *
 * @param input the file's bytes (best: the hash is over them), or its text
 * @returns the script, or all that is wrong with it and the text that the diagnostics point into
 */
export function loadScript(input: string | Uint8Array, { file, library = shippedLibrary }: LoadOptions): Loaded {
  return loadWith(input, { file, library, known: knownShipped })
}

export interface SimulationOptions extends Omit<SimulateOptions, 'verbs' | 'random' | 'tamper'> {
  /** Draws all random numbers from this text; with `opensAt`, the same again gives the same run. Real randomness unless told. */
  readonly seed?: string
}

/**
 * Runs a script among made-up participants in memory, to every client's end, with the real clients and airgaps.
 *
 * @returns each participant's outcome and ledger by name, the opening, and the board's entries
 * @throws run.not-runnable for a script with verbs that this version does not have
 */
export function simulate({ seed, ...options }: SimulationOptions): Promise<Simulated> {
  return simulateWith({ ...options, verbs, random: seed === undefined ? random : seededRandom(seed) })
}

/**
 * Checks a transcript as any stranger may. Never throws for what it holds.
 *
 * @param text the whole file that `keyrite client export` wrote
 * @param library finds the ceremony that the transcript's own follows; the shipped ones unless told
 */
export function verifyTranscript(text: string, library: Library = shippedLibrary): Verification {
  return verifyWith(text, { library, verbs, random })
}

const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))
