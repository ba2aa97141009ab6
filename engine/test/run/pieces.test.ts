import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import { bindPieces, isPieceUnder, pieceFor, piecesProblem } from '../../run/attachment.ts'
import { airgapSign } from '../../simulate/meddling.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { MemberKeys, Simulated, Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapVerb } from '../../verbs/runtime.ts'
import { canonicalBytes } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import type { Carried } from '../../wire/exchange.ts'
import { parseMessage } from '../../wire/message.ts'
import { airgapFrom, bodyOf, changed, dkg, memberOf, namesOf, readAnswer, recordDkg, recovered, refusalOf, resultOf, textOf } from './harness.ts'
import type { Recorded } from './harness.ts'
import { endingOf } from './judging.ts'

const SPEC = dkg.ceremony.messages['Deals'] ?? expect.fail()
const garbage = (): JsonObject => ({ sealed: 'ab'.repeat(80) })

/**
 * ben makes two sets of pieces, which differ in anna's, with his airgap's signature on both roots. One is in the log; anna's client,
 * which ben has taken over, brings her airgap the other.
 */
async function twice(inLog: (good: JsonObject) => JsonObject, brought: (good: JsonObject) => JsonObject): Promise<Simulated> {
  let ben: MemberKeys | undefined
  let all = new Map<string, JsonObject>()
  const deal: AirgapVerb = (scope, args) => {
    const honest = verbs.airgap['dkg.deal']!(scope, args)
    if (honest.kind !== 'states-each') return expect.fail()
    all = new Map(honest.payloads)
    return { ...honest, payloads: new Map([...all, ['anna', inLog(all.get('anna') ?? {})]]) }
  }
  const dealer: Tampering = {
    airgapVerbs: { ...verbs, airgap: { ...verbs.airgap, 'dkg.deal': deal } },
    board: (board, member) => {
      ben = member
      return board
    },
  }
  const taken: Tampering = {
    exchange: (airgap, { card }, board) => async (request) => {
      const { digest, ...envelope } = openEnvelope(request)
      if (envelope.step !== 'ProcessDeals') return airgap.handle(request)
      const logged = board.entries.map(({ text }) => parseMessage(text).statement).find((one) => one.type === 'Deals' && one.from === 'ben') ?? expect.fail()
      const roster = [card, ...['ben', 'cleo'].map((name) => ({ ...card, name }))]
      const { payload, attachment } = bindPieces(roster, new Map([...all, ['anna', brought(all.get('anna') ?? {})]]))
      const second = { ...logged, payload }
      const body = envelope.body as JsonObject & { collected: readonly Carried[] }
      const collected = body.collected.map((one) => one.from === 'ben'
        ? { ...one, payload, ...pieceFor(attachment, 1), airgapSignature: airgapSign(ben ?? expect.fail(), second) } : one)
      const answer = openEnvelope(await airgap.handle(sealEnvelope({ ...envelope, body: { ...body, collected } })))
      return sealEnvelope({ ...answer, body: { ...(answer.body as JsonObject), request: digest } })
    },
  }
  const names = namesOf(3)
  return simulate({ script: dkg, names, parameters: { threshold: 2 }, verbs, random: seededRandom('twice'), idle: 5, tamper: { ben: dealer, anna: taken } })
}

describe('two sets of pieces of one dealer, one of them brought by a stolen client', () => {
  it('blame no owner who complains of the other piece: her airgap speaks of another view, and her client stops at that', async () => {
    const run = await twice((good) => good, garbage)
    expect(resultOf(run, 'anna')).to.have.nested.property('trouble.code', 'run.answer')
    expect(endingOf(run, ['ben', 'anna']).convicted).to.deep.equal([])
  })

  it('make no key where the log has the bad one: nobody could get the share of it back from the log', async () => {
    const run = await twice(garbage, (good) => good)
    expect(endingOf(run, ['ben', 'anna']).convicted).to.deep.equal([])
    expect(run.members.map(({ memory }) => Object.keys(memory.read().archive))).to.deep.equal([[], [], []])
  })

  it('do no harm where they are the same one: the share comes back from the log', async () => {
    const run = await twice((good) => good, (good) => good)
    expect(endingOf(run, []).outcomes).to.deep.equal(['usable'])
    expect(await recovered(run, 'anna')).to.deep.equal(memberOf(run, 'anna').memory.read().archive[run.ceremony]?.values['share'])
  })
})

describe('pieces under one root', () => {
  let run: Recorded
  before(async () => {
    run = await recordDkg(3, 2, 'pieces')
  })

  const rosterOf = () => run.opening.roster
  const made = () => bindPieces(rosterOf(), new Map([['anna', { sealed: '01'.repeat(80) }], ['cleo', { sealed: '02'.repeat(80) }]]))
  const problem = (change: (pieces: (JsonObject | null)[]) => (JsonObject | null)[], isBoundAgain: boolean) => {
    const { payload, attachment } = made()
    const pieces = change([...attachment.pieces])
    const root = isBoundAgain ? bindPieces(rosterOf(), new Map(pieces.flatMap((piece, i) => (piece === null ? [] : [[namesOf(3)[i] ?? '', piece]])))).payload['root'] : payload['root']
    return piecesProblem(SPEC, rosterOf(), 'ben', textOf(root), { pieces })
  }

  it('convict their maker where its root binds what no verb makes, and nobody where they are not those that it binds', () => {
    expect(problem((pieces) => pieces, false)).to.equal(null)
    expect(problem(([, ...more]) => [{ sealed: '03'.repeat(80) }, ...more], false)).to.include({ convicts: false })
    expect(problem((pieces) => pieces.slice(1), false)).to.include({ convicts: false })
    expect(problem(([, ...more]) => [{ sealed: '03' }, ...more], true)).to.include({ convicts: true })
    expect(problem(([, ...more]) => [null, ...more], true)).to.include({ convicts: true })
    expect(problem(([first, , last]) => [first ?? null, { sealed: '04'.repeat(80) }, last ?? null], true)).to.include({ convicts: true })
    expect(problem(([, ...more]) => [{ sealed: '01'.repeat(80), more: 1 }, ...more], true)).to.include({ convicts: true })
  })

  it('are each bound to one place: a path fits no other participant’s', () => {
    const { payload, attachment } = made()
    const { piece, path } = pieceFor(attachment, 1)
    const root = textOf(payload['root'])
    expect(namesOf(3).map((name) => isPieceUnder(rosterOf(), name, root, piece, path))).to.deep.equal([true, false, false])
    expect(isPieceUnder(rosterOf(), 'anna', root, piece, path.slice(1))).to.equal(false)
    expect(isPieceUnder(rosterOf(), 'anna', root, piece, [...path, path[0] ?? ''])).to.equal(false)
    expect(isPieceUnder(rosterOf().slice(0, 2), 'anna', root, piece, path)).to.equal(false)
    expect(() => pieceFor(attachment, 2)).to.throw()
  })

  it('are taken by an airgap only with its own path; what does not fit uses nothing up', async () => {
    const { request, before: memory, answer } = run.crossing('anna', 'ProcessDeals')
    const { airgap } = airgapFrom(memory)
    const [first, second] = bodyOf(request)['collected'] as readonly Carried[]
    if (first?.piece === undefined || second?.piece === undefined) return expect.fail('no pieces')
    for (const one of [{ ...first, piece: second.piece }, { ...first, path: second.path }, { ...first, piece: second.piece, path: second.path }, { ...first, path: [] }, { from: first.from, payload: first.payload, airgapSignature: first.airgapSignature }]) {
      expect(refusalOf(await airgap.handle(changed(request, { body: (body) => ({ ...body, collected: [one, second] }) })))).to.equal('run.statements')
    }
    expect(readAnswer(await airgap.handle(request))).to.deep.equal(readAnswer(answer))
  })

  it('stand in the log for everyone, as one attachment of each dealer', () => {
    const deals = run.board.entries.map(({ text }) => parseMessage(text)).filter(({ statement }) => statement.type === 'Deals')
    expect(deals).to.have.lengthOf(3)
    for (const { statement, attachment } of deals) {
      const { pieces } = JSON.parse(new TextDecoder().decode(run.board.attachments.get(attachment ?? ''))) as { pieces: readonly (JsonObject | null)[] }
      expect(sha256Hex(canonicalBytes({ pieces }))).to.equal(attachment)
      expect(pieces.map((piece) => piece === null)).to.deep.equal(namesOf(3).map((name) => name === statement.from))
    }
  })
})
