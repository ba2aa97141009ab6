/** Takes a home's lock, says so, and holds it until it is killed; prints the error's code if it cannot. */
import { lockHome } from '../../../base/lock.ts'
import { codeOf } from '../home.ts'

const [home = ''] = process.argv.slice(2)
process.stdout.write(`${await codeOf(lockHome(home))}\n`)
setInterval(() => undefined, 1000)
