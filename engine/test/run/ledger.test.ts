import { expect } from 'chai'
import { airgapKeyPair } from '../../crypto/seed.ts'
import type { Simulated } from '../../run/simulate.ts'
import { seededRandom } from '../../run/simulate.ts'
import { canonical, canonicalBytes } from '../../wire/canonical.ts'
import type { Json, JsonObject } from '../../wire/canonical.ts'
import { parseMessage, signMessage, signStatement } from '../../wire/message.ts'
import type { Message, Statement, Unsigned } from '../../wire/message.ts'
import { sha256Hex } from '../../crypto/bytes.ts'
import { dealsHash } from '../../verbs/dkg-common.ts'
import { TestLog, memberOf, resultOf, simulateDkg, simulateFaults } from './harness.ts'

let run: Simulated
let messages: readonly Message[]
let responsesAt: number

type Part = Partial<Unsigned> & { readonly statement: Statement }

/** Adds a message to a log in its author's name, properly signed for where it now stands. */
function post(log: TestLog, { statement, ...rest }: Part, key = memberOf(run, statement.from).signingKey): void {
  log.add(canonical(signMessage(key, { statement, seen: log.pin, ...rest })), attachments)
}

const attachments = new Map<string, Uint8Array>()

function attach(value: Json | string): string {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : canonicalBytes(value)
  const hash = sha256Hex(bytes)
  attachments.set(hash, bytes)
  return hash
}

/** A statement with its airgap's signature. */
const stated = (statement: Statement): Part =>
  ({ statement, airgapSignature: signStatement(airgapKeyPair(memberOf(run, statement.from).seed).secretKey, statement) })

/** The message without what its author's client added. */
const partOf = ({ statement, airgapSignature, attachment }: Message): Part => ({
  statement, ...(airgapSignature === undefined ? {} : { airgapSignature }), ...(attachment === undefined ? {} : { attachment }),
})

/** A log with the first `count` messages of the run. */
function logOf(count: number): TestLog {
  const log = new TestLog(run)
  for (const message of messages.slice(0, count)) post(log, partOf(message))
  return log
}

const at = (step: string, from = 'ben', to: string | null = null): number =>
  messages.findIndex(({ statement }) => statement.step === step && statement.from === from && (to === null || statement.to === to))
const messageOf = (step: string, from = 'ben'): Message => messages[at(step, from)] ?? expect.fail()

/** A log up to a message of ben's, which comes changed. */
function changedAt(step: string, change: (statement: Statement) => Statement): TestLog {
  const message = messageOf(step)
  const log = logOf(at(step))
  post(log, { ...partOf(message), ...stated(change(message.statement)) })
  return log
}

const faultsOf = ({ ledger }: TestLog) => ledger.faults.map(({ reason, accused, convicts }) => `${reason}/${accused ?? '-'}/${convicts ? 'guilty' : 'named'}`)

describe('a ledger', () => {
  before(async () => {
    run = await simulateDkg(3, 2, 'ledger')
    messages = run.board.entries.map(({ text }) => parseMessage(text))
    for (const [hash, bytes] of run.board.attachments) attachments.set(hash, bytes)
    responsesAt = messages.findIndex(({ statement }) => statement.type === 'Response')
  })

  it('reads a whole log to the same end as the clients did', () => {
    const { ledger } = logOf(messages.length)
    expect(ledger).to.include({ finished: true, certified: true, current: 5 })
    expect(ledger.faults).to.deep.equal([])
    expect(ledger.outputs).to.deep.equal(resultOf(run, 'anna').ledger.outputs)
  })

  it('does not mind in which order a step’s messages come, nor that they come again', () => {
    const log = new TestLog(run)
    const steps = run.results.get('anna')?.ledger.ceremony.steps.map((step) => step.name) ?? []
    for (const step of steps) {
      const all = messages.filter(({ statement }) => statement.step === step).reverse()
      for (const message of [...all, ...all]) post(log, partOf(message))
    }
    expect(faultsOf(log)).to.deep.equal([])
    expect(log.ledger.outputs).to.deep.equal(resultOf(run, 'anna').ledger.outputs)
  })

  it('passes over other ceremonies and strangers', () => {
    const log = logOf(1)
    const { statement } = messageOf('SendPublicKeys')
    post(log, { statement: { ...statement, ceremony: '11'.repeat(32) } })
    post(log, { statement: { ...statement, from: 'zoe' } }, memberOf(run, 'ben').signingKey)
    post(log, { statement: { ...statement, ceremony: null, type: 'Ready' } })
    expect(faultsOf(log)).to.deep.equal([])
    expect(log.ledger.missing(0)).to.deep.equal(['anna', 'ben', 'cleo'])
  })

  it('blames nobody for a message that its author’s client did not sign', () => {
    const log = logOf(1)
    post(log, partOf(messageOf('SendPublicKeys')), memberOf(run, 'cleo').signingKey)
    expect(faultsOf(log)).to.deep.equal(['bad-signature/-/named'])
    expect(log.ledger.missing(0)).to.include('ben')
  })

  describe('of a statement that is out of place', () => {
    const cases: [string, () => TestLog, string][] = [
      ['in a step that there is not', () => changedAt('SendCommits', (one) => ({ ...one, step: 'Nothing' })), 'malformed/ben/named'],
      ['in a step of an inherited name', () => changedAt('SendCommits', (one) => ({ ...one, step: 'constructor' })), 'malformed/ben/named'],
      ['in no step', () => changedAt('SendCommits', (one) => ({ ...one, step: null })), 'malformed/ben/named'],
      ['of another step’s type', () => changedAt('SendCommits', (one) => ({ ...one, type: 'PublicKey' })), 'malformed/ben/named'],
      ['that answers a dispute that nobody opened', () => changedAt('ProcessDeals', (one) => ({ ...one, step: 'Complaint', type: 'Justification', payload: { complainer: 'anna', ephemeral: '01'.repeat(32) } })), 'malformed/ben/named'],
      ['to one where it is for all', () => changedAt('SendCommits', (one) => ({ ...one, to: 'anna' })), 'malformed/ben/named'],
      ['to all where it is for one', () => changedAt('SendDeals', (one) => ({ ...one, to: null })), 'malformed/ben/named'],
      ['to itself', () => changedAt('SendDeals', (one) => ({ ...one, to: 'ben' })), 'malformed/ben/named'],
      ['to a stranger', () => changedAt('SendDeals', (one) => ({ ...one, to: 'zoe' })), 'malformed/ben/named'],
      ['before its time', () => changedAt('SendPublicKeys', (one) => ({ ...one, step: 'SendCommits', type: 'Commits' })), 'malformed/ben/named'],
      ['with another view', () => changedAt('SendCommits', (one) => ({ ...one, view: '22'.repeat(32) })), 'disagreement/ben/named'],
      ['with no view', () => changedAt('SendCommits', (one) => ({ ...one, view: null })), 'disagreement/ben/named'],
      ['with a field more', () => changedAt('SendCommits', (one) => ({ ...one, payload: { ...one.payload, more: 1 } })), 'malformed/ben/named'],
      ['with a point off the curve', () => changedAt('SendCommits', (one) => ({ ...one, payload: { ...one.payload, key: `80${'00'.repeat(46)}01` } })), 'malformed/ben/named'],
      ['that complains of itself', () => changedAt('ProcessDeals', (one) => ({ ...one, type: 'Complaint', payload: { accused: 'ben', sealed: 'ab'.repeat(80), signature: 'cd'.repeat(64) } })), 'malformed/ben/named'],
      ['that complains of nobody', () => changedAt('ProcessDeals', (one) => ({ ...one, type: 'Complaint', payload: { accused: 'zoe', sealed: 'ab'.repeat(80), signature: 'cd'.repeat(64) } })), 'malformed/ben/named'],
    ]
    for (const [what, make, fault] of cases) {
      it(`${what} says so, proves nobody guilty, and leaves the place free`, () => {
        const log = make()
        expect(faultsOf(log)).to.deep.equal([fault])
        expect(log.ledger.disputes).to.deep.equal([])
        expect(log.ledger.missing(log.ledger.current)).to.include('ben')
      })
    }

    it('without an airgap’s signature, or with another’s, is no proof of anything', () => {
      const { statement } = messageOf('SendPublicKeys')
      for (const [extra, fault] of [
        [{}, 'malformed/ben/named'],
        [{ airgapSignature: '00'.repeat(64) }, 'bad-signature/ben/named'],
        [{ airgapSignature: messageOf('SendPublicKeys', 'cleo').airgapSignature ?? '' }, 'bad-signature/ben/named'],
      ] as const) {
        const log = logOf(at('SendPublicKeys'))
        post(log, { statement, ...extra })
        expect(faultsOf(log)).to.deep.equal([fault])
      }
    })
  })

  describe('of an attachment', () => {
    const value = () => JSON.parse(new TextDecoder().decode(attachments.get(messageOf('SendCommits').attachment ?? ''))) as { points: string[] }
    const cases: [string, () => Partial<Unsigned>, string][] = [
      ['that the storage does not give', () => ({ attachment: 'ab'.repeat(32) }), 'malformed'],
      ['that is not there', () => ({}), 'malformed'],
      ['that is not canonical', () => ({ attachment: attach(`{ "points": ${JSON.stringify(value().points)} }`) }), 'malformed'],
      ['that is no UTF-8', () => ({ attachment: attachBytes(Uint8Array.of(0xff, 0xfe)) }), 'malformed'],
      ['with a member more', () => ({ attachment: attach({ ...value(), more: 1 }) }), 'malformed'],
      ['with a point off the curve', () => ({ attachment: attach({ points: [`80${'00'.repeat(46)}01`] }) }), 'dkg.bad-points'],
      ['with the identity', () => ({ attachment: attach({ points: [`c0${'00'.repeat(47)}`] }) }), 'dkg.bad-points'],
      ['with a point too many', () => ({ attachment: attach({ points: [...value().points, ...value().points] }) }), 'dkg.bad-points'],
      ['with many more than any', () => ({ attachment: attach({ points: Array.from({ length: 32_768 }, (_, i) => `80${i.toString(16).padStart(94, '0')}`) }) }), 'dkg.bad-points'],
      ['with none', () => ({ attachment: attach({ points: [] }) }), 'dkg.bad-points'],
    ]
    for (const [what, extra, reason] of cases) {
      it(`${what} names its author, whom it does not prove guilty: a client’s thief could have sent it`, () => {
        const { statement, airgapSignature } = messageOf('SendCommits')
        const log = logOf(at('SendCommits'))
        post(log, { statement, airgapSignature: airgapSignature ?? '', ...extra() })
        expect(faultsOf(log)).to.deep.equal([`${reason}/ben/named`])
      })
    }

    it('where there should be none says so', () => {
      const { statement, airgapSignature } = messageOf('SendPublicKeys')
      const log = logOf(at('SendPublicKeys'))
      post(log, { statement, airgapSignature: airgapSignature ?? '', attachment: attach({}) })
      expect(faultsOf(log)).to.deep.equal(['malformed/ben/named'])
    })
  })

  describe('of two statements in one place', () => {
    const other = (statement: Statement, change: JsonObject): Part => stated({ ...statement, payload: { ...statement.payload, ...change } })

    it('proves their maker guilty, with both as evidence, and goes on with the first', () => {
      const log = logOf(at('SendPublicKeys') + 1)
      const { statement } = messageOf('SendPublicKeys')
      const second = other(statement, { digest: '00'.repeat(32) })
      post(log, second)
      expect(faultsOf(log)).to.deep.equal(['equivocation/ben/guilty'])
      const [fault] = log.ledger.faults
      expect(fault?.offsets).to.deep.equal([at('SendPublicKeys'), at('SendPublicKeys') + 1])
      expect(fault?.evidence).to.deep.include({ second: { statement: second.statement, airgapSignature: second.airgapSignature } })
      for (const message of messages.slice(at('SendPublicKeys') + 1, 4)) post(log, partOf(message))
      expect(log.ledger.viewBefore(1)).to.equal(messageOf('SendCommits').statement.view)
    })

    it('proves it also where the first was refused', () => {
      const { statement } = messageOf('SendCommits')
      for (const first of [{ ...statement, view: '22'.repeat(32) }, { ...statement, payload: { ...statement.payload, key: `c0${'00'.repeat(47)}` } }]) {
        const log = logOf(at('SendCommits'))
        post(log, stated(first))
        post(log, partOf(messageOf('SendCommits')))
        expect(faultsOf(log).slice(1)).to.deep.equal(['equivocation/ben/guilty'])
        expect(log.ledger.missing(1)).to.include('ben')
      }
    })

    it('proves nothing where the airgap signed one of them only', () => {
      const log = logOf(at('SendPublicKeys') + 1)
      const { statement, airgapSignature } = messageOf('SendPublicKeys')
      post(log, { statement: { ...statement, payload: { ...statement.payload, digest: '00'.repeat(32) } }, airgapSignature: airgapSignature ?? '' })
      expect(faultsOf(log)).to.deep.equal(['bad-signature/ben/named'])
    })
  })

  describe('of the certificate', () => {
    const complaint = (from: string, accused: string, change: Partial<{ sealed: string; signature: string }> = {}): Part => {
      const deal = messages[at('SendDeals', accused, from)] ?? expect.fail()
      const payload = { accused, sealed: deal.statement.payload['sealed'] ?? '', signature: deal.airgapSignature ?? '', ...change }
      return stated({ ...messageOf('ProcessDeals', from).statement, type: 'Complaint', payload })
    }
    const otherSums = (from: string): Part => {
      const { statement } = messageOf('ProcessDeals', from)
      return stated({ ...statement, payload: { ...statement.payload, sums: '33'.repeat(32) } })
    }
    /** All Deals are in; then these. */
    function responses(...parts: readonly Part[]): TestLog {
      const log = logOf(responsesAt)
      for (const part of parts) post(log, part)
      return log
    }
    const ok = (from: string): Part => partOf(messageOf('ProcessDeals', from))

    it('is complete with everybody’s equal parts, and nothing undoes it', () => {
      const log = responses(ok('cleo'), ok('anna'), ok('ben'))
      expect(log.ledger.certified).to.equal(true)
      post(log, complaint('ben', 'anna'))
      post(log, otherSums('anna'))
      post(log, { statement: { ...messageOf('ProcessDeals').statement, step: null, type: 'Abort', payload: { reason: 'operator', step: null, accused: null, evidence: { why: 'x', offsets: [] } } } })
      expect(log.ledger.certified).to.equal(true)
      expect(faultsOf(log)).to.deep.equal(['equivocation/ben/guilty', 'equivocation/anna/guilty'])
      for (const message of messages.slice(responsesAt + 3)) post(log, partOf(message))
      expect(log.ledger.finished).to.equal(true)
    })

    it('counts a part wherever it stands, also behind a contradiction of the same maker', () => {
      for (const first of [otherSums('ben'), complaint('ben', 'anna'), stated({ ...messageOf('ProcessDeals').statement, view: '22'.repeat(32) })]) {
        for (const order of [[first, ok('anna'), ok('ben'), ok('cleo')], [ok('anna'), ok('cleo'), first, ok('ben')]]) {
          const log = responses(...order)
          expect(log.ledger.certified).to.equal(true)
          expect(log.ledger.faults.filter((fault) => fault.convicts).map((fault) => fault.accused)).to.deep.equal(['ben'])
          // Its view is that of the parts that agree: what comes after them fits.
          for (const message of messages.slice(responsesAt + 3)) post(log, partOf(message))
          expect(log.ledger.finished).to.equal(true)
        }
      }
    })

    it('counts a part whose author had seen another log, and reports the storage', () => {
      const log = responses(ok('anna'), ok('ben'))
      const { statement, airgapSignature } = messageOf('ProcessDeals', 'cleo')
      post(log, { statement, airgapSignature: airgapSignature ?? '', seen: { offset: 3, head: '44'.repeat(32) } })
      expect(faultsOf(log)).to.deep.equal(['forked/-/named'])
      expect(log.ledger.faults[0]?.evidence).to.deep.include({ seen: { offset: 3, head: '44'.repeat(32) } })
      expect(log.ledger.certified).to.equal(true)
    })

    it('reports one whose author claims to have seen what comes later', () => {
      const log = responses()
      const { statement, airgapSignature } = messageOf('ProcessDeals', 'cleo')
      post(log, { statement, airgapSignature: airgapSignature ?? '', seen: { offset: 99, head: '44'.repeat(32) } })
      expect(faultsOf(log)).to.deep.equal(['forked/-/named'])
    })

    it('binds who stated a part of it, until it is complete or cannot be any more', () => {
      const bound = (log: TestLog) => ['anna', 'ben', 'cleo'].filter((name) => log.ledger.isBound(name))
      expect(bound(responses())).to.deep.equal([])
      expect(bound(responses(ok('anna')))).to.deep.equal(['anna'])
      expect(bound(responses(ok('anna'), ok('ben')))).to.deep.equal(['anna', 'ben'])
      expect(bound(responses(ok('anna'), ok('ben'), ok('cleo')))).to.deep.equal([])
      expect(bound(responses(ok('anna'), complaint('ben', 'cleo')))).to.deep.equal([])
      expect(bound(responses(ok('anna'), otherSums('ben')))).to.deep.equal([])
      expect(responses(ok('anna'), otherSums('ben')).ledger.certifiable).to.equal(false)
      expect(responses(ok('anna'), complaint('ben', 'cleo')).ledger.certifiable).to.equal(false)
    })

    it('says who disagrees on what, and blames nobody', () => {
      const log = responses(ok('anna'), otherSums('ben'), ok('cleo'))
      expect(faultsOf(log)).to.deep.equal(['disagreement/-/named'])
      expect(log.ledger.faults[0]?.why).to.contain('do not agree on sums')
      expect(log.ledger.certified).to.equal(false)
    })

    it('judges a complaint by the deal that it brings: one that was signed besides is proof against its dealer, one that was not against the complainer', () => {
      const { statement } = messageOf('ProcessDeals', 'anna')
      const deal = messages[at('SendDeals', 'anna', 'ben')]?.statement ?? expect.fail()
      const second = { ...deal, payload: { sealed: 'ab'.repeat(80) } }
      const { airgapSignature = '' } = stated(second)
      const elsewhere = stated({ ...second, ceremony: '11'.repeat(32) }).airgapSignature ?? ''
      for (const [change, fault] of [
        [{ sealed: 'ab'.repeat(80), signature: airgapSignature }, 'dkg.two-deals/anna/guilty'],
        [{ sealed: 'ab'.repeat(80) }, 'dkg.false-complaint/ben/guilty'],
        [{ sealed: 'ab'.repeat(80), signature: elsewhere }, 'dkg.false-complaint/ben/guilty'],
        [{ sealed: 'ab'.repeat(80), signature: 'cd'.repeat(64) }, 'dkg.false-complaint/ben/guilty'],
      ] as const) {
        const log = responses(complaint('ben', 'anna', change))
        post(log, stated({ ...statement, step: 'Complaint', type: 'Justification', payload: { complainer: 'ben', ephemeral: '01'.repeat(32) } }))
        expect(faultsOf(log)).to.deep.equal([fault])
      }
    })

    it('takes no part of who answers to other deals than the log has, and blames nobody: a dealer may have signed two', () => {
      const { statement } = messageOf('ProcessDeals', 'ben')
      const log = responses(ok('anna'), stated({ ...statement, payload: { ...statement.payload, deals: '33'.repeat(32) } }), ok('cleo'))
      expect(faultsOf(log)).to.deep.equal(['dkg.other-deals/ben/named'])
      expect(log.ledger.certified).to.equal(false)
    })

    it('judges a false complaint from what its accused opens, once', () => {
      const log = responses(complaint('ben', 'anna'))
      const { statement } = messageOf('ProcessDeals', 'anna')
      const answer = (payload: JsonObject): Part => stated({ ...statement, step: 'Complaint', type: 'Justification', payload })
      post(log, answer({ complainer: 'cleo', ephemeral: '01'.repeat(32) }))
      expect(faultsOf(log)).to.deep.equal(['malformed/anna/named'])
      post(log, stated({ ...statement, view: '22'.repeat(32), step: 'Complaint', type: 'Justification', payload: { complainer: 'ben', ephemeral: '01'.repeat(32) } }))
      expect(log.ledger.disputes.map(({ accused, answered }) => [accused, answered])).to.deep.equal([['anna', false]])
    })

    it('judges whoever opens a deal with another key than sealed it', () => {
      const log = responses(complaint('ben', 'anna'))
      const { statement } = messageOf('ProcessDeals', 'anna')
      post(log, stated({ ...statement, step: 'Complaint', type: 'Justification', payload: { complainer: 'ben', ephemeral: '01'.repeat(32) } }))
      expect(faultsOf(log)).to.deep.equal(['dkg.bad-deal/anna/guilty'])
    })
  })

  it('is stuck for good where what a step prepares cannot be computed', async () => {
    const faulty = await simulateFaults(3, 2, ['off-subgroup-point:ben'])
    const { ledger } = resultOf(faulty, 'anna')
    const view = ledger.viewBefore(3) ?? expect.fail()
    const log = new TestLog(faulty)
    const known = run
    run = faulty
    for (const [hash, bytes] of faulty.board.attachments) attachments.set(hash, bytes)
    for (const { text } of faulty.board.entries) post(log, partOf(parseMessage(text)))
    for (const from of ['anna', 'ben', 'cleo']) {
      post(log, stated({ ceremony: faulty.ceremony, step: 'ProcessDeals', type: 'Response', from, to: null, view, payload: { groupKey: messageOf('ProcessDeals').statement.payload['groupKey'], sums: '00'.repeat(32), deals: dealsHash(log.ledger.sources.statements('Deal').filter((one) => one.to === from)) } }))
    }
    run = known
    expect(log.ledger.certified).to.equal(false)
    expect(log.ledger.certifiable).to.equal(false)
    expect(log.ledger.faults.map(({ reason }) => reason)).to.deep.equal(['dkg.bad-points'])
  })

  it('counts deadlines from the opening, step by step, and a dispute’s from its step’s', () => {
    const { ledger } = logOf(1)
    const day = 24 * 3600 * 1000
    const opened = Date.parse(run.opening.opensAt)
    expect([0, 1, 4].map((step) => ledger.deadline(step) - opened)).to.deep.equal([day, 2 * day, 5 * day])
    expect(ledger.disputeDeadline('Complaint') - opened).to.equal(5 * day)
  })

  it('never throws, and convicts nobody but the author, of whatever one participant signs', () => {
    const random = seededRandom('mutations')
    const below = (n: number): number => (((random(1)[0] ?? 0) << 8) | (random(1)[0] ?? 0)) % n
    const values: Json[] = [null, 0, -1, 1.5, '', 'ben', 'zoe', '00'.repeat(32), 'ff'.repeat(48), `c0${'00'.repeat(47)}`, [], {}, { a: 1 }, 'x'.repeat(300)]
    const mutate = (value: Json | undefined, depth: number): Json => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < 3 && below(6) > 0) {
        const object = value as JsonObject
        const keys = Object.keys(object)
        const key = keys[below(keys.length)] ?? 'more'
        if (below(8) === 0) return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
        return { ...object, [below(12) === 0 ? 'more' : key]: mutate(object[key], depth + 1) }
      }
      if (typeof value === 'string' && below(2) === 0) return value.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
      return values[below(values.length)] ?? null
    }
    let placed = 0
    for (let i = 0; i < 150; i++) {
      const index = 1 + below(messages.length - 1)
      const message = messages[index] ?? expect.fail()
      const author = message.statement.from
      const payload = mutate(message.statement.payload, 0)
      const statement = { ...message.statement, ...(below(3) === 0 ? { type: ['Response', 'Complaint', 'Abort', 'Deal'][below(4)] ?? '' } : { payload: payload as JsonObject }) }
      if (typeof statement.payload !== 'object' || Array.isArray(statement.payload)) continue
      const log = logOf(index)
      const before = log.ledger.faults.length
      try {
        post(log, { ...partOf(message), ...stated(statement) })
      } catch (error) {
        // Only what is no message at all; everybody's feed stops at that.
        expect(error).to.have.property('code').that.matches(/^wire\./)
        continue
      }
      if (log.ledger.faults.length === before) placed++
      for (const next of messages.slice(index + 1, index + 4)) post(log, partOf(next))
      for (const { convicts, accused } of log.ledger.faults) if (convicts) expect(accused).to.equal(author)
    }
    expect(placed).to.be.lessThan(60)
  })
})

function attachBytes(bytes: Uint8Array): string {
  attachments.set(sha256Hex(bytes), bytes)
  return sha256Hex(bytes)
}
