/** The ceremony number, which people read to one another before they take part. */
import { toBigInt } from './bls.ts'
import { fromHex, utf8 } from '../base/bytes.ts'
import { PREFIX } from './hash.ts'
import { primitives } from './fast.ts'

const BITS = 132
const COST = { N: 2 ** 15, r: 8, p: 1 }

/**
 * The first 132 bits of scrypt(id, "keyrite/2/number", N = 2¹⁵, r = 8, p = 1) as 40 decimal digits in eight groups of
 * five. It is digits, so that nobody takes it for a mnemonic. It is long and slow, against a search for two openings with
 * one number: some 50 ms and 32 MB.
 *
 * @param id the ceremony id, 64 hex digits
 * @throws bytes.not-hex
 */
export function ceremonyNumber(id: string): string {
  const hash = primitives.scrypt(fromHex(id, 32, 'The ceremony id'), utf8(`${PREFIX}number`), COST, 17)
  const digits = (toBigInt(hash) >> BigInt(8 * 17 - BITS)).toString().padStart(40, '0')
  return (digits.match(/.{5}/g) ?? []).join(' ')
}
