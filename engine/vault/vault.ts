/**
 * One encrypted file that holds one JSON value: the airgap's `vault.age`, the client's `client.age`. It is replaced as a
 * whole, and a new value is durable before anything relies on it.
 */
import { rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { ValidateFunction } from 'ajv'
import { isKeyriteError } from '../base/errors.ts'
import type { PartStore } from '../channel/parts.ts'
import type { Keyring } from './age.ts'
import { vaultError } from './errors.ts'
import { append, makeFolders, readBounded, sweepTemporaries, syncFile, writeDurable, writeFailure } from '../base/files.ts'
import { lockFolder } from '../base/lock.ts'
import type { Lock } from '../base/lock.ts'
import { compileShape, decodeValue, encodeValue, MOST_VAULT } from './value.ts'

export interface VaultFile {
  readonly path: string
  readonly keyring: Keyring
  /** JSON schema of the value, closed (`additionalProperties: false`) and with a version in it. */
  readonly schema: Readonly<Record<string, unknown>>
}

export interface Vault<T> {
  /** The value on disk. Frozen; an update replaces it. */
  read(): T
  /**
   * Replaces the value. Updates run one at a time, in the order of the calls; `change` sees the result of those before.
   * Resolves once a power cut cannot undo it. If it rejects, or `change` throws, nothing has changed, neither here
   * nor on disk. If `change` returns the same value, nothing is written.
   *
   * @throws vault.wrong-update, vault.closed, and what `writeDurable` throws; after file.unsynced every further
   *   call throws it again, since nobody can say then what is on disk
   */
  update(change: (value: T) => T): Promise<void>
  /** Waits for the updates under way and gives the home's lock back. */
  close(): Promise<void>
}

/**
 * Makes a vault with its first value. Never overwrites.
 *
 * @throws file.exists, vault.wrong-update, and what `writeDurable` throws
 */
export async function createVault({ path, keyring, schema }: VaultFile, value: unknown): Promise<void> {
  await writeDurable(path, await keyring.seal(encodeValue(value, compileShape(schema), path)), { exclusive: true })
}

/**
 * Opens a vault and locks its home until `close`, or until the process ends.
 *
 * @throws lock.held, and what `readVault` throws
 */
export async function openVault<T>(file: VaultFile): Promise<Vault<T>> {
  const validate = compileShape<T>(file.schema)
  const lock = await lockFolder(dirname(file.path))
  try {
    await sweepTemporaries(dirname(file.path), basename(file.path))
    return vaultOf(file, validate, lock, await load(file, validate))
  } catch (error) {
    await lock.release()
    throw error
  }
}

/**
 * Reads a vault's value without locking its home.
 *
 * @throws file.missing, file.unreadable, file.too-large, vault.truncated, vault.altered, vault.not-json,
 *   vault.wrong-shape
 */
export async function readVault<T>(file: VaultFile): Promise<T> {
  return await load(file, compileShape<T>(file.schema))
}

function vaultOf<T>({ path, keyring }: VaultFile, validate: ValidateFunction<T>, lock: Lock, first: T): Vault<T> {
  let current = first
  let last: Promise<void> = Promise.resolve()
  let broken: Error | undefined

  const write = async (change: (value: T) => T): Promise<void> => {
    if (broken !== undefined) throw broken
    const next = change(current)
    if (next === current) return
    const bytes = encodeValue(next, validate, path)
    try {
      await writeDurable(path, await keyring.seal(bytes))
    } catch (error) {
      if (isKeyriteError(error, 'file.unsynced')) broken = error
      throw error
    }
    current = decodeValue(bytes, validate, path)
  }

  return {
    read() {
      if (broken !== undefined) throw broken
      return current
    },
    update(change) {
      const done = last.then(() => write(change))
      last = done.catch(() => undefined)
      return done
    },
    async close() {
      await last
      broken ??= vaultError('closed', { path })
      await lock.release()
    },
  }
}

async function load<T>({ path, keyring }: VaultFile, validate: ValidateFunction<T>): Promise<T> {
  return decodeValue(await keyring.open(await readBounded(path, MOST_VAULT), path), validate, path)
}

// The parts of one text in one file, an envelope's text a line. The file only grows until it is erased, so a torn write damages the
// last line at most. Every envelope carries its own digest, by which its reader sees the damage.

/** The most bytes of such a file: a whole of 16 MiB, its quotes escaped once, and the envelopes around. A longer file is not ours. */
const MOST = 64 * 1024 * 1024

/**
 * Makes a store of parts in this file. Its folder is made where there is none.
 *
 * @throws (add, clear) file.disk-full, file.unwritable, file.write-failed, …
 */
export function partFile(path: string): PartStore {
  return {
    load: async () => {
      // A file that cannot be read counts as empty: its parts cross once more.
      const bytes = await readBounded(path, MOST).catch(() => new Uint8Array())
      return new TextDecoder().decode(bytes).split('\n').filter((line) => line !== '')
    },
    add: async (text) => {
      await makeFolders(dirname(path), { mode: 0o700 }).catch((error: unknown) => {
        throw writeFailure(error, path)
      })
      // The line feed before it keeps the line apart from a torn one.
      await append(path, `\n${text}\n`)
      await syncFile(path)
    },
    clear: async () => {
      try {
        await rm(path, { force: true })
      } catch (error) {
        throw writeFailure(error, path)
      }
    },
  }
}
