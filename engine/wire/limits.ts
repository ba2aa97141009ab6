/**
 * Bounds that more than one program holds to: of the texts that cross between a client and its airgap, checked before anything
 * is allocated, and of what a member may post in a ceremony.
 */

/** UTF-8 bytes of the inflated text. */
export const MAX_TEXT = 4 * 1024 * 1024

/** UTF-8 bytes of a text that crosses in parts, each of them a transfer: what one batch of signatures takes, four times over. */
export const MAX_WHOLE = 16 * 1024 * 1024

/** Parts that a text is cut into. */
export const MAX_WHOLE_PARTS = 1024

/** Messages of one member that take no slot, for one that has that many slots (protocol §11): readers count no more of them. */
export const mostEntries = (slots: number): number => 64 + 4 * slots

/** Bytes of such messages. */
export const MOST_BYTES = 1 << 20
