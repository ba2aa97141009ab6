import bls from 'bls-eth-wasm'
import { expect } from 'chai'
import {
  combineSignatures, decodeG1, decodeG1OnCurve, DST_SHARE_PROOF, DST_SIGNATURE, encodeG1, encodeG2, lagrangeAtZero, R, scalarToBytes, signShare, sumG1, timesBase,
  verifyShareSignatures, verifySignature,
} from '../../crypto/bls.ts'
import { toHex, utf8 } from '../../base/bytes.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import {
  commitmentSums, dealEphemeral, evaluate, evaluateCommitment, openDeal, polynomial, publicShares, reopenDeal, sealDeal, sealDealWith, shareMatches,
} from '../../crypto/dkg.ts'
import { hpkeSeal } from '../../crypto/hpke.ts'
import { encryptionKeyPair } from '../../crypto/seed.ts'
import { makeGroup } from './group.ts'
import { codeOf, seededRandom } from './random.ts'

const random = seededRandom('dkg')
const summed = (columns: readonly (readonly Uint8Array[])[]) => commitmentSums(columns, (point) => decodeG1OnCurve(point))
const aad = (from: number, to: number) => utf8(JSON.stringify({ from, to }))

/** Runs the whole key generation, through sealed deals and summed attachments, as n honest participants would. */
function run(n: number, t: number) {
  const { id, members } = makeGroup(n, t)
  const result = summed(members.map(({ encoded }) => encoded.slice(1)))
  if (!result.ok) throw new Error(result.reason)
  const sums = [sumG1(members.map(({ points }) => points[0]!)), ...result.sums.map((bytes) => decodeG1(bytes))]
  const shares = members.map((to) => members.reduce((sum, from) => {
    if (from === to) return (sum + from.share(to.index)) % R
    const sealed = sealDeal({ session: from.session, recipientIndex: to.index, recipientKey: to.encryptionKey, share: from.share(to.index), aad: aad(from.index, to.index) })
    return (sum + openDeal({ session: to.session, sealed, aad: aad(from.index, to.index) })!) % R
  }, 0n))
  return { id, members, sums, shares, groupKey: sums[0]! }
}

/** All subsets of `size` of 1 … n, or the first `most` of them. */
function subsets(n: number, size: number, most = 30): number[][] {
  const all: number[][] = []
  const grow = (subset: number[], next: number): void => {
    if (subset.length === size) all.push(subset)
    else for (let i = next; i <= n && all.length < most; i++) grow([...subset, i], i + 1)
  }
  grow([], 1)
  return all
}

const interpolate = (shares: readonly bigint[], indices: readonly number[]): bigint => {
  const factors = lagrangeAtZero(indices)
  return indices.reduce((sum, index, i) => (sum + factors[i]! * shares[index - 1]!) % R, 0n)
}

before(() => bls.init(bls.BLS12_381))

describe('the DKG', () => {
  for (const [n, t] of [[2, 2], [3, 2], [5, 3], [7, 4], [4, 4]] as const) {
    describe(`of ${n} with threshold ${t}`, () => {
      const { members, sums, shares, groupKey } = run(n, t)
      const secret = members.reduce((sum, { coefficients }) => (sum + coefficients[0]!) % R, 0n)

      it('gives shares from which every t recover the key that all contributed to', () => {
        expect(timesBase(secret).equals(groupKey)).to.be.true
        for (const indices of subsets(n, t)) expect(interpolate(shares, indices), String(indices)).to.equal(secret)
      })

      it('gives shares from which no t-1 recover it', () => {
        for (const indices of subsets(n, t - 1)) expect(interpolate(shares, indices), String(indices)).not.to.equal(secret)
      })

      it('gives shares that match the sums, each at its own index only', () => {
        const keys = publicShares(sums, n)
        shares.forEach((share, i) => {
          expect(shareMatches(share, sums, i + 1)).to.be.true
          expect(shareMatches((share + 1n) % R, sums, i + 1)).to.be.false
          expect(shareMatches(share, sums, ((i + 1) % n) + 1)).to.be.false
          expect(keys[i]!.equals(timesBase(share))).to.be.true
        })
      })

      it('gives shares whose proofs pass, and which sign as the group', () => {
        const message = utf8('birth')
        const proofs = shares.map((share) => signShare(share, message, DST_SHARE_PROOF))
        const keys = publicShares(sums, n)
        expect(verifyShareSignatures(proofs.map((signature, i) => ({ publicKey: keys[i]!, signature })), message, DST_SHARE_PROOF, random)).to.be.true
        const signature = combineSignatures(proofs.slice(n - t).map((part, i) => ({ index: n - t + i + 1, signature: part })))
        expect(verifySignature(groupKey, message, signature, DST_SHARE_PROOF)).to.be.true
      })
    })
  }

  it('makes a key that bls-eth-wasm recovers from the shares, signs and verifies with', () => {
    const { sums, shares, groupKey } = run(5, 3)
    const message = utf8('message')
    const id = (index: number) => {
      const made = new bls.Id()
      made.setInt(index)
      return made
    }
    const secretOf = (share: bigint) => {
      const made = new bls.SecretKey()
      made.deserialize(scalarToBytes(share))
      return made
    }
    const publicKey = new bls.PublicKey()
    publicKey.deserialize(encodeG1(groupKey))
    for (const indices of subsets(5, 3)) {
      const secret = new bls.SecretKey()
      secret.recover(indices.map((index) => secretOf(shares[index - 1]!)), indices.map(id))
      expect(secret.getPublicKey().isEqual(publicKey), String(indices)).to.be.true
      const signature = new bls.Signature()
      signature.recover(indices.map((index) => secretOf(shares[index - 1]!).sign(message)), indices.map(id))
      expect(publicKey.verify(signature, message)).to.be.true
      const ours = combineSignatures(indices.map((index) => ({ index, signature: signShare(shares[index - 1]!, message, DST_SIGNATURE) })))
      expect(toHex(encodeG2(ours))).to.equal(signature.serializeToHexStr())
    }
    const coefficients = sums.map((point) => {
      const made = new bls.PublicKey()
      made.deserialize(encodeG1(point))
      return made
    })
    publicShares(sums, 5).forEach((key, i) => {
      const theirs = new bls.PublicKey()
      theirs.share(coefficients, id(i + 1))
      expect(theirs.serializeToHexStr()).to.equal(toHex(encodeG1(key)))
    })
  })
})

describe('faults in the DKG', () => {
  const { members, sums, shares } = run(5, 3)

  it('a wrong share fails the sum check, and the dealer\'s own commitments name the dealer and nobody else', () => {
    const [me, wrong] = [4, 2]
    const received = members.map(({ index, share }) => (index === wrong ? (share(me) + 1n) % R : share(me)))
    expect(shareMatches(received.reduce((sum, one) => (sum + one) % R, 0n), sums, me)).to.be.false
    const named = members.filter(({ points }, i) => !timesBase(received[i]!).equals(evaluateCommitment(points, me)))
    expect(named.map(({ index }) => index)).to.deep.equal([wrong])
  })

  it('wrong shares of two dealers that cancel out leave the share right', () => {
    const received = members.map(({ index, share }) => (share(1) + (index === 2 ? 5n : index === 3 ? R - 5n : 0n)) % R)
    expect(shareMatches(received.reduce((sum, one) => (sum + one) % R, 0n), sums, 1)).to.be.true
  })

  it('a false sum, in any place, fails at every participant', () => {
    for (let k = 0; k < sums.length; k++) {
      const wrong = sums.map((point, i) => (i === k ? point.add(timesBase(3n)) : point))
      shares.forEach((share, i) => expect(shareMatches(share, wrong, i + 1), `sum ${k}, participant ${i + 1}`).to.be.false)
    }
    expect(shareMatches(shares[0]!, sums.slice(0, 2), 1)).to.be.false
  })

  it('a polynomial of another degree is another key, not a weaker threshold', () => {
    expect(codeOf(() => polynomial(members[0]!.session, 1))).to.equal('crypto.bad-argument')
    expect(codeOf(() => polynomial(members[0]!.session, 2.5))).to.equal('crypto.bad-argument')
    expect(polynomial(members[0]!.session, 2)).to.deep.equal(polynomial(members[0]!.session, 3).slice(0, 2))
  })
})

describe('polynomials and commitments', () => {
  it('agree at every point: f(x)·G is the commitments\' value', () => {
    const { coefficients, points } = makeGroup(2, 6).members[0]!
    for (const x of [1, 2, 3, 7, 64, 255, 1023, 1024, 65535]) {
      const slow = coefficients.reduce((sum, one, k) => (sum + one * BigInt(x) ** BigInt(k)) % R, 0n)
      expect(evaluate(coefficients, x)).to.equal(slow)
      expect(timesBase(slow).equals(evaluateCommitment(points, x)), String(x)).to.be.true
    }
    expect(evaluateCommitment([], 3).is0()).to.be.true
    for (const x of [0, -1, 1.5, 65536]) expect(codeOf(() => evaluateCommitment(points, x))).to.equal('crypto.bad-argument')
  })
})

describe('sums of attachments', () => {
  const { members } = makeGroup(4, 4)
  const columns = members.map(({ encoded }) => encoded.slice(1))
  const torsion = decodeG1OnCurve(Uint8Array.from([0x80, ...new Array<number>(47).fill(0)])) // (0, 2), of order 3
  const replaced = (changes: readonly [index: number, k: number, bytes: Uint8Array][]) => columns.map((points, i) =>
    points.map((bytes, at) => changes.find(([index, k]) => index === i + 1 && k === at + 1)?.[2] ?? bytes))
  const shifted = (index: number, k: number, by = torsion): [number, number, Uint8Array] =>
    [index, k, encodeG1(members[index - 1]!.points[k]!.add(by))]

  it('are the sums, column by column', () => {
    const result = summed(columns)
    if (!result.ok) throw new Error(result.reason)
    result.sums.forEach((sum, i) => {
      const coefficient = members.reduce((total, { coefficients }) => (total + coefficients[i + 1]!) % R, 0n)
      expect(toHex(sum)).to.equal(toHex(encodeG1(timesBase(coefficient))))
    })
    expect(result.sums).to.have.length(3)
  })

  it('name whoever sent a point outside the subgroup, once a sum leaves it', () => {
    const why = 'it is not in the prime-order subgroup'
    expect(summed(replaced([shifted(3, 2)]))).to.deep.equal({ ok: false, reason: 'bad-points', points: [{ index: 3, k: 2, why }] })
    const two = summed(replaced([shifted(1, 3), shifted(4, 3), shifted(2, 1)]))
    expect(two).to.deep.equal({ ok: false, reason: 'bad-points', points: [{ index: 2, k: 1, why }, { index: 1, k: 3, why }, { index: 4, k: 3, why }] })
  })

  it('blame nobody for points outside the subgroup whose sum is inside: it is the right sum', () => {
    const result = summed(replaced([shifted(1, 1), shifted(2, 1, torsion.negate())]))
    expect(result).to.deep.equal(summed(columns))
  })

  it('name whoever sent what is no point', () => {
    const junk = new Uint8Array(48).fill(0xff)
    const identity = Uint8Array.from([0xc0, ...new Array<number>(47).fill(0)])
    expect(summed(replaced([[2, 1, junk], [4, 3, identity], [3, 3, junk.subarray(1)]]))).to.deep.equal({
      ok: false, reason: 'bad-points', points: [
        { index: 2, k: 1, why: 'it is the identity' }, { index: 3, k: 3, why: 'it has 47 bytes, not 48' }, { index: 4, k: 3, why: 'it is the identity' },
      ],
    })
  })

  it('that cancel out are refused, with the place', () => {
    const opposite = encodeG1(sumG1(members.slice(1).map(({ points }) => points[2]!)).negate())
    expect(summed(replaced([[1, 2, opposite]]))).to.deep.equal({ ok: false, reason: 'cancelled', k: 2 })
  })

  it('want lists of one length', () => {
    expect(codeOf(() => summed([columns[0]!, columns[1]!.slice(1)]))).to.equal('crypto.bad-argument')
  })
})

describe('deals', () => {
  const { members } = makeGroup(3, 2)
  const [dealer, receiver, other] = [members[0]!, members[1]!, members[2]!]
  const share = dealer.share(2)
  const deal = { session: dealer.session, recipientIndex: 2, recipientKey: receiver.encryptionKey, share, aad: aad(1, 2) }
  const sealed = sealDeal(deal)

  it('are 80 bytes, the same each time, and open for their receiver', () => {
    expect(sealed).to.have.length(80)
    expect(sealDeal(deal)).to.deep.equal(sealed)
    expect(openDeal({ session: receiver.session, sealed, aad: aad(1, 2) })).to.equal(share)
  })

  it('open for nobody else, nor under other words', () => {
    expect(openDeal({ session: other.session, sealed, aad: aad(1, 2) })).to.equal(null)
    expect(openDeal({ session: dealer.session, sealed, aad: aad(1, 2) })).to.equal(null)
    expect(openDeal({ session: receiver.session, sealed, aad: aad(3, 2) })).to.equal(null)
    expect(openDeal({ session: receiver.session, sealed: sealed.subarray(1), aad: aad(1, 2) })).to.equal(null)
  })

  it('are judged by anyone with the published ephemeral key, which is that of one deal alone', () => {
    const ephemeral = dealEphemeral(dealer.session, 2, receiver.encryptionKey)
    expect(toHex(ephemeral)).to.equal(toHex(dealer.session.expand(`seal/2/${sha256Hex(receiver.encryptionKey)}`, 32)))
    const posted = { recipientKey: receiver.encryptionKey, ephemeral, sealed, aad: aad(1, 2) }
    expect(reopenDeal(posted)).to.equal(share)
    expect(sealDealWith({ ...posted, share })).to.deep.equal(sealed)
    const wrong = sealDealWith({ ...posted, share: (share + 1n) % R })
    expect(reopenDeal({ ...posted, sealed: wrong })).to.equal((share + 1n) % R)
    expect(reopenDeal({ ...posted, aad: aad(1, 3) })).to.equal(null)
    expect(reopenDeal({ ...posted, recipientKey: other.encryptionKey })).to.equal(null)
    expect(reopenDeal({ ...posted, ephemeral: random(32) })).to.equal(null)
    const others = [dealEphemeral(dealer.session, 3, receiver.encryptionKey), dealEphemeral(dealer.session, 2, other.encryptionKey), dealEphemeral(other.session, 2, receiver.encryptionKey)]
    for (const one of others) expect(toHex(one)).not.to.equal(toHex(ephemeral))
  })

  it('that hold something other than 32 bytes below r open to nothing', () => {
    const ephemeral = random(32)
    const open = (plaintext: Uint8Array) => {
      const made = hpkeSeal({ recipient: receiver.encryptionKey, info: utf8('keyrite/2/deal'), aad: aad(1, 2), plaintext, ephemeral })
      const opened = openDeal({ session: receiver.session, sealed: made, aad: aad(1, 2) })
      // A judge finds the same share as the receiver.
      expect(reopenDeal({ recipientKey: receiver.encryptionKey, ephemeral, sealed: made, aad: aad(1, 2) })).to.equal(opened)
      return opened
    }
    expect(open(scalarToBytes(R - 1n))).to.equal(R - 1n)
    expect(open(scalarToBytes(0n))).to.equal(0n)
    expect(open(Uint8Array.from(Buffer.from(R.toString(16), 'hex')))).to.equal(null)
    for (const plaintext of [new Uint8Array(32).fill(255), new Uint8Array(31), new Uint8Array(33), new Uint8Array()]) expect(open(plaintext)).to.equal(null)
  })

  it('are sealed to the session\'s own key', () => {
    expect(encryptionKeyPair(receiver.session).publicKey).to.deep.equal(receiver.encryptionKey)
  })
})
