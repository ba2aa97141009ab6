import { expect } from 'chai'
import { encodeG1, encodeG1Affine, encodeG2, R, scalarToBytes, signShare, sumG1, timesBase } from '../../crypto/bls.ts'
import type { G1 } from '../../crypto/bls.ts'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { dealEphemeral, evaluate, polynomial, sumsHash } from '../../crypto/dkg.ts'
import { hpkeSeal } from '../../crypto/hpke.ts'
import { sessionSecrets } from '../../crypto/seed.ts'
import { bindPieces, expanded } from '../../run/attachment.ts'
import { readShipped } from '../../script/load.ts'
import { dealAad } from '../../verbs/dkg.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapScope, Collected, Scope, Stating } from '../../verbs/runtime.ts'
import type { JsonObject } from '../../base/canonical.ts'
import type { Card } from '../../wire/card.ts'
import { codeOf, seededRandom } from '../crypto/random.ts'

const random = seededRandom('verbs')
const NAMES = ['anna', 'ben', 'cleo', 'dan']
const ID = toHex(random(32))
const VIEW = toHex(random(32))
const roster: Card[] = NAMES.map((name) => ({ name, signingKey: toHex(random(32)), airgapKey: toHex(random(32)), epoch: toHex(random(16)) }))
const hex = (point: G1): string => toHex(encodeG1(point))
const affine = (point: G1): string => toHex(encodeG1Affine(point))
const { messages } = readShipped('dkg').ceremony

const scopeFor = (step: string, type: string): Scope => ({ ceremony: ID, roster, rehearsal: false, step, type, view: VIEW, random })

const sessions = NAMES.map(() => sessionSecrets(random(64), ID, false))
const sessionOf = (i: number) => sessions[i] ?? expect.fail()
const airgap = (i: number, step: string, type: string, more: Partial<AirgapScope> = {}): AirgapScope => ({
  ...scopeFor(step, type), me: { name: NAMES[i] ?? '', index: i + 1 }, secrets: sessionOf(i), ...more,
})

const collected = (i: number, step: string, type: string, payload: JsonObject, more: Partial<Collected> = {}): Collected => ({
  from: NAMES[i] ?? '', index: i + 1, step, type, view: VIEW, payload, ...more,
})

function payloadOf(stating: Stating): JsonObject {
  if (stating.kind !== 'states' && stating.kind !== 'disputes') return expect.fail(stating.kind)
  return stating.payload
}

const generated = new Map<number, ReturnType<typeof generateAnew>>()

/** Runs a whole honest key generation by the verbs alone, without an engine around them. */
function generate(t: number) {
  const made = generated.get(t) ?? generateAnew(t)
  generated.set(t, made)
  return made
}

function generateAnew(t: number) {
  const all = NAMES.map((_, i) => i)
  const publicKeys = all.map((i) => collected(i, 'Keys', 'PublicKey', payloadOf(verbs.airgap['dkg.keygen']!(airgap(i, 'Keys', 'PublicKey'), [t]))))
  const commits = all.map((i) => {
    const stated = verbs.airgap['dkg.commit']!(airgap(i, 'Commits', 'Commits'), [t])
    return stated.kind === 'states' ? collected(i, 'Commits', 'Commits', stated.payload, { attachment: expanded(messages['Commits'] ?? expect.fail(), stated.attachment ?? {}) }) : expect.fail()
  })
  const keys = commits.map(({ payload }) => payload['key'] as string)
  const points = commits.map(({ attachment }) => attachment?.['points'] as string[])
  const deals = all.map((i) => {
    const stated = verbs.airgap['dkg.deal']!(airgap(i, 'Deals', 'Deals'), [t, publicKeys, commits])
    const { payload, attachment } = bindPieces(roster, stated.kind === 'states-each' ? stated.payloads : expect.fail())
    return collected(i, 'Deals', 'Deals', payload, { attachment })
  })
  /** The deals as an airgap gets them: each with the piece for this airgap only. */
  const dealsTo = (j: number): Collected[] => deals.filter((_, i) => i !== j).map(({ attachment, ...deal }) => ({ ...deal, piece: pieceOf(attachment, j) }))
  const sums = verbs.value['dkg.sum']!(scopeFor('Deals', 'Response'), [keys, points]) as string[]
  return { publicKeys, commits, keys, points, deals, dealsTo, sums, all }
}

function pieceOf(attachment: JsonObject | undefined, j: number): JsonObject {
  const pieces = attachment?.['pieces'] as readonly (JsonObject | null)[]
  return pieces[j] ?? expect.fail()
}

const shareOf = (dealer: number, to: number): bigint => evaluate(polynomial(sessionOf(dealer), 3), to + 1)

/** A piece with another plaintext in the place of the share, sealed with the one-time key of dan's airgap, for threshold 3. */
function sealedTo(to: number, plaintext: Uint8Array, aad = dealAad(ID, { step: 'Deals', type: 'Deals', from: 'dan' }, NAMES[to] ?? '')): JsonObject {
  const recipient = fromHex(generate(3).publicKeys[to]?.payload['encryptionKey'] as string, 32)
  const ephemeral = dealEphemeral(sessionOf(3), to + 1, recipient)
  return { sealed: toHex(hpkeSeal({ recipient, info: utf8('keyrite/2/deal'), aad, plaintext, ephemeral })) }
}

/** dan's piece for ben with another share in it. */
const wrongPiece = (): JsonObject => sealedTo(1, scalarToBytes((shareOf(3, 1) + 1n) % R))

describe('the verbs of the key generation', () => {
  for (const t of [2, 3, 4]) {
    it(`make one key of ${NAMES.length} participants with a threshold of ${t}`, () => {
      const { all, commits, dealsTo, sums, keys } = generate(t)
      const responses = all.map((i) => collected(i, 'Deals', 'Response', payloadOf(verbs.airgap['dkg.respond']!(airgap(i, 'Deals', 'Response'), [t, commits, dealsTo(i), sums]))))
      for (const { from, payload } of responses) {
        expect(payload).to.include({ groupKey: responses[0]?.payload['groupKey'], sums: responses[0]?.payload['sums'] })
        expect(verbs.check['dkg.agrees']!.run(scopeFor('Deals', 'Response'), responses.filter((one) => one.from === from), [keys, sums])).to.deep.equal([])
      }
      const finished = all.map((i) => verbs.airgap['dkg.finish']!(airgap(i, 'Finish', 'GroupKey'), [t, commits, dealsTo(i), responses]))
      const groupKeys = finished.map((stated, i) => collected(i, 'Finish', 'GroupKey', payloadOf(stated)))
      expect(verbs.check['dkg.checkProof']!.run(scopeFor('Finish', 'GroupKey'), groupKeys, [keys, sums, responses])).to.deep.equal([])
      expect(verbs.value['dkg.birth']!(scopeFor('Finish', 'birth'), [t, groupKeys, responses])).to.match(/^[0-9a-f]{192}$/)
    })
  }

  it('name whose share proof is bad, and take no share of another key', () => {
    const { all, commits, dealsTo, sums, keys } = generate(2)
    const responses = all.map((i) => collected(i, 'Deals', 'Response', payloadOf(verbs.airgap['dkg.respond']!(airgap(i, 'Deals', 'Response'), [2, commits, dealsTo(i), sums]))))
    const groupKeys = all.map((i) => collected(i, 'Finish', 'GroupKey', payloadOf(verbs.airgap['dkg.finish']!(airgap(i, 'Finish', 'GroupKey'), [2, commits, dealsTo(i), responses]))))
    const [first] = groupKeys
    const bad = [{ proof: toHex(encodeG2(signShare(3n, random(8), 'X'))) }, { proof: first?.payload['proof'] }, { groupKey: hex(timesBase(1n)) }]
    for (const change of bad) {
      const changed = groupKeys.map((one) => (one.from === 'cleo' ? { ...one, payload: { ...one.payload, ...change } } : one))
      const faults = verbs.check['dkg.checkProof']!.run(scopeFor('Finish', 'GroupKey'), changed, [keys, sums, responses])
      expect(faults.map(({ reason, accused }) => [reason, accused])).to.deep.equal([['dkg.bad-share-proof', 'cleo']])
    }
    const other = responses.map((one) => (one.from === 'dan' ? { ...one, payload: { ...one.payload, sums: toHex(random(32)) } } : one))
    for (const wrong of [other, responses.slice(1)]) {
      let error: unknown
      try {
        verbs.airgap['dkg.finish']!(airgap(3, 'Finish', 'GroupKey'), [2, commits, dealsTo(3), wrong])
      } catch (reason) {
        error = reason
      }
      expect(error).to.have.nested.property('facts.reason').that.is.oneOf(['dkg.other-key'])
    }
  })

  describe('when the sums do not fit', () => {
    const t = 3
    const wrong = () => [timesBase(1n), timesBase(2n)].map(hex)
    const respond = (i: number, more: Partial<AirgapScope>, sums: readonly string[], change: (deals: Collected[]) => Collected[] = (deals) => deals) => {
      const { commits, dealsTo } = generate(t)
      return verbs.airgap['dkg.respond']!(airgap(i, 'Deals', 'Response', more), [t, commits, change(dealsTo(i)), sums])
    }
    const assist = (me: number, question: unknown) => {
      const { keys, points } = generate(t)
      return verbs.assist['dkg.pinpoint']!(scopeFor('Deals', 'Response'), { name: NAMES[me] ?? '', index: me + 1 }, question as JsonObject, [keys, points])
    }

    it('ask back, get the right sums, and state what all state', () => {
      const { sums } = generate(t)
      const asked = respond(1, {}, wrong())
      expect(asked.kind).to.equal('asks')
      const answer = assist(1, asked.kind === 'asks' ? asked.question : null)
      expect(answer).to.deep.equal({ sums })
      expect(respond(1, { assist: answer }, wrong())).to.deep.equal(respond(1, {}, sums))
    })

    it('point at the first dealer whose own commitments do not fit its deal, zero or not', () => {
      const { keys, points } = generate(t)
      // dan deals zero to ben, rightly: its polynomial is zero there. cleo's deal is wrong.
      const zero = [(R * 3n - 2n * 5n - 4n * 7n) % R, 5n, 7n]
      expect(evaluate(zero, 2)).to.equal(0n)
      const dan = zero.map((coefficient) => timesBase(coefficient))
      const asked = respond(1, {}, wrong())
      const partials = asked.kind === 'asks' ? ((asked.question as JsonObject)['partials'] as (string | null)[]) : []
      const args = [[keys[0], keys[1], keys[2], hex(dan[0] ?? expect.fail())], [points[0], points[1], points[2], dan.slice(1).map(affine)]]
      const pinpoint = (third: string | null, fourth: string | null) =>
        verbs.assist['dkg.pinpoint']!(scopeFor('Deals', 'Response'), { name: 'ben', index: 2 }, { partials: [partials[0] ?? null, partials[1] ?? null, third, fourth] }, args)
      expect(pinpoint(hex(timesBase(9n)), null)).to.deep.equal({ dealer: 'cleo', points: crossed(2) })
      expect(pinpoint(partials[2] ?? null, hex(timesBase(9n)))).to.deep.equal({ dealer: 'dan', points: dan.slice(1).map(hex) })
      expect(pinpoint(partials[2] ?? null, null)).to.have.property('sums')
      expect(pinpoint(null, null)).to.deep.equal({ dealer: 'cleo', points: crossed(2) })
    })

    /** A dealer's points as they cross to an airgap, compressed. */
    const crossed = (i: number): string[] => polynomial(sessionOf(i), t).slice(1).map((coefficient) => hex(timesBase(coefficient)))
    const wrongShare = (deals: Collected[]) => deals.map((deal) => (deal.from === 'dan' ? { ...deal, piece: wrongPiece() } : deal))

    it('complain of the dealer whose deal does not fit its bound commitments, and of no other', () => {
      const { sums } = generate(t)
      const asked = respond(1, {}, sums, wrongShare)
      const answer = assist(1, asked.kind === 'asks' ? asked.question : null)
      expect(answer).to.deep.equal({ dealer: 'dan', points: crossed(3) })
      expect(respond(1, { assist: answer }, sums, wrongShare)).to.deep.equal({ kind: 'disputes', payload: { accused: 'dan' } })
      const refused = (brought: JsonObject) => {
        try {
          respond(1, { assist: brought }, sums, wrongShare)
        } catch (error) {
          return (error as Error).message
        }
        return 'taken'
      }
      expect(refused({ dealer: 'cleo', points: crossed(2) })).to.contain('the deal of cleo is good')
      expect(refused({ dealer: 'dan', points: crossed(2) })).to.contain('the points are not those that dan bound itself to')
      expect(refused({ dealer: 'dan', points: crossed(3).slice(1) })).to.contain('the points are not those that dan bound itself to')
      expect(refused({ dealer: 'dan', points: crossed(3).toReversed() })).to.contain('the points are not those that dan bound itself to')
      for (const dealer of ['ben', 'zoe']) expect(refused({ dealer, points: crossed(1) })).to.contain('the dealer that it names is not another participant')
      for (const brought of [{}, { dealer: 'dan' }, { dealer: 'dan', points: ['00'] }, { sums: 'no' }]) expect(refused(brought)).to.contain('has neither sums nor a dealer')
    })

    it('complain of a dealer whose deal does not open', () => {
      const garbled = respond(1, {}, wrong(), (deals) => deals.map((deal) => (deal.from === 'dan' ? { ...deal, piece: { sealed: 'ab'.repeat(80) } } : deal)))
      expect(garbled).to.deep.equal({ kind: 'disputes', payload: { accused: 'dan' } })
    })

    it('do not open a deal that was sealed for another place', () => {
      const { sums } = generate(t)
      const moved = respond(1, {}, sums, (deals) => deals.map((deal) => (deal.from === 'dan' ? { ...deal, from: 'cleo' } : deal.from === 'cleo' ? { ...deal, from: 'dan' } : deal)))
      expect(moved.kind).to.equal('disputes')
    })
  })

  describe('of a client that reads responses', () => {
    const t = 3
    const agrees = (payload: JsonObject) => {
      const { keys, sums } = generate(t)
      return verbs.check['dkg.agrees']!.run(scopeFor('Deals', 'Response'), [collected(1, 'Deals', 'Response', payload)], [keys, sums])
        .map(({ reason, accused, convicts }) => [reason, accused, convicts ?? true])
    }
    const truth = () => {
      const { keys, sums } = generate(t)
      const groupKey = hex(sumG1(sessions.map((session) => timesBase(polynomial(session, t)[0] ?? 0n))))
      expect(keys).to.have.length(NAMES.length)
      return { groupKey, sums: sumsHash([groupKey, ...sums].map((point) => fromHex(point, 48))) }
    }

    it('take the key and the sums that follow from the commitments', () => {
      expect(agrees(truth())).to.deep.equal([])
    })

    it('convict of another key, which an airgap computes alone, and not of other sums, which its client brings', () => {
      const other = hex(timesBase(7n))
      expect(agrees({ ...truth(), groupKey: other })).to.deep.equal([['dkg.other-key', 'ben', true]])
      expect(agrees({ ...truth(), sums: toHex(random(32)) })).to.deep.equal([['dkg.other-sums', 'ben', false]])
      expect(agrees({ groupKey: other, sums: toHex(random(32)) })).to.deep.equal([['dkg.other-key', 'ben', true]])
      // The sums are of the same points in another order, and of the points without the key.
      const { sums } = generate(t)
      for (const points of [[truth().groupKey, ...sums.toReversed()], sums]) {
        expect(agrees({ ...truth(), sums: sumsHash(points.map((point) => fromHex(point, 48))) })).to.deep.equal([['dkg.other-sums', 'ben', false]])
      }
    })
  })

  describe('of the judge', () => {
    const t = 3
    /** The judgement after ben complains of dan, who answers; `piece` is the one under dan's root. */
    const judged = (piece: JsonObject, change: { readonly ephemeral?: string; readonly complainer?: number } = {}) => {
      const { publicKeys, keys, points, deals } = generate(t)
      const complainer = change.complainer ?? 1
      const dispute = collected(complainer, 'Deals', 'Complaint', { accused: 'dan' })
      const answer = verbs.airgap['dkg.justify']!(airgap(3, 'Complaint', 'Justification', { dispute }), [t, publicKeys])
      const payload = { ...payloadOf(answer), ...(change.ephemeral === undefined ? {} : { ephemeral: change.ephemeral }) }
      expect(payload).to.have.property('complainer', NAMES[complainer])
      const under = deals.map((deal) => {
        const pieces = deal.attachment?.['pieces'] as readonly (JsonObject | null)[]
        return deal.from === 'dan' ? { ...deal, attachment: { pieces: pieces.map((one, i) => (i === complainer ? piece : one)) } } : deal
      })
      const { guilty, reason } = verbs.judge['dkg.judge']!(scopeFor('Complaint', 'Justification'), dispute, collected(3, 'Complaint', 'Justification', payload), [publicKeys, keys, points, under])
      return [guilty, reason]
    }
    const pieceOfDan = (to: number) => pieceOf(generate(t).deals[3]?.attachment, to)

    it('is who complained of a good piece', () => {
      for (const complainer of [0, 1, 2]) expect(judged(pieceOfDan(complainer), { complainer })).to.deep.equal([NAMES[complainer], 'dkg.false-complaint'])
    })

    it('is the dealer whose piece holds another share, no share, or is not what the published key sealed', () => {
      const guilty = ['dan', 'dkg.bad-deal']
      expect(judged(wrongPiece())).to.deep.equal(guilty)
      expect(judged({ sealed: 'ab'.repeat(80) })).to.deep.equal(guilty)
      expect(judged(pieceOfDan(1), { ephemeral: '55'.repeat(32) })).to.deep.equal(guilty)
      expect(judged(pieceOfDan(2))).to.deep.equal(guilty)
      expect(judged(sealedTo(1, fromHex(R.toString(16), 32)))).to.deep.equal(guilty)
    })

    it('is the dealer of a piece that was sealed for another place', () => {
      const elsewhere = dealAad(ID, { step: 'Elsewhere', type: 'Deals', from: 'dan' }, 'ben')
      expect(judged(sealedTo(1, scalarToBytes(shareOf(3, 1)), elsewhere))).to.deep.equal(['dan', 'dkg.bad-deal'])
      expect(judged(sealedTo(1, scalarToBytes(shareOf(3, 1))))).to.deep.equal(['ben', 'dkg.false-complaint'])
    })

    it('answers each complainer with its own key, the same each time', () => {
      const { publicKeys } = generate(t)
      const answer = (i: number, accused: string) => payloadOf(verbs.airgap['dkg.justify']!(airgap(3, 'Complaint', 'Justification', { dispute: collected(i, 'Deals', 'Complaint', { accused }) }), [t, publicKeys]))
      expect(answer(1, 'dan')).to.deep.equal(answer(1, 'dan'))
      // The answer depends on the complainer only.
      expect(answer(1, 'cleo')).to.deep.equal(answer(1, 'dan'))
      expect(answer(2, 'dan')['ephemeral']).not.to.equal(answer(1, 'dan')['ephemeral'])
    })
  })

  describe('of a client', () => {
    it('find commitments that were not bound, are of another number, or prove nothing', () => {
      const { publicKeys, commits } = generate(3)
      const opens = (change: Partial<Collected>) => {
        const [first] = commits
        if (first === undefined) return expect.fail()
        const [check, args, one] = [verbs.check['dkg.opens']!, [3, publicKeys], { ...first, ...change }]
        const before = check.before?.(scopeFor('Commits', 'Commits'), one, args) ?? null
        const faults = before === null ? check.run(scopeFor('Commits', 'Commits'), [one], args) : [before]
        return faults.map(({ reason, convicts }) => `${reason} ${convicts ?? true}`)
      }
      const [first] = commits
      const points = first?.attachment?.['points'] as string[]
      expect(opens({})).to.deep.equal([])
      expect(opens({ payload: { ...first?.payload, rest: '00'.repeat(32) } })).to.deep.equal(['dkg.bad-opening true'])
      expect(opens({ payload: { ...first?.payload, key: commits[1]?.payload['key'] } })).to.deep.equal(['dkg.bad-opening true'])
      // The airgap signed only the hash of the points, so other points are the client's doing.
      expect(opens({ attachment: { points: points.toReversed() } })).to.deep.equal(['dkg.bad-points false'])
      expect(opens({ attachment: {} })).to.deep.equal(['dkg.bad-points false'])
      expect(opens({ attachment: { points: [...points, points[0] ?? ''] } })).to.deep.equal(['dkg.bad-points false'])
      expect(opens({ attachment: { points: [points[0] ?? '', '00'.repeat(96)] } })).to.deep.equal(['dkg.bad-points false'])
      // 96 bytes may be one point by its coordinates or two compressed ones. Neither is taken for the other.
      const compressed = (commits[0]?.payload['key'] as string).repeat(2)
      expect(opens({ attachment: { points: [points[0] ?? '', compressed] } })).to.deep.equal(['dkg.bad-points false'])
    })

    it('do not add up to the identity', () => {
      const [a, b] = [timesBase(5n), timesBase(R - 5n)].map(hex)
      const sum = (keys: unknown, points: unknown) => () => verbs.value['dkg.sum']!(scopeFor('Deals', 'Response'), [keys, points])
      const [c, d] = [timesBase(5n), timesBase(R - 5n)].map(affine)
      expect(sum([a, b], [[c], [c]])).to.throw().with.nested.property('facts.reason', 'dkg.identity-key')
      expect(sum([a, a], [[c], [d]])).to.throw().with.nested.property('facts.reason', 'dkg.bad-points')
      expect(sum([a, a], [[c], [c]])()).to.deep.equal([hex(sumG1([timesBase(5n), timesBase(5n)]))])
    })

    it('refuse arguments of the wrong shape with an error, not with a crash', () => {
      for (const [use, table] of Object.entries(verbs)) {
        for (const [name, verb] of Object.entries(table as Record<string, unknown>)) {
          if (use === 'airgap' && name === 'random.reveal') continue
          for (const args of [[], [null, null, null, null], ['x', 'x', 'x', 'x'], [{}, {}, {}, {}]]) {
            const call = () => {
              if (use === 'airgap') return verbs.airgap[name]!(airgap(0, 's', 't', { dispute: collected(1, 's', 't', {}) }), args)
              if (use === 'check') return verbs.check[name]!.run(scopeFor('s', 't'), [collected(0, 's', 't', { key: '', proof: '', rest: '' })], args)
              if (use === 'assist') return verbs.assist[name]!(scopeFor('s', 't'), { name: 'anna', index: 1 }, {}, args)
              if (use === 'judge') return verbs.judge[name]!(scopeFor('s', 't'), collected(0, 's', 't', { accused: 'ben' }), collected(1, 's', 't', {}), args)
              return (verb as (scope: Scope, args: unknown[]) => unknown)(scopeFor('s', 't'), args)
            }
            if (name === 'random.commit') continue
            expect(codeOf(call), `${name} of ${JSON.stringify(args)}`).to.be.oneOf(['verb.argument', 'verb.fault', 'bytes.not-hex', 'crypto.bad-length'])
          }
        }
      }
    })
  })
})

describe('the verbs of the beacon', () => {
  it('reveal what was committed to, find what was not, and mix all in order', () => {
    const all = NAMES.map((_, i) => i)
    const commits = all.map((i) => collected(i, 'C', 'Commit', payloadOf(verbs.airgap['random.commit']!(airgap(i, 'C', 'Commit'), []))))
    const reveals = all.map((i) => collected(i, 'R', 'Reveal', payloadOf(verbs.airgap['random.reveal']!(airgap(i, 'R', 'Reveal'), [commits]))))
    const opens = (one: Collected) => verbs.check['random.opens']!.run(scopeFor('R', 'Reveal'), [one], [commits])
    for (const reveal of reveals) expect(opens(reveal)).to.deep.equal([])
    const [a, b] = reveals
    if (a === undefined || b === undefined) return expect.fail()
    expect(opens({ ...a, payload: b.payload }).map(({ reason, accused }) => [reason, accused])).to.deep.equal([['random.bad-opening', 'anna']])
    const mix = (some: readonly Collected[]) => verbs.value['random.mix']!(scopeFor('R', 'number'), [some])
    expect(mix(reveals)).to.match(/^[0-9a-f]{64}$/)
    expect(mix([b, a, ...reveals.slice(2)])).not.to.equal(mix(reveals))
  })
})
