import { createHash, verify, createPublicKey } from 'node:crypto'
import { PublicKey, Signature } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { vectors } from './file.ts'
import type { Hex } from './form.ts'
import { bytes, expandXmd, hex, number, opened, publicOf, R, rootBy, scalar } from './oracle.ts'

const { refused } = vectors
const P = bls12_381.fields.Fp.ORDER
const { Fp2 } = bls12_381.fields

/** Is this a point of the type, by blst and, for what blst takes and the protocol does not, by the words of the protocol? */
function isPoint(type: string, point: Hex): boolean {
  const data = bytes(point)
  const fields = Array.from({ length: Math.floor(data.length / 48) }, (_, i) => number(data.subarray(48 * i, 48 * (i + 1))))
  const [a = 0n, b = 0n, c = 0n, d = 0n] = fields
  switch (type) {
    case 'g1':
      return data.length === 48 && takes(() => PublicKey.fromBytes(data, true))
    case 'g2':
      return data.length === 96 && takes(() => Signature.fromBytes(data, true, true))
    case 'g1-affine':
      return data.length === 96 && fields.every((field) => field < P) && (b * b - a * a * a - 4n) % P === 0n
    case 'g2-affine': {
      if (data.length !== 192 || fields.some((field) => field >= P)) return false
      const [x, y] = [Fp2.fromBigTuple([b, a]), Fp2.fromBigTuple([d, c])]
      return Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n])))
    }
    default:
      return expect.fail(type)
  }
}

function takes(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

const littleEndian = (data: Uint8Array): bigint => number(Uint8Array.from(data).reverse())
const L = 2n ** 252n + 27742317777372353535851937790883648493n

/** The one rule of §2, written out over curve points: canonical keys of prime order, S < L, and R byte for byte. */
function holds({ publicKey, message, signature }: { readonly publicKey: Hex; readonly message: Hex; readonly signature: Hex }): boolean {
  const [key, sig] = [bytes(publicKey), bytes(signature)]
  if ((littleEndian(key) & (2n ** 255n - 1n)) >= 2n ** 255n - 19n || !takes(() => ed25519.Point.fromBytes(key))) return false
  const A = ed25519.Point.fromBytes(key)
  if (A.is0() || !A.isTorsionFree()) return false
  const [R32, S] = [sig.subarray(0, 32), littleEndian(sig.subarray(32))]
  if (S >= L) return false
  const k = littleEndian(createHash('sha512').update(R32).update(key).update(bytes(message)).digest()) % L
  const right = ed25519.Point.BASE.multiplyUnsafe(S).subtract(A.multiplyUnsafe(k))
  return hex(right.toBytes()) === hex(R32)
}

describe('what must be refused, by the vectors', () => {
  for (const { type, hex: point, why } of refused.points) {
    it(`${type}: ${why}`, () => expect(isPoint(type, point)).to.equal(false))
  }

  for (const one of refused.ed25519) it(`an Ed25519 signature: ${one.why}`, () => expect(holds(one)).to.equal(false))

  for (const { publicKey, why } of refused.x25519) {
    it(`an encryption key: ${why}`, () => {
      const value = littleEndian(bytes(publicKey))
      const low = value < 2n ** 255n - 19n && isLowOrder(publicKey)
      expect(low || value >= 2n ** 255n - 19n).to.equal(true)
      expect(low).to.equal(why === 'of low order')
    })
  }

  for (const { index, count, leaf, path, root, why } of refused.paths) {
    it(`a path to ${index} of ${count}: ${why}`, () => expect(rootBy(index, count, bytes(leaf), path)).not.to.equal(root))
  }

  for (const { id, index, key, proof, why } of refused.keyProofs) {
    it(`a proof of knowledge: ${why}`, () => {
      const response = number(proof.slice(96))
      const challenge = number(expandXmd(Buffer.concat([bytes(id), Buffer.of(0, 0, 0, index), bytes(key), bytes(proof.slice(0, 96))]), 'KEYRITE_BLS12381G1_POK_', 48)) % R
      const { BASE } = bls12_381.G1.Point
      const right = bls12_381.G1.Point.fromHex(proof.slice(0, 96)).add(bls12_381.G1.Point.fromHex(key).multiply(challenge))
      expect(response < R && BASE.multiply(response % R).equals(right)).to.equal(false)
    })
  }

  for (const { secretKey, aad, sealed, why } of refused.pieces) {
    it(`a piece: ${why}`, async () => expect(await opened(secretKey, aad, sealed)).to.equal(null))
  }
})

/** Is it of order 1, 2, 4 or 8, on Curve25519 or its twist: do three doublings end at infinity? RFC 7748's formula. */
function isLowOrder(publicKey: Hex): boolean {
  const p = 2n ** 255n - 19n
  let [X, Z] = [littleEndian(bytes(publicKey)), 1n]
  for (let i = 0; i < 3; i++) {
    const [plus, minus] = [((X + Z) * (X + Z)) % p, ((X - Z) * (X - Z)) % p]
    const difference = (plus - minus) % p
    ;[X, Z] = [(plus * minus) % p, (difference * (minus + 121666n * difference)) % p]
  }
  return ((Z % p) + p) % p === 0n
}

describe('the rules by which the vectors are refused', () => {
  it('take what is good', () => {
    const [key] = vectors.dkg
    const [dealer] = key?.dealers ?? []
    const [first] = vectors.participants
    const signature = first?.cardSignature ?? ''
    const message = hex(Buffer.from(`keyrite/2/card\n${JSON.stringify({ airgapKey: first?.card.airgapKey, epoch: first?.card.epoch, name: first?.name, signingKey: first?.card.signingKey })}`))
    expect(holds({ publicKey: first?.card.airgapKey ?? '', message, signature })).to.equal(true)
    expect(verify(null, bytes(message), createPublicKey({ key: Buffer.concat([bytes('302a300506032b6570032100'), bytes(first?.card.airgapKey ?? '')]), format: 'der', type: 'spki' }), bytes(signature))).to.equal(true)
    const point = dealer?.commitments[0] ?? ''
    expect(isPoint('g1', point)).to.equal(true)
    expect(isPoint('g1-affine', bls12_381.G1.Point.fromHex(point).toHex(false))).to.equal(true)
    expect(isPoint('g2', key?.birth ?? '')).to.equal(true)
    expect(isPoint('g2-affine', bls12_381.G2.Point.fromHex(key?.birth ?? '').toHex(false))).to.equal(true)
    expect(isLowOrder(publicOf('x25519', bytes(scalar(7n))))).to.equal(false)
  })
})
