/**
 * The CPU time of one participant's cryptography in a DKG, per step, in milliseconds: `node --import=tsx engine/bench/crypto.ts`.
 * The other participants' values are made beforehand and not counted.
 */
import { randomBytes } from 'node:crypto'
import {
  combineSignatures, decodeG1, decodeG1Affine, decodeG1OnCurve, decodeG2, DST_SHARE_PROOF, DST_SIGNATURE, encodeG1, encodeG1Affine, encodeG2, R, signShare, sumG1,
  verifyShareSignatures, verifySignature,
} from '../crypto/bls.ts'
import { toHex, utf8 } from '../base/bytes.ts'
import { sha256 } from '../crypto/hash.ts'
import {
  commitmentDigest, commitments, commitmentSums, evaluate, openDeal, polynomial, proveKey, publicShares, restHash, sealDeal, shareMatches, sumsHash, verifyKeyProofs,
} from '../crypto/dkg.ts'
import { checkEd25519Key, ed25519FromSeed, signEd25519, verifyEd25519 } from '../crypto/ed25519.ts'
import { checkX25519Key } from '../crypto/hpke.ts'
import { ceremonyNumber } from '../crypto/number.ts'
import { encryptionKeyPair, newMnemonic, sessionSecrets, seedFromMnemonic } from '../crypto/seed.ts'
import { cpu, heading, print } from './report.ts'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const aad = utf8('{"ceremony":"…","from":"…","step":"SendDeals","to":"…","type":"Deals"}')

/** One participant's values, public and secret. */
function participant(id: string, index: number, t: number) {
  const session = sessionSecrets(random(64), id, false)
  const coefficients = polynomial(session, t)
  const points = commitments(coefficients)
  const encoded = points.map(encodeG1)
  const [key, secret] = [points[0], coefficients[0]]
  if (key === undefined || secret === undefined) throw new TypeError('no constant term')
  const proof = proveKey(session, { id, index, secret, key })
  const rest = restHash(encoded.slice(1))
  const digest = commitmentDigest({ ceremony: id, from: `p${index}`, key: encodeG1(key), proof, rest })
  return { index, session, coefficients, encoded, proof, rest, digest, encryptionKey: encryptionKeyPair(session).publicKey }
}

function bench(n: number, t: number): readonly [side: string, step: string, ms: number][] {
  const id = toHex(random(32))
  const rows: [side: string, step: string, ms: number][] = []
  const measure = <T>(side: string, step: string, work: () => T): T => {
    const [result, ms] = cpu(work)
    rows.push([side, step, ms])
    return result
  }
  const others = Array.from({ length: n - 1 }, (_, i) => participant(id, i + 2, t))
  const self = measure('airgap', 'SendPublicKeys: polynomial, commitments, proof', () => participant(id, 1, t))
  const all = [self, ...others]
  const heads = measure('airgap', 'SendDeals: digests, keys', () => all.map((one) => {
    const [key] = one.encoded
    if (key === undefined) throw new TypeError('no key')
    commitmentDigest({ ceremony: id, from: `p${one.index}`, key, proof: one.proof, rest: one.rest })
    if (checkX25519Key(one.encryptionKey) !== null) throw new Error('a bad encryption key')
    return decodeG1(key)
  }))
  const bad = measure('airgap', 'SendDeals: proofs of knowledge', () =>
    verifyKeyProofs(id, all.map(({ index, proof }, i) => ({ index, proof, key: heads[i] ?? decodeG1(proof) })), random))
  measure('airgap', 'SendDeals: shares, seals', () => others.map((other) => sealDeal({
    session: self.session, recipientIndex: other.index, recipientKey: other.encryptionKey,
    share: evaluate(self.coefficients, other.index), aad,
  })))
  const deals = others.map((other) => sealDeal({
    session: other.session, recipientIndex: 1, recipientKey: self.encryptionKey, share: evaluate(other.coefficients, 1), aad,
  }))
  const attached = all.map(({ encoded }) => encoded.slice(1).map((one) => encodeG1Affine(decodeG1OnCurve(one))))
  measure('client', 'check the attachments', () => attached.slice(1).map((points) => restHash(points.map((one) => encodeG1(decodeG1Affine(one))))))
  const sums = measure('client', 'sum the attachments', () => commitmentSums(attached, (one) => decodeG1Affine(one)))
  if (!sums.ok || bad.length > 0) throw new Error('the bench is broken')
  const shares = measure('airgap', 'ProcessDeals: open', () => deals.map((sealed) => openDeal({ session: self.session, sealed, aad }) ?? 0n))
  const share = shares.reduce((sum, one) => sum + one, evaluate(self.coefficients, 1)) % R
  const group = measure('airgap', 'ProcessDeals: read the sums', () => [sumG1(heads), ...sums.sums.map((one) => decodeG1(one))])
  const good = measure('airgap', 'ProcessDeals: check the share', () => shareMatches(share, group, 1))
  const [groupKey] = group
  if (!good || groupKey === undefined) throw new Error('the bench is broken')
  measure('airgap', 'ProcessDeals: hash of the sums', () => sumsHash(group.map(encodeG1)))
  const message = sha256(utf8('birth'))
  measure('airgap', 'ProcessResponses: proof of the share', () => encodeG2(signShare(share, message, DST_SHARE_PROOF)))
  const keys = measure('client', 'everyone\'s share key', () => publicShares(group, n))
  const allShares = all.map((_, i) => all.reduce((sum, { coefficients }) => (sum + evaluate(coefficients, i + 1)) % R, 0n))
  const proofs = allShares.map((one) => encodeG2(signShare(one, message, DST_SHARE_PROOF)))
  const entries = measure('client', 'read all proofs', () => proofs.map((proof) => decodeG2(proof)))
  const proved = measure('client', 'check all proofs', () =>
    verifyShareSignatures(entries.map((signature, i) => ({ publicKey: keys[i] ?? groupKey, signature })), message, DST_SHARE_PROOF, random))
  // The t signers are spread over n, which is the usual case.
  const chosen = Array.from({ length: t }, (_, i) => 1 + Math.floor((i * n) / t))
  const partials = chosen.map((index) => ({ index, signature: signShare(allShares[index - 1] ?? 0n, message, DST_SIGNATURE) }))
  const signature = measure('client', 'combine t partial signatures', () => combineSignatures(partials))
  const valid = measure('client', 'verify the signature', () => verifySignature(groupKey, message, signature, DST_SIGNATURE))
  if (!proved || !valid) throw new Error('the bench is broken')
  return rows
}

function show(title: string, rows: readonly [string, string, number][]): void {
  const sides = ['airgap', 'client'].flatMap((side) => {
    const own = rows.filter(([of]) => of === side)
    return [...own, [side, 'all', own.reduce((sum, [, , ms]) => sum + ms, 0)] as const]
  })
  print(title, ['', '', 'CPU ms'], sides)
}

function benchPrimitives(): void {
  const rows: [string, number][] = []
  const each = (title: string, times: number, work: () => unknown): void => {
    work()
    const [, ms] = cpu(() => {
      for (let i = 0; i < times; i++) work()
    })
    rows.push([title, ms / times])
  }
  const { publicKey, secretKey } = ed25519FromSeed(random(32))
  const message = random(1024)
  const signature = signEd25519(secretKey, message)
  const mnemonic = newMnemonic(random)
  each('Ed25519 sign, 1 KB', 300, () => signEd25519(secretKey, message))
  each('Ed25519 verify, 1 KB, known key', 300, () => verifyEd25519(publicKey, message, signature))
  each('Ed25519 check of a new key', 30, () => checkEd25519Key(ed25519FromSeed(random(32)).publicKey))
  each('ceremony number', 5, () => ceremonyNumber(toHex(random(32))))
  each('seed from a mnemonic', 5, () => seedFromMnemonic(mnemonic, ''))
  print('One by one', ['', 'CPU ms'], rows)
}

heading('One participant’s cryptography')
benchPrimitives()
bench(5, 3) // Warms up.
for (const [n, t] of [[5, 3], [11, 6], [64, 43]] as const) show(`${String(n)}/${String(t)}`, bench(n, t))
