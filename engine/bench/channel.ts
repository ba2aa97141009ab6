/**
 * The QR channel's cost, next to the usual UR library in the same run: `node --import tsx engine/bench/channel.ts`.
 * Look at the ratios; the milliseconds are this machine's.
 */
import { UR, URDecoder, UREncoder } from '@ngraveio/bc-ur'
import { encodeBytes } from '../channel/cbor.ts'
import { makeFountain, makeFountainDecoder, makeXoshiro, transferOf } from '../channel/fountain.ts'
import type { FountainDecoder } from '../channel/fountain.ts'
import { readPng, renderPng } from '../channel/png.ts'
import { qrMatrix } from '../channel/qr.ts'
import { readFrame, writePart } from '../channel/ur.ts'
import { cpu, heading, print } from './report.ts'

const LOSS = 0.2
const random = makeXoshiro(new TextEncoder().encode('bench'))
const bytesOf = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.nextInt(0, 255))
const KB = 1000

/** The frames that arrive when one in five is lost, as many as either decoder can need. */
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
  const fragments = [100, 200, 400]
  const rows = [1, 5, 33, 100, 320].map((kilobytes) => {
    const message = encodeBytes(bytesOf(kilobytes * KB))
    const counts = fragments.flatMap((fragment) => {
      const fountain = makeFountain(message, fragment)
      return [fountain.parts, qrMatrix(writePart(fountain.part(fountain.parts))).version]
    })
    return [kilobytes, ...counts]
  })
  print('Frames of a message without loss, and their QR version', ['KB', ...fragments.flatMap((bytes) => [`${String(bytes)} B each`, 'version'])], rows)
}

function decodeTable(): void {
  cpu(() => decodeOurs(arriving(bytesOf(2 * KB), 100)))
  cpu(() => decodeTheirs(arriving(bytesOf(2 * KB), 100)))
  const rows = [5, 33, 100, 320].map((kilobytes) => {
    const frames = arriving(bytesOf(kilobytes * KB), 400)
    const [ours, oursMs] = cpu(() => decodeOurs(frames))
    const [theirs, theirsMs] = cpu(() => decodeTheirs(frames))
    return [kilobytes, ours, theirs, oursMs, theirsMs, theirsMs / oursMs]
  })
  print('Decoding fragments of 400 bytes, a fifth of the frames lost', ['KB', 'frames', 'frames, bc-ur', 'CPU ms', 'CPU ms, bc-ur', 'bc-ur/ours'], rows)
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
  print('Encoding 100 KB', ['CPU ms a frame', 'bc-ur', 'bc-ur/ours'], [[oursMs / count, theirsMs / count, theirsMs / oursMs]])
}

function imageTable(): void {
  const rows = [100, 200, 400, 1000].flatMap((fragment) =>
    [3, 6].map((scale) => {
      const fountain = makeFountain(bytesOf(20 * fragment), fragment)
      const frames = Array.from({ length: 20 }, (_, i) => writePart(fountain.part(i + 1)))
      const [images, write] = cpu(() => frames.map((frame) => renderPng(frame, { scale })))
      const [texts, read] = cpu(() => images.map((image) => readPng(image)))
      const good = texts.filter((text, i) => text === frames[i]).length
      const bytes = images.reduce((sum, image) => sum + image.length, 0) / images.length
      return [fragment, scale, bytes, write / 20, read / 20, `${String(good)}/20`]
    }),
  )
  print('Images', ['bytes a frame', 'pixels a module', 'file bytes', 'render, CPU ms', 'read, CPU ms', 'read well'], rows)
}

heading('The QR channel, next to @ngraveio/bc-ur in the same run: look at the ratios')
encodeTable()
decodeTable()
imageTable()
