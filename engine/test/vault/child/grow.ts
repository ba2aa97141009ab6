/** Tries to make a vault larger than the process's file size limit allows, and prints the result. */
import { openKeyring } from '../../../vault/age.ts'
import { openVault } from '../../../vault/vault.ts'
import { codeOf, PASSPHRASE, schema } from '../home.ts'
import type { Value } from '../home.ts'

const [home = ''] = process.argv.slice(2)
const keyring = await openKeyring(home, PASSPHRASE)
const vault = await openVault<Value>({ path: `${home}/vault.age`, keyring, schema })
const code = await codeOf(vault.update((value) => ({ ...value, counter: 2, filler: 'x'.repeat(2_000_000) })))
process.stdout.write(`${code} ${String(vault.read().counter)}\n`)
