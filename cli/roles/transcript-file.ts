import { MAX_TRANSCRIPT } from '../../engine/run/transcript.ts'
import { runError } from '../../engine/run/errors.ts'
import { readBounded } from '../../engine/vault/file.ts'

/** A transcript's text. @throws run.transcript for what is no UTF-8, vault.missing, vault.too-large */
export async function readTranscriptFile(path: string): Promise<string> {
  const bytes = await readBounded(path, MAX_TRANSCRIPT)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    const before = new TextDecoder().decode(bytes).split('\ufffd')[0] ?? ''
    throw runError('transcript', { line: before.split('\n').length, why: 'it is not UTF-8' }, cause)
  }
}
