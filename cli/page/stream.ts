/** The command's events: states as they come, signs of life, and their end. */
import { HEARTBEAT } from '../web/protocol.ts'
import type { PAGE_TAKEN, PageState } from '../web/protocol.ts'
import { isKeyRefused } from './session.ts'
import type { Session } from './session.ts'

/** Milliseconds without a sign of life after which a command counts as gone; it may only be busy, so what it says later is heard. */
export const SILENCE = 3 * HEARTBEAT
/** Milliseconds between two attempts. */
const RETRY = 1000

export interface StreamOptions {
  readonly session: Pick<Session, 'fetch'>
  readonly onState: (state: PageState) => void
  /** The command lives, and this page is the one that it talks to. */
  readonly onLive: () => void
  /** Nothing was heard for `SILENCE`. Attempts go on. */
  readonly onSilent: () => void
  /** For good, until `start` is called again. */
  readonly onEnd: (why: 'taken' | 'refused') => void
}

export interface Stream {
  /** Reads the events, and takes them from any other page. */
  readonly start: () => void
  readonly stop: () => void
}

export function makeStream({ session, onState, onLive, onSilent, onEnd }: StreamOptions): Stream {
  let run = 0
  let reading: AbortController | undefined
  let lastHeard = 0

  function start(): void {
    stop()
    lastHeard = performance.now()
    void readOn(run)
  }

  function stop(): void {
    run += 1
    reading?.abort()
  }

  async function readOn(mine: number): Promise<void> {
    while (mine === run) {
      const why = await readOnce(mine)
      if (mine !== run) return
      if (why !== 'lost') {
        run += 1
        onEnd(why)
        return
      }
      if (performance.now() - lastHeard > SILENCE) onSilent()
      await new Promise((resolve) => setTimeout(resolve, RETRY))
    }
  }

  async function readOnce(mine: number): Promise<'lost' | 'taken' | 'refused'> {
    const controller = new AbortController()
    reading = controller
    // The connection stays: one that is lost ends by itself, and a busy command's last words come on it.
    let timer = setTimeout(onSilent, SILENCE)
    try {
      const { body } = await session.fetch('/events', { signal: controller.signal })
      if (body === null) return 'lost'
      for await (const line of linesOf(body)) {
        if (mine !== run) return 'lost'
        clearTimeout(timer)
        timer = setTimeout(onSilent, SILENCE)
        lastHeard = performance.now()
        onLive()
        if (line === '') continue
        const value = JSON.parse(line) as PageState | { readonly code: typeof PAGE_TAKEN }
        if (!('role' in value)) return 'taken'
        onState(value)
      }
      return 'lost'
    } catch (error) {
      return isKeyRefused(error) ? 'refused' : 'lost'
    } finally {
      clearTimeout(timer)
      controller.abort()
    }
  }

  return { start, stop }
}

/** A stream's lines, without their ends. What stands behind the last end is no line yet. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + value).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
