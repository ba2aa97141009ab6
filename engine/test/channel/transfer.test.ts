import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { MAX_FRAME } from '../../channel/carrier.ts'
import { encodeBytes, encodePart } from '../../channel/cbor.ts'
import type { PartArray } from '../../channel/cbor.ts'
import { crc32, makeFountain, makeFountainDecoder, transferOf } from '../../channel/fountain.ts'
import { pack, unpack } from '../../channel/payload.ts'
import { makeReceiver, makeSending, roundLength } from '../../channel/transfer.ts'
import type { Received } from '../../channel/transfer.ts'
import { readFrame, toWords, writePart } from '../../channel/ur.ts'
import { codeOf, oracleDecoder, oracleEncoder, randomBytes, randomText, seeded, shuffle, utf8 } from './helpers.ts'

/** The first `count` frames of a text. */
function framesOf(text: string, fragment: number, count: number): string[] {
  const frames = makeSending(text, { fragment }).frames()
  return Array.from({ length: count }, () => frames.next().value)
}

/** Feeds frames until one completes. */
function receiveAll(frames: Iterable<string>): { readonly result: Received | undefined; readonly used: number } {
  const receiver = makeReceiver()
  let used = 0
  let result: Received | undefined
  for (const frame of frames) {
    used += 1
    result = receiver.receive(frame)
    if (result.state === 'complete') break
  }
  return { result, used }
}

const textOf = (received: Received | undefined): string | undefined => (received?.state === 'complete' ? received.text : undefined)
const whyOf = (received: Received): string | undefined =>
  received.state === 'ignored' || received.state === 'failed' ? received.why.code : undefined

/** A frame with these numbers inside and, by default, in its text. */
const forged = (part: PartArray, sequence = `${part.sequence}-${part.parts}`): string =>
  `UR:KEYRITE/${sequence}/${toWords(encodePart(part))}`

describe('a transfer', () => {
  it('crosses in one frame when it is short', () => {
    const sending = makeSending('short', { fragment: 200 })
    expect(sending.partCount).equal(1)
    const frames = sending.frames()
    const first = frames.next().value
    expect(frames.next().value).equal(first)
    expect(first).match(/^UR:KEYRITE\/[A-Z]+$/)
    expect(textOf(makeReceiver().receive(first))).equal('short')
  })

  for (const fragment of [10, 50, 100, 200, 400, 2108]) {
    it(`crosses in fragments of ${fragment} bytes, in upper and in lower case`, () => {
      const text = randomText(3000, `case ${fragment}`)
      const { partCount } = makeSending(text, { fragment })
      const frames = framesOf(text, fragment, partCount)
      expect(textOf(receiveAll(frames).result)).equal(text)
      expect(textOf(receiveAll(frames.map((frame) => ` ${frame.toLowerCase()}\r\n`)).result)).equal(text)
    })
  }

  it('crosses in any order, with duplicates', () => {
    const text = randomText(5000, 'order')
    const frames = framesOf(text, 100, 60)
    expect(textOf(receiveAll(shuffle([...frames, ...frames], seeded('order'))).result)).equal(text)
  })

  for (const [lost, most] of [[0.2, 1.6], [0.5, 2.6]] as const) {
    it(`crosses with ${lost * 100} % of the frames lost, in at most ${most} rounds`, () => {
      const text = randomText(20_000, 'loss')
      const { partCount } = makeSending(text, { fragment: 200 })
      const random = seeded(`lost ${lost}`)
      let shown = 0
      function* arriving(): Generator<string> {
        for (const frame of makeSending(text, { fragment: 200 }).frames()) {
          shown += 1
          if (random.nextDouble() >= lost) yield frame
        }
      }
      expect(textOf(receiveAll(arriving()).result)).equal(text)
      expect(shown / partCount).below(most)
    })
  }

  it('a reader that comes late needs only as many frames as there are parts, and a few', () => {
    const text = randomText(20_000, 'late')
    const { partCount } = makeSending(text, { fragment: 200 })
    const { result, used } = receiveAll(framesOf(text, 200, 3 * partCount).slice(partCount + 7))
    expect(textOf(result)).equal(text)
    expect(used).below(partCount + 12)
  })

  it('of 320 KB in fragments of 400 bytes crosses with a fifth lost, almost without overhead', () => {
    const message = randomBytes(320_000, 'large')
    const fountain = makeFountain(message, 400)
    const decoder = makeFountainDecoder(transferOf(fountain.part(1)))
    const random = seeded('large loss')
    let used = 0
    for (let sequence = 1; decoder.rank < fountain.parts; sequence++) {
      if (random.nextDouble() < 0.2) continue
      used += 1
      decoder.add(fountain.part(sequence))
    }
    expect(decoder.message()).deep.equal(message)
    expect(used).below(fountain.parts * 1.1)
  })

  it('tells how far it is, and when a frame told nothing new', () => {
    const [a = '', b = ''] = framesOf(randomText(900, 'progress'), 100, 2)
    const receiver = makeReceiver()
    const first = receiver.receive(a)
    expect(first).include({ state: 'progress', seen: 1, fresh: true })
    expect(receiver.receive(a)).include({ state: 'progress', seen: 1, fresh: false })
    expect(receiver.receive(b)).include({ state: 'progress', seen: 2, fresh: true })
    expect(first.state === 'progress' && first.needed).equal(makeSending(randomText(900, 'progress'), { fragment: 100 }).partCount)
  })

  it('a reader that gets only one round gets a fifth more frames, one more at least', () => {
    expect([1, 2, 5, 6, 100].map((partCount) => roundLength({ partCount }))).deep.equal([1, 3, 6, 8, 120])
    for (const length of [10, 300, 3000]) {
      const sending = makeSending(randomText(length, 'round'), { fragment: 100 })
      expect(new Set(sending.round()).size).equal(roundLength(sending))
    }
  })

  it('those frames make up for any one that is lost, and nearly always for a twentieth', () => {
    const random = seeded('spare')
    let good = 0
    for (let round = 0; round < 40; round++) {
      const text = randomText(3000, `spare ${round}`)
      const frames = [...makeSending(text, { fragment: 60 }).round()]
      for (let lost = 0; lost < 3; lost++) frames.splice(random.nextInt(0, frames.length - 1), 1)
      if (textOf(receiveAll(frames).result) === text) good += 1
    }
    expect(good).greaterThan(38)
    const text = randomText(1500, 'one lost')
    const frames = [...makeSending(text, { fragment: 100 }).round()]
    for (const lost of frames) expect(textOf(receiveAll(frames.filter((frame) => frame !== lost)).result)).equal(text)
  })

  it('too long a text, too many parts and a fragment out of bounds are refused before anything is shown', () => {
    expect(codeOf(() => makeSending('x'.repeat(4 * 1024 * 1024 + 1), { fragment: 400 }))).equal('channel.cannot-send')
    expect(codeOf(() => makeSending(randomText(60_000, 'parts'), { fragment: 10 }))).equal('channel.cannot-send')
    for (const fragment of [9, 2109, 100.5, NaN]) expect(codeOf(() => makeSending('x', { fragment }))).equal('channel.bad-setting')
  })
})

describe('a transfer between keyrite and the usual UR library', () => {
  const message = encodeBytes(randomBytes(4000, 'between'))

  it('that library reads our frames, mixes included', () => {
    const fountain = makeFountain(message, 150)
    const decoder = oracleDecoder()
    for (let sequence = 5; !decoder.isComplete(); sequence++) decoder.receivePart(writePart(fountain.part(sequence)))
    expect(Uint8Array.from(decoder.resultUR().cbor)).deep.equal(message)
  })

  it('we read its frames, mixes included', () => {
    const encoder = oracleEncoder(message, 150, 'keyrite', 5)
    let decoder
    do {
      const frame = readFrame(encoder.nextPart())
      if (frame.kind !== 'part') throw new Error('not a part')
      decoder ??= makeFountainDecoder(transferOf(frame.part))
      decoder.add(frame.part)
    } while (decoder.rank < decoder.id.parts)
    expect(decoder.message()).deep.equal(message)
  })
})

describe('frames of another transfer', () => {
  const ours = randomText(2000, 'ours')
  const theirs = randomText(2000, 'theirs')

  it('are noticed and never mixed in', () => {
    const a = framesOf(ours, 100, 60)
    const b = framesOf(theirs, 100, 60)
    const receiver = makeReceiver()
    let last: Received = receiver.receive(a[0] ?? '')
    for (let i = 1; last.state !== 'complete'; i++) {
      expect(receiver.receive(b[i] ?? '')).include({ state: 'other-transfer', inARow: 1, seen: i })
      last = receiver.receive(a[i] ?? '')
    }
    expect(textOf(last)).equal(ours)
  })

  it('differ already by their fragment size, even if they carry the same text', () => {
    const receiver = makeReceiver()
    receiver.receive(framesOf(ours, 100, 1)[0] ?? '')
    expect(receiver.receive(framesOf(ours, 200, 1)[0] ?? '').state).equal('other-transfer')
  })

  it('are followed after a fresh start', () => {
    const receiver = makeReceiver()
    for (const frame of framesOf(ours, 100, 5)) receiver.receive(frame)
    const b = framesOf(theirs, 100, 60)
    expect(receiver.receive(b[0] ?? '').state).equal('other-transfer')
    receiver.startOver()
    expect(b.map((frame) => textOf(receiver.receive(frame))).find((text) => text !== undefined)).equal(theirs)
  })

  it('are followed by themselves after three in a row where that is asked for, and none of the three is lost', () => {
    const receiver = makeReceiver({ switchAfter: 3 })
    for (const frame of framesOf(ours, 100, 5)) receiver.receive(frame)
    const { partCount } = makeSending(theirs, { fragment: 100 })
    const states = framesOf(theirs, 100, partCount).map((frame) => receiver.receive(frame))
    expect(states.slice(0, 3).map(({ state }) => state)).deep.equal(['other-transfer', 'other-transfer', 'progress'])
    expect(states[2]).include({ seen: 3 })
    expect(textOf(states.at(-1))).equal(theirs)
  })

  it('are followed at once when the one before is complete, and its late frames still say complete', () => {
    const receiver = makeReceiver()
    const a = framesOf(ours, 100, makeSending(ours, { fragment: 100 }).partCount + 3)
    expect(textOf(a.map((frame) => receiver.receive(frame)).at(-1))).equal(ours)
    expect(receiver.receive(framesOf(theirs, 100, 1)[0] ?? '')).include({ state: 'progress', seen: 1 })
  })
})

describe('a hostile or damaged frame', () => {
  const text = randomText(2000, 'hostile')
  const frames = framesOf(text, 100, 60)
  const good = readFrame(frames[0] ?? '')
  const part = good.kind === 'part' ? good.part : undefined
  if (part === undefined) throw new Error('not a part')

  it('with a part count of a million is refused at once, and nothing is allocated for it', () => {
    const hostile = forged({ sequence: 1_000_001, parts: 1_000_000, messageLength: 10_000_000, checksum: 1, data: new Uint8Array(10) })
    expect(hostile.length).below(120)
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 1000; i++) expect(whyOf(makeReceiver().receive(hostile))).equal('channel.too-many-parts')
    expect(process.memoryUsage().arrayBuffers - before).below(4 * 1024 * 1024)
  })

  const cases: readonly (readonly [name: string, frame: string, code: string])[] = [
    ['a part count of a million inside only', forged({ ...part, parts: 1_000_000 }, `1-${part.parts}`), 'channel.bad-sequence'],
    ['another sequence number in its text', forged({ ...part, sequence: 2 }, `1-${part.parts}`), 'channel.bad-sequence'],
    ['sequence number zero', forged({ ...part, sequence: 0 }), 'channel.bad-sequence'],
    ['a sequence in another spelling', forged(part, `01-${part.parts}`), 'channel.bad-sequence'],
    ['a sequence number above 32 bits', forged(part, `4294967297-${part.parts}`), 'channel.bad-sequence'],
    ['no part count', forged({ ...part, parts: 0 }), 'channel.bad-sequence'],
    ['a message length that does not fit its parts', forged({ ...part, messageLength: 100_000 }), 'channel.bad-lengths'],
    ['a message length of zero', forged({ ...part, messageLength: 0 }), 'channel.bad-lengths'],
    ['a message length of 4 GiB', forged({ ...part, messageLength: 0xffffffff }), 'channel.too-long'],
    ['an empty fragment', forged({ ...part, data: new Uint8Array(0) }), 'channel.bad-lengths'],
    ['a fragment that no QR code holds', forged({ ...part, data: new Uint8Array(2109) }), 'channel.too-long'],
    ['another type', (frames[0] ?? '').replace('KEYRITE', 'CRYPTO-PSBT'), 'channel.wrong-type'],
    ['no type', 'UR:/ABC', 'channel.not-a-frame'],
    ['no body', 'UR:KEYRITE', 'channel.not-a-frame'],
    ['another scheme', 'https://example.org/', 'channel.foreign'],
    ['a code of something else that is long', `https://example.org/${'a'.repeat(MAX_FRAME)}`, 'channel.foreign'],
    ['what a page tells of its reading', 'KEYRITE-READS/00000000/1-2/1.0', 'channel.not-a-frame'],
    ['nothing in it', '', 'channel.not-a-frame'],
    ['more path than there is', `${frames[0] ?? ''}/`, 'channel.not-a-frame'],
    ['one letter changed', `${(frames[0] ?? '').slice(0, -1)}Q`, 'channel.bad-word'],
    ['two letters changed into another byteword', (frames[0] ?? '').replace(/..$/, 'AE'), 'channel.frame-checksum'],
    ['its end missing', (frames[0] ?? '').slice(0, -20), 'channel.frame-checksum'],
    ['more characters than are ever taken', `UR:KEYRITE/${'A'.repeat(MAX_FRAME + 1)}`, 'channel.too-long'],
  ]
  for (const [name, frame, code] of cases) {
    it(`with ${name} is refused, and the transfer goes on`, () => {
      const receiver = makeReceiver()
      receiver.receive(frames[0] ?? '')
      const refused = receiver.receive(frame)
      expect(refused.state).equal('ignored')
      expect(whyOf(refused)).equal(code)
      expect(frames.map((other) => textOf(receiver.receive(other))).find((found) => found !== undefined)).equal(text)
    })
  }

  it('that lies with a good checksum is found out by the others, and a fresh start succeeds', () => {
    const receiver = makeReceiver()
    receiver.receive(forged({ ...part, data: new Uint8Array(part.data.length) }))
    for (const frame of frames.slice(1, part.parts - 1)) receiver.receive(frame)
    const found = receiver.receive(frames[0] ?? '')
    expect(whyOf(found)).equal('channel.mixed')
    expect(frames.map((frame) => textOf(receiver.receive(frame))).find((one) => one !== undefined)).equal(text)
  })

  it('that lies where nothing contradicts it fails by the checksum of the message', () => {
    const receiver = makeReceiver()
    receiver.receive(forged({ ...part, data: new Uint8Array(part.data.length) }))
    const states = frames.slice(1, part.parts).map((frame) => receiver.receive(frame))
    expect(whyOf(states.at(-1) ?? { state: 'progress', seen: 0, needed: 0, bytes: 0, fresh: false })).equal('channel.message-checksum')
  })

  it('whose message is no byte string, does not inflate or inflates without end fails by name', () => {
    const frameOf = (message: Uint8Array): string => `UR:KEYRITE/${toWords(message)}`
    expect(whyOf(makeReceiver().receive(frameOf(utf8('hello'))))).equal('channel.bad-cbor')
    expect(whyOf(makeReceiver().receive(frameOf(encodeBytes(utf8('hello')))))).equal('channel.bad-deflate')
    const bomb = pack('x'.repeat(4 * 1024 * 1024))
    expect(bomb.length).below(5000)
    expect(codeOf(() => unpack(bomb, 4 * 1024 * 1024 - 1))).equal('channel.inflate-bound')
  })
})

describe('packing', () => {
  it('gives back any text', () => {
    for (const text of ['', 'x', '{"a":"ü€😀\\u0000"}', '\uFEFFmark', randomText(100_000, 'pack')]) expect(unpack(pack(text))).equal(text)
  })

  it('refuses what follows the end of the stream, and a stream that ends too early', () => {
    const message = pack('some text, some text, some text')
    const deflated = message.subarray(message.length - (message[0] === 0x58 ? message.length - 2 : message.length - 1))
    expect(codeOf(() => unpack(encodeBytes(Uint8Array.from([...deflated, 0]))))).equal('channel.bad-deflate')
    expect(codeOf(() => unpack(encodeBytes(deflated.subarray(0, deflated.length - 1))))).equal('channel.bad-deflate')
  })

  it('refuses bytes that are no UTF-8', () => {
    // A stored block (RFC 1951 §3.2.4) of one byte, 0xff.
    expect(codeOf(() => unpack(encodeBytes(Uint8Array.from([1, 1, 0, 0xfe, 0xff, 0xff]))))).equal('channel.bad-text')
  })

  it('a bomb of a thousand to one stops at the bound without taking more', () => {
    const bomb = pack('y'.repeat(4 * 1024 * 1024))
    const before = process.memoryUsage().arrayBuffers
    expect(codeOf(() => unpack(bomb, 64 * 1024))).equal('channel.inflate-bound')
    expect(process.memoryUsage().arrayBuffers - before).below(2 * 1024 * 1024)
  })
})

describe('fuzzing the receiver', () => {
  it('nothing but an answer comes out, whatever goes in', () => {
    const random = seeded('fuzz')
    const seeds = [...framesOf(randomText(1500, 'fuzz a'), 50, 60), ...framesOf(randomText(700, 'fuzz b'), 100, 20), 'UR:KEYRITE/AEAD', 'ur:']
    const receiver = makeReceiver({ switchAfter: 2 })
    const states = new Set<string>()
    for (let round = 0; round < 4000; round++) {
      const received = receiver.receive(mutate(seeds[random.nextInt(0, seeds.length - 1)] ?? '', random))
      states.add(received.state)
      if (received.state === 'ignored' || received.state === 'failed') expect(isKeyriteError(received.why)).equal(true)
    }
    expect([...states]).include.members(['ignored', 'progress', 'other-transfer'])
  })

  it('parts with any numbers and a right checksum never throw, nor make it keep more than it was sent', () => {
    const random = seeded('numbers')
    const pick = (...values: readonly number[]): number => values[random.nextInt(0, values.length - 1)] ?? 0
    const before = process.memoryUsage().arrayBuffers
    const receiver = makeReceiver({ switchAfter: 1 })
    let sent = 0
    for (let round = 0; round < 3000; round++) {
      const length = pick(1, 2, 10, 100, 512)
      const parts = pick(1, 2, 3, 100, 4095, 4096, 4097, 1_000_000)
      const frame = forged({
        sequence: pick(1, 2, parts, parts + 1, 70_000, 0xffffffff),
        parts,
        messageLength: pick(parts * length, parts * length - 1, 1, 0xffffffff),
        checksum: pick(0, 1, crc32(new Uint8Array(length))),
        data: pick(0, 1) === 0 ? new Uint8Array(length) : randomBytes(length, `numbers ${round}`),
      })
      sent += frame.length
      const received = receiver.receive(frame)
      if (received.state === 'ignored' || received.state === 'failed') expect(isKeyriteError(received.why)).equal(true)
    }
    expect(process.memoryUsage().arrayBuffers - before).below(8 * 1024 * 1024 + 2 * sent)
  })
})

/** A small change of the kinds that cameras, keyboards and enemies make. */
function mutate(frame: string, random: ReturnType<typeof seeded>): string {
  const at = random.nextInt(0, Math.max(0, frame.length - 1))
  const kind = random.nextInt(0, 5)
  if (kind === 0) return frame
  if (kind === 1) return frame.slice(0, at)
  if (kind === 2) return frame.slice(at)
  if (kind === 3) return frame.slice(0, at) + String.fromCharCode(random.nextInt(0, 0x2fff)) + frame.slice(at + 1)
  if (kind === 4) return frame.slice(0, at) + frame.slice(at).replace(/[0-9]/, String(random.nextInt(0, 9)))
  return frame + frame.slice(at)
}
