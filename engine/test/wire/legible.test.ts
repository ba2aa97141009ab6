import { expect } from 'chai'
import { legibleText } from '../../wire/legible.ts'

describe('a text that somebody consents to', () => {
  it('is as it is where all of it is seen', () => {
    for (const text of ['', 'Pay 3 ETH to Bob.', 'Größe, 値段, שלום, e\u0301', 'two\nlines', '  indented']) expect(legibleText(text)).to.equal(text)
  })

  it('has written out whatever is not seen, or turns the direction of reading', () => {
    expect(legibleText('a\u200bb')).to.equal('a<U+200B>b')
    expect(legibleText('\u202eabc\u0007\t')).to.equal('<U+202E>abc<U+0007><U+0009>')
    expect(legibleText('\u3164\u2800\u00a0\u2003\ufeff\u{e0041}\ue000')).to.equal('<U+3164><U+2800><U+00A0><U+2003><U+FEFF><U+E0041><U+E000>')
  })

  it('lets one mark stand on a letter, and no heap of them', () => {
    expect(legibleText('e\u0301\u0301\u0301')).to.equal('e\u0301<U+0301><U+0301>')
    expect(legibleText('\u0301')).to.equal('<U+0301>')
  })

  it('never gives the same for two texts of which one has something hidden', () => {
    const plain = 'pay bob'
    for (let point = 0; point < 0x11_0000; point += 1) {
      if (point === 10 || (point >= 0xd800 && point < 0xe000)) continue
      const hidden = legibleText(`pay${String.fromCodePoint(point)} bob`)
      if (hidden === plain) expect.fail(`U+${point.toString(16)} is not seen`)
    }
  })
})
