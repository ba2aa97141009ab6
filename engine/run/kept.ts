/** What is public of the finished ceremonies in an airgap's vault, for its owner's screen. */
import type { Opening } from '../wire/card.ts'
import type { JsonObject } from '../wire/canonical.ts'

/** A finished ceremony, as its owner may see it anywhere: nothing of it is secret. */
export interface KeptShown {
  readonly id: string
  readonly opening: Opening
  /** Of a key: 48 bytes, hex. */
  readonly groupKey?: string
  /** Its share was recovered from a log in which not everybody had confirmed: the others may have given it up. */
  readonly isUnconfirmed: boolean
}

const G1 = /^[0-9a-f]{96}$/

/** @param kept a finished ceremony with what it left in the vault */
export function shownOf(
  { id, opening, values, unconfirmed = false }: { readonly id: string; readonly opening: Opening; readonly values: JsonObject; readonly unconfirmed?: boolean },
): KeptShown {
  const groupKey = groupKeyIn(values)
  return { id, opening, isUnconfirmed: unconfirmed, ...(groupKey === undefined ? {} : { groupKey }) }
}

/** The group key that a share is of: it stands beside the share. */
function groupKeyIn(values: JsonObject): string | undefined {
  for (const value of Object.values(values)) {
    if (typeof value !== 'object' || value === null || !('groupKey' in value)) continue
    const { groupKey } = value
    if (typeof groupKey === 'string' && G1.test(groupKey)) return groupKey
  }
  return undefined
}
