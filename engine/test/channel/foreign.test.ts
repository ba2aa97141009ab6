import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import { makeSending } from '../../channel/transfer.ts'
import { isForeign, readFrame } from '../../channel/ur.ts'

/** What is said of a code that is no frame. */
function told(text: string): string {
  try {
    readFrame(text)
    return 'it is a frame'
  } catch (error) {
    if (!isKeyriteError(error)) throw error
    return `${error.code} ${error.message} ${error.todo}`
  }
}

describe('a code of something else', () => {
  const cases: readonly (readonly [text: string, kind: string])[] = [
    ['https://example.org/menu', 'a web address'], ['HTTPS://YOUR:SECRET@EXAMPLE.ORG', 'a web address'], ['WIFI:S:cafe;T:WPA;P:secret;;', 'a Wi-Fi log-in'],
    ['otpauth://totp/x?secret=secret', 'the second factor of a log-in'], ['bitcoin:secret', 'a request for a payment'], ['BEGIN:VCARD', 'a contact'],
    ['4006381333931', 'some other text'], [`https://example.org/${'secret'.repeat(20_000)}`, 'a web address'],
  ]
  for (const [text, kind] of cases) {
    it(`is called foreign, and nothing of it is repeated: ${kind}`, () => {
      expect(isForeign(text)).to.equal(true)
      expect(told(text)).to.include(`none of keyrite’s: it is ${kind}`).and.match(/^channel\.foreign .*Read the codes that keyrite shows/).and.not.match(/secret/i)
    })
  }

  it('is called foreign where it is a wallet’s', () => {
    expect(isForeign('UR:CRYPTO-PSBT/1-2/AEAE')).to.equal(true)
    expect(told('UR:CRYPTO-PSBT/1-2/AEAE')).to.match(/^channel\.wrong-type .*none of keyrite’s: it is a UR of type "crypto-psbt", such as a wallet shows/)
  })

  it('is none of keyrite’s own, whole, damaged or of another case', () => {
    const frame = makeSending('"text"', { fragment: 100 }).frames().next().value
    for (const text of [frame, frame.toLowerCase(), frame.slice(0, -9), 'ur:keyrite/']) expect([isForeign(text), told(text).includes('none of keyrite')], text).to.deep.equal([false, false])
    expect(told('KEYRITE-READS/00000000/1-2/1.0')).to.match(/^channel\.not-a-frame .*how far the other machine has read/)
  })
})
