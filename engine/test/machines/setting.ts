/** The setting of a model: a ceremony, its participants, what may happen to each, and the rules that they go by. */
import { compileAirgap } from '../../machines/airgap.ts'
import type { Ceremony } from '../../machines/ceremony.ts'
import type { Outcome } from '../../machines/client.ts'
import * as conclusions from '../../run/conclusions.ts'
import type { AirgapMachine } from './stepper.ts'

/** The rules of clients and airgaps; a mutant changes one of them. */
export interface Rules extends Pick<typeof conclusions, 'isBound' | 'mustNotCertify' | 'watched' | 'missed' | 'collected' | 'isDoubtOver' | 'dutyOf' | 'guardsOf'> {
  readonly airgap: (ceremony: Ceremony) => AirgapMachine
  /** A client that starts again knows from its disk that it began to post its part of the certificate. */
  readonly remembers: boolean
  /** An answer to a dispute counts as posted when the storage has it, and not before. */
  readonly isPostedWhenTaken: boolean
  /** A client that starts again goes on with the Abort that it kept. */
  readonly resumesAbort: boolean
  /** A client that must not post its part of the certificate goes on to collect, where it finds the dispute that keeps it from that. */
  readonly goesOn: boolean
}

export const shippedRules: Rules = { ...conclusions, airgap: compileAirgap, remembers: true, isPostedWhenTaken: true, resumesAbort: true, goesOn: true }

/** A ceremony, and what may happen in it besides. Participants are named by letters. */
export interface Setting {
  readonly ceremony: string
  readonly honest: readonly string[]
  /** Those of whom nothing is honest: whatever their two machines can sign may come, at any time. */
  readonly dishonest?: readonly string[]
  /** The types of messages that those bring; all unless told. */
  readonly lies?: readonly string[]
  readonly quorum?: number
  /** Those whose owner may decline where asked. */
  readonly declines?: readonly string[]
  /** Those whose airgap may find that it cannot go on, in any step. */
  readonly fails?: readonly string[]
  /** Those whose airgap may complain, and of whom. */
  readonly complains?: Readonly<Record<string, string>>
  /** Those who may fail to reach the storage. */
  readonly outages?: readonly string[]
  /** Those whose owner is asked whether to give up. */
  readonly abandons?: readonly string[]
  /** Those whose client may be killed and begun anew, and how often. */
  readonly lives?: Readonly<Record<string, number>>
  /** All goes well until this step begins. */
  readonly from?: string
}

/** An honest participant: its two machines, its clock, and what it has done. */
export interface Participant {
  readonly client: number
  readonly airgap: number
  readonly now: number
  /** A time until which it waits at least, if that is later than the deadline. */
  readonly least: number
  /** The statements that it made, by the names under which a client keeps them. */
  readonly kept: Readonly<Record<string, number>>
  /** The names of what it began to post, or posted, that its log need not show yet. */
  readonly begun: readonly string[]
  /** The entries that it posted and the storage does not have yet. */
  readonly flying: readonly number[]
  /** The time at which it first saw each complaint about it. */
  readonly seen: Readonly<Record<string, number>>
  /** The outcomes that it came to, one for each end. */
  readonly said: readonly Outcome[]
  /** The number of times that it may still be killed. */
  readonly lives: number
  /** A client that starts hears of what the log held only after its machine has begun. */
  readonly hears: boolean
}
