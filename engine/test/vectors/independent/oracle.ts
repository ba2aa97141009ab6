/**
 * The protocol's primitives a second time, to check its vectors: by node:crypto, blst, @hpke/core and canonicalize, and the
 * rest written out here. Nothing of the engine is imported, directly or indirectly.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, sign, verify } from 'node:crypto'
import { PublicKey, SecretKey } from '@chainsafe/blst'
import { AeadId, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import type { AeadInterface } from '@hpke/core'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import canonicalize from 'canonicalize'
import type { Hex, Json } from './form.ts'

export const bytes = (hex: Hex): Buffer => Buffer.from(hex, 'hex')
export const hex = (data: Uint8Array): Hex => Buffer.from(data).toString('hex')
export const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8')

/** Canonical JSON, RFC 8785. */
export function jcs(value: Json): string {
  const text = canonicalize(value)
  if (text === undefined) throw new Error('no JSON')
  return text
}

export const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** The SHA-256 of the parts behind a label of the protocol. */
export const tagged = (label: string, ...parts: readonly (Uint8Array | string)[]): Hex => hex(sha256(`keyrite/2/${label}\n`, ...parts))

/** The function `derive` of protocol §2. */
export const derive = (seed: Hex, label: string, salt: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', bytes(seed), salt, `keyrite/2/${label}`, 32))

/** HKDF-Expand, RFC 5869 §2.3. */
export function expand(prk: Uint8Array, label: string, length: number): Buffer {
  let [block, out, count] = [Buffer.alloc(0), Buffer.alloc(0), 1]
  while (out.length < length) {
    block = createHmac('sha256', prk).update(block).update(`keyrite/2/${label}`).update(Uint8Array.of(count++)).digest()
    out = Buffer.concat([out, block])
  }
  return out.subarray(0, length)
}

// The bytes that stand before a key's own 32 bytes in RFC 8410.
const PRIVATE = { ed25519: '302e020100300506032b657004220420', x25519: '302e020100300506032b656e04220420' }
const PUBLIC = { ed25519: '302a300506032b6570032100', x25519: '302a300506032b656e032100' }
type Curve = keyof typeof PRIVATE

const privateKey = (curve: Curve, secret: Uint8Array) => createPrivateKey({ key: Buffer.concat([bytes(PRIVATE[curve]), secret]), format: 'der', type: 'pkcs8' })
const publicKey = (curve: Curve, key: Uint8Array) => createPublicKey({ key: Buffer.concat([bytes(PUBLIC[curve]), key]), format: 'der', type: 'spki' })

/** The public key of a secret one. */
export const publicOf = (curve: Curve, secret: Uint8Array): Hex =>
  hex(createPublicKey(privateKey(curve, secret)).export({ format: 'der', type: 'spki' }).subarray(PUBLIC[curve].length / 2))

/** Signs with Ed25519 by RFC 8032, which is deterministic. */
export const signed = (secret: Hex, label: string, object: Json): Hex =>
  hex(sign(null, Buffer.concat([utf8(`keyrite/2/${label}\n`), utf8(jcs(object))]), privateKey('ed25519', bytes(secret))))

/** Verifies by Node's own rule, which is laxer than the protocol's: a good signature holds by both. */
export const verified = (key: Hex, label: string, object: Json, signature: Hex): boolean =>
  verify(null, Buffer.concat([utf8(`keyrite/2/${label}\n`), utf8(jcs(object))]), publicKey('ed25519', bytes(key)), bytes(signature))

const plain = (data: ArrayBufferLike | ArrayBufferView): Buffer =>
  ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)
const buffer = (data: Uint8Array): ArrayBuffer => Uint8Array.from(data).buffer
const TAG = 16

/** Node's ChaCha20-Poly1305 for @hpke/core, which brings AES only. */
const chacha: AeadInterface = {
  id: AeadId.Chacha20Poly1305, keySize: 32, nonceSize: 12, tagSize: TAG,
  createEncryptionContext: (key) => ({
    seal: (iv, data, aad) => {
      const cipher = createCipheriv('chacha20-poly1305', plain(key), plain(iv), { authTagLength: TAG }).setAAD(plain(aad), { plaintextLength: data.byteLength })
      return Promise.resolve(buffer(Buffer.concat([cipher.update(plain(data)), cipher.final(), cipher.getAuthTag()])))
    },
    open: (iv, data, aad) => {
      const [text, tag] = [plain(data).subarray(0, -TAG), plain(data).subarray(-TAG)]
      const cipher = createDecipheriv('chacha20-poly1305', plain(key), plain(iv), { authTagLength: TAG }).setAAD(plain(aad), { plaintextLength: text.length }).setAuthTag(tag)
      return Promise.resolve(buffer(Buffer.concat([cipher.update(text), cipher.final()])))
    },
  }),
}
const hpke = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: chacha })
const INFO = buffer(utf8('keyrite/2/deal'))

/** Opens a piece with its recipient's secret key; null if it does not open. */
export async function opened(secret: Hex, aad: string, sealed: Hex): Promise<Hex | null> {
  const recipientKey = await hpke.kem.importKey('raw', buffer(bytes(secret)), false)
  try {
    const context = await hpke.createRecipientContext({ recipientKey, info: INFO, enc: buffer(bytes(sealed).subarray(0, 32)) })
    return hex(new Uint8Array(await context.open(buffer(bytes(sealed).subarray(32)), buffer(utf8(aad)))))
  } catch {
    return null
  }
}

/** Seals by RFC 9180 with a given ephemeral key: shared secret and key schedule are written out. */
export function sealedBy(ephemeral: Hex, recipient: Hex, aad: string, plaintext: Hex): Hex {
  const enc = bytes(publicOf('x25519', bytes(ephemeral)))
  const extract = (suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array) =>
    createHmac('sha256', salt.length === 0 ? Buffer.alloc(32) : salt).update('HPKE-v1').update(suite).update(label).update(ikm).digest()
  const labeled = (suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, length: number) =>
    createHmac('sha256', prk).update(Uint8Array.of(0, length)).update('HPKE-v1').update(suite).update(label).update(info).update(Uint8Array.of(1)).digest().subarray(0, length)
  const none = Buffer.alloc(0)
  const kem = Buffer.concat([utf8('KEM'), Buffer.of(0, 0x20)])
  const suite = Buffer.concat([utf8('HPKE'), Buffer.of(0, 0x20, 0, 1, 0, 3)])
  const dh = diffieHellman({ privateKey: privateKey('x25519', bytes(ephemeral)), publicKey: publicKey('x25519', bytes(recipient)) })
  const shared = labeled(kem, extract(kem, none, 'eae_prk', dh), 'shared_secret', Buffer.concat([enc, bytes(recipient)]), 32)
  const context = Buffer.concat([Buffer.of(0), extract(suite, none, 'psk_id_hash', none), extract(suite, none, 'info_hash', plain(INFO))])
  const secret = extract(suite, shared, 'secret', none)
  const cipher = createCipheriv('chacha20-poly1305', labeled(suite, secret, 'key', context, 32), labeled(suite, secret, 'base_nonce', context, 12), { authTagLength: TAG })
  cipher.setAAD(utf8(aad), { plaintextLength: plaintext.length / 2 })
  return hex(Buffer.concat([enc, cipher.update(bytes(plaintext)), cipher.final(), cipher.getAuthTag()]))
}

/** The order r of G1 and G2. */
export const R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n
export const number = (data: Uint8Array | Hex): bigint => BigInt(`0x${typeof data === 'string' ? data : hex(data)}`)
export const scalar = (value: bigint): Hex => (((value % R) + R) % R).toString(16).padStart(64, '0')

/** A scalar times G1's generator, by blst. */
export const g1 = (value: Hex): Hex => hex(SecretKey.fromBytes(bytes(value)).toPublicKey().toBytes(true))

/** The coordinates of a point, by blst. */
export const affine = (point: Hex): Hex => hex(PublicKey.fromBytes(bytes(point)).toBytes(false))

/** The value f(x) modulo r. */
export const evaluated = (coefficients: readonly Hex[], x: number): Hex =>
  scalar(coefficients.reduce((sum, one, k) => sum + number(one) * BigInt(x) ** BigInt(k), 0n))

/** expand_message_xmd with SHA-256, RFC 9380 §5.3.1. */
export function expandXmd(message: Uint8Array, dst: string, length: number): Buffer {
  const tail = Buffer.concat([utf8(dst), Buffer.of(dst.length)])
  const start = sha256(Buffer.alloc(64), message, Buffer.of(length >> 8, length & 255, 0), tail)
  const blocks = [sha256(start, Buffer.of(1), tail)]
  while (blocks.length * 32 < length) {
    const last = blocks[blocks.length - 1] ?? start
    blocks.push(sha256(start.map((byte, i) => byte ^ (last[i] ?? 0)), Buffer.of(blocks.length + 1), tail))
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** A signature in G2 under a domain that blst's binding does not offer. */
export const g2Signature = (share: Hex, message: Uint8Array, dst: string): Hex =>
  bls12_381.G2.hashToCurve(message, { DST: dst }).multiply(number(share)).toHex(true)

/** A signature of Ethereum's, by blst. */
export const blsSignature = (share: Hex, message: Uint8Array): Hex => hex(SecretKey.fromBytes(bytes(share)).sign(message).toBytes(true))

/** The root that RFC 9162 §2.1.3.2 computes, or null where the path is too long or too short. */
export function rootBy(index: number, count: number, leaf: Uint8Array, path: readonly Hex[]): Hex | null {
  if (index >= count) return null
  let [fn, sn] = [index, count - 1]
  let hash: Uint8Array = leaf
  for (const one of path) {
    if (sn === 0) return null
    if (fn % 2 === 1 || fn === sn) {
      hash = sha256(Buffer.of(1), bytes(one), hash)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)]
    } else hash = sha256(Buffer.of(1), hash, bytes(one))
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 ? hex(hash) : null
}

/** The root of all leaves, computed level by level from below; one left over goes up as it is. */
export function rootOf(leaves: readonly Uint8Array[]): Hex {
  let level = leaves.map((leaf) => sha256(Buffer.of(0), leaf))
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, i) => {
      const [left, right] = [level[2 * i] ?? Buffer.alloc(0), level[2 * i + 1]]
      return right === undefined ? left : sha256(Buffer.of(1), left, right)
    })
  }
  return hex(level[0] ?? Buffer.alloc(0))
}
