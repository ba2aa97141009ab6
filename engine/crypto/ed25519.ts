/**
 * Ed25519 with one exact verification rule, so that no two participants judge a signature differently: the public
 * key is canonical, in the prime-order subgroup and not the identity; S < L; and `encode([S]B - [k]A)` equals R byte
 * for byte, without the cofactor.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { toHex } from '../base/bytes.ts'
import { cryptoError } from './errors.ts'
import { primitives } from './fast.ts'

export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 32 bytes: for Ed25519 the seed of RFC 8032, for X25519 the scalar before clamping. */
  readonly secretKey: Uint8Array
}

/**
 * Makes the key pair of a seed.
 *
 * @param seed 32 uniformly random bytes (RFC 8032's private key)
 * @throws crypto.bad-length
 */
export function ed25519FromSeed(seed: Uint8Array): KeyPair {
  wantSeed(seed)
  return { publicKey: primitives.ed25519PublicKey(seed), secretKey: seed }
}

/**
 * Signs deterministically (RFC 8032 §5.1.6).
 *
 * @returns 64 bytes
 * @throws crypto.bad-length
 */
export function signEd25519(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
  wantSeed(secretKey)
  return primitives.ed25519Sign(secretKey, message)
}

/**
 * Does this signature hold under the rule above? Never throws. Under a key that `checkEd25519Key` refuses no signature
 * holds, so a caller that forgets that check does no harm.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || checkEd25519Key(publicKey) !== null) return false
  return primitives.ed25519Verify(publicKey, message, signature)
}

// The subgroup check takes as long as ten verifications, and the same few keys come again and again.
const checked = new Map<string, string | null>()
const MAX_CHECKED = 4096

/**
 * Checks that a public key may be used: it must be canonical (RFC 8032 §5.1.3), of prime order and not the identity.
 *
 * @returns null if so, else why not
 */
export function checkEd25519Key(publicKey: Uint8Array): string | null {
  if (publicKey.length !== 32) return `it has ${publicKey.length} bytes, not 32`
  const name = toHex(publicKey)
  const known = checked.get(name)
  if (known !== undefined) return known
  const why = judge(publicKey)
  if (checked.size >= MAX_CHECKED) checked.clear()
  checked.set(name, why)
  return why
}

function judge(publicKey: Uint8Array): string | null {
  let point: ReturnType<typeof ed25519.Point.fromBytes>
  try {
    point = ed25519.Point.fromBytes(publicKey)
  } catch {
    return 'it is not the canonical encoding of a point on the curve'
  }
  if (point.is0()) return 'it is the identity'
  return point.isTorsionFree() ? null : 'it is not in the prime-order subgroup'
}

function wantSeed(seed: Uint8Array): void {
  if (seed.length !== 32) throw cryptoError('bad-length', { what: 'An Ed25519 seed', length: seed.length, expected: 32 })
}
