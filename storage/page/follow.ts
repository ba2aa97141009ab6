/**
 * Reads a board for as long as the page is open, with the same client that everybody uses, and tells the screen how
 * that goes. It stops for good where the storage shows another log.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { Board } from '../../engine/wire/board.ts'
import type { Progress } from '../client.ts'
import type { BoardFold } from './fold.ts'
import type { Link } from './talk.ts'

export interface FollowUse {
  /** Connects to the board. */
  readonly connect: (onProgress: (progress: Progress) => void) => Board
  readonly fold: BoardFold
  /** Hears of every entry that was taken, and of every change of the connection. */
  readonly onChange: (link: Link) => void
  readonly now: () => number
  readonly pause: (milliseconds: number) => Promise<void>
  readonly signal: AbortSignal
}

/** Milliseconds before an attachment is asked for again. */
const TRY_AGAIN = 2000
/** Entries after which the worker's other tasks have their turn. */
const TURN = 100

/** @throws an error that is not the storage's doing: trying again does not help */
export async function follow({ connect, fold, onChange, now, pause, signal }: FollowUse): Promise<void> {
  let progress: Progress = { isLive: false, end: -1 }
  let since: number | null = null
  const tell = (): void => {
    since = null
    onChange(progress.isLive ? { kind: 'live' } : { kind: 'reading', done: fold.pin.offset + 1, total: progress.end + 1 })
  }
  const lost = (error: Error): void => {
    since ??= now()
    onChange({ kind: 'lost', why: whyOf(error), since })
  }
  const board = connect((next) => {
    progress = next
    if (next.isLive) tell()
  })

  async function attachmentOf(hash: string): Promise<Uint8Array | undefined> {
    while (!signal.aborted) {
      try {
        return await board.getAttachment(hash)
      } catch (error) {
        if (!isKeyriteError(error) || error.code === 'board.tampered') throw error
        lost(error)
        await pause(TRY_AGAIN)
      }
    }
    return undefined
  }

  try {
    for await (const entry of board.follow(fold.pin, signal, lost)) {
      const hash = fold.wants(entry)
      const attachment = hash === null ? undefined : await attachmentOf(hash)
      if (signal.aborted) return
      fold.take(entry, attachment)
      tell()
      if (entry.offset % TURN === 0) await pause(0)
    }
  } catch (error) {
    if (!isKeyriteError(error, 'board.tampered')) throw error
    const { offset } = error.facts
    onChange({ kind: 'tampered', why: typeof offset === 'number' ? `at offset ${offset}, ${whyOf(error)}` : whyOf(error) })
  }
}

/** The reason alone: the page says in its own words what happened and what to do. */
function whyOf(error: Error): string {
  if (isKeyriteError(error, 'board.missing')) return `it does not have the attachment ${error.facts.hash}`
  return isKeyriteError(error, 'board.unreachable', 'board.refused', 'board.conflict', 'board.tampered') ? error.facts.why : error.message
}
