import { expect } from 'chai'
import { printable, printableLine } from '../../base/text.ts'
import { sealEnvelope } from '../../channel/envelope.ts'
import { createAirgap } from '../../run/airgap.ts'
import { emptyMemory } from '../../run/memory.ts'
import { memoryStore, seededRandom } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { checkRequest } from '../../wire/exchange.ts'

/** A text that clears the screen and paints another: with ESC, the one-character CSI, and a line of its own. */
const HOSTILE = '\u001b[2J\u009b2J\u202e\nA CEREMONY TO JOIN'

describe('text from outside on a screen', () => {
  it('keeps letters, newlines and tabs, and replaces what moves a cursor or turns the reading', () => {
    expect(printable('Größe\t✓\n')).to.equal('Größe\t✓\n')
    expect(printable('\u001b[2J\r\b\u0000\u007f\u009b\u202e\u2066\u2028')).to.equal('\ufffd[2J' + '\ufffd'.repeat(8))
    expect(printableLine('a\nb\tc')).to.equal('a\ufffdb\ufffdc')
  })

  it('reaches an airgap’s screen without controls and on one line, whatever a client calls its members', async () => {
    const never = () => Promise.reject(new Error('nobody is to be asked'))
    const airgap = createAirgap({
      memory: memoryStore(emptyMemory('00'.repeat(64), new Uint8Array(16))), confirm: never, script: () => undefined, verbs,
      random: seededRandom('hostile'), now: () => new Date(0),
    })
    const bodies: JsonObject[] = [
      { ask: 'pair', name: 'anna', signingKey: '00'.repeat(32), [HOSTILE]: 1 },
      { ask: 'step', collected: [{ from: 'anna', payload: {}, airgapSignature: '00'.repeat(64), [HOSTILE]: 1 }], prepared: {} },
    ]
    for (const body of bodies) {
      const said = await airgap.handle(sealEnvelope({ kind: 'request', ceremony: null, step: null, body })).then(
        (answer) => answer, (error: unknown) => (error instanceof Error ? error.message : ''))
      expect(said).to.contain('A CEREMONY TO JOIN')
      expect(said).to.not.match(/[\u0000-\u001f\u007f-\u009f\u202e]/)
    }
  })

  it('is cut where it is long', () => {
    expect(() => checkRequest({ ask: 'pair', name: 'anna', signingKey: '00'.repeat(32), ['x'.repeat(100_000)]: 1 }, 'The request'))
      .to.throw().with.property('message').that.satisfies((text: string) => text.length < 400)
  })
})
