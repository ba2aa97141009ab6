import { expect } from 'chai'
import { wireError } from '../../base/canonical.ts'
import { errorTable, isKeyriteError } from '../../base/errors.ts'
import type { Code, FactsOf, KeyriteError, Reason } from '../../base/errors.ts'
import { cryptoError } from '../../crypto/errors.ts'
import { fault } from '../../verbs/runtime.ts'
import type { VerbReason } from '../../verbs/table.ts'
import type { AbortReason, Fault } from '../../wire/abort.ts'
import { boardError } from '../../wire/board.ts'

describe('an error', () => {
  const cause = new Error('why')
  const error: unknown = wireError('malformed', { what: 'The lamp', where: '/bulb', why: 'it is \u001b[2Jbroken' }, cause)

  it('has a code, facts, a harmless text and what to do', () => {
    expect(error).to.include({ name: 'KeyriteError', code: 'wire.malformed', cause })
    expect(error).to.have.property('message', 'The lamp is malformed at /bulb: it is \ufffd[2Jbroken.')
    expect(error).to.have.property('todo').that.matches(/ask its sender/)
    expect(error).to.have.property('facts').that.deep.equals({ what: 'The lamp', where: '/bulb', why: 'it is \u001b[2Jbroken' })
  })

  it('is told by its code, by one of several, by its area, or as any', () => {
    expect(isKeyriteError(error)).to.equal(true)
    expect(isKeyriteError(error, 'wire.malformed')).to.equal(true)
    expect(isKeyriteError(error, 'wire.not-json', 'wire.malformed')).to.equal(true)
    expect(isKeyriteError(error, 'wire.not-json', 'wire.not-canonical')).to.equal(false)
    expect([wireError.made(error), cryptoError.made(error)]).to.deep.equal([true, false])
    for (const other of [cause, new DOMException('stopped', 'AbortError'), { code: 'wire.malformed' }, null]) {
      expect([isKeyriteError(other), isKeyriteError(other, 'wire.malformed'), wireError.made(other)]).to.deep.equal([false, false, false])
    }
  })
})

/** The types of errors. If the tables are not their one source, a line below compiles that must not, and the type check fails. */
describe('the types of errors', () => {
  it('refuse a code that does not exist wherever it is written', () => {
    const error: unknown = wireError('not-canonical', { what: 'It', why: 'it is not' })
    const found: boolean[] = []
    // @ts-expect-error it is misspelt
    found.push(isKeyriteError(error, 'wire.not-canonicle'))
    // @ts-expect-error of another area
    found.push(isKeyriteError(error, 'crypto.not-canonical'))
    // @ts-expect-error there is no such area
    found.push(isKeyriteError(error, 'wires.not-canonical'))
    // @ts-expect-error it is misspelt
    found.push(isKeyriteError(error) && error.code === 'wire.not-canonicle')
    // @ts-expect-error a table by code
    const byCode: Readonly<Partial<Record<Code, number>>> = { 'wire.not-canonicle': 1 }
    // @ts-expect-error a table by reason
    const byReason: Readonly<Partial<Record<Reason<'wire'>, number>>> = { malfromed: 1 }
    const switched = (of: KeyriteError): boolean => {
      switch (of.code) {
        // @ts-expect-error it is misspelt
        case 'wire.not-canonicle': return true
        case 'wire.not-canonical': return false
        default: return true
      }
    }
    found.push(isKeyriteError(error) && switched(error))
    expect(found).to.deep.equal([false, false, false, false, false])
    expect([byCode, byReason]).to.have.length(2)
  })

  it('know the facts of a code, when it is made and when it is read', () => {
    const error: unknown = boardError('conflict', { offset: 3, why: 'it is taken' })
    // @ts-expect-error a fact is missing
    expect(() => cryptoError('bad-point', { what: 'A point' })).to.not.throw()
    // @ts-expect-error a fact is of another type
    expect(() => boardError('conflict', { offset: '3', why: '' })).to.not.throw()
    // @ts-expect-error the table names no such fact
    expect(boardError('conflict', { offset: 3, why: '', where: '' }).code).to.equal('board.conflict')
    // @ts-expect-error no such reason
    expect(() => wireError('broken', { what: 'It' })).to.throw(TypeError)
    if (!isKeyriteError(error, 'board.conflict')) return expect.fail('it is another')
    const offset: number = error.facts.offset
    // @ts-expect-error the code has no such fact
    const line: unknown = error.facts.line
    const both = (of: FactsOf<'board.conflict' | 'board.tampered'>): number | null => of.offset
    expect([offset, line, both(error.facts)]).to.deep.equal([3, undefined, 3])
  })

  it('refuse a table that nobody registered', () => {
    // @ts-expect-error no such area is in ErrorTables
    expect(errorTable('nowhere', { odd: ({ what }: { what: string }) => ({ what, todo: '' }) }).table).to.have.keys('odd')
  })

  it('refuse a reason to abort that there is not', () => {
    const found: Fault = { reason: 'missing', step: null, accused: null, why: 'x', convicts: false, offsets: [] }
    // @ts-expect-error it is misspelt
    expect(found.reason === 'mising').to.equal(false)
    // @ts-expect-error it is misspelt
    const reason: AbortReason = 'rejectd'
    const own: AbortReason = 'dkg.bad-deal' satisfies VerbReason
    // @ts-expect-error no verb declares it
    expect(() => fault('dkg.bad-deel', '', 'x')).to.throw()
    expect(() => fault('dkg.bad-deal', '', 'x')).to.throw().with.property('code', 'verb.fault')
    expect([reason, own]).to.not.include(found.reason)
  })
})
