import { sign } from 'node:crypto'
import { expect } from 'chai'
import { toHex } from '../../base/bytes.ts'
import { primitives as fast, secretFromDer, secretFromJwk } from '../../crypto/fast.ts'
import { primitives as portable } from '../../crypto/portable.ts'
import { seededRandom } from './random.ts'

const random = seededRandom('primitives')

describe('native and portable primitives agree', () => {
  it('in Ed25519 keys and signatures', () => {
    for (let length = 0; length < 8; length++) {
      const [seed, text] = [random(32), random(length * 50)]
      expect(fast.ed25519PublicKey(seed)).to.deep.equal(portable.ed25519PublicKey(seed))
      expect(fast.ed25519Sign(seed, text)).to.deep.equal(portable.ed25519Sign(seed, text))
    }
  })

  it('in X25519, all-zero results refused', () => {
    for (let i = 0; i < 5; i++) {
      const [one, two] = [random(32), random(32)]
      expect(fast.x25519PublicKey(one)).to.deep.equal(portable.x25519PublicKey(one))
      const shared = fast.x25519(one, fast.x25519PublicKey(two))
      expect(shared).to.deep.equal(portable.x25519(two, portable.x25519PublicKey(one)))
    }
    const zero = new Uint8Array(32)
    expect([fast.x25519(random(32), zero), portable.x25519(random(32), zero)]).to.deep.equal([null, null])
  })

  it('in ChaCha20-Poly1305, and refuse what was altered or is too short', () => {
    for (const length of [0, 1, 32, 1000]) {
      const [key, nonce, aad, text] = [random(32), random(12), random(length), random(length)]
      const sealed = fast.chachaSeal(key, nonce, aad, text)
      expect(sealed).to.deep.equal(portable.chachaSeal(key, nonce, aad, text))
      for (const one of [fast, portable]) {
        expect(one.chachaOpen(key, nonce, aad, sealed)).to.deep.equal(text)
        for (const at of [0, sealed.length - 1]) {
          const altered = Uint8Array.from(sealed)
          altered[at]! ^= 1
          expect(one.chachaOpen(key, nonce, aad, altered)).to.equal(null)
        }
        expect(one.chachaOpen(key, nonce, random(3), sealed)).to.equal(null)
        expect(one.chachaOpen(key, nonce, aad, sealed.subarray(0, 15))).to.equal(null)
      }
    }
  })

  it('in SHA-256, of one part or many', () => {
    for (const lengths of [[], [0], [1, 63, 64, 65], [1000, 0, 3]]) {
      const parts = lengths.map((length) => random(length))
      expect(fast.sha256(parts)).to.deep.equal(portable.sha256(parts))
    }
  })

  it('in PBKDF2', () => {
    const [password, salt] = [random(150), random(16)]
    expect(fast.pbkdf2Sha512(password, salt, 20, 64)).to.deep.equal(portable.pbkdf2Sha512(password, salt, 20, 64))
  })

  it('in scrypt', () => {
    const cost = { N: 1024, r: 8, p: 1 }
    const [password, salt] = [random(32), random(16)]
    expect(fast.scrypt(password, salt, cost, 40)).to.deep.equal(portable.scrypt(password, salt, cost, 40))
  })

  it('and both ways of giving Node a secret key make the same key', () => {
    const seed = random(32)
    const text = random(100)
    const [jwk, der] = [secretFromJwk('Ed25519', seed), secretFromDer('Ed25519', seed)]
    expect(toHex(sign(null, text, jwk))).to.equal(toHex(sign(null, text, der)))
    const [one, two] = [secretFromJwk('X25519', seed), secretFromDer('X25519', seed)]
    expect(one.equals(two)).to.be.true
  })
})
