/** What a model is of: a ceremony, who takes part and what may happen to each, and the rules that they go by. */
import { compileAirgap } from '../../machines/airgap.ts'
import type { Ceremony } from '../../machines/ceremony.ts'
import type { Outcome } from '../../machines/client.ts'
import * as conclusions from '../../run/conclusions.ts'
import type { AirgapMachine } from './stepper.ts'

/** What clients and airgaps go by; a mutant changes one of these. */
export interface Rules extends Pick<typeof conclusions, 'isBound' | 'mustNotCertify' | 'watched' | 'missed' | 'collected' | 'isDoubtOver' | 'dutyOf' | 'guardsOf'> {
  readonly airgap: (ceremony: Ceremony) => AirgapMachine
  /** A client that starts again knows from its disk that it began to post its part of the certificate. */
  readonly remembers: boolean
  /** An answer to a dispute counts as posted when the storage has it, and not before. */
  readonly isPostedWhenTaken: boolean
  /** A client that starts again goes on with the Abort that it kept. */
  readonly resumesAbort: boolean
  /** Who must not post its part of the certificate goes on to collect, where it finds the dispute that keeps it from that. */
  readonly goesOn: boolean
}

export const shippedRules: Rules = { ...conclusions, airgap: compileAirgap, remembers: true, isPostedWhenTaken: true, resumesAbort: true, goesOn: true }

/** Which ceremony, and what may happen in it besides. Participants are named by letters. */
export interface Setting {
  readonly ceremony: string
  readonly honest: readonly string[]
  /** Of whom nothing is honest: whatever its two machines can sign may come, at any time. */
  readonly dishonest?: readonly string[]
  /** What types of messages those bring; all unless told. */
  readonly lies?: readonly string[]
  readonly quorum?: number
  /** Whose owner may decline where asked. */
  readonly declines?: readonly string[]
  /** Whose airgap may find that it cannot go on, in any step. */
  readonly fails?: readonly string[]
  /** Whose airgap may complain, and of whom. */
  readonly complains?: Readonly<Record<string, string>>
  /** Who may fail to reach the storage. */
  readonly outages?: readonly string[]
  /** Whose owner is asked whether to give up. */
  readonly abandons?: readonly string[]
  /** Whose client may be killed and begun anew, and how often. */
  readonly lives?: Readonly<Record<string, number>>
  /** All goes well until this step begins. */
  readonly from?: string
}

/** An honest participant: its two machines, how late it is there, and what it has done. */
export interface Participant {
  readonly client: number
  readonly airgap: number
  readonly now: number
  /** A time until which it waits at least, if that is later than the deadline. */
  readonly least: number
  /** What it states, by the names under which a client keeps it. */
  readonly kept: Readonly<Record<string, number>>
  /** What it began to post, or posted, that its log need not show yet. */
  readonly begun: readonly string[]
  /** What it posted and the storage does not have yet. */
  readonly flying: readonly number[]
  /** When it first saw each complaint about it. */
  readonly seen: Readonly<Record<string, number>>
  /** How it ended, each time. */
  readonly said: readonly Outcome[]
  /** How often it may still be killed. */
  readonly lives: number
  /** A client that starts hears of what the log held only after its machine has begun. */
  readonly hears: boolean
}
