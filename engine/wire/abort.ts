/** The reasons why ceremonies end without success, and the Aborts that state them (protocol §6). */
import { isKeyriteError } from '../base/errors.ts'
import { cut, printable } from '../base/text.ts'
import { canonical, MAX_DEPTH } from '../base/canonical.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { compileCheck, nameSchema, objectSchema, patternSchema } from './schema.ts'
import { NAME } from '../base/names.ts'

/** The engine's own reasons. Verbs add theirs with a namespace, such as `dkg.bad-deal`. */
export const REASONS = [
  'missing', 'withheld', 'malformed', 'bad-signature', 'equivocation', 'unreachable', 'disagreement', 'forked',
  'rejected', 'operator',
] as const

export type EngineReason = (typeof REASONS)[number]

/** A reason of the engine's, or a verb's. The table of verbs declares the latter. */
export type AbortReason = EngineReason | `${string}.${string}`

export const reasonSchema = patternSchema(`(${REASONS.join('|')}|${NAME}\\.${NAME})`)

/** A fault as a reader found it, before anyone states it in the log. */
export interface Fault {
  readonly reason: AbortReason
  readonly step: string | null
  readonly accused: string | null
  /** One sentence for people. */
  readonly why: string
  /** True where the fault is a proof that every reader can check alone. Only such a fault makes somebody guilty. */
  readonly convicts: boolean
  /** The offsets of the entries that show it. */
  readonly offsets: readonly number[]
  /** Evidence that the log may not hold, such as the second statement of an equivocation. */
  readonly evidence?: Json
}

/** Is it the storage’s fault? Its log is not what its authors wrote, or not what they saw. Nothing after that can be believed. */
export const isStorages = ({ reason, accused }: Fault): boolean => reason === 'forked' || (reason === 'bad-signature' && accused === null)

/** An Abort message's payload. */
export interface AbortPayload extends JsonObject {
  readonly reason: AbortReason
  readonly step: string | null
  readonly accused: string | null
  readonly evidence: { readonly why: string; readonly offsets: readonly number[]; readonly more?: Json }
}

const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength })
/** The most characters of an Abort's sentence. */
const MOST_WHY = 1000
const nullable = (schema: object) => ({ anyOf: [schema, { type: 'null' }] })

/** Checks an Abort's payload. @throws wire.malformed */
export const checkAbort = compileCheck<AbortPayload>(
  objectSchema({
    reason: reasonSchema,
    step: nullable(text(64)),
    accused: nullable(nameSchema),
    evidence: objectSchema(
      {
        why: text(MOST_WHY),
        offsets: { type: 'array', maxItems: 16, items: { type: 'integer', minimum: 0 } },
        more: {},
      },
      ['more'],
    ),
  }),
)

/** The most characters of evidence that an Abort carries. Longer evidence is left out: the offsets say where to look. */
const MAX_EVIDENCE = 1 << 18
/** The depth of evidence in a message: statement, payload, evidence, more. */
const EVIDENCE_DEPTH = 4

/** The payload of the Abort that states a fault. */
export function abortPayload(fault: Fault): AbortPayload {
  const { reason, step, accused, why, offsets, evidence } = fault
  const more = evidence === undefined || !fits(evidence) ? {} : { more: evidence }
  return { reason, step, accused, evidence: { why: printable(cut(why, MOST_WHY - 1)), offsets: offsets.slice(0, 16), ...more } }
}

/** Does the evidence fit an Abort? It holds what somebody else signed, which may be as long and as deep as a message may be. */
function fits(evidence: Json): boolean {
  try {
    return canonical(evidence, MAX_DEPTH - EVIDENCE_DEPTH).length <= MAX_EVIDENCE
  } catch (error) {
    if (isKeyriteError(error, 'wire.not-json')) return false
    throw error
  }
}
