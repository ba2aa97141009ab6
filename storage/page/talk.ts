/** What page and worker tell each other. */
import type { BoardView, CeremonyView } from './model.ts'

/** How reading goes. */
export type Link =
  /** Page by page, up to what there is. */
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  /** All is read; what comes in is shown as it comes. */
  | { readonly kind: 'live' }
  /** The storage does not answer; it is tried again by itself. */
  | { readonly kind: 'lost'; readonly why: string; readonly since: number }
  /** The log is not the one that was read before. Nothing more is read. */
  | { readonly kind: 'tampered'; readonly why: string }
  /** The page itself failed. */
  | { readonly kind: 'failed'; readonly why: string }

export interface ToWorker {
  /** `https://host/boards/name` */
  readonly board: string
  /** How many ceremonies, the newest ones, are made into views. */
  readonly shown: number
}

export interface FromWorker {
  readonly link: Link
  readonly board: BoardView
  /** The ids of what is shown, newest first. */
  readonly order: readonly string[]
  /** Those that changed. */
  readonly ceremonies: readonly CeremonyView[]
}
