/**
 * The primitives by node:crypto, ten and more times faster than portable code. No other file here needs Node.
 */
import {
  createCipheriv, createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman, pbkdf2Sync, scryptSync, sign, verify,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { concat, toHex } from '../base/bytes.ts'
import type { Primitives } from './primitives.ts'

type Curve = 'Ed25519' | 'X25519'

/** Imports a secret key as a JWK, which Node reads ten times faster than DER. */
export const secretFromJwk = (crv: Curve, secretKey: Uint8Array): KeyObject => createPrivateKey({
  // Node reads d alone. Without x it refuses the key, and computing x would cost a multiplication, so x is empty.
  key: { kty: 'OKP', crv, d: Buffer.from(secretKey).toString('base64url'), x: '' }, format: 'jwk',
})

/** Imports a secret key as PKCS #8 (RFC 8410), for a Node that would compare x. */
export function secretFromDer(crv: Curve, secretKey: Uint8Array): KeyObject {
  const head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, crv === 'X25519' ? 0x6e : 0x70, 4, 0x22, 4, 0x20]
  return createPrivateKey({ key: Buffer.from(concat(Uint8Array.from(head), secretKey)), format: 'der', type: 'pkcs8' })
}

function secretObject(crv: Curve, secretKey: Uint8Array): KeyObject {
  try {
    return secretFromJwk(crv, secretKey)
  } catch {
    return secretFromDer(crv, secretKey)
  }
}

const publicObject = (crv: Curve, publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv, x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' })

const publicBytes = (crv: Curve, secretKey: Uint8Array): Uint8Array => {
  const { x } = createPublicKey(secretObject(crv, secretKey)).export({ format: 'jwk' })
  if (x === undefined) throw new TypeError('node:crypto exported a key without x')
  return new Uint8Array(Buffer.from(x, 'base64url'))
}

// Importing a key costs as much as a verification, so the imported ones are kept. Public keys only: no secret outlives its call.
const verifiers = new Map<string, KeyObject>()
const MAX_VERIFIERS = 4096

function verifier(publicKey: Uint8Array): KeyObject {
  const name = toHex(publicKey)
  const known = verifiers.get(name)
  if (known !== undefined) return known
  const made = publicObject('Ed25519', publicKey)
  if (verifiers.size >= MAX_VERIFIERS) verifiers.clear()
  verifiers.set(name, made)
  return made
}

const CHACHA = 'chacha20-poly1305'
const TAG = 16

export const primitives: Primitives = {
  sha256(parts) {
    const hash = createHash('sha256')
    for (const part of parts) hash.update(part)
    return new Uint8Array(hash.digest())
  },
  ed25519PublicKey: (seed) => publicBytes('Ed25519', seed),
  ed25519Sign: (seed, message) => new Uint8Array(sign(null, message, secretObject('Ed25519', seed))),
  // OpenSSL checks S < L and compares the encoding of [S]B - [k]A with R's bytes: the rule itself.
  ed25519Verify: (publicKey, message, signature) => verify(null, message, verifier(publicKey), signature),
  x25519PublicKey: (secretKey) => publicBytes('X25519', secretKey),
  x25519(secretKey, publicKey) {
    try {
      const keys = { privateKey: secretObject('X25519', secretKey), publicKey: publicObject('X25519', publicKey) }
      return new Uint8Array(diffieHellman(keys))
    } catch {
      return null // OpenSSL fails on an all-zero result.
    }
  },
  chachaSeal(key, nonce, aad, plaintext) {
    const cipher = createCipheriv(CHACHA, key, nonce, { authTagLength: TAG })
    cipher.setAAD(aad, { plaintextLength: plaintext.length })
    return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
  },
  chachaOpen(key, nonce, aad, sealed) {
    if (sealed.length < TAG) return null
    const body = sealed.subarray(0, sealed.length - TAG)
    const decipher = createDecipheriv(CHACHA, key, nonce, { authTagLength: TAG })
    decipher.setAAD(aad, { plaintextLength: body.length })
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG))
    const plaintext = decipher.update(body)
    try {
      return concat(plaintext, decipher.final())
    } catch {
      return null
    }
  },
  pbkdf2Sha512: (password, salt, iterations, length) => new Uint8Array(pbkdf2Sync(password, salt, iterations, length, 'sha512')),
  scrypt: (password, salt, { N, r, p }, length) =>
    new Uint8Array(scryptSync(password, salt, length, { N, r, p, maxmem: 256 * N * r })),
}
