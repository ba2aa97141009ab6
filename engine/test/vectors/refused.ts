/** The values that every implementation must refuse, crafted from good values of the vectors. */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ed25519, ED25519_TORSION_SUBGROUP } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesBE, numberToBytesLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { decodeG1Affine, decodeG2Affine, encodeG1, encodeG1Affine, encodeG2, encodeG2Affine, R, timesBase } from '../../crypto/bls.ts'
import { concat, toHex, utf8 } from '../../base/bytes.ts'
import { leafHash, merklePath, merkleRoot } from '../../crypto/merkle.ts'
import type { Dkg, Refused } from './independent/form.ts'

const P = bls12_381.fields.Fp.ORDER
const Fp2 = bls12_381.fields.Fp2
const fields = (...values: readonly bigint[]): Uint8Array => concat(...values.map((value) => numberToBytesBE(value, 48)))
const flagged = (bytes: Uint8Array, flags: number): string => toHex(bytes.map((byte, i) => (i === 0 ? byte | flags : byte)))

/** A point of the twist that is not in the subgroup: the first one with an x-coordinate of the form (x, 0). */
function outsideG2(): Uint8Array {
  for (let x = 1n; ; x++) {
    const square = Fp2.add(Fp2.fromBigTuple([x ** 3n, 0n]), Fp2.fromBigTuple([4n, 4n]))
    try {
      const { c0, c1 } = Fp2.sqrt(square)
      return fields(0n, x, c1, c0)
    } catch { /* no point has this x */ }
  }
}

function pointsRefused(): Refused['points'] {
  const [five, { x, y }] = [timesBase(5n), timesBase(5n).toAffine()]
  const small = fields(0n, 2n)
  const two = bls12_381.G2.Point.BASE
  const { x: x2, y: y2 } = two.toAffine()
  const outside = outsideG2()
  return [
    { type: 'g1', hex: flagged(fields(x), 0), rule: 'compressed', why: 'no flag says that it is compressed' },
    { type: 'g1', hex: flagged(fields(0n), 0xc0), rule: 'identity', why: 'the identity' },
    { type: 'g1', hex: flagged(fields(P), 0x80), rule: 'canonical', why: 'x is not below p' },
    { type: 'g1', hex: flagged(fields(1n), 0x80), rule: 'curve', why: 'not on the curve' },
    { type: 'g1', hex: toHex(encodeG1(decodeG1Affine(small))), rule: 'subgroup', why: 'of order 3' },
    { type: 'g1', hex: toHex(encodeG1(five.add(decodeG1Affine(small)))), rule: 'subgroup', why: 'a good point and one of order 3' },
    { type: 'g1', hex: toHex(encodeG1Affine(five)), rule: 'length', why: '96 bytes' },
    { type: 'g2', hex: flagged(fields(0n, 0n), 0xc0), rule: 'identity', why: 'the identity' },
    { type: 'g2', hex: flagged(fields(P, x2.c0), 0x80), rule: 'canonical', why: 'x is not below p' },
    { type: 'g2', hex: toHex(encodeG2(decodeG2Affine(outside))), rule: 'subgroup', why: 'outside the subgroup' },
    { type: 'g2', hex: toHex(encodeG2Affine(two)), rule: 'length', why: '192 bytes' },
    { type: 'g1-affine', hex: flagged(fields(x, y), 0x80), rule: 'canonical', why: 'a flag' },
    { type: 'g1-affine', hex: flagged(new Uint8Array(96), 0x40), rule: 'canonical', why: 'infinity as other libraries write it' },
    { type: 'g1-affine', hex: '00'.repeat(96), rule: 'curve', why: 'nothing' },
    { type: 'g1-affine', hex: toHex(fields(x, y + P)), rule: 'canonical', why: 'y is not below p' },
    { type: 'g1-affine', hex: toHex(fields(x + P, y)), rule: 'canonical', why: 'x is not below p' },
    { type: 'g1-affine', hex: toHex(fields(y, x)), rule: 'curve', why: 'not on the curve' },
    { type: 'g1-affine', hex: toHex(concat(encodeG1(five), encodeG1(five))), rule: 'canonical', why: 'two compressed points' },
    { type: 'g1-affine', hex: toHex(encodeG1(five)), rule: 'length', why: '48 bytes' },
    { type: 'g2-affine', hex: flagged(new Uint8Array(192), 0x40), rule: 'canonical', why: 'infinity as other libraries write it' },
    { type: 'g2-affine', hex: toHex(fields(x2.c1, x2.c0, y2.c1, y2.c0 + P)), rule: 'canonical', why: 'a part of y is not below p' },
    { type: 'g2-affine', hex: toHex(fields(x2.c0, x2.c1, y2.c0, y2.c1)), rule: 'curve', why: 'c0 before c1' },
    { type: 'g2-affine', hex: toHex(encodeG2(two)), rule: 'length', why: '96 bytes' },
  ]
}

function signaturesRefused(): Refused['ed25519'] {
  const { Point } = ed25519
  const L = Point.Fn.ORDER
  const [secret, nonce] = [0x1234567890abcdefn, 0xfedcba0987654321n]
  const message = utf8('keyrite/2/statement\n{}')
  const [A, B] = [Point.BASE.multiply(secret), Point.BASE.multiply(nonce)]
  const torsion = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex)).find((point) => !point.double().double().is0()) ?? Point.ZERO
  const crafted = (key: Uint8Array, commitment: Uint8Array, a = secret): bigint =>
    (nonce + bytesToNumberLE(sha512(concat(commitment, key, message))) * a) % L
  const made = (why: string, key: Uint8Array, commitment: Uint8Array, S: bigint) => ({
    publicKey: toHex(key), message: toHex(message), signature: toHex(concat(commitment, numberToBytesLE(S, 32))), why,
  })
  const [a, r] = [A.toBytes(), B.toBytes()]
  const S = crafted(a, r)
  const mixed = B.add(torsion).toBytes()
  const key = A.add(torsion).toBytes()
  const identity = Point.ZERO.toBytes()
  const spelled = Uint8Array.from(identity, (_, i) => (i === 0 ? 0xee : i === 31 ? 0x7f : 0xff))
  return [
    made('S plus the order', a, r, S + L),
    made('R with torsion', a, mixed, crafted(a, mixed)),
    made('a key with torsion', key, r, crafted(key, r)),
    made('the identity as a key', identity, r, nonce),
    made('the identity as a key, in another spelling', spelled, r, nonce),
    made('another S', a, r, (S + 1n) % L),
  ]
}

function pathsRefused(): Refused['paths'] {
  const leaves = Array.from({ length: 7 }, (_, i) => leafHash(Uint8Array.of(i)))
  const root = toHex(merkleRoot(leaves))
  const [leaf, path] = [toHex(leaves[4] ?? new Uint8Array()), merklePath(4, leaves).map(toHex)]
  const good = { index: 4, count: 7, leaf, path, root }
  return [
    ...[0, 1, 2, 3, 5, 6].map((index) => ({ ...good, index, why: 'of another leaf' })),
    { ...good, index: 7, why: 'behind the last leaf' },
    { ...good, path: path.slice(0, -1), why: 'it ends before the root' },
    { ...good, path: [...path, root], why: 'it goes on after the root' },
    { ...good, path: path.toReversed(), why: 'in another order' },
    { ...good, count: 4, why: 'of a tree of another length' },
  ]
}

/** Makes those values. @param key a finished key generation */
export function refusedOf(key: Dkg): Refused {
  const [anna, ben] = key.dealers
  const [proof, other] = [anna?.proof.bytes ?? '', ben?.proof.bytes ?? '']
  const point = anna?.commitments[0] ?? ''
  const response = BigInt(`0x${proof.slice(96)}`)
  const withResponse = (value: bigint) => proof.slice(0, 96) + value.toString(16).padStart(64, '0')
  const piece = anna?.pieces[0]
  const secretOf = (name: string): string => key.sessions.find((one) => one.name === name)?.values['encryption'] ?? ''
  const [aad = '', sealed = '', to = ''] = [piece?.aad, piece?.sealed, piece?.to]
  return {
    points: pointsRefused(),
    ed25519: signaturesRefused(),
    x25519: [
      { publicKey: '00'.repeat(32), why: 'of low order' },
      { publicKey: `01${'00'.repeat(31)}`, why: 'of low order' },
      { publicKey: 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800', why: 'of low order' },
      { publicKey: `ec${'ff'.repeat(30)}7f`, why: 'of low order' },
      { publicKey: `ed${'ff'.repeat(30)}7f`, why: 'not below 2²⁵⁵-19' },
      { publicKey: `09${'00'.repeat(30)}80`, why: 'the top bit' },
    ],
    paths: pathsRefused(),
    keyProofs: [
      { id: key.id, index: 2, key: point, proof, why: 'of another index' },
      { id: '00'.repeat(32), index: 1, key: point, proof, why: 'of another ceremony' },
      { id: key.id, index: 1, key: point, proof: other, why: 'somebody else’s' },
      { id: key.id, index: 1, key: point, proof: withResponse((response + 1n) % R), why: 'another response' },
      { id: key.id, index: 1, key: point, proof: withResponse(response + R), why: 'a response that is not below r' },
    ],
    pieces: [
      { secretKey: secretOf(to), aad: aad.replace('"from":"anna"', '"from":"cleo"'), sealed, why: 'copied by another dealer' },
      { secretKey: secretOf('cleo'), aad, sealed, why: 'for somebody else' },
      { secretKey: secretOf(to), aad, sealed: `${sealed.slice(0, -2)}${sealed.endsWith('00') ? '01' : '00'}`, why: 'altered' },
    ],
  }
}
