/** How long a text is that crosses between a client and its airgap, at most. Checked before anything is allocated. */

/** UTF-8 bytes of the inflated text. */
export const MAX_TEXT = 4 * 1024 * 1024

/** UTF-8 bytes of a text that crosses in parts, each of them a transfer: what one batch of signatures takes, four times over. */
export const MAX_WHOLE = 16 * 1024 * 1024

/** Parts that a text is cut into. */
export const MAX_WHOLE_PARTS = 1024
