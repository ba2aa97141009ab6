/**
 * A client's board for commands that only read. Where its storage cannot be reached they go on with the part that this
 * client verified and stored, and say so: a storage may be gone for good when somebody looks for a share.
 */
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { KeyriteError } from '../../engine/base/errors.ts'
import { until } from '../../engine/base/signals.ts'
import type { Feed } from '../../engine/run/feed.ts'
import type { Identity } from './client-home.ts'
import { caughtUp, Ledgers, openBoard, troubleTeller } from './client-session.ts'
import type { BoardSession } from './client-session.ts'

export interface BoardReading {
  readonly feed: Feed
  readonly ledgers: Ledgers
  /** Whether it is the whole log as it is now. */
  readonly isCurrent: boolean
  readonly close: () => Promise<void>
}

/** @throws board.tampered; board.unreachable where this client has stored nothing either */
export async function readBoard(
  { home, identity }: { readonly home: string; readonly identity: Identity }, signal: AbortSignal, say: (line: string) => void,
): Promise<BoardReading> {
  // An unreachable storage is told of once, below or by the error.
  const tell = troubleTeller(say)
  const session = openBoard({ home, identity, signal, onTrouble: (error) => isKeyriteError(error, 'board.unreachable') || tell(error) })
  try {
    const gone = await asFarAsItGoes(session, signal)
    const { feed } = session
    if (gone !== undefined) say(`${gone.message} What follows is as this client had it last, up to offset ${String(feed.pin.offset)}.`)
    return { feed, ledgers: new Ledgers(home, feed, session.signal, gone), isCurrent: gone === undefined, close: session.close }
  } catch (error) {
    await session.close()
    throw error
  }
}

/**
 * Reads the log to its end. Where the storage cannot be reached, it reads to the end of what was stored, and gives the
 * reason.
 */
async function asFarAsItGoes(session: BoardSession, signal: AbortSignal): Promise<KeyriteError | undefined> {
  try {
    await caughtUp(session, signal)
    return undefined
  } catch (error) {
    if (!isKeyriteError(error, 'board.unreachable')) throw error
    const { offset } = await session.held
    if (offset < 0) throw error
    await Promise.race([until(() => session.feed.pin.offset >= offset, { every: 20, signal }), session.running])
    return error
  }
}
