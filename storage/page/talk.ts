/** The messages between page and worker. */
import type { BoardView, CeremonyView } from './model.ts'

/** The state of the connection. */
export type Link =
  /** The log is read page by page, up to its end. */
  | { readonly kind: 'reading'; readonly done: number; readonly total: number }
  /** All is read; new entries are shown as they come. */
  | { readonly kind: 'live' }
  /** The storage does not answer; the worker tries again. */
  | { readonly kind: 'lost'; readonly why: string; readonly since: number }
  /** The log is not the one that was read before. Nothing more is read. */
  | { readonly kind: 'tampered'; readonly why: string }
  /** The page itself failed. */
  | { readonly kind: 'failed'; readonly why: string }

export interface ToWorker {
  /** `https://host/boards/name` */
  readonly board: string
  /** The number of ceremonies that are made into views, the newest first. */
  readonly shown: number
}

export interface FromWorker {
  readonly link: Link
  readonly board: BoardView
  /** The ids of the ceremonies shown, newest first. */
  readonly order: readonly string[]
  /** The views that changed. */
  readonly ceremonies: readonly CeremonyView[]
}
