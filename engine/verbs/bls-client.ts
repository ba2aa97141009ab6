/**
 * `bls.*` on the client and for auditors (protocol §8). Combination first: t partial signatures of each message are put
 * together, all results are verified at once under the group key, and only if that fails is it looked for who made the bad ones.
 */
import { isDeepStrictEqual } from 'node:util'
import { combineSignatures, encodeG2 } from '../crypto/bls.ts'
import type { G1, G2 } from '../crypto/bls.ts'
import { verifyBatch } from '../crypto/batch.ts'
import { toHex } from '../crypto/bytes.ts'
import type { Json } from '../wire/canonical.ts'
import { hashesOf, messagesOf, partialsDigest, pointOrNull } from './bls-common.ts'
import { onCurveG1 } from './points.ts'
import { ArgReader, fault, text, verbError } from './runtime.ts'
import type { CheckVerb, ClientVerb, Collected, Followed, Scope, VerbFault } from './runtime.ts'

const textsIn = (one: Collected, field: string): readonly string[] => {
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

/** Decoded once: after a bad one was found, the others are looked at again with the next that comes. */
const decodedOf = new WeakMap<readonly string[], readonly (G2 | null)[]>()
/** Known to be good under the share key of this index. */
const good = new WeakMap<readonly (G2 | null)[], number>()

function partialsOf(scope: Scope, key: Followed, from: string, partials: readonly string[]): Partials {
  const points = decodedOf.get(partials) ?? partials.map(pointOrNull)
  decodedOf.set(partials, points)
  return { from, index: indexIn(key, scope, from), points }
}

/** The signatures that the partials combine to, one for each message; or the makers of bad ones. */
function combined(scope: Scope, key: Followed, items: readonly Json[], all: readonly Partials[]): { readonly signatures: readonly G2[] } | { readonly bad: readonly string[] } {
  const hashes = hashesOf(items)
  const undecoded = all.filter(({ points }) => points.includes(null) || points.length !== hashes.length)
  if (undecoded.length > 0) return { bad: undecoded.map(({ from }) => from) }
  const signatures = hashes.map((_, i) => combineSignatures(all.flatMap(({ index, points }) => {
    const signature = points[i]
    return signature === null || signature === undefined ? [] : [{ index, signature }]
  })))
  if (verifyBatch(groupKeyOf(key), pairs(hashes, signatures), scope.random)) return { signatures }
  const shareKeys = outputOf(key, 'shareKeys') as readonly string[]
  const bad = all.filter(({ index, points }) => {
    const isGood = good.get(points) === index || verifyBatch(onCurveG1(shareKeys[index - 1] ?? ''), pairs(hashes, points), scope.random)
    if (isGood) good.set(points, index)
    return !isGood
  })
  if (bad.length === 0) throw new TypeError('partials that are all good combine to a bad signature')
  return { bad: bad.map(({ from }) => from) }
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
    if (partialsDigest(partials) !== text(payload, 'digest')) {
      // Its client attached them; the airgap signed their digest only.
      return { reason: 'bls.bad-partial', accused: from, why: 'its partial signatures are not those that its airgap made', convicts: false }
    }
    if (partials.length === count) return null
    return { reason: 'bls.bad-partial', accused: from, why: `it made ${partials.length} partial signatures of ${count} messages` }
  },
  run: (scope, incoming, args) => {
    const read = new ArgReader('bls.checkPartial', args)
    const [key, items] = [read.followed(0), read.list(1)]
    const result = combined(scope, key, items, incoming.map((one) => partialsOf(scope, key, one.from, textsIn(one, 'partials'))))
    if ('bad' in result) {
      return result.bad.map((accused): VerbFault => ({ reason: 'bls.bad-partial', accused, why: 'a partial signature of it does not verify under its share key' }))
    }
    remember(scope.ceremony, result.signatures.map((one) => toHex(encodeG2(one))))
    return []
  },
}

/** Combines the first t that are good. A bad one can only have come after the step was complete, unchecked. */
export const blsCombine: ClientVerb = (scope, args) => {
  const read = new ArgReader('bls.combine', args)
  const [key, items, statements, columns] = [read.followed(0), read.list(1), read.statements(2), read.columns(3)]
  const threshold = Number(key.opening.parameters['threshold'])
  const before = known.get(scope.ceremony)
  if (before !== undefined) return { payload: {}, attachment: { signatures: before } }
  let parts = statements.map(({ from }, i) => ({ from, partials: columns[i] ?? [] }))
  while (parts.length >= threshold) {
    const chosen = parts.slice(0, threshold)
    const result = combined(scope, key, items, chosen.map(({ from, partials }) => partialsOf(scope, key, from, partials)))
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
  run: (scope, incoming, args) => {
    const read = new ArgReader('bls.checkSignature', args)
    const [key, items] = [read.followed(0), read.list(1)]
    return incoming.flatMap((one) => {
      const signatures = textsIn(one, 'signatures')
      // A BLS signature is unique: what was combined here from good partials is what it must be.
      if (isDeepStrictEqual(known.get(scope.ceremony), signatures)) return []
      const points = signatures.map(pointOrNull)
      const good = !points.includes(null) && verifyBatch(groupKeyOf(key), pairs(hashesOf(items), points), scope.random)
      return good ? [] : [badSignature(one.from, 'a signature that it posted does not verify under the group key')]
    })
  },
}

/** A client posted it, which has no airgap's word. */
const badSignature = (accused: string, why: string): VerbFault => ({ reason: 'bls.bad-signature', accused, why, convicts: false })
