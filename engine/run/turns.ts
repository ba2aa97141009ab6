/** Runs work that takes long, and lets others run after each of its slices. */
import type { Slices } from '../base/turns.ts'

/**
 * @param signal stops it after a slice
 * @throws the signal's reason, and whatever the work throws
 */
export async function inTurns<T>(slices: Slices<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const next = slices.next()
    if (next.done === true) return next.value
    await new Promise((resolve) => setImmediate(resolve))
    signal?.throwIfAborted()
  }
}
