/**
 * Long work in slices of some milliseconds. Its caller decides whether other work runs in between; the result does not
 * depend on that.
 */

/** Long work as a generator, which yields after each slice and returns the result. */
export type Slices<T> = Generator<void, T, void>

/** Does all of the work at once. */
export function finish<T>(slices: Slices<T>): T {
  for (;;) {
    const next = slices.next()
    if (next.done === true) return next.value
  }
}

/** Computes `items.map(change)`, with `size` items in each slice. */
export function* mapInSlices<T, R>(items: readonly T[], size: number, change: (item: T, i: number) => R): Slices<R[]> {
  const changed: R[] = []
  for (const [i, item] of items.entries()) {
    changed.push(change(item, i))
    if (changed.length % size === 0) yield
  }
  return changed
}

/** Lets other work of the event loop run. */
export const others = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Does the work, and lets other work run after each slice.
 *
 * @param signal stops it after a slice
 * @throws the signal's reason, and whatever the work throws
 */
export async function inTurns<T>(slices: Slices<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const next = slices.next()
    if (next.done === true) return next.value
    await others()
    signal?.throwIfAborted()
  }
}
