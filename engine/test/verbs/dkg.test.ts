import { expect } from 'chai'
import { encodeG1, encodeG2, signShare, sumG1, timesBase } from '../../crypto/bls.ts'
import type { G1 } from '../../crypto/bls.ts'
import { toHex } from '../../crypto/bytes.ts'
import { evaluate } from '../../crypto/dkg.ts'
import { R } from '../../crypto/scalar.ts'
import { openSession } from '../../crypto/seed.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapScope, Collected, Scope, Stating } from '../../verbs/runtime.ts'
import type { JsonObject } from '../../wire/canonical.ts'
import type { Card } from '../../wire/card.ts'
import { codeOf, seededRandom } from '../crypto/random.ts'

const random = seededRandom('verbs')
const NAMES = ['anna', 'ben', 'cleo', 'dan']
const ID = toHex(random(32))
const VIEW = toHex(random(32))
const roster: Card[] = NAMES.map((name) => ({ name, signingKey: toHex(random(32)), airgapKey: toHex(random(32)) }))
const hex = (point: G1): string => toHex(encodeG1(point))

const scopeFor = (step: string, type: string): Scope => ({ ceremony: ID, roster, rehearsal: false, step, type, view: VIEW, random })

const seeds = NAMES.map(() => ({ seed: random(64), salt: random(32) }))
function airgap(i: number, step: string, type: string, more: Partial<AirgapScope> = {}): AirgapScope {
  const { seed, salt } = seeds[i] ?? expect.fail()
  return {
    ...scopeFor(step, type), me: { name: NAMES[i] ?? '', index: i + 1 }, salt: toHex(salt),
    session: openSession(seed, ID, salt, false), ...more,
  }
}

const collected = (i: number, step: string, type: string, payload: JsonObject, to: string | null = null, attachment?: JsonObject): Collected => ({
  from: NAMES[i] ?? '', index: i + 1, to, step, type, view: VIEW, payload, ...(attachment === undefined ? {} : { attachment }),
})

function payloadOf(stating: Stating): JsonObject {
  if (stating.kind !== 'states' && stating.kind !== 'disputes') return expect.fail(stating.kind)
  return stating.payload
}

const generated = new Map<number, ReturnType<typeof generateAnew>>()

/** A whole honest key generation by the verbs alone, without an engine around them. */
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
    return stated.kind === 'states' ? collected(i, 'Commits', 'Commits', stated.payload, null, stated.attachment) : expect.fail()
  })
  const keys = commits.map(({ payload }) => payload['key'] as string)
  const points = commits.map(({ attachment }) => attachment?.['points'] as string[])
  const deals = all.map((i) => {
    const stated = verbs.airgap['dkg.deal']!(airgap(i, 'Deals', 'Deal'), [t, publicKeys, commits])
    return stated.kind === 'states-each' ? stated.payloads : expect.fail()
  })
  const dealsTo = (j: number): Collected[] => all.filter((i) => i !== j).map((i) => collected(i, 'Deals', 'Deal', deals[i]?.get(NAMES[j] ?? '') ?? {}, NAMES[j]))
  const sums = verbs.value['dkg.sum']!(scopeFor('Deals', 'Response'), [keys, points]) as string[]
  return { publicKeys, commits, keys, points, dealsTo, sums, all }
}

describe('the verbs of the key generation', () => {
  for (const t of [2, 3, 4]) {
    it(`make one key of ${NAMES.length} participants with a threshold of ${t}`, () => {
      const { all, commits, dealsTo, sums, keys } = generate(t)
      const responses = all.map((i) => collected(i, 'Deals', 'Response', payloadOf(verbs.airgap['dkg.respond']!(airgap(i, 'Deals', 'Response'), [t, commits, dealsTo(i), sums]))))
      for (const { from, payload } of responses) {
        expect(payload).to.include({ groupKey: responses[0]?.payload['groupKey'], sums: responses[0]?.payload['sums'] })
        expect(verbs.check['dkg.received']!.run(scopeFor('Deals', 'Response'), responses.filter((one) => one.from === from), [all.flatMap(dealsTo)])).to.deep.equal([])
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
      // dan deals zero to ben, rightly: it chose a polynomial that is zero there. cleo is wrong.
      const zero = [(R * 3n - 2n * 5n - 4n * 7n) % R, 5n, 7n]
      expect(evaluate(zero, 2)).to.equal(0n)
      const dan = zero.map((coefficient) => hex(timesBase(coefficient)))
      const asked = respond(1, {}, wrong())
      const partials = asked.kind === 'asks' ? ((asked.question as JsonObject)['partials'] as (string | null)[]) : []
      const args = [[keys[0], keys[1], keys[2], dan[0]], [points[0], points[1], points[2], dan.slice(1)]]
      const pinpoint = (third: string | null, fourth: string | null) =>
        verbs.assist['dkg.pinpoint']!(scopeFor('Deals', 'Response'), { name: 'ben', index: 2 }, { partials: [partials[0] ?? null, partials[1] ?? null, third, fourth] }, args)
      expect(pinpoint(hex(timesBase(9n)), null)).to.deep.equal({ dealer: 'cleo', points: points[2] })
      expect(pinpoint(partials[2] ?? null, hex(timesBase(9n)))).to.deep.equal({ dealer: 'dan', points: dan.slice(1) })
      expect(pinpoint(partials[2] ?? null, null)).to.have.property('sums')
      expect(pinpoint(null, null)).to.deep.equal({ dealer: 'cleo', points: points[2] })
    })

    it('complain of a dealer whose deal does not open', () => {
      const garbled = respond(1, {}, wrong(), (deals) => deals.map((deal) => (deal.from === 'dan' ? { ...deal, payload: { sealed: 'ab'.repeat(80) }, airgapSignature: 'cd'.repeat(64) } : deal)))
      expect(garbled).to.deep.equal({ kind: 'disputes', payload: { accused: 'dan', sealed: 'ab'.repeat(80), signature: 'cd'.repeat(64) } })
    })

    it('do not open a deal that was sealed for another place', () => {
      const { sums } = generate(t)
      const moved = respond(1, {}, sums, (deals) => deals.map((deal) => (deal.from === 'dan' ? { ...deal, from: 'cleo' } : deal.from === 'cleo' ? { ...deal, from: 'dan' } : deal)))
      expect(moved.kind).to.equal('disputes')
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
      // What the airgap signed is the points' hash: other points are the client's doing.
      expect(opens({ attachment: { points: points.toReversed() } })).to.deep.equal(['dkg.bad-points false'])
      expect(opens({ attachment: {} })).to.deep.equal(['dkg.bad-points false'])
    })

    it('do not add up to the identity', () => {
      const [a, b] = [timesBase(5n), timesBase(R - 5n)].map(hex)
      const sum = (keys: unknown, points: unknown) => () => verbs.value['dkg.sum']!(scopeFor('Deals', 'Response'), [keys, points])
      expect(sum([a, b], [[a], [a]])).to.throw().with.nested.property('facts.reason', 'dkg.identity-key')
      expect(sum([a, a], [[a], [b]])).to.throw().with.nested.property('facts.reason', 'dkg.bad-points')
      expect(sum([a, a], [[a], [a]])()).to.deep.equal([hex(sumG1([timesBase(5n), timesBase(5n)]))])
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
            expect(codeOf(call), `${name} of ${JSON.stringify(args)}`).to.be.oneOf(['verb.argument', 'verb.fault', 'crypto.not-hex', 'crypto.bad-length'])
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
