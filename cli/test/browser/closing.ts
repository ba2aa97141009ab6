/** The things that a test has open: one line in an `afterEach` closes them all, whatever failed. */

export type Close = () => Promise<void>

const open = new Set<Close>()

/** Remembers how to close something until it is closed. The function that it gives may be called any number of times. */
export function closing(close: Close): Close {
  let closed: Promise<void> | undefined
  const once: Close = () => {
    open.delete(once)
    return (closed ??= close())
  }
  open.add(once)
  return once
}

/**
 * Closes every browser, film and camera of this process, the latest first. One that fails does not keep the others
 * open.
 *
 * @throws AggregateError what failed
 */
export async function closeAll(): Promise<void> {
  const failures: unknown[] = []
  for (const close of [...open].reverse()) await close().catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be closed.')
}
