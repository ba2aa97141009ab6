/**
 * hash_tree_root of containers of fixed size (consensus-specs, ssz/simple-serialize, «Merkleization»), which is all that
 * a signing root takes. It is our own code, because the library of Ethereum's types builds all of them when it is loaded,
 * 70 MB in every process. The tests compare it with two such libraries and with signatures from the networks.
 */
import { concat, fromHex, toHex } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import type { JsonObject } from '../base/canonical.ts'
import { bare, checkedAddress, integerField, integerOf, NOBODY, textOf } from './fields.ts'
import type { Line, Signable } from './kind.ts'

/** A field's value: a uint64, or a byte vector. */
export type SszField = bigint | Uint8Array

const CHUNK = 32

/** The root of a container with these fields, in the order of its definition. 32 bytes. */
export const containerRoot = (...fields: readonly SszField[]): Uint8Array => merkleize(fields.map(fieldRoot))

function fieldRoot(field: SszField): Uint8Array {
  if (typeof field !== 'bigint') return merkleize(chunks(field))
  const chunk = new Uint8Array(CHUNK)
  new DataView(chunk.buffer).setBigUint64(0, field, true)
  return chunk
}

function chunks(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.max(1, Math.ceil(bytes.length / CHUNK)) }, (_, i) => {
    const chunk = new Uint8Array(CHUNK)
    chunk.set(bytes.subarray(i * CHUNK, (i + 1) * CHUNK))
    return chunk
  })
}

/** The root of a tree over these leaves, filled up with zeros to a power of two. */
function merkleize(leaves: readonly Uint8Array[]): Uint8Array {
  const [only, ...more] = leaves
  if (only === undefined) throw new TypeError('a tree without leaves')
  if (more.length === 0) return only
  const zero = new Uint8Array(CHUNK)
  const size = 2 ** Math.ceil(Math.log2(leaves.length))
  let row = Array.from({ length: size }, (_, i) => leaves[i] ?? zero)
  while (row.length > 1) row = row.flatMap((left, i) => (i % 2 === 0 ? [sha256(left, row[i + 1] ?? zero)] : []))
  return row[0] ?? zero
}

// Signed messages as the beacon API takes them (ethereum/beacon-APIs): numbers as decimal strings, bytes as 0x and small hex.

/** One item of the list that POST /eth/v1/beacon/pool/bls_to_execution_changes takes (types/bls_to_execution_change.yaml). */
export interface SignedBLSToExecutionChange extends JsonObject {
  readonly message: { readonly validator_index: string; readonly from_bls_pubkey: string; readonly to_execution_address: string }
  readonly signature: string
}

/** Makes one of a message and its signature. @param message a checked `eth/bls-to-execution-change` @param signature 96 bytes, hex */
export function signedBlsToExecutionChange(message: Signable, signature: string): SignedBLSToExecutionChange {
  return {
    message: {
      validator_index: String(integerOf(message, 'validatorIndex')),
      from_bls_pubkey: `0x${bare(textOf(message, 'fromBlsPubkey'))}`,
      to_execution_address: `0x${bare(textOf(message, 'toExecutionAddress'))}`,
    },
    signature: `0x${signature}`,
  }
}

/**
 * The withdrawal credentials that belong to a BLS key: 0x00, then SHA-256 of the public key without its first byte
 * (consensus-specs, phase0, validator guide, `BLS_WITHDRAWAL_PREFIX`).
 *
 * @param publicKey 48 bytes, small hex without 0x
 * @returns 32 bytes, small hex without 0x
 */
export const blsCredentialsOf = (publicKey: string): string => toHex(concat(Uint8Array.of(0), sha256(fromHex(publicKey, 48)).slice(1)))

// Withdrawal credentials in words: they say where a validator's stake goes when it leaves.

/** The meanings of the first byte (consensus-specs, phase0 and electra, «Withdrawal prefixes»). */
const kinds: Readonly<Record<string, string>> = {
  '01': 'withdrawals go to an address',
  '02': 'withdrawals go to an address, rewards compound',
}

/** The lines that show withdrawal credentials. @param hex 32 bytes, small hex without 0x */
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

/** The warning of the zero address, or no line for any other. */
export function nobodyLines(digits: string): readonly Line[] {
  return digits === NOBODY ? [{ label: 'Warning', value: 'This is the zero address: whatever goes there is lost.', warning: true }] : []
}

// Ethereum's signing roots: consensus-specs, phase0, «Domains» and `compute_signing_root`.

/** Domain types, 4 bytes of hex (consensus-specs, phase0 and capella, «Domain types»). */
export const DOMAIN = { deposit: '03000000', voluntaryExit: '04000000', blsToExecutionChange: '0a000000' } as const

/** The genesis validators root of domains that are bound to no network's genesis. */
export const ZERO_ROOT = '00'.repeat(32)

/**
 * The signing root `compute_signing_root(object, compute_domain(type, forkVersion, genesisValidatorsRoot))`, 32 bytes.
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

/** A validator's place in the registry, below VALIDATOR_REGISTRY_LIMIT (consensus-specs, phase0: 2⁴⁰). */
export const validatorField = integerField('Validator index', 0, 2 ** 40 - 1)
