import { expect } from 'chai'
import { openEnvelope } from '../../channel/envelope.ts'
import { toHex } from '../../base/bytes.ts'
import { ed25519FromSeed } from '../../crypto/ed25519.ts'
import { ownChecks } from '../../run/reading.ts'
import { prepareSimulation, runMember, sharedChecks, sharedVerbs, simulate } from '../../simulate/simulate.ts'
import type { Simulated, Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { Scope, Verbs } from '../../verbs/runtime.ts'
import { ceremonyId } from '../../wire/card.ts'
import { EMPTY_LOG } from '../../wire/log.ts'
import { signMessage } from '../../wire/message.ts'
import { dkgOptions, faultyOptions, memberOf, namesOf, resultOf, simulateDkg, simulateFaults } from '../run/harness.ts'

describe('a simulation that aborts', () => {
  it('has every airgap erase its session that joined and did not state its part of the certificate', async () => {
    const run = await simulateFaults(4, 2, ['silent:ben:SendDeals'])
    for (const name of namesOf(4)) {
      expect(resultOf(run, name).outcome).to.equal('aborted')
      expect(memberOf(run, name).memory.read().sessions[run.ceremony], name).to.include({ state: 'closed' })
    }
  })

  it('has every airgap erase it after a complaint, its part of the certificate stated or not: beside that there can be no success', async () => {
    const run = await simulateFaults(4, 2, ['wrong-share:anna:ben'])
    const sessionOf = (name: string) => memberOf(run, name).memory.read().sessions[run.ceremony]
    // ben complained; the others had stated their Responses.
    expect(namesOf(4).map((name) => sessionOf(name)?.steps['ProcessDeals']?.stated?.type)).to.deep.equal(['Response', 'Complaint', 'Response', 'Response'])
    expect(namesOf(4).map((name) => sessionOf(name)?.state)).to.deep.equal(['closed', 'closed', 'closed', 'closed'])
  })

  it('leaves the session to an airgap that stated its part of the certificate, which may complete all the same, until its owner gives it up', async () => {
    const stateOf = (run: Simulated) => namesOf(4).map((name) => [resultOf(run, name).outcome, memberOf(run, name).memory.read().sessions[run.ceremony]?.state])
    // ben's airgap states its part as well; his client never posts it.
    const silent = ['silent:ben:ProcessDeals']
    const prepared = await prepareSimulation(faultyOptions(4, 2, silent))
    const { signal } = new AbortController()
    const results = new Map(await Promise.all(prepared.members.map(async (member) => {
      const client = { ...member.client, offerAbandon: () => Promise.resolve(false) }
      return [member.name, (await runMember({ ...member, client }, prepared.opening, signal)) ?? expect.fail()] as const
    })))
    expect(stateOf({ ...prepared, ceremony: ceremonyId(prepared.opening), results })).to.deep.equal(namesOf(4).map(() => ['doubtful', 'live']))
    const given = stateOf(await simulateFaults(4, 2, silent))
    // ben's client keeps his Abandoned back as well, and may have ended before it read another's.
    expect(given.filter((_, i) => i !== 1).map(([outcome]) => outcome)).to.deep.equal(['dead', 'dead', 'dead'])
    expect(given.filter(([, state]) => state === 'abandoned')).to.not.deep.equal([])
    for (const [, state] of given) expect(state).to.be.oneOf(['abandoned', 'closed'])
  })

  it('brings the Abort as everything else crosses, and bears a refusal', async () => {
    const asked: string[] = []
    const stubborn: Tampering = {
      exchange: (airgap) => (request) => {
        asked.push(openEnvelope(request).step ?? '')
        return asked.at(-1) === 'Abort' ? Promise.resolve('nonsense') : airgap.handle(request)
      },
    }
    const run = await simulateDkg(3, 2, 'stubborn', { tamper: { anna: stubborn, ben: { declines: true } } })
    expect(asked).to.deep.equal(['SendPublicKeys', 'Abort'])
    expect(resultOf(run, 'anna').outcome).to.equal('aborted')
    expect(memberOf(run, 'anna').memory.read().sessions[run.ceremony]?.state).to.equal('live')
  })
})

describe('what simulated clients share', () => {
  const key = ed25519FromSeed(new Uint8Array(32).fill(1))
  const signed = (why: string) => signMessage(key.secretKey, {
    statement: { ceremony: null, step: null, type: 'Ready', from: 'anna', view: null, payload: { why } }, seen: EMPTY_LOG,
  })

  it('is the result for the very same message and key, and for nothing else', () => {
    const checks = sharedChecks()
    const publicKey = toHex(key.publicKey)
    const [message, other] = [signed('one'), signed('two')]
    for (let i = 0; i < 2; i++) {
      expect(checks.message(message, publicKey)).to.equal(true)
      expect(checks.message({ ...message, statement: other.statement }, publicKey)).to.equal(false)
      expect(checks.message({ ...message, signature: other.signature }, publicKey)).to.equal(false)
      expect(checks.message(message, toHex(ed25519FromSeed(new Uint8Array(32).fill(2)).publicKey))).to.equal(false)
      expect(ownChecks.message(message, publicKey)).to.equal(true)
    }
  })

  it('is what a client’s verb gave for the same place and arguments; what it threw is tried again', () => {
    const calls: unknown[] = []
    const mine: Verbs = {
      ...verbs,
      value: { note: (scope, [arg]) => {
        calls.push([scope.step, arg])
        if (arg === 'bad') throw new Error('bad')
        return { list: [String(arg)] }
      } },
    }
    const { value, airgap } = sharedVerbs(mine)
    const scope = (step: string): Scope => ({ ceremony: 'c', roster: [], rehearsal: false, step, type: 'T', view: 'v', random: (length) => new Uint8Array(length) })
    const note = value['note']!
    const first = note(scope('One'), ['a'])
    expect(note(scope('One'), ['a'])).to.equal(first)
    expect(() => (first as { list: string[] }).list.push('b')).to.throw(TypeError)
    note(scope('Two'), ['a'])
    for (let i = 0; i < 2; i++) expect(() => note(scope('One'), ['bad'])).to.throw('bad')
    expect(calls).to.deep.equal([['One', 'a'], ['Two', 'a'], ['One', 'bad'], ['One', 'bad']])
    expect(airgap).to.equal(verbs.airgap)
  })

  it('leaves out no part of a verb', () => {
    const kinds = ['airgap', 'value', 'client', 'check', 'assist', 'judge'] as const
    const parts = (all: Verbs) => kinds.flatMap((kind) => Object.entries(all[kind]).map(([name, verb]: [string, object]) => [kind, name, ...Object.keys(verb).sort()]))
    expect(parts(sharedVerbs(verbs))).to.deep.equal(parts(verbs))
    expect(parts(verbs).some((one) => one.includes('before'))).to.equal(true)
  })

  it('leaves every airgap all of its own work', async () => {
    const counted = new Map<string, number>()
    const airgap = Object.fromEntries(Object.entries(verbs.airgap).map(([name, run]) => [name, (...args: Parameters<typeof run>) => {
      counted.set(name, (counted.get(name) ?? 0) + 1)
      return run(...args)
    }]))
    let sums = 0
    const value = { ...verbs.value, 'dkg.sum': (...args: Parameters<NonNullable<typeof verbs.value[string]>>) => {
      sums += 1
      return verbs.value['dkg.sum']!(...args)
    } }
    const run = await simulate({ ...dkgOptions(3, 2, 'own work'), verbs: { ...verbs, airgap, value } })
    expect(namesOf(3).map((name) => resultOf(run, name).outcome)).to.deep.equal(['usable', 'usable', 'usable'])
    expect([...counted.values()]).to.deep.equal([3, 3, 3, 3, 3])
    expect(sums).to.equal(1)
  })
})
