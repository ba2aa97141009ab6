/**
 * An airgap's home:
 *
 *   airgap/keyring.age   wrapped by the passphrase
 *   airgap/vault.age     the seed, the card, sessions, shares, added scripts
 *   airgap/page-port     the port of its page
 *   airgap/parts         the parts that have crossed of one request or answer, as they crossed; nothing in them is secret
 */
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { isThere } from '../../engine/base/files.ts'
import { cut } from '../../engine/base/text.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { airgapKeyOf } from '../../engine/run/airgap-verify.ts'
import { backupOf, backupSchema, EPOCH, memorySchema, restoredFrom } from '../../engine/run/memory.ts'
import type { AirgapMemory, BackedUp, Backup, MemoryStore } from '../../engine/run/memory.ts'
import { crlfHash, loadScript, shippedByCrlfHash, shippedByHash, shippedLibrary } from '../../engine/script/load.ts'
import { checkSealed, createKeyring, openKeyring, readSealed, writeSealed } from '../../engine/vault/age.ts'
import { createVault, openVault } from '../../engine/vault/vault.ts'
import { cliError } from '../errors.ts'
import { makeHome, makeInside, refuseAnother, rolePath } from '../home.ts'
import { withProgress } from '../output.ts'
import { askLine, askPassphrase } from '../prompt.ts'
import { clockTime } from '../../engine/base/time.ts'
import { random } from '../random.ts'

const vaultPath = (home: string): string => join(home, 'vault.age')
export const partsPath = (home: string): string => join(home, 'parts')

/** Makes an airgap's home around a memory. @throws file.exists where there is one, lock.held */
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
  /** Finds a script by its hash: a shipped one, or one that the owner added. */
  readonly script: (hash: string) => Script | undefined
  /** The one of those that has this hash once its lines end with CR LF. */
  readonly crlfScript: (hash: string) => Script | undefined
  readonly close: () => Promise<void>
}

/** The name on its client's card; empty where it is not paired. */
export const ownerOf = ({ memory }: OpenAirgap): string => memory.read().client?.name ?? ''

/**
 * Refuses to make a second airgap, before anybody chooses a passphrase. @throws file.exists where there is an airgap
 * already, cli.home
 */
export async function refuseAnotherAirgap(): Promise<void> {
  await refuseAnother(vaultPath(await makeHome('airgap')))
}

export interface Unlocking {
  readonly file: string | undefined
  readonly signal: AbortSignal
}

/** Asks for the passphrase of this home's airgap. @throws cli.no-airgap, cli.no-terminal, vault.passphrase, … */
export async function airgapPassphrase({ file, signal }: Unlocking): Promise<string> {
  const home = rolePath('airgap')
  if (!(await isThere(vaultPath(home)))) throw cliError('no-airgap', { home })
  return await askPassphrase({ of: 'this airgap’s vault', file, signal })
}

/**
 * Asks for the passphrase and unlocks this home's airgap, whose lock it holds. @throws cli.no-airgap,
 * vault.wrong-passphrase, lock.held, …
 */
export async function unlockedAirgap(use: Unlocking): Promise<OpenAirgap> {
  return await unlockAirgap(await airgapPassphrase(use))
}

/**
 * Unlocks this home's airgap with a passphrase that was asked for already. @throws cli.no-airgap,
 * vault.wrong-passphrase, lock.held, …
 */
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
      const crlfScript = (hash: string): Script | undefined => shippedByCrlfHash(hash) ?? addedByHash(vault.read(), vault.read().scripts.find((one) => crlfHash(one) === hash)?.hash)
      return { home, memory: vault, script, crlfScript, close: () => vault.close() }
    })
  } catch (error) {
    if (isKeyriteError(error, 'file.missing')) throw cliError('no-airgap', { home }, error)
    throw error
  }
}

function addedByHash(memory: AirgapMemory, hash: string | undefined): Script | undefined {
  const added = memory.scripts.find((one) => one.hash === hash)
  if (added === undefined) return undefined
  const { script } = loadScript(added.source, { file: `${added.name}.yaml`, library: shippedLibrary })
  return script?.hash === hash ? script : undefined
}

// A backup of an airgap: an age file under a passphrase, and what people are told of it.

/** The contents of a backup, and what is not in it, without any secret. */
export interface BackupContents {
  /** The name on the airgap's card, or null before it was paired. */
  readonly name: string | null
  readonly airgapKey: string
  readonly kept: readonly { readonly ceremony: string; readonly script: string; readonly values: readonly string[]; readonly finishedAt: string }[]
  readonly scripts: readonly { readonly name: string; readonly hash: string }[]
  /** Ceremonies that were under way, whose sessions are not in it. */
  readonly left: readonly { readonly ceremony: string; readonly script: string }[]
}

export const contentsOf = ({ client, seed, archive, scripts, sessions }: BackedUp): BackupContents => ({
  name: client?.name ?? null,
  airgapKey: airgapKeyOf({ seed }),
  kept: Object.entries(archive).map(([ceremony, { opening, finishedAt, values }]) => ({
    ceremony, script: `${opening.script.name} ${opening.script.version}`, values: Object.keys(values), finishedAt,
  })),
  scripts: scripts.map(({ name, hash }) => ({ name, hash })),
  left: Object.entries(sessions).filter(([, { state }]) => state === 'left' || state === 'live')
    .map(([ceremony, { opening }]) => ({ ceremony, script: `${opening.script.name} ${opening.script.version}` })),
})

/** @throws cli.backup-there */
export async function refuseOverwriting(path: string): Promise<void> {
  if (await isThere(path)) throw cliError('backup-there', { path })
}

/** Writes a backup, which is on disk when this resolves. @throws cli.backup-there, file.* */
export async function writeBackup(path: string, memory: AirgapMemory, passphrase: string, workFactor: number): Promise<BackupContents> {
  const backup = backupOf(memory, new Date())
  try {
    await withProgress('Encrypting', () => writeSealed({ path, passphrase, schema: backupSchema }, backup, workFactor))
  } catch (error) {
    if (isKeyriteError(error, 'file.exists')) throw cliError('backup-there', { path }, error)
    throw error
  }
  return contentsOf(backup.memory)
}

/** Refuses what can be no backup, before anybody types a passphrase. @throws cli.no-backup, vault.truncated, vault.altered, vault.armored, container.not-text, file.* */
export async function refuseNoBackup(path: string): Promise<void> {
  if (!(await isThere(path))) throw cliError('no-backup', { path })
  await checkSealed(path)
}

/** Reads a backup as the memory of a new airgap. @throws file.*, vault.* */
export async function readBackup(path: string, passphrase: string): Promise<{ readonly madeAt: string; readonly memory: AirgapMemory }> {
  const backup = await withProgress('Decrypting', () => readSealed<Backup>({ path, passphrase, schema: backupSchema }))
  return { madeAt: backup.madeAt, memory: restoredFrom(backup, random(EPOCH)) }
}

/** The passphrase for a file that is written: the one that opened the vault, or another where the flags say so. */
export async function otherPassphrase(
  of: string, before: string, flags: { readonly 'new-passphrase': boolean; readonly 'new-passphrase-file': string | undefined }, signal: AbortSignal,
): Promise<string> {
  const file = flags['new-passphrase-file']
  return flags['new-passphrase'] || file !== undefined ? await askPassphrase({ of, file, isNew: true, signal }) : before
}

/** The lines that tell a person of a backup. */
export function contentsLines({ name, kept, scripts, left }: BackupContents): string[] {
  const short = (ceremony: string): string => ceremony.slice(0, 12)
  return [
    'In it:',
    `  the seed${name === null ? '' : ` and the card of ${name}`}`,
    ...(kept.length === 0 ? ['  no share: none was made yet'] : []),
    ...kept.map((one) => `  the ${one.values.join(', ')} of ${one.script}, ceremony ${short(one.ceremony)}, of ${clockTime(Date.parse(one.finishedAt))}`),
    ...scripts.map((one) => `  the script ${one.name}, SHA-256 ${cut(one.hash, 16)}`),
    ...(left.length === 0 ? ['Nothing is left out: this airgap is in the middle of no ceremony.'] : ['Not in it:']),
    ...left.map((one) => `  the session of ${one.script}, ceremony ${short(one.ceremony)}: not finished, as far as this airgap knows`),
  ]
}

// The 24 words are shown once, two of them are typed back, and they are wiped off the screen.

const CLEAR = '\u001b[2J\u001b[3J\u001b[H'

/** @throws cli.no-terminal where there is no terminal to show them on */
export async function showWords(mnemonic: string, signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw cliError('no-terminal', { what: 'A screen to show the 24 words on', flag: '--mnemonic-file FILE' })
  const words = mnemonic.split(' ')
  const cell = (i: number) => `${String(i + 1).padStart(2)}. ${words[i] ?? ''}`.padEnd(16)
  const rows = Array.from({ length: 6 }, (_, row) => [0, 6, 12, 18].map((column) => cell(row + column)).join(' '))
  process.stderr.write(`\nWrite these 24 words on paper, in this order. They will not be shown again.\n\n${rows.map((row) => `   ${row}`).join('\n')}\n\n`)
  try {
    for (const at of twoOf(words.length)) {
      await askLine(`Word ${String(at + 1)} of your paper:`, '--mnemonic-file FILE', (answer) =>
        answer.trim().toLowerCase() === words[at] ? undefined : 'That is not the word. Look at your paper again.', signal)
    }
  } finally {
    // They are wiped also where Ctrl-C ends the questions.
    process.stderr.write(`${CLEAR}The words are wiped from this screen.\n`)
  }
}

function twoOf(count: number): readonly number[] {
  const first = randomInt(count)
  return [first, (first + 1 + randomInt(count - 1)) % count].sort((a, b) => a - b)
}
