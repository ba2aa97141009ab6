/** What both sides of the DKG's verbs share: labels, the deal's additional data, the birth message (protocol §5). */
import type { G1 } from '../crypto/bls.ts'
import { canonicalBytes } from '../wire/canonical.ts'
import { onCurveG1 } from './points.ts'
import { text } from './runtime.ts'
import type { Collected } from './runtime.ts'

/** A point whose subgroup was checked when it came in, or need not be. */
export const trustedG1 = (hex: string): G1 => onCurveG1(hex)

/** HPKE's additional data for one deal: which place in the ceremony it stands in, and the name of the participant whom it is for. */
export function dealAad(ceremony: string, deal: Pick<Collected, 'step' | 'type' | 'from'>, to: string): Uint8Array {
  return canonicalBytes({ ceremony, step: deal.step, type: deal.type, from: deal.from, to })
}

/** What the new key signs first: its own birth. */
export function birthMessage(ceremony: string, view: string, groupKey: string, sums: string): Uint8Array {
  return canonicalBytes({ ceremony, view, groupKey, sums })
}

/** The sender's statement among all, or a clear internal error. */
export function ofIndex(statements: readonly Collected[], index: number): Collected {
  const found = statements.find((one) => one.index === index)
  if (found === undefined) throw new Error(`no statement of participant ${String(index)}`)
  return found
}

export const field = (statements: readonly Collected[], index: number, name: string): string =>
  text(ofIndex(statements, index).payload, name)
