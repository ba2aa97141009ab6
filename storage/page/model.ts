/**
 * What the page shows of a board, as plain data: the worker that reads the log makes it, the page draws it. Every text
 * in it that came from outside is short and on one line.
 */
import type { Lasting } from '../../engine/run/standing.ts'
import type { Pin } from '../../engine/wire/message.ts'

/**
 * Why there is no more of a ceremony than this. `unchecked`: the script is not known, so nobody here can say what comes next. `refused`: the
 * opening breaks a rule, and no client runs it. `waiting`: it follows a ceremony that is not usable here.
 */
export type Obstacle = 'unchecked' | 'refused' | 'waiting'

/** A name and a text, such as a parameter or an output. */
export interface FactView {
  readonly name: string
  readonly text: string
  /** In the opener's words, which nobody has checked. */
  readonly isClaim?: boolean
  /** The text is the id of another ceremony. */
  readonly isCeremony?: boolean
}

export interface AttachmentView {
  readonly hash: string
  readonly from: string
  readonly step: string
  readonly offset: number
}

/** A ceremony as its log tells it to everybody, whatever the time, and what else the page knows of it. Of a log's long lists the first ones. */
export interface CeremonyView extends Lasting {
  readonly id: string
  /** Eight groups of five digits, or null as long as it is not computed. */
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
  /** Why it is refused, or what it waits for. */
  readonly problem: string | null
  readonly outputs: readonly FactView[]
  readonly attachments: readonly AttachmentView[]
  /** How many attachments there are, if not all are listed. */
  readonly attachmentCount: number
}

export interface ReadyView {
  readonly name: string
  readonly script: string
  readonly hash: string
  readonly isShipped: boolean
  readonly offset: number
}

/** A message as it names itself; only what stands in a ceremony's table was checked. */
export interface MessageView {
  readonly offset: number
  readonly type: string
  readonly from: string
  readonly step: string | null
  readonly attachment: string | null
}

/** What the page as a whole says. */
export interface BoardView {
  /** The last entry that was read, with its head checked. */
  readonly pin: Pin
  readonly ready: readonly ReadyView[]
  /** How many participants are ready, if not all are listed. */
  readonly readyCount: number
  readonly recent: readonly MessageView[]
  /** How many ceremonies the log has, and how many of them were made into views. */
  readonly ceremonyCount: number
  readonly shown: number
}
