import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { wholeHash } from '../../channel/parts.ts'
import { packedSize } from '../../channel/payload.ts'
import { readShipped } from '../../script/load.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { isPartAnswer, isPartRequest } from '../../wire/exchange.ts'
import { randomText } from '../channel/helpers.ts'
import { namesOf, recordDkg, refusalOf, resultOf, simulateDkg } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'
import { LIMIT, Pair } from './part-pair.ts'

interface Shown { readonly name: string; readonly request: string; readonly answer: string }

/** Everything that is shown between these participants and their airgaps. */
const watching = (names: readonly string[], into: Shown[]): Record<string, Tampering> => Object.fromEntries(names.map((name) => [name, {
  exchange: (airgap) => async (request) => {
    const answer = await airgap.handle(request)
    into.push({ name, request, answer })
    return answer
  },
} satisfies Tampering]))

const isInParts = ({ request, answer }: Shown): boolean => isPartRequest(openEnvelope(request).body) || isPartAnswer(openEnvelope(answer).body)

describe('ceremonies that cross in parts', function () {
  this.timeout(60_000)

  it('make a key and sign with it, with no transfer that is too long and nothing shown twice', async () => {
    const shown: Shown[] = []
    const key = await simulateDkg(3, 2, 'in parts', { partsAbove: LIMIT, idle: 3000, tamper: watching(namesOf(3), shown) })
    expect([...key.results.values()].map(({ outcome }) => outcome)).to.deep.equal(['usable', 'usable', 'usable'])
    const messages = Array.from({ length: 20 }, (_, i) => ({ kind: 'text', text: `Pay ${i} to Anna 🔑, by check ${wholeHash(String(i))}` }))
    const signing = await simulate({
      script: readShipped('sign'), names: namesOf(3), parameters: { purpose: 'Payday', messages }, verbs, random: seededRandom('signing in parts'),
      idle: 3000, after: key, partsAbove: LIMIT, tamper: watching(namesOf(3), shown),
    })
    expect([...signing.results.values()].map(({ outcome }) => outcome)).to.deep.equal(['usable', 'usable', 'usable'])
    expect(resultOf(signing, 'anna').ledger.outputs?.['signatures']).to.have.length(20)

    expect(shown.filter(isInParts).length).to.be.above(60)
    for (const { request, answer } of shown) for (const text of [request, answer]) expect(packedSize(text), text).to.be.at.most(LIMIT)
    const requests = shown.map(({ name, request }) => `${name} ${request}`)
    expect(new Set(requests).size).to.equal(requests.length)
  })
})

describe('a request and an answer in parts', function () {
  this.timeout(60_000)
  let run: Recorded
  /** A long request with a short answer, and a short one with a long answer. */
  let long: Crossing
  let short: Crossing
  /** Long ones both ways. */
  let both: Crossing
  let partCount: number

  before(async () => {
    run = await recordDkg(7, 4, 'a pair')
    long = run.crossing('ben', 'ProcessResponses')
    both = run.crossing('ben', 'SendDeals')
    const request = sealEnvelope({ kind: 'request', ceremony: 'ab'.repeat(32), step: 'Short', body: {} })
    const answer = sealEnvelope({ kind: 'answer', ceremony: 'ab'.repeat(32), step: 'Short', body: { request: openEnvelope(request).digest, text: randomText(3000, 'long') } })
    short = { ...both, name: 'made up', request, answer }
    const pair = new Pair(both)
    expect(await pair.ask()).to.equal(both.answer)
    partCount = pair.story.filter((one) => one.startsWith('show')).length
    expect(partCount).to.be.within(4, 20)
    expect(pair.story.filter((one) => one.startsWith('want')).length).to.be.within(2, 40)
  })

  it('cross, each part once, and tell how far they are', async () => {
    const pair = new Pair(both, 'before')
    const answer = await pair.ask()
    expect(refusalOf(answer)).to.equal('gives statement')
    expect(new Set(pair.story).size).to.equal(pair.story.length)
    expect(pair.told[0]).to.deep.equal({ direction: 'out', index: 1, count: partCount, done: 0 })
    expect(pair.told[1]).to.deep.equal({ direction: 'out', index: 2, count: partCount, done: 1 })
    expect(pair.told.at(-2)).to.include({ direction: 'in' })
    expect(pair.told.at(-1)).to.equal(null)
    // Nothing of it is left at the client; the airgap holds the request until another begins.
    expect(await pair.clientStore.load()).to.deep.equal([])
    expect(await pair.airgapStore.load()).to.have.length(partCount)
    await pair.take(sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name: 'zoe', signingKey: '00'.repeat(32) } }))
    expect(await pair.airgapStore.load()).to.deep.equal([])
  })

  it('of which only one is long cross as well', async () => {
    for (const crossing of [long, short]) {
      const pair = new Pair(crossing)
      expect(await pair.ask()).to.equal(crossing.answer)
    }
  })

  it('that are short cross as they are', async () => {
    const pair = new Pair(both)
    const refused = sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'pair', name: 'zoe', signingKey: '00'.repeat(32) } })
    expect(refusalOf(await pair.ask(pair.cross, refused))).to.match(/^run\./)
    expect(pair.shown).to.deep.equal([refused])
  })

  for (const when of ['before', 'after'] as const) {
    it(`go on after a restart of the client ${when} the airgap took what it showed, at every part`, async () => {
      const pair = new Pair(both)
      const deaths = new Set<string>()
      for (;;) {
        const answer = await pair.ask(async (request, signal) => {
          const isNew = !deaths.has(request)
          deaths.add(request)
          if (isNew && when === 'before') throw new Error('killed')
          const reply = await pair.cross(request, signal)
          if (isNew) throw new Error('killed')
          return reply
        }).catch((error: unknown) => {
          if (!(error instanceof Error) || error.message !== 'killed') throw error
          return undefined
        })
        if (answer === undefined) continue
        expect(answer).to.equal(both.answer)
        break
      }
      expect(deaths.size).to.be.above(7)
      // A part that the client did not see answered is shown once more, and nothing else is.
      const times = new Map<string, number>()
      for (const one of pair.story) times.set(one, (times.get(one) ?? 0) + 1)
      expect([...new Set(times.values())]).to.deep.equal([when === 'before' ? 1 : 2])
    })
  }

  it('go on after a restart of the airgap between any two parts, with nothing shown twice', async () => {
    for (const crossing of [long, both, short]) {
      const pair = new Pair(crossing)
      expect(await pair.ask(async (request, signal) => {
        pair.restartAirgap()
        return await pair.cross(request, signal)
      })).to.equal(crossing.answer)
      expect(new Set(pair.story).size).to.equal(pair.story.length)
      // Its owner consented before.
      expect(pair.asked).to.deep.equal([])
    }
  })

  it('that were answered are answered again to whoever shows a part once more', async () => {
    const pair = new Pair(long)
    await pair.ask()
    pair.restartAirgap()
    pair.shown.length = 0
    expect(await pair.ask()).to.equal(long.answer)
    expect(pair.story.filter((one) => one.startsWith('show'))).to.deep.equal(['show 1'])
  })

  it('of which the airgap lost parts, or all, go on with the first that is missing', async () => {
    const pair = new Pair(both)
    let crossings = 0
    expect(await pair.ask(async (request, signal) => {
      if (++crossings === 4) {
        const kept = await pair.airgapStore.load()
        await pair.airgapStore.clear()
        for (const text of kept.toSpliced(1, 1)) await pair.airgapStore.add(text)
        pair.restartAirgap()
      }
      return await pair.cross(request, signal)
    })).to.equal(both.answer)
    expect(pair.story.slice(0, 6)).to.deep.equal(['show 1', 'show 2', 'show 3', 'show 4', 'show 2', 'show 5'])

    const other = new Pair(both)
    const wants = partCount + 2
    crossings = 0
    expect(await other.ask(async (request, signal) => {
      if (++crossings === wants) {
        await other.airgapStore.clear()
        other.restartAirgap()
      }
      return await other.cross(request, signal)
    })).to.equal(both.answer)
    expect(other.story.slice(wants - 1, wants + 2)).to.deep.equal(['want 3', 'show 1', 'show 2'])
  })
})
