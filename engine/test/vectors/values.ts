/** The values behind the statements of the vectors: every value between the seed and the statements, by the engine's own functions. */
import { DST_SIGNATURE, encodeG1, encodeG2, R, scalarToBytes, signShare, timesBase } from '../../crypto/bls.ts'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import { commitmentDigest, commitments, dealEphemeral, DST_KEY_PROOF, evaluate, polynomial, proofChallenge, proveKey, restHash, sealDeal, sumsHash } from '../../crypto/dkg.ts'
import { encryptionKeyPair, sessionSecrets } from '../../crypto/seed.ts'
import type { SessionSecrets } from '../../crypto/seed.ts'
import { messagesHash } from '../../messages/batch.ts'
import { checkMessage, signedBytesOf } from '../../messages/kinds.ts'
import { bindPieces, pieceFor } from '../../run/attachment.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { birthMessage, dealAad } from '../../verbs/dkg.ts'
import { textField } from '../../verbs/runtime.ts'
import type { Ceremony, Dealer, Dispute, Dkg, Piece, Plain, Signing, Vectors } from './independent/form.ts'
import type { Labels } from './make.ts'

const scalar = (value: bigint): string => toHex(scalarToBytes(value))
const point = (value: bigint): string => toHex(encodeG1(timesBase(value)))

interface Member {
  readonly name: string
  readonly index: number
  readonly session: SessionSecrets
  readonly coefficients: readonly bigint[]
}

const membersOf = ({ opening, ceremony, members }: Simulated, threshold: number): Member[] => members.map(({ name, seed }, i) => {
  const session = sessionSecrets(seed, ceremony, opening.rehearsal)
  return { name, index: i + 1, session, coefficients: polynomial(session, threshold) }
})

/** The label of a proof's nonce. */
function nonceLabel(id: string, index: number, key: string): string {
  const place = Uint8Array.of(0, 0, 0, index)
  return `proof-nonce/${sha256Hex(utf8(DST_KEY_PROOF), fromHex(id), place, fromHex(key))}`
}

const sealLabel = (to: Member): string => `seal/${to.index}/${sha256Hex(encryptionKeyPair(to.session).publicKey)}`

/** All values of a key generation, and the labels under which its sessions give secrets. */
export function dkgValues(simulated: Simulated): { readonly labels: Labels; readonly values: Omit<Dkg, keyof Ceremony> } {
  const { ceremony: id, opening, results } = simulated
  const members = membersOf(simulated, Number(opening.parameters['threshold']))
  const coefficientSums = (members[0]?.coefficients ?? []).map((_, k) => members.reduce((sum, { coefficients }) => (sum + (coefficients[k] ?? 0n)) % R, 0n))
  const sums = coefficientSums.map(point)
  const shares = members.map(({ index }) => evaluate(coefficientSums, index))
  const hash = sumsHash(sums.map((one) => fromHex(one)))
  const groupKey = sums[0] ?? ''
  const outputs = results.get(members[0]?.name ?? '')?.ledger.outputs
  const proof = simulated.board.entries.map((entry) => JSON.parse(entry.text) as { statement: { type: string; view: string } }).find(({ statement }) => statement.type === 'GroupKey')
  return {
    labels: (_, index) => {
      const { coefficients } = members[index - 1] ?? fail()
      return {
        encryption: 32, ...Object.fromEntries(coefficients.map((_one, k) => [`coefficient/${k}`, 48])),
        [nonceLabel(id, index, point(coefficients[0] ?? 0n))]: 48,
        ...Object.fromEntries(members.filter((one) => one.index !== index).map((to) => [sealLabel(to), 32])),
      }
    },
    values: {
      dealers: members.map((member) => dealerOf(id, member, members, simulated)), commitmentSums: sums, sums: hash, groupKey,
      shares: shares.map(scalar), shareKeys: shares.map(point),
      birthMessage: new TextDecoder().decode(birthMessage(id, proof?.statement.view ?? '', groupKey, hash)),
      birth: textField(outputs ?? {}, 'birth'),
    },
  }
}

function fail(): never {
  throw new Error('nobody of that index')
}

function dealerOf(id: string, { name, index, session, coefficients }: Member, members: readonly Member[], { opening }: Simulated): Dealer {
  const points = commitments(coefficients)
  const [key, ...others] = points
  const [secret] = coefficients
  if (key === undefined || secret === undefined) return fail()
  const [keyBytes, rest] = [encodeG1(key), restHash(others.map(encodeG1))]
  const label = nonceLabel(id, index, toHex(keyBytes))
  const proof = proveKey(session, { id, index, secret, key })
  const challenge = proofChallenge({ id, index, key: keyBytes, commitment: proof.subarray(0, 48) })
  const sealed = new Map(members.filter((to) => to.index !== index).map((to) => {
    const recipientKey = encryptionKeyPair(to.session).publicKey
    const share = evaluate(coefficients, to.index)
    const aad = dealAad(id, { step: 'SendDeals', type: 'Deals', from: name }, to.name)
    const made = sealDeal({ session, recipientIndex: to.index, recipientKey, share, aad })
    return [to.name, {
      to: to.name, share: scalar(share), aad: new TextDecoder().decode(aad), ephemeral: toHex(dealEphemeral(session, to.index, recipientKey)), sealed: toHex(made),
    }]
  }))
  const bound = bindPieces(opening.roster, new Map([...sealed].map(([to, piece]) => [to, { sealed: piece.sealed }])))
  return {
    name, coefficients: coefficients.map(scalar), commitments: points.map((one) => toHex(encodeG1(one))), rest,
    proof: { label, nonce: scalar(session.scalar(label)), challenge: scalar(challenge), bytes: toHex(proof) },
    digest: commitmentDigest({ ceremony: id, from: name, key: keyBytes, proof, rest }),
    pieces: members.flatMap(({ name: to, index: at }): Piece[] => {
      const piece = sealed.get(to)
      return piece === undefined ? [] : [{ ...piece, path: pieceFor(bound.attachment, at).path }]
    }),
    root: textField(bound.payload, 'root'),
  }
}

/** The participant whom a reader of the log convicts, and the reason. */
export function judgementOf(simulated: Simulated): Dispute['judgement'] {
  const convicted = [...simulated.results.values()].map(({ ledger }) => ledger.faults.filter(({ convicts }) => convicts))
  const [first] = convicted
  if (first?.length !== 1 || convicted.some((one) => one[0]?.accused !== first[0]?.accused)) throw new Error('not one verdict')
  return { guilty: String(first[0]?.accused), reason: String(first[0]?.reason) }
}

/** The partial signatures of two signers under a key, and the signatures that they combine to. */
export function signingValues(simulated: Simulated, key: Simulated, messages: readonly Plain[]): Omit<Signing, keyof Ceremony | 'follows'> {
  const members = membersOf(key, Number(key.opening.parameters['threshold']))
  const signed = messages.map((message) => ({ message, bytes: toHex(signedBytesOf(checkMessage(message), simulated.ceremony)) }))
  const signers = simulated.members.map(({ card, name }) => {
    const index = key.opening.roster.findIndex(({ airgapKey }) => airgapKey === card.airgapKey) + 1
    const share = members.reduce((sum, { coefficients }) => (sum + evaluate(coefficients, index)) % R, 0n)
    return { name, index, partials: signed.map(({ bytes }) => toHex(encodeG2(signShare(share, fromHex(bytes), DST_SIGNATURE)))) }
  })
  const signatures = simulated.results.get(simulated.members[0]?.name ?? '')?.ledger.outputs?.['signatures']
  return { signed, messages: messagesHash(messages.map((message) => checkMessage(message))), signers, signatures: Array.isArray(signatures) ? signatures.map(String) : [] }
}

/** Messages of every kind, with the bytes of them that a ceremony with this id signs. */
export const kindsOf = (ceremony: string, messages: readonly Plain[]): Vectors['kinds'] =>
  messages.map((message) => ({ ceremony, message, bytes: toHex(signedBytesOf(checkMessage(message), ceremony)) }))
