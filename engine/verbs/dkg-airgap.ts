/** The `dkg.*` verbs of the airgap (protocol §5). All secrets of the threshold key are made and used here only. */
import { decodeG1, DST_SHARE_PROOF, encodeG1, encodeG2, R, scalarToBytes, signShare, sumG1, timesBase } from '../crypto/bls.ts'
import type { G1 } from '../crypto/bls.ts'
import { fromHex, isHex, toHex } from '../base/bytes.ts'
import {
  commitmentDigest, commitments, dealEphemeral, evaluate, evaluateCommitment, openDeal, polynomial, proveKey, restHash, sealDeal, shareMatches, sumsHash, verifyKeyProofs,
} from '../crypto/dkg.ts'
import { encryptionKeyPair } from '../crypto/seed.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { birthMessage, dealAad, field, ofIndex, trustedG1 } from './dkg.ts'
import { ArgReader, fault, textField, verbError } from './runtime.ts'
import type { AirgapScope, AirgapVerb, Collected } from './runtime.ts'

/** This participant's polynomial and the public values of it; the same at every call in one session. */
function dealing(scope: AirgapScope, threshold: number) {
  const coefficients = polynomial(scope.secrets, threshold)
  const [key, ...others] = commitments(coefficients)
  const [secret] = coefficients
  if (key === undefined || secret === undefined) throw new TypeError('an empty polynomial')
  const points = others.map(encodeG1)
  const proof = proveKey(scope.secrets, { id: scope.ceremony, index: scope.me.index, secret, key })
  return { coefficients, points, key: encodeG1(key), proof, rest: restHash(points) }
}

export const dkgKeygen: AirgapVerb = (scope, args) => {
  const { key, proof, rest } = dealing(scope, new ArgReader('dkg.keygen', args).integer(0))
  const digest = commitmentDigest({ ceremony: scope.ceremony, from: scope.me.name, key, proof, rest })
  const encryptionKey = toHex(encryptionKeyPair(scope.secrets).publicKey)
  return { kind: 'states', payload: { encryptionKey, digest } }
}

export const dkgCommit: AirgapVerb = (scope, args) => {
  const { key, proof, rest, points } = dealing(scope, new ArgReader('dkg.commit', args).integer(0))
  return {
    kind: 'states',
    payload: { key: toHex(key), proof: toHex(proof), rest },
    attachment: { points: points.map(toHex) },
  }
}

export const dkgDeal: AirgapVerb = (scope, args) => {
  const read = new ArgReader('dkg.deal', args)
  const publicKeys = read.statements(1)
  const commits = read.statements(2)
  checkOpenings(scope, publicKeys, commits)
  checkProofs(scope, commits)
  const coefficients = polynomial(scope.secrets, read.integer(0))
  const payloads = new Map<string, JsonObject>()
  for (const { name: to } of scope.roster) {
    if (to === scope.me.name) continue
    const recipient = publicKeys.find((one) => one.from === to)
    if (recipient === undefined) throw new TypeError('a participant without a public key')
    const sealed = sealDeal({
      session: scope.secrets,
      recipientIndex: recipient.index,
      recipientKey: fromHex(textField(recipient.payload, 'encryptionKey'), 32),
      share: evaluate(coefficients, recipient.index),
      aad: dealAad(scope.ceremony, { step: scope.step, type: scope.type, from: scope.me.name }, to),
    })
    payloads.set(to, { sealed: toHex(sealed) })
  }
  return { kind: 'states-each', payloads }
}

function checkOpenings(scope: AirgapScope, publicKeys: readonly Collected[], commits: readonly Collected[]): void {
  for (const { from, index, payload } of commits) {
    const digest = commitmentDigest({
      ceremony: scope.ceremony,
      from,
      key: fromHex(textField(payload, 'key'), 48),
      proof: fromHex(textField(payload, 'proof'), 80),
      rest: textField(payload, 'rest'),
    })
    if (digest === field(publicKeys, index, 'digest')) continue
    fault('dkg.bad-opening', from, 'its commitments are not those that it bound itself to')
  }
}

function checkProofs(scope: AirgapScope, commits: readonly Collected[]): void {
  const entries = commits.map(({ index, payload }) => ({
    index,
    key: trustedG1(textField(payload, 'key')),
    proof: fromHex(textField(payload, 'proof'), 80),
  }))
  const [bad] = verifyKeyProofs(scope.ceremony, entries, scope.random)
  if (bad === undefined) return
  fault('dkg.bad-proof', ofIndex(commits, bad).from, 'it does not prove that it knows the secret behind its commitment')
}

/** Opens all deals: gives fⱼ(i) of every dealer by roster index, its own included, or the first dealer whose deal does not open. */
function openDeals(scope: AirgapScope, threshold: number, deals: readonly Collected[]) {
  const shares: bigint[] = []
  for (const { name } of scope.roster) {
    if (name === scope.me.name) {
      shares.push(evaluate(polynomial(scope.secrets, threshold), scope.me.index))
      continue
    }
    const deal = deals.find((one) => one.from === name)
    if (deal?.piece === undefined) throw new TypeError('a dealer without a deal')
    const sealed = fromHex(textField(deal.piece, 'sealed'), 80)
    const share = openDeal({ session: scope.secrets, sealed, aad: dealAad(scope.ceremony, deal, scope.me.name) })
    if (share === null) return { unopened: name }
    shares.push(share)
  }
  return { shares, share: shares.reduce((sum, one) => (sum + one) % R, 0n) }
}

export const dkgRespond: AirgapVerb = (scope, args) => {
  const read = new ArgReader('dkg.respond', args)
  const threshold = read.integer(0)
  const commits = read.statements(1)
  const deals = read.statements(2)
  const opened = openDeals(scope, threshold, deals)
  if ('unopened' in opened) return complaintOf(opened.unopened)

  const keys = scope.roster.map((_, i) => trustedG1(field(commits, i + 1, 'key')))
  const groupKey = sumG1(keys)
  if (groupKey.is0()) fault('dkg.identity-key', '', 'the group key would be the identity')

  const assisted = readAssist(scope.assist)
  const sums = assisted?.sums ?? read.texts(3).map(trustedG1)
  if (sums.length !== threshold - 1) {
    throw verbError('argument', { verb: 'dkg.respond', why: `there are ${sums.length} sums, not ${threshold - 1}` })
  }
  if (shareMatches(opened.share, [groupKey, ...sums], scope.me.index)) {
    const points = [groupKey, ...sums].map(encodeG1)
    return { kind: 'states', payload: { groupKey: toHex(encodeG1(groupKey)), sums: sumsHash(points) } }
  }
  if (assisted?.dealer !== undefined) {
    checkAccused(scope, threshold, commits, opened.shares, assisted.dealer)
    return complaintOf(assisted.dealer.from)
  }
  if (assisted === undefined) {
    // A share of zero has no point that can be shown. It comes from an honest dealer with probability 1/r only.
    const partials = opened.shares.map((share) => (share === 0n ? null : toHex(encodeG1(timesBase(share)))))
    return { kind: 'asks', question: { partials } }
  }
  throw verbError('argument', { verb: 'dkg.respond', why: 'the sums that the client brought do not fit the deals, and it names no dealer' })
}

interface BroughtDealer {
  readonly from: string
  readonly points: readonly string[]
}

/** Reads the client's answer to the question: the right sums, or the commitments of one dealer. Both are checked, as they come from outside. */
function readAssist(assist: Json | undefined): { readonly sums?: readonly G1[]; readonly dealer?: BroughtDealer } | undefined {
  if (assist === undefined) return undefined
  const { sums, dealer, points } = { ...(assist as JsonObject) }
  if (isHexList(sums)) return { sums: sums.map((sum) => decodeG1(fromHex(sum, 48), 'A sum that the client computed')) }
  if (typeof dealer === 'string' && isHexList(points)) return { dealer: { from: dealer, points } }
  throw verbError('argument', { verb: 'dkg.respond', why: 'the answer to its question has neither sums nor a dealer' })
}

const isHexList = (value: Json | undefined): value is readonly string[] =>
  Array.isArray(value) && value.length < 1024 && value.every((item) => isHex(item, 48))

/** The complaint about a dealer. It needs no copy of the deal: everybody holds the piece under the root, which the view binds. */
const complaintOf = (accused: string): ReturnType<AirgapVerb> => ({ kind: 'disputes', payload: { accused } })

/**
 * Checks the client's charge: the dealer that it names is accused only if its own bound commitments really convict it. Its
 * points must be on the curve and the ones that it bound. Their subgroup need not be checked: they touch no secret, and are
 * compared with a point of the subgroup.
 *
 * @throws verb.argument
 */
function checkAccused(
  scope: AirgapScope, threshold: number, commits: readonly Collected[], shares: readonly bigint[], dealer: BroughtDealer,
): void {
  const refuse = (why: string): never => {
    throw verbError('argument', { verb: 'dkg.respond', why })
  }
  const commit = commits.find((one) => one.from === dealer.from)
  if (commit === undefined || commit.from === scope.me.name) return refuse('the dealer that it names is not another participant')
  const bytes = dealer.points.map((point) => fromHex(point, 48))
  if (bytes.length !== threshold - 1 || restHash(bytes) !== textField(commit.payload, 'rest')) {
    return refuse(`the points are not those that ${dealer.from} bound itself to`)
  }
  const points: G1[] = [textField(commit.payload, 'key'), ...dealer.points].map(trustedG1)
  const share = shares[commit.index - 1] ?? 0n
  if (timesBase(share).equals(evaluateCommitment(points, scope.me.index))) {
    refuse(`the deal of ${dealer.from} is good, so there is nothing to complain of`)
  }
}

export const dkgFinish: AirgapVerb = (scope, args) => {
  const read = new ArgReader('dkg.finish', args)
  const threshold = read.integer(0)
  const opened = openDeals(scope, threshold, read.statements(2))
  if ('unopened' in opened) return fault('dkg.bad-deal', opened.unopened, 'its deal does not open')
  const responses = read.statements(3)
  const groupKey = field(responses, scope.me.index, 'groupKey')
  const sums = field(responses, scope.me.index, 'sums')
  // The script's `agree` checks this too; without agreement nothing may be stored or signed.
  const other = responses.find(({ payload }) => textField(payload, 'groupKey') !== groupKey || textField(payload, 'sums') !== sums)
  if (other !== undefined || responses.length !== scope.roster.length) fault('dkg.other-key', '', 'not everyone states the same key and sums')
  const message = birthMessage(scope.ceremony, scope.view, groupKey, sums)
  const proof = toHex(encodeG2(signShare(opened.share, message, DST_SHARE_PROOF)))
  return {
    kind: 'states',
    payload: { groupKey, proof },
    keep: { index: scope.me.index, threshold, groupKey, sums, share: toHex(scalarToBytes(opened.share)) },
  }
}

export const dkgJustify: AirgapVerb = (scope, args) => {
  const publicKeys = new ArgReader('dkg.justify', args).statements(1)
  const { dispute } = scope
  if (dispute === undefined) throw new TypeError('a justification without a complaint')
  const recipientKey = fromHex(field(publicKeys, dispute.index, 'encryptionKey'), 32)
  const ephemeral = toHex(dealEphemeral(scope.secrets, dispute.index, recipientKey))
  return { kind: 'states', payload: { complainer: dispute.from, ephemeral } }
}
