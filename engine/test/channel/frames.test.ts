import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { crc32 } from '../../channel/fountain.ts'
import { makeMessageReceiver, sendMessage } from '../../channel/frames.ts'
import { pack } from '../../channel/payload.ts'
import { findQr, qrMatrix, READ_ATTEMPTS } from '../../channel/qr.ts'
import { makeSending } from '../../channel/transfer.ts'
import { randomBytes } from './helpers.ts'

describe('a message as frames, whatever it says', () => {
  it('gives the same frames as the text that it packs', () => {
    const text = 'a text of some length, '.repeat(200)
    const a = makeSending(text, { fragment: 10 }).frames()
    const b = sendMessage(pack(text), { fragment: 10 }).frames()
    for (let i = 0; i < 20; i++) expect(b.next().value).equal(a.next().value)
  })

  it('comes back as the bytes that went, also when nothing can unpack them, and the same array each time', () => {
    const message = randomBytes(3000, 'no text')
    const sending = sendMessage(message, { fragment: 200 })
    expect(sending.checksum).equal(crc32(message))
    const receiver = makeMessageReceiver()
    const frames = sending.frames()
    const results = Array.from({ length: 17 }, () => receiver.receive(frames.next().value))
    const [first, second] = results.slice(-2)
    if (first?.state !== 'complete' || second?.state !== 'complete') throw new Error('not complete')
    expect(Buffer.from(first.message)).deep.equal(Buffer.from(message))
    expect(second.message).equal(first.message)
  })

  it('needs nothing of Node, so that a page can do it', () => {
    const source = readFileSync(new URL('../../channel/frames.ts', import.meta.url), 'utf8')
    expect(source).not.match(/from 'node:|payload/)
  })
})

describe('a code in an image', () => {
  it('is found with the box around it, by every filter', () => {
    const { size, modules } = qrMatrix('KEYRITE BOX')
    const [px, left, top, width, height] = [6, 120, 40, 400, 260]
    const data = new Uint8ClampedArray(4 * width * height).fill(255)
    for (let y = 0; y < size * px; y++) {
      for (let x = 0; x < size * px; x++) {
        if (modules[Math.floor(y / px) * size + Math.floor(x / px)] === 1) data.fill(0, 4 * ((top + y) * width + left + x), 4 * ((top + y) * width + left + x) + 3)
      }
    }
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const found = findQr({ data, width, height }, attempt)
      expect(found?.text).equal('KEYRITE BOX')
      expect(found?.left).closeTo(left, 6)
      expect(found?.top).closeTo(top, 6)
      expect(found?.right).closeTo(left + size * px, 6)
      expect(found?.bottom).closeTo(top + size * px, 6)
    }
  })
})
