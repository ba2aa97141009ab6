/**
 * The page's view of a board, as plain data: the worker that reads the log makes it, the page draws it. Every text in
 * it that came from outside is short and on one line.
 */
import type { Lasting } from '../../engine/run/standing.ts'
import type { Pin } from '../../engine/wire/message.ts'

/**
 * The reason why the page cannot show all of a ceremony. `unchecked`: the script is not known, so nobody here can say
 * what comes next. `refused`: the opening breaks a rule, and no client runs it. `waiting`: it follows a ceremony that
 * is not usable here.
 */
export type Obstacle = 'unchecked' | 'refused' | 'waiting'

/** A name and a text, such as a parameter or an output. */
export interface FactView {
  readonly name: string
  readonly text: string
  /** True for the opener's own words, which nobody has checked. */
  readonly isClaim?: boolean
  /** True where the text is the id of another ceremony. */
  readonly isCeremony?: boolean
}

export interface AttachmentView {
  readonly hash: string
  readonly from: string
  readonly step: string
  readonly offset: number
}

/** A ceremony as its log tells it to everybody at any time, and what else the page knows of it. Long lists are cut. */
export interface CeremonyView extends Lasting {
  readonly id: string
  /** Eight groups of five digits; null until it is computed. */
  readonly number: string | null
  readonly script: { readonly name: string; readonly version: string; readonly hash: string }
  /** The script's title; null where the script did not ship with this page. */
  readonly title: string | null
  readonly isRehearsal: boolean
  readonly openedBy: string
  readonly opensAt: string
  readonly offset: number
  readonly parameters: readonly FactView[]
  readonly obstacle: Obstacle | null
  /** The reason why it is refused, or what it waits for. */
  readonly problem: string | null
  readonly outputs: readonly FactView[]
  readonly attachments: readonly AttachmentView[]
  /** The number of attachments, listed or not. */
  readonly attachmentCount: number
}

export interface ReadyView {
  readonly name: string
  readonly script: string
  readonly hash: string
  readonly isShipped: boolean
  readonly offset: number
}

/** A message as it names itself. Only messages in a ceremony's table were checked. */
export interface MessageView {
  readonly offset: number
  readonly type: string
  readonly from: string
  readonly step: string | null
  readonly attachment: string | null
}

/** The board as a whole. */
export interface BoardView {
  /** The last entry that was read, with its head checked. */
  readonly pin: Pin
  readonly ready: readonly ReadyView[]
  /** The number of ready participants, listed or not. */
  readonly readyCount: number
  readonly recent: readonly MessageView[]
  /** The number of ceremonies in the log, and of those that were made into views. */
  readonly ceremonyCount: number
  readonly shown: number
}
