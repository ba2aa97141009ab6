import type { Clock } from './client-ports.ts'
import type { MemoryBoard } from './memory-board.ts'

/**
 * Time as a simulation needs it: a deadline passes once the log has been still for `idle` milliseconds, the nearest
 * one first, for all that wait for it.
 */
export function idleClock(board: MemoryBoard, idle: number, begin: number): Clock {
  let now = begin
  const waits = new Set<{ readonly time: number; readonly wake: () => void }>()
  let seen = -1
  let timer: NodeJS.Timeout | undefined
  const tick = () => {
    timer = undefined
    if (board.entries.length === seen && waits.size > 0) {
      now = Math.max(now, Math.min(...[...waits].map((wait) => wait.time)))
      for (const wait of [...waits]) if (wait.time <= now) wait.wake()
    }
    seen = board.entries.length
    if (waits.size > 0) timer = setTimeout(tick, idle)
  }
  return {
    now: () => now,
    until: (time, signal) =>
      new Promise((resolve) => {
        const wait = {
          time,
          wake: () => {
            waits.delete(wait)
            signal.removeEventListener('abort', wait.wake)
            if (waits.size === 0 && timer !== undefined) {
              clearTimeout(timer)
              timer = undefined
            }
            resolve()
          },
        }
        if (time <= now || signal.aborted) {
          resolve()
          return
        }
        waits.add(wait)
        signal.addEventListener('abort', wait.wake)
        timer ??= setTimeout(tick, idle)
      }),
  }
}
