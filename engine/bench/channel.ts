/**
 * The QR channel's cost, next to the usual UR library in the same run: `node --import tsx engine/bench/channel.ts`.
 * Look at the ratios; the milliseconds are this machine's.
 */
import { UR, URDecoder, UREncoder } from '@ngraveio/bc-ur'
import { encodeBytes } from '../channel/cbor.ts'
import { makeFountainDecoder, transferOf } from '../channel/fountain-decode.ts'
import type { FountainDecoder } from '../channel/fountain-decode.ts'
import { makeFountain } from '../channel/fountain-encode.ts'
import { readPng, renderPng } from '../channel/png.ts'
import { qrMatrix } from '../channel/qr.ts'
import { readFrame, writePart } from '../channel/ur.ts'
import { makeXoshiro } from '../channel/xoshiro.ts'

const LOSS = 0.2
const random = makeXoshiro(new TextEncoder().encode('bench'))
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.nextInt(0, 255))
const KB = 1000

/** CPU milliseconds of this process. */
function cpu<T>(run: () => T): readonly [result: T, milliseconds: number] {
  const before = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(before)
  return [result, (user + system) / 1000]
}

/** The frames that arrive when one in five is lost, as many as either decoder can want. */
function arriving(message: Uint8Array, fragment: number): string[] {
  const fountain = makeFountain(message, fragment)
  const frames: string[] = []
  for (let sequence = 1; frames.length < 2.5 * fountain.parts + 40; sequence++) {
    if (random.nextDouble() >= LOSS) frames.push(writePart(fountain.part(sequence)))
  }
  return frames
}

function decodeOurs(frames: readonly string[]): number {
  let decoder: FountainDecoder | undefined
  for (const [i, text] of frames.entries()) {
    const frame = readFrame(text)
    if (frame.kind !== 'part') return i + 1
    decoder ??= makeFountainDecoder(transferOf(frame.part))
    decoder.add(frame.part)
    if (decoder.rank === decoder.id.parts) {
      decoder.message()
      return i + 1
    }
  }
  return NaN
}

function decodeTheirs(frames: readonly string[]): number {
  const decoder = new URDecoder(undefined, 'keyrite')
  for (const [i, text] of frames.entries()) {
    decoder.receivePart(text)
    if (decoder.isComplete()) return i + 1
  }
  return NaN
}

function encodeTable(): void {
  console.log('\nFrames of a message (without loss), and the QR version of a frame')
  const rows = [1, 5, 33, 100, 320].map((kilobytes) => {
    const message = encodeBytes(bytesOf(kilobytes * KB))
    const counts = [100, 200, 400].map((fragment) => {
      const fountain = makeFountain(message, fragment)
      return [`${fragment} B`, `${fountain.parts} (v${qrMatrix(writePart(fountain.part(fountain.parts))).version})`] as const
    })
    return { KB: kilobytes, ...Object.fromEntries(counts) }
  })
  console.table(rows)
}

function decodeTable(): void {
  console.log('\nDecoding in fragments of 400 bytes, a fifth of the frames lost: frames used and CPU ms')
  cpu(() => decodeOurs(arriving(bytesOf(2 * KB), 100)))
  cpu(() => decodeTheirs(arriving(bytesOf(2 * KB), 100)))
  const rows = [5, 33, 100, 320].map((kilobytes) => {
    const frames = arriving(bytesOf(kilobytes * KB), 400)
    const [ours, oursMs] = cpu(() => decodeOurs(frames))
    const [theirs, theirsMs] = cpu(() => decodeTheirs(frames))
    return { KB: kilobytes, ours, theirs, 'ours ms': round(oursMs), 'theirs ms': round(theirsMs), 'theirs/ours': round(theirsMs / oursMs) }
  })
  console.table(rows)
  const message = bytesOf(100 * KB)
  const count = 400
  const fountain = makeFountain(message, 400)
  const [, oursMs] = cpu(() => {
    for (let sequence = 1; sequence <= count; sequence++) writePart(fountain.part(sequence))
  })
  const encoder = new UREncoder(new UR(Buffer.from(message), 'keyrite'), 400)
  const [, theirsMs] = cpu(() => {
    for (let sequence = 1; sequence <= count; sequence++) encoder.nextPart()
  })
  console.log(`Encoding 100 KB, ms a frame: ours ${round(oursMs / count)}, theirs ${round(theirsMs / count)}, ratio ${round(theirsMs / oursMs)}`)
}

function imageTable(): void {
  console.log('\nImages, CPU ms a frame')
  const rows = [100, 200, 400, 1000].flatMap((fragment) =>
    [3, 6].map((scale) => {
      const fountain = makeFountain(bytesOf(20 * fragment), fragment)
      const frames = Array.from({ length: 20 }, (_, i) => writePart(fountain.part(i + 1)))
      const [images, write] = cpu(() => frames.map((frame) => renderPng(frame, { scale })))
      const [texts, read] = cpu(() => images.map((image) => readPng(image)))
      const good = texts.filter((text, i) => text === frames[i]).length
      const bytes = images.reduce((sum, image) => sum + image.length, 0) / images.length
      return { fragment, scale, 'file bytes': round(bytes), render: round(write / 20), read: round(read / 20), 'read well': `${good}/20` }
    }),
  )
  console.table(rows)
}

const round = (value: number): number => Number(value.toPrecision(3))

encodeTable()
decodeTable()
imageTable()
