/**
 * Signals that follow several others. `AbortSignal.any` does that too, but in Node 20 to 26 it may lose the abort once
 * its sources are collected as garbage (nodejs/node issue 65995), and then a process never ends.
 */
export interface Following {
  readonly signal: AbortSignal
  /** Stops following; for sources that outlive what this signal is for. */
  readonly release: () => void
}

/** A signal that aborts with the first of these, with its reason. */
export function following(...sources: readonly AbortSignal[]): Following {
  const own = new AbortController()
  const stops = sources.map((source) => {
    const follow = () => own.abort(source.reason)
    if (source.aborted) follow()
    else source.addEventListener('abort', follow, { once: true })
    return () => source.removeEventListener('abort', follow)
  })
  return { signal: own.signal, release: () => stops.forEach((stop) => stop()) }
}
