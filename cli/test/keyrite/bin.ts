/** The real commands, run from their sources: what `cli/bin.ts` runs from the build. */
import { runProgram } from '../../program.ts'

await runProgram(import.meta.url)
