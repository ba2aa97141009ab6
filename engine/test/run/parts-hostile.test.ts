import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { wholeHash } from '../../channel/parts.ts'
import { bodyOf, recordDkg, refusalOf } from './harness.ts'
import type { Crossing } from './harness.ts'
import { aimed, codeOfLater, never, Pair, resealed } from './part-pair.ts'

describe('parts that are not as they should be', function () {
  this.timeout(60_000)
  let both: Crossing
  let partCount: number

  before(async () => {
    both = (await recordDkg(7, 4, 'a pair')).crossing('ben', 'SendDeals')
    const pair = new Pair(both)
    await pair.ask()
    partCount = pair.story.filter((one) => one.startsWith('show')).length
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
    expect(refusalOf(answer)).to.equal('gives statement')
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
