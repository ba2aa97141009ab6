import { getEventListeners } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { alarm, following, happening, pause, reasonOf, unlessAborted, until, untilAborted, within } from '../../base/signals.ts'

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

/** A time so long that a test which waits for it fails. */
const EVER = 1 << 30

/** The value of a promise, or its error. */
const endOf = (promise: Promise<unknown>): Promise<unknown> => promise.then((value) => value, (error: unknown) => error)

describe('waiting', () => {
  let controller: AbortController
  let signal: AbortSignal
  beforeEach(() => {
    controller = new AbortController()
    ;({ signal } = controller)
  })
  afterEach(() => expect(listeners(signal)).to.equal(0))

  it('for a time ends when it is over, and early when the signal aborts', async () => {
    await pause(1, signal)
    await pause(0)
    const waiting = pause(EVER, signal)
    expect(listeners(signal)).to.equal(1)
    controller.abort()
    await waiting
    await pause(EVER, signal)
  })

  it('for longer than one timer can wait is not over at once', async () => {
    let isOver = false
    const waiting = pause(2 ** 31 + 1000, signal).then(() => (isOver = true))
    await pause(5)
    expect(isOver).to.equal(false)
    controller.abort()
    await waiting
  })

  it('for an abort ends with it', async () => {
    const waiting = untilAborted(signal)
    controller.abort()
    await waiting
    await untilAborted(signal)
  })

  it('for something to happen says what came first, and stops listening', async () => {
    const heard = new Set<() => void>()
    const listen = (done: () => void) => {
      heard.add(done)
      return () => heard.delete(done)
    }
    const happened = happening(listen, { ms: EVER, signal })
    for (const done of heard) done()
    for (const done of heard) expect.fail(`still heard: ${String(done)}`)
    expect(await happened).to.equal('done')
    expect(await happening(listen, { ms: 1, signal })).to.equal('late')
    const aborted = happening(listen, { ms: EVER, signal })
    expect([heard.size, listeners(signal)]).to.deep.equal([1, 1])
    controller.abort()
    expect(await aborted).to.equal('aborted')
    expect(heard.size).to.equal(0)
    expect(await happening(() => expect.fail('it is too late to listen'), { signal })).to.equal('aborted')
  })

  it('for what has happened by the time that one listens stops listening as well', async () => {
    let forgotten = 0
    expect(await happening((done) => {
      done()
      done()
      return () => (forgotten += 1)
    }, { ms: EVER, signal })).to.equal('done')
    expect(forgotten).to.equal(1)
  })

  it('is given up with the signal’s reason where that is wanted', async () => {
    const forgotten: string[] = []
    const work = (name: string) => unlessAborted<string>((resolve) => {
      if (name === 'quick') resolve('done')
      return () => forgotten.push(name)
    }, signal)
    expect(await work('quick')).to.equal('done')
    const slow = endOf(work('slow'))
    expect(forgotten).to.deep.equal(['quick'])
    const why = new Error('enough')
    controller.abort(why)
    // Both are forgotten at once, not when somebody looks at the promise: later input belongs to somebody else.
    expect(forgotten).to.deep.equal(['quick', 'slow'])
    expect(await slow).to.equal(why)
    expect(await endOf(work('never'))).to.equal(why)
    expect(forgotten).to.have.length(2)
  })

  it('fails with what listening throws, and with what it is told', async () => {
    const why = new Error('no ear')
    expect(await endOf(happening(() => { throw why }, { ms: EVER, signal }))).to.equal(why)
    expect(await endOf(unlessAborted<never>((_, reject) => {
      reject(why)
      return undefined
    }, signal))).to.equal(why)
  })

  it('looks again and again until something is so, the time is over, or the signal aborts', async () => {
    let looks = 0
    expect(await until(() => ++looks === 3, { every: 1, signal })).to.equal(true)
    expect(await until(() => Promise.resolve(true), { every: EVER })).to.equal(true)
    expect(await until(() => false, { every: 1, ms: 3, signal })).to.equal(false)
    looks = 0
    const waiting = until(() => ++looks > 1, { every: EVER, signal })
    await pause(0)
    controller.abort()
    // It looks once more after the abort, for a change that came with it.
    expect(await waiting).to.equal(true)
    looks = 0
    expect(await until(() => ++looks > 1, { every: EVER, signal })).to.equal(false)
    expect(looks).to.equal(1)
  })

  it('says when work takes longer than it should, and waits for it all the same', async () => {
    let stop: (value: string) => void = () => undefined
    const work = () => new Promise<string>((resolve) => (stop = resolve))
    expect(await within(1, work, () => stop('stopped'))).to.equal('stopped')
    expect(await within(EVER, () => Promise.resolve('done'), () => expect.fail('it is not late'))).to.equal('done')
    expect(await endOf(within(EVER, () => Promise.reject(new Error('broken')), () => expect.fail('it is not late')))).to.include({ message: 'broken' })
  })

  it('gives a reason as an error, whatever it is', () => {
    const [error, word] = [new AbortController(), new AbortController()]
    error.abort(new TypeError('why'))
    word.abort('a word')
    controller.abort()
    expect(reasonOf(error.signal)).to.be.instanceOf(TypeError)
    expect(reasonOf(word.signal).message).to.equal('a word')
    expect(reasonOf(signal).name).to.equal('AbortError')
  })
})

describe('an alarm', () => {
  it('rings once for the last time that it was set to, and can be set again', async () => {
    const rung: number[] = []
    await new Promise<void>((resolve) => {
      const clock = alarm(() => {
        rung.push(rung.length)
        if (rung.length === 2) resolve()
        else clock.set(1)
      })
      clock.set(EVER)
      clock.set(1)
    })
    expect(rung).to.deep.equal([0, 1])
  })

  it('is begun once, and set anew after it rang or was cleared', async () => {
    const order: string[] = []
    const [begun, set] = [alarm(() => order.push('begun')), alarm(() => order.push('set'))]
    begun.begin(1)
    begun.begin(EVER)
    set.set(EVER)
    set.clear()
    set.begin(1)
    await until(() => order.length === 2, { every: 1 })
    begun.begin(1)
    await until(() => order.length === 3, { every: 1 })
    expect([order.slice(0, 2).sort(), order[2]]).to.deep.equal([['begun', 'set'], 'begun'])
  })
})

describe('a signal that follows others', () => {
  it('aborts with the first of them, and is released from those that outlive it', () => {
    const [one, two] = [new AbortController(), new AbortController()]
    const either = following(one.signal, two.signal)
    const why = new Error('two')
    two.abort(why)
    expect(either.signal.reason).to.equal(why)
    either.release()
    expect(listeners(one.signal)).to.equal(0)
    expect(following(one.signal, two.signal).signal.aborted).to.equal(true)
  })
})

describe('waits', () => {
  it('are made here alone: no other source sets a timer of its own', () => {
    const root = join(import.meta.dirname, '..', '..', '..')
    const sources = ['engine', 'storage', 'cli'].flatMap((folder) =>
      readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
        .filter((item) => item.isFile() && item.name.endsWith('.ts'))
        .map((item) => join(item.parentPath, item.name).slice(root.length + 1))
        .filter((file) => !/\/(test|node_modules)\//.test(file)))
    expect(sources.length).to.be.greaterThan(150)
    const own = /(?<!\.)\bsetTimeout\(|AbortSignal\.any/
    const waiting = sources.filter((file) => own.test(readFileSync(join(root, file), 'utf8').replace(/^\s*(\/\*)?\*.*$/gm, '')))
    expect(waiting).to.deep.equal(['engine/base/signals.ts'])
  })
})
