/** Fields that several kinds have, and readers for values that their schemas have checked. */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { isKeyriteError } from '../base/errors.ts'
import { decodeG1 } from '../crypto/bls.ts'
import { fromHex, hexPattern, toHex, utf8 } from '../base/bytes.ts'
import type { Json } from '../base/canonical.ts'
import { whole } from '../base/names.ts'
import type { Field, Signable } from './kind.ts'

// Addresses of Ethereum's execution layer, with their checksum.

/** The zero address, to which nobody holds a key. */
export const NOBODY = '0'.repeat(40)

/**
 * Writes an address with its checksum in the case of its letters (EIP-55).
 *
 * @param digits 40 small hex digits, without 0x
 */
export function checkedAddress(digits: string): string {
  const hash = toHex(keccak_256(utf8(digits)))
  return `0x${digits.replace(/[a-f]/g, (letter, i: number) => (parseInt(hash.charAt(i), 16) >= 8 ? letter.toUpperCase() : letter))}`
}

/** A string of a checked message; '' where there is none. */
export function textOf(message: Signable, field: string): string {
  const value = message[field]
  return typeof value === 'string' ? value : ''
}

/** A whole number of a checked message. */
export function integerOf(message: Signable, field: string): number {
  const value = message[field]
  return typeof value === 'number' ? value : Number.NaN
}

/** Lower-case hex without `0x`. */
export const bare = (value: Json): string => (typeof value === 'string' ? value.replace(/^0x/, '').toLowerCase() : '')

/** The bytes of a hex field of a checked message. */
export const bytesOf = (message: Signable, field: string): Uint8Array => fromHex(bare(textOf(message, field)))

/** A field of hex of exactly `size` bytes. `0x` may stand before it, as Ethereum's tools write it. */
export function hexField(label: string, size: number): Field {
  return {
    label,
    wants: `${size} bytes: ${size * 2} small hex digits, with or without 0x`,
    schema: { type: 'string', pattern: whole(`(0x)?${hexPattern(size)}`) },
    same: bare,
  }
}

/** A field of a BLS public key: a canonical point of G1, of the prime-order subgroup and not the identity. */
export function publicKeyField(label: string): Field {
  return { ...hexField(label, 48), problem: (value) => pointProblem(bare(value)) }
}

/** A field of an address of the execution layer. If it has capitals, they are its checksum (EIP-55). */
export function addressField(label: string): Field {
  return {
    label,
    wants: 'an address: 0x and 40 hex digits, all small or with the right checksum (EIP-55)',
    schema: { type: 'string', pattern: '^(0x)?[0-9a-fA-F]{40}$' },
    problem: (value) => (checkedAddress(bare(value)) === withPrefix(value) || isOneCase(value) ? null : 'its checksum is wrong (EIP-55): a digit was mistyped, or the case of one'),
    same: bare,
  }
}

/** A field of a whole number. A number above `most` is refused, so that JSON's numbers stay exact. */
export function integerField(label: string, least: number, most: number, unit = ''): Field {
  return {
    label,
    wants: `a whole number${unit === '' ? '' : ` of ${unit}`} from ${least} to ${most}, without quotes`,
    schema: { type: 'integer', minimum: least, maximum: most },
  }
}

const withPrefix = (value: Json): string => (typeof value !== 'string' ? '' : value.startsWith('0x') ? value : `0x${value}`)

function isOneCase(value: Json): boolean {
  const digits = withPrefix(value).slice(2)
  return digits === digits.toLowerCase() || digits === digits.toUpperCase()
}

const MAX_KNOWN = 4096
const known = new Map<string, string | null>()

/** The reason why this is no public key, or null. It is remembered: a batch has one key, over and over. */
function pointProblem(hex: string): string | null {
  const found = known.get(hex)
  if (found !== undefined) return found
  const problem = why(() => decodeG1(fromHex(hex, 48)))
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(hex, problem)
  return problem
}

function why(decode: () => unknown): string | null {
  try {
    decode()
    return null
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return `it is no BLS public key: ${isKeyriteError(error, 'crypto.bad-point') ? error.facts.why : error.message}`
  }
}
