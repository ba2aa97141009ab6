import { AeadId, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import type { AeadInterface } from '@hpke/core'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { numberToBytesLE } from '@noble/curves/utils.js'
import { expect } from 'chai'
import { concat, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { HPKE_OVERHEAD, checkX25519Key, hpkeOpen, hpkeReopen, hpkeSeal } from '../../crypto/hpke.ts'
import { primitives } from '../../crypto/fast.ts'
import { codeOf, seededRandom } from './random.ts'

// RFC 9180 A.2.1: base mode, sequence number 0.
const RFC = {
  info: fromHex('4f6465206f6e2061204772656369616e2055726e'),
  ephemeral: fromHex('f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600'),
  recipient: fromHex('4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a'),
  secretKey: fromHex('8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb'),
  plaintext: fromHex('4265617574792069732074727574682c20747275746820626561757479'),
  aad: fromHex('436f756e742d30'),
  enc: '1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a',
  ct: '1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28',
}

// @hpke/core brings AES only, so noble's AEAD is plugged into it.
const bytesOf = (data: ArrayBufferLike | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data)
const chacha: AeadInterface = {
  id: AeadId.Chacha20Poly1305,
  keySize: 32,
  nonceSize: 12,
  tagSize: 16,
  createEncryptionContext: (key) => ({
    seal: (iv, data, aad) => Promise.resolve(new Uint8Array(chacha20poly1305(bytesOf(key), bytesOf(iv), bytesOf(aad)).encrypt(bytesOf(data))).buffer),
    open: (iv, data, aad) => Promise.resolve(new Uint8Array(chacha20poly1305(bytesOf(key), bytesOf(iv), bytesOf(aad)).decrypt(bytesOf(data))).buffer),
  }),
}
const oracle = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: chacha })
const buffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

const random = seededRandom('hpke')

describe('HPKE', () => {
  it('seals and opens as RFC 9180 A.2.1 says', () => {
    const sealed = hpkeSeal(RFC)
    expect(toHex(sealed)).to.equal(RFC.enc + RFC.ct)
    expect(sealed).to.have.length(RFC.plaintext.length + HPKE_OVERHEAD)
    expect(hpkeOpen({ ...RFC, sealed })).to.deep.equal(RFC.plaintext)
  })

  it('seals what another implementation opens, and opens what it sealed', async () => {
    for (let i = 0; i < 4; i++) {
      const secretKey = random(32)
      const recipient = primitives.x25519PublicKey(secretKey)
      const [info, aad, plaintext] = [random(9 * i), random(20 * i), random(32 * i)]
      const recipientKey = await oracle.kem.importKey('raw', buffer(secretKey), false)
      const ours = hpkeSeal({ recipient, info, aad, plaintext, ephemeral: random(32) })
      const receiver = await oracle.createRecipientContext({ recipientKey, info: buffer(info), enc: buffer(ours.subarray(0, 32)) })
      expect(new Uint8Array(await receiver.open(buffer(ours.subarray(32)), buffer(aad)))).to.deep.equal(plaintext)
      const recipientPublicKey = await oracle.kem.importKey('raw', buffer(recipient), true)
      const theirs = await oracle.seal({ recipientPublicKey, info: buffer(info) }, buffer(plaintext), buffer(aad))
      const sealed = concat(new Uint8Array(theirs.enc), new Uint8Array(theirs.ct))
      expect(hpkeOpen({ secretKey, info, aad, sealed })).to.deep.equal(plaintext)
    }
  })

  it('opens nothing that was altered, cut, or sealed for another key, info or aad', () => {
    const sealed = hpkeSeal(RFC)
    for (let at = 0; at < sealed.length; at++) {
      const altered = Uint8Array.from(sealed)
      altered[at]! ^= 1
      expect(hpkeOpen({ ...RFC, sealed: altered }), `byte ${at}`).to.equal(null)
    }
    for (const length of [0, 31, 32, 47, 48, sealed.length - 1]) {
      expect(hpkeOpen({ ...RFC, sealed: sealed.subarray(0, length) })).to.equal(null)
    }
    expect(hpkeOpen({ ...RFC, sealed, secretKey: random(32) })).to.equal(null)
    expect(hpkeOpen({ ...RFC, sealed, info: utf8('other') })).to.equal(null)
    expect(hpkeOpen({ ...RFC, sealed, aad: utf8('Count-1') })).to.equal(null)
    expect(hpkeOpen({ ...RFC, sealed: concat(new Uint8Array(32), sealed.subarray(32)) })).to.equal(null)
  })

  it('opens with the sender\'s ephemeral key as with the receiver\'s own, and with no other', () => {
    const sealed = hpkeSeal(RFC)
    expect(hpkeReopen({ ...RFC, sealed })).to.deep.equal(RFC.plaintext)
    for (let at = 0; at < sealed.length; at++) {
      const altered = Uint8Array.from(sealed)
      altered[at]! ^= 1
      expect(hpkeReopen({ ...RFC, sealed: altered }), `byte ${at}`).to.equal(null)
    }
    // This is a second spelling of the same point. The receiver may open it, but no honest seal spells it so.
    const topBit = Uint8Array.from(sealed, (byte, i) => (i === 31 ? byte | 0x80 : byte))
    expect(hpkeReopen({ ...RFC, sealed: topBit })).to.equal(null)
    expect(hpkeReopen({ ...RFC, sealed, ephemeral: random(32) })).to.equal(null)
    expect(hpkeReopen({ ...RFC, sealed, recipient: primitives.x25519PublicKey(random(32)) })).to.equal(null)
    expect(hpkeReopen({ ...RFC, sealed, recipient: new Uint8Array(32) })).to.equal(null)
    expect(hpkeReopen({ ...RFC, sealed, info: utf8('other') })).to.equal(null)
    expect(hpkeReopen({ ...RFC, sealed, aad: utf8('other') })).to.equal(null)
    for (const length of [0, 32, 47]) expect(hpkeReopen({ ...RFC, sealed: sealed.subarray(0, length) })).to.equal(null)
  })

  it('seals nothing to a key of low order', () => {
    expect(codeOf(() => hpkeSeal({ ...RFC, recipient: new Uint8Array(32) }))).to.equal('crypto.bad-key')
  })
})

describe('encryption keys', () => {
  const P = 2n ** 255n - 19n
  // The u-coordinates of low order on Curve25519 and its twist, below p.
  const LOW_ORDER = [
    0n, 1n, P - 1n,
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  ]

  it('are taken when canonical and not of low order', () => {
    for (let i = 0; i < 8; i++) expect(checkX25519Key(primitives.x25519PublicKey(random(32)))).to.equal(null)
    expect(checkX25519Key(numberToBytesLE(9n, 32))).to.equal(null)
    expect(checkX25519Key(numberToBytesLE(P - 2n, 32))).to.equal(null)
  })

  it('are refused when of low order, at or above the prime, with the top bit, or not 32 bytes', () => {
    for (const u of LOW_ORDER) expect(checkX25519Key(numberToBytesLE(u, 32)), String(u)).to.equal('it is of low order')
    for (let u = P; u < 2n ** 255n; u++) expect(checkX25519Key(numberToBytesLE(u, 32))).to.equal('it is not canonical')
    expect(checkX25519Key(numberToBytesLE(9n + 2n ** 255n, 32))).to.equal('it is not canonical')
    expect(checkX25519Key(new Uint8Array(31).fill(9))).to.equal('it has 31 bytes, not 32')
  })
})
