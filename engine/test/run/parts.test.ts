import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { memoryParts } from '../../channel/part-store.ts'
import { packedSize } from '../../channel/payload.ts'
import { wholeHash } from '../../channel/parts.ts'
import { airgapInParts } from '../../run/airgap-parts.ts'
import { clientInParts } from '../../run/client-parts.ts'
import type { Exchange, Tampering } from '../../run/simulate.ts'
import { seededRandom, simulate } from '../../run/simulate.ts'
import type { PartProgress } from '../../run/part-progress.ts'
import { readShipped } from '../../script/shipped.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { KeyriteError } from '../../wire/error.ts'
import { isKeyriteError } from '../../wire/error.ts'
import { isPartAnswer, isPartRequest } from '../../wire/exchange.ts'
import { randomText } from '../channel/helpers.ts'
import { airgapFrom, bodyOf, namesOf, recordDkg, refusalOf, resultOf, simulateDkg } from './harness.ts'
import type { Crossing, Recorded } from './harness.ts'

/** Small enough that a key generation among three crosses in dozens of parts. */
const LIMIT = 600
const never = new AbortController().signal

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

async function codeOfLater(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (error) {
    if (isKeyriteError(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}

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

/** A client and an airgap that may die and start again, with what they had on disk. */
class Pair {
  readonly shown: string[] = []
  readonly replies: string[] = []
  readonly problems: KeyriteError[] = []
  readonly told: (PartProgress | null)[] = []
  readonly asked: unknown[] = []
  readonly clientStore = memoryParts()
  readonly airgapStore = memoryParts()
  private readonly crossing: Crossing
  private airgap: ReturnType<typeof airgapInParts>
  private readonly memory

  /** @param crossing whose memory the airgap has, as it was before or after */
  constructor(crossing: Crossing, when: 'before' | 'after' = 'after') {
    this.crossing = crossing
    this.memory = airgapFrom(crossing[when]).memory
    this.airgap = this.started()
  }

  private started() {
    const { airgap, asked } = airgapFrom(this.memory.read(), { memory: this.memory })
    const { request, answer } = this.crossing
    const handle = async (text: string): Promise<string> => {
      if (this.crossing.name === 'made up') return text === request ? answer : expect.fail('another request')
      const given = await airgap.handle(text)
      this.asked.push(...asked.splice(0))
      return given
    }
    return airgapInParts({ handle }, { above: LIMIT, store: this.airgapStore, onProblem: (problem) => this.problems.push(problem) })
  }

  restartAirgap(): void {
    this.airgap = this.started()
  }

  readonly cross: Exchange = async (request) => {
    this.shown.push(request)
    const { text } = await this.airgap.take(request)
    this.replies.push(text)
    return text
  }

  take(text: string) {
    return this.airgap.take(text)
  }

  /** The client, started anew. */
  ask(exchange: Exchange = this.cross, request = this.crossing.request): Promise<string> {
    return clientInParts(exchange, { above: LIMIT, store: this.clientStore, onPart: (part) => this.told.push(part) })(request, never)
  }

  /** What was shown of the request and asked for of the answer, in short. */
  get story(): string[] {
    return this.shown.map((text) => {
      const { ask, index } = bodyOf(text)
      const what = ask === 'part' ? 'show' : ask === 'answer-part' ? 'want' : 'whole'
      return typeof index === 'number' ? `${what} ${index}` : what
    })
  }

  get last() {
    return bodyOf(this.replies.at(-1) ?? '')
  }
}

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
    expect(refusalOf(answer)).to.equal('gives statements')
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
      expect(deaths.size).to.be.above(10)
      // What the client did not see answered is shown once more, and nothing else is.
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

  it('are dropped for a part of another whole, or of the same cut otherwise, and begin anew', async () => {
    for (const change of [{ whole: 'ab'.repeat(32) }, { count: 40 }]) {
      const pair = new Pair(both)
      let crossings = 0
      expect(await pair.ask(async (request, signal) => {
        if (++crossings === 3) await pair.take(resealed(request, change))
        return await pair.cross(request, signal)
      })).to.equal(both.answer)
      expect(pair.story.slice(0, 5)).to.deep.equal(['show 1', 'show 2', 'show 3', 'show 1', 'show 2'])
      expect(pair.problems).to.deep.equal([])
    }
  })

  it('with an altered slice never reach the airgap: all parts are dropped, that is said, and they begin anew', async () => {
    const pair = new Pair(both, 'before')
    let crossings = 0
    const answer = await pair.ask(async (request, signal) => {
      const { text } = bodyOf(request) as { text: string }
      return await (++crossings === 2 ? aimed(pair.cross, request, resealed(request, { text: `${text[0] === 'a' ? 'b' : 'a'}${text.slice(1)}` })) : pair.cross(request, signal))
    })
    expect(refusalOf(answer)).to.equal('gives statements')
    expect(pair.problems.map(({ code }) => code)).to.deep.equal(['channel.wrong-whole'])
    expect(pair.story.filter((one) => one === 'show 1')).to.have.length(2)
  })

  it('with hostile numbers are refused, and what is held stays', async () => {
    const pair = new Pair(both)
    const texts: string[] = []
    await pair.ask((request) => {
      texts.push(request)
      return texts.length < 3 ? pair.cross(request, never) : Promise.reject(new Error('enough'))
    }).catch(() => undefined)
    const [, , third = ''] = texts
    for (const [change, code] of [
      [{ index: partCount + 1 }, 'channel.bad-part'],
      [{ index: 1025 }, 'wire.malformed'],
      [{ count: 1_000_000 }, 'wire.malformed'],
      [{ length: 2 ** 40 }, 'wire.malformed'],
      [{ length: 1, whole: '00'.repeat(32) }, 'channel.bad-part'],
      [{ index: 9, count: 8, whole: '00'.repeat(32) }, 'channel.bad-part'],
      [{ text: 'x'.repeat(200_000) }, 'channel.bad-part'],
    ] as const) expect(await codeOfLater(pair.take(resealed(third, change))), JSON.stringify(change)).to.equal(code)
    pair.shown.length = 0
    expect(await pair.ask()).to.equal(both.answer)
    expect(pair.story[0]).to.equal('show 3')
  })

  it('that make up no request, or a part again, are refused as ever and forgotten', async () => {
    for (const whole of ['no envelope at all, '.repeat(200), sealEnvelope({ kind: 'answer', ceremony: null, step: null, body: 'x'.repeat(4000) }), sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ask: 'part', text: 'x'.repeat(4000) } })]) {
      const pair = new Pair(both)
      const half = Math.floor(whole.length / 2)
      const part = { ask: 'part', whole: wholeHash(whole), count: 2, length: whole.length }
      const shown = [whole.slice(0, half), whole.slice(half)].map((text, i) => sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { ...part, index: i + 1, text } }))
      expect(bodyOf((await pair.take(shown[0]!)).text)).to.include({ give: 'held' })
      expect(await codeOfLater(pair.take(shown[1]!))).to.match(/^(wire|run)\./)
      expect(await pair.airgapStore.load()).to.deep.equal([])
    }
  })

  it('survive whatever became of the files: what is damaged crosses once more', async () => {
    for (const damage of [
      (texts: readonly string[]) => [...texts.slice(0, -1), (texts.at(-1) ?? '').slice(0, 100)],
      (texts: readonly string[]) => [(texts[0] ?? '').replace(/"text":"./, '"text":"#'), ...texts.slice(1)],
      (texts: readonly string[]) => ['{}', 'null', '\u0000\ufffd', ...texts, sealEnvelope({ kind: 'answer', ceremony: null, step: null, body: null })],
      (texts: readonly string[]) => [...texts].reverse(),
    ]) {
      for (const dies of [3, partCount + 1]) {
        const pair = new Pair(both)
        let crossings = 0
        await pair.ask((request, signal) => (++crossings > dies ? Promise.reject(new Error('killed')) : pair.cross(request, signal))).catch(() => undefined)
        for (const store of [pair.clientStore, pair.airgapStore]) {
          const texts = damage(await store.load())
          await store.clear()
          for (const text of texts) await store.add(text)
        }
        pair.restartAirgap()
        expect(await pair.ask()).to.equal(both.answer)
        expect(pair.problems).to.deep.equal([])
      }
    }
  })

  it('ask a refusal anew, and keep none', async () => {
    const pair = new Pair(both)
    const unknown = sealEnvelope({ kind: 'request', ceremony: 'ab'.repeat(32), step: 'SendDeals', body: bodyOf(both.request) as never })
    for (let i = 0; i < 2; i++) expect(refusalOf(await pair.ask(pair.cross, unknown))).to.equal('run.unknown-ceremony')
    expect(await pair.clientStore.load()).to.deep.equal([])
  })

  it('that a bad airgap never takes, or answers wrongly, end with an error', async () => {
    const reply = (request: string, body: object): Promise<string> => {
      const { ceremony, step, digest } = openEnvelope(request)
      return Promise.resolve(sealEnvelope({ kind: 'answer', ceremony, step, body: { request: digest, ...body } }))
    }
    const whole = wholeHash(both.request)
    const part = { give: 'part', of: whole, whole: 'ab'.repeat(32), index: 1, count: 2, length: 10, text: 'hello' }
    for (const [body, code] of [
      [{ give: 'held', whole, held: [] }, 'run.no-progress'],
      [{ give: 'held', whole, held: Array.from({ length: partCount }, (_, i) => i + 1) }, 'run.no-progress'],
      [{ give: 'held', whole, held: Array.from({ length: 2000 }, () => 1) }, 'wire.malformed'],
      [{ give: 'held', whole: 'ab'.repeat(32), held: [1] }, 'run.answer'],
      [{ give: 'held', whole, held: [1], request: 'ab'.repeat(32) }, 'run.answer'],
      [{ give: 'closed' }, 'run.answer'],
      [{ ...part, of: 'ab'.repeat(32) }, 'run.answer'],
      [{ ...part, count: 5000 }, 'wire.malformed'],
      [{ ...part, index: 3 }, 'channel.bad-part'],
      [{ ...part, text: 'x'.repeat(100) }, 'channel.bad-part'],
      [{ ...part, count: 1 }, 'channel.wrong-whole'],
      [part, 'run.no-progress'],
    ] as const) {
      const pair = new Pair(both)
      expect(await codeOfLater(pair.ask((request) => reply(request, body))), JSON.stringify(body)).to.equal(code)
    }
  })
})

/** A request's part with other numbers, as one that a stranger made. */
const resealed = (request: string, change: object): string => {
  const { kind, ceremony, step, body } = openEnvelope(request)
  return sealEnvelope({ kind, ceremony, step, body: { ...(body as object), ...change } })
}

/** Shows something else in a part's place; the reply is to the part, as the client sees it. */
async function aimed(cross: Exchange, shown: string, instead: string): Promise<string> {
  const reply = openEnvelope(await cross(instead, never))
  return sealEnvelope({ ...reply, body: { ...(reply.body as object), request: openEnvelope(shown).digest } })
}
