/** Ethereum's signing roots: consensus-specs, phase0, «Domains» and `compute_signing_root`. */
import { concat, fromHex } from '../../crypto/bytes.ts'
import { containerRoot } from '../ethereum.ts'

/** Domain types, 4 bytes of hex (consensus-specs, phase0 and capella, «Domain types»). */
export const DOMAIN = { deposit: '03000000', voluntaryExit: '04000000', blsToExecutionChange: '0a000000' } as const

/** For domains that are bound to no network's genesis. */
export const ZERO_ROOT = '00'.repeat(32)

/**
 * `compute_signing_root(object, compute_domain(type, forkVersion, genesisValidatorsRoot))`, 32 bytes.
 *
 * @param objectRoot the object's hash tree root, 32 bytes
 * @param type one of DOMAIN
 * @param forkVersion 4 bytes, hex
 * @param genesisValidatorsRoot 32 bytes, hex
 */
export function signingRoot(objectRoot: Uint8Array, type: string, forkVersion: string, genesisValidatorsRoot: string): Uint8Array {
  // ForkData: current_version, genesis_validators_root. SigningData: object_root, domain.
  const forkData = containerRoot(fromHex(forkVersion, 4), fromHex(genesisValidatorsRoot, 32))
  return containerRoot(objectRoot, concat(fromHex(type, 4), forkData.subarray(0, 28)))
}
