/** What both sides of the DKG's verbs share: labels, the deal's additional data, the birth message (protocol §5). */
import type { G1 } from '../crypto/bls.ts'
import { concat, sha256Hex } from '../crypto/bytes.ts'
import { canonicalBytes, utf8 } from '../wire/canonical.ts'
import { onCurveG1 } from './points.ts'
import { text } from './runtime.ts'
import type { Collected } from './runtime.ts'

/** A point whose subgroup was checked when it came in, or need not be. */
export const trustedG1 = (hex: string): G1 => onCurveG1(hex)

/** HPKE's additional data for one deal: which place in the ceremony it stands in. */
export function dealAad(ceremony: string, deal: Pick<Collected, 'step' | 'type' | 'from' | 'to'>): Uint8Array {
  return canonicalBytes({ ceremony, step: deal.step, type: deal.type, from: deal.from, to: deal.to })
}

/**
 * H over the deals to one participant, by their dealers' order. Its Response binds it, since private messages are in no
 * view: what an airgap answered to can then be found in the log again. 32 bytes, hex.
 */
export function dealsHash(deals: readonly Collected[]): string {
  const list = [...deals].sort((a, b) => a.index - b.index).map(({ from, payload }) => ({ from, sealed: text(payload, 'sealed') }))
  return sha256Hex(concat(utf8('keyrite/1/deals\n'), canonicalBytes(list)))
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
