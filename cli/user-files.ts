/** Files that a user named: in words, why one cannot be read or written. */
import { isKeyriteError } from '../engine/base/errors.ts'
import { systemCode } from '../engine/vault/files.ts'
import { cliError } from './errors.ts'

/** In words, for files that are not of a vault. */
export function whyUnreadable(error: unknown): string {
  if (isKeyriteError(error, 'vault.missing')) return 'there is no such file'
  if (isKeyriteError(error, 'vault.too-large')) return `it is larger than ${error.facts.most} bytes`
  const why = isKeyriteError(error, 'vault.unreadable') ? error.facts.why : undefined
  if (why === 'EISDIR') return 'it is a folder'
  if (why === 'EACCES' || why === 'EPERM') return 'this user may not read it'
  return why ?? String(error)
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder is not there',
  ENOTDIR: 'a part of its path is a file',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
}

/** @returns cli.file-exists, cli.file-write */
export function writeFailure(error: unknown, path: string): unknown {
  if (isKeyriteError(error, 'vault.exists')) return cliError('file-exists', { path }, error)
  const cause = isKeyriteError(error) ? error.cause : error
  const code = systemCode(cause)
  return cliError('file-write', { path, why: REASONS[code] ?? code }, error)
}
