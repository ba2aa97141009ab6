/** What a client's run stands on: its edges to the board, the airgap, the disk, the clock and the screen. */
import type { Script } from '../machines/ceremony.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import type { Board } from '../wire/board.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { MessageChecks } from './checks.ts'
import type { Feed } from './feed.ts'
import type { Ledger } from './ledger.ts'

/** Texts kept on the client's disk. `put` resolves when the text is durable; it never changes one that is there. */
export interface TextStore {
  readonly get: (key: string) => Promise<string | undefined>
  readonly put: (key: string, text: string) => Promise<void>
}

export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Resolves at that time, or early when the signal aborts. */
  readonly until: (time: number, signal: AbortSignal) => Promise<void>
}

export interface ClientProgress {
  readonly ceremony: string
  /** Where the machine is: a step or dispute and what it does there, or a final state. */
  readonly step: string
  readonly doing: string
}

export interface ClientPorts {
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
  /** The signing key, 32 bytes. Secret. */
  readonly signingKey: Uint8Array
  readonly board: Board
  readonly feed: Feed
  readonly store: TextStore
  /** Brings a request to the airgap and its answer back. Resolves with the answer's envelope text. */
  readonly exchange: (request: string, signal: AbortSignal) => Promise<string>
  readonly verbs: Verbs
  /** The finished ceremonies that this one follows, by the script's local name. */
  readonly followed?: Readonly<Record<string, Ledger>>
  /** Its own checks unless told; a simulation's clients share theirs. */
  readonly checks?: MessageChecks
  readonly random: Random
  readonly clock: Clock
  /**
   * Asks the owner of a ceremony in doubt to the last deadline whether to give it up for good; its airgap's owner confirms it there. Without
   * it nothing is given up.
   */
  readonly offerAbandon?: () => Promise<boolean>
  readonly onProgress?: (progress: ClientProgress) => void
  /** Hears of the ceremony as the log tells it, at the start and after every message. */
  readonly onLedger?: (ledger: Ledger) => void
  /** Hears of every failed try to reach the storage. */
  readonly onTrouble?: (error: Error) => void
}
