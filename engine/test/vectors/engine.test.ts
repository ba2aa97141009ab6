import { expect } from 'chai'
import { decodeG1, decodeG1Affine, decodeG1OnCurve, decodeG2, decodeG2Affine } from '../../crypto/bls.ts'
import { fromHex, utf8 } from '../../base/bytes.ts'
import { openDeal, verifyKeyProofs } from '../../crypto/dkg.ts'
import { verifyEd25519 } from '../../crypto/ed25519.ts'
import { checkX25519Key } from '../../crypto/hpke.ts'
import { messageKinds } from '../../messages/kinds.ts'
import { isInTree } from '../../crypto/merkle.ts'
import type { SessionSecrets } from '../../crypto/seed.ts'
import { canonical } from '../../base/canonical.ts'
import { verifyCard } from '../../wire/card.ts'
import { headAfter } from '../../wire/log.ts'
import { hashOf, parseMessage, slotOf, verifyMessage, verifyStatement } from '../../wire/message.ts'
import { codeOf, seededRandom } from '../crypto/random.ts'
import { ceremonies, participant, vectors } from './independent/file.ts'
import { makeVectors } from './make.ts'

const { refused } = vectors
const decode = { g1: decodeG1, g2: decodeG2, 'g1-affine': decodeG1Affine, 'g2-affine': decodeG2Affine } as const

describe('the published vectors', () => {
  it('are what the engine makes, to the last byte (write.ts writes them anew)', async () => {
    const made = await makeVectors()
    // Compared part by part, so that a difference is short to read.
    for (const [name, part] of Object.entries(made)) expect(vectors, name).to.have.deep.property(name, JSON.parse(JSON.stringify(part)))
    expect(Object.keys(vectors)).to.deep.equal(Object.keys(made))
  })

  it('have a message of every kind', () => {
    expect([...new Set(vectors.kinds.map(({ message }) => message['kind']))]).to.have.members(messageKinds.map(({ name }) => name))
  })

  for (const { name, log } of ceremonies) {
    it(`of ${name} are a log that the engine reads and verifies`, () => {
      let head = '00'.repeat(32)
      for (const { message, slot, ...entry } of log) {
        const read = parseMessage(canonical(message))
        const { card } = participant(read.statement.from)
        head = headAfter(head, read, hashOf(read))
        expect(head).to.equal(entry.head)
        expect(verifyMessage(read, card.signingKey)).to.equal(true)
        if (read.airgapSignature !== undefined) expect(verifyStatement(read.statement, read.airgapSignature, card.airgapKey)).to.equal(true)
        expect(slotOf(read.statement)).to.equal(slot === null ? null : canonical(slot))
      }
    })
  }

  it('have cards that the engine takes', () => {
    for (const { card, cardSignature } of vectors.participants) expect(verifyCard(card, cardSignature)).to.equal(true)
  })
})

describe('what the vectors say must be refused', () => {
  for (const { type, hex, why } of refused.points) {
    it(`is so by the engine: ${type}: ${why}`, () => expect(codeOf(() => decode[type](fromHex(hex)))).to.equal('crypto.bad-point'))
  }

  it('is so of Ed25519’s signatures', () => {
    for (const { publicKey, message, signature, why } of refused.ed25519) expect(verifyEd25519(fromHex(publicKey), fromHex(message), fromHex(signature)), why).to.equal(false)
  })

  it('is so of encryption keys', () => {
    for (const { publicKey, why } of refused.x25519) expect(checkX25519Key(fromHex(publicKey)), why).not.to.equal(null)
  })

  it('is so of paths', () => {
    for (const { index, count, leaf, path, root, why } of refused.paths) {
      expect(isInTree({ index, count, leaf: fromHex(leaf), path: path.map((hash) => fromHex(hash)), root: fromHex(root) }), why).to.equal(false)
    }
  })

  it('is so of proofs of knowledge', () => {
    for (const { id, index, key, proof, why } of refused.keyProofs) {
      expect(verifyKeyProofs(id, [{ index, key: decodeG1OnCurve(fromHex(key)), proof: fromHex(proof) }], seededRandom('vectors')), why).to.deep.equal([index])
    }
  })

  it('is so of pieces', () => {
    for (const { secretKey, aad, sealed, why } of refused.pieces) {
      const session: SessionSecrets = { expand: () => fromHex(secretKey), scalar: () => 0n }
      expect(openDeal({ session, sealed: fromHex(sealed), aad: utf8(aad) }), why).to.equal(null)
    }
    const [key] = vectors.dkg
    const [piece] = key?.dealers[0]?.pieces ?? []
    const session: SessionSecrets = { expand: () => fromHex(key?.sessions.find(({ name }) => name === piece?.to)?.values['encryption'] ?? ''), scalar: () => 0n }
    const share = openDeal({ session, sealed: fromHex(piece?.sealed ?? ''), aad: utf8(piece?.aad ?? '') })
    expect(share?.toString(16).padStart(64, '0')).to.equal(piece?.share)
  })
})
