import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { readShipped } from '../../script/load.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { ceremonyId } from '../../wire/card.ts'
import type { Opening } from '../../wire/card.ts'
import { checkAnswer } from '../../wire/exchange.ts'
import { airgapFrom, memberOf, simulateDkg } from './harness.ts'

const sign = readShipped('sign')

/** The airgap's answer to a client that brings such an opening, whoever had made it. */
async function brought(key: Simulated, rehearsal: boolean) {
  const { name, version } = sign.ceremony
  const opening: Opening = {
    script: { name, version, hash: sign.hash }, roster: key.opening.roster, opensAt: '2026-01-02T00:00:00Z', nonce: '5a'.repeat(32), rehearsal,
    parameters: { key: key.ceremony, purpose: 'Payday', messages: [{ kind: 'text', text: 'Pay 5 to Anna' }] },
  }
  const before = memberOf(key, 'ben').memory.read()
  const { airgap, memory, asked } = airgapFrom(before, { script: (hash) => (hash === sign.hash ? sign : undefined) })
  const request = sealEnvelope({ kind: 'request', ceremony: ceremonyId(opening), step: 'SendPartials', body: { ask: 'step', opening, collected: [], prepared: {} } })
  const answer = checkAnswer(openEnvelope(await airgap.handle(request)).body, 'It')
  return { answer, asked: asked.length, isUntouched: memory.read() === before }
}

describe('an airgap whose client opens a signing by hand', function () {
  this.timeout(60_000)

  for (const isKey of [true, false]) {
    it(`never signs with ${isKey ? 'a rehearsal’s key for real' : 'a real key in a rehearsal'}: it refuses unasked and keeps nothing`, async () => {
      const key = await simulateDkg(3, 2, `a key, rehearsal ${String(isKey)}`, { rehearsal: isKey })
      const { answer, asked, isUntouched } = await brought(key, !isKey)
      expect(answer).to.include({ give: 'refusal', code: 'run.opening' }).and.have.property('what').that.contains('rehearsal')
      expect([asked, isUntouched]).to.deep.equal([0, true])
      // The same opening with the mark that belongs to the key is brought before the owner, and signed.
      const right = await brought(key, isKey)
      expect([right.answer.give, right.asked]).to.deep.equal(['statement', 1])
    })
  }
})
