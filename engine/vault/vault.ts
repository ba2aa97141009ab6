/**
 * One encrypted file that holds one JSON value: the airgap's `vault.age`, the client's `client.age`. Replaced as a
 * whole, durable before it is believed.
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
   * Replaces the value. One update at a time, in the order of the calls; `change` sees the result of those before.
   * Resolves once a power cut cannot undo it. If it rejects, or `change` throws, nothing has changed, neither here
   * nor on disk. Giving back the same value writes nothing.
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

// The parts of one transfer in one file, a text a line. It only grows until it is erased, so a write that was torn damages the last
// line at most; every text carries its own digest, by which whoever loads it sees that.

/** A whole of 16 MiB, its quotes escaped once, and the envelopes around. What is longer is not ours. */
const MOST = 64 * 1024 * 1024

/**
 * Keeps parts in this file. Its folder is made where there is none.
 *
 * @throws (add, clear) file.disk-full, file.unwritable, file.write-failed, …
 */
export function partFile(path: string): PartStore {
  return {
    load: async () => {
      // One that cannot be read is as good as none: what it held crosses once more.
      const bytes = await readBounded(path, MOST).catch(() => new Uint8Array())
      return new TextDecoder().decode(bytes).split('\n').filter((line) => line !== '')
    },
    add: async (text) => {
      await makeFolders(dirname(path), { mode: 0o700 }).catch((error: unknown) => {
        throw writeFailure(error, path)
      })
      // A line of its own, whatever was torn before it.
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
