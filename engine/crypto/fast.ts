/**
 * The primitives by node:crypto, ten and more times faster than portable code. The only file here that needs Node.
 */
import {
  createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, scryptSync, sign, verify,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { concat, toHex } from './bytes.ts'
import type { Primitives } from './primitives.ts'

// RFC 8410: the DER that stands before the 32 key bytes, with the object identifier's last byte left open.
const pkcs8 = (oid: number) => Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, oid, 4, 0x22, 4, 0x20)
const spki = (oid: number) => Uint8Array.of(0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, oid, 3, 0x21, 0)
const X25519 = 0x6e
const ED25519 = 0x70

const secretObject = (oid: number, secretKey: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(concat(pkcs8(oid), secretKey)), format: 'der', type: 'pkcs8' })

const publicObject = (oid: number, publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(concat(spki(oid), publicKey)), format: 'der', type: 'spki' })

const publicBytes = (oid: number, secretKey: Uint8Array): Uint8Array => {
  const der = createPublicKey(secretObject(oid, secretKey)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(der.subarray(der.length - 32))
}

// Importing a key costs as much as a verification. Public keys only: no secret outlives its call.
const verifiers = new Map<string, KeyObject>()
const MAX_VERIFIERS = 4096

function verifier(publicKey: Uint8Array): KeyObject {
  const name = toHex(publicKey)
  const known = verifiers.get(name)
  if (known !== undefined) return known
  const made = publicObject(ED25519, publicKey)
  if (verifiers.size >= MAX_VERIFIERS) verifiers.clear()
  verifiers.set(name, made)
  return made
}

const CHACHA = 'chacha20-poly1305'
const TAG = 16

export const primitives: Primitives = {
  ed25519PublicKey: (seed) => publicBytes(ED25519, seed),
  ed25519Sign: (seed, message) => new Uint8Array(sign(null, message, secretObject(ED25519, seed))),
  // OpenSSL checks S < L and compares the encoding of [S]B - [k]A with R's bytes: the rule itself.
  ed25519Verify: (publicKey, message, signature) => verify(null, message, verifier(publicKey), signature),
  x25519PublicKey: (secretKey) => publicBytes(X25519, secretKey),
  x25519(secretKey, publicKey) {
    try {
      const keys = { privateKey: secretObject(X25519, secretKey), publicKey: publicObject(X25519, publicKey) }
      return new Uint8Array(diffieHellman(keys))
    } catch {
      return null // OpenSSL fails on an all-zero result
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
  scrypt: (password, salt, { N, r, p }, length) =>
    new Uint8Array(scryptSync(password, salt, length, { N, r, p, maxmem: 256 * N * r })),
}
