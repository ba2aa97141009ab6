import { PublicKey, Signature, verify } from '@chainsafe/blst'
import { expect } from 'chai'
import { decodeG2Affine, DST_SIGNATURE, encodeG2Affine, hashToG2, lagrangeAtZero, R, signShare } from '../../crypto/bls.ts'
import { fromHex, toHex } from '../../base/bytes.ts'
import type { Signable } from '../../messages/kind.ts'
import { signedBytesOf } from '../../messages/kinds.ts'
import { exchangeWith } from '../../run/client-work.ts'
import { readShipped } from '../../script/load.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Simulated, SimulateOptions } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { AirgapVerb, Collected, Scope } from '../../verbs/runtime.ts'
import { canonical, canonicalBytes } from '../../base/canonical.ts'
import { parseMessage, signMessage } from '../../wire/message.ts'
import { keptBy, memberOf, namesOf, resultOf, simulateDkg } from './harness.ts'

const sign = readShipped('sign')

const MESSAGES: readonly Signable[] = [
  { kind: 'text', text: 'Pay 5 to Anna' },
  { kind: 'bytes', hex: '00ff' },
  { kind: 'eth/voluntary-exit', network: 'hoodi', epoch: 1, validatorIndex: 5 },
]

/** The id of some ceremony. */
const SOME = '78'.repeat(32)

let key: Simulated
let count = 0
const signWith = (names: readonly string[], more: Partial<SimulateOptions> = {}): Promise<Simulated> =>
  simulate({ script: sign, names, parameters: { purpose: 'Payday', messages: MESSAGES }, verbs, random: seededRandom(`signing ${count++}`), idle: 5, after: key, ...more })

/** The partial signatures of one airgap's share, in a ceremony. */
function partialsBy(name: string, ceremony = SOME): string[] {
  const { share } = keptBy(key, name)
  return MESSAGES.map((message) => toHex(encodeG2Affine(signShare(BigInt(`0x${share as string}`), signedBytesOf(message, ceremony), DST_SIGNATURE))))
}

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
    // Everybody posts the signatures, and one is enough; nobody is reproached for the others.
    for (const name of namesOf(5)) expect(resultOf(run, name).ledger.faults).to.deep.equal([])
    const signatures = signaturesOf(run, 'anna')
    expect(signatures).to.have.length(3)
    const groupKey = PublicKey.fromHex(resultOf(key, 'anna').ledger.outputs?.['groupKey'] as string)
    for (const [i, signature] of signatures.entries()) {
      expect(verify(signedBytesOf(MESSAGES[i] ?? expect.fail(), run.ceremony), groupKey, Signature.fromHex(signature))).to.equal(true)
    }
  })

  it('by every three of the five makes the same signatures, and of a text in every ceremony another one', async () => {
    const names = namesOf(5)
    const seen = MESSAGES.map(() => new Set<string>())
    for (const out of names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]))) {
      const run = await signWith(names.filter((name) => !out.includes(name)))
      expect(outcomesOf(run).filter((one) => one.endsWith('usable'))).to.have.length(3)
      for (const [i, signature] of signaturesOf(run, run.members[0]?.name ?? '').entries()) seen[i]?.add(signature)
    }
    expect(seen.map(({ size }) => size)).to.deep.equal([10, 10, 1])
  })

  it('goes on without those who decline, and ends when too few are left, with the reason', async () => {
    const two = await signWith(namesOf(5), { tamper: { ben: { declines: true }, dan: { declines: true } } })
    expect(outcomesOf(two)).to.deep.equal(['anna usable', 'ben aborted', 'cleo usable', 'dan aborted', 'eva usable'])
    const three = await signWith(namesOf(5), { tamper: { ben: { declines: true }, dan: { declines: true }, eva: { declines: true } } })
    expect(outcomesOf(three)).to.deep.equal(namesOf(5).map((name) => `${name} aborted`))
    expect(resultOf(three, 'anna').fault).to.include({ reason: 'unreachable', accused: null, convicts: false })
    expect(resultOf(three, 'anna').fault?.why).to.contain('takes 3').and.contain('declined')
    // Its airgap has no part in the certificate, which is a step of the clients: it is content with an Abort, and has nothing to erase.
    const abort = three.board.entries.find(({ text }) => text.includes('"type":"Abort"') && text.includes(three.ceremony))?.text ?? expect.fail()
    const { airgap, memory } = memberOf(three, 'anna')
    const closed = await exchangeWith((request) => airgap.handle(request), three.ceremony, 'Abort', { ask: 'close', abort })
    expect([closed.give, memory.read().sessions[three.ceremony]?.state]).to.deep.equal(['closed', 'finished'])
  })

  it('names the maker of a partial signature that is not right, and takes another one’s', async () => {
    const other: AirgapVerb = (scope, args) => verbs.airgap['bls.signShare']!(scope, [{ ...(args[0] as object), share: '11'.repeat(32) }, args[1]])
    const run = await signWith(namesOf(5), { tamper: { ben: { airgapVerbs: { ...verbs, airgap: { ...verbs.airgap, 'bls.signShare': other } } } } })
    expect(outcomesOf(run)).to.include.members(['anna usable', 'cleo usable', 'dan usable', 'eva usable'])
    const { faults } = resultOf(run, 'anna').ledger
    expect(faults.map(({ reason, accused, convicts }) => [reason, accused, convicts])).to.deep.equal([['bls.bad-partial', 'ben', true]])
  })

  it('blames no owner whose stolen client attaches other partial signatures than the airgap made', async () => {
    const run = await signWith(namesOf(5), { tamper: { ben: { board: (board, { signingKey }) => ({
      ...board,
      post: async (text) => {
        const { statement, seen, airgapSignature = '' } = parseMessage(text)
        if (statement.type !== 'Partial') return board.post(text)
        const attachment = await board.putAttachment(canonicalBytes({ partials: MESSAGES.map(() => toHex(encodeG2Affine(signShare(5n, new Uint8Array(1), 'X')))) }))
        return board.post(canonical(signMessage(signingKey, { statement, seen, airgapSignature, attachment })))
      },
    }) } } })
    expect(outcomesOf(run)).to.include.members(['anna usable', 'cleo usable', 'dan usable', 'eva usable'])
    const { faults } = resultOf(run, 'anna').ledger
    expect(faults.map(({ reason, accused, convicts }) => [reason, accused, convicts])).to.deep.equal([['bls.bad-partial', 'ben', false]])
  })

  it('takes no signature of other messages, or under another key, from whoever posts it first', async () => {
    const other = await signWith(namesOf(3), { parameters: { purpose: 'Payday', messages: [{ kind: 'text', text: 'one' }, { kind: 'text', text: 'two' }, { kind: 'text', text: 'three' }] } })
    const theirs = signaturesOf(other, 'anna')
    const run = await signWith(namesOf(5), { tamper: { anna: { board: (board, { signingKey }) => ({
      ...board,
      post: async (text) => {
        const { statement, seen } = parseMessage(text)
        if (statement.type !== 'Signature') return board.post(text)
        const attachment = await board.putAttachment(canonicalBytes({ signatures: [...theirs] }))
        return board.post(canonical(signMessage(signingKey, { statement, seen, attachment })))
      },
    }) } } })
    expect(outcomesOf(run)).to.include.members(['ben usable', 'cleo usable', 'dan usable', 'eva usable'])
    const { faults, outputs } = resultOf(run, 'ben').ledger
    for (const { reason, accused, convicts } of faults) expect([reason, accused, convicts]).to.deep.equal(['bls.bad-signature', 'anna', false])
    expect(outputs?.['signatures']).to.not.deep.equal(theirs)
  })

  it('combines without a bad partial signature that came too late to be checked', () => {
    const { ledger } = resultOf(key, 'anna')
    const followed = { id: ledger.id, opening: ledger.opening, outputs: ledger.outputs }
    const names = namesOf(5)
    const scope: Scope = { ceremony: '77'.repeat(32), roster: ledger.roster, rehearsal: false, step: 'Combine', type: 'Signature', view: '', random: seededRandom('late') }
    const partials = names.map((name) => partialsBy(name, scope.ceremony))
    const statements = names.map((from, i): Collected => ({ from, index: i + 1, step: 'SendPartials', type: 'Partial', view: '', payload: { digest: '' } }))
    const combine = (columns: readonly (readonly string[])[]) => verbs.client['bls.combine']!(scope, [followed, MESSAGES, statements, columns]).attachment
    const good = combine(partials)
    expect(combine([partials[1]!, partials[1]!, ...partials.slice(2)])).to.deep.equal(good)
    expect(combine([partials[0]!, ['00'.repeat(192), partials[1]![1]!, partials[1]![2]!], ...partials.slice(2)])).to.deep.equal(good)
    expect(() => combine([partials[1]!, partials[2]!, partials[0]!, ...partials.slice(3)])).to.throw().with.nested.property('facts.reason', 'bls.bad-partial')
  })

  it('comes to the same signatures although two cheat in such a way that it shows only with a third', () => {
    const { ledger } = resultOf(key, 'anna')
    const followed = { id: ledger.id, opening: ledger.opening, outputs: ledger.outputs }
    const scope: Scope = { ceremony: SOME, roster: ledger.roster, rehearsal: false, step: 'SendPartials', type: 'Partial', view: '', random: seededRandom('collude') }
    // ben’s and cleo’s errors cancel in every combination of just those three: ben, cleo, dan.
    const [ben = 0n, cleo = 0n] = lagrangeAtZero([2, 3, 4])
    const off = (name: string, scalar: bigint) => partialsBy(name).map((partial, i) =>
      toHex(encodeG2Affine(decodeG2Affine(fromHex(partial, 192)).add(hashToG2(signedBytesOf(MESSAGES[i] ?? expect.fail(), SOME), DST_SIGNATURE).multiply(scalar)))))
    const partials = [partialsBy('anna'), off('ben', cleo), off('cleo', R - ben), partialsBy('dan')]
    const statements = partials.map((list, i): Collected => ({
      from: namesOf(5)[i] ?? '', index: i + 1, step: 'SendPartials', type: 'Partial', view: '', payload: { digest: '' }, attachment: { partials: list },
    }))
    expect(verbs.check['bls.checkPartial']!.run(scope, statements.slice(1), [followed, MESSAGES])).to.deep.equal([])
    // anna’s came too late to be checked, and stands first.
    const { attachment } = verbs.client['bls.combine']!(scope, [followed, MESSAGES, statements, partials])
    for (const [i, signature] of (attachment?.['signatures'] as string[]).entries()) {
      expect(verify(signedBytesOf(MESSAGES[i] ?? expect.fail(), SOME), PublicKey.fromHex(ledger.outputs?.['groupKey'] as string), Signature.fromHex(signature))).to.equal(true)
    }
  })

  it('of two batches at once under one key comes to an end for both', async () => {
    const runs = await Promise.all([signWith(namesOf(5)), signWith(namesOf(4), { parameters: { purpose: 'Bonus', messages: [{ kind: 'text', text: 'Pay 9 to Ben' }] } })])
    for (const run of runs) for (const one of outcomesOf(run)) expect(one).to.match(/usable$/)
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
