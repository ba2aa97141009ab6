/**
 * The terminal carrier: an animated QR code painted in the window, for the camera of the other machine. A terminal has no camera itself,
 * so it reads frames that are typed or pasted, one a line. A handheld scanner in keyboard mode types exactly that. A person may paste
 * the whole transfer as one `UR:KEYRITE/…` line, or as its many frames in any order.
 *
 * While it shows or receives, it owns the window and the keyboard (raw mode); `stopShowing` gives the window back. An airgap's carrier
 * keeps the keyboard until it is closed, so that no input from a scanner is ever echoed on the screen that the owner trusts. A question
 * borrows the keyboard with `lend`. Closing drops late input, so that it reaches no shell.
 */
import { StringDecoder } from 'node:string_decoder'
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import { happening, unlessAborted } from '../base/signals.ts'
import { LONG_TO_LOOK_AT, MAX_FRAME } from './carrier.ts'
import type { Carrier, CarrierOptions, Incoming } from './carrier.ts'
import { openEnvelope } from './envelope.ts'
import { channelError } from './errors.ts'
import { drain } from './keyboard.ts'
import { LEAVE_SCREEN, makeScreen, SCREEN_KEYS } from './screen.ts'
import type { Colours, TerminalOutput } from './screen.ts'
import { makeReceiver } from './transfer.ts'
import { UR_TYPE } from './ur.ts'

// Input that is typed or pasted in a terminal, as lines and keys.

export interface InputHandlers {
  /** Takes a line that is not empty, without its end. */
  readonly onLine: (line: string) => void
  /** Takes a key that is no part of a line. */
  readonly onKey: (key: string) => void
  /** Takes Enter where no line has begun. The end of a line, CR LF included, does not count. */
  readonly onEnter?: () => void
  /** Takes Ctrl-C, which a terminal in raw mode gives as a character. */
  readonly onInterrupt: () => void
  /** Takes the length of a line above the limit, which was dropped. */
  readonly onTooLong: (length: number) => void
  /** The most characters of a line. */
  readonly limit: number
  /** The keys that are looked for, where no line has begun. */
  readonly keys: string
}

const CTRL_C = '\u0003'
const ESCAPE = '\u001b'
const ERASE = new Set(['\u007f', '\b'])

/** Splits input into lines and keys. @returns a function that takes the input in pieces of any size */
export function makeInputSplitter(handlers: InputHandlers): (piece: string) => void {
  let line = ''
  let length = 0
  let wasReturn = false
  let escape: 'none' | 'begun' | 'within' = 'none'

  function endLine(): void {
    if (length === 0) handlers.onEnter?.()
    else if (length > handlers.limit) handlers.onTooLong(length)
    else if (line.trim() !== '') handlers.onLine(line)
    line = ''
    length = 0
  }

  function take(character: string): void {
    const isSecondHalf = wasReturn && character === '\n'
    wasReturn = character === '\r'
    if (isSecondHalf) return
    if (escape !== 'none') {
      // An arrow key or the mark of a paste: ESC, then "[", then all up to a letter or "~".
      const isOver = escape === 'begun' ? character !== '[' && character !== 'O' : /[@-~]/.test(character)
      escape = isOver ? 'none' : 'within'
    } else if (character === '\r' || character === '\n') endLine()
    else if (character === CTRL_C) handlers.onInterrupt()
    else if (character === ESCAPE) escape = 'begun'
    else if (ERASE.has(character)) {
      line = line.slice(0, -1)
      length = Math.max(0, length - 1)
    } else if (length === 0 && handlers.keys.includes(character)) handlers.onKey(character)
    else if (character >= ' ') {
      length += 1
      if (length <= handlers.limit) line += character
    }
  }

  return (piece) => {
    for (const character of piece) take(character)
  }
}

/** The frame in a line, without anything typed before it by mistake. */
export function frameInLine(line: string): string {
  const place = line.toLowerCase().lastIndexOf(`ur:${UR_TYPE}/`)
  return place < 0 ? line : line.slice(place)
}

/** The keyboard. `process.stdin` is one. */
export interface TerminalInput {
  on(event: 'data', listener: (piece: string | Uint8Array) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data', listener: (piece: string | Uint8Array) => void): unknown
  off(event: 'end', listener: () => void): unknown
  resume(): unknown
  pause(): unknown
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
}

export interface TerminalCarrierOptions extends CarrierOptions {
  readonly input: TerminalInput
  readonly output: TerminalOutput & {
    on?(event: 'resize', listener: () => void): unknown
    off?(event: 'resize', listener: () => void): unknown
  }
  /** The palette, by default `256`. */
  readonly colours?: Colours
  /** The speed at first in frames a second, by default 5. */
  readonly speed?: number
  /** Gives the text below the code until a frame is read, which says what to do with the code. It is asked for at each showing. */
  readonly hint?: () => string
  /** Milliseconds without input after which closing takes the input to be over, by default 500. */
  readonly quiet?: number
  /** Takes Ctrl-C, which raw mode keeps from the process. By default the process gets a SIGINT. */
  readonly onInterrupt?: () => void
}

export interface TerminalCarrier extends Carrier {
  /** Lends window and keyboard to a question: shows nothing while `ask` runs. The keyboard stays in raw mode. */
  readonly lend: <T>(ask: () => Promise<T>) => Promise<T>
  /**
   * Keeps showing until the other machine has read the code: until somebody presses Enter, another transfer comes, the input ends, or
   * the signal aborts. The window says that it waits.
   */
  readonly untilTaken: (signal: AbortSignal) => Promise<void>
}

/** The frames in a row after which another transfer is followed; none of them is lost. */
const SWITCH_AFTER = 3

/** Milliseconds of quiet that end the input: a scanner with its trigger held types a code every few hundred milliseconds. */
const QUIET = 500
/** The most milliseconds of draining, because a scanner may never stop. */
const MOST_DRAIN = 10_000

const TAKEN_HINT = 'press Enter when it is read'

/** Makes a terminal carrier. @throws channel.bad-setting */
export function makeTerminalCarrier(options: TerminalCarrierOptions): TerminalCarrier {
  const { input, output } = options
  const receiver = makeReceiver({ switchAfter: SWITCH_AFTER })
  let lastText: string | undefined
  let arrived: Incoming | undefined
  let waiting: { readonly resolve: (incoming: Incoming) => void; readonly reject: (reason: Error) => void } | undefined
  let framesRead = 0
  let linesRead = 0
  const hint = (): string => (options.hint === undefined ? '' : ` · ${options.hint()}`)
  let note = hint()
  let isAttached = false
  let isClosed = false
  let isLent = false
  /** True once an airgap has taken the keyboard, which it then keeps. */
  let isKept = false
  let onTaken: (() => void) | undefined
  let hasEnded = false

  const screen = makeScreen({
    output,
    colours: options.colours ?? '256',
    ...(options.speed === undefined ? {} : { speed: options.speed }),
    ...(options.fragment === undefined ? {} : { fragment: options.fragment }),
    onProgress: (progress) => options.onProgress?.(progress),
    onProblem: report,
    note: () => note,
  })

  function report(problem: KeyriteError): void {
    if (screen.isShowing) note = ` · ${problem.message}`
    options.onProblem?.(problem)
  }

  function onLine(line: string): void {
    linesRead += 1
    const received = receiver.receive(frameInLine(line))
    if (received.state === 'ignored' || received.state === 'failed') {
      if (received.state === 'failed') framesRead = 0
      report(received.why)
      return
    }
    framesRead += 1
    if (received.state === 'other-transfer') return
    const seen = received.state === 'complete' ? received.needed : received.seen
    note = ` · read ${seen} of ${received.needed}`
    if (received.state === 'progress') {
      options.onProgress?.({ direction: 'in', frames: framesRead, needed: received.needed, bytes: received.bytes })
    } else if (received.text === lastText) framesRead = 0
    else arrive(received.text, received.needed, received.bytes)
  }

  function arrive(text: string, needed: number, bytes: number): void {
    const frames = framesRead
    framesRead = 0
    try {
      const envelope = openEnvelope(text)
      lastText = text
      arrived = { text, envelope, frames }
    } catch (problem) {
      if (!isKeyriteError(problem)) throw problem
      receiver.startOver()
      report(problem)
      return
    }
    options.onProgress?.({ direction: 'in', frames, needed, bytes })
    onTaken?.()
    deliver()
  }

  function deliver(): void {
    if (waiting === undefined || arrived === undefined) return
    const { resolve } = waiting
    const incoming = arrived
    waiting = undefined
    arrived = undefined
    resolve(incoming)
  }

  const split = makeInputSplitter({
    onLine,
    onKey: (key) => {
      if (screen.isShowing) screen.press(key)
    },
    onEnter: () => onTaken?.(),
    onInterrupt: options.onInterrupt ?? interrupt,
    onTooLong: (bytes) => report(channelError('too-long', { what: 'A line', bytes, limit: MAX_FRAME })),
    limit: MAX_FRAME,
    keys: input.isTTY === true ? SCREEN_KEYS : '',
  })
  /** Interrupts the process. It gives the window back first: a process that dies of a signal has no time for that. */
  function interrupt(): void {
    screen.stop()
    attach()
    process.kill(process.pid, 'SIGINT')
  }

  const decoder = new StringDecoder('utf8')
  const onData = (piece: string | Uint8Array): void => split(typeof piece === 'string' ? piece : decoder.write(piece))
  const onResize = (): void => screen.refresh()
  const onExit = (): void => {
    if (screen.isShowing) output.write(LEAVE_SCREEN)
  }
  function onEnd(): void {
    split('\n')
    hasEnded = true
    waiting?.reject(channelError('input-ended', { lines: linesRead }))
    waiting = undefined
    onTaken?.()
  }

  /** Takes the keyboard while something is shown or awaited, and gives it back otherwise; an airgap's is kept. */
  function attach(isStarting = false): void {
    const isUsed = isStarting || screen.isShowing || waiting !== undefined
    isKept ||= isUsed && options.role === 'airgap'
    if (!isClosed) listen((isUsed || isKept) && !isLent)
    if (!isLent && input.isTTY === true) input.setRawMode?.(isAttached)
  }

  function listen(wanted: boolean): void {
    if (wanted === isAttached) return
    isAttached = wanted
    if (wanted) {
      input.on('data', onData)
      input.on('end', onEnd)
      output.on?.('resize', onResize)
      process.on('exit', onExit)
      input.resume()
    } else {
      input.off('data', onData)
      input.off('end', onEnd)
      output.off?.('resize', onResize)
      process.off('exit', onExit)
      input.pause()
    }
  }

  /** Drops late input, and gives the keyboard back. */
  async function release(): Promise<void> {
    const wasAttached = isAttached
    listen(false)
    if (wasAttached && input.isTTY === true && !hasEnded) {
      const dropped = await drain(input, { quiet: options.quiet ?? QUIET, most: MOST_DRAIN })
      input.pause()
      if (dropped > 0) report(channelError('still-typed', { bytes: dropped }))
    }
    if (input.isTTY === true) input.setRawMode?.(false)
  }

  function checkOpen(): void {
    if (isClosed) throw channelError('closed', { carrier: 'terminal' })
  }

  async function show(text: string): Promise<void> {
    checkOpen()
    note = hint()
    // Before anything is painted, so that no key is echoed into the picture.
    attach(true)
    try {
      await screen.show(text)
    } finally {
      attach()
    }
    checkOpen()
  }

  async function receive(signal: AbortSignal): Promise<Incoming> {
    checkOpen()
    signal.throwIfAborted()
    if (waiting !== undefined) throw channelError('busy', { what: 'receiving' })
    try {
      return await unlessAborted<Incoming>((resolve, reject) => {
        waiting = { resolve, reject }
        deliver()
        if (hasEnded) onEnd()
        attach()
        return () => (waiting = undefined)
      }, signal)
    } finally {
      attach()
    }
  }

  function stopShowing(): Promise<void> {
    screen.stop()
    attach()
    return Promise.resolve()
  }

  async function lend<T>(ask: () => Promise<T>): Promise<T> {
    checkOpen()
    screen.stop()
    isLent = true
    attach()
    try {
      return await ask()
    } finally {
      isLent = false
      attach()
    }
  }

  async function untilTaken(signal: AbortSignal): Promise<void> {
    if (isClosed || hasEnded || signal.aborted || !screen.isShowing) return
    note = ` · ${TAKEN_HINT}`
    screen.refresh()
    await happening((done) => {
      onTaken = done
      return () => (onTaken = undefined)
    }, { signal })
  }

  return {
    inPartsAbove: options.inPartsAbove ?? LONG_TO_LOOK_AT,
    show,
    stopShowing,
    receive,
    lend,
    untilTaken,
    close: async () => {
      if (isClosed) return
      isClosed = true
      waiting?.reject(channelError('closed', { carrier: 'terminal' }))
      waiting = undefined
      onTaken?.()
      screen.stop()
      await release()
    },
  }
}
