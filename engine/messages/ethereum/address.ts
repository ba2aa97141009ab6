/** Addresses of Ethereum's execution layer, with their checksum. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { toHex } from '../../crypto/bytes.ts'
import { utf8 } from '../../wire/canonical.ts'

/** The address that nobody holds the key of. */
export const NOBODY = '0'.repeat(40)

/**
 * An address with its checksum in the case of its letters (EIP-55).
 *
 * @param digits 40 small hex digits, without 0x
 */
export function checkedAddress(digits: string): string {
  const hash = toHex(keccak_256(utf8(digits)))
  return `0x${digits.replace(/[a-f]/g, (letter, i: number) => (parseInt(hash.charAt(i), 16) >= 8 ? letter.toUpperCase() : letter))}`
}
