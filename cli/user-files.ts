/** Errors about files that a user named. */
import { whyNot } from '../engine/base/files.ts'
import { isKeyriteError } from '../engine/base/errors.ts'
import { cliError } from './errors.ts'

/** The error for a file that a user named and that could not be written. @returns cli.file-exists, cli.file-write */
export function notWritten(error: unknown, path: string): unknown {
  if (isKeyriteError(error, 'file.exists')) return cliError('file-exists', { path }, error)
  return cliError('file-write', { path, why: whyNot('write', error) }, error)
}
