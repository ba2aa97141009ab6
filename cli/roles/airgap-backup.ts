/** A backup of an airgap: an age file under a passphrase, and what to tell of it. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { airgapKeyOf } from '../../engine/run/airgap-verify.ts'
import { backupOf, backupSchema, EPOCH, restoredFrom } from '../../engine/run/memory.ts'
import type { AirgapMemory, BackedUp, Backup } from '../../engine/run/memory.ts'
import { readSealed, writeSealed } from '../../engine/vault/sealed.ts'
import { cliError } from '../errors.ts'
import { withProgress } from '../output.ts'
import { askPassphrase } from '../prompt.ts'
import { clockTime } from '../screen/ceremony.ts'
import { random } from './airgap-home.ts'
import { isThere } from './making.ts'

/** What is in a backup and what is not, without any secret. */
export interface BackupContents {
  /** The name on the airgap's card, or null before it was paired. */
  readonly name: string | null
  readonly airgapKey: string
  readonly kept: readonly { readonly ceremony: string; readonly script: string; readonly values: readonly string[]; readonly finishedAt: string }[]
  readonly scripts: readonly { readonly name: string; readonly hash: string }[]
  /** Ceremonies that were under way. */
  readonly left: readonly { readonly ceremony: string; readonly script: string }[]
}

export const contentsOf = ({ client, seed, kept, scripts, ceremonies }: BackedUp): BackupContents => ({
  name: client?.name ?? null,
  airgapKey: airgapKeyOf({ seed }),
  kept: Object.entries(kept).map(([ceremony, { opening, finishedAt, values }]) => ({
    ceremony, script: `${opening.script.name} ${opening.script.version}`, values: Object.keys(values), finishedAt,
  })),
  scripts: scripts.map(({ name, hash }) => ({ name, hash })),
  left: Object.entries(ceremonies).filter(([, { state }]) => state === 'left' || state === 'live')
    .map(([ceremony, { opening }]) => ({ ceremony, script: `${opening.script.name} ${opening.script.version}` })),
})

/** @throws cli.backup-there */
export async function refuseOverwriting(path: string): Promise<void> {
  if (await isThere(path)) throw cliError('backup-there', { path })
}

/** Writes a backup, on disk when it resolves. @throws cli.backup-there, vault.* */
export async function writeBackup(path: string, memory: AirgapMemory, passphrase: string, workFactor: number): Promise<BackupContents> {
  const backup = backupOf(memory, new Date())
  try {
    await withProgress('Encrypting', () => writeSealed({ path, passphrase, schema: backupSchema }, backup, workFactor))
  } catch (error) {
    if (isKeyriteError(error, 'vault.exists')) throw cliError('backup-there', { path }, error)
    throw error
  }
  return contentsOf(backup.memory)
}

/** Before anybody types a passphrase. @throws cli.no-backup */
export async function refuseMissing(path: string): Promise<void> {
  if (!(await isThere(path))) throw cliError('no-backup', { path })
}

/** Reads a backup, for an airgap that begins now. @throws vault.* */
export async function readBackup(path: string, passphrase: string): Promise<{ readonly madeAt: string; readonly memory: AirgapMemory }> {
  const backup = await withProgress('Decrypting', () => readSealed<Backup>({ path, passphrase, schema: backupSchema }))
  return { madeAt: backup.madeAt, memory: restoredFrom(backup, random(EPOCH)) }
}

/** The passphrase for what is written, where it is to be another one than for what was opened. */
export async function otherPassphrase(
  of: string, before: string, flags: { readonly 'new-passphrase': boolean; readonly 'new-passphrase-file': string | undefined }, signal: AbortSignal,
): Promise<string> {
  const file = flags['new-passphrase-file']
  return flags['new-passphrase'] || file !== undefined ? await askPassphrase({ of, file, isNew: true, signal }) : before
}

/** What a person is told of a backup. */
export function contentsLines({ name, kept, scripts, left }: BackupContents): string[] {
  const short = (ceremony: string): string => ceremony.slice(0, 12)
  return [
    'In it:',
    `  the seed${name === null ? '' : ` and the card of ${name}`}`,
    ...(kept.length === 0 ? ['  no share: none was made yet'] : []),
    ...kept.map((one) => `  the ${one.values.join(', ')} of ${one.script}, ceremony ${short(one.ceremony)}, of ${clockTime(Date.parse(one.finishedAt))}`),
    ...scripts.map((one) => `  the script ${one.name}, SHA-256 ${one.hash.slice(0, 16)}…`),
    ...(left.length === 0 ? ['Nothing is left out: this airgap is in the middle of no ceremony.'] : ['Not in it:']),
    ...left.map((one) => `  the session of ${one.script}, ceremony ${short(one.ceremony)}: not finished, as far as this airgap knows`),
  ]
}
