/** Looks for secrets in places where none may be. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { readPng } from '../../../engine/channel/png.ts'
import { makeReceiver } from '../../../engine/channel/transfer.ts'
import { memorySchema } from '../../../engine/run/memory.ts'
import type { AirgapMemory, Archived } from '../../../engine/run/memory.ts'
import { openKeyring } from '../../../engine/vault/age.ts'
import { readVault } from '../../../engine/vault/vault.ts'
import type { Person, World } from './world.ts'

async function memoryOf(home: string, passphraseFile: string): Promise<AirgapMemory> {
  const airgap = join(home, 'airgap')
  const keyring = await openKeyring(airgap, (await readFile(passphraseFile, 'utf8')).trimEnd())
  return await readVault<AirgapMemory>({ path: join(airgap, 'vault.age'), keyring, schema: memorySchema })
}

/** The archive of an airgap. Secret. */
export const keptOf = async (home: string, passphraseFile: string): Promise<Readonly<Record<string, Archived>>> =>
  (await memoryOf(home, passphraseFile)).archive

/** A secret in one of the forms in which it might leak. */
export interface Form {
  readonly form: Buffer
}

/** The join token, and each person's words, passphrase, seed, shares and client secrets, in every form. */
export async function secretsOf(world: Pick<World, 'token'>, people: readonly Person[]): Promise<readonly Form[]> {
  const line = async (path: string): Promise<string> => (await readFile(path, 'utf8')).trimEnd()
  const texts = [await line(world.token)]
  const hexes: string[] = []
  for (const { home, passphrase, words } of people) {
    const mnemonic = (await line(words)).split(' ')
    texts.push(await line(passphrase), ...[0, 6, 12, 18].map((from) => mnemonic.slice(from, from + 4).join(' ')))
    const { seed, archive } = await memoryOf(home, passphrase)
    hexes.push(seed, seed.slice(0, 64), ...Object.values(archive).flatMap(({ values }) => sharesIn(values)))
    const keyring = await openKeyring(join(home, 'client'), await line(passphrase))
    const { signingSeed } = await readVault<{ signingSeed: string }>({ path: join(home, 'client', 'client.age'), keyring, schema: { type: 'object' } })
    hexes.push(signingSeed)
  }
  return [
    ...texts.map((text) => Buffer.from(text)),
    ...hexes.flatMap((hex) => [Buffer.from(hex), Buffer.from(hex.toUpperCase()), Buffer.from(hex, 'hex'), Buffer.from(Buffer.from(hex, 'hex').toString('base64').slice(0, 40))]),
  ].map((form) => ({ form }))
}

/** The secret scalars in an archived value: of a share only the 32 bytes of the scalar are secret. */
function sharesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, part]) => (name === 'share' && typeof part === 'string' ? [part] : sharesIn(part)))
}

/** The files in which secrets belong, encrypted or by their owner's wish. */
const OWN_PLACES = new Set(['passphrase', 'words', 'mnemonic', 'token', 'join-token'])

/** Every file below a folder, except secrets' own files. QR images are read as the text that they carry. */
export async function textsOf(folder: string): Promise<Map<string, Buffer>> {
  const texts = new Map<string, Buffer>()
  const transfers = new Map<string, ReturnType<typeof makeReceiver>>()
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  for (const { parentPath, name } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(parentPath, name)
    if (OWN_PLACES.has(basename(path))) continue
    const bytes = await readFile(path)
    texts.set(path, bytes)
    if (!name.endsWith('.png')) continue
    const receiver = transfers.get(dirname(path)) ?? makeReceiver()
    transfers.set(dirname(path), receiver)
    const frame = readPng(bytes)
    const received = frame === null ? undefined : receiver.receive(frame)
    if (received?.state === 'complete') texts.set(`${dirname(path)}: text`, Buffer.from(received.text))
  }
  return texts
}
