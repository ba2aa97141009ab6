import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { expect } from 'chai'
import { compactMessages, expandMessages, MAX_GROUPS, MAX_MESSAGES, messagesHash } from '../../messages/batch.ts'
import { textOf } from '../../messages/fields.ts'
import type { Signable } from '../../messages/kind.ts'
import { kindOf, signedBytesOf } from '../../messages/kinds.ts'
import { networks } from '../../messages/networks.ts'
import { fieldsCheck, valueProblem } from '../../verbs/values.ts'
import type { Json } from '../../base/canonical.ts'

const sha256 = (value: unknown): string => createHash('sha256').update(`keyrite/2/messages\n${canonicalize(value)!}`).digest('hex')
const change = kindOf({ kind: 'eth/bls-to-execution-change' }).example
const changes = (count: number): Signable[] => Array.from({ length: count }, (_, i) => ({ ...change, validatorIndex: 500_000 + i }))
const without = (message: Signable, field: string) => Object.fromEntries(Object.entries(message).filter(([name]) => name !== field))
const text = (one: string): Signable => ({ kind: 'text', text: one })

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

  it('has one hash, in whichever form it crossed: H("keyrite/2/messages\n" || JCS(messages))', () => {
    const messages = changes(3)
    expect(messagesHash(messages)).to.equal(sha256(messages))
    expect(messagesHash(expandMessages(compactMessages(messages)))).to.equal(sha256(messages))
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
      expect(signedBytesOf(twin, '00'.repeat(32))).to.deep.equal(signedBytesOf(change, '00'.repeat(32)))
      expect(fault([change, twin]).code).to.equal('message.duplicate')
    }
    expect(fault([{ kind: 'bytes', hex: 'ab' }, { kind: 'bytes', hex: '0xab' }]).code).to.equal('message.duplicate')
  })

  it('is refused where the same bytes would be signed of two, whatever else they say', () => {
    const exit = { kind: 'eth/voluntary-exit', epoch: 1, validatorIndex: 7 }
    const written = [{ ...networks['mainnet']! }, { ...networks['mainnet']!, genesisForkVersion: 'deadbeef' }]
    const pairs: readonly (readonly [object, object])[] = [
      ...written.map((network) => [{ ...exit, network: 'mainnet' }, { ...exit, network }] as const),
      [{ ...exit, network: written[0] }, { ...exit, network: written[1] }],
      [{ kind: 'file', name: 'a', size: 1, sha256: '11'.repeat(32) }, { kind: 'file', name: 'b', size: 2, sha256: '11'.repeat(32) }],
      [{ ...exit, network: 'mainnet' }, { kind: 'raw', root: Buffer.from(signedBytesOf({ ...exit, network: 'mainnet' }, '00'.repeat(32))).toString('hex') }],
    ]
    for (const [one, other] of pairs) {
      for (const items of [[one, other], [other, text('between'), one]]) expect(fault(items).code, JSON.stringify(items)).to.equal('message.duplicate')
    }
    expect(expandMessages([{ ...exit, network: 'mainnet' }, { ...exit, network: 'hoodi' }, { kind: 'bytes', hex: '61' }, text('a')])).to.have.length(4)
  })

  it('is refused where it makes more groups than people read', () => {
    const texts = (count: number): Json[] => [{ kind: 'text', each: { text: Array.from({ length: count }, (_, i) => `Text ${i}`) } }]
    expect(expandMessages(texts(MAX_GROUPS))).to.have.length(200)
    const { code, facts } = fault(texts(MAX_GROUPS + 1))
    expect([code, facts]).to.deep.equal(['message.too-mixed', { groups: 201, most: 200 }])
    const two = { ...change, toExecutionAddress: `0x${'11'.repeat(20)}` }
    expect(expandMessages([...changes(400), ...changes(400).map((one) => ({ ...two, validatorIndex: one['validatorIndex'] ?? 0 })), ...texts(198)])).to.have.length(998)
    expect(fault([...changes(400), two, ...texts(199)]).code).to.equal('message.too-mixed')
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
    expect(problem([text('a'), text('a')])).to.match(/^Message 2 is the same as message 1: the very same bytes would be signed$/)
    expect(valueProblem('message', { kind: 'text', each: { text: ['a'] } }, [])).to.match(/no such field/)
    expect(valueProblem('message', text('a'), [])).to.equal(null)
  })

  it('is refused where it nests otherwise', () => {
    for (const wrong of [[{ kind: 'text', text: { a: { b: 'c' } } }], [{ kind: 'text', each: { text: [['a']] } }], [{ kind: 'text', each: { a: ['x'], b: ['y'] } }], [{ kind: 'a/b/c' }]]) {
      expect(() => shape(wrong), JSON.stringify(wrong)).to.throw()
    }
  })
})
