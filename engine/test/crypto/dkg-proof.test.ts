import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { decodeG1, decodeG1OnCurve, encodeG1, R, scalarFromBytes, scalarToBytes, timesBase, toBigInt } from '../../crypto/bls.ts'
import { concat, fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { sha256 } from '../../crypto/hash.ts'
import { commitmentDigest, DST_KEY_PROOF, proofChallenge, proveKey, restHash, sumsHash, verifyKeyProofs } from '../../crypto/dkg.ts'
import { canonicalBytes } from '../../base/canonical.ts'
import { makeGroup } from './group.ts'
import { codeOf, seededRandom } from './random.ts'

const random = seededRandom('proofs')
const { id, members } = makeGroup(5, 3)
const entries = members.map(({ index, points, proof }) => ({ index, key: points[0]!, proof }))
const [first, second] = [members[0]!, members[1]!]

/** expand_message_xmd with SHA-256, written from RFC 9380 §5.3.1 for these tests. */
function expandMessageXmd(message: Uint8Array, dst: string, length: number): Uint8Array {
  const hash = (...parts: Uint8Array[]) => new Uint8Array(createHash('sha256').update(concat(...parts)).digest())
  const tail = concat(utf8(dst), Uint8Array.of(dst.length))
  const start = hash(new Uint8Array(64), message, Uint8Array.of(length >> 8, length & 255, 0), tail)
  const blocks = [hash(start, Uint8Array.of(1), tail)]
  for (let i = 2; i <= Math.ceil(length / 32); i++) {
    blocks.push(hash(start.map((byte, at) => byte ^ blocks.at(-1)![at]!), Uint8Array.of(i), tail))
  }
  return concat(...blocks).slice(0, length)
}

describe('the challenge of a proof of knowledge', () => {
  it('is compared with a hash that keeps the vectors of RFC 9380 K.1', () => {
    const dst = 'QUUX-V01-CS02-with-expander-SHA256-128'
    expect(toHex(expandMessageXmd(utf8(''), dst, 32))).to.equal('68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235')
    expect(toHex(expandMessageXmd(utf8('abc'), dst, 32))).to.equal('d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615')
    expect(toHex(expandMessageXmd(utf8('abc'), dst, 128))).to.equal('abba86a6129e366fc877aab32fc4ffc70120d8996c88aee2fe4b32d6c7b6437a647e6c3163d40b76a73cf6a5674ef1d890f95b664ee0afa5359a5c4e07985635bbecbac65d747d3d2da7ec2b8221b17b0ca9dc8a1ac1c07ea6a1e60583e2cb00058e77b7b72a298425cd1b941ad4ec65e8afc50303a22c0f99b0509b4c895f40')
  })

  it('is hash_to_field(id || i as 4 bytes || A || R) modulo r', () => {
    for (const index of [1, 2, 258, 1024]) {
      const [key, commitment] = [first.encoded[0]!, second.encoded[0]!]
      const place = Uint8Array.of(0, 0, index >> 8, index & 255)
      const uniform = expandMessageXmd(concat(fromHex(id), place, key, commitment), 'KEYRITE_BLS12381G1_POK_', 48)
      expect(proofChallenge({ id, index, key, commitment })).to.equal(toBigInt(uniform) % R)
    }
  })
})

describe('a proof of knowledge of the own key', () => {
  it('is R || s with s·G = R + c·A, 80 bytes, the same each time', () => {
    for (const { index, session, coefficients, points, encoded, proof } of members) {
      expect(proof).to.have.length(80)
      const commitment = proof.subarray(0, 48)
      const challenge = proofChallenge({ id, index, key: encoded[0]!, commitment })
      const right = decodeG1(commitment).add(points[0]!.multiplyUnsafe(challenge))
      expect(timesBase(scalarFromBytes(proof.subarray(48))).equals(right)).to.be.true
      expect(proveKey(session, { id, index, secret: coefficients[0]!, key: points[0]! })).to.deep.equal(proof)
    }
  })

  it('takes its nonce from the session under DST, id, index and key, so that no two statements share one', () => {
    const { session, coefficients, points, encoded } = first
    const label = `proof-nonce/${toHex(sha256(utf8(DST_KEY_PROOF), fromHex(id), Uint8Array.of(0, 0, 0, 1), encoded[0]!))}`
    expect(encodeG1(timesBase(session.scalar(label)))).to.deep.equal(first.proof.slice(0, 48))
    const others = [
      proveKey(session, { id, index: 2, secret: coefficients[0]!, key: points[0]! }),
      proveKey(session, { id: 'ab'.repeat(32), index: 1, secret: coefficients[0]!, key: points[0]! }),
      proveKey(session, { id, index: 1, secret: coefficients[1]!, key: points[1]! }),
    ].map((proof) => toHex(proof.subarray(0, 48)))
    expect(new Set([toHex(first.proof.subarray(0, 48)), ...others]).size).to.equal(4)
  })

  it('passes with all others at once, and alone', () => {
    expect(verifyKeyProofs(id, entries, random)).to.deep.equal([])
    expect(verifyKeyProofs(id, entries.slice(2, 3), random)).to.deep.equal([])
    expect(verifyKeyProofs(id, [], random)).to.deep.equal([])
  })

  it('is named by its index when bad, whatever the fault, and never an honest one', () => {
    const proof = second.proof
    const commitment = proof.slice(0, 48)
    const response = proof.slice(48)
    const outside = Uint8Array.from([0x80, ...new Array<number>(47).fill(0)]) // (0, 2), of order 3
    expect(decodeG1OnCurve(outside).isTorsionFree()).to.be.false
    const faults: Record<string, Uint8Array> = {
      'another response': concat(commitment, scalarToBytes((scalarFromBytes(response) + 1n) % R)),
      'a response above r': concat(commitment, new Uint8Array(32).fill(255)),
      'a response plus r': concat(commitment, fromHex((scalarFromBytes(response) + R).toString(16).padStart(64, '0').slice(-64))),
      'another R': concat(encodeG1(timesBase(3n)), response),
      'R outside the subgroup': concat(outside, response),
      'R plus torsion': concat(encodeG1(decodeG1(commitment).add(decodeG1OnCurve(outside))), response),
      'R the identity': concat(Uint8Array.from([0xc0, ...new Array<number>(47).fill(0)]), response),
      'R not compressed': concat(Uint8Array.from(commitment, (byte, i) => (i === 0 ? byte & 0x7f : byte)), response),
      'somebody else\'s proof': first.proof,
      'too short': proof.slice(0, 79),
      'too long': concat(proof, Uint8Array.of(0)),
      'nothing': new Uint8Array(),
    }
    for (const [name, bad] of Object.entries(faults)) {
      const list = entries.map((entry) => (entry.index === 2 ? { ...entry, proof: bad } : entry))
      expect(verifyKeyProofs(id, list, random), name).to.deep.equal([2])
    }
  })

  it('is bound to the ceremony and to the place in the roster', () => {
    expect(verifyKeyProofs('ab'.repeat(32), entries, random)).to.deep.equal([1, 2, 3, 4, 5])
    const swapped = entries.map((entry) => ({ ...entry, index: entry.index === 1 ? 4 : entry.index === 4 ? 1 : entry.index }))
    expect(verifyKeyProofs(id, swapped, random)).to.deep.equal([4, 1])
    const copied = entries.map((entry) => (entry.index === 5 ? { ...first, index: 5, key: first.points[0]! } : entry))
    expect(verifyKeyProofs(id, copied, random)).to.deep.equal([5])
  })

  it('is caught when two bad ones would cancel out without weights', () => {
    const shifted = (proof: Uint8Array, by: bigint) => concat(proof.slice(0, 48), scalarToBytes((scalarFromBytes(proof.subarray(48)) + by + R) % R))
    const list = entries.map((entry) => ({ ...entry, proof: entry.index === 3 ? shifted(entry.proof, 9n) : entry.index === 4 ? shifted(entry.proof, -9n) : entry.proof }))
    expect(verifyKeyProofs(id, list, random)).to.deep.equal([3, 4])
  })

  it('of the identity is bad, though the equation would hold', () => {
    const forged = concat(encodeG1(timesBase(5n)), scalarToBytes(5n))
    expect(verifyKeyProofs(id, [{ index: 1, key: timesBase(0n), proof: forged }], random)).to.deep.equal([1])
  })

  it('is not waved through by a broken random source', () => {
    expect(codeOf(() => verifyKeyProofs(id, entries, (length) => new Uint8Array(length)))).to.equal('crypto.bad-argument')
  })
})

describe('the hashes that bind commitments', () => {
  it('are those of the protocol', () => {
    const [key, ...others] = first.encoded
    const rest = restHash(others)
    expect(rest).to.equal(toHex(sha256(utf8('keyrite/2/points\n'), ...others)))
    expect(sumsHash(first.encoded)).to.equal(toHex(sha256(utf8('keyrite/2/sums\n'), ...first.encoded)))
    const object = { rest, proof: toHex(first.proof), key: toHex(key!), from: 'alice', ceremony: id }
    const digest = toHex(sha256(utf8('keyrite/2/commitment\n'), canonicalBytes(object)))
    expect(commitmentDigest({ ceremony: id, from: 'alice', key: key!, proof: first.proof, rest })).to.equal(digest)
  })
})
