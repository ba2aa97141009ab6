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
export const MAX_MESSAGE = 2 * 1024 * 1024

/** Packed bytes of a transfer above which a camera looks at it for so long that it better crosses in parts. */
export const LONG_TO_LOOK_AT = 256 * 1024

/** Characters of one frame: a whole message as a single part, typed or pasted. */
export const MAX_FRAME = 2 * (MAX_MESSAGE + 4) + 64

/** Sequence numbers are unsigned 32-bit numbers from 1 (BCR-2024-001). */
export const MAX_SEQUENCE = 0xffffffff

/** Bytes of an image file, its greatest side and its pixels: a 3840×2160 screen shot fits. */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024
export const MAX_IMAGE_SIDE = 4096
export const MAX_IMAGE_PIXELS = 8 * 1024 * 1024
