/** Transcripts in files, read line by line, since their length is not known before. */
import { closeSync, openSync, readSync } from 'node:fs'
import { runError } from '../../engine/run/errors.ts'
import { isSignatureExport } from '../../engine/run/signatures.ts'
import { MAX_LINE } from '../../engine/run/transcript.ts'
import { readBounded, readFailure } from '../../engine/base/files.ts'

/** The most bytes of a file of signatures. */
const MOST_SIGNATURES = 256 << 20

/**
 * The text of a file of signatures; undefined for any other file, such as a transcript. @throws file.missing,
 * file.too-large
 */
export async function isSignatureFile(path: string): Promise<string | undefined> {
  const [first = ''] = readTranscriptFile(path, true)
  if (!first.trimStart().startsWith('{') || first.includes('"keyrite":"transcript/')) return undefined
  const text = new TextDecoder('utf-8').decode(await readBounded(path, MOST_SIGNATURES))
  return isSignatureExport(text) ? text : undefined
}

const PIECE = 1 << 20

/**
 * The lines of a transcript. A missing file is refused at once, before anybody types a passphrase.
 *
 * @param isLoose true where the file may be something else: text that is not UTF-8, or is cut off, is then no error
 * @throws run.transcript for text that is not UTF-8, too long, or cut off; file.missing, file.unreadable
 */
export function readTranscriptFile(path: string, isLoose = false): Iterable<string> {
  closeSync(opened(path))
  return linesIn(path, isLoose)
}

function* linesIn(path: string, isLoose: boolean): Generator<string> {
  const file = opened(path)
  try {
    const decoder = new TextDecoder('utf-8', { fatal: !isLoose, ignoreBOM: true })
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
    if (rest === '') return
    if (!isLoose) throw damaged('it is cut off')
    yield rest
  } finally {
    closeSync(file)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw readFailure(error, path)
  }
}
