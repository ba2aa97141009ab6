/**
 * The built program, but with an airgap that cheats in its statements:
 *
 *     cheating.ts FAULT SCRIPT NAMES ARGUMENTS…
 *
 * A fault is written as for `keyrite ceremony simulate`. The program itself takes none.
 */
import type * as Shipped from '../../../engine/script/load.ts'
import type * as Faults from '../../../engine/simulate/faults.ts'
import { seededRandom } from '../../../engine/simulate/simulate.ts'
import type * as Implementations from '../../../engine/verbs/implementations.ts'
import type * as Program from '../../program.ts'

/** A module of the build, shared with the program's own commands. */
const built = <T>(path: string): Promise<T> => import(new URL(`../../../dist/${path}`, import.meta.url).href) as Promise<T>

const [fault = '', scriptName = '', names = '', ...args] = process.argv.slice(2)
const { tamperingOf } = await built<typeof Faults>('engine/simulate/faults.js')
const { readShipped } = await built<typeof Shipped>('engine/script/load.js')
const { verbs } = await built<typeof Implementations>('engine/verbs/implementations.js')
const { runProgram } = await built<typeof Program>('cli/program.js')

const [tampering] = Object.values(tamperingOf([fault], { script: readShipped(scriptName), verbs, random: seededRandom(fault), names: names.split(',') }))
if (tampering?.airgapVerbs === undefined) throw new TypeError(`${fault} is no fault of an airgap’s verbs`)
Object.assign(verbs.airgap, tampering.airgapVerbs.airgap)
process.argv.splice(2, Infinity, ...args)
await runProgram(new URL('../../../dist/cli/bin.js', import.meta.url).href)
