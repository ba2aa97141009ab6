import { PublicKey, Signature, verify } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import bls from 'bls-eth-wasm'
import { expect } from 'chai'
import { DST_SHARE_PROOF } from '../../crypto/bls.ts'
import { fromHex, utf8 } from '../../base/bytes.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { canonicalBytes } from '../../base/canonical.ts'
import { beacon, keptBy, namesOf, resultOf, simulateDkg, textOf } from './harness.ts'

/** All subsets of `size` of these, in order. */
function subsets<T>(all: readonly T[], size: number): T[][] {
  if (size === 0) return [[]]
  return all.flatMap((one, i) => subsets(all.slice(i + 1), size - 1).map((rest) => [one, ...rest]))
}

/** The secret that these participants' shares recombine to, by bls-eth-wasm. */
function recombined(run: Simulated, names: readonly string[]): InstanceType<typeof bls.SecretKey> {
  const kept = names.map((name) => keptBy(run, name))
  const shares = kept.map(({ share }) => bls.deserializeHexStrToSecretKey(textOf(share)))
  const ids = kept.map(({ index }) => {
    const id = new bls.Id()
    id.setInt(Number(index))
    return id
  })
  const secret = new bls.SecretKey()
  secret.recover(shares, ids)
  return secret
}

describe('a key generation in memory', () => {
  before(() => bls.init(bls.BLS12_381))

  for (const [n, t] of [[2, 2], [5, 3], [7, 4]] as const) {
    it(`ends usable for all ${n}, with one key that any ${t} shares make and fewer do not`, async () => {
      const run = await simulateDkg(n, t, `happy ${n}/${t}`)
      const names = namesOf(n)
      expect(names.map((name) => resultOf(run, name).outcome)).to.deep.equal(names.map(() => 'usable'))
      const outputs = names.map((name) => resultOf(run, name).ledger.outputs)
      for (const one of outputs) expect(one).to.deep.equal(outputs[0])
      for (const name of names) expect(resultOf(run, name).ledger.faults, name).to.deep.equal([])
      const groupKey = textOf(outputs[0]?.['groupKey'])
      for (const name of names) expect(keptBy(run, name)['groupKey']).to.equal(groupKey)

      const keyOf = (some: readonly string[]) => recombined(run, some).getPublicKey().serializeToHexStr()
      for (const some of subsets(names, t).slice(0, 10)) expect(keyOf(some), some.join()).to.equal(groupKey)
      for (const some of subsets(names, t - 1).slice(0, 10)) expect(keyOf(some), some.join()).not.to.equal(groupKey)
    })
  }

  it('gives a birth signature that verifies under the group key, and shares that sign for Ethereum', async () => {
    const run = await simulateDkg(4, 3, 'birth')
    const { ledger } = resultOf(run, 'anna')
    const groupKey = textOf(ledger.outputs?.['groupKey'])
    const { sums } = keptBy(run, 'anna')
    const view = ledger.viewBefore(ledger.ceremony.steps.length - 1)
    const message = canonicalBytes({ ceremony: run.ceremony, view: view ?? null, groupKey, sums })
    // noble's own signatures, with the domain that the protocol names.
    const { longSignatures } = bls12_381
    const hashed = longSignatures.hash(message, DST_SHARE_PROOF)
    const birth = longSignatures.Signature.fromHex(textOf(ledger.outputs?.['birth']))
    expect(longSignatures.verify(birth, hashed, fromHex(groupKey, 48))).to.equal(true)

    const text = utf8('a first transaction')
    const signature = recombined(run, ['ben', 'cleo', 'dan']).sign(text).serialize()
    expect(verify(text, PublicKey.fromBytes(fromHex(groupKey, 48), true), Signature.fromBytes(signature, true))).to.equal(true)
  })

  it('makes other keys in another ceremony of the same airgaps, and in a rehearsal', async () => {
    const first = await simulateDkg(2, 2, 'same seeds')
    const rehearsal = await simulateDkg(2, 2, 'same seeds', { rehearsal: true })
    const [a, b] = [first, rehearsal].map((run) => resultOf(run, 'anna').ledger.outputs?.['groupKey'])
    expect(first.members[0]?.card).to.deep.equal(rehearsal.members[0]?.card)
    expect(a).not.to.equal(b)
    expect(keptBy(first, 'anna')['share']).not.to.equal(keptBy(rehearsal, 'anna')['share'])
  })

  it('comes out the same, message for message, from the same seed', async () => {
    const [first, again] = [await simulateDkg(3, 2, 'repeat'), await simulateDkg(3, 2, 'repeat')]
    expect(again.board.entries.map((entry) => entry.text)).to.deep.equal(first.board.entries.map((entry) => entry.text))
  })

  it('carries to an airgap no statement of its own, and none twice', async () => {
    const seen = new Map<string, number>()
    const run = await simulateDkg(3, 2, 'carried', {
      tamper: { ben: { exchange: (airgap) => (request) => {
        for (const [, signature = ''] of request.matchAll(/"airgapSignature":"([0-9a-f]+)"/g)) seen.set(signature, (seen.get(signature) ?? 0) + 1)
        return airgap.handle(request)
      } } },
    })
    const own = run.board.entries.filter((entry) => entry.text.includes('"from":"ben"')).map((entry) => /"airgapSignature":"([0-9a-f]+)"/.exec(entry.text)?.[1] ?? '')
    expect([...seen.values()].every((count) => count === 1)).to.equal(true)
    expect(own.filter((signature) => seen.has(signature))).to.deep.equal([])
    // 2 PublicKeys, 2 Commits, 2 Deals, 2 Responses.
    expect(seen.size).to.equal(8)
  })
})

describe('a beacon in memory', () => {
  it('ends usable for all, with the hash of what all revealed', async () => {
    const names = namesOf(4)
    const run = await simulate({ script: beacon, names, parameters: {}, verbs, random: seededRandom('beacon'), idle: 5 })
    const numbers = names.map((name) => {
      const { outcome, ledger } = resultOf(run, name)
      expect(outcome).to.equal('usable')
      return ledger.outputs?.['number']
    })
    expect(new Set(numbers).size).to.equal(1)
    expect(numbers[0]).to.match(/^[0-9a-f]{64}$/)
  })
})
