/** Runs the command that the arguments name. */
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ExitError } from '@oclif/core/errors'
import { flush } from '@oclif/core/flush'
import { run } from '@oclif/core/run'
import { settings } from '@oclif/core/settings'
import { cliError, EXIT, failureOf, failureText } from './errors.ts'

/**
 * Runs, and ends the process with a code other than 0 if it failed.
 *
 * @param url of the program's own file, whose package says where the commands are
 */
export async function runProgram(url: string): Promise<void> {
  // What runs is what was built, in a checkout too.
  settings.enableAutoTranspile = false
  try {
    refuseStaleManifest(url)
    await run(process.argv.slice(2), url)
    await flush()
  } catch (error) {
    // Commands have printed their own errors by then. What comes here unprinted is, say, an unknown command.
    if (error instanceof ExitError) process.exit(error.oclif.exit ?? EXIT.failure)
    const failure = failureOf(error, 'keyrite')
    process.stderr.write(`${failureText(failure)}\n`)
    if (process.env['DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
    process.exit(failure.exit)
  }
}

/**
 * The manifest tells oclif the commands and their flags without a look at them, so it must be of this build. In a checkout the compiler
 * leaves a file of its own, which the package has not: there, both were made in one go.
 *
 * @throws cli.stale-manifest where something was compiled after it was written
 */
function refuseStaleManifest(url: string): void {
  const manifest = fileURLToPath(new URL('../../oclif.manifest.json', url))
  const [compiled, written] = [new URL('../.tsbuildinfo', url), manifest].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs)
  if (compiled !== undefined && written !== undefined && compiled > written) throw cliError('stale-manifest', { file: manifest })
}
