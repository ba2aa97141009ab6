/** What the camera read, on its way to the command: a few texts at a time, one request after another, none twice in seconds. */

export interface Outbox {
  readonly add: (text: string) => void
  /** Forgets what waits, and what was sent. */
  readonly clear: () => void
}

export interface OutboxOptions<R> {
  readonly post: (texts: readonly string[]) => Promise<R>
  readonly onResult: (result: R, texts: readonly string[]) => void
  readonly onProblem: (problem: unknown) => void
  readonly now: () => number
  /** Texts in one request, at most. */
  readonly most: number
}

/** Milliseconds in which a text that was sent is not sent again. */
const AGAIN_AFTER = 3000
/** Texts that wait, at most; the oldest give way. Any frame is as good as another. */
const MOST_WAITING = 64

export function makeOutbox<R>({ post, onResult, onProblem, now, most }: OutboxOptions<R>): Outbox {
  const taken = new Map<string, number>()
  let waiting: string[] = []
  let isBusy = false

  function add(text: string): void {
    const at = now()
    if (at - (taken.get(text) ?? -Infinity) < AGAIN_AFTER) return
    for (const [old, time] of taken) if (at - time >= AGAIN_AFTER) taken.delete(old)
    taken.set(text, at)
    waiting = [...waiting, text].slice(-MOST_WAITING)
    void flush()
  }

  async function flush(): Promise<void> {
    if (isBusy) return
    isBusy = true
    while (waiting.length > 0) {
      const texts = waiting.slice(0, most)
      waiting = waiting.slice(most)
      try {
        onResult(await post(texts), texts)
      } catch (problem) {
        // They may come again at once: the code is still there.
        for (const text of texts) taken.delete(text)
        onProblem(problem)
      }
    }
    isBusy = false
  }

  function clear(): void {
    waiting = []
    taken.clear()
  }

  return { add, clear }
}
