/**
 * What a page that reads tells the page that shows, by a small code of its own: how much of which transfer it has, and how
 * fast that grows. It goes from screen to camera alone and decides about comfort only, so nothing in it is trusted.
 *
 *     KEYRITE-READS/89ABCDEF/30-83/4.2
 */
import { MAX_PARTS } from '../../engine/channel/limits.ts'

export interface ReadingStatus {
  /** CRC-32 of the transfer, as its frames carry it. */
  readonly checksum: number
  readonly seen: number
  readonly needed: number
  /** Useful frames a second. */
  readonly rate: number
}

const PREFIX = 'KEYRITE-READS/'
const FORM = /^KEYRITE-READS\/([0-9A-F]{8})\/([0-9]{1,4})-([0-9]{1,4})\/([0-9]{1,2}\.[0-9])$/

export const isStatus = (text: string): boolean => text.startsWith(PREFIX)

/** In letters that an alphanumeric code has. */
export function writeStatus({ checksum, seen, needed, rate }: ReadingStatus): string {
  const tenths = Math.min(99.9, Math.max(0, rate)).toFixed(1)
  return `${PREFIX}${checksum.toString(16).toUpperCase().padStart(8, '0')}/${seen}-${needed}/${tenths}`
}

/** Undefined for whatever is not exactly such a code. */
export function readStatus(text: string): ReadingStatus | undefined {
  const [, checksum, seen, needed, rate] = FORM.exec(text) ?? []
  const status = { checksum: Number.parseInt(checksum ?? '', 16), seen: Number(seen), needed: Number(needed), rate: Number(rate) }
  return checksum !== undefined && status.needed >= 1 && status.needed <= MAX_PARTS && status.seen <= status.needed ? status : undefined
}
