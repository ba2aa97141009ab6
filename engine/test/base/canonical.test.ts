import canonicalize from 'canonicalize'
import { expect } from 'chai'
import { utf8 } from '../../base/bytes.ts'
import { canonical, canonicalBytes, parseCanonical } from '../../base/canonical.ts'
import type { Json } from '../../base/canonical.ts'
import { codeOf, seededRandom } from '../crypto/random.ts'

const oracle = canonicalize

describe('canonical JSON', () => {
  it('is that of RFC 8785’s own example', () => {
    const value = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`) as Json
    expect(canonical(value)).to.equal(String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`)
    // The appendix gives the same in bytes.
    expect(Buffer.from(canonicalBytes(value)).toString('hex').slice(0, 60)).to.equal('7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c')
  })

  it('sorts names by UTF-16 code units, as in the RFC’s section 3.2.3', () => {
    const value = { '\u20ac': 'Euro Sign', '\r': 'Carriage Return', '\ufb33': 'Hebrew Letter Dalet With Dagesh', '1': 'One', '\ud83d\ude00': 'Emoji: Grinning Face', '\u0080': 'Control', '\u00f6': 'Latin Small Letter O With Diaeresis' }
    expect(Object.values(JSON.parse(canonical(value)) as object).length).to.equal(7)
    expect([...canonical(value).matchAll(/:"([^"]+)"/g)].map(([, text]) => text)).to.deep.equal([
      'Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign', 'Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh',
    ])
  })

  it('writes numbers as in the RFC’s appendix B', () => {
    const bits = (hex: string): number => new DataView(Uint8Array.from(Buffer.from(hex, 'hex')).buffer).getFloat64(0)
    const table: [string, string][] = [
      ['0000000000000000', '0'], ['8000000000000000', '0'], ['0000000000000001', '5e-324'], ['8000000000000001', '-5e-324'],
      ['7fefffffffffffff', '1.7976931348623157e+308'], ['ffefffffffffffff', '-1.7976931348623157e+308'],
      ['4340000000000000', '9007199254740992'], ['c340000000000000', '-9007199254740992'], ['4430000000000000', '295147905179352830000'],
      ['44b52d02c7e14af5', '9.999999999999997e+22'], ['44b52d02c7e14af6', '1e+23'], ['44b52d02c7e14af7', '1.0000000000000001e+23'],
      ['444b1ae4d6e2ef4e', '999999999999999700000'], ['444b1ae4d6e2ef4f', '999999999999999900000'], ['444b1ae4d6e2ef50', '1e+21'],
      ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'], ['3eb0c6f7a0b5ed8d', '0.000001'], ['41b3de4355555553', '333333333.3333332'],
      ['41b3de4355555557', '333333333.33333343'], ['becbf647612f3696', '-0.0000033333333333333333'], ['43143ff3c1cb0959', '1424953923781206.2'],
    ]
    for (const [hex, text] of table) expect(canonical(bits(hex)), hex).to.equal(text)
    for (const hex of ['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000']) expect(codeOf(() => canonical(bits(hex)))).to.equal('wire.not-json')
  })

  it('is the oracle’s, for whatever JSON can hold', () => {
    const random = seededRandom('canonical')
    const below = (n: number): number => new DataView(random(4).buffer).getUint32(0) % n
    const character = (): string => String.fromCodePoint([below(0x20), 0x20 + below(0x60), 0x80 + below(0xd780), 0xe000 + below(0x2000), 0x10000 + below(0x100000)][below(5)] ?? 0)
    const text = (): string => Array.from({ length: below(8) }, character).join('')
    const number = (): number => {
      for (;;) {
        const one = [below(100) - 50, new DataView(random(8).buffer).getFloat64(0), below(1e9) / 1000, Number(`1e${below(40) - 20}`)][below(4)] ?? 0
        if (Number.isFinite(one)) return one
      }
    }
    const value = (depth: number): Json => {
      const kind = below(depth > 3 ? 4 : 6)
      if (kind === 0) return null
      if (kind === 1) return below(2) === 0
      if (kind === 2) return number()
      if (kind === 3) return text()
      if (kind === 4) return Array.from({ length: below(5) }, () => value(depth + 1))
      return Object.fromEntries(Array.from({ length: below(6) }, () => [text(), value(depth + 1)]))
    }
    for (let i = 0; i < 3000; i++) {
      const one = value(0)
      const written = canonical(one)
      expect(written).to.equal(oracle(one))
      expect(canonical(parseCanonical(written, 'it'))).to.equal(written)
    }
  })

  it('leaves out members that are undefined, and nothing else', () => {
    expect(canonical({ b: undefined, a: null, c: 0, d: '', e: false })).to.equal('{"a":null,"c":0,"d":"","e":false}')
  })

  it('refuses to write what JSON cannot hold', () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])
    for (const bad of [NaN, Infinity, '\ud800', 'a\udc00b', { '\ud800': 1 }, () => 1, Symbol('x'), 1n, [undefined], cyclic, deep(33), JSON.parse('{"__proto__":1}')]) {
      expect(codeOf(() => canonical(bad as Json))).to.equal('wire.not-json')
    }
    expect(canonical(deep(32) as Json)).to.have.lengthOf(65)
  })

  describe('when it is read', () => {
    const refused: [string, string][] = [
      ['nothing', ''], ['half a value', '{"a":'], ['a value and more', '{"a":1}x'], ['two values', '1 2'],
      ['a name twice', '{"a":1,"a":2}'], ['a name twice with one value', '{"a":1,"a":1}'], ['a name twice in two spellings', String.raw`{"a":1,"\u0061":1}`],
      ['__proto__', '{"__proto__":{"admin":true}}'], ['__proto__ further in', '{"a":[{"__proto__":null}]}'], ['__proto__ in another spelling', String.raw`{"\u005f_proto__":1}`],
      ['a space', '{"a": 1}'], ['a space before', ' {"a":1}'], ['a line end', '{"a":1}\n'], ['a byte order mark', '\ufeff{"a":1}'],
      ['names out of order', '{"b":1,"a":2}'], ['a fraction that is none', '1.0'], ['an exponent', '1e2'], ['a plus', '1e30'], ['a capital E', '1E+30'],
      ['minus zero', '-0'], ['a leading zero', '01'], ['too many digits', '0.10000000000000000001'], ['a number too great', '1e999'],
      ['a needless escape', String.raw`"\u0041"`], ['an escaped slash', String.raw`"\/"`], ['a capital escape', String.raw`"\u000F"`], ['a long escape', String.raw`"\u000a"`],
      ['a lone surrogate', String.raw`"\ud800"`], ['a raw lone surrogate', '"\ud800"'], ['a raw control character', '"\u0001"'],
      ['a comment', '{"a":1/**/}'], ['a last comma', '[1,]'], ['NaN', 'NaN'], ['single quotes', "{'a':1}"], ['too deep', '['.repeat(34) + ']'.repeat(34)],
      ['very deep', '['.repeat(100_000) + ']'.repeat(100_000)],
    ]
    for (const [what, text] of refused) {
      it(`refuses ${what}`, () => {
        expect(codeOf(() => parseCanonical(text, 'It'))).to.equal('wire.not-canonical')
      })
    }

    it('takes what is canonical, with names that objects inherit', () => {
      const text = '{"constructor":1,"hasOwnProperty":2,"toString":3}'
      expect(canonical(parseCanonical(text, 'It'))).to.equal(text)
    })

    it('says what it was that was refused', () => {
      expect(() => parseCanonical('[1, 2]', 'A message')).to.throw('A message is refused: it is JSON, but not in its RFC 8785 form')
    })
  })

  it('is UTF-8 in bytes', () => {
    expect(Buffer.from(utf8('€😀')).toString('hex')).to.equal('e282acf09f9880')
  })
})
