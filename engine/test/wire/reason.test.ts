import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { exchangeWith } from '../../run/client-work.ts'
import { isKeyriteError } from '../../base/errors.ts'
import type { KeyriteError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { MOST_REASON, reasonProblem } from '../../wire/message.ts'

describe('a reason to decline', () => {
  it('is one line of at most 200 characters that everybody can see', () => {
    for (const good of ['no', 'Not our address!', 'Das gehört uns nicht', '金額が違う', 'x'.repeat(MOST_REASON)]) expect(reasonProblem(good), good).to.equal(null)
    const bad = ['', ' ', ' a', 'a ', 'a\nb', 'a\tb', 'a\u202eb', 'a\u200bb', '\ud800', '\u001b[2J', 'x'.repeat(MOST_REASON + 1)]
    for (const one of bad) expect(reasonProblem(one), JSON.stringify(one)).to.be.a('string')
  })

  /** The error that a client makes of a refusal with this fault. */
  async function told(fault: JsonObject): Promise<KeyriteError> {
    const refuse = (request: string): Promise<string> => {
      const { ceremony, step, digest } = openEnvelope(request)
      return Promise.resolve(sealEnvelope({ kind: 'answer', ceremony, step, body: { give: 'refusal', request: digest, code: 'run.rejected', what: 'The owner declined.', todo: 'Talk.', fault } }))
    }
    return await exchangeWith(refuse, 'ab'.repeat(32), 'SendPartials', { ask: 'step', collected: [], prepared: {} })
      .then(() => expect.fail('it is no refusal'), (error: unknown) => isKeyriteError(error) ? error : expect.fail(String(error)))
  }

  it('is what a client says for its airgap, in the owner’s words, or else that the owner declined', async () => {
    const fault = { reason: 'rejected', accused: null }
    const inWords = await told({ ...fault, why: 'Not our address' })
    expect(inWords.code).to.equal('run.fault')
    expect(inWords.facts).to.include({ ...fault, why: 'Not our address', step: 'SendPartials', convicts: false })
    expect((await told(fault)).facts).to.include({ why: 'The owner declined.' })
  })

  it('is nothing that a client passes on as another reason to abort than there are', async () => {
    for (const reason of ['rejectd', 'check-failed', 'Rejected', 'a.b.c', '']) expect((await told({ reason, accused: null })).code, reason).to.equal('wire.malformed')
    expect((await told({ reason: 'dkg.bad-deal', accused: 'ben' })).facts).to.include({ reason: 'dkg.bad-deal', accused: 'ben' })
  })

  it('is not passed on where nobody can read it, or it is too long', async () => {
    const fault = { reason: 'rejected', accused: null }
    for (const why of ['a\u202eb', 'a\nb', ' ']) expect((await told({ ...fault, why })).code, why).to.equal('run.answer')
    for (const why of ['', 'x'.repeat(MOST_REASON + 1), 7]) expect((await told({ ...fault, why })).code).to.equal('wire.malformed')
  })
})
