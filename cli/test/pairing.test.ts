import { expect } from 'chai'
import { vectors } from '../../engine/test/vectors/independent/file.ts'
import { pairingCode } from '../roles/channel.ts'

describe('the pairing code', () => {
  for (const { name, card, pairingCode: published } of vectors.participants) {
    it(`of ${name} is the published one, and another for any part of the card that is altered`, () => {
      expect(pairingCode(card)).to.equal(published)
      const altered = [{ name: 'zoe' }, { signingKey: card.airgapKey }, { airgapKey: card.signingKey }, { epoch: '00'.repeat(16) }].map((change) => pairingCode({ ...card, ...change }))
      expect(new Set([published, ...altered]).size).to.equal(5)
    })
  }
})
