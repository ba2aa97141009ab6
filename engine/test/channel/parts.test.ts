import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { MAX_TEXT, MAX_WHOLE } from '../../wire/limits.ts'
import { pack, packedSize } from '../../channel/payload.ts'
import { Assembly, cutInParts, firstMissing, wholeHash } from '../../channel/parts.ts'
import { checkPartRequest } from '../../wire/exchange.ts'
import type { Part } from '../../wire/exchange.ts'
import { codeOf, randomText, seeded, shuffle } from './helpers.ts'

const seal = (part: Part): string => part.count === 1 ? part.text : sealEnvelope({ kind: 'request', ceremony: 'ab'.repeat(32), step: 'Deal', body: { ask: 'part', ...part } })
const LIMIT = 4000

describe('a text in parts', () => {
  it('is one part as long as its packed form fits, and then no longer', () => {
    const text = randomText(LIMIT - 200, 'fits')
    expect(packedSize(text)).to.equal(pack(text).length).and.be.below(LIMIT)
    expect(cutInParts(text, LIMIT, seal)).to.deep.equal([{ whole: wholeHash(text), index: 1, count: 1, length: text.length, text }])
    expect(cutInParts(text, packedSize(text), seal)).to.have.length(1)
    expect(cutInParts(text, packedSize(text) - 1, seal).length).to.be.above(1)
  })

  it('has parts of one length, each of which fits, and that are the text again in any order', () => {
    const text = randomText(50_000, 'many')
    const parts = cutInParts(text, LIMIT, seal)
    expect(parts.length).to.be.within(20, 40)
    for (const part of parts) {
      expect(pack(seal(part)).length).to.be.at.most(LIMIT)
      expect(part.text.length - Math.floor(text.length / parts.length)).to.be.within(0, 1)
      expect(checkPartRequest(openEnvelope(seal(part)).body, 'A part')).to.include({ ...part })
    }
    const assembly = new Assembly(parts[0]!)
    for (const [i, part] of shuffle(parts, seeded('order')).entries()) {
      expect(assembly.isComplete).to.equal(false)
      expect(assembly.add(part)).to.equal(true)
      expect(assembly.add(part), 'once more').to.equal(false)
      expect(assembly.held).to.have.length(i + 1)
    }
    expect(assembly.join()).to.equal(text)
  })

  it('cuts no character in two, and counts bytes', () => {
    const random = seeded('characters')
    const text = Array.from({ length: 3000 }, () => `${String.fromCodePoint(0x1f300 + random.nextInt(0, 255))}é`).join('')
    const parts = cutInParts(text, 900, seal)
    expect(parts.length).to.be.above(1)
    for (const part of parts) expect(part.text.isWellFormed()).to.equal(true)
    expect(parts[0]?.length).to.equal(6 * 3000)
    const assembly = new Assembly(parts[0]!)
    for (const part of parts) assembly.add(part)
    expect(assembly.join()).to.equal(text)
  })

  it('that deflates to almost nothing is cut all the same where one transfer could not hold it', () => {
    const text = 'ab'.repeat(MAX_WHOLE / 2)
    const parts = cutInParts(text, 256 * 1024, seal)
    expect(parts.length).to.be.above(3)
    for (const part of parts) expect(seal(part).length).to.be.below(MAX_TEXT)
    expect(codeOf(() => cutInParts(`${text}x`, 256 * 1024, seal))).to.equal('channel.too-long')
  }).timeout(20_000)

  it('is refused where parts cannot be as short as wanted', () => {
    expect(codeOf(() => cutInParts(randomText(5000, 'tiny'), 100, seal))).to.equal('channel.cannot-send')
  })

  it('holds no more than it names, whatever parts claim', () => {
    const of = (index: number, text: string): Part => ({ whole: 'ab'.repeat(32), index, count: 3, length: 10, text })
    const assembly = new Assembly(of(1, ''))
    expect(codeOf(() => assembly.add(of(4, 'x')))).to.equal('channel.bad-part')
    expect(codeOf(() => assembly.add(of(1, 'x'.repeat(9))))).to.equal('channel.bad-part')
    expect(assembly.held).to.deep.equal([])
    assembly.add(of(1, 'x'.repeat(8)))
    expect(codeOf(() => assembly.add(of(2, 'xx')))).to.equal('channel.bad-part')
    assembly.add(of(2, 'x'))
    assembly.add(of(3, 'x'))
    expect(codeOf(() => assembly.join())).to.equal('channel.wrong-whole')
  })

  it('tells parts of another whole, or cut in another way, from its own', () => {
    const [part] = cutInParts(randomText(9000, 'own'), LIMIT, seal)
    const assembly = new Assembly(part!)
    expect(assembly.isOf(part!)).to.equal(true)
    for (const other of [{ whole: 'cd'.repeat(32) }, { count: 77 }, { length: 1 }]) expect(assembly.isOf({ ...part!, ...other })).to.equal(false)
  })

  it('names the first part that is missing', () => {
    expect([firstMissing([], 3), firstMissing([1, 3], 3), firstMissing([3, 2, 1], 3)]).to.deep.equal([1, 2, undefined])
  })

  for (const [what, change] of Object.entries({
    'a million parts': { count: 1_000_000 }, 'no part': { count: 0 }, 'index 0': { index: 0 }, 'half an index': { index: 1.5 },
    'more than crosses at all': { length: MAX_WHOLE + 1 }, 'a negative length': { length: -1 }, 'an empty slice': { text: '' },
    'no digest': { whole: 'AB'.repeat(32) }, 'something else': { more: 1 },
  })) {
    it(`with ${what} is malformed`, () => {
      const body = { ask: 'part', whole: 'ab'.repeat(32), index: 1, count: 2, length: 10, text: 'hello', ...change }
      expect(codeOf(() => checkPartRequest(body, 'A part'))).to.equal('wire.malformed')
    })
  }
})
