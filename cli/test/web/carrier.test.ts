import { expect } from 'chai'
import { sealEnvelope } from '../../../engine/channel/envelope.ts'
import { makeSending } from '../../../engine/channel/transfer.ts'
import { unpack } from '../../../engine/channel/payload.ts'
import { makeWebCarrier } from '../../web/carrier.ts'
import type { CarrierState, WebCarrier } from '../../web/carrier.ts'

const text = (name: string): string => sealEnvelope({ kind: 'request', ceremony: null, step: null, body: { name, filler: Array.from({ length: 200 }, (_, i) => `${name}${i * i}`) } })

function framesOf(name: string, count = 60): string[] {
  const frames = makeSending(text(name), { fragment: 100 }).frames()
  return Array.from({ length: count }, () => frames.next().value)
}

describe('the web carrier', () => {
  let carrier: WebCarrier
  let now: CarrierState
  let problems: string[]
  beforeEach(() => {
    problems = []
    carrier = makeWebCarrier({ role: 'airgap', onProblem: ({ code }) => problems.push(code) }, (crossing) => (now = crossing))
  })
  const never = new AbortController().signal

  it('gives what the page shows its bytes, under a new id each time, and nothing once it is over', async () => {
    await carrier.show(text('one'))
    const { showing } = now
    expect(unpack(carrier.message(showing?.id ?? '') ?? expect.fail())).to.equal(text('one'))
    expect(carrier.message(showing?.id ?? '')?.length).to.equal(showing?.bytes)
    await carrier.show(text('one'))
    expect(now.showing).to.deep.equal(showing)
    await carrier.show(text('two'))
    expect(now.showing?.id).to.not.equal(showing?.id)
    expect(carrier.message(showing?.id ?? '')).to.equal(undefined)
    await carrier.stopShowing()
    expect(now.showing).to.equal(null)
  })

  it('takes frames in any order, tells how far it is, and delivers each transfer once', async () => {
    const received = carrier.receive(never)
    expect(now.isReading).to.equal(true)
    const frames = framesOf('one')
    const first = carrier.onFrames(frames.slice(3, 6))
    expect(first).to.include({ state: 'progress', seen: 3 })
    expect(now.read).to.deep.equal({ seen: 3, needed: first.needed })
    expect(carrier.onFrames(frames.toReversed()).state).to.equal('complete')
    expect((await received).text).to.equal(text('one'))
    // Its frames keep coming, since the other machine shows them until it has the answer.
    const next = carrier.receive(never)
    expect(carrier.onFrames(frames).state).to.equal('complete')
    expect(now.read).to.equal(null)
    for (const frame of framesOf('two')) carrier.onFrames([frame])
    expect((await next).text).to.equal(text('two'))
  })

  it('keeps what comes while nobody receives, which tells a question that it is over', async () => {
    carrier.onFrames(framesOf('one'))
    await carrier.receive(never)
    const changed = carrier.untilChanged(never)
    carrier.onFrames(framesOf('one'))
    carrier.onFrames(framesOf('two').slice(0, 4))
    expect(await Promise.race([changed, Promise.resolve('nothing yet')])).to.equal('nothing yet')
    carrier.onFrames(framesOf('two'))
    expect(await changed).to.equal('other')
    expect((await carrier.receive(never)).text).to.equal(text('two'))
  })

  it('takes no question away for what asks nothing', async () => {
    const answer = sealEnvelope({ kind: 'answer', ceremony: null, step: null, body: 'x'.repeat(300) })
    const changed = carrier.untilChanged(never)
    for (let i = 0, frames = makeSending(answer, { fragment: 100 }).frames(); i < 10; i++) carrier.onFrames([frames.next().value])
    expect(await Promise.race([changed, Promise.resolve('nothing yet')])).to.equal('nothing yet')
    expect((await carrier.receive(never)).text).to.equal(answer)
  })

  it('tells what is no frame, and what cannot be right, and goes on', async () => {
    const received = carrier.receive(never)
    expect(carrier.onFrames(['https://example.com'])).to.deep.include({ state: 'ignored' }).and.have.nested.property('trouble.code', 'channel.foreign')
    expect(carrier.onFrames(['UR:OTHER/AEAEAEAE']).trouble?.code).to.equal('channel.wrong-type')
    expect(problems).to.deep.equal([])
    // A whole transfer that is no envelope.
    const bad = makeSending('"not an envelope"', { fragment: 400 }).frames().next().value
    expect(carrier.onFrames([bad])).to.deep.include({ state: 'failed' })
    expect(problems).to.deep.equal(['channel.bad-envelope'])
    carrier.onFrames(framesOf('one'))
    expect((await received).text).to.equal(text('one'))
  })

  it('says that a frame is another transfer’s, and follows that one only after some in a row', () => {
    carrier.onFrames(framesOf('one').slice(0, 5))
    const other = framesOf('two')
    expect(carrier.onFrames(other.slice(0, 1)).state).to.equal('other-transfer')
    expect(carrier.onFrames(framesOf('one').slice(5, 6)).state).to.equal('progress')
    expect(carrier.onFrames(other.slice(0, 3)).state).to.equal('progress')
    expect(carrier.onFrames(other.slice(3, 4))).to.include({ state: 'progress', seen: 4 })
  })

  it('waits until what it shows is taken: the page says so, or the other machine goes on', async () => {
    await carrier.untilTaken(never)
    await carrier.show(text('one'))
    const told = carrier.untilTaken(never)
    carrier.onTaken('another')
    expect(await Promise.race([told.then(() => 'taken'), Promise.resolve('not yet')])).to.equal('not yet')
    carrier.onTaken(now.showing?.id ?? '')
    await told
    await carrier.show(text('two'))
    const went = carrier.untilTaken(never)
    expect(await Promise.race([went.then(() => 'taken'), Promise.resolve('not yet')])).to.equal('not yet')
    carrier.onFrames(framesOf('three'))
    await went
  })

  it('ends what waits when it is closed, aborted or busy', async () => {
    const stop = new AbortController()
    const aborted = carrier.receive(stop.signal).catch((error: unknown) => error)
    expect(await carrier.receive(never).catch((error: unknown) => error)).to.have.property('code', 'channel.busy')
    stop.abort(new Error('enough'))
    expect(await aborted).to.have.property('message', 'enough')
    const closed = carrier.receive(never).catch((error: unknown) => error)
    await carrier.close()
    expect(await closed).to.have.property('code', 'channel.closed')
    expect(await carrier.show('x').catch((error: unknown) => error)).to.have.property('code', 'channel.closed')
    expect(now).to.deep.equal({ showing: null, read: null, isReading: false })
  })
})
