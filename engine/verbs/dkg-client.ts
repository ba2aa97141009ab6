/** `dkg.*` on the client and for auditors (protocol §5): public values only. */
import { combineSignatures, decodeG2, DST_SHARE_PROOF, encodeG1, encodeG2, sumG1, timesBase, verifyShareSignatures, verifySignature } from '../crypto/bls.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'
import {
  commitmentDigest, commitmentSums, evaluateCommitment, publicShares, reopenDeal, restHash, verifyKeyProofs,
} from '../crypto/dkg.ts'
import type { JsonObject } from '../wire/canonical.ts'
import { verifyStatement } from '../wire/message.ts'
import { birthMessage, dealAad, dealsHash, field, trustedG1 } from './dkg-common.ts'
import { onCurveG1 } from './points.ts'
import { ArgReader, fault, text } from './runtime.ts'
import type { AssistVerb, CheckVerb, Collected, JudgeVerb, Scope, ValueVerb, Verdict, VerbFault } from './runtime.ts'

const bytesOf = (points: readonly string[]): Uint8Array[] => points.map((point) => fromHex(point, 48))

function pointsOf(attachment: JsonObject | undefined): readonly string[] {
  const points = attachment?.['points']
  return Array.isArray(points) ? (points as readonly string[]) : []
}

export const dkgOpens: CheckVerb = {
  when: 'arrival',
  before: (scope, one, args) => {
    const read = new ArgReader('dkg.opens', args)
    return checkOpening(scope, one, read.statements(1)) ?? checkPoints(one, read.integer(0))
  },
  run: (scope, incoming) => incoming.flatMap((one) => checkKeyProof(scope, one)),
}

/** Are they what was bound? */
function checkOpening(scope: Scope, { from, index, payload }: Collected, publicKeys: readonly Collected[]): VerbFault | null {
  const key = fromHex(text(payload, 'key'), 48)
  const proof = fromHex(text(payload, 'proof'), 80)
  const digest = commitmentDigest({ ceremony: scope.ceremony, from, key, proof, rest: text(payload, 'rest') })
  if (digest === field(publicKeys, index, 'digest')) return null
  return { reason: 'dkg.bad-opening', accused: from, why: 'its commitments are not those that it bound itself to' }
}

/** Exactly t-1 points, and those that the airgap bound. */
function checkPoints({ from, payload, attachment }: Collected, threshold: number): VerbFault | null {
  const points = pointsOf(attachment)
  if (restHash(bytesOf(points)) !== text(payload, 'rest')) {
    // Its client attached them; the airgap signed their hash only. A thief of the client must not convict the owner.
    return { reason: 'dkg.bad-points', accused: from, why: 'its points are not those that it bound itself to', convicts: false }
  }
  if (points.length === threshold - 1) return null
  return { reason: 'dkg.bad-points', accused: from, why: `it attached ${points.length} points, not ${threshold - 1}` }
}

function checkKeyProof(scope: Scope, { from, index, payload }: Collected): readonly VerbFault[] {
  const key = trustedG1(text(payload, 'key'))
  const bad = verifyKeyProofs(scope.ceremony, [{ index, key, proof: fromHex(text(payload, 'proof'), 80) }], scope.random)
  const why = 'it does not prove that it knows the secret behind its commitment'
  return bad.length === 0 ? [] : [{ reason: 'dkg.bad-proof', accused: from, why }]
}

/** C₁ … Cₜ₋₁ of everybody's attachments. */
export const dkgSum: ValueVerb = (scope, args) => {
  const read = new ArgReader('dkg.sum', args)
  if (sumG1(read.texts(0).map(trustedG1)).is0()) fault('dkg.identity-key', '', 'the group key would be the identity')
  const result = commitmentSums(read.columns(1).map(bytesOf), (bytes) => onCurveG1(toHex(bytes)))
  if (result.ok) return result.sums.map(toHex)
  if (result.reason === 'cancelled') fault('dkg.bad-points', '', `the commitments of place ${result.k} cancel out`)
  const [bad] = result.points
  const name = scope.roster[(bad?.index ?? 0) - 1]?.name ?? ''
  return fault('dkg.bad-points', name, `its point ${bad?.k ?? 0} is unusable: ${bad?.why ?? 'unknown'}`)
}

/**
 * A participant whose airgap was brought other deals than the log has: a dealer may have signed two, or it lies. Nothing
 * in the log tells which, so it convicts nobody; but no key is made whose shares the log could not give back.
 */
export const dkgReceived: CheckVerb = {
  when: 'arrival',
  run: (_, incoming, args) => {
    const deals = new ArgReader('dkg.received', args).statements(0)
    return incoming
      .filter(({ from, payload }) => text(payload, 'deals') !== dealsHash(deals.filter((one) => one.to === from)))
      .map(({ from }) => ({
        reason: 'dkg.other-deals', accused: from, convicts: false,
        why: 'its airgap answered to other deals than those in the log, which its own client or a dealer brought it',
      }))
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
    const expected = evaluateCommitment([key, ...points].map(trustedG1), me.index)
    // A dealer can choose a polynomial that is zero here. That is no fault, and has no point to show.
    if (partials[i] !== (expected.is0() ? null : toHex(encodeG1(expected)))) return { dealer: scope.roster[i]?.name ?? '', points }
  }
  return { sums: dkgSum(scope, args) }
}

/** All share proofs in one random linear combination; one by one only to name a culprit. */
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
    const [otherKey] = incoming.filter((one) => text(one.payload, 'groupKey') !== groupKey)
    if (otherKey !== undefined) return [bad(otherKey)]
    const entries = incoming.map((one) => ({ one, publicKey: shareKey(shareKeys, one), signature: signatureOf(one) }))
    if (verifyShareSignatures(entries, message, DST_SHARE_PROOF, scope.random)) return []
    return entries
      .filter(({ publicKey, signature }) => !verifySignature(publicKey, message, signature, DST_SHARE_PROOF))
      .map(({ one }) => bad(one))
  },
}

const signatureOf = (one: Collected) => decodeG2(fromHex(text(one.payload, 'proof'), 96))

function shareKey<T>(keys: readonly T[], { index }: Collected): T {
  const key = keys[index - 1]
  if (key === undefined) throw new TypeError('an index outside the roster')
  return key
}

/** Yⱼ = Σₖ jᵏ·Cₖ for every participant, by roster index. */
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

/**
 * Redoes the disputed seal with its published key and says who is wrong (protocol §5, Justify). A complaint about another
 * deal than the log's holds if the dealer signed that one too.
 */
export const dkgJudge: JudgeVerb = (scope, dispute, answer, args) => {
  const read = new ArgReader('dkg.judge', args)
  const accused = text(dispute.payload, 'accused')
  const guilty = (why: string): Verdict => ({ guilty: accused, reason: 'dkg.bad-deal', why })
  const dealer = scope.roster.findIndex((card) => card.name === accused) + 1
  const deal = read.statements(3).find((one) => one.from === accused && one.to === dispute.from)
  if (deal === undefined || dealer === 0) throw new TypeError('a dispute about a deal that is not there')
  const complainer = (why: string): Verdict => ({ guilty: dispute.from, reason: 'dkg.false-complaint', why })
  const sealed = text(dispute.payload, 'sealed')
  if (sealed !== text(deal.payload, 'sealed')) {
    return signedBy(scope, accused, deal, { sealed }, text(dispute.payload, 'signature'))
      ? { guilty: accused, reason: 'dkg.two-deals', why: `it signed two deals for ${dispute.from}` }
      : complainer('the deal that it complains of was never made')
  }
  const share = reopenDeal({
    recipientKey: fromHex(field(read.statements(0), dispute.index, 'encryptionKey'), 32),
    ephemeral: fromHex(text(answer.payload, 'ephemeral'), 32),
    sealed: fromHex(sealed, 80),
    aad: dealAad(scope.ceremony, deal),
  })
  if (share === null) return guilty('its deal does not open with the key that it says it used')
  const points = [read.texts(1)[dealer - 1] ?? '', ...(read.columns(2)[dealer - 1] ?? [])].map(trustedG1)
  if (!timesBase(share).equals(evaluateCommitment(points, dispute.index))) {
    return guilty('what it sealed does not fit its own commitments')
  }
  return complainer('the deal is good')
}

/** Did its maker's airgap sign this payload as well, where the log has another? */
function signedBy(scope: Scope, maker: string, logged: Collected, payload: JsonObject, signature: string): boolean {
  const { step, type, from, to, view } = logged
  const card = scope.roster.find(({ name }) => name === maker)
  return card !== undefined && verifyStatement({ ceremony: scope.ceremony, step, type, from, to, view, payload }, signature, card.airgapKey)
}
