/**
 * The primitives for which a platform may have something faster than portable code. `fast.ts` and `portable.ts`
 * are the two implementations; tests hold them to the same answers, refusals included.
 */
export interface Primitives {
  /** The SHA-256 (FIPS 180-4) of the parts, one after another. */
  sha256(parts: readonly Uint8Array[]): Uint8Array
  /** The Ed25519 public key (32 bytes) of a seed (32 bytes). RFC 8032 §5.1.5. */
  ed25519PublicKey(seed: Uint8Array): Uint8Array
  /** An Ed25519 signature, 64 bytes. RFC 8032 §5.1.6. */
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array
  /**
   * Checks that S < L and that `encode([S]B - [k]A)` equals R byte for byte, with k reduced modulo L. The public key is one
   * that `checkEd25519Key` found good; the signature has 64 bytes.
   */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  /** The X25519 public key (32 bytes) of a secret key (32 bytes). RFC 7748 §6.1. */
  x25519PublicKey(secretKey: Uint8Array): Uint8Array
  /** The X25519 shared secret, or null when it is all zero. RFC 7748 §6.1. */
  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | null
  /** Encrypts with ChaCha20-Poly1305 (RFC 8439 §2.8): ciphertext || 16-byte tag. The key has 32 bytes, the nonce 12. */
  chachaSeal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** Decrypts: gives the plaintext, or null when the tag is wrong or missing. */
  chachaOpen(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | null
  /** PBKDF2 with HMAC-SHA-512 (RFC 8018 §5.2). */
  pbkdf2Sha512(password: Uint8Array, salt: Uint8Array, iterations: number, length: number): Uint8Array
  /** scrypt (RFC 7914). */
  scrypt(password: Uint8Array, salt: Uint8Array, cost: ScryptCost, length: number): Uint8Array
}

export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}
