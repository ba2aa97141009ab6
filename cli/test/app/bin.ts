/** The program around the probe commands: what `cli/bin.ts` runs, with this folder as its package. */
import { runProgram } from '../../program.ts'

await runProgram(import.meta.url)
