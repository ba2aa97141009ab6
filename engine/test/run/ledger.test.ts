import { expect } from 'chai'
import { sha256Hex } from '../../crypto/hash.ts'
import { airgapKeyPair } from '../../crypto/seed.ts'
import { endingFor } from '../../run/ending.ts'
import { abandonStep } from '../../machines/ceremony.ts'
import { slotsOf } from '../../run/reading.ts'
import { seededRandom } from '../../simulate/simulate.ts'
import type { Simulated } from '../../simulate/simulate.ts'
import { canonical, canonicalBytes } from '../../base/canonical.ts'
import type { Json, JsonObject } from '../../base/canonical.ts'
import { mostEntries } from '../../wire/limits.ts'
import { parseMessage, signMessage, signStatement } from '../../wire/message.ts'
import type { Message, Statement, Unsigned } from '../../wire/message.ts'
import { memberOf, resultOf, simulateDkg, simulateFaults, TestLog } from './harness.ts'

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

const at = (step: string, from = 'ben'): number => messages.findIndex(({ statement }) => statement.step === step && statement.from === from)
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
    expect(ledger).to.include({ end: 'usable', usableAt: messages.length - 1, certified: true, current: 5, dead: null, ending: null })
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
    const early: Partial<Statement> = { step: 'SendCommits', type: 'Commits', payload: { key: 'a0', proof: '', rest: '' } }
    const cases: [string, () => TestLog, string][] = [
      ['in a step that there is not', () => changedAt('SendCommits', (one) => ({ ...one, step: 'Nothing' })), 'malformed/ben/named'],
      ['in a step of an inherited name', () => changedAt('SendCommits', (one) => ({ ...one, step: 'constructor' })), 'malformed/ben/named'],
      ['in no step', () => changedAt('SendCommits', (one) => ({ ...one, step: null })), 'malformed/ben/named'],
      ['of another step’s type', () => changedAt('SendCommits', (one) => ({ ...one, type: 'PublicKey' })), 'malformed/ben/guilty'],
      ['of another step’s type, under another view', () => changedAt('SendCommits', (one) => ({ ...one, type: 'PublicKey', view: '22'.repeat(32) })), 'malformed/ben/named'],
      ['in a dispute’s own name', () => changedAt('ProcessDeals', (one) => ({ ...one, step: 'Complaint', type: 'Justification', payload: { complainer: 'anna', ephemeral: '01'.repeat(32) } })), 'malformed/ben/named'],
      ['before its time, of another form', () => changedAt('SendPublicKeys', (one) => ({ ...one, ...early })), 'malformed/ben/named'],
      ['with a field more', () => changedAt('SendCommits', (one) => ({ ...one, payload: { ...one.payload, more: 1 } })), 'malformed/ben/guilty'],
      ['with a field more, under another view', () => changedAt('SendCommits', (one) => ({ ...one, view: '22'.repeat(32), payload: { ...one.payload, more: 1 } })), 'malformed/ben/named'],
      ['with a point off the curve', () => changedAt('SendCommits', (one) => ({ ...one, payload: { ...one.payload, key: `80${'00'.repeat(46)}01` } })), 'malformed/ben/guilty'],
      ['that complains of itself', () => changedAt('ProcessDeals', (one) => ({ ...one, type: 'Complaint', payload: { accused: 'ben' } })), 'malformed/ben/guilty'],
      ['that complains of nobody', () => changedAt('ProcessDeals', (one) => ({ ...one, type: 'Complaint', payload: { accused: 'zoe' } })), 'malformed/ben/guilty'],
      ['that answers a complaint of its own', () => changedAt('ProcessDeals', (one) => ({ ...one, type: 'Justification', payload: { complainer: 'ben', ephemeral: '01'.repeat(32) } })), 'malformed/ben/guilty'],
      ['that answers a complaint of nobody', () => changedAt('ProcessDeals', (one) => ({ ...one, type: 'Justification', payload: { complainer: 'zoe', ephemeral: '01'.repeat(32) } })), 'malformed/ben/guilty'],
      ['that gives up in the place of its Response', () => changedAt('ProcessDeals', (one) => ({ ...one, type: 'Abandoned', payload: {} })), 'malformed/ben/guilty'],
      ['that gives up with words', () => changedAt('ProcessDeals', (one) => ({ ...one, step: 'ProcessResponses', type: 'Abandoned', payload: { why: 'no' } })), 'malformed/ben/guilty'],
    ]
    for (const [what, make, fault] of cases) {
      it(`${what} says so, proves its maker guilty only where its airgap alone can have made it so, and leaves the place free`, () => {
        const log = make()
        expect(faultsOf(log)).to.deep.equal([fault])
        expect(log.ledger).to.deep.include({ disputes: [], dead: null })
        const { current } = log.ledger
        const step = log.ledger.ceremony.steps[current]?.name ?? ''
        post(log, partOf(messageOf(step)))
        expect(log.ledger.hasStated(step, 'ben')).to.equal(true)
        expect(log.ledger.missing(current)).not.to.include('ben')
      })
    }

    it('under another view or before its time takes its place, in which nothing counts then, and proves nobody guilty', () => {
      const right = messageOf('SendCommits')
      const views: [string, () => TestLog, string, string][] = [
        ['SendCommits', () => changedAt('SendCommits', (one) => ({ ...one, view: '22'.repeat(32) })), 'disagreement/ben/named', 'aborted'],
        ['SendCommits', () => changedAt('SendCommits', (one) => ({ ...one, view: null })), 'disagreement/ben/named', 'aborted'],
        ['SendCommits', () => changedAt('SendPublicKeys', () => right.statement), 'malformed/ben/named', 'aborted'],
        // In the certificate's step, so that nobody can ever count on it.
        ['ProcessDeals', () => changedAt('ProcessDeals', (one) => ({ ...one, view: '22'.repeat(32) })), 'disagreement/ben/named', 'dead'],
        ['ProcessDeals', () => changedAt('SendPublicKeys', () => messageOf('ProcessDeals').statement), 'malformed/ben/named', 'dead'],
        ['ProcessResponses', () => changedAt('SendPublicKeys', () => ({ ...messageOf('ProcessDeals').statement, step: 'ProcessResponses', type: 'Abandoned', payload: {} })), 'malformed/ben/named', 'dead'],
      ]
      for (const [step, make, fault, end] of views) {
        const log = make()
        expect(faultsOf(log)).to.deep.equal([fault])
        expect(log.ledger.end).to.equal(end)
        expect(log.ledger.hasStated(step, 'ben')).to.equal(true)
      }
    })

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
    const twisted = () => value().points.map((point) => `${point.slice(0, -1)}${point.endsWith('0') ? '1' : '0'}`)
    const cases: [string, () => Partial<Unsigned>, string][] = [
      ['that the storage does not give', () => ({ attachment: 'ab'.repeat(32) }), 'malformed'],
      ['that is not there', () => ({}), 'malformed'],
      ['that is not canonical', () => ({ attachment: attach(`{ "points": ${JSON.stringify(value().points)} }`) }), 'malformed'],
      ['that is no UTF-8', () => ({ attachment: attachBytes(Uint8Array.of(0xff, 0xfe)) }), 'malformed'],
      ['with a member more', () => ({ attachment: attach({ ...value(), more: 1 }) }), 'malformed'],
      ['with points of the other form', () => ({ attachment: attach({ points: [`80${'00'.repeat(47)}`] }) }), 'malformed'],
      ['with a point off the curve', () => ({ attachment: attach({ points: twisted() }) }), 'dkg.bad-points'],
      ['with the identity', () => ({ attachment: attach({ points: [`40${'00'.repeat(95)}`] }) }), 'dkg.bad-points'],
      ['with a point too many', () => ({ attachment: attach({ points: [...value().points, ...value().points] }) }), 'dkg.bad-points'],
      ['with many more than any', () => ({ attachment: attach({ points: Array.from({ length: 20_000 }, (_, i) => i.toString(16).padStart(192, '0')) }) }), 'dkg.bad-points'],
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

    it('proves it also where the first does not count, whatever its view, which then keeps its place', () => {
      const { statement } = messageOf('SendCommits')
      for (const [change, fault] of [[{ view: '22'.repeat(32) }, 'disagreement/ben/named'], [{ view: null }, 'disagreement/ben/named']] as const) {
        const log = logOf(at('SendCommits'))
        post(log, stated({ ...statement, ...change }))
        post(log, partOf(messageOf('SendCommits')))
        expect(faultsOf(log)).to.deep.equal([fault, 'equivocation/ben/guilty'])
        expect(log.ledger.missing(1)).to.include('ben')
      }
    })

    it('is no proof of it where one of them is of no form, which convicts by itself', () => {
      const { statement } = messageOf('SendCommits')
      const log = logOf(at('SendCommits'))
      post(log, stated({ ...statement, payload: { ...statement.payload, key: `c0${'00'.repeat(47)}` } }))
      post(log, partOf(messageOf('SendCommits')))
      expect(faultsOf(log)).to.deep.equal(['malformed/ben/guilty'])
      expect(log.ledger.missing(1)).not.to.include('ben')
    })

    it('does not mind what a client may change alone: the same statement with another attachment is none', () => {
      const log = logOf(at('SendCommits') + 1)
      post(log, { ...partOf(messageOf('SendCommits')), attachment: attach({ points: [] }) })
      expect(faultsOf(log)).to.deep.equal([])
    })

    it('proves nothing where the airgap signed one of them only', () => {
      const log = logOf(at('SendPublicKeys') + 1)
      const { statement, airgapSignature } = messageOf('SendPublicKeys')
      post(log, { statement: { ...statement, payload: { ...statement.payload, digest: '00'.repeat(32) } }, airgapSignature: airgapSignature ?? '' })
      expect(faultsOf(log)).to.deep.equal(['bad-signature/ben/named'])
    })
  })

  describe('of the certificate', () => {
    const complaint = (from: string, accused: string): Part => stated({ ...messageOf('ProcessDeals', from).statement, type: 'Complaint', payload: { accused } })
    const justification = (from: string, complainer: string, change: Partial<Statement> = {}): Part =>
      stated({ ...messageOf('ProcessDeals', from).statement, type: 'Justification', payload: { complainer, ephemeral: '01'.repeat(32) }, ...change })
    const otherwise = (from: string, change: JsonObject): Part => {
      const { statement } = messageOf('ProcessDeals', from)
      return stated({ ...statement, payload: { ...statement.payload, ...change } })
    }
    const otherSums = (from: string): Part => otherwise(from, { sums: '33'.repeat(32) })
    const abandoned = (from: string): Part =>
      stated({ ...messageOf('ProcessDeals', from).statement, step: abandonStep(resultOf(run, 'anna').ledger.ceremony)?.name ?? '', type: 'Abandoned', payload: {} })
    const abort = (from: string): Part =>
      ({ statement: { ...messageOf('ProcessDeals', from).statement, step: null, type: 'Abort', payload: { reason: 'operator', step: null, accused: null, evidence: { why: 'x', offsets: [] } } } })
    /** A log with all Deals, and then these. */
    function responses(...parts: readonly Part[]): TestLog {
      const log = logOf(responsesAt)
      for (const part of parts) post(log, part)
      return log
    }
    const ok = (from: string): Part => partOf(messageOf('ProcessDeals', from))
    const all = () => ['anna', 'ben', 'cleo'].map(ok)
    const proofs = (log: TestLog) => {
      for (const message of messages.slice(responsesAt + 3)) post(log, partOf(message))
      return log
    }

    it('is complete with everybody’s equal parts, and no Abort, complaint or contradiction undoes it', () => {
      const log = responses(ok('cleo'), ok('anna'), ok('ben'))
      expect(log.ledger).to.include({ certified: true, end: 'unconfirmed' })
      for (const part of [complaint('ben', 'anna'), otherSums('anna'), abort('ben')]) post(log, part)
      expect(log.ledger).to.include({ certified: true, end: 'unconfirmed', dead: null })
      expect(faultsOf(log)).to.deep.equal(['equivocation/ben/guilty', 'equivocation/anna/guilty'])
      expect(proofs(log).ledger.end).to.equal('usable')
    })

    it('comes too late for nobody: Aborts before it end nothing once it is there', () => {
      const log = responses(ok('cleo'), abort('cleo'), ok('anna'), abort('anna'))
      expect(log.ledger.end).to.equal('aborted')
      expect(['anna', 'ben', 'cleo'].map((name) => endingFor(log.ledger, name))).to.deep.equal(['doubtful', 'aborted', 'doubtful'])
      post(log, ok('ben'))
      expect(log.ledger.end).to.equal('unconfirmed')
      expect(proofs(log).ledger.end).to.equal('usable')
    })

    it('never is, once a complaint took its place, or what no reader can count did: neither that maker’s good part nor the end of the others changes it', () => {
      for (const first of [complaint('ben', 'anna'), otherSums('ben'), otherwise('ben', { groupKey: messageOf('SendCommits').statement.payload['key'] ?? '' }), stated({ ...messageOf('ProcessDeals').statement, view: '22'.repeat(32) })]) {
        const log = responses(ok('anna'), first, ok('ben'), ok('cleo'))
        expect(log.ledger).to.include({ certified: false, end: 'dead' })
        expect(log.ledger.dead?.offset).to.equal(responsesAt + 1)
        expect(log.ledger.faults.map(({ reason, accused }) => `${reason}/${accused ?? ''}`)).to.include('equivocation/ben')
        expect(proofs(log).ledger.end).to.equal('dead')
      }
    })

    it('never is, once an airgap of the roster gave it up, in its place of the step after; what stands there before or after convicts its maker alone', () => {
      const early = responses(ok('ben'), abandoned('ben'))
      expect(early.ledger).to.include({ end: 'dead' })
      expect(early.ledger.hasAbandoned('ben')).to.equal(true)
      expect([endingFor(early.ledger, 'ben'), endingFor(early.ledger, 'anna')]).to.deep.equal(['abandoned', 'dead'])
      for (const from of ['anna', 'cleo']) post(early, ok(from))
      expect(proofs(early).ledger).to.include({ end: 'dead', certified: true })
      expect(faultsOf(early)).to.deep.equal(['equivocation/ben/guilty'])

      const late = proofs(responses(...all()))
      post(late, abandoned('ben'))
      expect(late.ledger).to.include({ end: 'usable', dead: null })
      expect(faultsOf(late)).to.deep.equal(['equivocation/ben/guilty'])

      const between = responses(...all())
      post(between, partOf(messageOf('ProcessResponses')))
      post(between, abandoned('anna'))
      expect(between.ledger.end).to.equal('dead')
    })

    it('gives up nobody’s key by an Abandoned under another view than the certificate’s', () => {
      const log = responses(...all())
      post(log, stated({ ...messageOf('ProcessResponses').statement, type: 'Abandoned', payload: {} }))
      expect(faultsOf(log)).to.deep.equal(['disagreement/ben/named'])
      expect(log.ledger.hasAbandoned('ben')).to.equal(true)
      expect(log.ledger.end).to.equal('dead')
    })

    it('counts a part whose author had seen another log, and reports the storage', () => {
      const log = responses(ok('anna'), ok('ben'))
      post(log, { ...ok('cleo'), seen: { offset: 3, head: '44'.repeat(32) } })
      expect(faultsOf(log)).to.deep.equal(['forked/-/named'])
      expect(log.ledger.faults[0]?.evidence).to.deep.include({ seen: { offset: 3, head: '44'.repeat(32) } })
      expect(log.ledger.certified).to.equal(true)
      expect(log.ledger.vouched.get('cleo')).to.be.lessThan(log.ledger.vouched.get('anna') ?? -1)
    })

    it('reports one whose author claims to have seen what comes later', () => {
      const log = responses()
      post(log, { ...ok('cleo'), seen: { offset: 99, head: '44'.repeat(32) } })
      expect(faultsOf(log)).to.deep.equal(['forked/-/named'])
    })

    it('binds who stated a part of it, until it is complete or cannot be any more', () => {
      const bound = (log: TestLog) => ['anna', 'ben', 'cleo'].filter((name) => log.ledger.isBound(name))
      expect(bound(responses())).to.deep.equal([])
      expect(bound(responses(ok('anna')))).to.deep.equal(['anna'])
      expect(bound(responses(ok('anna'), abort('cleo'), ok('ben')))).to.deep.equal(['anna', 'ben'])
      expect(bound(responses(...all()))).to.deep.equal([])
      expect(bound(responses(ok('anna'), complaint('ben', 'cleo')))).to.deep.equal([])
      expect(bound(responses(ok('anna'), otherSums('ben')))).to.deep.equal([])
    })

    it('takes no part that states other sums, whose client may have brought them, or another key, which convicts', () => {
      const sums = responses(ok('anna'), otherSums('ben'), ok('cleo'))
      expect(faultsOf(sums)).to.deep.equal(['dkg.other-sums/ben/named'])
      const key = responses(ok('anna'), otherwise('ben', { groupKey: messageOf('SendCommits').statement.payload['key'] ?? '' }))
      expect(faultsOf(key)).to.deep.equal(['dkg.other-key/ben/guilty'])
      expect([sums, key].map(({ ledger }) => ledger.certified)).to.deep.equal([false, false])
    })

    it('is not made by all who state the same wrong sums, so that no honest proof can fail for it', () => {
      const log = responses(otherSums('ben'), otherSums('cleo'), otherSums('anna'))
      expect(faultsOf(log)).to.deep.equal(['dkg.other-sums/ben/named', 'dkg.other-sums/cleo/named', 'dkg.other-sums/anna/named'])
      expect(log.ledger).to.include({ certified: false, end: 'dead' })
      expect(proofs(log).ledger.faults.filter(({ convicts }) => convicts)).to.deep.equal([])
    })

    it('takes no heed of an answer to a complaint that no log has: its client may have brought that', () => {
      const log = responses(ok('anna'), justification('anna', 'ben'), ok('ben'), ok('cleo'))
      expect(faultsOf(log)).to.deep.equal([])
      expect(proofs(log).ledger.end).to.equal('usable')
    })

    it('judges a false complaint from what its accused opens: by the key that sealed the piece the complainer, by another one the accused', () => {
      const log = responses(complaint('ben', 'anna'))
      expect(log.ledger.end).to.equal('dead')
      post(log, justification('anna', 'ben'))
      expect(faultsOf(log)).to.deep.equal(['dkg.bad-deal/anna/guilty'])
    })

    it('judges an answer that came before its complaint, as a storage may order them', () => {
      const log = responses(justification('anna', 'ben'), complaint('ben', 'anna'))
      expect(faultsOf(log)).to.deep.equal(['dkg.bad-deal/anna/guilty'])
    })

    it('opens no dispute by a second complaint, which convicts its maker, and judges no answer to that', () => {
      const log = responses(complaint('ben', 'anna'), complaint('ben', 'cleo'), justification('cleo', 'ben'))
      expect(faultsOf(log)).to.deep.equal(['equivocation/ben/guilty'])
      expect(log.ledger.disputes.map(({ accused, answered }) => [accused, answered])).to.deep.equal([['anna', false]])
    })

    it('has one answer to each complainer, in slots of their own; a second one to the same convicts', () => {
      const log = responses(complaint('ben', 'anna'), complaint('cleo', 'anna'), justification('anna', 'ben'), justification('anna', 'cleo'))
      expect(faultsOf(log)).to.deep.equal(['dkg.bad-deal/anna/guilty', 'dkg.bad-deal/anna/guilty'])
      post(log, justification('anna', 'cleo', { payload: { complainer: 'cleo', ephemeral: '02'.repeat(32) } }))
      expect(faultsOf(log).at(-1)).to.equal('equivocation/anna/guilty')
    })

    it('judges no answer under another view', () => {
      const log = responses(complaint('ben', 'anna'), justification('anna', 'ben', { view: '22'.repeat(32) }))
      expect(faultsOf(log)).to.deep.equal(['disagreement/anna/named'])
      expect(log.ledger.disputes.map(({ answered }) => answered)).to.deep.equal([false])
    })
  })

  describe('of a log that is not its authors’', () => {
    it('ends at a message in a member’s name without that one’s signature: nothing after it is read', () => {
      const log = logOf(at('SendCommits'))
      post(log, partOf(messageOf('SendCommits')), memberOf(run, 'cleo').signingKey)
      for (const message of messages.slice(at('SendCommits'))) post(log, partOf(message))
      expect(faultsOf(log)).to.deep.equal(['bad-signature/-/named'])
      expect(log.ledger).to.include({ end: 'aborted', current: 1 })
      expect(log.ledger.ignoredFrom('anna')).to.equal(at('SendCommits') + 1)
    })

    it('hears a member no more that used up what it may post, and nobody else less', () => {
      const log = logOf(at('SendCommits'))
      const most = mostEntries(slotsOf(log.ledger.ceremony, 3))
      const { statement } = messageOf('SendCommits')
      for (let i = 0; i < most; i++) post(log, { statement: { ...statement, step: null, type: 'Abort', payload: { i } } })
      expect(log.ledger.faults).to.have.lengthOf(most)
      const last = log.pin.offset
      for (const message of messages.slice(at('SendCommits'))) post(log, partOf(message))
      expect(log.ledger.ignoredFrom('ben')).to.equal(last + 1)
      expect(log.ledger.ignoredFrom('anna')).to.equal(Infinity)
      expect(log.ledger.missing(1)).to.deep.equal(['ben'])
    })

    it('passes over an Opening or a Ready that names the ceremony, as its transcript does', () => {
      const log = logOf(at('SendCommits'))
      const { statement } = messageOf('SendCommits')
      for (const type of ['Opening', 'Ready']) post(log, { statement: { ...statement, type } })
      expect(faultsOf(log)).to.deep.equal([])
      expect(log.ledger.end).to.equal('open')
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
      post(log, stated({ ceremony: faulty.ceremony, step: 'ProcessDeals', type: 'Response', from, view, payload: { groupKey: messageOf('ProcessDeals').statement.payload['groupKey'] ?? '', sums: '00'.repeat(32) } }))
    }
    run = known
    expect(log.ledger).to.include({ certified: false })
    expect(log.ledger.outputs).to.equal(undefined)
    expect(log.ledger.faults[0]).to.include({ reason: 'dkg.bad-points', accused: 'ben', convicts: true })
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
      const statement = { ...message.statement, ...(below(3) === 0 ? { type: ['Response', 'Complaint', 'Abort', 'Deals'][below(4)] ?? '' } : { payload: payload as JsonObject }) }
      if (typeof statement.payload !== 'object' || Array.isArray(statement.payload)) continue
      const log = logOf(index)
      const before = log.ledger.faults.length
      try {
        post(log, { ...partOf(message), ...stated(statement) })
      } catch (error) {
        // Only a text that is no message at all; everybody's feed stops at that.
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
