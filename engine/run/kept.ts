/** What is public of the finished ceremonies in an airgap's vault, for its owner's screen. */
import type { Opening } from '../wire/card.ts'
import type { JsonObject } from '../wire/canonical.ts'

/** A finished ceremony, as its owner may see it anywhere: nothing of it is secret. */
export interface KeptShown {
  readonly id: string
  readonly opening: Opening
  /** Of a key: 48 bytes, hex. */
  readonly groupKey?: string
}

const G1 = /^[0-9a-f]{96}$/

/** @param kept a finished ceremony with what it left in the vault */
export function shownOf({ id, opening, values }: { readonly id: string; readonly opening: Opening; readonly values: JsonObject }): KeptShown {
  const groupKey = groupKeyIn(values)
  return { id, opening, ...(groupKey === undefined ? {} : { groupKey }) }
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
