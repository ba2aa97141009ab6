import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import { codeOf } from './helpers.ts'

const content = { kind: 'request', ceremony: 'ab'.repeat(32), step: 'SendDeals', body: { b: [1, 'ü'], a: null } }

describe('an envelope', () => {
  it('names its own SHA-256 over its canonical JSON without the digest', () => {
    const text = sealEnvelope(content)
    const rest = `{"body":{"a":null,"b":[1,"ü"]},"ceremony":"${content.ceremony}","kind":"request","step":"SendDeals"}`
    const digest = createHash('sha256').update(rest, 'utf8').digest('hex')
    expect(text).equal(rest.replace(',"kind"', `,"digest":"${digest}","kind"`))
    expect(openEnvelope(text)).deep.equal({ ...content, digest })
  })

  it('may come before there is a ceremony', () => {
    const opened = openEnvelope(sealEnvelope({ kind: 'card', ceremony: null, step: null, body: {} }))
    expect(opened).include({ kind: 'card', ceremony: null, step: null })
  })

  const text = sealEnvelope(content)
  const resealed = (change: object): string => {
    const rest = Object.entries({ ...openEnvelope(text), ...change }).filter(([name]) => name !== 'digest')
    const sorted = Object.fromEntries(rest.sort(([a], [b]) => (a < b ? -1 : 1)))
    const digest = createHash('sha256').update(JSON.stringify(sorted)).digest('hex')
    return JSON.stringify(Object.fromEntries(Object.entries({ ...sorted, digest }).sort(([a], [b]) => (a < b ? -1 : 1))))
  }

  const refused: readonly (readonly [name: string, text: string, code: string])[] = [
    ['a changed body', text.replace('[1,', '[2,'), 'channel.wrong-digest'],
    ['a changed step', text.replace('SendDeals', 'SendDealz'), 'channel.wrong-digest'],
    ['a changed digest', text.replace(/"digest":"./, '"digest":"x'), 'channel.wrong-digest'],
    ['a digest that is no text', text.replace(/"digest":"[0-9a-f]*"/, '"digest":7'), 'channel.bad-envelope'],
    ['white space', text.replace(',', ', '), 'wire.not-canonical'],
    ['a duplicate member', text.replace('"kind":"request"', '"kind":"request","kind":"request"'), 'wire.not-canonical'],
    ['its end missing', text.slice(0, -1), 'wire.not-canonical'],
    ['a list', '[]', 'channel.bad-envelope'],
    ['null', 'null', 'channel.bad-envelope'],
    ['a member too many', resealed({ extra: 1 }), 'channel.bad-envelope'],
    ['a member too few', text.replace(/"body":.*?\},/, ''), 'channel.bad-envelope'],
    ['a kind that is no name', resealed({ kind: 'Request!' }), 'channel.bad-envelope'],
    ['a ceremony that is no id', resealed({ ceremony: 'AB'.repeat(32) }), 'channel.bad-envelope'],
    ['a step that is no name', resealed({ step: 'a/b' }), 'channel.bad-envelope'],
  ]
  for (const [name, bad, code] of refused) {
    it(`with ${name} is refused`, () => expect(codeOf(() => openEnvelope(bad))).equal(code))
  }

  it('that could not be opened is not sealed either', () => {
    expect(codeOf(() => sealEnvelope({ ...content, kind: 'no name' }))).equal('channel.bad-envelope')
    expect(codeOf(() => sealEnvelope({ ...content, ceremony: 'short' }))).equal('channel.bad-envelope')
  })
})
