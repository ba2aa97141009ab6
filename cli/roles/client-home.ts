/**
 * A client's home:
 *
 *   client/identity.json   its name, board and public keys: not encrypted, since nothing in it is secret
 *   client/keyring.age     wrapped by the passphrase
 *   client/client.age      the signing key and the board's join token
 *   client/log.jsonl       a copy of the board's log as this client verified it, which the storage can give again
 *   client/pin.json        offset and head of the last verified entry, which no storage may take back
 *   client/attachments/    the attachments of messages in it, by hash
 *   client/scripts/        scripts that do not ship with keyrite, by hash
 *   client/page-port       the port of its page
 *   client/ceremonies/ID/  one ceremony's answers, outbox, the times since when its steps are awaited, and the parts that
 *                          have crossed of a transfer
 */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256Hex } from '../../engine/crypto/hash.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import type { TextStore } from '../../engine/run/client-work.ts'
import type { AttachmentStore } from '../../engine/run/feed.ts'
import { crlfHash, loadScript, shippedByCrlfHash, shippedByHash, shippedLibrary } from '../../engine/script/load.ts'
import { createKeyring, openKeyring } from '../../engine/vault/age.ts'
import { vaultError } from '../../engine/vault/errors.ts'
import { makeFolders, readBounded, readIfThere, writeDurable, writeFailure } from '../../engine/base/files.ts'
import { createVault, readVault } from '../../engine/vault/vault.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { KeyriteError } from '../../engine/base/errors.ts'
import { hexPattern, isHex, utf8 } from '../../engine/base/bytes.ts'
import type { Card } from '../../engine/wire/card.ts'
import { MAX_ATTACHMENT } from '../../engine/wire/message.ts'
import { compileCheck, hexSchema, nameSchema, objectSchema } from '../../engine/wire/schema.ts'
import { cliError } from '../errors.ts'
import { makeHome, makeInside, refuseAnother, rolePath } from '../home.ts'
import { cutAt, fromSum, withSum } from './client-log.ts'

/** The part of a client that is not secret. */
export interface Identity {
  readonly version: 2
  readonly name: string
  /** The board's address, `http(s)://host/boards/NAME`. */
  readonly board: string
  /** 32 bytes, hex. */
  readonly signingKey: string
  /** Null until it is paired. */
  readonly airgap: PairedAirgap | null
}

/** The airgap's half of the card, and its signature on the whole card. Hex. */
export interface PairedAirgap {
  readonly airgapKey: string
  readonly epoch: string
  readonly cardSignature: string
}

/** The secret part of a client. */
export interface ClientSecrets {
  readonly version: 1
  /** Ed25519 seed, 32 bytes, hex. */
  readonly signingSeed: string
  readonly joinToken: string | null
}

const identitySchema = objectSchema({
  version: { type: 'integer', const: 2 },
  name: nameSchema,
  board: { type: 'string', minLength: 1, maxLength: 2000 },
  signingKey: hexSchema(32),
  airgap: { anyOf: [objectSchema({ airgapKey: hexSchema(32), epoch: hexSchema(16), cardSignature: hexSchema(64) }), { type: 'null' }] },
})

const secretsSchema = objectSchema({
  version: { type: 'integer', const: 1 },
  signingSeed: hexSchema(32),
  joinToken: { anyOf: [{ type: 'string', maxLength: 4096 }, { type: 'null' }] },
})

const checkIdentity = compileCheck<JsonObject & Identity>(identitySchema)

const identityPath = (home: string): string => join(home, 'identity.json')
const secretsPath = (home: string): string => join(home, 'client.age')

/** Makes a client's home. @throws file.exists where there is one, vault.passphrase, cli.home */
export async function createClient(identity: Identity, secrets: ClientSecrets, passphrase: string, workFactor?: number): Promise<string> {
  const home = await makeHome('client')
  await makeInside(home, identityPath(home), async () => {
    const keyring = await createKeyring(home, passphrase, workFactor === undefined ? {} : { workFactor })
    await createVault({ path: secretsPath(home), keyring, schema: secretsSchema }, secrets)
    await saveIdentity(home, identity)
  })
  return home
}

/**
 * Refuses to make a second client, before anybody chooses a passphrase. @throws file.exists where there is a client
 * already, cli.home
 */
export async function refuseAnotherClient(): Promise<void> {
  await refuseAnother(identityPath(await makeHome('client')))
}

export async function saveIdentity(home: string, { airgap, ...identity }: Identity): Promise<void> {
  await writeDurable(identityPath(home), utf8(withSum({ ...identity, airgap: airgap === null ? null : { ...airgap } })))
}

/** Reads the client in this home. @throws cli.no-client where there is none, cli.damaged where its file is damaged */
export async function readClient(): Promise<{ readonly home: string; readonly identity: Identity }> {
  const home = rolePath('client')
  let bytes: Uint8Array
  try {
    bytes = await readBounded(identityPath(home), 16_384)
  } catch (cause) {
    throw isKeyriteError(cause, 'file.missing') ? cliError('no-client', { home }, cause) : cause
  }
  const text = new TextDecoder().decode(bytes)
  // An identity of the first version has no sum.
  if (/"version":1[,}]/.test(text)) throw vaultError('other-version', { path: identityPath(home) })
  const value = fromSum(text)
  if (value === undefined) throw cliError('damaged', { path: identityPath(home) })
  return { home, identity: checkIdentity(value, 'identity.json') }
}

/** Opens the client's secrets. @throws vault.wrong-passphrase, … */
export async function unlockClient(home: string, passphrase: string): Promise<ClientSecrets> {
  const keyring = await openKeyring(home, passphrase)
  return await readVault<ClientSecrets>({ path: secretsPath(home), keyring, schema: secretsSchema })
}

/** The participant's card. @throws cli.not-paired */
export function cardOf(identity: Identity): Card {
  const { airgapKey, epoch } = airgapOf(identity)
  return { name: identity.name, signingKey: identity.signingKey, airgapKey, epoch }
}

/** @throws cli.not-paired */
export function airgapOf({ airgap, name }: Identity): PairedAirgap {
  if (airgap === null) throw cliError('not-paired', { name })
  return airgap
}

/** The attachments in a client's home, by hash. @param keep false to read without writing, beside a running client */
export function attachmentFiles(home: string, keep = true): AttachmentStore {
  const folder = join(home, 'attachments')
  const pathOf = (hash: string): string => {
    if (!isHex(hash, 32)) throw new TypeError('a hash that is none')
    return join(folder, hash)
  }
  return {
    get: async (hash) => {
      const bytes = await readIfThere(pathOf(hash), MAX_ATTACHMENT)
      return bytes !== undefined && sha256Hex(bytes) === hash ? bytes : undefined
    },
    put: async (hash, bytes) => {
      if (!keep) return
      await writeBelow(pathOf(hash), bytes)
    },
  }
}

/** The path of a ceremony's transfer in parts, while it is under way. */
export const clientPartsPath = (home: string, ceremony: string): string => join(home, 'ceremonies', ceremony, 'parts')

/** A key of the text store: a ceremony's id, and the name of one of its texts. */
const KEY = new RegExp(`^${hexPattern(32)}/[A-Za-z0-9-]{1,100}$`)

/**
 * Texts of ceremonies, each in a file that is written once and durably. A damaged text counts as missing: the airgap
 * gives an answer again, and a message is signed again.
 *
 * @param onDamage hears of damage
 */
export function textStore(home: string, onDamage: (error: KeyriteError<'cli.damaged-copy'>) => void = () => undefined): TextStore {
  const pathOf = (key: string): string => {
    if (!KEY.test(key)) throw new TypeError('a key that is no file name')
    return join(home, 'ceremonies', key)
  }
  return {
    get: async (key) => {
      const bytes = await readIfThere(pathOf(key), 64 << 20)
      if (bytes === undefined) return undefined
      const [sum, text] = cutAt(new TextDecoder().decode(bytes), '\n')
      if (sum === sha256Hex(utf8(text))) return text
      onDamage(cliError('damaged-copy', { path: pathOf(key), line: 1 }))
      return undefined
    },
    put: (key, text) => writeBelow(pathOf(key), utf8(`${sha256Hex(utf8(text))}\n${text}`)),
  }
}

/** Writes a file durably, and makes its folder if it is missing. */
async function writeBelow(path: string, bytes: Uint8Array): Promise<void> {
  await makeFolders(dirname(path), { mode: 0o700, durable: true }).catch((error: unknown) => {
    throw writeFailure(error, path)
  })
  await writeDurable(path, bytes)
}

// Scripts by their hash: those that ship with keyrite, and those that were brought to this machine.

const MOST_SCRIPT = 256 * 1024

/** The shipped script with this hash, or the one in this client's home. */
export async function clientScript(home: string, hash: string): Promise<Script | undefined> {
  const shipped = shippedByHash(hash)
  if (shipped !== undefined) return shipped
  const folder = join(home, 'scripts')
  const names: readonly string[] = await readdir(folder).catch(() => [])
  if (!names.includes(`${hash}.yaml`)) return undefined
  const { script } = loadScript(await readBounded(join(folder, `${hash}.yaml`), MOST_SCRIPT), { file: `${hash}.yaml`, library: shippedLibrary })
  return script?.hash === hash ? script : undefined
}

/** The one of these that has this hash once its lines end with CR LF. */
export async function clientCrlfScript(home: string, hash: string): Promise<Script | undefined> {
  const shipped = shippedByCrlfHash(hash)
  if (shipped !== undefined) return shipped
  for (const file of await readdir(join(home, 'scripts')).catch(() => [])) {
    const script = file.endsWith('.yaml') ? await clientScript(home, file.slice(0, -5)) : undefined
    if (script !== undefined && crlfHash(script) === hash) return script
  }
  return undefined
}

/** Stores a script in the client's home, unless it ships with keyrite. */
export async function keepScript(home: string, script: Script): Promise<void> {
  if (shippedByHash(script.hash) !== undefined) return
  await writeBelow(join(home, 'scripts', `${script.hash}.yaml`), new TextEncoder().encode(script.source))
}
