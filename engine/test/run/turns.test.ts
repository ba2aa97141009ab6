import { expect } from 'chai'
import type { GetAttachment } from '../../run/following.ts'
import { Ledger } from '../../run/ledger.ts'
import type { Post } from '../../run/reading.ts'
import { readShipped } from '../../script/load.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapVerb } from '../../verbs/runtime.ts'
import { parseMessage } from '../../wire/message.ts'
import { namesOf, resultOf, simulateDkg } from './harness.ts'

const sign = readShipped('sign')

describe('a log that takes long to read', function () {
  this.timeout(120_000)
  let signing: Simulated
  let posts: readonly Post[]
  let followed: Ledger

  /** A reader of its own: nothing that others decoded of these messages helps it. */
  function reader(): Ledger {
    const opening = structuredClone(signing.opening)
    return new Ledger({
      script: sign, opening, verbs, random: seededRandom('a reader'), followed: { key: followed },
      headAt: signing.board.headAt,
    })
  }
  const attachmentOf: GetAttachment = (hash) => signing.board.getAttachment(hash)
  const toldBy = (ledger: Ledger) => {
    const { current, faults, outputs, aborts, ending, placedOffsets } = ledger
    return { current, faults, outputs, aborts, ending, placedOffsets, views: [0, 1, 2].map((step) => ledger.viewBefore(step)) }
  }

  before(async () => {
    const key = await simulateDkg(4, 3, 'a key whose signing takes long to read')
    followed = resultOf(key, 'anna').ledger
    const other: AirgapVerb = (scope, args) => verbs.airgap['bls.signShare']!(scope, [{ ...(args[0] as object), share: '11'.repeat(32) }, args[1]])
    signing = await simulate({
      script: sign, names: namesOf(4), verbs, random: seededRandom('takes long'), idle: 10_000, after: key,
      tamper: { ben: { airgapVerbs: { ...verbs, airgap: { ...verbs.airgap, 'bls.signShare': other } } } },
      parameters: { purpose: 'Payday', messages: Array.from({ length: 16 }, (_, i) => ({ kind: 'text', text: `Pay ${String(i)} to Anna` })) },
    })
    posts = signing.board.entries.map(({ offset, text }) => {
      const message = parseMessage(text)
      const attachment = message.attachment === undefined ? undefined : signing.board.attachments.get(message.attachment)
      return { offset, message, ...(attachment === undefined ? {} : { attachment }) }
    })
  })

  it('comes to the same whether it is read at once or in turns, and however it arrives', async () => {
    const [atOnce, inTurns, late] = [reader(), reader(), reader()]
    for (const post of posts) atOnce.accept(post)
    await Promise.all(posts.map((post) => inTurns.follow(post, attachmentOf)))
    for (const post of posts) {
      await late.follow(post, attachmentOf)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(atOnce.faults.map(({ reason, accused }) => [reason, accused])).to.deep.equal([['bls.bad-partial', 'ben']])
    expect(atOnce.usable).to.equal(true)
    for (const one of [inTurns, late]) expect(toldBy(one)).to.deep.equal(toldBy(atOnce))
  })

  it('lets others run in between, many times while one message is read', async () => {
    const ledger = reader()
    const turns: number[] = []
    let count = 0
    let isOver = false
    const others = (): void => {
      count += 1
      if (!isOver) setImmediate(others)
    }
    setImmediate(others)
    for (const post of posts) {
      const before = count
      await ledger.follow(post, attachmentOf)
      turns.push(count - before)
    }
    isOver = true
    expect(ledger.usable).to.equal(true)
    expect(Math.max(...turns)).to.be.above(10)
  })

  it('is read in its order: nothing overtakes what is being read, and who waits for all waits for the last', async () => {
    const ledger = reader()
    const all = posts.map((post) => ledger.follow(post, attachmentOf))
    expect(() => ledger.accept(posts[0] ?? expect.fail())).to.throw('overtakes')
    await ledger.settled()
    expect(ledger.usable).to.equal(true)
    await Promise.all(all)
    expect(() => ledger.accept(posts[0] ?? expect.fail())).to.not.throw()
  })

  it('is left half read by whoever is stopped', async () => {
    const ledger = reader()
    const stop = new AbortController()
    const all = Promise.all(posts.map((post) => ledger.follow(post, attachmentOf, stop.signal)))
    setImmediate(() => stop.abort(new Error('Ctrl-C')))
    expect(await all.then(() => 'all of it', (error: unknown) => error)).to.have.property('message', 'Ctrl-C')
    expect(ledger.usable).to.equal(false)
  })
})
