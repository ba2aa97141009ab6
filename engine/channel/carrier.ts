/**
 * Carriers, by which envelopes cross between a client and its airgap: one side shows, the other looks. Both roles use a
 * carrier and do not know which one it is.
 *
 * `folder.ts` writes QR images into a folder that both sides see; `terminal.ts` paints them in a terminal and reads what a
 * scanner types. The web carrier (a page on loopback, with the machine's camera) needs a web server, and so stands in the command line:
 * its page calls `readQr` for each camera picture and posts the frames, it feeds them to a `Receiver`, and its `show` sends
 * the frames of `makeSending` to the page.
 */
import type { KeyriteError } from '../base/errors.ts'
import type { Role } from '../base/names.ts'
import type { Envelope } from './envelope.ts'

/** A complete transfer whose envelope is whole: canonical, of the right shape and digest. */
export interface Incoming {
  /** The envelope's text. */
  readonly text: string
  readonly envelope: Envelope
  /** The number of frames that were read for it, useless ones included. */
  readonly frames: number
  /** Set where it was shown before this carrier was opened, as a transfer in a folder may have been. */
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
  /** The role that uses this carrier. */
  readonly role: Role
  /** The most bytes in each frame; each carrier has its own default. */
  readonly fragment?: number
  /** Replaces the carrier's own `inPartsAbove`. */
  readonly inPartsAbove?: number
  readonly onProgress?: (progress: CarrierProgress) => void
  /**
   * Takes problems that the user should know of: a transfer that cannot be completed, one that was altered, a frame of something
   * else, a window that is too small. The carrier keeps waiting.
   */
  readonly onProblem?: (problem: KeyriteError) => void
}

export interface Carrier {
  /** The packed bytes of an envelope above which it must cross in parts (`parts.ts`). Each part is a transfer, and is answered by one. */
  readonly inPartsAbove: number
  /**
   * Shows an envelope's text until `stopShowing`, `close` or the next `show`. Resolves once a full round was shown or written,
   * or once it was stopped. Showing the same text again is harmless.
   *
   * @throws channel.cannot-send, channel.bad-folder, channel.closed
   */
  show(text: string): Promise<void>
  /** Stops showing, so that the screen is free for a question. An airgap's answer in a folder stays there. */
  stopShowing(): Promise<void>
  /**
   * Receives the next complete transfer whose text differs from the last one received on this carrier, or that the other side
   * shows anew after it took it away. A new carrier also delivers a transfer that an earlier one has delivered: requests and
   * answers are idempotent. One call at a time.
   *
   * @throws the signal's reason when it aborts, channel.closed, channel.busy
   */
  receive(signal: AbortSignal): Promise<Incoming>
  /** Stops everything and gives everything back; pending calls are refused with channel.closed. */
  close(): Promise<void>
}

/**
 * The bounds of what the channel takes from outside, each checked before anything is allocated. Everything from a camera
 * is hostile: one 97-character frame that claims a million parts stalls a well-known decoder for minutes.
 */

/** The most parts (BCR-2024-001) of one transfer. */
export const MAX_PARTS = 4096

/** The most bytes of one fragment. A QR code of version 40 at level L holds 4296 characters, and so no longer fragment than this. */
export const MAX_FRAGMENT = 2108

/** The fewest bytes of a fragment that a sender makes, which is the standard's own bound; a last or only one may be shorter. */
export const MIN_FRAGMENT = 10

/** The most bytes of a whole UR message: the deflated text as a CBOR byte string. */
export const MAX_TRANSFER = 2 * 1024 * 1024

/** The packed bytes of a transfer above which it should cross in parts, because a camera would look at it for too long. */
export const LONG_TO_LOOK_AT = 256 * 1024

/** The most characters of one frame: of a whole message in one frame, typed or pasted. */
export const MAX_FRAME = 2 * (MAX_TRANSFER + 4) + 64

/** The highest sequence number: they are unsigned 32-bit numbers from 1 (BCR-2024-001). */
export const MAX_SEQUENCE = 0xffffffff

/** The most bytes of an image file, pixels of a side, and pixels in all: a 3840×2160 screen shot fits. */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024
export const MAX_IMAGE_SIDE = 4096
export const MAX_IMAGE_PIXELS = 8 * 1024 * 1024
