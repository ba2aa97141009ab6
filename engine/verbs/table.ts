/**
 * Every verb that a script may name. To add one, add its signature here and its implementation in `implementations.ts`; the
 * checker, the editor's completion and the compiled machines know it from then on.
 *
 * A signature is all that the script checker knows of a verb: its side, its use, the types that it takes and gives, and how
 * secret the values are that it emits. This file holds no code of the implementations.
 */

/** The type of a value in a script. Names are those of `types.ts`. */
export type Type =
  /** A value of a named type: `hash`, `g1`, `quorum`, … */
  | { readonly kind: 'value'; readonly name: string }
  /** A list of one message's or parameter's values: `[g1]`. */
  | { readonly kind: 'list'; readonly name: string }
  /** A column: one value (or list) per collected message, in roster order. `Commits.key`, `Commits.points`. */
  | { readonly kind: 'each'; readonly of: Type }
  /** All collected statements of a message, with at least these payload fields (attachments are reached by column only). */
  | { readonly kind: 'statements'; readonly payload: Fields }
  /** A value in the airgap's vault. Never leaves it. */
  | { readonly kind: 'kept'; readonly name: string }
  /** The public side of a finished ceremony that this one follows: its roster, parameters and outputs. */
  | { readonly kind: 'followed'; readonly script: string }

/** Named payload or attachment fields. `'g1'` or `'[g1]'`, as written in a script. */
export type Fields = Readonly<Record<string, string>>

export const value = (name: string): Type => ({ kind: 'value', name })
export const list = (name: string): Type => ({ kind: 'list', name })
export const each = (of: Type): Type => ({ kind: 'each', of })
export const statements = (payload: Fields): Type => ({ kind: 'statements', payload })
export const kept = (name: string): Type => ({ kind: 'kept', name })
export const followed = (script: string): Type => ({ kind: 'followed', script })

/** The message that a verb emits. */
export interface Emits {
  /** `everyone`: public. `others`: one value per recipient, for that recipient alone; such values must never stand in a public message. */
  readonly to: 'everyone' | 'others'
  readonly payload: Fields
  /**
   * The payload's fields whose values depend on values that a client prepares, assists with or brings outside the view. All other
   * fields are the airgap's own: a value there that this verb never makes convicts its maker. A brought one convicts nobody
   * (protocol §6).
   */
  readonly brought?: readonly string[]
  /** Public data that the payload binds by hash. */
  readonly attachment?: Fields
}

interface Common {
  /** `area.verb`, for example `dkg.deal`. */
  readonly name: string
  /** One sentence for the person who writes a ceremony. */
  readonly doc: string
  readonly takes: readonly Type[]
  /** The verb's own abort reasons, `area.reason` → one sentence about it. */
  readonly reasons: Readonly<Record<string, string>>
}

/** A step's or a dispute's airgap verb. Only such verbs see the session's secrets and kept values. */
export interface AirgapSignature extends Common {
  readonly use: 'airgap'
  readonly emits: Emits
  /** The payload that it may state instead. Such a verb needs the step's `disputes`. */
  readonly disputes?: Fields
  /** The type of the value that it leaves in the vault. Such a verb needs the step's `keeps`. */
  readonly keeps?: string
  /** The type of its question back to its own client. Such a verb needs the step's `assist`. */
  readonly asks?: string
  /** The dispute payload that a dispute's verb answers. Only such a verb may stand in a dispute. */
  readonly answers?: Fields
  /** The check verb without which nobody could rely on the emitted message. Such a verb needs it as the step's `check`. */
  readonly checkedBy?: string
}

/** A step's client verb: public values in, a public message out. */
export interface ClientSignature extends Common {
  readonly use: 'client'
  readonly emits: Emits & { readonly to: 'everyone' }
  /** The check verb, as for an airgap verb. */
  readonly checkedBy?: string
}

/** A verb of `prepare` and `outputs`: public values in, one public value out. */
export interface ValueSignature extends Common {
  readonly use: 'value'
  readonly gives: Type
}

/** A verb of `check`: it judges the step's own messages as they come in, or all of them when they are complete. */
export interface CheckSignature extends Common {
  readonly use: 'check'
  readonly payload: Fields
  readonly attachment?: Fields
}

/** A verb of `assist`: it answers the airgap verb's question. */
export interface AssistSignature extends Common {
  readonly use: 'assist'
  readonly asked: string
}

/** A verb of `judge`: it says who is guilty, from a dispute and its answer. */
export interface JudgeSignature extends Common {
  readonly use: 'judge'
  readonly dispute: Fields
  readonly answer: Fields
}

export type Signature =
  AirgapSignature | ClientSignature | ValueSignature | CheckSignature | AssistSignature | JudgeSignature

/** The side on which a verb runs: only `airgap` verbs run in the airgap, all others on the client. */
export const sideOf = (signature: Signature): 'airgap' | 'client' => (signature.use === 'airgap' ? 'airgap' : 'client')

const publicKey: Fields = { encryptionKey: 'x25519', digest: 'hash' }
const commits: Fields = { key: 'g1', proof: 'schnorr', rest: 'hash' }
const points: Fields = { points: '[g1-affine]' }
const deal: Fields = { sealed: 'sealed' }
const response: Fields = { groupKey: 'g1', sums: 'hash' }
const complaint: Fields = { accused: 'participant' }
const justification: Fields = { complainer: 'participant', ephemeral: 'x25519-private' }
const groupKey: Fields = { groupKey: 'g1', proof: 'g2' }

/** The columns `Commits.key`, each dealer's commitment to its secret, and `Commits.points`, its t-1 other commitments. */
const keys = each(value('g1'))
const pointsOfEach = each(list('g1-affine'))

const sumReasons = {
  'dkg.bad-points': 'A sum is outside the group, because of these participants’ points.',
  'dkg.identity-key': 'The group key would be the identity.',
}

const dkg = [
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
] as const satisfies readonly Signature[]

const random = [
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
] as const satisfies readonly Signature[]

const bls = [
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
] as const satisfies readonly Signature[]

type Reasons = (typeof dkg | typeof random | typeof bls)[number]['reasons']

/** An abort reason that some verb's signature declares. */
export type VerbReason = Reasons extends infer R ? (R extends unknown ? keyof R & string : never) : never

/** All signatures, in the order in which documents list them. */
export const signatures: readonly Signature[] = [...dkg, ...random, ...bls]

const byName: ReadonlyMap<string, Signature> = new Map(signatures.map((signature) => [signature.name, signature]))

/** The signature of a verb, or undefined where there is none of that name. */
export function signatureOf(verb: string): Signature | undefined {
  return byName.get(verb)
}
