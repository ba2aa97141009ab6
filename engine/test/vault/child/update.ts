/** Updates a vault for ever and prints each counter once its update is acknowledged. Killed by its parent. */
import { openKeyring } from '../../../vault/age.ts'
import { openVault } from '../../../vault/vault.ts'
import { PASSPHRASE, schema } from '../home.ts'
import type { Value } from '../home.ts'

const [home = ''] = process.argv.slice(2)
const keyring = await openKeyring(home, PASSPHRASE)
const vault = await openVault<Value>({ path: `${home}/vault.age`, keyring, schema })
for (;;) {
  await vault.update((value) => ({ ...value, counter: value.counter + 1 }))
  process.stdout.write(`${String(vault.read().counter)}\n`)
}
