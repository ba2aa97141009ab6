/**
 * What the page shows of a board, as plain data: the worker that reads the log makes it, the page draws it. Every text
 * in it that came from outside is short and on one line.
 */
import type { LogEnding } from '../../engine/run/disputes.ts'
import type { AbortReason } from '../../engine/wire/abort.ts'
import type { Pin } from '../../engine/wire/message.ts'

/** One participant's part of one step. */
export interface CellView {
  readonly mark: 'done' | 'awaited' | 'later' | 'never' | 'refused' | 'disputed' | 'aborted' | 'abandoned' | 'out'
  /** The offset of its message, if there is one. */
  readonly offset: number | null
}

export interface StepView {
  readonly name: string
  /** In milliseconds since the epoch; null where the script is not known. */
  readonly until: number | null
}

/**
 * The log's ending, as every reader tells it (protocol §6), where the script is known and runs. `unchecked`: the script is not known, so nobody here can say what comes next. `refused`: the opening breaks a rule, and
 * no client runs it. `waiting`: it follows a ceremony that is not usable here.
 */
export type State = LogEnding | 'unchecked' | 'refused' | 'waiting'

export interface AbortView {
  readonly from: string
  readonly step: string | null
  readonly reason: AbortReason
  readonly accused: string | null
  readonly why: string
  readonly offset: number
}

export interface FaultView {
  readonly step: string | null
  readonly reason: AbortReason
  readonly why: string
  /** Whom this proves guilty. */
  readonly convicted: string | null
  readonly offsets: readonly number[]
}

export interface DisputeView {
  readonly from: string
  readonly accused: string
  readonly step: string
  readonly offset: number
  readonly isAnswered: boolean
  readonly until: number
}

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

export interface CeremonyView {
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
  readonly state: State
  /** Why it is refused, what it waits for, why it can never be usable, or what was found that ends it. */
  readonly problem: string | null
  /** The message that made it usable: what was found after it changes nothing. */
  readonly usableAt: number | null
  /** Of an aborted one, who stated their part of its certificate: it may still be completed. */
  readonly bound: readonly string[]
  readonly steps: readonly StepView[]
  /** The step that is going on; the number of steps when all are complete. */
  readonly current: number
  readonly rows: readonly { readonly name: string; readonly cells: readonly CellView[] }[]
  readonly awaited: readonly string[]
  /** Where some of them are enough. */
  readonly needed: { readonly made: number; readonly wanted: number } | null
  readonly aborts: readonly AbortView[]
  readonly faults: readonly FaultView[]
  readonly disputes: readonly DisputeView[]
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
