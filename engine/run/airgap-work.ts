/**
 * Work of an airgap that takes long, kept in its vault while it goes on: after a crash its owner is not asked again, and
 * it does not begin anew.
 */
import { canonicalBytes } from '../wire/canonical.ts'
import type { Json } from '../wire/canonical.ts'
import type { AirgapPorts } from './airgap.ts'
import { saveCell } from './airgap-cell.ts'
import type { Cell } from './memory.ts'

/** Milliseconds between two writes, at least. */
const EVERY = 2500
/** And so many times as long as the last one took, so that a slow disk does not hold the work up. */
const SHARE = 20
/** Bytes of a state that is kept, at most. Of a larger one the consent alone is. */
const MOST_STATE = 8 * 1024 * 1024

/** How the work of one step is kept. */
export interface Checkpoint {
  /** What was kept last, if this very work was under way before. */
  readonly saved?: Json
  /** Keeps that it began, which tells that its owner has consented. */
  readonly begin: () => Promise<void>
  /** Keeps how far it is, now and then. @throws the reason of the ports' signal, with all kept before */
  readonly save: (state: () => Json) => Promise<void>
}

const isThis = (cell: Cell | undefined, step: string, asked: string): boolean => cell?.work?.step === step && cell.work.asked === asked

/** Was this very work under way, so that its owner has consented to it? Not if the owner stopped it: that may have been second thoughts. */
export const isUnderWay = (cell: Cell | undefined, step: string, asked: string): boolean => isThis(cell, step, asked) && cell?.work?.stopped !== true

/** @param cell as it is, or as it will be once the work has begun */
export function checkpointOf(ports: AirgapPorts, id: string, cell: Cell, step: string, asked: string): Checkpoint {
  const state = isThis(cell, step, asked) ? cell.work?.state ?? null : null
  const clock = (): number => ports.now().getTime()
  let next = clock() + EVERY
  const write = async (now: Json, isStopped = false): Promise<void> => {
    const began = clock()
    await saveCell(ports, id, (before) => ({ ...(before ?? cell), work: { step, asked, state: now, ...(isStopped ? { stopped: true as const } : {}) } }))
    next = clock() + Math.max(EVERY, SHARE * (clock() - began))
  }
  return {
    ...(state === null ? {} : { saved: state }),
    begin: async () => {
      if (!isUnderWay(cell, step, asked)) await write(state)
    },
    save: async (current) => {
      const isOver = ports.signal?.aborted === true
      if (isOver || clock() >= next) {
        const now = current()
        await write(canonicalBytes(now).length <= MOST_STATE ? now : null, isOver)
      }
      ports.signal?.throwIfAborted()
    },
  }
}
