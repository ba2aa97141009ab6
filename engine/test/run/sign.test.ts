import { createRequire } from 'node:module'
import { expect } from 'chai'
import { seededRandom, simulate } from '../../run/simulate.ts'
import type { Simulated, SimulateOptions } from '../../run/simulate.ts'
import { signedBytesOf } from '../../messages/kinds.ts'
import type { Message } from '../../messages/kind.ts'
import { readShipped } from '../../script/shipped.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapVerb } from '../../verbs/runtime.ts'
import { namesOf, resultOf, simulateDkg } from './harness.ts'

const sign = readShipped('sign')
const require = createRequire(import.meta.url)

const MESSAGES: readonly Message[] = [
  { kind: 'text', text: 'Pay 5 to Anna' },
  { kind: 'bytes', hex: '00ff' },
]

let key: Simulated
let count = 0
const signWith = (names: readonly string[], more: Partial<SimulateOptions> = {}): Promise<Simulated> =>
  simulate({ script: sign, names, parameters: { purpose: 'Payday', messages: MESSAGES }, verbs, random: seededRandom(`signing ${count++}`), idle: 5, after: key, ...more })

const signaturesOf = (run: Simulated, name: string): readonly string[] => resultOf(run, name).ledger.outputs?.['signatures'] as readonly string[]
const outcomesOf = (run: Simulated): string[] => [...run.results].map(([name, { outcome }]) => `${name} ${outcome}`)

describe('a signing', function () {
  this.timeout(120_000)
  before(async () => {
    key = await simulateDkg(5, 3, 'a key to sign with')
  })

  it('by all makes signatures that another implementation verifies under the group key', async () => {
    const run = await signWith(namesOf(5))
    expect(outcomesOf(run)).to.deep.equal(namesOf(5).map((name) => `${name} usable`))
    const signatures = signaturesOf(run, 'anna')
    expect(signatures).to.have.length(2)
    const blst = require('@chainsafe/blst') as typeof import('@chainsafe/blst')
    const groupKey = blst.PublicKey.fromHex(String(resultOf(key, 'anna').ledger.outputs?.['groupKey']))
    for (const [i, signature] of signatures.entries()) {
      expect(blst.verify(signedBytesOf(MESSAGES[i] ?? expect.fail()), groupKey, blst.Signature.fromHex(signature))).to.equal(true)
    }
  })

  it('by every three of the five makes the same signatures', async () => {
    const names = namesOf(5)
    const seen = new Set<string>()
    for (const out of names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]))) {
      const run = await signWith(names.filter((name) => !out.includes(name)))
      expect(outcomesOf(run).filter((one) => one.endsWith('usable'))).to.have.length(3)
      seen.add(signaturesOf(run, run.members[0]?.name ?? '').join())
    }
    expect([...seen]).to.have.length(1)
  })

  it('goes on without those who decline, and ends when too few are left, with the reason', async () => {
    const two = await signWith(namesOf(5), { tamper: { ben: { declines: true }, dan: { declines: true } } })
    expect(outcomesOf(two)).to.deep.equal(['anna usable', 'ben aborted', 'cleo usable', 'dan aborted', 'eva usable'])
    const three = await signWith(namesOf(5), { tamper: { ben: { declines: true }, dan: { declines: true }, eva: { declines: true } } })
    expect(outcomesOf(three)).to.deep.equal(namesOf(5).map((name) => `${name} aborted`))
    expect(resultOf(three, 'anna').fault).to.include({ reason: 'unreachable', accused: null, convicts: false })
    expect(resultOf(three, 'anna').fault?.why).to.contain('takes 3').and.contain('declined')
  })

  it('names the maker of a partial signature that is not right, and takes another one’s', async () => {
    const other: AirgapVerb = (scope, args) => verbs.airgap['bls.signShare']!(scope, [{ ...(args[0] as object), share: '11'.repeat(32) }, args[1]])
    const run = await signWith(namesOf(5), { tamper: { ben: { airgapVerbs: { ...verbs, airgap: { ...verbs.airgap, 'bls.signShare': other } } } } })
    expect(outcomesOf(run)).to.include.members(['anna usable', 'cleo usable', 'dan usable', 'eva usable'])
    const { faults } = resultOf(run, 'anna').ledger
    expect(faults.map(({ reason, accused, convicts }) => [reason, accused, convicts])).to.deep.equal([['bls.bad-partial', 'ben', true]])
  })

  it('cannot be by fewer than the threshold', async () => {
    const run = await signWith(namesOf(2)).then(() => null, (error: unknown) => error)
    expect(run).to.have.property('code', 'run.opening')
  })

  it('of a rehearsal’s key is a rehearsal, and of a real one is real', async () => {
    const wrong = await signWith(namesOf(3), { rehearsal: true }).then(() => null, (error: unknown) => error)
    expect(wrong).to.include({ code: 'run.opening' }).and.have.property('message').that.contains('rehearsal')
  })
})
