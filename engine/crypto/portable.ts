/**
 * The primitives in portable code, over noble, which runs wherever JavaScript does. A build of the airgap role for a
 * browser puts this file in the place of `fast.ts`.
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { pbkdf2 } from '@noble/hashes/pbkdf2.js'
import { scrypt } from '@noble/hashes/scrypt.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concat, equalBytes } from '../base/bytes.ts'
import type { Primitives } from './primitives.ts'

const { Point } = ed25519
const L = Point.Fn.ORDER

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  return value
}

export const primitives: Primitives = {
  sha256: (parts) => sha256(concat(...parts)),
  ed25519PublicKey: (seed) => ed25519.getPublicKey(seed),
  ed25519Sign: (seed, message) => ed25519.sign(message, seed),
  ed25519Verify(publicKey, message, signature) {
    // noble's own verify lets an R with torsion pass, in both of its modes. Libraries that compare bytes do not.
    const R = signature.subarray(0, 32)
    const S = littleEndian(signature.subarray(32))
    if (S >= L) return false
    const k = littleEndian(sha512(concat(R, publicKey, message))) % L
    const A = Point.fromBytes(publicKey)
    return equalBytes(mulAddUnsafe(Point, [Point.BASE, A.negate()], [S, k]).toBytes(), R)
  },
  x25519PublicKey: (secretKey) => x25519.getPublicKey(secretKey),
  x25519(secretKey, publicKey) {
    try {
      return x25519.getSharedSecret(secretKey, publicKey)
    } catch {
      return null
    }
  },
  chachaSeal: (key, nonce, aad, plaintext) => chacha20poly1305(key, nonce, aad).encrypt(plaintext),
  chachaOpen(key, nonce, aad, sealed) {
    try {
      return chacha20poly1305(key, nonce, aad).decrypt(sealed)
    } catch {
      return null
    }
  },
  pbkdf2Sha512: (password, salt, iterations, length) => pbkdf2(sha512, password, salt, { c: iterations, dkLen: length }),
  scrypt: (password, salt, { N, r, p }, length) => scrypt(password, salt, { N, r, p, dkLen: length }),
}
