/** An airgap's home, made by the command. */
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { memorySchema } from '../../../engine/run/memory.ts'
import type { AirgapMemory } from '../../../engine/run/memory.ts'
import { openKeyring } from '../../../engine/vault/age.ts'
import { readVault } from '../../../engine/vault/vault.ts'
import { KEYRITE } from '../keyrite/run.ts'
import { outcome } from '../probe.ts'
import type { Outcome } from '../probe.ts'

/** Runs a command with a home. */
export const inHome = (home: string, args: readonly string[]): Promise<Outcome> =>
  outcome(spawn(KEYRITE[0], [...KEYRITE.slice(1), ...args], { env: { ...process.env, KEYRITE_HOME: home, DEBUG: undefined, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] }))

/** Makes `folder/passphrase`, `folder/words` and an airgap in `home`. Gives the airgap's half of every card. */
export async function makeAirgap(folder: string, home: string): Promise<{ readonly airgapKey: string; readonly epoch: string }> {
  await writeFile(join(folder, 'passphrase'), 'a passphrase of tests\n')
  const made = await inHome(home, ['airgap', 'init', '--passphrase-file', join(folder, 'passphrase'), '--mnemonic-file', join(folder, 'words'), '--work-factor', '10', '--json'])
  expect(made.code, made.stdout + made.stderr).to.equal(0)
  const keyring = await openKeyring(join(home, 'airgap'), 'a passphrase of tests')
  const { epoch } = await readVault<AirgapMemory>({ path: join(home, 'airgap', 'vault.age'), keyring, schema: memorySchema })
  return { ...(JSON.parse(made.stdout) as { airgapKey: string }), epoch }
}
