import { expect } from 'chai'
import { ceremonyNumber } from '../../crypto/number.ts'
import { codeOf } from './random.ts'

describe('the ceremony number', () => {
  // Made with Python's hashlib.scrypt.
  const VECTORS = {
    ['00'.repeat(32)]: '19411 50794 05827 40885 00860 80403 86174 49211',
    '62e861d7713aa8c190919f7de60768a17048752ae9f17e52ca26b088cb1ad3c6': '43686 69538 30078 19212 97699 59395 01234 95947',
  }
  for (const [id, number] of Object.entries(VECTORS)) {
    it(`of ${id.slice(0, 8)}… is the first 132 bits of scrypt in eight groups of five digits`, () => {
      expect(ceremonyNumber(id)).to.equal(number)
    })
  }

  it('is of a ceremony id only', () => {
    expect(codeOf(() => ceremonyNumber('00'))).to.equal('bytes.not-hex')
  })
})
