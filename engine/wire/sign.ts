/** Signatures over objects, each under a label that no other kind of object has (protocol §2). */
import { concat, fromHex, toHex } from '../base/bytes.ts'
import { tag } from '../crypto/hash.ts'
import { signEd25519, verifyEd25519 } from '../crypto/ed25519.ts'
import { canonicalBytes } from '../base/canonical.ts'
import type { Json } from '../base/canonical.ts'

const signedBytes = (label: string, object: Json): Uint8Array => concat(tag(label), canonicalBytes(object))

/** Signs an object: Ed25519 over `"keyrite/2/" + label + "\n" || JCS(object)`, 64 bytes in hex. @param secretKey 32 bytes */
export function signObject(secretKey: Uint8Array, label: string, object: Json): string {
  return toHex(signEd25519(secretKey, signedBytes(label, object)))
}

/** Checks `sign(key, label, object)`. Key and signature are hex; the key was checked when its card came in. */
export function verifyObject(publicKey: string, label: string, object: Json, signature: string): boolean {
  return verifyEd25519(fromHex(publicKey, 32), signedBytes(label, object), fromHex(signature, 64))
}
