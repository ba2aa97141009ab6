import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { seededRandom, simulate } from '../../run/simulate.ts'
import type { MemberKeys, Simulated, Tampering } from '../../run/simulate.ts'
import { airgapSign } from '../../run/faults-log.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapVerb } from '../../verbs/runtime.ts'
import type { Carried } from '../../wire/exchange.ts'
import type { JsonObject } from '../../wire/canonical.ts'
import { parseMessage } from '../../wire/message.ts'
import { dkg, memberOf, namesOf, recovered } from './harness.ts'
import { endingOf } from './judging.ts'

/**
 * ben deals to anna twice, with his airgap's signature on both. One deal is in the log; anna's client, which ben has taken over,
 * brings her airgap the other.
 */
async function twice(inLog: (good: JsonObject) => JsonObject, brought: (good: JsonObject) => JsonObject): Promise<Simulated> {
  let ben: MemberKeys | undefined
  let good: JsonObject = {}
  const deal: AirgapVerb = (scope, args) => {
    const honest = verbs.airgap['dkg.deal']!(scope, args)
    if (honest.kind !== 'states-each') return expect.fail()
    good = honest.payloads.get('anna') ?? expect.fail()
    return { ...honest, payloads: new Map([...honest.payloads, ['anna', inLog(good)]]) }
  }
  const dealer: Tampering = {
    airgapVerbs: { ...verbs, airgap: { ...verbs.airgap, 'dkg.deal': deal } },
    board: (board, member) => {
      ben = member
      return board
    },
  }
  const taken: Tampering = {
    exchange: (airgap, _, board) => async (request) => {
      const { digest, ...envelope } = openEnvelope(request)
      if (envelope.step !== 'ProcessDeals' && envelope.step !== 'ProcessResponses') return airgap.handle(request)
      const logged = board.entries.map(({ text }) => parseMessage(text).statement)
        .find((one) => one.type === 'Deal' && one.from === 'ben' && one.to === 'anna') ?? expect.fail()
      const second = { ...logged, payload: brought(good) }
      const body = envelope.body as JsonObject & { collected: readonly Carried[] }
      const collected = body.collected.map((one) => envelope.step === 'ProcessDeals' && one.from === 'ben'
        ? { ...one, payload: second.payload, airgapSignature: airgapSign(ben ?? expect.fail(), second) } : one)
      const answer = openEnvelope(await airgap.handle(sealEnvelope({ ...envelope, body: { ...body, collected } })))
      return sealEnvelope({ ...answer, body: { ...(answer.body as JsonObject), request: digest } })
    },
  }
  const names = namesOf(3)
  return simulate({ script: dkg, names, parameters: { threshold: 2 }, verbs, random: seededRandom('twice'), idle: 5, tamper: { ben: dealer, anna: taken } })
}

const garbage = (): JsonObject => ({ sealed: 'ab'.repeat(80) })
const honest = (good: JsonObject): JsonObject => good

describe('two deals of one dealer, one of them brought by a stolen client', () => {
  it('convict the dealer where the log has the good one, and not the owner who complains of the other', async () => {
    const run = await twice(honest, garbage)
    expect(endingOf(run, ['ben', 'anna'])).to.deep.equal({ outcomes: ['aborted'], said: ['dkg.two-deals:ben'], convicted: ['ben'] })
  })

  it('make no key where the log has the bad one: nobody could get the share of it back from the log', async () => {
    const run = await twice(garbage, honest)
    const { outcomes, said, convicted } = endingOf(run, ['ben', 'anna'])
    expect(outcomes).to.have.length(1).and.not.include('usable')
    expect([said, convicted]).to.deep.equal([['dkg.other-deals:anna'], []])
    expect(run.members.map(({ memory }) => Object.keys(memory.read().kept))).to.deep.equal([[], [], []])
  })

  it('do no harm where they are the same one: the share comes back from the log', async () => {
    const run = await twice(honest, honest)
    expect(endingOf(run, []).outcomes).to.deep.equal(['usable'])
    expect(await recovered(run, 'anna')).to.deep.equal(memberOf(run, 'anna').memory.read().kept[run.ceremony]?.values['share'])
  })
})
