import { createHash, verify, createPublicKey } from 'node:crypto'
import { PublicKey, Signature } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { vectors } from './file.ts'
import type { Hex, PointRule } from './form.ts'
import { bytes, expandXmd, hex, number, opened, publicOf, R, rootBy, scalar } from './oracle.ts'

const { refused } = vectors
const P = bls12_381.fields.Fp.ORDER
const { Fp, Fp2 } = bls12_381.fields

/** The flags in the first byte of a compressed point: it is compressed, it is the identity, and a mask of all three with the sign of y. */
const [COMPRESSED, IDENTITY, FLAGS] = [0x80, 0x40, 0xe0]

/** The first rule of §4 and §5 that a point breaks, or null. It is written out, and compared with blst where blst has the form. */
function broken(type: string, point: Hex): PointRule | null {
  const [data, isAffine, parts] = [bytes(point), type.endsWith('affine'), type.startsWith('g1') ? 1 : 2]
  if (data.length !== 48 * parts * (isAffine ? 2 : 1)) return 'length'
  const first = data[0] ?? 0
  if (!isAffine) {
    if ((first & COMPRESSED) === 0) return 'compressed'
    if ((first & IDENTITY) !== 0) return 'identity'
    data[0] = first & ~FLAGS
  }
  const fields = Array.from({ length: data.length / 48 }, (_, i) => number(data.subarray(48 * i, 48 * (i + 1))))
  if (fields.some((field) => field >= P)) return 'canonical'
  const [a = 0n, b = 0n, c = 0n, d = 0n] = fields
  if (isAffine) {
    const isOn = parts === 1 ? onCurve(a, b) : onTwist(Fp2.fromBigTuple([b, a]), Fp2.fromBigTuple([d, c]))
    return isOn ? null : 'curve'
  }
  // By noble the curve has such an x or not; by blst the point is of order r or not.
  if (parts === 1) return !takes(() => Fp.sqrt(Fp.create(a ** 3n + 4n))) ? 'curve' : takes(() => PublicKey.fromBytes(bytes(point), true)) ? null : 'subgroup'
  const x = Fp2.fromBigTuple([b, a])
  return !takes(() => Fp2.sqrt(right(x))) ? 'curve' : takes(() => Signature.fromBytes(bytes(point), true, true)) ? null : 'subgroup'
}

const right = (x: typeof Fp2.ONE) => Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.fromBigTuple([4n, 4n]))
const onCurve = (x: bigint, y: bigint): boolean => (y * y - x * x * x - 4n) % P === 0n
const onTwist = (x: typeof Fp2.ONE, y: typeof Fp2.ONE): boolean => Fp2.eql(Fp2.sqr(y), right(x))

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

/** Does a signature hold by the one rule of §2, written out over curve points: canonical keys of prime order, S < L, and R byte for byte? */
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

/** Does a signature hold by [8][S]B = [8]R + [8][k]A, in any encodings? */
function holdsLaxly({ publicKey, message, signature }: { readonly publicKey: Hex; readonly message: Hex; readonly signature: Hex }): boolean {
  const sig = bytes(signature)
  const [A, commitment] = [ed25519.Point.fromBytes(bytes(publicKey), true), ed25519.Point.fromBytes(sig.subarray(0, 32), true)]
  const k = littleEndian(createHash('sha512').update(sig.subarray(0, 32)).update(bytes(publicKey)).update(bytes(message)).digest()) % L
  const S = littleEndian(sig.subarray(32)) % L
  return ed25519.Point.BASE.multiplyUnsafe(S).subtract(A.multiplyUnsafe(k)).subtract(commitment).clearCofactor().is0()
}

/** The number of fields in which a value differs from a good one. */
const differing = (good: object, one: object): number => Object.entries(good).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(Object.entries(one).find(([own]) => own === name)?.[1])).length

describe('what must be refused, by the vectors', () => {
  for (const { type, hex: point, rule, why } of refused.points) {
    it(`${type}: ${why}`, () => expect(broken(type, point)).to.equal(rule))
  }

  for (const one of refused.ed25519) {
    it(`an Ed25519 signature: ${one.why}`, () => {
      expect(holds(one)).to.equal(false)
      // Only the exact rule refuses all but the last: a laxer one, with the cofactor and any encoding, takes them.
      expect(holdsLaxly(one)).to.equal(one.why !== 'another S')
    })
  }

  for (const { publicKey, why } of refused.x25519) {
    it(`an encryption key: ${why}`, () => {
      const value = littleEndian(bytes(publicKey))
      const low = value < 2n ** 255n - 19n && isLowOrder(publicKey)
      expect(low || value >= 2n ** 255n - 19n).to.equal(true)
      expect(low).to.equal(why === 'of low order')
    })
  }

  for (const { index, count, leaf, path, root, why } of refused.paths) {
    it(`a path to ${index} of ${count}: ${why}`, () => {
      expect(rootBy(index, count, bytes(leaf), path)).not.to.equal(root)
      const good = { index: 4, count: 7, leaf, path: refused.paths[0]?.path ?? [], root }
      expect(rootBy(good.index, good.count, bytes(leaf), good.path)).to.equal(root)
      expect(differing(good, { index, count, leaf, path, root })).to.equal(1)
    })
  }

  for (const { id, index, key, proof, why } of refused.keyProofs) {
    it(`a proof of knowledge: ${why}`, () => {
      const [dkg] = vectors.dkg
      const [dealer] = dkg?.dealers ?? []
      expect(differing({ id: dkg?.id, index: 1, key: dealer?.commitments[0], proof: dealer?.proof.bytes }, { id, index, key, proof })).to.equal(1)
      const response = number(proof.slice(96))
      const challenge = number(expandXmd(Buffer.concat([bytes(id), Buffer.of(0, 0, 0, index), bytes(key), bytes(proof.slice(0, 96))]), 'KEYRITE_BLS12381G1_POK_', 48)) % R
      const { BASE } = bls12_381.G1.Point
      const right = bls12_381.G1.Point.fromHex(proof.slice(0, 96)).add(bls12_381.G1.Point.fromHex(key).multiply(challenge))
      expect(response < R && BASE.multiply(response % R).equals(right)).to.equal(false)
    })
  }

  for (const { secretKey, aad, sealed, why } of refused.pieces) {
    it(`a piece: ${why}`, async () => {
      const [dkg] = vectors.dkg
      const [piece] = dkg?.dealers[0]?.pieces ?? []
      const good = { secretKey: dkg?.sessions.find(({ name }) => name === piece?.to)?.values['encryption'], aad: piece?.aad, sealed: piece?.sealed }
      expect(differing(good, { secretKey, aad, sealed })).to.equal(1)
      expect(await opened(secretKey, aad, sealed)).to.equal(null)
    })
  }
})

/** Is a key of order 1, 2, 4 or 8, on Curve25519 or its twist? Then three doublings, by RFC 7748's formula, end at infinity. */
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
    expect(broken('g1', point)).to.equal(null)
    expect(broken('g1-affine', bls12_381.G1.Point.fromHex(point).toHex(false))).to.equal(null)
    expect(broken('g2', key?.birth ?? '')).to.equal(null)
    expect(broken('g2-affine', bls12_381.G2.Point.fromHex(key?.birth ?? '').toHex(false))).to.equal(null)
    expect(isLowOrder(publicOf('x25519', bytes(scalar(7n))))).to.equal(false)
  })
})
