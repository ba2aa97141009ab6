/**
 * The `bls.*` verbs of the client and of auditors (protocol §8). They combine first: t partial signatures of each message are
 * combined, all results are verified at once under the group key, and only if that fails are the makers of bad ones looked for.
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

// Shared by the `bls.*` verbs: the digest that binds partial signatures, their points, and the points of messages.

/** The digest by which an airgap's statement binds its partial signatures, compressed, in the messages' order. 32 bytes, hex. */
export const partialsDigest = (partials: readonly Uint8Array[]): string => taggedHash('partials', ...partials)

/** Reads a signature's point, or gives null where it is not on the curve. Its subgroup is checked where it is verified. */
export const pointOrNull = (hex: string): G2 | null => orNull(() => decodeG2OnCurve(fromHex(hex, 96)))

/** Reads a signature's point that is given by its coordinates, or gives null where it is not on the curve. */
export const affineOrNull = (hex: string): G2 | null => orNull(() => decodeG2Affine(fromHex(hex, 192)))

function orNull<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

/** The decoded partial signatures of each attachment. They are needed twice: when they come in and when they are combined. */
const decodedOf = new WeakMap<readonly string[], readonly (G2 | null)[]>()

/** The points of an attachment's partial signatures; null for each that is not on the curve. */
function* partialPoints(partials: readonly string[]): Slices<readonly (G2 | null)[]> {
  const points = decodedOf.get(partials) ?? (yield* mapInSlices(partials, 32, affineOrNull))
  decodedOf.set(partials, points)
  return points
}

/** The compressed forms of points, none of which is null. */
const compressedG2 = (points: readonly (G2 | null)[]): readonly Uint8Array[] =>
  points.flatMap((point) => (point === null ? [] : [encodeG2(point)]))

const expanded = new WeakMap<readonly Json[], readonly Signable[]>()

/** All messages of an opening, templates written out. It is done once for each opening, since there may be many messages. */
export function messagesOf(items: readonly Json[]): readonly Signable[] {
  const messages = expanded.get(items) ?? expandMessages(items)
  expanded.set(items, messages)
  return messages
}

/** The hashes of each list of messages, and the ceremony for which they were made: another ceremony signs other bytes. */
const hashed = new WeakMap<readonly Json[], { readonly ceremony: string; readonly hashes: readonly G2[] }>()

/** Each message's hash to the curve, which is most of the cost of verifying. It is computed once for each opening. */
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

/** A participant's index in the key generation, from 1, found by its airgap's key. */
function indexIn(key: Followed, scope: Scope, name: string): number {
  const card = scope.roster.find((one) => one.name === name)
  return key.opening.roster.findIndex((one) => one.airgapKey === card?.airgapKey) + 1
}

interface Partials {
  readonly from: string
  /** The maker's index in the key generation's roster, from 1. */
  readonly index: number
  /** The points; null for each that is not on the curve. */
  readonly points: readonly (G2 | null)[]
}

/** The partial signatures that are known to be good, and the index whose share key they are good under. */
const good = new WeakMap<readonly (G2 | null)[], number>()

function* partialsOf(scope: Scope, key: Followed, from: string, partials: readonly string[]): Slices<Partials> {
  return { from, index: indexIn(key, scope, from), points: yield* partialPoints(partials) }
}

type Combined = { readonly signatures: readonly G2[] } | { readonly bad: readonly string[] }

/** Combines partial signatures to one signature for each message, or gives the makers of bad ones. */
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
 * The signatures of the ceremonies that were combined last, by id. A message has one signature under a key, whoever made the
 * partial ones, so everybody must come to the signatures that were verified once. Public.
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
    // These faults do not convict: the client attached the partial signatures, and the airgap signed their digest only.
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
 * Combines the first t partial signatures that are good. A bad one can only have come unchecked, after the step was complete.
 * The step's check has combined them already, a moment ago or when the log was read again, so this is mostly a look-up.
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
    // A BLS signature is unique, and so are its bytes: it must equal the one that was combined here from good partials.
    const isGood = must === undefined ? yield* verified(scope, key, items, signatures) : isDeepStrictEqual(must, signatures)
    if (!isGood) faults.push(badSignature(one.from, 'a signature that it posted does not verify under the group key'))
  }
  return faults
}

function* verified(scope: Scope, key: Followed, items: readonly Json[], signatures: readonly string[]): Slices<boolean> {
  const points = yield* mapInSlices(signatures, 8, pointOrNull)
  return !points.includes(null) && (yield* batchSlices(groupKeyOf(key), pairs(yield* hashesOf(items, scope.ceremony), points), scope.random))
}

/** The fault of a bad signature. It convicts nobody: a client posted it, and no airgap signed it. */
const badSignature = (accused: string, why: string): VerbFault => ({ reason: 'bls.bad-signature', accused, why, convicts: false })
