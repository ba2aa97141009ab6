/** What `bls.*` shares: the digest that binds partial signatures, their points, and those of the messages. */
import { isKeyriteError } from '../base/errors.ts'
import { mapInSlices } from '../base/turns.ts'
import type { Slices } from '../base/turns.ts'
import { decodeG2Affine, decodeG2OnCurve, DST_SIGNATURE, encodeG2, hashToG2 } from '../crypto/bls.ts'
import type { G2 } from '../crypto/bls.ts'
import { fromHex, taggedHash } from '../crypto/bytes.ts'
import { expandMessages } from '../messages/batch.ts'
import type { Message } from '../messages/kind.ts'
import { signedBytesOf } from '../messages/kinds.ts'
import type { Json } from '../wire/canonical.ts'

/** Binds an airgap's partial signatures, compressed, in the messages' order, into its statement. 32 bytes, hex. */
export const partialsDigest = (partials: readonly Uint8Array[]): string => taggedHash('partials', ...partials)

/** A signature's point on the curve, or null where it is none. Its subgroup is checked where it is verified. */
export const pointOrNull = (hex: string): G2 | null => orNull(() => decodeG2OnCurve(fromHex(hex, 96)))

/** The same of a point that is given by its coordinates. */
export const affineOrNull = (hex: string): G2 | null => orNull(() => decodeG2Affine(fromHex(hex, 192)))

function orNull<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

/** Partial signatures as an attachment has them, once decoded: each is looked at when it comes in and when it is combined. */
const decodedOf = new WeakMap<readonly string[], readonly (G2 | null)[]>()

/** The points of an attachment's partial signatures; null for each that is none of the curve. */
export function* partialPoints(partials: readonly string[]): Slices<readonly (G2 | null)[]> {
  const points = decodedOf.get(partials) ?? (yield* mapInSlices(partials, 32, affineOrNull))
  decodedOf.set(partials, points)
  return points
}

/** The compressed forms of points that are all there. */
export const compressedG2 = (points: readonly (G2 | null)[]): readonly Uint8Array[] =>
  points.flatMap((point) => (point === null ? [] : [encodeG2(point)]))

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
