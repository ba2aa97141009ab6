/**
 * How envelopes cross between a client and its airgap: one side shows, the other looks. Both roles use a carrier and do
 * not know which one it is.
 *
 * `folder.ts` writes QR images into a folder that both sides see; `terminal.ts` paints them in a terminal and reads what a
 * scanner types. A web carrier (a page on loopback, with the machine's camera) needs what only the command line has, and so stands there:
 * its page calls `readQr` for each camera picture and posts the frames, it feeds them to a `Receiver`, and its `show` sends
 * the frames of `makeSending` to the page. Nothing else in the engine changes for it.
 */
import type { KeyriteError } from '../base/errors.ts'
import type { Role } from '../base/names.ts'
import type { Envelope } from './envelope.ts'

/** A complete transfer whose envelope is whole: canonical, of the right shape and digest. */
export interface Incoming {
  /** The envelope's text. */
  readonly text: string
  readonly envelope: Envelope
  /** Frames that were read for it, the useless ones too. */
  readonly frames: number
  /** It was shown before this carrier was opened, as what stands in a folder may have been. */
  readonly isOld?: boolean
}

export interface CarrierProgress {
  readonly direction: 'in' | 'out'
  /** Frames shown or read so far in this transfer. */
  readonly frames: number
  /** Out: frames of one round. In: frames that suffice; 0 while that is unknown. */
  readonly needed: number
  /** Bytes of the whole transfer; 0 while that is unknown. */
  readonly bytes: number
}

export interface CarrierOptions {
  /** Whose carrier this is. */
  readonly role: Role
  /** The most bytes in each frame; each carrier has its own default. */
  readonly fragment?: number
  /** Instead of the carrier's own `inPartsAbove`. */
  readonly inPartsAbove?: number
  readonly onProgress?: (progress: CarrierProgress) => void
  /**
   * What the user should know and that does not end the waiting: a transfer that cannot be completed, one that was altered, a
   * frame of something else, a window that is too small. The carrier keeps waiting.
   */
  readonly onProblem?: (problem: KeyriteError) => void
}

export interface Carrier {
  /** What is longer than so many packed bytes must cross in parts (`parts.ts`), each of which somebody brings and takes the answer of. */
  readonly inPartsAbove: number
  /**
   * Shows an envelope's text until `stopShowing`, `close` or the next `show`. Resolves once a full round was shown (written),
   * or once it was stopped. To show the same text again is harmless.
   *
   * @throws channel.cannot-send, channel.bad-folder, channel.closed
   */
  show(text: string): Promise<void>
  /** Shows nothing any more, so that the screen is free for a question. An airgap's answer in a folder stays there. */
  stopShowing(): Promise<void>
  /**
   * The next complete transfer whose text differs from the last one received on this carrier, or that is shown anew after the other
   * side had taken it away. A new carrier delivers what it finds, also what an earlier one has delivered: requests and answers are
   * idempotent. One call at a time.
   *
   * @throws the signal's reason when it aborts, channel.closed, channel.busy
   */
  receive(signal: AbortSignal): Promise<Incoming>
  /** Stops everything and gives everything back; pending calls are refused with channel.closed. */
  close(): Promise<void>
}

/**
 * How much the channel takes from outside, at most. Every number here is checked before anything is allocated.
 * Everything from a camera is hostile: one 97-character frame that claims a million parts stalls a well-known
 * decoder for minutes.
 */

/** Parts of one transfer. */
export const MAX_PARTS = 4096

/** Bytes of one fragment. A QR code of version 40 at level L holds 4296 characters, and so no longer fragment than this. */
export const MAX_FRAGMENT = 2108

/** Bytes of the smallest fragment that a sender makes, the standard's own bound; a last or only one may be shorter. */
export const MIN_FRAGMENT = 10

/** Bytes of a whole UR message: the deflated text as a CBOR byte string. */
export const MAX_TRANSFER = 2 * 1024 * 1024

/** Packed bytes of a transfer above which a camera looks at it for so long that it better crosses in parts. */
export const LONG_TO_LOOK_AT = 256 * 1024

/** Characters of one frame: a whole message as a single part, typed or pasted. */
export const MAX_FRAME = 2 * (MAX_TRANSFER + 4) + 64

/** Sequence numbers are unsigned 32-bit numbers from 1 (BCR-2024-001). */
export const MAX_SEQUENCE = 0xffffffff

/** Bytes of an image file, its greatest side and its pixels: a 3840×2160 screen shot fits. */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024
export const MAX_IMAGE_SIDE = 4096
export const MAX_IMAGE_PIXELS = 8 * 1024 * 1024
