/** Transcripts in files, read piece by piece: nobody knows how long one is before it is read. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { CONTAINER_HEAD, containerIn, refuseContainer } from '../../engine/base/container.ts'
import { isSignatureExport } from '../../engine/run/signatures.ts'
import { readBounded, readFailure } from '../../engine/base/files.ts'

/** The most bytes that a file of signatures may have. */
const MOST_SIGNATURES = 256 << 20

/** The first line's beginning: one of a ceremony that follows another has that one's script first. */
const TRANSCRIPT = /^\{"(?:keyrite":"transcript\/|follows":)/

/** A file of signatures, as text; undefined for any other file, a transcript perhaps. @throws file.missing, file.too-large */
export async function isSignatureFile(path: string): Promise<string | undefined> {
  const head = beginning(path)
  const begins = new TextDecoder('utf-8').decode(head).trimStart()
  if (!begins.startsWith('{') || TRANSCRIPT.test(begins) || containerIn(head) !== undefined) return undefined
  // A wrong byte is found by the verification of the text: no signature holds for it.
  const text = new TextDecoder('utf-8').decode(await readBounded(path, MOST_SIGNATURES))
  return isSignatureExport(text) ? text : undefined
}

const PIECE = 1 << 20

/**
 * The bytes of a transcript's file in pieces. A file that is not there is refused at once, before anybody types a passphrase.
 *
 * @throws file.missing, file.unreadable
 */
export function readTranscriptFile(path: string): Iterable<Uint8Array> {
  closeSync(opened(path))
  return piecesIn(path, PIECE)
}

/** Refuses what is no text at all, before anybody types a passphrase. A pipe's beginning can be read once only, and is not. @throws container.not-text, file.missing */
export function refuseNoText(path: string): void {
  const file = opened(path)
  const isPlain = fstatSync(file).isFile()
  closeSync(file)
  if (isPlain) refuseContainer(beginning(path), path)
}

function beginning(path: string): Uint8Array {
  for (const piece of piecesIn(path, CONTAINER_HEAD)) return piece
  return new Uint8Array()
}

function* piecesIn(path: string, size: number): Generator<Uint8Array> {
  const file = opened(path)
  try {
    for (;;) {
      const piece = new Uint8Array(size)
      const length = readSync(file, piece, 0, size, null)
      if (length === 0) return
      yield piece.subarray(0, length)
    }
  } catch (error) {
    throw readFailure(error, path)
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
