/** Withdrawal credentials in words: where a validator's stake goes when it leaves. */
import type { Line } from '../kind.ts'
import { NOBODY, checkedAddress } from './address.ts'

/** What the first byte says (consensus-specs, phase0 and electra, «Withdrawal prefixes»). */
const kinds: Readonly<Record<string, string>> = {
  '01': 'withdrawals go to an address',
  '02': 'withdrawals go to an address, rewards compound',
}

/** @param hex 32 bytes, small hex without 0x */
export function credentialsLines(hex: string): readonly Line[] {
  const lines: Line[] = [{ label: 'Withdrawal credentials', value: `0x${hex}` }]
  const prefix = hex.slice(0, 2)
  const what = kinds[prefix]
  if (prefix === '00') return [...lines, { label: 'Withdrawals', value: 'belong to a BLS key, which the credentials hash (0x00)' }]
  if (what === undefined) {
    return [...lines, { label: 'Warning', value: `Credentials of the kind 0x${prefix} are not known here: perhaps nobody can ever withdraw.`, warning: true }]
  }
  lines.push({ label: 'Withdrawals', value: `${what} (0x${prefix})` }, { label: 'To execution address', value: checkedAddress(hex.slice(24)) })
  if (/[^0]/.test(hex.slice(2, 24))) lines.push({ label: 'Warning', value: 'Bytes 2 to 12 of the credentials should be zero, and are not.', warning: true })
  lines.push(...nobodyLines(hex.slice(24)))
  return lines
}

/** A warning of the address zero. */
export function nobodyLines(digits: string): readonly Line[] {
  return digits === NOBODY ? [{ label: 'Warning', value: 'This is the zero address: whatever goes there is lost.', warning: true }] : []
}
