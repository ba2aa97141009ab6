/** The real commands, run from their sources, as `cli/bin.ts` runs them from the build. */
import { runProgram } from '../../program.ts'

await runProgram(import.meta.url)
