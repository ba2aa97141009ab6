/**
 * Simulated ceremonies as readers find them: the board's log up to a condition, folded, written as a transcript, or
 * followed.
 */
import type { Script } from '../../engine/machines/ceremony.ts'
import { Feed } from '../../engine/run/feed.ts'
import type { AttachmentStore } from '../../engine/run/feed.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import { writeTranscript } from '../../engine/run/transcript.ts'
import { readShipped } from '../../engine/script/load.ts'
import { tamperingOf } from '../../engine/simulate/faults.ts'
import { seededRandom, simulate } from '../../engine/simulate/simulate.ts'
import type { Simulated, SimulateOptions } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { Board } from '../../engine/wire/board.ts'

export const dkg = readShipped('dkg')
export const three = ['ada', 'bob', 'cem']

/** A key of two of three, with these faults. @param more further options of the run */
export async function keyWith(faults: readonly string[], more: Partial<SimulateOptions> = {}): Promise<Simulated> {
  const random = seededRandom(faults.join() || 'nothing wrong')
  const tamper = tamperingOf(faults, { script: dkg, verbs, random, names: three })
  return await simulate({ script: dkg, names: three, parameters: { threshold: 2 }, verbs, random, idle: 20, tamper, ...more })
}

export const always = (): boolean => false
export const untilUsable = ({ usable }: Ledger): boolean => usable
export const untilCertified = ({ certified }: Ledger): boolean => certified

type Board0 = Pick<Simulated, 'board' | 'opening'>

/** A reader's ledger of the board's log, up to the entry at which `holds` is true. */
export function ledgerUntil({ board, opening }: Board0, holds: (ledger: Ledger) => boolean, script: Script = dkg, followed: Readonly<Record<string, Ledger>> = {}): Ledger {
  const ledger = new Ledger({ script, opening, verbs, random: seededRandom('reader'), headAt: board.headAt, followed })
  for (const { offset, message } of board.entries) {
    if (holds(ledger)) return ledger
    const attachment = message.attachment === undefined ? undefined : board.attachments.get(message.attachment)
    ledger.accept({ offset, message, ...(attachment === undefined ? {} : { attachment }) })
  }
  return ledger
}

/** The transcript that `client export` writes at that moment. */
export function transcriptUntil(of: Board0, holds: (ledger: Ledger) => boolean, script: Script = dkg): string {
  const ledger = ledgerUntil(of, holds, script)
  return [...writeTranscript(ledger, of.board.entries.slice(0, ledger.asOf + 1))].join('')
}

/** A client's copy of the log up to an offset. It is read to there, and nothing more comes in. */
export async function feedUntil({ board }: Board0, last: number): Promise<Feed> {
  const silent: Board = { ...board, async *follow(_, signal) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    yield* []
  } }
  const attachments: AttachmentStore = { get: (hash) => Promise.resolve(board.attachments.get(hash)), put: () => Promise.resolve() }
  const feed = new Feed({ board: silent, attachments, store: { load: () => Promise.resolve(board.entries.slice(0, last + 1)), append: () => Promise.resolve() } })
  const stop = new AbortController()
  const running = feed.run(stop.signal)
  while (feed.pin.offset < last) await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await running
  return feed
}
