/** How far a transfer in parts is. */
export interface PartProgress {
  /** Out: this side's own text. In: the other side's. */
  readonly direction: 'in' | 'out'
  /** The part that crosses now, from 1. */
  readonly index: number
  readonly count: number
  /** Parts that have crossed. */
  readonly done: number
}

/** Hears of each part, and null once nothing crosses in parts any more. */
export type OnPart = (progress: PartProgress | null) => void
