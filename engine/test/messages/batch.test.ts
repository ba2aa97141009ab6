import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import { MAX_MESSAGES, compactMessages, expandMessages, messagesHash } from '../../messages/batch.ts'
import { textOf } from '../../messages/fields.ts'
import type { Message } from '../../messages/kind.ts'
import { kindOf, signedBytesOf } from '../../messages/kinds.ts'
import { summaryOf } from '../../messages/summary.ts'
import { fieldsCheck, valueProblem } from '../../verbs/values.ts'
import type { Json } from '../../wire/canonical.ts'

const sha256 = (value: unknown): string => createHash('sha256').update(canonicalize(value)!).digest('hex')
const change = kindOf({ kind: 'eth/bls-to-execution-change' }).example
const changes = (count: number): Message[] => Array.from({ length: count }, (_, i) => ({ ...change, validatorIndex: 500_000 + i }))
const without = (message: Message, field: string) => Object.fromEntries(Object.entries(message).filter(([name]) => name !== field))
const text = (one: string): Message => ({ kind: 'text', text: one })

function fault(items: unknown): { code: string; facts: Record<string, unknown>; message: string } {
  try {
    expandMessages(items as Json[])
  } catch (error) {
    return error as { code: string; facts: Record<string, unknown>; message: string }
  }
  return expect.fail('they are accepted')
}

describe('a batch', () => {
  it('that differs in one field crosses as a template and a list, and comes out as the very same messages', () => {
    const messages = changes(1000)
    const items = compactMessages(messages)
    expect(items).to.deep.equal([{ ...without(change, 'validatorIndex'), each: { validatorIndex: messages.map((one) => one['validatorIndex']) } }])
    expect(expandMessages(items)).to.deep.equal(messages)
    expect(JSON.stringify(items).length).to.be.lessThan(8_000 + 400)
    for (const field of ['text', 'toExecutionAddress']) {
      const some = field === 'text' ? [text('a'), text('b')] : [change, { ...change, toExecutionAddress: `0x${'11'.repeat(20)}` }]
      expect(compactMessages(some)).to.have.length(1)
      expect(expandMessages(compactMessages(some))).to.deep.equal(some)
    }
  })

  it('that differs in more, or in what is no single value, or not at all, stays as it is', () => {
    const own = { genesisForkVersion: '00000001', capellaForkVersion: '03000000', genesisValidatorsRoot: 'ab'.repeat(32) }
    for (const messages of [
      [], [text('a')], [text('a'), text('a')], [text('a'), change], [change, { ...change, validatorIndex: 1, network: 'hoodi' }],
      [{ ...change, network: own }, { ...change, network: 'hoodi' }],
    ]) expect(compactMessages(messages)).to.deep.equal(messages)
  })

  it('has one hash, in whichever form it crossed: H(JCS(messages))', () => {
    const messages = changes(3)
    expect(messagesHash(messages)).to.equal(sha256(messages))
    expect(messagesHash(expandMessages(compactMessages(messages)))).to.equal(sha256(messages))
    expect(summaryOf(compactMessages(messages)).hash).to.equal(sha256(messages))
  })

  it('may have several templates, and messages alone, in their order', () => {
    const items: Json[] = [{ kind: 'text', each: { text: ['a', 'b'] } }, change, { kind: 'bytes', each: { hex: ['00'] } }]
    expect(expandMessages(items)).to.deep.equal([text('a'), text('b'), change, { kind: 'bytes', hex: '00' }])
  })

  it('is refused where it is empty or above the limit, before its messages are looked at', () => {
    expect(fault([]).code).to.equal('message.empty')
    expect(expandMessages(changes(MAX_MESSAGES))).to.have.length(MAX_MESSAGES)
    const many = Array.from({ length: MAX_MESSAGES + 1 }, () => 'nonsense')
    for (const items of [many, [{ kind: 'text', each: { text: many } }], [{ kind: 'text', each: { text: many.slice(2) } }, 7, 7]]) {
      const { code, facts } = fault(items)
      expect([code, facts['count'], facts['most']]).to.deep.equal(['message.too-many', MAX_MESSAGES + 1, MAX_MESSAGES])
    }
  })

  it('is refused where two messages are the same, also if they are spelt in two ways', () => {
    const { code, facts } = fault([text('a'), { kind: 'text', each: { text: ['b', 'a'] } }])
    expect([code, facts]).to.deep.equal(['message.duplicate', { item: 2, value: 2, sameAs: { item: 1 } }])
    const lower = { ...change, toExecutionAddress: textOf(change, 'toExecutionAddress').toLowerCase() }
    const bare = { ...change, fromBlsPubkey: textOf(change, 'fromBlsPubkey').slice(2) }
    for (const twin of [lower, bare]) {
      expect(signedBytesOf(twin)).to.deep.equal(signedBytesOf(change))
      expect(fault([change, twin]).code).to.equal('message.duplicate')
    }
    expect(fault([{ kind: 'bytes', hex: 'ab' }, { kind: 'bytes', hex: '0xab' }]).code).to.equal('message.duplicate')
  })

  it('says which message is wrong, and where', () => {
    expect(fault([text('a'), { kind: 'nonsense' }])).to.deep.include({ code: 'message.unknown-kind' }).and.to.have.nested.property('facts.item', 2)
    const { facts, message } = fault([text('z'), { kind: 'text', each: { text: ['a', '\u202e'] } }])
    expect(facts).to.deep.include({ item: 2, value: 2, where: '/text' })
    expect(message).to.match(/^Message 2 \(value 2 of its list\) is refused at \/text: /)
  })

  it('has templates that are strict', () => {
    for (const each of [null, 7, [], {}, { text: [] }, { text: 'a' }, { kind: ['text'] }, { each: ['a'] }, { constructor: ['a'] }, { text: ['a'], more: ['b'] }, { text: [{}] }, { text: [['a']] }, { text: [null] }]) {
      expect(fault([{ kind: 'text', each }]).code, JSON.stringify(each)).to.equal('message.malformed')
    }
    expect(fault([{ kind: 'text', text: 'a', each: { text: ['b'] } }]).code).to.equal('message.malformed')
    expect(fault([JSON.parse('{"kind":"text","each":{"__proto__":["a"]}}')]).code).to.equal('message.malformed')
    expect(fault([{ kind: 'nonsense', each: { text: ['a'] } }]).code).to.equal('message.unknown-kind')
    expect(fault([{ ...without(change, 'validatorIndex'), each: { validatorIndex: [1, '2'] } }]).facts).to.deep.include({ item: 1, value: 2, where: '/validatorIndex' })
  })
})

describe('a parameter of type [message]', () => {
  const shape = (value: Json): unknown => fieldsCheck({ messages: '[message]' })({ messages: value }, 'It')
  const problem = (value: Json): string | null => valueProblem('[message]', value, [])

  it('passes in every form in which messages cross', () => {
    const own = { genesisForkVersion: '0x00000001', capellaForkVersion: '0x03000000', genesisValidatorsRoot: `0x${'ab'.repeat(32)}` }
    for (const items of [[change], compactMessages(changes(1000)), [{ ...change, network: own }], [text('a'), { kind: 'raw', root: 'ab'.repeat(32) }]]) {
      shape(items)
      expect(problem(items)).to.equal(null)
    }
  })

  it('is refused where a message is, with the reason', () => {
    expect(problem([{ kind: 'text' }])).to.match(/^Message 1 is refused: it has no text/)
    expect(problem([])).to.match(/no message/)
    expect(problem([text('a'), text('a')])).to.match(/^Message 2 is the same as message 1$/)
    expect(valueProblem('message', { kind: 'text', each: { text: ['a'] } }, [])).to.match(/no such field/)
    expect(valueProblem('message', text('a'), [])).to.equal(null)
  })

  it('is refused where it nests otherwise', () => {
    for (const wrong of [[{ kind: 'text', text: { a: { b: 'c' } } }], [{ kind: 'text', each: { text: [['a']] } }], [{ kind: 'text', each: { a: ['x'], b: ['y'] } }], [{ kind: 'a/b/c' }]]) {
      expect(() => shape(wrong), JSON.stringify(wrong)).to.throw()
    }
  })
})

describe('the summary of a batch', () => {
  it('tells the common lines once, and of what varies the count, the range and a digest', () => {
    const shuffled = [3, 1, 2].map((i) => ({ ...change, validatorIndex: 500_000 + i }))
    const { count, groups, blind } = summaryOf(compactMessages(shuffled))
    expect([count, blind, groups.length]).to.deep.equal([3, false, 1])
    const [group] = groups
    expect(group!.common.map(({ label }) => label)).to.include.members(['Network', 'To execution address', 'From BLS public key']).and.not.include('Validator index')
    expect(group!.varying).to.deep.equal([
      { field: 'validatorIndex', label: 'Validator index', count: 3, range: 'min–max', from: '500001', to: '500003', digest: sha256([500_003, 500_001, 500_002]) },
    ])
  })

  it('tells kinds apart, first and last of what is no number, and every warning', () => {
    const zero = { ...change, toExecutionAddress: `0x${'00'.repeat(20)}` }
    const { groups, blind } = summaryOf([text('first\nline'), change, zero, text('last'), { kind: 'raw', root: 'ab'.repeat(32) }])
    expect(groups.map(({ kind, count }) => [kind, count])).to.deep.equal([['text', 2], ['eth/bls-to-execution-change', 2], ['raw', 1]])
    expect(groups[0]!.varying).to.deep.equal([{ field: 'text', label: 'Text', count: 2, range: 'first–last', from: 'first line', to: 'last', digest: sha256(['first\nline', 'last']) }])
    expect(groups[1]!.warnings.map(({ value }) => value).join()).to.include('zero address')
    expect(groups[2]!.common.some(({ warning }) => warning === true)).to.equal(true)
    expect(blind).to.equal(true)
  })

  it('of one message is the message', () => {
    const [group] = summaryOf([change]).groups
    expect(group!.varying).to.deep.equal([])
    expect(group!.common).to.deep.equal(kindOf(change).display(change))
  })
})
