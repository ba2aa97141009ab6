/**
 * Bounds that several programs share: of the texts that cross between a client and its airgap, checked before anything is
 * allocated, and of the messages that a member may post in a ceremony.
 */

/** The most UTF-8 bytes of the inflated text of one transfer. */
export const MAX_TEXT = 4 * 1024 * 1024

/** The most UTF-8 bytes of a text that crosses in parts, each of them a transfer. It is four times what one batch of signatures takes. */
export const MAX_WHOLE = 16 * 1024 * 1024

/** The most parts that a text is cut into. */
export const MAX_WHOLE_PARTS = 1024

/** The most messages that take no slot of a member that has so many slots: readers count no more of them (protocol §4, Budgets). */
export const mostEntries = (slots: number): number => 64 + 4 * slots

/** The most bytes of such messages. */
export const MOST_BYTES = 1 << 20
