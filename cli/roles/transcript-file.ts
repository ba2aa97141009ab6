/** Transcripts in files, read line by line: nobody knows how long one is before it is read. */
import { closeSync, openSync, readSync } from 'node:fs'
import { runError } from '../../engine/run/errors.ts'
import { MAX_LINE } from '../../engine/run/transcript.ts'
import { vaultError } from '../../engine/vault/errors.ts'
import { systemCode } from '../../engine/vault/file.ts'

const PIECE = 1 << 20

/** The lines of a transcript. @throws run.transcript for what is no UTF-8, too long, or cut off; vault.missing, vault.unreadable */
export function* transcriptLines(path: string): Generator<string> {
  const file = opened(path)
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const piece = new Uint8Array(PIECE)
    let rest = ''
    let line = 0
    const damaged = (why: string, cause?: unknown) => runError('transcript', { line: line + 1, why }, cause)
    for (;;) {
      const length = readSync(file, piece, 0, PIECE, null)
      try {
        rest += decoder.decode(piece.subarray(0, length), { stream: length > 0 })
      } catch (cause) {
        throw damaged('it is not UTF-8', cause)
      }
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const one of lines) {
        yield one
        line += 1
      }
      if (rest.length > MAX_LINE) throw damaged('it is too long')
      if (length === 0) break
    }
    if (rest !== '') throw damaged('it is cut off')
  } finally {
    closeSync(file)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw vaultError('missing', { path }, error)
    throw vaultError('unreadable', { path, why: systemCode(error) }, error)
  }
}
