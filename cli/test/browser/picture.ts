/**
 * Pictures of a screen as luma. To read a screenshot takes half the time of pngjs here, and a rig reads twenty a
 * second.
 */
import { inflateSync } from 'node:zlib'
import { PNG } from 'pngjs'
import type { Image } from '../../../engine/channel/qr.ts'
import type { Luma } from './lens.ts'

const HEADER_END = 33
/** Bytes a pixel of the two kinds of screenshots: RGB and RGBA. */
const CHANNELS = new Map([
  [2, 3],
  [6, 4],
])

export function lumaOf({ data, width, height }: Image): Luma {
  return { data: toLuma(data, 4, width, height), width, height }
}

/** Reads a PNG (ISO/IEC 15948) of any kind; the kind that browsers write is read fast. */
export function readLuma(png: Uint8Array): Luma {
  const view = new DataView(png.buffer, png.byteOffset, png.length)
  const width = view.getUint32(16)
  const height = view.getUint32(20)
  const channels = CHANNELS.get(view.getUint8(25))
  const plain = view.getUint8(24) === 8 && view.getUint8(28) === 0
  if (channels === undefined || !plain) {
    const { data } = PNG.sync.read(Buffer.from(png))
    return { data: toLuma(data, 4, width, height), width, height }
  }
  const lines = inflateSync(compressedOf(png, view))
  unfilter(lines, width * channels, height, channels)
  return { data: toLuma(lines, channels, width, height, 1), width, height }
}

function compressedOf(png: Uint8Array, view: DataView): Buffer {
  const chunks: Uint8Array[] = []
  for (let place = HEADER_END; place < png.length; ) {
    const length = view.getUint32(place)
    if (view.getUint32(place + 4) === 0x49444154) chunks.push(png.subarray(place + 8, place + 8 + length))
    place += 12 + length
  }
  return Buffer.concat(chunks)
}

/** Undoes each line's filter in place. The byte before a line names the filter (section 9). */
function unfilter(lines: Uint8Array, stride: number, height: number, channels: number): void {
  let above: Uint8Array = new Uint8Array(stride)
  for (let y = 0, start = 0; y < height; y++, start += stride + 1) {
    const line = lines.subarray(start + 1, start + 1 + stride)
    FILTERS[lines[start] ?? 0]?.(line, above, channels)
    above = line
  }
}

/** None, Sub, Up, Average, Paeth. Browsers that write fast use one or two of them. */
const FILTERS: readonly ((line: Uint8Array, above: Uint8Array, channels: number) => void)[] = [
  () => undefined,
  (line, _above, channels) => {
    for (let i = channels; i < line.length; i++) line[i] = (line[i] ?? 0) + (line[i - channels] ?? 0)
  },
  (line, above) => {
    for (let i = 0; i < line.length; i++) line[i] = (line[i] ?? 0) + (above[i] ?? 0)
  },
  (line, above, channels) => {
    for (let i = 0; i < line.length; i++) line[i] = (line[i] ?? 0) + (((line[i - channels] ?? 0) + (above[i] ?? 0)) >> 1)
  },
  (line, above, channels) => {
    for (let i = 0; i < line.length; i++) {
      line[i] = (line[i] ?? 0) + paeth(line[i - channels] ?? 0, above[i] ?? 0, above[i - channels] ?? 0)
    }
  },
]

function paeth(left: number, up: number, corner: number): number {
  const byLeft = Math.abs(up - corner)
  const byUp = Math.abs(left - corner)
  const byCorner = Math.abs(left + up - 2 * corner)
  if (byLeft <= byUp && byLeft <= byCorner) return left
  return byUp <= byCorner ? up : corner
}

/** @param skip bytes before each line */
function toLuma(data: Uint8Array | Uint8ClampedArray, channels: number, width: number, height: number, skip = 0): Uint8Array {
  const luma = new Uint8Array(width * height)
  for (let y = 0, from = 0, to = 0; y < height; y++) {
    from += skip
    for (let x = 0; x < width; x++, from += channels) {
      luma[to++] = ((data[from] ?? 0) * 54 + (data[from + 1] ?? 0) * 183 + (data[from + 2] ?? 0) * 19) >>> 8
    }
  }
  return luma
}
