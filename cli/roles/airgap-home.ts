/**
 * An airgap's home:
 *
 *   airgap/keyring.age   wrapped by the passphrase
 *   airgap/vault.age     the seed, the card, sessions, shares, added scripts
 *   airgap/page-port     the port of its page
 *   airgap/parts         what crossed of the one request that comes, or is answered, in parts: as it crossed, nothing in it is secret
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { memorySchema } from '../../engine/run/memory.ts'
import type { AirgapMemory, MemoryStore } from '../../engine/run/memory.ts'
import { loadScript } from '../../engine/script/load.ts'
import { shippedByHash, shippedLibrary } from '../../engine/script/shipped.ts'
import { createKeyring, openKeyring } from '../../engine/vault/keyring.ts'
import { createVault, openVault } from '../../engine/vault/vault.ts'
import { cliError } from '../errors.ts'
import { makeHome, rolePath } from '../home.ts'
import { withProgress } from '../output.ts'
import { askPassphrase } from '../prompt.ts'
import { isThere, makeInside, refuseAnother } from './making.ts'

export const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length))

const vaultPath = (home: string): string => join(home, 'vault.age')
export const partsPath = (home: string): string => join(home, 'parts')

/** Makes an airgap's home around a memory. @throws vault.exists where there is one, vault.locked */
export async function createAirgapHome(memory: AirgapMemory, passphrase: string, workFactor?: number): Promise<string> {
  const home = await makeHome('airgap')
  await makeInside(home, vaultPath(home), async () => {
    const keyring = await createKeyring(home, passphrase, workFactor === undefined ? {} : { workFactor })
    await createVault({ path: vaultPath(home), keyring, schema: memorySchema }, memory)
  })
  return home
}

export interface OpenAirgap {
  readonly home: string
  readonly memory: MemoryStore
  /** By hash: a shipped script, or one that its owner added. */
  readonly script: (hash: string) => Script | undefined
  readonly close: () => Promise<void>
}

/** Before anybody chooses a passphrase. @throws vault.exists where there is an airgap already, cli.home */
export async function refuseAnotherAirgap(): Promise<void> {
  await refuseAnother(vaultPath(await makeHome('airgap')))
}

export interface Unlocking {
  readonly file: string | undefined
  readonly signal: AbortSignal
}

/** The passphrase of this home's airgap. @throws cli.no-airgap, cli.no-terminal, vault.passphrase, … */
export async function airgapPassphrase({ file, signal }: Unlocking): Promise<string> {
  const home = rolePath('airgap')
  if (!(await isThere(vaultPath(home)))) throw cliError('no-airgap', { home })
  return await askPassphrase({ of: 'this airgap’s vault', file, signal })
}

/** Unlocks this home's airgap, alone on it. @throws cli.no-airgap, vault.wrong-passphrase, vault.locked, … */
export async function unlockedAirgap(use: Unlocking): Promise<OpenAirgap> {
  return await unlockAirgap(await airgapPassphrase(use))
}

/** The same with a passphrase that was asked for already. @throws cli.no-airgap, vault.wrong-passphrase, vault.locked, … */
export async function unlockAirgap(passphrase: string): Promise<OpenAirgap> {
  const home = rolePath('airgap')
  try {
    return await withProgress('Unlocking', async () => {
      const keyring = await openKeyring(home, passphrase)
      const vault = await openVault<AirgapMemory>({ path: vaultPath(home), keyring, schema: memorySchema })
      const known = new Map<string, Script>()
      const script = (hash: string): Script | undefined => {
        const found = known.get(hash) ?? shippedByHash(hash) ?? addedByHash(vault.read(), hash)
        if (found !== undefined) known.set(hash, found)
        return found
      }
      return { home, memory: vault, script, close: () => vault.close() }
    })
  } catch (error) {
    if (isKeyriteError(error, 'vault.missing')) throw cliError('no-airgap', { home }, error)
    throw error
  }
}

function addedByHash(memory: AirgapMemory, hash: string): Script | undefined {
  const added = memory.scripts.find((one) => one.hash === hash)
  if (added === undefined) return undefined
  const { script } = loadScript(added.source, { file: `${added.name}.yaml`, library: shippedLibrary })
  return script?.hash === hash ? script : undefined
}
