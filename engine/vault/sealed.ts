/**
 * What is encrypted under a passphrase alone: an age file that the standard tool opens, `age -d FILE`. A home has one such
 * file, its keyring; a backup is another.
 */
import { Encrypter } from 'age-encryption'
import { checkWhole, decryptAge } from './age.ts'
import { vaultError } from './errors.ts'
import { readBounded, writeDurable } from './files.ts'
import { checkNewPassphrase, checkPassphrase } from './passphrase.ts'
import { MOST_WORK_FACTOR, scryptIdentity, scryptRecipient } from './scrypt.ts'
import type { ScryptRefusal } from './scrypt.ts'
import { compileShape, decodeValue, encodeValue, MOST_VAULT } from './value.ts'

/** @param workFactor log₂ of scrypt's N; 18 unless told. @throws vault.key-derivation */
export async function sealUnder(passphrase: string, bytes: Uint8Array, workFactor?: number): Promise<Uint8Array> {
  const encrypter = new Encrypter()
  encrypter.addRecipient(scryptRecipient(passphrase, workFactor))
  return await encrypter.encrypt(bytes)
}

/**
 * @param what names the file in errors
 * @param plainLength bytes that it holds at least
 * @throws vault.wrong-passphrase, vault.truncated, vault.altered, vault.work-factor, vault.key-derivation, vault.passphrase
 */
export async function openUnder(passphrase: string, bytes: Uint8Array, what: string, plainLength: number): Promise<Uint8Array> {
  checkPassphrase(passphrase)
  checkWhole(bytes, what, plainLength)
  let refusal: ScryptRefusal | undefined
  const identity = scryptIdentity(passphrase, (why) => (refusal = why))
  return await decryptAge(bytes, what, identity, () => refusal && explain(refusal, what))
}

function explain(refusal: ScryptRefusal, path: string): Error {
  if (refusal === 'wrong-passphrase') return vaultError('wrong-passphrase', { path })
  if (refusal === 'malformed') return vaultError('altered', { path, why: 'its header is broken' })
  if (refusal === 'not-scrypt') return vaultError('altered', { path, why: 'it is not encrypted under a passphrase' })
  return vaultError('work-factor', { path, factor: refusal.workFactor, most: MOST_WORK_FACTOR })
}

export interface SealedFile {
  readonly path: string
  readonly passphrase: string
  /** JSON schema of the value, closed. */
  readonly schema: Readonly<Record<string, unknown>>
}

/**
 * Writes a value to a file of its own, open to its owner only. Resolves once a power cut cannot undo it. Never overwrites.
 *
 * @throws vault.passphrase, vault.exists, vault.wrong-update, and what `writeDurable` throws
 */
export async function writeSealed({ path, passphrase, schema }: SealedFile, value: unknown, workFactor?: number): Promise<void> {
  checkNewPassphrase(passphrase)
  const bytes = encodeValue(value, compileShape(schema), path)
  await writeDurable(path, await sealUnder(passphrase, bytes, workFactor), { exclusive: true })
}

/**
 * Reads what `writeSealed` wrote.
 *
 * @throws what `openUnder` throws; vault.missing, vault.unreadable, vault.too-large, vault.not-json, vault.wrong-shape
 */
export async function readSealed<T>({ path, passphrase, schema }: SealedFile): Promise<T> {
  const bytes = await readBounded(path, MOST_VAULT)
  return decodeValue(await openUnder(passphrase, bytes, path, 2), compileShape<T>(schema), path)
}
