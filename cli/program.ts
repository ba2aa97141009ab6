/** Runs the command that the arguments name. */
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ExitError } from '@oclif/core/errors'
import { flush } from '@oclif/core/flush'
import { run } from '@oclif/core/run'
import { settings } from '@oclif/core/settings'
import { cliError, EXIT, failureOf, failureText } from './errors.ts'

/**
 * Runs the command, and ends the process with a code other than 0 if it failed.
 *
 * @param url of the program's own file, whose package says where the commands are
 */
export async function runProgram(url: string): Promise<void> {
  // The built files are run, in a checkout too.
  settings.enableAutoTranspile = false
  try {
    refuseStaleManifest(url)
    await run(process.argv.slice(2), url)
    await flush()
  } catch (error) {
    // Commands have printed their own errors already. An unknown command, for one, has not been printed.
    if (error instanceof ExitError) process.exit(error.oclif.exit ?? EXIT.failure)
    const failure = failureOf(error, 'keyrite')
    process.stderr.write(`${failureText(failure)}\n`)
    if (process.env['DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
    process.exit(failure.exit)
  }
}

/**
 * oclif knows the commands and their flags from the manifest alone, so it must belong to this build. In a checkout the
 * compiler leaves a file with its time. The package has no such file, since there both were made together.
 *
 * @throws cli.stale-manifest where something was compiled after the manifest was written
 */
function refuseStaleManifest(url: string): void {
  const manifest = fileURLToPath(new URL('../../oclif.manifest.json', url))
  const [compiled, written] = [new URL('../.tsbuildinfo', url), manifest].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs)
  if (compiled !== undefined && written !== undefined && compiled > written) throw cliError('stale-manifest', { file: manifest })
}
