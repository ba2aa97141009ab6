/** The `dkg.*` verbs of the client and of auditors (protocol §5): public values only. */
import { isKeyriteError } from '../base/errors.ts'
import {
  combineSignatures, decodeG1Affine, decodeG1OnCurve, decodeG2, DST_SHARE_PROOF, encodeG1, encodeG2, sumG1, timesBase, verifyShareSignatures, verifySignature,
} from '../crypto/bls.ts'
import type { G1 } from '../crypto/bls.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import { commitmentDigest, commitmentSums, evaluateCommitment, publicShares, reopenDeal, restHash, sumsHash, verifyKeyProofs } from '../crypto/dkg.ts'
import { canonicalBytes } from '../base/canonical.ts'
import type { JsonObject } from '../base/canonical.ts'
import { ArgReader, fault, textField } from './runtime.ts'
import type { AssistVerb, CheckVerb, Collected, JudgeVerb, Scope, ValueVerb, VerbFault, Judgement } from './runtime.ts'

// Points of G1 by their hex, decompressed once. A client needs each commitment when it comes in, when it sums and when it
// judges, and decompression is most of that cost. Only public points are remembered, and a bounded number of them.

const MAX_POINTS = 16_384

const points = new Map<string, G1>()

/**
 * Reads a compressed point that is on the curve, canonical and not the identity; its subgroup is not checked.
 *
 * @throws crypto.bad-point, bytes.not-hex
 */
export const onCurveG1 = (hex: string): G1 => decoded(hex, () => decodeG1OnCurve(fromHex(hex, 48)))

/** Reads such a point that is given by its two coordinates. @throws crypto.bad-point, bytes.not-hex */
export const affineG1 = (hex: string): G1 => decoded(hex, () => decodeG1Affine(fromHex(hex, 96)))

function decoded(hex: string, decode: () => G1): G1 {
  const known = points.get(hex)
  if (known !== undefined) return known
  const point = decode()
  if (points.size >= MAX_POINTS) points.clear()
  points.set(hex, point)
  return point
}

/** Forgets all points, for measurements that must not profit from what another participant decoded. */
export function forgetPoints(): void {
  points.clear()
}

// Shared by both sides of the DKG's verbs: the deal's additional data and the birth message (protocol §5).

/** Reads a point whose subgroup was checked when it came in, or need not be. */
export const trustedG1 = (hex: string): G1 => onCurveG1(hex)

/** HPKE's additional data for one deal: its place in the ceremony, and the name of the participant whom it is for. */
export function dealAad(ceremony: string, deal: Pick<Collected, 'step' | 'type' | 'from'>, to: string): Uint8Array {
  return canonicalBytes({ ceremony, step: deal.step, type: deal.type, from: deal.from, to })
}

/** The message that the new key signs first: its own birth. */
export function birthMessage(ceremony: string, view: string, groupKey: string, sums: string): Uint8Array {
  return canonicalBytes({ ceremony, view, groupKey, sums })
}

/** The statement of the participant with this index. @throws Error where there is none, which is a bug */
export function ofIndex(statements: readonly Collected[], index: number): Collected {
  const found = statements.find((one) => one.index === index)
  if (found === undefined) throw new Error(`no statement of participant ${String(index)}`)
  return found
}

export const field = (statements: readonly Collected[], index: number, name: string): string =>
  textField(ofIndex(statements, index).payload, name)

function pointsOf(attachment: JsonObject | undefined): readonly string[] {
  const points = attachment?.['points']
  return Array.isArray(points) ? (points as readonly string[]) : []
}

/** The compressed forms, which are the ones hashed, of an attachment's points; null where one is not on the curve. */
function compressedOf(points: readonly string[]): readonly Uint8Array[] | null {
  try {
    return points.map((point) => encodeG1(affineG1(point)))
  } catch (error) {
    if (isKeyriteError(error)) return null
    throw error
  }
}

export const dkgOpens: CheckVerb = {
  when: 'arrival',
  before: (scope, one, args) => {
    const read = new ArgReader('dkg.opens', args)
    return checkOpening(scope, one, read.statements(1)) ?? checkPoints(one, read.integer(0))
  },
  run: (scope, incoming) => incoming.flatMap((one) => checkKeyProof(scope, one)),
}

/** Checks that commitments are the ones that their maker bound itself to. */
function checkOpening(scope: Scope, { from, index, payload }: Collected, publicKeys: readonly Collected[]): VerbFault | null {
  const key = fromHex(textField(payload, 'key'), 48)
  const proof = fromHex(textField(payload, 'proof'), 80)
  const digest = commitmentDigest({ ceremony: scope.ceremony, from, key, proof, rest: textField(payload, 'rest') })
  if (digest === field(publicKeys, index, 'digest')) return null
  return { reason: 'dkg.bad-opening', accused: from, why: 'its commitments are not those that it bound itself to' }
}

/**
 * Checks that there are exactly t-1 points of the curve, and the ones that the airgap bound. A fault does not convict: the
 * client attached the points, and the airgap signed their hash only, so a thief of the client must not convict the owner.
 */
function checkPoints({ from, payload, attachment }: Collected, threshold: number): VerbFault | null {
  const points = pointsOf(attachment)
  const refuse = (why: string): VerbFault => ({ reason: 'dkg.bad-points', accused: from, why, convicts: false })
  if (points.length !== threshold - 1) return refuse(`it attached ${points.length} points, not ${threshold - 1}`)
  const compressed = compressedOf(points)
  if (compressed === null) return refuse('what it attached are no points of the curve')
  return restHash(compressed) === textField(payload, 'rest') ? null : refuse('its points are not those that it bound itself to')
}

function checkKeyProof(scope: Scope, { from, index, payload }: Collected): readonly VerbFault[] {
  const key = trustedG1(textField(payload, 'key'))
  const bad = verifyKeyProofs(scope.ceremony, [{ index, key, proof: fromHex(textField(payload, 'proof'), 80) }], scope.random)
  const why = 'it does not prove that it knows the secret behind its commitment'
  return bad.length === 0 ? [] : [{ reason: 'dkg.bad-proof', accused: from, why }]
}

/** The sums C₁ … Cₜ₋₁ of the points in everybody's attachments. */
export const dkgSum: ValueVerb = (scope, args) => {
  const read = new ArgReader('dkg.sum', args)
  if (sumG1(read.texts(0).map(trustedG1)).is0()) fault('dkg.identity-key', '', 'the group key would be the identity')
  const result = commitmentSums(read.columns(1), affineG1)
  if (result.ok) return result.sums.map(toHex)
  if (result.reason === 'cancelled') fault('dkg.bad-points', '', `the commitments of place ${result.k} cancel out`)
  const [bad] = result.points
  const name = scope.roster[(bad?.index ?? 0) - 1]?.name ?? ''
  return fault('dkg.bad-points', name, `its point ${bad?.k ?? 0} is unusable: ${bad?.why ?? 'unknown'}`)
}

/**
 * Checks that a response has the key and the sums that follow from everybody's commitments. Its airgap computed the key itself,
 * from statements that its view binds, so another key convicts. Its client brought the sums, and other sums may fit its share
 * (protocol §5.5).
 */
export const dkgAgrees: CheckVerb = {
  when: 'arrival',
  run: (_, incoming, args) => {
    const read = new ArgReader('dkg.agrees', args)
    const points = [sumG1(read.texts(0).map(trustedG1)), ...read.texts(1).map(trustedG1)].map(encodeG1)
    const [groupKey, sums] = [toHex(points[0] ?? new Uint8Array()), sumsHash(points)]
    return incoming.flatMap(({ from, payload }): VerbFault[] => {
      if (textField(payload, 'groupKey') !== groupKey) return [{ reason: 'dkg.other-key', accused: from, why: 'its group key is not the sum of the commitments' }]
      if (textField(payload, 'sums') === sums) return []
      return [{ reason: 'dkg.other-sums', accused: from, why: 'its sums are not those of the commitments; its client may have brought them', convicts: false }]
    })
  },
}

/** Answers the airgap's question: the dealer whose deal is wrong, or the right sums. */
export const dkgPinpoint: AssistVerb = (scope, me, question, args) => {
  const read = new ArgReader('dkg.pinpoint', args)
  const columns = read.columns(1)
  const partials = new ArgReader('dkg.pinpoint', [(question as JsonObject)['partials']]).nullableTexts(0)
  const keys = read.texts(0)
  for (const [i, key] of keys.entries()) {
    if (i + 1 === me.index) continue
    const points = columns[i] ?? []
    const expected = evaluateCommitment([trustedG1(key), ...points.map(affineG1)], me.index)
    // A dealer can choose a polynomial that is zero here. That is no fault, and zero has no point to show.
    if (partials[i] !== (expected.is0() ? null : toHex(encodeG1(expected)))) return { dealer: scope.roster[i]?.name ?? '', points: (compressedOf(points) ?? []).map(toHex) }
  }
  return { sums: dkgSum(scope, args) }
}

/** Checks all share proofs in one random linear combination, and one by one only to name a culprit. */
export const dkgCheckProof: CheckVerb = {
  when: 'complete',
  run: (scope, incoming, args) => {
    const read = new ArgReader('dkg.checkProof', args)
    const responses = read.statements(2)
    const groupKey = field(responses, 1, 'groupKey')
    const sums = [sumG1(read.texts(0).map(trustedG1)), ...read.texts(1).map(trustedG1)]
    const message = birthMessage(scope.ceremony, scope.view, groupKey, field(responses, 1, 'sums'))
    const shareKeys = publicShares(sums, scope.roster.length)
    const bad = (one: Collected): VerbFault => ({
      reason: 'dkg.bad-share-proof', accused: one.from, why: 'its share proof does not verify under its share key',
    })
    const isOther = (one: Collected): boolean => textField(one.payload, 'groupKey') !== groupKey
    const others = incoming.filter(isOther).map(bad)
    const entries = incoming.filter((one) => !isOther(one)).map((one) => ({ one, publicKey: shareKey(shareKeys, one), signature: signatureOf(one) }))
    if (verifyShareSignatures(entries, message, DST_SHARE_PROOF, scope.random)) return others
    const unproven = entries.filter(({ publicKey, signature }) => !verifySignature(publicKey, message, signature, DST_SHARE_PROOF))
    return [...others, ...unproven.map(({ one }) => bad(one))]
  },
}

const signatureOf = (one: Collected) => decodeG2(fromHex(textField(one.payload, 'proof'), 96))

function shareKey<T>(keys: readonly T[], { index }: Collected): T {
  const key = keys[index - 1]
  if (key === undefined) throw new TypeError('an index outside the roster')
  return key
}

/** The share keys Yⱼ = Σₖ jᵏ·Cₖ of all participants, by roster index. */
export const dkgShareKeys: ValueVerb = (scope, args) => {
  const read = new ArgReader('dkg.shareKeys', args)
  const sums = [sumG1(read.texts(0).map(trustedG1)), ...read.texts(1).map(trustedG1)]
  return publicShares(sums, scope.roster.length).map((key) => toHex(encodeG1(key)))
}

/** The birth signature, verified under the group key. 96 bytes, hex. */
export const dkgBirth: ValueVerb = (scope, args) => {
  const read = new ArgReader('dkg.birth', args)
  const proofs = read.statements(1).slice(0, read.integer(0))
  const responses = read.statements(2)
  const groupKey = field(responses, 1, 'groupKey')
  const [first] = proofs
  const message = birthMessage(scope.ceremony, first?.view ?? '', groupKey, field(responses, 1, 'sums'))
  const signature = combineSignatures(proofs.map((one) => ({ index: one.index, signature: signatureOf(one) })))
  if (!verifySignature(trustedG1(groupKey), message, signature, DST_SHARE_PROOF)) {
    fault('dkg.bad-share-proof', '', 'the birth signature does not verify under the group key')
  }
  return toHex(encodeG2(signature))
}

/** Redoes the disputed seal with its published key and says who is wrong: the dealer or the one who complained (protocol §5.6). */
export const dkgJudge: JudgeVerb = (scope, dispute, answer, args) => {
  const read = new ArgReader('dkg.judge', args)
  const accused = textField(dispute.payload, 'accused')
  const guilty = (why: string): Judgement => ({ guilty: accused, reason: 'dkg.bad-deal', why })
  const dealer = scope.roster.findIndex((card) => card.name === accused) + 1
  const deals = read.statements(3).find((one) => one.from === accused)
  const piece = pieceOf(deals?.attachment, dispute.index)
  if (deals === undefined || piece === undefined) throw new TypeError('a dispute about a deal that is not there')
  const share = reopenDeal({
    recipientKey: fromHex(field(read.statements(0), dispute.index, 'encryptionKey'), 32),
    ephemeral: fromHex(textField(answer.payload, 'ephemeral'), 32),
    sealed: fromHex(textField(piece, 'sealed'), 80),
    aad: dealAad(scope.ceremony, deals, dispute.from),
  })
  if (share === null) return guilty('its deal does not open with the key that it says it used')
  const points = [trustedG1(read.texts(1)[dealer - 1] ?? ''), ...(read.columns(2)[dealer - 1] ?? []).map(affineG1)]
  return timesBase(share).equals(evaluateCommitment(points, dispute.index))
    ? { guilty: dispute.from, reason: 'dkg.false-complaint', why: 'the deal is good' }
    : guilty('what it sealed does not fit its own commitments')
}

/** The piece for the participant with this index. */
function pieceOf(attachment: JsonObject | undefined, index: number): JsonObject | undefined {
  const pieces = attachment?.['pieces']
  const piece: unknown = Array.isArray(pieces) ? pieces[index - 1] : undefined
  return typeof piece === 'object' && piece !== null ? (piece as JsonObject) : undefined
}
