/**
 * Waiting: for an abort, for a time, for something to happen, or for whichever comes first. Every wait ends at once when its
 * signal is aborted, and leaves neither a timer nor a listener behind.
 */

/**
 * A signal that follows several others. `AbortSignal.any` does that too, but in Node 20 to 26 it may lose the abort once
 * its sources are collected as garbage (nodejs/node issue 65995), and then a process never ends.
 */
export interface FollowingSignal {
  readonly signal: AbortSignal
  /** Stops following. Call it where the sources outlive the purpose of this signal. */
  readonly release: () => void
}

/** Makes a signal that aborts when the first of these does, with its reason. */
export function following(...sources: readonly AbortSignal[]): FollowingSignal {
  const own = new AbortController()
  const stops = sources.map((source) => {
    const follow = () => own.abort(source.reason)
    if (source.aborted) follow()
    else source.addEventListener('abort', follow, { once: true })
    return () => source.removeEventListener('abort', follow)
  })
  return { signal: own.signal, release: () => stops.forEach((stop) => stop()) }
}

/** The reason why a signal was aborted, as an error. */
export const reasonOf = ({ reason }: AbortSignal): Error => (reason instanceof Error ? reason : new Error(String(reason)))

/** Stops the listening that a wait began. */
type Forget = (() => void) | undefined

type Settle<T> = (value: T) => void

/** Starts something that settles once, and forgets it as soon as it is settled or the signal aborts. */
function settledOnce<T>(
  start: (resolve: Settle<T>, reject: Settle<Error>) => Forget, signal: AbortSignal | undefined, onAbort: (resolve: Settle<T>, reject: Settle<Error>) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const wait: { isOver: boolean; forget: Forget } = { isOver: false, forget: undefined }
    const over = (end: () => void): void => {
      if (wait.isOver) return
      wait.isOver = true
      signal?.removeEventListener('abort', aborted)
      wait.forget?.()
      end()
    }
    const finish: Settle<T> = (value) => over(() => resolve(value))
    const fail: Settle<Error> = (error) => over(() => reject(error))
    const aborted = (): void => onAbort(finish, fail)
    if (signal?.aborted === true) {
      aborted()
      return
    }
    signal?.addEventListener('abort', aborted)
    try {
      wait.forget = start(finish, fail)
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)))
    }
    // It may have settled inside `start`, before `forget` was known.
    if (wait.isOver) wait.forget?.()
  })
}

/**
 * A promise that is given up when the signal aborts.
 *
 * @param start begins, and returns how to stop listening
 * @throws the signal's reason, and whatever `reject` is given
 */
export const unlessAborted = <T>(start: (resolve: Settle<T>, reject: Settle<Error>) => Forget, signal: AbortSignal | undefined): Promise<T> =>
  settledOnce<T>(start, signal, (_, reject) => {
    if (signal !== undefined) reject(reasonOf(signal))
  })

/** The limits of a wait. */
export interface Patience {
  /** Milliseconds; for ever if not given. */
  readonly ms?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** The longest that one timer can wait: a signed 32-bit number of milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The end of a wait: it happened, the time ran out, or the signal aborted. */
export type Waited = 'done' | 'late' | 'aborted'

/**
 * Waits for something to happen.
 *
 * @param listen arranges that `done` is called when it happens, and returns how to stop listening
 */
export const happening = (listen: (done: () => void) => Forget, { ms, signal }: Patience = {}): Promise<Waited> =>
  settledOnce<Waited>((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const wait = (left: number): void => {
      timer = left > LONGEST_TIMER ? setTimeout(wait, LONGEST_TIMER, left - LONGEST_TIMER) : setTimeout(resolve, left, 'late')
    }
    const forget = listen(() => resolve('done'))
    if (ms !== undefined) wait(ms)
    return () => {
      clearTimeout(timer)
      forget?.()
    }
  }, signal, (resolve) => resolve('aborted'))

const nothing = (): undefined => undefined

/** Waits; ends early, without an error, when the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await happening(nothing, { ms, signal })
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  await happening(nothing, { signal })
}

/** Looks every `every` milliseconds until something is so. @returns whether it is; false if the time ended or the signal aborted first */
export async function until(isSo: () => boolean | Promise<boolean>, { every, ms = Infinity, signal }: Patience & { readonly every: number }): Promise<boolean> {
  const end = performance.now() + ms
  for (;;) {
    if (await isSo()) return true
    if (signal?.aborted === true || performance.now() >= end) return false
    await pause(every, signal)
  }
}

/** Does some work. If it takes longer than `ms`, `onLate` is called, which may hurry or stop it. The work is waited for in any case. */
export async function within<T>(ms: number, work: () => Promise<T>, onLate: () => void): Promise<T> {
  const timer = setTimeout(onLate, ms)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
  }
}

/** A timer for one purpose. */
export interface Alarm {
  /** Rings after so many milliseconds. An earlier setting no longer counts. */
  readonly set: (ms: number) => void
  /** Sets it, unless it is set already. */
  readonly begin: (ms: number) => void
  readonly clear: () => void
}

export function alarm(ring: () => void): Alarm {
  let timer: ReturnType<typeof setTimeout> | undefined
  const clear = (): void => {
    clearTimeout(timer)
    timer = undefined
  }
  const set = (ms: number): void => {
    clear()
    timer = setTimeout(() => {
      timer = undefined
      ring()
    }, ms)
  }
  return {
    set,
    begin: (ms) => {
      if (timer === undefined) set(ms)
    },
    clear,
  }
}
