/** QR codes as PNG files (ISO/IEC 15948). They are written by hand at one bit a pixel, a tenth of the usual size, and read by pngjs. */
import { deflateSync } from 'node:zlib'
import { PNG } from 'pngjs'
import { MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from './carrier.ts'
import { channelError } from './errors.ts'
import { crc32 } from './fountain.ts'
import { qrMatrix, QUIET_ZONE, READ_ATTEMPTS, readQr } from './qr.ts'
import type { Image, QrMatrix } from './qr.ts'

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const HEADER_LENGTH = 13
const MAX_PALETTE = 3 * 256
const MAX_OTHER_CHUNK = 64 * 1024

export interface PngOptions {
  /** Pixels for each module, by default 4; cameras want 6 at least. */
  readonly scale?: number
  /** White modules around the code, by default 4. */
  readonly margin?: number
}

/**
 * Renders a frame as a black and white PNG.
 *
 * @throws channel.bad-characters, channel.cannot-send
 */
export function renderPng(text: string, options: PngOptions = {}): Uint8Array {
  return encodePng(qrMatrix(text), options.scale ?? 4, options.margin ?? QUIET_ZONE)
}

function encodePng({ size, modules }: QrMatrix, scale: number, margin: number): Uint8Array {
  const side = (size + 2 * margin) * scale
  const stride = 1 + Math.ceil(side / 8)
  const raw = new Uint8Array(stride * side).fill(0xff)
  for (let y = 0; y < side; y++) raw[y * stride] = 0
  for (let row = 0; row < size; row++) {
    const top = (row + margin) * scale
    const line = raw.subarray(top * stride, (top + 1) * stride)
    for (let column = 0; column < size; column++) {
      if (modules[row * size + column] !== 1) continue
      const left = (column + margin) * scale
      for (let x = left; x < left + scale; x++) line[1 + (x >>> 3)] = (line[1 + (x >>> 3)] ?? 0) & ~(0x80 >>> (x & 7))
    }
    for (let copy = 1; copy < scale; copy++) raw.set(line, (top + copy) * stride)
  }
  const header = new DataView(new ArrayBuffer(HEADER_LENGTH))
  header.setUint32(0, side)
  header.setUint32(4, side)
  header.setUint8(8, 1)
  const chunks = [chunk('IHDR', new Uint8Array(header.buffer)), chunk('IDAT', deflateSync(raw, { level: 6 })), chunk('IEND', new Uint8Array(0))]
  return new Uint8Array(Buffer.concat([Uint8Array.from(SIGNATURE), ...chunks]))
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)))
  return bytes
}

/**
 * Reads the QR code in a PNG file.
 *
 * @returns its text, or null if no code is found
 * @throws channel.bad-image for a file that is damaged, or above its bounds; they are checked before it is decoded
 */
export function readPng(bytes: Uint8Array): string | null {
  checkPng(bytes)
  const image = decodePng(bytes)
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
    const text = readQr(image, attempt)
    if (text !== null && text !== '') return text
  }
  return null
}

function decodePng(bytes: Uint8Array): Image {
  try {
    const { data, width, height } = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
    return { data: new Uint8ClampedArray(data.buffer, data.byteOffset, data.length), width, height }
  } catch (cause) {
    throw channelError('bad-image', { why: 'it is damaged' }, cause)
  }
}

/** Checks a file's chunks before pngjs reads them: it trusts every length that it reads, and inflates interlaced images without a bound. */
function checkPng(bytes: Uint8Array): void {
  const refuse = (why: string): never => {
    throw channelError('bad-image', { why })
  }
  if (bytes.length > MAX_IMAGE_BYTES) refuse(`it has more than ${MAX_IMAGE_BYTES} bytes`)
  if (bytes.length < 45 || SIGNATURE.some((byte, i) => bytes[i] !== byte)) refuse('it is not a PNG file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const typeAt = (place: number): string => String.fromCharCode(...bytes.subarray(place + 4, place + 8))
  if (view.getUint32(8) !== HEADER_LENGTH || typeAt(8) !== 'IHDR') refuse('it has no header')
  const width = view.getUint32(16)
  const height = view.getUint32(20)
  const tooLarge = width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE || width * height > MAX_IMAGE_PIXELS
  if (tooLarge || width === 0 || height === 0) refuse(`it is ${width} by ${height} pixels`)
  if (view.getUint8(24) > 8) refuse('it has more than 8 bits a channel')
  if (view.getUint8(28) !== 0) refuse('it is interlaced')
  for (let place = 8; place < bytes.length; ) {
    if (place + 12 > bytes.length) refuse('it is truncated')
    const length = view.getUint32(place)
    const type = typeAt(place)
    if (place + 12 + length > bytes.length) refuse('it is truncated')
    const limit = type === 'IDAT' ? MAX_IMAGE_BYTES : type === 'PLTE' ? MAX_PALETTE : MAX_OTHER_CHUNK
    if (length > limit) refuse(`its ${/^[A-Za-z]{4}$/.test(type) ? type : 'unnamed'} chunk is too long`)
    place += 12 + length
  }
}
