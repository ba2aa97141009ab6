import { concat, fromHex, sha256, toHex } from '../../crypto/bytes.ts'

/**
 * The withdrawal credentials that belong to a BLS key: 0x00, then SHA-256 of the public key without its first byte
 * (consensus-specs, phase0, validator guide, `BLS_WITHDRAWAL_PREFIX`).
 *
 * @param publicKey 48 bytes, small hex without 0x
 * @returns 32 bytes, small hex without 0x
 */
export const blsCredentialsOf = (publicKey: string): string => toHex(concat(Uint8Array.of(0), sha256(fromHex(publicKey, 48)).slice(1)))
