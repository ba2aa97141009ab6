/** The airgap's keyboard during a question. It is in raw mode, so that the terminal neither echoes nor keeps anything. */
import { drain } from '../../engine/channel/keyboard.ts'
import type { Heard } from '../../engine/channel/keyboard.ts'

/** The input of keys, such as `process.stdin`. */
export interface KeyInput extends Heard {
  pause(): unknown
  readonly isTTY?: boolean
  readonly isRaw?: boolean
  setRawMode?(isRaw: boolean): unknown
}

export interface Keys {
  /**
   * The next typed text, as it arrives; undefined once the input has ended. Ctrl-C interrupts the process. @throws the
   * signal's reason
   */
  readonly next: () => Promise<string | undefined>
  /**
   * Drops what was typed, and all that comes until it is quiet for so many milliseconds. @returns the number of bytes.
   * @throws the signal's reason
   */
  readonly drop: (quiet: number) => Promise<number>
}

const CTRL_C = '\u0003'

/** The sequences of arrow keys and the like: ESC, then "[" and all up to a letter or "~", or "O" and one more. */
const KEY_SEQUENCE = /\u001b(?:\[[0-9;]*[@-~]|O.)?/g

const textOf = (piece: string | Uint8Array): string => (typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1'))

/** Interrupts the process: raw mode gives Ctrl-C as a character. */
function interrupt(text: string): void {
  if (text.includes(CTRL_C)) process.kill(process.pid, 'SIGINT')
}

/** Takes the keyboard while `work` runs, and leaves its mode as it was. */
export async function withKeys<T>(input: KeyInput, signal: AbortSignal, work: (keys: Keys) => Promise<T>): Promise<T> {
  let queue: string[] = []
  let hasEnded = false
  let wake: (() => void) | undefined
  const onData = (piece: string | Uint8Array): void => {
    const text = textOf(piece)
    interrupt(text)
    queue.push(text.replace(KEY_SEQUENCE, ''))
    wake?.()
  }
  const onEnd = (): void => {
    hasEnded = true
    wake?.()
  }
  const onAbort = (): void => wake?.()
  const wasRaw = input.isRaw === true
  input.setRawMode?.(true)
  input.on('data', onData)
  input.on('end', onEnd)
  signal.addEventListener('abort', onAbort)
  input.resume()
  try {
    return await work({
      next: async () => {
        for (;;) {
          signal.throwIfAborted()
          const text = queue.shift()
          if (text !== undefined) return text
          if (hasEnded) return undefined
          await new Promise<void>((resolve) => (wake = resolve))
        }
      },
      drop: async (quiet) => {
        const before = queue.join('').length
        const dropped = quiet === 0 ? 0 : await drain(input, { quiet, signal })
        queue = []
        return before + dropped
      },
    })
  } finally {
    input.off('data', onData)
    input.off('end', onEnd)
    signal.removeEventListener('abort', onAbort)
    input.pause()
    if (!wasRaw) input.setRawMode?.(false)
  }
}
