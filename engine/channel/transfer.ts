/** One text as an endless sequence of frames, and back from whichever of them arrive. */
import { isKeyriteError } from '../base/errors.ts'
import { makeMessageReceiver, sendMessage } from './frames.ts'
import type { Incomplete, ReceiverOptions, Sending } from './frames.ts'
import { pack, unpack } from './payload.ts'

export { FRAGMENT_SIZES, roundLength } from './frames.ts'
export type { ReceiverOptions, Sending } from './frames.ts'

/**
 * Makes the frames of a text.
 *
 * @param options.fragment the most bytes of a frame, 10 … 2108
 * @throws channel.bad-setting, channel.cannot-send
 */
export const makeSending = (text: string, options: { readonly fragment: number }): Sending => sendMessage(pack(text), options)

/** The result of receiving one frame. */
export type Received =
  | Incomplete
  | { readonly state: 'complete'; readonly text: string; readonly bytes: number; readonly needed: number }

export interface Receiver {
  /** Takes a frame as scanned or typed, in upper or lower case. Never throws for a bad frame. */
  receive(frame: string): Received
  /** Forgets the transfer under way. */
  startOver(): void
}

/** Makes a receiver of one transfer after another. Frames of two are never mixed. */
export function makeReceiver(options: ReceiverOptions = {}): Receiver {
  const messages = makeMessageReceiver(options)
  let last: { readonly message: Uint8Array; readonly text: string } | undefined

  function receive(frame: string): Received {
    const received = messages.receive(frame)
    if (received.state !== 'complete') return received
    const { message, needed } = received
    try {
      if (last?.message !== message) last = { message, text: unpack(message) }
      return { state: 'complete', text: last.text, bytes: message.length, needed }
    } catch (why) {
      if (!isKeyriteError(why)) throw why
      startOver()
      return { state: 'failed', why }
    }
  }

  function startOver(): void {
    last = undefined
    messages.startOver()
  }

  return { receive, startOver }
}
