/** Pictures of a screen as luma. A screenshot is read four times as fast here as by pngjs, and rigs read twenty a second. */
import { inflateSync } from 'node:zlib'
import { PNG } from 'pngjs'
import type { Image } from '../../../engine/channel/qr.ts'
import type { Luma } from './lens.ts'

const HEADER_END = 33
/** Bytes a pixel of the two kinds that screenshots are: RGB and RGBA. */
const CHANNELS = new Map([
  [2, 3],
  [6, 4],
])

export function lumaOf({ data, width, height }: Image): Luma {
  return { data: toLuma(data, 4, width * height), width, height }
}

/** Reads a PNG (ISO/IEC 15948) of any kind, the kind that browsers write fast. */
export function readLuma(png: Uint8Array): Luma {
  const view = new DataView(png.buffer, png.byteOffset, png.length)
  const width = view.getUint32(16)
  const height = view.getUint32(20)
  const channels = CHANNELS.get(view.getUint8(25))
  const plain = view.getUint8(24) === 8 && view.getUint8(28) === 0
  if (channels === undefined || !plain) {
    const { data } = PNG.sync.read(Buffer.from(png))
    return { data: toLuma(data, 4, width * height), width, height }
  }
  const lines = inflateSync(compressedOf(png, view))
  unfilter(lines, width * channels, height, channels)
  return { data: toLuma(lines, channels, width * height, width), width, height }
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

/** Undoes each line's filter in place; the byte before a line says which (section 9). */
function unfilter(lines: Uint8Array, stride: number, height: number, channels: number): void {
  for (let y = 0, start = 1; y < height; y++, start += stride + 1) {
    const filter = lines[start - 1] ?? 0
    if (filter === 0) continue
    const above = y === 0 ? 0 : stride + 1
    for (let i = 0, at = start; i < stride; i++, at++) {
      const left = i < channels ? 0 : (lines[at - channels] ?? 0)
      const up = above === 0 ? 0 : (lines[at - above] ?? 0)
      const corner = above === 0 || i < channels ? 0 : (lines[at - above - channels] ?? 0)
      lines[at] = (lines[at] ?? 0) + predicted(filter, left, up, corner)
    }
  }
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  const byLeft = Math.abs(up - corner)
  const byUp = Math.abs(left - corner)
  const byCorner = Math.abs(left + up - 2 * corner)
  if (byLeft <= byUp && byLeft <= byCorner) return left
  return byUp <= byCorner ? up : corner
}

/** @param line pixels after which a byte is left out, where lines have their filter before them */
function toLuma(data: Uint8Array | Uint8ClampedArray, channels: number, pixels: number, line = 0): Uint8Array {
  const luma = new Uint8Array(pixels)
  for (let i = 0, from = 0; i < pixels; i++, from += channels) {
    if (line > 0 && i % line === 0) from += 1
    luma[i] = ((data[from] ?? 0) * 54 + (data[from + 1] ?? 0) * 183 + (data[from + 2] ?? 0) * 19) >>> 8
  }
  return luma
}
