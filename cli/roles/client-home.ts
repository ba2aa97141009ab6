/**
 * A client's home:
 *
 *   client/identity.json   its name, board and public keys: open, nothing in it is secret
 *   client/keyring.age     wrapped by the passphrase
 *   client/client.age      the signing key and the board's join token
 *   client/log.jsonl       the board's log as this client verified it
 *   client/attachments/    what messages in it brought besides, by hash
 *   client/scripts/        scripts that do not ship with keyrite, by hash
 *   client/page-port       the port of its page
 *   client/ceremonies/ID/  answers and outbox of one ceremony; what crossed of a request that crosses in parts
 */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sha256Hex } from '../../engine/crypto/hash.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import type { TextStore } from '../../engine/run/client-work.ts'
import type { AttachmentStore, LogStore } from '../../engine/run/feed.ts'
import { loadScript, shippedByHash, shippedLibrary } from '../../engine/script/load.ts'
import { createKeyring, openKeyring } from '../../engine/vault/age.ts'
import { vaultError } from '../../engine/vault/errors.ts'
import { append, makeFolders, readBounded, readIfThere, syncFile, writeDurable, writeFailure } from '../../engine/base/files.ts'
import { createVault, readVault } from '../../engine/vault/vault.ts'
import type { Board } from '../../engine/wire/board.ts'
import { canonical, parseCanonical } from '../../engine/base/canonical.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { hexPattern, isHex } from '../../engine/base/bytes.ts'
import type { Card } from '../../engine/wire/card.ts'
import { Chain, holding } from '../../engine/wire/log.ts'
import { MAX_ATTACHMENT } from '../../engine/wire/message.ts'
import { compileCheck, hexSchema, nameSchema, objectSchema } from '../../engine/wire/schema.ts'
import { cliError } from '../errors.ts'
import { makeHome, makeInside, refuseAnother, rolePath } from '../home.ts'

/** What is not secret of a client. */
export interface Identity {
  readonly version: 2
  readonly name: string
  /** `http(s)://host/boards/NAME` */
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

/** What is. */
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

/** Before anybody chooses a passphrase. @throws file.exists where there is a client already, cli.home */
export async function refuseAnotherClient(): Promise<void> {
  await refuseAnother(identityPath(await makeHome('client')))
}

export async function saveIdentity(home: string, { airgap, ...identity }: Identity): Promise<void> {
  await writeDurable(identityPath(home), new TextEncoder().encode(`${canonical({ ...identity, airgap: airgap === null ? null : { ...airgap } })}\n`))
}

/** The client in this home. @throws cli.no-client where there is none */
export async function readClient(): Promise<{ readonly home: string; readonly identity: Identity }> {
  const home = rolePath('client')
  let bytes: Uint8Array
  try {
    bytes = await readBounded(identityPath(home), 16_384)
  } catch (cause) {
    throw cliError('no-client', { home }, cause)
  }
  const value = parseCanonical(new TextDecoder().decode(bytes).trimEnd(), 'identity.json')
  if (typeof value === 'object' && value !== null && 'version' in value && value.version === 1) throw vaultError('other-version', { path: identityPath(home) })
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

/** Attachments by their hashes. @param keep false to read without writing, beside a running client */
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

/** Where a ceremony's transfer in parts is kept, while it is under way. */
export const clientPartsPath = (home: string, ceremony: string): string => join(home, 'ceremonies', ceremony, 'parts')

/** A ceremony's id, and what a text of it is called. */
const KEY = new RegExp(`^${hexPattern(32)}/[A-Za-z0-9-]{1,100}$`)

/** Texts of ceremonies, each in a file, written once and durable. */
export function textStore(home: string): TextStore {
  const pathOf = (key: string): string => {
    if (!KEY.test(key)) throw new TypeError('a key that is no file name')
    return join(home, 'ceremonies', key)
  }
  return {
    get: async (key) => {
      const bytes = await readIfThere(pathOf(key), 64 << 20)
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
    },
    put: (key, text) => writeBelow(pathOf(key), new TextEncoder().encode(text)),
  }
}

/** Writes a file durably, and makes its folder where there is none. */
async function writeBelow(path: string, bytes: Uint8Array): Promise<void> {
  await makeFolders(dirname(path), { mode: 0o700, durable: true }).catch((error: unknown) => {
    throw writeFailure(error, path)
  })
  await writeDurable(path, bytes)
}

// The client's own copy of its board's log, `log.jsonl`: a message a line, heads computed again when it is read. It is
// written as it comes in and synced before anything that builds on it goes out, so that no message of this client ever
// names as `seen` what a power cut could take from its disk. A last line that a crash cut off is dropped; the storage
// has it.

export interface ClientLog extends LogStore {
  /** Resolves when all that was appended before is on disk. @throws file.write-failed, … and always after that */
  readonly sync: () => Promise<void>
}

/** What a log needs of a disk. */
export interface LogFile {
  /** The whole file's text, or undefined where there is none. */
  readonly read: () => Promise<string | undefined>
  /** Makes it, or makes it anew; resolves when that is durable. */
  readonly replace: (text: string) => Promise<void>
  readonly append: (text: string) => Promise<void>
  /** Resolves when all that was appended is durable. */
  readonly sync: () => Promise<void>
}

/**
 * The log in a client's home.
 *
 * @param keep false to read without writing, beside a running client
 */
export function clientLog(home: string, keep = true, file: LogFile = logFile(join(home, 'log.jsonl'))): ClientLog {
  // What an earlier run appended may have been left to the system's care.
  let isSynced = !keep
  let last = Promise.resolve()
  const syncNow = async (): Promise<void> => {
    if (isSynced) return
    // Before the sync: what is appended while it runs waits for the next one.
    isSynced = true
    await file.sync()
  }
  return {
    load: async () => {
      const text = await file.read()
      const whole = text?.slice(0, text.lastIndexOf('\n') + 1) ?? ''
      if (keep && whole !== text) await file.replace(whole)
      const chain = new Chain()
      // A line that is no message is this machine's own damage, and says itself of what kind.
      return holding(() => whole.split('\n').slice(0, -1).map((line) => chain.append(line)), (broken) => broken.cause)
    },
    append: async (entries) => {
      if (!keep) return
      await file.append(entries.map((entry) => `${entry.text}\n`).join(''))
      isSynced = false
    },
    // After one that failed, all fail: a second try would succeed and prove nothing, for the system drops what it could
    // not write.
    sync: () => (last = last.then(syncNow)),
  }
}

/** The same board, but what the client read of it is on disk before anything is posted. */
export function keptFirst(board: Board, log: Pick<ClientLog, 'sync'>): Board {
  return {
    ...board,
    post: async (text) => {
      await log.sync()
      return await board.post(text)
    },
  }
}

/** No text that this program can hold is longer. */
const MOST_LOG = 2 ** 29 - 25

function logFile(path: string): LogFile {
  return {
    read: async () => {
      const bytes = await readIfThere(path, MOST_LOG)
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
    },
    replace: (text) => writeDurable(path, new TextEncoder().encode(text)),
    append: (text) => append(path, text),
    sync: () => syncFile(path),
  }
}

// Scripts by their hash: those that ship with keyrite, and those that were brought to this machine.

const MOST_SCRIPT = 256 * 1024

/** The shipped script, or the one in this client's home. */
export async function clientScript(home: string, hash: string): Promise<Script | undefined> {
  const shipped = shippedByHash(hash)
  if (shipped !== undefined) return shipped
  const folder = join(home, 'scripts')
  const names: readonly string[] = await readdir(folder).catch(() => [])
  if (!names.includes(`${hash}.yaml`)) return undefined
  const { script } = loadScript(await readBounded(join(folder, `${hash}.yaml`), MOST_SCRIPT), { file: `${hash}.yaml`, library: shippedLibrary })
  return script?.hash === hash ? script : undefined
}

/** Keeps a script that does not ship with keyrite in the client's home. */
export async function keepScript(home: string, script: Script): Promise<void> {
  if (shippedByHash(script.hash) !== undefined) return
  await writeBelow(join(home, 'scripts', `${script.hash}.yaml`), new TextEncoder().encode(script.source))
}
