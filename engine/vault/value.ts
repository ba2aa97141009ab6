/** JSON values in encrypted files, bounded and checked by a schema on their way in and out. No error quotes their contents. */
import { Ajv } from 'ajv'
import type { ValidateFunction } from 'ajv'
import { OWN_SCHEMAS } from '../wire/schema.ts'
import { vaultError } from './errors.ts'

/** The most bytes of such a file. */
export const MOST_VAULT = 64 * 1024 * 1024
const MOST_CONTENT = 63 * 1024 * 1024

export function compileShape<T>(schema: Readonly<Record<string, unknown>>): ValidateFunction<T> {
  return new Ajv(OWN_SCHEMAS).compile<T>(schema)
}

/** Writes a value as bytes. @throws vault.wrong-update */
export function encodeValue(value: unknown, validate: ValidateFunction, path: string): Uint8Array {
  if (!validate(value)) throw vaultError('wrong-update', { path, ...place(validate) })
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  if (bytes.length > MOST_CONTENT) throw vaultError('wrong-update', { path, where: '', why: 'is too large' })
  return bytes
}

/** Reads a value from bytes. @returns the value, frozen. @throws vault.not-json, vault.wrong-shape */
export function decodeValue<T>(bytes: Uint8Array, validate: ValidateFunction<T>, path: string): T {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Without the cause: the parser quotes its input.
    throw vaultError('not-json', { path })
  }
  if (!validate(value)) throw isOlder(value) ? vaultError('other-version', { path }) : vaultError('wrong-shape', { path, ...place(validate) })
  return freeze(value)
}

/** Was it written for the protocol's first version? Nothing of that version can be carried over. */
const isOlder = (value: unknown): boolean => {
  const { version, keyrite } = { ...(value as { readonly version?: unknown; readonly keyrite?: unknown }) }
  return version === 1 || keyrite === 'airgap-backup/1'
}

/** The place and the reason of a schema's refusal, without any value. */
function place(validate: ValidateFunction): { where: string; why: string } {
  const error = validate.errors?.[0]
  return { where: error?.instancePath ?? '', why: error?.message ?? 'is not valid' }
}

/** Freezes a value all the way down, so that nobody changes by accident the copy that stands for the disk. */
function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze)
    Object.freeze(value)
  }
  return value
}
