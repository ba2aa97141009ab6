/**
 * Keyboard input that nobody asked for. A scanner in keyboard mode types whatever the other screen shows, at any time: what it typed
 * before a question, or after the last code, must reach neither the question nor the shell.
 */
import { alarm, unlessAborted } from '../base/signals.ts'

/** As much of a keyboard as is needed to hear it; `process.stdin` is one. */
export interface Heard {
  on(event: 'data', listener: (piece: string | Uint8Array) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data', listener: (piece: string | Uint8Array) => void): unknown
  off(event: 'end', listener: () => void): unknown
  resume(): unknown
}

export interface DrainUse {
  /** Milliseconds without any input after which it is over. */
  readonly quiet: number
  /** Milliseconds after which it is over in any case; unless told, it waits for quiet. */
  readonly most?: number
  readonly signal?: AbortSignal
  /** Hears what is dropped. */
  readonly onDropped?: (text: string) => void
}

/**
 * Drops input until none comes any more, or it ends. The keyboard must be in raw mode, so that nothing is echoed and no line is kept by
 * the system for whoever reads next.
 *
 * @returns how many bytes were dropped
 * @throws the signal's reason when it aborts
 */
export async function drain(input: Heard, { quiet, most, signal, onDropped }: DrainUse): Promise<number> {
  let dropped = 0
  await unlessAborted<null>((resolve) => {
    const onEnd = (): void => resolve(null)
    const [silence, latest] = [alarm(onEnd), alarm(onEnd)]
    const onData = (piece: string | Uint8Array): void => {
      dropped += piece.length
      onDropped?.(typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1'))
      silence.set(quiet)
    }
    silence.set(quiet)
    if (most !== undefined) latest.set(most)
    input.on('data', onData)
    input.on('end', onEnd)
    input.resume()
    return () => {
      silence.clear()
      latest.clear()
      input.off('data', onData)
      input.off('end', onEnd)
    }
  }, signal)
  return dropped
}
