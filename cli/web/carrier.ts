/**
 * The web carrier. The page shows the frames and reads others with the machine's camera; here a transfer's bytes go
 * out, and the texts that were read come in. Both happen at once: one machine's codes acknowledge the other's.
 */
import { randomBytes } from 'node:crypto'
import { isKeyriteError } from '../../engine/base/errors.ts'
import type { KeyriteError } from '../../engine/base/errors.ts'
import { unlessAborted } from '../../engine/base/signals.ts'
import { LONG_TO_LOOK_AT } from '../../engine/channel/carrier.ts'
import type { Carrier, CarrierOptions, Incoming } from '../../engine/channel/carrier.ts'
import { openEnvelope } from '../../engine/channel/envelope.ts'
import { channelError } from '../../engine/channel/errors.ts'
import { pack } from '../../engine/channel/payload.ts'
import { makeReceiver } from '../../engine/channel/transfer.ts'
import type { Received } from '../../engine/channel/transfer.ts'
import type { FramesResult, PageState } from './protocol.ts'

/** Frames of another transfer in a row after which that one is followed; none of them is lost. */
const SWITCH_AFTER = 3

/** The carrier's part of the page's state. */
export type CarrierState = Pick<PageState, 'showing' | 'read' | 'isReading'>

export interface WebCarrier extends Carrier {
  /** Resolves once the other side asks something other than what was received last; undefined when the signal aborts. */
  readonly untilChanged: (signal: AbortSignal) => Promise<'other' | undefined>
  /** Resolves once the other machine has read what is shown: its page said so, or another transfer came. */
  readonly untilTaken: (signal: AbortSignal) => Promise<void>
  readonly onFrames: (frames: readonly string[]) => FramesResult
  /** @param id the transfer that the other machine has; nothing changes if another one is shown */
  readonly onTaken: (id: string) => void
  /** The bytes of the transfer with this id, while it is shown. */
  readonly message: (id: string) => Uint8Array | undefined
}

/** @param tell hears of every change of the crossing */
export function makeWebCarrier(options: CarrierOptions, tell: (now: CarrierState) => void): WebCarrier {
  const receiver = makeReceiver({ switchAfter: SWITCH_AFTER })
  let shown: { readonly id: string; readonly text: string; readonly message: Uint8Array } | undefined
  let read: CarrierState['read'] = null
  let framesRead = 0
  let lastText: string | undefined
  let arrived: Incoming | undefined
  let waiting: ((incoming: Incoming) => void) | undefined
  let isClosed = false
  let isTaken = false
  const watchers = new Set<() => void>()

  function told(): void {
    tell({ showing: shown === undefined ? null : { id: shown.id, bytes: shown.message.length }, read, isReading: !isClosed && (waiting !== undefined || watchers.size > 0) })
    for (const watcher of watchers) watcher()
  }

  function checkOpen(): void {
    if (isClosed) throw channelError('closed', { carrier: 'web' })
  }

  function show(text: string): Promise<void> {
    if (isClosed) return Promise.reject(channelError('closed', { carrier: 'web' }))
    if (shown?.text === text) return Promise.resolve()
    const message = pack(text)
    shown = { id: randomBytes(8).toString('hex'), text, message }
    isTaken = false
    told()
    return Promise.resolve()
  }

  function stopShowing(): Promise<void> {
    shown = undefined
    told()
    return Promise.resolve()
  }

  function deliver(): void {
    if (waiting === undefined || arrived === undefined) return
    const take = waiting
    const incoming = arrived
    waiting = undefined
    arrived = undefined
    take(incoming)
    told()
  }

  /** Waits until `is` gives a value. @throws the signal's reason, channel.closed */
  function given<T>(is: () => T | undefined, signal: AbortSignal): Promise<T> {
    return unlessAborted<T>((resolve, reject) => {
      const look = (): void => {
        const value = is()
        if (isClosed) reject(channelError('closed', { carrier: 'web' }))
        else if (value !== undefined) resolve(value)
      }
      watchers.add(look)
      told()
      return () => {
        watchers.delete(look)
        // This may run while watchers are being told, so it waits for the end of that round.
        queueMicrotask(told)
      }
    }, signal)
  }

  async function receive(signal: AbortSignal): Promise<Incoming> {
    checkOpen()
    signal.throwIfAborted()
    if (waiting !== undefined) throw channelError('busy', { what: 'receiving' })
    let incoming: Incoming | undefined
    waiting = (one) => (incoming = one)
    // The last transfer is over, though frames of it may still come.
    read = arrived === undefined ? null : read
    deliver()
    try {
      return await given(() => incoming, signal)
    } finally {
      waiting = undefined
    }
  }

  function complete({ text, needed, bytes }: Extract<Received, { readonly state: 'complete' }>): FramesResult {
    const frames = framesRead
    framesRead = 0
    if (text === lastText) return { state: 'complete', seen: needed, needed }
    read = { seen: needed, needed }
    try {
      const envelope = openEnvelope(text)
      lastText = text
      arrived = { text, envelope, frames }
    } catch (problem) {
      if (!isKeyriteError(problem)) throw problem
      receiver.startOver()
      return failed(problem)
    }
    options.onProgress?.({ direction: 'in', frames, needed, bytes })
    deliver()
    return { state: 'complete', seen: needed, needed }
  }

  function failed(problem: KeyriteError, state: 'failed' | 'ignored' = 'failed'): FramesResult {
    // Codes that are none of keyrite's are only shown on the page, as long as it sees them.
    if (state === 'failed') {
      read = null
      options.onProblem?.(problem)
    }
    const { code, message, todo } = problem
    return { state, seen: read?.seen ?? 0, needed: read?.needed ?? 0, trouble: { code, message, todo } }
  }

  function take(frame: string): FramesResult {
    const received = receiver.receive(frame)
    if (received.state === 'ignored') return failed(received.why, 'ignored')
    if (received.state === 'failed') {
      framesRead = 0
      return failed(received.why)
    }
    framesRead += 1
    if (received.state === 'complete') return complete(received)
    if (received.state === 'other-transfer') return { state: 'other-transfer', seen: received.seen, needed: received.needed }
    read = { seen: received.seen, needed: received.needed }
    options.onProgress?.({ direction: 'in', frames: framesRead, needed: received.needed, bytes: received.bytes })
    return { state: 'progress', ...read }
  }

  return {
    inPartsAbove: options.inPartsAbove ?? LONG_TO_LOOK_AT,
    show,
    stopShowing,
    receive,
    untilChanged: (signal) => given(() => (arrived?.envelope.kind === 'request' ? 'other' : undefined), signal).catch(() => undefined),
    untilTaken: async (signal) => {
      if (shown === undefined || isClosed) return
      await given(() => (isTaken || arrived !== undefined ? true : undefined), signal).catch(() => undefined)
    },
    onFrames: (frames) => {
      let result: FramesResult = { state: 'ignored', seen: read?.seen ?? 0, needed: read?.needed ?? 0 }
      for (const frame of frames) result = take(frame)
      told()
      return result
    },
    onTaken: (id) => {
      if (shown?.id !== id) return
      isTaken = true
      told()
    },
    message: (id) => (shown?.id === id ? shown.message : undefined),
    close: () => {
      isClosed = true
      shown = undefined
      told()
      return Promise.resolve()
    },
  }
}
