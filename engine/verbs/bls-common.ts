/** What `bls.*` shares: the digest that binds partial signatures, their points, and those of the messages. */
import { DST_SIGNATURE, decodeG2OnCurve, hashToG2 } from '../crypto/bls.ts'
import type { G2 } from '../crypto/bls.ts'
import { concat, fromHex, sha256Hex } from '../crypto/bytes.ts'
import { mapInSlices } from '../crypto/slices.ts'
import type { Slices } from '../crypto/slices.ts'
import { expandMessages } from '../messages/batch.ts'
import type { Message } from '../messages/kind.ts'
import { signedBytesOf } from '../messages/kinds.ts'
import type { Json } from '../wire/canonical.ts'
import { utf8 } from '../wire/canonical.ts'
import { isKeyriteError } from '../wire/error.ts'

/** Binds an airgap's partial signatures, in the messages' order, into its statement. 32 bytes, hex. */
export const partialsDigest = (partials: readonly string[]): string =>
  sha256Hex(concat(utf8('keyrite/1/partials\n'), ...partials.map((one) => fromHex(one, 96))))

/** A signature's point on the curve, or null where it is none. Its subgroup is checked where it is verified. */
export function pointOrNull(hex: string): G2 | null {
  try {
    return decodeG2OnCurve(fromHex(hex, 96))
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

const expanded = new WeakMap<readonly Json[], readonly Message[]>()

/** All messages of an opening, templates written out. Once for each opening: there may be many. */
export function messagesOf(items: readonly Json[]): readonly Message[] {
  const messages = expanded.get(items) ?? expandMessages(items)
  expanded.set(items, messages)
  return messages
}

/** Of a list the ceremony that it was last hashed for: another one signs other bytes. */
const hashed = new WeakMap<readonly Json[], { readonly ceremony: string; readonly hashes: readonly G2[] }>()

/** Each message's point of the curve, which is most of what verifying costs; once for each opening. */
export function* hashesOf(items: readonly Json[], ceremony: string): Slices<readonly G2[]> {
  const known = hashed.get(items)
  if (known?.ceremony === ceremony) return known.hashes
  const hashes = yield* mapInSlices(messagesOf(items), 1, (message) => hashToG2(signedBytesOf(message, ceremony), DST_SIGNATURE))
  hashed.set(items, { ceremony, hashes })
  return hashes
}
