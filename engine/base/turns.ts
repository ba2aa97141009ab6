/**
 * Work that takes long, in slices of some milliseconds: whoever runs it decides whether others run in between. What it comes
 * to does not depend on that.
 */

/** Yields after each slice, returns the result. */
export type Slices<T> = Generator<void, T, void>

/** Does all of it at once. */
export function finish<T>(slices: Slices<T>): T {
  for (;;) {
    const next = slices.next()
    if (next.done === true) return next.value
  }
}

/** `items.map(change)`, a slice for every so many. */
export function* mapInSlices<T, R>(items: readonly T[], size: number, change: (item: T, i: number) => R): Slices<R[]> {
  const changed: R[] = []
  for (const [i, item] of items.entries()) {
    changed.push(change(item, i))
    if (changed.length % size === 0) yield
  }
  return changed
}

/** Lets others run. */
export const others = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

// Runs work that takes long, and lets others run after each of its slices.

/**
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
