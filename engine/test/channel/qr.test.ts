import { deflateSync } from 'node:zlib'
import { expect } from 'chai'
import { PNG } from 'pngjs'
import { crc32, makeFountain } from '../../channel/fountain.ts'
import { readPng, renderPng } from '../../channel/png.ts'
import { fragmentFor, qrMatrix, READ_ATTEMPTS, readQr, sizeOfVersion, versionFor } from '../../channel/qr.ts'
import type { Image } from '../../channel/qr.ts'
import { writePart } from '../../channel/ur.ts'
import { codeOf, randomBytes, randomText, seeded } from './helpers.ts'
import { paint, spoil } from './images.ts'

/** A late frame of a message of ten parts with exactly `fragment` bytes each. */
const frameOf = (fragment: number): string => writePart(makeFountain(randomBytes(10 * fragment, 'qr'), fragment).part(300))

describe('a QR code', () => {
  it('of a fragment of 100, 200 and 400 bytes is of version 8, 11 and 17', () => {
    expect([100, 200, 400].map((fragment) => qrMatrix(frameOf(fragment)).version)).deep.equal([8, 11, 17])
  })

  it('is never of version 23, which jsQR cannot read, and at every length takes the next that holds it', () => {
    const text = 'A'.repeat(1800)
    expect(versionFor(1460)).equal(22)
    expect(versionFor(1461)).equal(24)
    expect(versionFor(1704)).equal(24)
    expect(qrMatrix(text.slice(0, 1600)).version).equal(24)
    expect(versionFor(4297)).equal(undefined)
  })

  it('of each version at its full length is read by jsQR', () => {
    const letters = randomText(9000, 'full').replaceAll(/[^A-Z]/g, '').repeat(3)
    for (const version of [1, 2, 6, 7, 9, 10, 22, 24, 26, 27, 33, 40]) {
      const text = letters.slice(0, capacityOf(version))
      const matrix = qrMatrix(text)
      expect(matrix.version).equal(version)
      expect(matrix.size).equal(sizeOfVersion(version))
      expect(readQr(paint(matrix, 2))).equal(text)
    }
  })

  it('holds the fragment that is said to fit its version, up to frame 99 999', () => {
    for (const version of [4, 6, 11, 17, 22, 24, 30]) {
      const fragment = fragmentFor(version)
      const frame = `UR:KEYRITE/99999-4096/${'A'.repeat(2 * (fragment + 24))}`
      expect(versionFor(frame.length)).equal(version)
    }
  })

  it('of other characters than the alphanumeric ones is refused', () => {
    expect(codeOf(() => qrMatrix('ur:keyrite'))).equal('channel.bad-characters')
    expect(codeOf(() => qrMatrix('A'.repeat(4297)))).equal('channel.cannot-send')
    expect(codeOf(() => qrMatrix(''))).equal('channel.cannot-send')
  })
})

describe('reading QR codes', () => {
  for (const fragment of [100, 200, 400]) {
    it(`as PNG, ${fragment} bytes a fragment, at several scales`, () => {
      const frame = frameOf(fragment)
      for (const scale of [1, 2, 3, 6]) expect(readPng(renderPng(frame, { scale }))).equal(frame)
    })

    it(`with blur and noise, ${fragment} bytes a fragment, by one of the filters`, () => {
      const random = seeded(`camera ${fragment}`)
      const frame = frameOf(fragment)
      for (const faults of [{ blur: 1, noise: 10 }, { blur: 2, noise: 15 }, { blur: 0, noise: 30 }, { blur: 1, noise: 40 }]) {
        const image = spoil(paint(qrMatrix(frame), 6), random, faults)
        const found = Array.from({ length: READ_ATTEMPTS }, (_, attempt) => readQr(image, attempt))
        expect(found, JSON.stringify(faults)).include(frame)
      }
    })
  }

  it('each filter reads what hides a code from the raw image', () => {
    const noisy = (noise: number, blur: number, scale: number) =>
      spoil(paint(qrMatrix(frameOf(200)), scale), seeded(`noise ${noise}`), { blur, noise })
    const reads = (image: Image) => Array.from({ length: READ_ATTEMPTS }, (_, attempt) => readQr(image, attempt) === frameOf(200))
    expect(reads(noisy(80, 2, 6)).slice(0, 2)).deep.equal([false, true])
    expect(reads(noisy(70, 0, 4))).deep.equal([false, false, true])
  })

  it('an image without a code gives null, of any size and content', () => {
    const random = seeded('nothing')
    for (const [width, height] of [[0, 0], [1, 1], [20, 20], [21, 21], [40, 300], [200, 150]] as const) {
      const data = Uint8ClampedArray.from({ length: 4 * width * height }, () => random.nextInt(0, 255))
      for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) expect(readQr({ data, width, height }, attempt)).equal(null)
    }
    expect(readQr({ data: new Uint8ClampedArray(5), width: 100, height: 100 })).equal(null)
  })
})

describe('PNG files', () => {
  it('are small, and what pngjs reads from them is the code with its quiet zone', () => {
    const matrix = qrMatrix(frameOf(400))
    const png = renderPng(frameOf(400), { scale: 4, margin: 4 })
    expect(png.length).below(3000)
    const image = PNG.sync.read(Buffer.from(png))
    expect(Buffer.from(image.data).equals(Buffer.from(paint(matrix, 4).data))).equal(true)
  })

  it('of other colour types are read as well', () => {
    const image = paint(qrMatrix(frameOf(100)), 4)
    const png = new PNG({ width: image.width, height: image.height })
    png.data = Buffer.from(image.data)
    for (const colorType of [0, 2, 6] as const) expect(readPng(PNG.sync.write(png, { colorType }))).equal(frameOf(100))
  })

  const good = renderPng(frameOf(100))
  const changed = (place: number, bytes: readonly number[]): Uint8Array => {
    const copy = Uint8Array.from(good)
    copy.set(bytes, place)
    new DataView(copy.buffer).setUint32(29, crc32(copy.subarray(12, 29)))
    return copy
  }
  const withChunk = (type: string, data: Uint8Array): Uint8Array => {
    const chunk = Buffer.alloc(12 + data.length)
    chunk.writeUInt32BE(data.length, 0)
    chunk.write(type, 4, 'latin1')
    chunk.set(data, 8)
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length)
    return Buffer.concat([good.subarray(0, 33), chunk, good.subarray(33)])
  }
  const cases: readonly (readonly [name: string, bytes: Uint8Array, why: string])[] = [
    ['nothing in it', new Uint8Array(0), 'it is not a PNG file'],
    ['text in it', new TextEncoder().encode('x'.repeat(100)), 'it is not a PNG file'],
    ['a width of four milliards', changed(16, [0xff, 0xff, 0xff, 0xff]), 'pixels'],
    ['4096 by 4096 pixels', changed(16, [0, 0, 0x10, 0, 0, 0, 0x10, 0]), 'pixels'],
    ['no width', changed(16, [0, 0, 0, 0]), 'pixels'],
    ['16 bits a channel', changed(24, [16]), '8 bits'],
    ['interlacing', changed(28, [1]), 'interlaced'],
    ['its end missing', good.subarray(0, good.length - 5), 'truncated'],
    ['half of it missing', good.subarray(0, good.length / 2), 'truncated'],
    ['a palette of a megabyte', withChunk('PLTE', new Uint8Array(1 << 20)), 'too long'],
    ['a comment of a megabyte', withChunk('tEXt', new Uint8Array(1 << 20)), 'too long'],
    ['a wrong byte in its data', Uint8Array.from(good, (byte, i) => (i === 60 ? byte ^ 1 : byte)), 'damaged'],
    ['less data than it has pixels', changed(16, [0, 0, 8, 0, 0, 0, 8, 0]), 'damaged'],
    ['17 MiB', new Uint8Array(17 * 1024 * 1024), 'bytes'],
  ]
  for (const [name, bytes, why] of cases) {
    it(`with ${name} are refused before they are decoded or while`, () => {
      expect(() => readPng(bytes)).throw(why).with.property('code', 'channel.bad-image')
    })
  }

  it('that claim few pixels and inflate to 64 MiB are given up at their pixels', () => {
    const bomb = deflateSync(new Uint8Array(64 * 1024 * 1024))
    const side = Buffer.from(good.subarray(0, 33))
    const chunk = Buffer.alloc(12 + bomb.length)
    chunk.writeUInt32BE(bomb.length, 0)
    chunk.write('IDAT', 4, 'latin1')
    chunk.set(bomb, 8)
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + bomb.length)), 8 + bomb.length)
    const before = process.memoryUsage().arrayBuffers
    const bytes = Buffer.concat([side, chunk, good.subarray(-12)])
    expect(codeOf(() => readPng(bytes))).equal('channel.bad-image')
    expect(process.memoryUsage().arrayBuffers - before).below(16 * 1024 * 1024)
  })

  it('survive any single changed byte without another error than their own', () => {
    const random = seeded('bytes')
    for (let round = 0; round < 150; round++) {
      const copy = Uint8Array.from(good)
      copy[random.nextInt(0, copy.length - 1)] = random.nextInt(0, 255)
      expect(['channel.bad-image', 'nothing was thrown']).include(codeOf(() => readPng(copy)))
    }
  })
})

/** The most characters of a version, found by trying. */
function capacityOf(version: number): number {
  let characters = 1
  while ((versionFor(characters + 1) ?? 41) <= version) characters += 1
  return characters
}
