/**
 * Keyboard input that nobody asked for. A scanner in keyboard mode types whatever the other screen shows, at any time. Its input before
 * a question, or after the last code, must reach neither the question nor the shell.
 */
import { alarm, unlessAborted } from '../base/signals.ts'

/** The members of a keyboard that are needed to hear it; `process.stdin` is one. */
export interface Heard {
  on(event: 'data', listener: (piece: string | Uint8Array) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data', listener: (piece: string | Uint8Array) => void): unknown
  off(event: 'end', listener: () => void): unknown
  resume(): unknown
}

export interface DrainUse {
  /** Milliseconds without any input after which draining ends. */
  readonly quiet: number
  /** Milliseconds after which draining ends in any case; by default it waits for quiet. */
  readonly most?: number
  readonly signal?: AbortSignal
  /** Takes the dropped input. */
  readonly onDropped?: (text: string) => void
}

/**
 * Drops input until no more comes, or it ends. The keyboard must be in raw mode, so that nothing is echoed and the system holds no line
 * for the next reader.
 *
 * @returns the number of bytes that were dropped
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
