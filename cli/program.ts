/** Runs the command that the arguments name. */
import { Errors, flush, run, settings } from '@oclif/core'
import { EXIT, failureOf, failureText } from './errors.ts'

/**
 * Runs, and ends the process with a code other than 0 if it failed.
 *
 * @param url of the program's own file, whose package says where the commands are
 */
export async function runProgram(url: string): Promise<void> {
  // What runs is what was built, in a checkout too.
  settings.enableAutoTranspile = false
  try {
    await run(process.argv.slice(2), url)
    await flush()
  } catch (error) {
    // Commands have printed their own errors by then. What comes here unprinted is, say, an unknown command.
    if (error instanceof Errors.ExitError) process.exit(error.oclif.exit ?? EXIT.failure)
    const failure = failureOf(error, 'keyrite')
    process.stderr.write(`${failureText(failure)}\n`)
    if (process.env['DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
    process.exit(failure.exit)
  }
}
