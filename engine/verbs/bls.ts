/**
 * `bls.*` on the client and for auditors (protocol §8). Combination first: t partial signatures of each message are put
 * together, all results are verified at once under the group key, and only if that fails is it looked for who made the bad ones.
 */
import { isDeepStrictEqual } from 'node:util'
import { isKeyriteError } from '../base/errors.ts'
import { finish, mapInSlices } from '../base/turns.ts'
import type { Slices } from '../base/turns.ts'
import { batchSlices, combineSignatures, decodeG2Affine, decodeG2OnCurve, DST_SIGNATURE, encodeG2, hashToG2 } from '../crypto/bls.ts'
import type { G1, G2 } from '../crypto/bls.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { taggedHash } from '../crypto/hash.ts'
import { expandMessages } from '../messages/batch.ts'
import type { Signable } from '../messages/kind.ts'
import { signedBytesOf } from '../messages/kinds.ts'
import type { Json } from '../base/canonical.ts'
import { onCurveG1 } from './dkg.ts'
import { ArgReader, fault, textField, verbError } from './runtime.ts'
import type { Args, CheckVerb, ClientVerb, Collected, Followed, Scope, VerbFault } from './runtime.ts'

// What `bls.*` shares: the digest that binds partial signatures, their points, and those of the messages.

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
function* partialPoints(partials: readonly string[]): Slices<readonly (G2 | null)[]> {
  const points = decodedOf.get(partials) ?? (yield* mapInSlices(partials, 32, affineOrNull))
  decodedOf.set(partials, points)
  return points
}

/** The compressed forms of points that are all there. */
const compressedG2 = (points: readonly (G2 | null)[]): readonly Uint8Array[] =>
  points.flatMap((point) => (point === null ? [] : [encodeG2(point)]))

const expanded = new WeakMap<readonly Json[], readonly Signable[]>()

/** All messages of an opening, templates written out. Once for each opening: there may be many. */
export function messagesOf(items: readonly Json[]): readonly Signable[] {
  const messages = expanded.get(items) ?? expandMessages(items)
  expanded.set(items, messages)
  return messages
}

/** Of a list the ceremony that it was last hashed for: another one signs other bytes. */
const hashed = new WeakMap<readonly Json[], { readonly ceremony: string; readonly hashes: readonly G2[] }>()

/** Each message's point of the curve, which is most of what verifying costs; once for each opening. */
function* hashesOf(items: readonly Json[], ceremony: string): Slices<readonly G2[]> {
  const known = hashed.get(items)
  if (known?.ceremony === ceremony) return known.hashes
  const hashes = yield* mapInSlices(messagesOf(items), 1, (message) => hashToG2(signedBytesOf(message, ceremony), DST_SIGNATURE))
  hashed.set(items, { ceremony, hashes })
  return hashes
}

const textsIn = (one: Pick<Collected, 'attachment'>, field: string): readonly string[] => {
  const found = one.attachment?.[field]
  return Array.isArray(found) ? (found as readonly string[]) : []
}

function outputOf({ outputs = {} }: Followed, name: string): Json {
  const found = outputs[name]
  if (found === undefined) throw verbError('argument', { verb: 'bls', why: `the ceremony that this one follows has no ${name}` })
  return found
}

const groupKeyOf = (key: Followed): G1 => onCurveG1(outputOf(key, 'groupKey') as string)

/** Its maker's place in the key generation, from 1, found by its airgap's key. */
function indexIn(key: Followed, scope: Scope, name: string): number {
  const card = scope.roster.find((one) => one.name === name)
  return key.opening.roster.findIndex((one) => one.airgapKey === card?.airgapKey) + 1
}

interface Partials {
  readonly from: string
  /** In the key generation's roster. */
  readonly index: number
  /** Null where one is no point of the curve. */
  readonly points: readonly (G2 | null)[]
}

/** Known to be good under the share key of this index. */
const good = new WeakMap<readonly (G2 | null)[], number>()

function* partialsOf(scope: Scope, key: Followed, from: string, partials: readonly string[]): Slices<Partials> {
  return { from, index: indexIn(key, scope, from), points: yield* partialPoints(partials) }
}

type Combined = { readonly signatures: readonly G2[] } | { readonly bad: readonly string[] }

/** The signatures that the partials combine to, one for each message; or the makers of bad ones. */
function* combined(scope: Scope, key: Followed, items: readonly Json[], made: readonly Pick<Collected, 'from' | 'attachment'>[]): Slices<Combined> {
  const all: Partials[] = []
  for (const one of made) all.push(yield* partialsOf(scope, key, one.from, textsIn(one, 'partials')))
  const hashes = yield* hashesOf(items, scope.ceremony)
  const undecoded = all.filter(({ points }) => points.includes(null) || points.length !== hashes.length)
  if (undecoded.length > 0) return { bad: undecoded.map(({ from }) => from) }
  const signatures = yield* mapInSlices(hashes, 1, (_, i) => combineSignatures(all.flatMap(({ index, points }) => {
    const signature = points[i]
    return signature === null || signature === undefined ? [] : [{ index, signature }]
  })))
  if (yield* batchSlices(groupKeyOf(key), pairs(hashes, signatures), scope.random)) return { signatures }
  const shareKeys = outputOf(key, 'shareKeys') as readonly string[]
  const bad: string[] = []
  for (const { from, index, points } of all) {
    const isGood = good.get(points) === index || (yield* batchSlices(onCurveG1(shareKeys[index - 1] ?? ''), pairs(hashes, points), scope.random))
    if (isGood) good.set(points, index)
    else bad.push(from)
  }
  if (bad.length === 0) throw new TypeError('partials that are all good combine to a bad signature')
  return { bad }
}

const pairs = (hashes: readonly G2[], signatures: readonly (G2 | null)[]) =>
  hashes.flatMap((hash, i) => {
    const signature = signatures[i]
    return signature === null || signature === undefined ? [] : [{ hash, signature }]
  })

/**
 * The signatures of the ceremonies that were combined last, by their ids. There is one signature of a message under a key,
 * whoever made the partial ones, so what was verified once is what anybody must come to. Public.
 */
const known = new Map<string, readonly string[]>()
const MOST_KNOWN = 8

function remember(ceremony: string, signatures: readonly string[]): void {
  known.set(ceremony, signatures)
  const [oldest] = known.keys()
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest)
}

export const blsCheckPartial: CheckVerb = {
  when: 'complete',
  before: (_, one, args) => {
    const { from, payload } = one
    const partials = textsIn(one, 'partials')
    const count = messagesOf(new ArgReader('bls.checkPartial', args).list(1)).length
    // Its client attached them; the airgap signed their digest only.
    const refuse = (why: string): VerbFault => ({ reason: 'bls.bad-partial', accused: from, why, convicts: false })
    if (partials.length !== count) return refuse(`it attached ${partials.length} partial signatures of ${count} messages`)
    const points = finish(partialPoints(partials))
    if (points.includes(null)) return refuse('what it attached are no points of the curve')
    return partialsDigest(compressedG2(points)) === textField(payload, 'digest') ? null : refuse('its partial signatures are not those that its airgap made')
  },
  run: (...given) => finish(partialsChecked(...given)),
  slices: partialsChecked,
}

function* partialsChecked(scope: Scope, incoming: readonly Collected[], args: Args): Slices<readonly VerbFault[]> {
  const read = new ArgReader('bls.checkPartial', args)
  const [key, items] = [read.followed(0), read.list(1)]
  const result = yield* combined(scope, key, items, incoming)
  if ('bad' in result) {
    return result.bad.map((accused): VerbFault => ({ reason: 'bls.bad-partial', accused, why: 'a partial signature of it does not verify under its share key' }))
  }
  remember(scope.ceremony, yield* mapInSlices(result.signatures, 16, (one) => toHex(encodeG2(one))))
  return []
}

/**
 * Combines the first t that are good. A bad one can only have come after the step was complete, unchecked. Its check had
 * combined them already, a moment ago or when the log was read again, so that it is seldom more than a look-up.
 */
export const blsCombine: ClientVerb = (scope, args) => {
  const read = new ArgReader('bls.combine', args)
  const [key, items, statements, columns] = [read.followed(0), read.list(1), read.statements(2), read.columns(3)]
  const threshold = Number(key.opening.parameters['threshold'])
  const before = known.get(scope.ceremony)
  if (before !== undefined) return { payload: {}, attachment: { signatures: before } }
  let parts = statements.map(({ from }, i) => ({ from, attachment: { partials: columns[i] ?? [] } }))
  while (parts.length >= threshold) {
    const chosen = parts.slice(0, threshold)
    const result = finish(combined(scope, key, items, chosen))
    if ('signatures' in result) return { payload: {}, attachment: { signatures: result.signatures.map((one) => toHex(encodeG2(one))) } }
    parts = parts.filter(({ from }) => !result.bad.includes(from))
  }
  return fault('bls.bad-partial', '', 'too few of the partial signatures are good')
}

export const blsCheckSignature: CheckVerb = {
  when: 'arrival',
  before: (_, one, args) => {
    const count = messagesOf(new ArgReader('bls.checkSignature', args).list(1)).length
    const signatures = textsIn(one, 'signatures')
    return signatures.length === count ? null : badSignature(one.from, `it posted ${signatures.length} signatures of ${count} messages`)
  },
  run: (...given) => finish(signaturesChecked(...given)),
  slices: signaturesChecked,
}

function* signaturesChecked(scope: Scope, incoming: readonly Collected[], args: Args): Slices<readonly VerbFault[]> {
  const read = new ArgReader('bls.checkSignature', args)
  const [key, items] = [read.followed(0), read.list(1)]
  const faults: VerbFault[] = []
  for (const one of incoming) {
    const signatures = textsIn(one, 'signatures')
    const must = known.get(scope.ceremony)
    // A BLS signature is unique, and so are its bytes: what was combined here from good partials is what it must be.
    const isGood = must === undefined ? yield* verified(scope, key, items, signatures) : isDeepStrictEqual(must, signatures)
    if (!isGood) faults.push(badSignature(one.from, 'a signature that it posted does not verify under the group key'))
  }
  return faults
}

function* verified(scope: Scope, key: Followed, items: readonly Json[], signatures: readonly string[]): Slices<boolean> {
  const points = yield* mapInSlices(signatures, 8, pointOrNull)
  return !points.includes(null) && (yield* batchSlices(groupKeyOf(key), pairs(yield* hashesOf(items, scope.ceremony), points), scope.random))
}

/** A client posted it, which has no airgap's word. */
const badSignature = (accused: string, why: string): VerbFault => ({ reason: 'bls.bad-signature', accused, why, convicts: false })
