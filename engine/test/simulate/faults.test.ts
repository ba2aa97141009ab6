import { expect } from 'chai'
import type { Outcome } from '../../machines/client.ts'
import { stateIn } from '../../run/memory.ts'
import { faultKinds, tamperingOf, targetsOf } from '../../simulate/faults.ts'
import { seededRandom, simulate } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import { beacon, dkg, memberOf, namesOf, resultOf, simulateFaults } from '../run/harness.ts'
import { endingOf, expectNobodyHonestBlamed } from '../run/judging.ts'

interface Case {
  readonly fault: string
  readonly ends: Outcome
  /** `reason` or `reason:accused`; '' where nothing is said. */
  readonly says: string
  /** Is ben proved guilty? */
  readonly convicts: boolean
  readonly t?: number
}

/** ben, one of three, is faulty or has a faulty machine. All kinds, in every step, are run by the slow suite. */
const CASES: readonly Case[] = [
  { fault: 'silent:ben:SendCommits', ends: 'aborted', says: 'missing:ben', convicts: false },
  // The others have stated their part of the certificate, which ben might still complete; so they give it up for good.
  { fault: 'silent:ben:ProcessDeals', ends: 'dead', says: 'missing:ben', convicts: false },
  { fault: 'silent:ben:ProcessResponses', ends: 'unconfirmed', says: '', convicts: false },
  { fault: 'declines:ben', ends: 'aborted', says: '', convicts: false },
  { fault: 'corrupt-payload:ben:SendDeals', ends: 'aborted', says: 'bad-signature:ben', convicts: false },
  { fault: 'corrupt-payload:ben:ProcessDeals', ends: 'dead', says: 'bad-signature:ben', convicts: false },
  { fault: 'corrupt-payload:ben:ProcessResponses', ends: 'unconfirmed', says: 'bad-signature:ben', convicts: false },
  { fault: 'corrupt-attachment:ben:SendCommits', ends: 'aborted', says: 'dkg.bad-points:ben', convicts: false },
  { fault: 'corrupt-attachment:ben:SendDeals', ends: 'aborted', says: 'malformed:ben', convicts: false },
  { fault: 'malformed:ben:SendCommits', ends: 'aborted', says: 'malformed:ben', convicts: true },
  { fault: 'equivocate:ben:SendPublicKeys', ends: 'aborted', says: 'equivocation:ben', convicts: true },
  { fault: 'equivocate:ben:SendDeals', ends: 'aborted', says: 'equivocation:ben', convicts: true },
  { fault: 'wrong-view:ben:SendCommits', ends: 'aborted', says: 'disagreement:ben', convicts: false },
  { fault: 'wrong-view:ben:ProcessDeals', ends: 'dead', says: 'disagreement:ben', convicts: false },
  { fault: 'early:ben:SendDeals', ends: 'aborted', says: 'malformed:ben', convicts: false },
  { fault: 'foreign:ben:cleo', ends: 'aborted', says: 'bad-signature', convicts: false },
  { fault: 'replay:ben:SendPublicKeys', ends: 'aborted', says: 'bad-signature:ben', convicts: false },
  { fault: 'wrong-share:ben:anna', ends: 'dead', says: 'dkg.bad-deal:ben', convicts: true },
  { fault: 'garbage-deal:ben:cleo', ends: 'dead', says: 'dkg.bad-deal:ben', convicts: true },
  { fault: 'malformed-deal:ben:cleo', ends: 'aborted', says: 'malformed:ben', convicts: true },
  { fault: 'false-complaint:ben:cleo', ends: 'dead', says: 'dkg.false-complaint:ben', convicts: true },
  { fault: 'no-justification:ben:anna', ends: 'dead', says: 'missing:ben', convicts: false },
  { fault: 'wrong-sums:ben', ends: 'usable', says: '', convicts: false },
  { fault: 'insisting-sums:ben', ends: 'dead', says: 'missing:ben', convicts: false },
  { fault: 'fitting-sums:ben', t: 3, ends: 'dead', says: 'dkg.other-sums:ben', convicts: false },
  { fault: 'lying-pinpoint:ben:anna', ends: 'dead', says: 'missing:ben', convicts: false },
  { fault: 'bad-opening:ben', ends: 'aborted', says: 'dkg.bad-opening:ben', convicts: true },
  { fault: 'bad-proof:ben', ends: 'aborted', says: 'dkg.bad-proof:ben', convicts: true },
  { fault: 'wrong-degree:ben', ends: 'aborted', says: 'dkg.bad-points:ben', convicts: false },
  { fault: 'identity-point:ben', ends: 'aborted', says: 'malformed:ben', convicts: true },
  { fault: 'low-order-key:ben', ends: 'aborted', says: 'malformed:ben', convicts: true },
  { fault: 'off-subgroup-point:ben', ends: 'aborted', says: 'dkg.bad-points:ben', convicts: true },
  { fault: 'opposite-point:ben', ends: 'aborted', says: 'dkg.bad-points:ben', convicts: true },
  { fault: 'bad-share-proof:ben', ends: 'dead', says: 'dkg.bad-share-proof:ben', convicts: true },
  { fault: 'other-group-key:ben', ends: 'dead', says: 'dkg.other-key:ben', convicts: true },
  { fault: 'other-sums:ben', ends: 'dead', says: 'dkg.other-sums:ben', convicts: false },
  { fault: 'abandons-early:ben', ends: 'dead', says: '', convicts: false },
]

describe('a fault in a key generation', () => {
  it('proves what its kind says that it proves', () => {
    for (const { fault, convicts } of CASES) expect(faultKinds.find(({ name }) => name === fault.split(':')[0])?.proves.length, fault).to.equal(convicts ? 1 : 0)
  })

  for (const { fault, ends, says, convicts, t } of CASES) {
    it(`${fault} ends ${ends} for all who are honest${says === '' ? '' : `, for ${says}`}; ${convicts ? 'ben is proved guilty' : 'nobody is proved guilty'}`, async () => {
      const run = await simulateFaults(3, t ?? 2, [fault])
      expect(endingOf(run, ['ben'])).to.deep.equal({ outcomes: [ends], said: says === '' ? [] : [says], convicted: convicts ? ['ben'] : [] })
      expectNobodyHonestBlamed(run, ['ben'])
    })
  }

  it('whose owner declines is said in the log as such, and the airgap takes nothing of that ceremony any more', async () => {
    const run = await simulateFaults(3, 2, ['declines:ben'])
    expect(resultOf(run, 'anna').ledger.aborts.map(({ from, payload }) => [from, payload.reason, payload.accused])).to.deep.equal([['ben', 'rejected', null]])
    expect(stateIn(memberOf(run, 'ben').memory.read(), run.ceremony)).to.equal('declined')
  })

  it('in the certificate’s place does not undo it: whoever contradicts it convicts itself alone', async () => {
    const run = await simulateFaults(3, 2, ['equivocate:ben:ProcessDeals'])
    const { outcomes, said, convicted } = endingOf(run, ['ben'])
    expect(outcomes).to.deep.equal(['usable'])
    expect(said).to.deep.equal(['equivocation:ben'])
    expect(convicted).to.deep.equal(['ben'])
    expectNobodyHonestBlamed(run, ['ben'])
  })

  it('outside the subgroup does no harm where two cancel out', async () => {
    const run = await simulateFaults(4, 3, ['off-subgroup-point:ben', 'opposite-point:dan'])
    expect(endingOf(run, ['ben', 'dan'])).to.deep.equal({ outcomes: ['usable'], said: [], convicted: [] })
  })

  it('of two at once names both that can be named', async () => {
    const run = await simulateFaults(4, 3, ['wrong-share:ben:anna', 'garbage-deal:dan:cleo'])
    const { outcomes, convicted } = endingOf(run, ['ben', 'dan'])
    expect(outcomes).to.deep.equal(['dead'])
    expect(convicted).to.deep.equal(['ben', 'dan'])
    expectNobodyHonestBlamed(run, ['ben', 'dan'])
  })

  it('meets no share: only those who finished keep one', async () => {
    const run = await simulateFaults(3, 2, ['wrong-share:ben:anna'])
    for (const { name, memory } of run.members) expect(memory.read().archive, name).to.deep.equal({})
  })
})

describe('a fault in a beacon', () => {
  const names = namesOf(3)
  const cases: [string, Outcome, string[], string[]][] = [
    ['silent:ben:SendReveals', 'doubtful', ['missing:ben'], []],
    ['equivocate:ben:SendCommits', 'aborted', ['equivocation:ben'], ['ben']],
    ['other-number:ben', 'dead', ['random.bad-opening:ben'], ['ben']],
    ['corrupt-payload:ben:SendCommits', 'aborted', ['bad-signature:ben'], []],
  ]
  for (const [fault, ends, says, convicted] of cases) {
    it(`${fault} ends ${ends}`, async () => {
      const random = seededRandom(fault)
      const tamper = tamperingOf([fault], { script: beacon, verbs, random, names })
      const run = await simulate({ script: beacon, names, parameters: {}, verbs, random, idle: 5, tamper })
      expect(endingOf(run, ['ben'])).to.deep.equal({ outcomes: [ends], said: says, convicted })
    })
  }
})

describe('a fault on a command line', () => {
  const place = { script: dkg, verbs, random: seededRandom('x'), names: namesOf(3) }
  const whyNot = (...faults: string[]) => {
    try {
      tamperingOf(faults, place)
      return 'taken'
    } catch (error) {
      expect(error).to.have.property('code', 'run.bad-fault')
      return (error as Error).message
    }
  }

  it('is refused with what is possible instead', () => {
    expect(whyNot('silly:ben')).to.contain('there is no silly; there are silent, declines')
    expect(whyNot('silent:zoe')).to.contain('nobody is called zoe')
    expect(whyNot('silent:ben:Nothing')).to.contain('Nothing is none of SendPublicKeys, SendCommits')
    expect(whyNot('declines:ben:anna')).to.contain('it takes no target')
    expect(whyNot('wrong-share:ben:ben')).to.contain('ben is none of anna, cleo')
    expect(whyNot('silent:ben:SendDeals:more')).to.contain('there is no silent')
    expect(whyNot('silent:ben', 'declines:ben')).to.contain('ben has a fault already')
    expect(whyNot('silent:ben', 'declines:anna')).to.equal('taken')
  })

  it('is refused in a script in which it cannot happen', () => {
    expect(() => tamperingOf(['wrong-share:ben'], { ...place, script: beacon })).to.throw('it cannot happen in beacon')
    expect(() => tamperingOf(['corrupt-attachment:ben'], { ...place, script: beacon })).to.throw('it cannot happen in beacon')
  })

  it('happens in the first step, or to the first other, where it names no target', () => {
    const firsts = faultKinds.map((kind) => [kind.name, targetsOf(kind, dkg, namesOf(3), 'anna')[0]])
    expect(Object.fromEntries(firsts)).to.include({ silent: 'SendPublicKeys', early: 'SendCommits', 'corrupt-attachment': 'SendCommits', 'wrong-share': 'ben', declines: '' })
  })

  it('has one sentence about itself', () => {
    for (const { name, doc } of faultKinds) expect(doc, name).to.match(/^[A-Z].{20,}[.)]$/)
  })
})
