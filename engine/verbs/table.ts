/**
 * Every verb that a script may name. To add one, add its signature here and its implementation beside it; the
 * checker, the editor's completion and the compiled machines know it from then on.
 */
import { each, followed, kept, list, statements, value } from './signature.ts'
import type { Fields, Signature } from './signature.ts'

const publicKey: Fields = { encryptionKey: 'x25519', digest: 'hash' }
const commits: Fields = { key: 'g1', proof: 'schnorr', rest: 'hash' }
const points: Fields = { points: '[g1-affine]' }
const deal: Fields = { sealed: 'sealed' }
const response: Fields = { groupKey: 'g1', sums: 'hash' }
const complaint: Fields = { accused: 'participant' }
const justification: Fields = { complainer: 'participant', ephemeral: 'x25519-private' }
const groupKey: Fields = { groupKey: 'g1', proof: 'g2' }

/** `Commits.key`: each dealer's commitment to its secret. `Commits.points`: its t-1 other commitments. */
const keys = each(value('g1'))
const pointsOfEach = each(list('g1-affine'))

const sumReasons = {
  'dkg.bad-points': 'A sum is outside the group, because of these participants’ points.',
  'dkg.identity-key': 'The group key would be the identity.',
}

const dkg: readonly Signature[] = [
  {
    name: 'dkg.keygen',
    use: 'airgap',
    doc: 'Makes this ceremony’s session and keys, and binds the participant to its commitments before any is shown.',
    takes: [value('quorum')],
    emits: { to: 'everyone', payload: publicKey },
    reasons: {},
  },
  {
    name: 'dkg.commit',
    use: 'airgap',
    doc: 'Shows the commitments that dkg.keygen bound, with a proof that their maker knows the secret behind them.',
    takes: [value('quorum')],
    emits: { to: 'everyone', payload: commits, attachment: points },
    checkedBy: 'dkg.opens',
    reasons: {},
  },
  {
    name: 'dkg.opens',
    use: 'check',
    doc: 'Checks that commitments are those that the participant had bound, and that its points are points of the curve.',
    takes: [value('quorum'), statements({ digest: 'hash' })],
    payload: commits,
    attachment: points,
    reasons: {
      'dkg.bad-opening': 'The commitments are not those that their maker had bound itself to.',
      'dkg.bad-points': 'The attached points are not exactly t-1 points of the curve, or not those of the statement.',
      'dkg.bad-proof': 'A participant does not prove that it knows the secret behind its commitment.',
    },
  },
  {
    name: 'dkg.deal',
    use: 'airgap',
    doc: 'Checks every opening and proof, then seals to each other participant its piece of this participant’s secret.',
    takes: [value('quorum'), statements(publicKey), statements(commits)],
    emits: { to: 'others', payload: deal },
    reasons: {
      'dkg.bad-opening': 'The commitments are not those that their maker had bound itself to.',
      'dkg.bad-proof': 'A participant does not prove that it knows the secret behind its commitment.',
    },
  },
  {
    name: 'dkg.sum',
    use: 'value',
    doc: 'Adds up all participants’ commitments, so that the airgap need check the sums only: C₁ … C₍ₜ₋₁₎.',
    takes: [keys, pointsOfEach],
    gives: list('g1'),
    reasons: sumReasons,
  },
  {
    name: 'dkg.respond',
    use: 'airgap',
    doc: 'Opens the deals, checks their sum against the sums of the commitments, and states the group key or a complaint.',
    takes: [value('quorum'), statements(commits), statements(deal), list('g1')],
    emits: { to: 'everyone', payload: response, brought: ['sums'] },
    checkedBy: 'dkg.agrees',
    disputes: complaint,
    asks: 'dkg.partials',
    reasons: { 'dkg.identity-key': 'The group key would be the identity.' },
  },
  {
    name: 'dkg.agrees',
    use: 'check',
    doc: 'Checks that a response has the group key and the sums that follow from everybody’s commitments.',
    takes: [keys, list('g1')],
    payload: response,
    reasons: {
      'dkg.other-key': 'A response has another group key than the sum of the commitments that it was made with.',
      'dkg.other-sums': 'A response has other sums than the commitments’: a client brought them, or an airgap lies.',
    },
  },
  {
    name: 'dkg.pinpoint',
    use: 'assist',
    doc: 'Finds out why the sums did not fit: brings the right sums, or the commitments of the dealer who is wrong.',
    takes: [keys, pointsOfEach],
    asked: 'dkg.partials',
    reasons: sumReasons,
  },
  {
    name: 'dkg.finish',
    use: 'airgap',
    doc: 'With all responses equal to its own, keeps the share, erases the session and proves that the share works.',
    takes: [value('quorum'), statements(commits), statements(deal), statements(response)],
    emits: { to: 'everyone', payload: groupKey },
    keeps: 'dkg.share',
    checkedBy: 'dkg.checkProof',
    reasons: {
      'dkg.other-key': 'A response has another group key or other sums than this participant’s own.',
      'dkg.bad-deal': 'A deal does not open.',
    },
  },
  {
    name: 'dkg.checkProof',
    use: 'check',
    doc: 'Checks that each participant’s share works, under the share key that follows from the commitments.',
    takes: [keys, list('g1'), statements(response)],
    payload: groupKey,
    reasons: { 'dkg.bad-share-proof': 'A share’s proof does not verify under its share key.' },
  },
  {
    name: 'dkg.justify',
    use: 'airgap',
    doc: 'Answers a complaint about this participant’s deal with the one-time key that sealed it.',
    takes: [value('quorum'), statements(publicKey)],
    answers: complaint,
    emits: { to: 'everyone', payload: justification },
    reasons: {},
  },
  {
    name: 'dkg.judge',
    use: 'judge',
    doc: 'Opens the disputed deal with its one-time key and says who is guilty: the dealer or the one who complained.',
    takes: [statements(publicKey), keys, pointsOfEach, statements(deal)],
    dispute: complaint,
    answer: justification,
    reasons: {
      'dkg.bad-deal': 'The dealer’s deal does not fit its own commitments, or is not what it sealed.',
      'dkg.false-complaint': 'The deal was good: the complaint is false.',
    },
  },
  {
    name: 'dkg.shareKeys',
    use: 'value',
    doc: 'The public key of each participant’s share, in the roster’s order: who signs with a share can be checked under it.',
    takes: [keys, list('g1')],
    gives: list('g1'),
    reasons: {},
  },
  {
    name: 'dkg.birth',
    use: 'value',
    doc: 'Combines the proofs into the first signature that the new key has made: its birth signature.',
    takes: [value('quorum'), statements(groupKey), statements(response)],
    gives: value('g2'),
    reasons: { 'dkg.bad-share-proof': 'The proofs do not combine into a signature of the group key.' },
  },
]

const random: readonly Signature[] = [
  {
    name: 'random.commit',
    use: 'airgap',
    doc: 'Draws 32 random bytes and binds the participant to them by their digest.',
    takes: [],
    emits: { to: 'everyone', payload: { digest: 'hash' } },
    reasons: {},
  },
  {
    name: 'random.reveal',
    use: 'airgap',
    doc: 'Shows the random bytes that random.commit bound, once everyone is bound.',
    takes: [statements({ digest: 'hash' })],
    emits: { to: 'everyone', payload: { value: 'hash' } },
    checkedBy: 'random.opens',
    reasons: {},
  },
  {
    name: 'random.opens',
    use: 'check',
    doc: 'Checks that a revealed value is the one that its participant had bound itself to.',
    takes: [statements({ digest: 'hash' })],
    payload: { value: 'hash' },
    reasons: { 'random.bad-opening': 'The value is not the one that its maker had bound itself to.' },
  },
  {
    name: 'random.mix',
    use: 'value',
    doc: 'Hashes all revealed values, in the roster’s order, into one that nobody could choose.',
    takes: [statements({ value: 'hash' })],
    gives: value('hash'),
    reasons: {},
  },
]

const bls: readonly Signature[] = [
  {
    name: 'bls.signShare',
    use: 'airgap',
    doc: 'Signs each message with this participant’s share of the key.',
    takes: [kept('dkg.share'), list('message')],
    emits: { to: 'everyone', payload: { digest: 'hash' }, attachment: { partials: '[g2-affine]' } },
    checkedBy: 'bls.checkPartial',
    reasons: {},
  },
  {
    name: 'bls.checkPartial',
    use: 'check',
    doc: 'Checks a participant’s partial signatures under its share key.',
    takes: [followed('dkg'), list('message')],
    payload: { digest: 'hash' },
    attachment: { partials: '[g2-affine]' },
    reasons: { 'bls.bad-partial': 'A partial signature does not verify under its maker’s share key.' },
  },
  {
    name: 'bls.combine',
    use: 'client',
    doc: 'Combines enough partial signatures into the key’s signatures, and verifies them under the group key.',
    takes: [followed('dkg'), list('message'), statements({ digest: 'hash' }), each(list('g2-affine'))],
    emits: { to: 'everyone', payload: {}, attachment: { signatures: '[g2]' } },
    checkedBy: 'bls.checkSignature',
    reasons: {},
  },
  {
    name: 'bls.checkSignature',
    use: 'check',
    doc: 'Checks combined signatures under the group key.',
    takes: [followed('dkg'), list('message')],
    payload: {},
    attachment: { signatures: '[g2]' },
    reasons: { 'bls.bad-signature': 'A signature does not verify under the group key.' },
  },
]

/** All signatures, in the order in which documents list them. */
export const signatures: readonly Signature[] = [...dkg, ...random, ...bls]

const byName: ReadonlyMap<string, Signature> = new Map(signatures.map((signature) => [signature.name, signature]))

/** The signature of a verb, or undefined where there is none of that name. */
export function signatureOf(verb: string): Signature | undefined {
  return byName.get(verb)
}
