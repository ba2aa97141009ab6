import { Ajv } from 'ajv'
import { expect } from 'chai'
import { LEGIBLE_FORMATS } from '../../base/text.ts'
import { signatureOf, signatures } from '../../verbs/table.ts'
import type { Fields, Signature, Type } from '../../verbs/table.ts'
import { keptTypes, parseType, questionTypes, schemaOf, schemaOfType, valueTypes } from '../../verbs/types.ts'

const ajv = new Ajv({ strict: true, formats: LEGIBLE_FORMATS })

function namesIn(type: Type): string[] {
  if (type.kind === 'each') return namesIn(type.of)
  if (type.kind === 'value' || type.kind === 'list') return [type.name]
  return type.kind === 'statements' ? namesOf(type.payload) : []
}
const namesOf = (fields: Fields = {}) => Object.values(fields).map((written) => parseType(written).name)

function payloadsOf(signature: Signature): Fields[] {
  switch (signature.use) {
    case 'airgap':
      return [signature.emits.payload, signature.disputes ?? {}, signature.answers ?? {}]
    case 'client':
      return [signature.emits.payload]
    case 'check':
      return [signature.payload]
    case 'judge':
      return [signature.dispute, signature.answer]
    default:
      return []
  }
}

describe('the table of verbs', () => {
  it('names each verb once, with its area, and explains it', () => {
    expect(new Set(signatures.map(({ name }) => name)).size).to.equal(signatures.length)
    for (const signature of signatures) {
      expect(signature.name).to.match(/^[a-z]+\.[a-z][A-Za-z]*$/)
      expect(signature.doc).to.match(/^[A-Z].*\.$/)
      expect(signatureOf(signature.name)).to.equal(signature)
    }
    expect(signatureOf('constructor')).to.equal(undefined)
  })

  it('names only types that exist, where they may stand', () => {
    for (const signature of signatures) {
      for (const type of [...signature.takes, ...(signature.use === 'value' ? [signature.gives] : [])]) {
        for (const name of namesIn(type)) expect(valueTypes, signature.name).to.have.property(name)
        if (type.kind === 'kept') expect(keptTypes).to.have.property(type.name)
      }
      for (const name of payloadsOf(signature).flatMap(namesOf)) expect(valueTypes[name]!.stands).to.include('payload')
      const attachment = signature.use === 'check' ? signature.attachment
        : signature.use === 'airgap' || signature.use === 'client' ? signature.emits.attachment : undefined
      for (const name of namesOf(attachment)) expect(valueTypes[name]!.stands).to.include('attachment')
      if (signature.use === 'airgap' && signature.keeps !== undefined) expect(keptTypes).to.have.property(signature.keeps)
      if (signature.use === 'airgap' && signature.asks !== undefined) expect(questionTypes).to.have.property(signature.asks)
      if (signature.use === 'assist') expect(questionTypes).to.have.property(signature.asked)
    }
  })

  it('emits for one recipient nothing but ciphertexts, and ciphertexts to nobody else', () => {
    for (const signature of signatures) {
      if (signature.use !== 'airgap' && signature.use !== 'client') continue
      const sealed = namesOf(signature.emits.payload).map((name) => valueTypes[name]!.ciphertext === true)
      expect(sealed.every((one) => one === (signature.emits.to === 'others')), signature.name).to.equal(true)
    }
  })

  it('takes kept values in airgap verbs only', () => {
    for (const { use, takes } of signatures) if (use !== 'airgap') expect(takes.map(({ kind }) => kind)).to.not.include('kept')
  })

  it('has abort reasons of the verb’s own area, each explained', () => {
    for (const { name, reasons } of signatures) {
      for (const [reason, doc] of Object.entries(reasons)) {
        expect(reason.split('.')[0]).to.equal(name.split('.')[0])
        expect(doc).to.match(/^[A-Z].*\.$/)
      }
    }
  })
})

describe('the wire schemas of types', () => {
  const accepts = (written: string, value: unknown) => ajv.compile(schemaOfType(written))(value)

  it('take bytes as lower-case hex of the one right length', () => {
    for (const [name, { size }] of Object.entries(valueTypes)) {
      if (size === undefined) continue
      expect(accepts(name, 'a0'.repeat(size)), name).to.equal(true)
      for (const wrong of ['a0'.repeat(size - 1), 'a0'.repeat(size + 1), 'A0'.repeat(size), `${'a0'.repeat(size)}\n`, 7, null, ['a0']]) {
        expect(accepts(name, wrong), name).to.equal(false)
      }
    }
    expect(Object.fromEntries(Object.entries(valueTypes).flatMap(([name, { size }]) => (size === undefined ? [] : [[name, size]])))).to.deep.equal({
      hash: 32, g1: 48, g2: 96, 'g1-affine': 96, 'g2-affine': 192, schnorr: 80, sealed: 80, x25519: 32, 'x25519-private': 32,
    })
  })

  it('cross to an airgap as a type that may stand there, and only out of attachments', () => {
    const crossing = Object.entries(valueTypes).flatMap(([name, { crosses }]) => (crosses === undefined ? [] : [[name, crosses]]))
    expect(crossing).to.deep.equal([['g1-affine', 'g1'], ['g2-affine', 'g2']])
    for (const [name = '', crosses = ''] of crossing) {
      expect(valueTypes[name]!.stands).to.deep.equal(['attachment'])
      expect(valueTypes[name]!.size).to.equal(2 * valueTypes[crosses]!.size!)
    }
  })

  it('take text without anything hidden in it', () => {
    expect(accepts('text', 'Two lines,\nand a key 🔑: ключ')).to.equal(true)
    for (const wrong of ['', 'a\tb', 'a\u0000b', 'a\u202eb', 'a\ud800b', 'a\u009bb', 'x'.repeat(2001), 3]) {
      expect(accepts('text', wrong), JSON.stringify(wrong)).to.equal(false)
    }
  })

  it('take numbers within their bounds only', () => {
    for (const [name, value, good] of [
      ['count', 0, true], ['count', 2 ** 31 - 1, true], ['count', 2 ** 31, false], ['count', -1, false], ['count', 1.5, false], ['count', '1', false],
      ['quorum', 2, true], ['quorum', 1, false], ['quorum', 1024, true], ['quorum', 1025, false],
    ] as const) expect(accepts(name, value), `${name} ${value}`).to.equal(good)
  })

  it('take names, bytes and messages of bounded size', () => {
    expect(accepts('participant', 'ann-2')).to.equal(true)
    for (const wrong of ['', 'Ann', 'a b', 'x'.repeat(33)]) expect(accepts('participant', wrong)).to.equal(false)
    expect(accepts('bytes', '')).to.equal(true)
    expect(accepts('bytes', 'ab'.repeat(65_536))).to.equal(true)
    for (const wrong of ['abc', 'ab'.repeat(65_537)]) expect(accepts('bytes', wrong)).to.equal(false)
    expect(accepts('message', { kind: 'text', content: 'hello' })).to.equal(true)
    for (const wrong of [{}, { kind: 'text', nested: {} }, { kind: 'T' }, { kind: 'text', 'a.b': 1 }, { kind: 'text', x: 'y'.repeat(131_073) }, 'text']) {
      expect(accepts('message', wrong)).to.equal(false)
    }
  })

  it('bound lists, and check each item', () => {
    expect(accepts('[count]', Array.from({ length: 32_768 }, () => 1))).to.equal(true)
    expect(accepts('[count]', Array.from({ length: 32_769 }, () => 1))).to.equal(false)
    expect(accepts('[g1]', ['ab'.repeat(48), 'ab'])).to.equal(false)
  })

  it('want exactly the fields of a payload, all of them', () => {
    const validate = ajv.compile(schemaOf({ value: 'hash', who: 'participant' }))
    const good = { value: 'ab'.repeat(32), who: 'ann' }
    expect(validate(good)).to.equal(true)
    expect(validate({ ...good, more: 1 })).to.equal(false)
    expect(validate({ value: good.value })).to.equal(false)
    expect(validate([])).to.equal(false)
    expect(() => schemaOfType('nosuch')).to.throw(TypeError)
    expect(() => schemaOfType('constructor')).to.throw(TypeError)
  })
})
