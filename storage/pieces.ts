/**
 * Long answers, a piece at a time: what a reader that takes nothing costs is then one piece, and not a whole page with
 * everything in it escaped.
 */
import type { ServerResponse } from 'node:http'
import type { Entry } from '../engine/wire/board.ts'
import { storageError } from './errors.ts'

/** Characters of a piece before they are escaped, about. */
export const PIECE = 32 << 10

/** An entry as JSON. */
export function* entryPieces({ offset, head, text }: Entry): Generator<string> {
  yield `{"offset":${offset},"head":${JSON.stringify(head)},"text":"`
  // Two halves of a character that is cut in two are escaped, and are that character again when they are read.
  for (let at = 0; at < text.length; at += PIECE) yield JSON.stringify(text.slice(at, at + PIECE)).slice(1, -1)
  yield '"}'
}

/** A page of entries as JSON, with the pin that was the log's end. */
export function* pagePieces(entries: readonly Entry[], { offset, head }: Omit<Entry, 'text'>): Generator<string> {
  yield '{"messages":['
  for (const [i, entry] of entries.entries()) {
    if (i > 0) yield ','
    yield* entryPieces(entry)
  }
  yield `],"head":${JSON.stringify({ offset, head })}}`
}

/** Puts short texts together, so that each is not a packet of its own. */
export function* gathered(texts: Iterable<string>): Generator<string> {
  let piece = ''
  for (const text of texts) {
    piece += text
    if (piece.length < PIECE) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

/** Calls once, when an answer is out or cannot be any more. One that waits behind another on its connection never says that it is closed. */
export function onceGone(response: ServerResponse, call: () => void): void {
  const { socket } = response.req
  let isGone = false
  const gone = (): void => {
    // One says it while the other does, and is heard all the same.
    if (isGone) return
    isGone = true
    response.off('close', gone)
    socket.off('close', gone)
    call()
  }
  response.once('close', gone)
  socket.once('close', gone)
  if (socket.destroyed) gone()
}

/** Bounds the bytes of all answers that are held whole while they go out. */
export interface Holding {
  /** Until the answer is gone. @throws storage.busy */
  hold(response: ServerResponse, bytes: number): void
}

export function holding(total: number): Holding {
  let held = 0
  return {
    hold(response, bytes) {
      if (held + bytes > total) throw storageError('busy', { why: 'it is sending too much at once', seconds: 1 })
      held += bytes
      onceGone(response, () => (held -= bytes))
    },
  }
}
