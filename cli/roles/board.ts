/** A client's way to its board: the log followed and verified, and what stands in it. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { following } from '../../engine/base/signals.ts'
import { fromHex } from '../../engine/crypto/bytes.ts'
import { Feed, pause } from '../../engine/run/feed.ts'
import { openedIn } from '../../engine/run/lobby.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import { boardError } from '../../engine/wire/board.ts'
import type { Board } from '../../engine/wire/board.ts'
import { EMPTY_LOG } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { signObject } from '../../engine/wire/sign.ts'
import { connectBoard } from '../../storage/client.ts'
import { cliError } from '../errors.ts'
import { attachmentFiles } from './client-home.ts'
import type { ClientSecrets, Identity } from './client-home.ts'
import { clientLog, keptFirst } from './client-log.ts'

export interface BoardSession {
  readonly board: Board
  readonly feed: Feed
  /** The last entry that an earlier run of this client verified. */
  readonly pinned: Promise<Pin>
  /** Rejects when the log cannot be believed or kept; resolves when the session was closed. */
  readonly running: Promise<void>
  /** Aborts when the session is closed, and with the command: nothing waits for the storage any longer. */
  readonly signal: AbortSignal
  readonly close: () => Promise<void>
}

export interface BoardUse {
  readonly home: string
  readonly identity: Identity
  /** Absent for readers. */
  readonly secrets?: ClientSecrets
  readonly signal: AbortSignal
  readonly onTrouble?: (error: Error) => void
}

/** Follows the board's log from where this client had verified it. */
export function openBoard({ home, identity, secrets, signal, onTrouble }: BoardUse): BoardSession {
  const remote = connectBoard({
    url: identity.board,
    ...(secrets === undefined || secrets.joinToken === null ? {} : { token: secrets.joinToken }),
    ...(secrets === undefined
      ? {}
      : { credentials: { name: identity.name, sign: (label, object) => signObject(fromHex(secrets.signingSeed, 32), label, object) } }),
  })
  const closing = new AbortController()
  const store = clientLog(home, secrets !== undefined)
  const board = keptFirst(remote, store)
  const kept = store.load()
  kept.catch(() => undefined)
  const feed = new Feed({ board, store: { ...store, load: () => kept }, attachments: attachmentFiles(home, secrets !== undefined), ...(onTrouble === undefined ? {} : { onTrouble }) })
  const either = following(closing.signal, signal).signal
  const running = feed.run(either)
  // Whoever waits for it hears of a failure; until then it must not end the process.
  running.catch(() => undefined)
  return {
    board, feed, running, signal: either,
    pinned: kept.then((entries) => entries.at(-1) ?? EMPTY_LOG),
    close: async () => {
      closing.abort()
      await running.catch(() => undefined)
    },
  }
}

const TRY_AGAIN = 2000

/**
 * Waits until the whole log, as it is now, was read.
 *
 * @param isPatient waits for a storage that cannot be reached; the session's `onTrouble` tells of it
 * @throws board.tampered; board.unreachable unless it is patient
 */
export async function caughtUp({ board, feed, pinned, running }: BoardSession, signal: AbortSignal, isPatient = false): Promise<void> {
  const asking = async (): Promise<Pin> => {
    for (;;) {
      try {
        return await board.head()
      } catch (error) {
        if (!isPatient || signal.aborted || !isKeyriteError(error, 'board.unreachable')) throw error
        await Promise.race([pause(TRY_AGAIN, signal), running])
      }
    }
  }
  const pin = await pinned
  const head = await asking()
  // Before the feed looks for attachments that such a storage may not have any more.
  if (head.offset < pin.offset) throw boardError('tampered', { offset: pin.offset, why: `nothing is left: the log now ends at offset ${String(head.offset)}` })
  if (head.offset === pin.offset && head.head !== pin.head) throw boardError('tampered', { offset: pin.offset, why: 'the head is another one than before' })
  const reading = async () => {
    while (feed.pin.offset < head.offset && !signal.aborted) await pause(20, signal)
  }
  await Promise.race([reading(), running])
}

/**
 * The ceremony that a command means: the one whose id begins so, or the only one.
 *
 * @throws cli.ceremony
 */
export function chosen(opened: readonly Opened[], wanted: string | undefined): Opened {
  const fitting = wanted === undefined ? opened : opened.filter((one) => one.id.startsWith(wanted.toLowerCase()))
  const [only, second] = fitting
  if (only === undefined) {
    throw cliError('ceremony', { why: wanted === undefined ? 'none was opened with you in its roster' : `none here has an id that begins with ${wanted}` })
  }
  if (second !== undefined) {
    throw cliError('ceremony', { why: `there are ${fitting.length}: ${fitting.map((one) => one.id.slice(0, 12)).join(', ')}` })
  }
  return only
}

/**
 * The ceremonies that a command which only reads may mean, in the log's order: with an id all of the board, which is public;
 * without one those of this participant, under another client's name too where the airgap is the same.
 */
export function readable({ all }: Feed, { name, airgap }: Identity, wanted: string | undefined): readonly Opened[] {
  return openedIn(all).filter(({ opening }) => wanted !== undefined || opening.roster.some((card) => card.name === name || card.airgapKey === airgap?.airgapKey))
}

/** The ceremonies in which this client takes part, in the log's order. */
export const openedWith = (feed: Feed, name: string): readonly Opened[] =>
  openedIn(feed.all).filter((one) => one.opening.roster.some((card) => card.name === name))
