import { expect } from 'chai'
import { makeMessageReceiver, sendMessage } from '../../../engine/channel/frames.ts'
import { qrMatrix } from '../../../engine/channel/qr-matrix.ts'
import { failureFor } from '../../page/camera.ts'
import { FAILURES } from '../../page/failures.ts'
import { framesIn, lineOf, messageOf } from '../../page/paste.ts'
import { makeTurns } from '../../page/turns.ts'
import { streamLines, makeOutbox } from '../../page/connection.ts'
import { crispFor, isStatus, makeRate, readStatus, timeLeft, writeStatus } from '../../page/shower.ts'

const messageBytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 17 + (i >> 5)) & 0xff)

describe('a status code between pages', () => {
  it('says what is read, in a small code that is read back', () => {
    const status = { checksum: 0x0abc1234, seen: 30, needed: 83, rate: 4.2 }
    const text = writeStatus(status)
    expect(text).equal('KEYRITE-READS/0ABC1234/30-83/4.2')
    expect(qrMatrix(text).version).at.most(3)
    expect(qrMatrix(writeStatus({ checksum: 0xffffffff, seen: 4096, needed: 4096, rate: 1000 })).version).at.most(3)
    expect(readStatus(text)).deep.equal(status)
  })

  it('is nothing that anything else can be taken for', () => {
    for (const text of [
      'KEYRITE-READS/0ABC1234/84-83/4.2', 'KEYRITE-READS/0ABC1234/1-5000/4.2', 'KEYRITE-READS/0ABC1234/0-0/4.2', 'KEYRITE-READS/0abc1234/1-2/4.2',
      'KEYRITE-READS/0ABC1234/1-2/4.2/', 'KEYRITE-READS/0ABC1234/1-2/', 'KEYRITE-READS/', '',
    ]) expect(readStatus(text), text).equal(undefined)
    expect(isStatus('UR:KEYRITE/1-2/AB')).equal(false)
  })
})

describe('the rate of useful frames', () => {
  it('is what came in the last seconds, and tells how long the rest takes', () => {
    const rate = makeRate()
    for (let i = 0; i <= 40; i++) rate.tell(i * 250, i)
    expect(rate.perSecond(10_000)).closeTo(4, 0.2)
    expect(rate.secondsLeft(10_000, 80)).closeTo(10, 0.6)
  })

  it('sinks to nothing when nothing comes any more, and then nobody knows how long it takes', () => {
    const rate = makeRate()
    for (let i = 0; i <= 8; i++) rate.tell(i * 250, i)
    expect(rate.perSecond(4000)).below(rate.perSecond(2000))
    expect(rate.perSecond(30_000)).equal(0)
    expect(rate.secondsLeft(30_000, 80)).equal(null)
  })

  it('starts anew with another transfer', () => {
    const rate = makeRate()
    for (let i = 0; i <= 40; i++) rate.tell(i * 100, i)
    rate.tell(4100, 1)
    expect(rate.perSecond(4200)).equal(0)
    expect(rate.secondsLeft(4200, 80)).equal(null)
  })

  it('is unknown before the first frame', () => {
    expect(makeRate().secondsLeft(0, 10)).equal(null)
  })

  it('is told in words that do not flicker', () => {
    expect([1, 7.2, 33, 57, 90, 3000, 3600, 9000].map(timeLeft)).deep.equal([
      'a moment', 'about 8 seconds', 'about 35 seconds', 'about a minute', 'about 2 minutes', 'about 50 minutes', 'about an hour', 'about 3 hours',
    ])
  })
})

describe('what is on its way to the command', () => {
  it('goes a few texts at a time, one request after another, none twice in seconds', async () => {
    const posted: (readonly string[])[] = []
    const releases: (() => void)[] = []
    let at = 0
    const outbox = makeOutbox<number>({
      most: 3, now: () => at, onProblem: () => undefined, onResult: () => undefined,
      post: (texts) => new Promise((resolve) => {
        posted.push(texts)
        releases.push(() => resolve(1))
      }),
    })
    const settle = async (): Promise<void> => {
      releases.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    for (const text of ['a', 'a', 'b', 'c', 'd', 'e']) outbox.add(text)
    expect(posted).deep.equal([['a']])
    await settle()
    expect(posted[1]).deep.equal(['b', 'c', 'd'])
    await settle()
    await settle()
    expect(posted).have.length(3)
    at = 2000
    outbox.add('a')
    expect(posted).have.length(3)
    at = 4000
    outbox.add('a')
    expect(posted[3]).deep.equal(['a'])
  })

  it('lets a text that did not arrive be sent again at once', async () => {
    let count = 0
    const outbox = makeOutbox<number>({ most: 3, now: () => 0, onProblem: () => undefined, onResult: () => undefined, post: () => Promise.reject(new Error(String(++count))) })
    outbox.add('a')
    await new Promise((resolve) => setImmediate(resolve))
    outbox.add('a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(count).equal(2)
  })
})

describe('text in place of a camera', () => {
  const most = 4400

  it('passes single codes on as they are', () => {
    const frames = sendMessage(messageBytes(1000), { fragment: 200 }).frames()
    const [a, b] = [frames.next().value, frames.next().value]
    expect(framesIn(`\n${a}\n  ${b} \n`, most)).deep.equal({ kind: 'frames', frames: [a, b] })
  })

  it('cuts a whole transfer into codes that the command takes, and they give the same', () => {
    const message = messageBytes(50_000)
    const found = framesIn(lineOf(message), most)
    if (found.kind === 'nothing') throw new Error(found.why)
    const receiver = makeMessageReceiver()
    const results = found.frames.map((frame) => {
      expect(frame.length).at.most(most)
      return receiver.receive(frame)
    })
    const last = results.at(-1)
    expect(last?.state === 'complete' && Buffer.from(last.message).equals(Buffer.from(message))).equal(true)
  })

  it('says why anything else will not do', () => {
    for (const text of ['', '  ', 'hello', 'UR:BYTES/AEAE', 'UR:KEYRITE/ZZZZ']) expect(framesIn(text, most).kind, text).equal('nothing')
  })

  it('knows a whole transfer from one code of several', () => {
    const message = messageBytes(1000)
    expect(messageOf(` ${lineOf(message)}\n`)).deep.equal(message)
    expect(messageOf(sendMessage(message, { fragment: 200 }).frames().next().value)).equal('part')
  })
})

describe('a code on the screen', () => {
  it('has whole device pixels for each module, and four modules of white around', () => {
    for (const scale of [1, 1.25, 1.5, 2, 3]) {
      const { module, side, cssSide } = crispFor(61, 500, scale)
      expect(Number.isInteger(module)).equal(true)
      expect(side).equal(module * 69)
      expect(cssSide).at.most(500)
      expect(cssSide).above(500 - 69 / scale)
    }
  })

  it('has six pixels a module where a laptop has room, at every density but the finest', () => {
    expect(crispFor(49, 480, 1).module).at.least(6)
    expect(crispFor(61, 480, 1).module).at.least(6)
    expect(crispFor(85, 600, 1).module).at.least(6)
  })
})

describe('looking at pictures', () => {
  it('takes the filters in turns until one finds a code, and goes on with that at that place', () => {
    const turns = makeTurns()
    const attempts = [0, 1, 2].map(() => {
      const { attempt, area } = turns.next(1280, 720)
      expect(area).deep.equal({ left: 0, top: 0, width: 1280, height: 720 })
      turns.tell(area, attempt === 2 ? { left: 400, top: 200, right: 700, bottom: 500 } : null)
      return attempt
    })
    expect(attempts).deep.equal([0, 1, 2])
    const { attempt, area } = turns.next(1280, 720)
    expect(attempt).equal(2)
    expect(area).deep.equal({ left: 310, top: 110, width: 480, height: 480 })
  })

  it('knows the place in the whole picture after a look at a part of it', () => {
    const turns = makeTurns()
    turns.tell({ left: 0, top: 0, width: 1280, height: 720 }, { left: 400, top: 200, right: 700, bottom: 500 })
    const { area } = turns.next(1280, 720)
    turns.tell(area, { left: 90, top: 90, right: 390, bottom: 390 })
    expect(turns.next(1280, 720).area).deep.equal(area)
  })

  it('looks everywhere again once no filter finds anything there', () => {
    const turns = makeTurns()
    turns.tell({ left: 0, top: 0, width: 1280, height: 720 }, { left: 0, top: 0, right: 300, bottom: 300 })
    for (let i = 0; i < 3; i++) turns.tell(turns.next(1280, 720).area, null)
    expect(turns.next(1280, 720).area.width).equal(1280)
  })

  it('never looks beside the picture', () => {
    const turns = makeTurns()
    turns.tell({ left: 0, top: 0, width: 640, height: 480 }, { left: -5, top: 300, right: 400, bottom: 500 })
    const { area } = turns.next(640, 480)
    expect(area.left).equal(0)
    expect(area.top + area.height).equal(480)
  })
})

describe('events of a command', () => {
  it('are lines, however they are cut', async () => {
    const chunks = ['{"a":', '1}\n\n{"b"', ':"ü"}\n{"half'].map((text) => new TextEncoder().encode(text))
    const bytes = Buffer.concat(chunks)
    for (const size of [1, 3, 100]) {
      const body = new ReadableStream<Uint8Array>({
        start: (to) => {
          for (let i = 0; i < bytes.length; i += size) to.enqueue(new Uint8Array(bytes.subarray(i, i + size)))
          to.close()
        },
      })
      const lines: string[] = []
      for await (const line of streamLines(body)) lines.push(line)
      expect(lines).deep.equal(['{"a":1}', '', '{"b":"ü"}'])
    }
  })
})

describe('what goes wrong with a camera', () => {
  it('has words of its own for each error that a browser gives', () => {
    const failures = ['NotFoundError', 'NotAllowedError', 'NotReadableError', 'SecurityError', 'TypeError'].map((name) => failureFor(Object.assign(new Error(), { name })))
    expect(failures).deep.equal(['no-camera', 'denied', 'busy', 'insecure', 'broken'])
    expect(new Set(failures.map((name) => FAILURES[name].title)).size).equal(5)
  })

  it('always comes with a way out', () => {
    for (const failure of Object.values(FAILURES)) expect(failure.todo.length, failure.title).above(0)
  })
})
