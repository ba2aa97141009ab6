/** The form of `keyrite-2.json`, as types of plain JSON. Bytes are lower-case hex. */

export type Hex = string
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }
export type Plain = { readonly [key: string]: Json | undefined }

export interface Participant {
  readonly name: string
  readonly mnemonic: string
  readonly passphrase: string
  readonly seed: Hex
  /** The private key in the sense of RFC 8032. */
  readonly airgapSecret: Hex
  readonly signingSecret: Hex
  readonly card: Plain & { readonly name: string; readonly airgapKey: Hex; readonly signingKey: Hex; readonly epoch: Hex }
  readonly cardSignature: Hex
  readonly pairingCode: string
}

export interface Statement extends Plain {
  readonly ceremony: Hex | null
  readonly step: string | null
  readonly type: string
  readonly from: string
  readonly view: Hex | null
  readonly payload: Plain
}

export interface Message extends Plain {
  readonly statement: Statement
  readonly airgapSignature?: Hex
  readonly attachment?: Hex
  readonly seen: { readonly offset: number; readonly head: Hex }
  readonly signature: Hex
}

/** One entry of a log; its offset is its place. */
export interface Entry {
  readonly message: Message
  /** The slot that the statement takes; null where it takes none. */
  readonly slot: readonly (string | null)[] | null
  readonly attachment?: Plain
  readonly mark: Hex
  readonly hash: Hex
  readonly head: Hex
}

/** One session's secrets, of one participant in one ceremony, by the labels under which they are expanded. */
export interface Session {
  readonly name: string
  readonly salt: Hex
  readonly seed: Hex
  readonly values: Readonly<Record<string, Hex>>
}

export interface Ceremony {
  readonly name: string
  /** The purpose of this ceremony among the vectors. */
  readonly about: string
  readonly opening: Plain & { readonly roster: readonly Participant['card'][]; readonly parameters: Plain; readonly rehearsal: boolean }
  readonly id: Hex
  readonly number: string
  /** The sessions; none where a ceremony has no secrets of its own. */
  readonly sessions: readonly Session[]
  /** The view after each complete step. */
  readonly views: readonly { readonly step: string; readonly view: Hex }[]
  readonly log: readonly Entry[]
}

export interface Piece {
  readonly to: string
  readonly share: Hex
  readonly aad: string
  readonly ephemeral: Hex
  readonly sealed: Hex
  /** The hashes of the path, from the leaf upwards. */
  readonly path: readonly Hex[]
}

export interface Dealer {
  readonly name: string
  readonly coefficients: readonly Hex[]
  /** The commitments A₀ … Aₜ₋₁, compressed. */
  readonly commitments: readonly Hex[]
  readonly rest: Hex
  readonly proof: { readonly label: string; readonly nonce: Hex; readonly challenge: Hex; readonly bytes: Hex }
  readonly digest: Hex
  readonly pieces: readonly Piece[]
  readonly root: Hex
}

export interface Dkg extends Ceremony {
  readonly dealers: readonly Dealer[]
  /** The sums C₀ … Cₜ₋₁. */
  readonly commitmentSums: readonly Hex[]
  readonly sums: Hex
  readonly groupKey: Hex
  readonly shares: readonly Hex[]
  readonly shareKeys: readonly Hex[]
  readonly birthMessage: string
  readonly birth: Hex
}

/** A statement that an airgap may make in a slot in the place of its step's own. */
export interface Instead {
  readonly statement: Statement
  readonly airgapSignature: Hex
}

/** An envelope, which crosses between a client and its airgap. */
export interface Envelope extends Plain {
  readonly kind: string
  readonly ceremony: Hex
  readonly step: string
  readonly body: Plain
  readonly digest: Hex
}

/** A request to the airgap of the first participant in the roster, for the step that brings it all pieces, and the answer. */
export interface Crossing {
  readonly request: Envelope
  readonly answer: Envelope
}

export interface Dispute extends Ceremony {
  /** The judgement that follows from the Complaint and the Justification at the log's end. */
  readonly judgement: { readonly guilty: string; readonly reason: string }
}

export interface Signing extends Ceremony {
  readonly follows: string
  /** The signed bytes of the script's `messages`, in their order. */
  readonly signed: readonly { readonly message: Plain; readonly bytes: Hex }[]
  readonly messages: Hex
  readonly signers: readonly { readonly name: string; readonly index: number; readonly partials: readonly Hex[] }[]
  readonly signatures: readonly Hex[]
}

export interface Beacon extends Ceremony {
  readonly output: Hex
}

/** The first rule that a point breaks. */
export type PointRule = 'length' | 'compressed' | 'identity' | 'canonical' | 'curve' | 'subgroup'

/** The values that every reader must refuse, by the rule that they break. */
export interface Refused {
  readonly points: readonly { readonly type: 'g1' | 'g2' | 'g1-affine' | 'g2-affine'; readonly hex: Hex; readonly rule: PointRule; readonly why: string }[]
  readonly ed25519: readonly { readonly publicKey: Hex; readonly message: Hex; readonly signature: Hex; readonly why: string }[]
  readonly x25519: readonly { readonly publicKey: Hex; readonly why: string }[]
  readonly paths: readonly { readonly index: number; readonly count: number; readonly leaf: Hex; readonly path: readonly Hex[]; readonly root: Hex; readonly why: string }[]
  readonly keyProofs: readonly { readonly id: Hex; readonly index: number; readonly key: Hex; readonly proof: Hex; readonly why: string }[]
  readonly pieces: readonly { readonly secretKey: Hex; readonly aad: string; readonly sealed: Hex; readonly why: string }[]
}

export interface Vectors {
  readonly protocol: string
  readonly about: readonly string[]
  readonly participants: readonly Participant[]
  readonly dkg: readonly Dkg[]
  readonly disputes: readonly Dispute[]
  readonly abandoned: Instead
  readonly crossing: Crossing
  readonly beacon: Beacon
  readonly signing: Signing
  readonly kinds: readonly { readonly ceremony: Hex; readonly message: Plain; readonly bytes: Hex }[]
  readonly refused: Refused
}
