import { aggregatePublicKeys, PublicKey } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expect } from 'chai'
import { attachedBy, participant, statedBy, text, vectors } from './file.ts'
import type { Dealer, Dispute, Dkg, Hex } from './form.ts'
import { affine, bytes, derive, evaluated, expand, expandXmd, g1, g2Signature, hex, jcs, number, opened, publicOf, rootBy, rootOf, scalar, sealedBy, sha256, tagged, utf8 } from './oracle.ts'

const PROOF = 'KEYRITE_BLS12381G1_POK_'
const SHARE_PROOF = 'KEYRITE_BLS12381G2_SHARE_PROOF_'
const u32 = (value: number): Buffer => Buffer.of(0, 0, value >> 8, value & 255)
const added = (points: readonly Hex[]): Hex => hex(aggregatePublicKeys(points.map((point) => PublicKey.fromBytes(bytes(point), true))).toBytes(true))
const pointOf = (point: Hex) => bls12_381.G1.Point.fromHex(point)

/** The sum Σ xᵏ·pointₖ, by noble. */
const onCommitments = (points: readonly Hex[], x: number): Hex =>
  points.map((point, k) => pointOf(point).multiply(BigInt(x) ** BigInt(k))).reduce((sum, one) => sum.add(one)).toHex(true)

const valuesOf = (ceremony: Dkg, name: string): Readonly<Record<string, Hex>> => ceremony.sessions.find((one) => one.name === name)?.values ?? {}
const encryptionKeyOf = (ceremony: Dkg, name: string): Hex => publicOf('x25519', bytes(valuesOf(ceremony, name)['encryption'] ?? ''))
const indexOf = (ceremony: Dkg, name: string): number => ceremony.opening.roster.findIndex((card) => card.name === name) + 1
const dealerOf = (ceremony: Dkg, name: string): Dealer => ceremony.dealers.find((one) => one.name === name) ?? expect.fail(name)

/** The scalar that a session gives under a label: its value modulo r. */
const scalarAt = (values: Readonly<Record<string, Hex>>, label: string): Hex => {
  const value = values[label] ?? ''
  expect(value, label).to.have.length(96)
  return scalar(number(value))
}

for (const key of vectors.dkg) {
  const { id, opening, dealers } = key
  const threshold = Number(opening.parameters['threshold'])
  describe(`the key generation of ${key.name}`, () => {
    for (const { name, coefficients, commitments, rest, proof, digest } of dealers) {
      const [secret = '', first = ''] = [coefficients[0], commitments[0]]
      const index = indexOf(key, name)

      it(`has the polynomial of ${name} out of its session, and its commitments`, () => {
        expect(coefficients).to.deep.equal(Array.from({ length: threshold }, (_, k) => scalarAt(valuesOf(key, name), `coefficient/${k}`)))
        expect(commitments).to.deep.equal(coefficients.map(g1))
        expect(rest).to.equal(tagged('points', ...commitments.slice(1).map(bytes)))
      })

      it(`has ${name}’s proof that it knows its secret`, () => {
        const label = `proof-nonce/${hex(sha256(PROOF, bytes(id), u32(index), bytes(first)))}`
        expect(proof.label).to.equal(label)
        const nonce = scalarAt(valuesOf(key, name), label)
        expect(proof.nonce).to.equal(nonce)
        const commitment = g1(nonce)
        const challenge = scalar(number(expandXmd(Buffer.concat([bytes(id), u32(index), bytes(first), bytes(commitment)]), PROOF, 48)))
        expect(proof.challenge).to.equal(challenge)
        expect(proof.bytes).to.equal(commitment + scalar(number(nonce) + number(challenge) * number(secret)))
        // Readers check it by s·G = R + c·A.
        const right = pointOf(commitment).add(pointOf(first).multiply(number(challenge)))
        expect(g1(proof.bytes.slice(96))).to.equal(right.toHex(true))
      })

      it(`has what ${name} bound itself to, and then showed`, () => {
        expect(digest).to.equal(tagged('commitment', jcs({ ceremony: id, from: name, key: first, proof: proof.bytes, rest })))
        expect(statedBy(key, 'PublicKey', name).payload).to.deep.equal({ encryptionKey: encryptionKeyOf(key, name), digest })
        expect(statedBy(key, 'Commits', name).payload).to.deep.equal({ key: first, proof: proof.bytes, rest })
        expect(attachedBy(key, 'Commits', name)).to.deep.equal({ points: commitments.slice(1).map(affine) })
      })

      it(`has ${name}’s pieces for the others, under one root`, async () => {
        const dealer = dealerOf(key, name)
        const others = opening.roster.filter((card) => card.name !== name).map((card) => card.name)
        expect(dealer.pieces.map(({ to }) => to)).to.deep.equal(others)
        for (const { to, share, aad, ephemeral, sealed } of dealer.pieces) {
          const [at, recipient] = [indexOf(key, to), encryptionKeyOf(key, to)]
          expect(share).to.equal(evaluated(coefficients, at))
          expect(aad).to.equal(jcs({ ceremony: id, step: 'SendDeals', type: 'Deals', from: name, to }))
          expect(ephemeral).to.equal(valuesOf(key, name)[`seal/${at}/${hex(sha256(bytes(recipient)))}`])
          expect(sealed).to.equal(sealedBy(ephemeral, recipient, aad, share))
          expect(await opened(valuesOf(key, to)['encryption'] ?? '', aad, sealed)).to.equal(share)
        }
        const pieces = opening.roster.map((card) => dealer.pieces.find(({ to }) => to === card.name))
        const leaves = pieces.map((piece) => (piece === undefined ? Buffer.alloc(0) : utf8(jcs({ sealed: piece.sealed }))))
        expect(dealer.root).to.equal(rootOf(leaves))
        expect(statedBy(key, 'Deals', name).payload).to.deep.equal({ root: dealer.root })
        expect(attachedBy(key, 'Deals', name)).to.deep.equal({ pieces: pieces.map((piece) => (piece === undefined ? null : { sealed: piece.sealed })) })
        for (const { to, path } of dealer.pieces) {
          const leaf = sha256(Buffer.of(0), leaves[indexOf(key, to) - 1] ?? Buffer.alloc(0))
          expect(rootBy(indexOf(key, to) - 1, opening.roster.length, leaf, path)).to.equal(dealer.root)
        }
      })
    }

    it('has sums of all commitments, and shares that fit them', () => {
      expect(key.commitmentSums).to.deep.equal(Array.from({ length: threshold }, (_, k) => added(dealers.map(({ commitments }) => commitments[k] ?? ''))))
      expect(key.groupKey).to.equal(key.commitmentSums[0])
      expect(key.sums).to.equal(tagged('sums', ...key.commitmentSums.map(bytes)))
      const shares = opening.roster.map((_, i) => scalar(dealers.reduce((sum, { coefficients }) => sum + number(evaluated(coefficients, i + 1)), 0n)))
      expect(key.shares).to.deep.equal(shares)
      expect(key.shareKeys).to.deep.equal(shares.map(g1))
      expect(key.shareKeys).to.deep.equal(opening.roster.map((_, i) => onCommitments(key.commitmentSums, i + 1)))
      for (const { name } of opening.roster) expect(statedBy(key, 'Response', name).payload).to.deep.equal({ groupKey: key.groupKey, sums: key.sums })
    })

    it('ends with proofs of all shares, and the key’s first signature', () => {
      const view = key.views.find(({ step }) => step === 'ProcessDeals')?.view
      expect(key.birthMessage).to.equal(jcs({ ceremony: id, view, groupKey: key.groupKey, sums: key.sums }))
      for (const [i, { name }] of opening.roster.entries()) {
        const proof = g2Signature(key.shares[i] ?? '', utf8(key.birthMessage), SHARE_PROOF)
        expect(statedBy(key, 'GroupKey', name)).to.deep.include({ view, payload: { groupKey: key.groupKey, proof } })
      }
      // The check is not by interpolation, but with the group's secret, which nobody has in a real ceremony.
      const secret = scalar(dealers.reduce((sum, { coefficients }) => sum + number(coefficients[0] ?? ''), 0n))
      expect(g1(secret)).to.equal(key.groupKey)
      expect(key.birth).to.equal(g2Signature(secret, utf8(key.birthMessage), SHARE_PROOF))
    })
  })
}

describe('what crosses to an airgap with its pieces', () => {
  const { request, answer } = vectors.crossing
  const key = vectors.dkg.find(({ id }) => id === request.ceremony) ?? expect.fail()
  const [me] = key.opening.roster
  const others = key.opening.roster.slice(1).map(({ name }) => name)

  it('is an envelope with a digest, there and back', () => {
    for (const { digest, ...content } of [request, answer]) expect(digest).to.equal(hex(sha256(jcs(content))))
    expect([request.kind, answer.kind]).to.deep.equal(['request', 'answer'])
    expect(answer.body['request']).to.equal(request.digest)
  })

  it('brings of each other dealer its statement, the one piece and its path, and the compressed sums', () => {
    const collected = request.body['collected'] as readonly { readonly from: string }[]
    expect(collected.map(({ from }) => from)).to.have.members(others)
    for (const one of collected) {
      const { pieces, root } = dealerOf(key, one.from)
      const { sealed, path } = pieces.find(({ to }) => to === me?.name) ?? expect.fail()
      const airgapSignature = key.log.find(({ message: { statement } }) => statement.type === 'Deals' && statement.from === one.from)?.message.airgapSignature
      expect(one).to.deep.equal({ from: one.from, payload: { root }, airgapSignature, piece: { sealed }, path })
    }
    expect(request.body['prepared']).to.deep.equal({ sums: key.commitmentSums.slice(1) })
    expect(Object.keys(request.body).sort()).to.deep.equal(['ask', 'collected', 'prepared'])
  })

  it('is answered with what the log then has', () => {
    const entry = key.log.find(({ message: { statement } }) => statement.type === 'Response' && statement.from === me?.name)?.message
    const statement = { type: 'Response', payload: entry?.statement.payload, airgapSignature: entry?.airgapSignature }
    expect(answer.body).to.deep.equal({ give: 'statement', request: request.digest, statement })
  })
})

/** All values of a dispute, from the seeds and the statements. */
function disputed(dispute: Dispute) {
  const { id, opening } = dispute
  const entry = dispute.log.find(({ message }) => message.statement.type === 'Complaint')?.message.statement ?? expect.fail()
  const [complainer, accused] = [entry.from, text(entry.payload['accused'])]
  const place = (name: string) => opening.roster.findIndex((card) => card.name === name)
  const prk = (name: string) => {
    const { seed } = participant(name)
    return derive(seed, 'session', Buffer.concat([bytes(id), derive(seed, 'salt', bytes(id))]))
  }
  const coefficients = [0, 1].map((k) => scalar(number(expand(prk(accused), `coefficient/${k}`, 48))))
  const secret = hex(expand(prk(complainer), 'encryption', 32))
  const pieces = attachedBy(dispute, 'Deals', accused)?.['pieces'] as readonly ({ readonly sealed: Hex } | null)[]
  const aad = jcs({ ceremony: id, step: 'SendDeals', type: 'Deals', from: accused, to: complainer })
  return {
    complainer, accused, secret, aad, sealed: pieces[place(complainer)]?.sealed ?? '', expected: evaluated(coefficients, place(complainer) + 1),
    justification: statedBy(dispute, 'Justification', accused), ephemeral: hex(expand(prk(accused), `seal/${place(complainer) + 1}/${hex(sha256(bytes(publicOf('x25519', bytes(secret)))))}`, 32)),
  }
}

for (const dispute of vectors.disputes) {
  describe(`the dispute of ${dispute.name}`, () => {
    it('is answered with the one-time key of that piece, which opens it for all', async () => {
      const { complainer, secret, aad, sealed, justification, ephemeral } = disputed(dispute)
      expect(justification.payload).to.deep.equal({ complainer, ephemeral })
      expect(justification.step).to.equal('ProcessDeals')
      const share = await opened(secret, aad, sealed)
      expect(share).not.to.equal(null)
      // The one-time key gives the same bytes again, and so proves which share was sealed.
      expect(sealedBy(ephemeral, publicOf('x25519', bytes(secret)), aad, share ?? '')).to.equal(sealed)
    })

    it('is judged by whether what was sealed fits the commitments', async () => {
      const { complainer, accused, secret, aad, sealed, expected } = disputed(dispute)
      const isGood = (await opened(secret, aad, sealed)) === expected
      expect(dispute.judgement).to.deep.equal(isGood ? { guilty: complainer, reason: 'dkg.false-complaint' } : { guilty: accused, reason: 'dkg.bad-deal' })
    })
  })
}

describe('the disputes of the vectors', () => {
  it('end either way', () => {
    expect(vectors.disputes.map(({ judgement }) => judgement.reason)).to.have.members(['dkg.bad-deal', 'dkg.false-complaint'])
  })
})
