import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkedAddress } from '../../messages/fields.ts'
import { amountText } from '../../messages/kind.ts'
import type { Signable, MessageKind } from '../../messages/kind.ts'
import { checkMessage, displayMessage, isBlind, isBoundToCeremony, kindOf, messageKinds, schemaOfKind, signedBytesOf } from '../../messages/kinds.ts'
import type { Json } from '../../base/canonical.ts'
import { compileCheck } from '../../wire/schema.ts'

type Fault = { readonly code: string; readonly message: string; readonly facts: Record<string, unknown> }

function faultOf(value: unknown): Fault {
  try {
    checkMessage(value as Json)
  } catch (error) {
    return error as Fault
  }
  return expect.fail('it is accepted')
}

const change = kindOf({ kind: 'eth/bls-to-execution-change' }).example
const deposit = kindOf({ kind: 'eth/deposit' }).example
const exit = kindOf({ kind: 'eth/voluntary-exit' }).example
const shown = (message: Signable): string => displayMessage(checkMessage(message)).map(({ label, value }) => `${label}: ${value}`).join('\n')

const protocol = readFileSync(join(import.meta.dirname, '../../PROTOCOL.md'), 'utf8')

describe('the table of kinds', () => {
  it('has every file of the folder, each of which exports one kind', async () => {
    const folder = join(import.meta.dirname, '../../messages/kinds')
    const exported: MessageKind[] = []
    for (const file of readdirSync(folder)) {
      const members = Object.values((await import(`../../messages/kinds/${file}`)) as Record<string, MessageKind>)
      expect(members, file).to.have.length(1)
      expect(`${members[0]!.name.replace('/', '-')}.ts`).to.equal(file)
      exported.push(members[0]!)
    }
    expect(messageKinds.map(({ name }) => name)).to.have.members(exported.map(({ name }) => name))
  })

  it('is that of PROTOCOL.md §8.1, kind by kind and field by field', () => {
    const [, rows = ''] = /\| kind \| fields \| signed \|\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(protocol) ?? []
    const codes = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
    const told = rows.trimEnd().split('\n').map((row) => row.split('|').slice(1, 3).map(codes))
    expect(told).to.deep.equal(messageKinds.map(({ name, fields }) => [[name], Object.keys(fields)]))
  })

  it('has for each an example that is accepted, shown and signed, and names in words what its fields want', () => {
    for (const { name, doc, fields, example } of messageKinds) {
      const message = name === 'file' ? { kind: 'file', name: 'release.tar.gz', size: 7, sha256: 'ab'.repeat(32) } : example
      expect(checkMessage(message)).to.deep.equal(message)
      expect(displayMessage(message)).to.not.have.length(0)
      expect(signedBytesOf(message, '00'.repeat(32))).to.have.length(isBoundToCeremony(message) ? signedBytesOf(message, '11'.repeat(32)).length : 32)
      const [, signed = ''] = new RegExp(`^\\| \`${name}\` \\|[^|]*\\|([^|]*)\\|$`, 'm').exec(protocol) ?? expect.fail(`no row of ${name} in PROTOCOL.md`)
      expect(isBoundToCeremony(message), name).to.equal(signed.trim().startsWith('prefix'))
      expect(doc).to.match(/^[A-Z].*\.$/)
      for (const { label, wants } of Object.values(fields)) expect([label, wants]).to.not.include('')
    }
  })

  it('has strict schemas: a field less or more is refused by each', () => {
    for (const kind of messageKinds) {
      const check = compileCheck(schemaOfKind(kind))
      const example = kind.name === 'file' ? { kind: 'file', name: 'a', size: 7, sha256: 'ab'.repeat(32) } : kind.example
      expect(() => check(example, 'It')).to.not.throw()
      expect(() => check({ ...example, more: 1 }, 'It')).to.throw()
      for (const name of Object.keys(example)) expect(() => check({ ...example, [name]: undefined }, 'It'), `${kind.name}.${name}`).to.throw()
    }
  })

  it('has kinds with a series, a number, which stands alone on the one line with its label', () => {
    const series = messageKinds.filter((kind) => kind.series !== undefined)
    expect(series.map(({ name }) => name)).to.deep.equal(['eth/bls-to-execution-change', 'eth/voluntary-exit'])
    for (const { series: name = '', fields, example, display } of series) {
      const [one, other] = [76543, 98765].map((value) => display({ ...example, [name]: value }))
      const label = fields[name]?.label
      expect(one!.filter((line) => line.label === label)).to.deep.equal([{ label, value: '76543' }])
      expect(one!.filter((line) => line.label !== label)).to.deep.equal(other!.filter((line) => line.label !== label))
    }
  })

  it('has one blind kind, which warns', () => {
    expect(messageKinds.filter(({ blind }) => blind === true).map(({ name }) => name)).to.deep.equal(['raw'])
    const raw: Signable = { kind: 'raw', root: 'ab'.repeat(32) }
    expect(isBlind(raw)).to.equal(true)
    expect(displayMessage(raw).some(({ warning }) => warning === true)).to.equal(true)
  })
})

describe('a message', () => {
  it('of a kind that is not known is refused, whatever it is called', () => {
    for (const kind of ['eth/transfer', 'constructor', '__proto__', 'toString', '', 'text ', 'TEXT', 'x'.repeat(100_000), 'a\u202eb']) {
      const { code, message } = faultOf({ kind, text: 'hello' })
      expect(code).to.equal('message.unknown-kind')
      expect(message.length).to.be.lessThan(400)
      expect(message).to.not.include('\u202e')
    }
  })

  it('that is no object with a kind is refused', () => {
    for (const value of [null, undefined, 7, 'text', [], {}, { kind: 7 }, { kind: null }, { kind: ['text'] }, Object.create({ kind: 'text', text: 'inherited' })]) {
      expect(faultOf(value).code).to.equal('message.malformed')
    }
  })

  it('with a field that its kind does not have is refused, and the field is named', () => {
    for (const name of ['memo', 'constructor', 'hasOwnProperty', '__proto__', 'path', 'each']) {
      const value = JSON.parse(`{"kind":"text","text":"hello",${JSON.stringify(name)}:"x"}`) as Json
      const { code, facts } = faultOf(value)
      expect([code, facts['where']]).to.deep.equal(['message.malformed', `/${name}`])
    }
  })

  it('without one of its fields is refused, also if every object inherits one of that name', () => {
    for (const { example } of messageKinds) {
      for (const name of Object.keys(example).filter((one) => one !== 'kind')) {
        const { code } = faultOf(Object.fromEntries(Object.entries(example).filter(([one]) => one !== name)))
        expect(code).to.equal('message.malformed')
      }
    }
  })

  const refused: readonly [title: string, value: unknown, where: string][] = [
    ['an empty text', { kind: 'text', text: '' }, '/text'],
    ['a text that is no string', { kind: 'text', text: ['hello'] }, '/text'],
    ['a text that is too long', { kind: 'text', text: 'x'.repeat(4097) }, '/text'],
    ...['\u0000', '\r', '\t', '\u001b[2J', '\u0085', '\u00ad', '\u061c', '\u200b', '\u200e', '\u2028', '\u202e', '\u2066', '\u2800\u3164', '\ufe0f', '\ufeff', '\ud800', '\u{e0041}'].map(
      (hidden): [string, unknown, string] => [`a text with ${JSON.stringify(hidden)}`, { kind: 'text', text: `pay${hidden}me` }, '/text'],
    ),
    ['odd hex', { kind: 'bytes', hex: 'abc' }, '/hex'],
    ['no bytes', { kind: 'bytes', hex: '0x' }, '/hex'],
    ['hex in capitals', { kind: 'bytes', hex: 'AB' }, '/hex'],
    ['too many bytes', { kind: 'bytes', hex: 'ab'.repeat(4097) }, '/hex'],
    ['a file name with a slash', { kind: 'file', name: '../etc', size: 1, sha256: 'ab'.repeat(32) }, '/name'],
    ['a file name with a line end', { kind: 'file', name: 'a\nb', size: 1, sha256: 'ab'.repeat(32) }, '/name'],
    ['a file name that reads from right to left', { kind: 'file', name: 'a\u202egpj.exe', size: 1, sha256: 'ab'.repeat(32) }, '/name'],
    ['a negative size', { kind: 'file', name: 'a', size: -1, sha256: 'ab'.repeat(32) }, '/size'],
    ['a short root', { kind: 'raw', root: 'ab'.repeat(31) }, '/root'],
    ['a network that is not known', { ...exit, network: 'ropsten' }, '/network'],
    ['a network that every object has', { ...exit, network: 'constructor' }, '/network'],
    ['a network without a value', { ...exit, network: { genesisForkVersion: '00000000', capellaForkVersion: '03000000' } }, '/network'],
    ['a network with a value more', { ...exit, network: { genesisForkVersion: '00000000', capellaForkVersion: '03000000', genesisValidatorsRoot: 'ab'.repeat(32), name: 'x' } }, '/network'],
    ['an epoch as text', { ...exit, epoch: '305658' }, '/epoch'],
    ['an epoch beyond exact numbers', { ...exit, epoch: 2 ** 53 }, '/epoch'],
    ['an epoch in parts', { ...exit, epoch: 1.5 }, '/epoch'],
    ['a negative validator index', { ...exit, validatorIndex: -1 }, '/validatorIndex'],
    ['a validator index beyond the registry', { ...exit, validatorIndex: 2 ** 40 }, '/validatorIndex'],
    ['a validator index of NaN', { ...exit, validatorIndex: Number.NaN }, '/validatorIndex'],
    ['a deposit of 32 gwei', { ...deposit, amount: 32 }, '/amount'],
    ['a deposit in wei', { ...deposit, amount: 32e18 }, '/amount'],
    ['a deposit as text', { ...deposit, amount: '32000000000' }, '/amount'],
    ['short credentials', { ...deposit, withdrawalCredentials: 'ab'.repeat(20) }, '/withdrawalCredentials'],
    ['a short address', { ...change, toExecutionAddress: '0xb9d7934878b5fb9610b3fe8a5e441e8fad7e29' }, '/toExecutionAddress'],
    ['an address with a wrong checksum', { ...change, toExecutionAddress: '0xB9d7934878B5FB9610B3fE8A5e441e8fad7E293f' }, '/toExecutionAddress'],
    ['a mistyped address with a checksum', { ...change, toExecutionAddress: '0xB9D7934878B5FB9610B3fE8A5e441e8fad7E293e' }, '/toExecutionAddress'],
    ['a key that is not compressed', { ...change, fromBlsPubkey: '17'.repeat(48) }, '/fromBlsPubkey'],
    ['a key that is the identity', { ...change, fromBlsPubkey: `c0${'00'.repeat(47)}` }, '/fromBlsPubkey'],
    ['a key that is not on the curve', { ...change, fromBlsPubkey: `80${'00'.repeat(46)}01` }, '/fromBlsPubkey'],
    ['a key outside the subgroup', { ...deposit, pubkey: `80${'00'.repeat(47)}` }, '/pubkey'],
    ['a key that is not canonical', { ...deposit, pubkey: `9a${'ff'.repeat(47)}` }, '/pubkey'],
  ]
  for (const [title, value, where] of refused) {
    it(`with ${title} is refused, and says where`, () => {
      const { code, facts, message } = faultOf(value)
      expect([code, facts['where']]).to.deep.equal(['message.malformed', where])
      expect(message).to.not.match(/must match pattern|must be/)
      expect(message.length).to.be.lessThan(500)
    })
  }

  it('may have its addresses with or without a checksum, and hex with or without 0x: it is the same that is signed', () => {
    const spellings = [
      '0xb9d7934878b5fb9610b3fe8a5e441e8fad7e293f', '0xB9D7934878B5FB9610B3FE8A5E441E8FAD7E293F', '0xB9D7934878B5FB9610B3fE8A5e441e8fad7E293f', 'b9d7934878b5fb9610b3fe8a5e441e8fad7e293f',
    ].map((toExecutionAddress) => ({ ...change, toExecutionAddress }))
    expect(new Set(spellings.map((one) => Buffer.from(signedBytesOf(checkMessage(one), '00'.repeat(32))).toString('hex')))).to.have.property('size', 1)
    expect(new Set(spellings.map(shown))).to.have.property('size', 1)
  })
})

describe('what an owner sees', () => {
  it('are addresses with their checksum (the vectors of EIP-55)', () => {
    for (const address of [
      '0x52908400098527886E0F7030069857D2E4169EE7', '0xde709f2102306220921060314715629080e2fb77', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359', '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB', '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
    ]) expect(checkedAddress(address.slice(2).toLowerCase())).to.equal(address)
    expect(shown({ ...change, toExecutionAddress: '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed' })).to.include('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed')
  })

  it('are amounts in ETH and gwei', () => {
    expect(shown(deposit)).to.include('Amount: 32 ETH (32,000,000,000 gwei)')
    expect(amountText(1_000_000_001)).to.equal('1.000000001 ETH (1,000,000,001 gwei)')
    expect(amountText(2_048_500_000_000)).to.equal('2,048.5 ETH (2,048,500,000,000 gwei)')
    expect(amountText(Number.MAX_SAFE_INTEGER)).to.equal('9,007,199.254740991 ETH (9,007,199,254,740,991 gwei)')
  })

  it('is where a deposit’s stake will go, or that nobody knows', () => {
    const of = (withdrawalCredentials: string): string => shown({ ...deposit, withdrawalCredentials })
    expect(of(`01${'00'.repeat(11)}5aaeb6053f3e94c9b9a09f33669435e7ef1beaed`)).to.include('0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed').and.not.include('Warning')
    expect(of(`02${'00'.repeat(11)}5aaeb6053f3e94c9b9a09f33669435e7ef1beaed`)).to.include('compound').and.not.include('Warning')
    expect(of(`00${'ab'.repeat(31)}`)).to.include('BLS key').and.not.include('Warning')
    expect(of(`01${'ab'.repeat(31)}`)).to.include('Warning')
    expect(of('ff'.repeat(32))).to.include('Warning')
    expect(of(`01${'00'.repeat(31)}`)).to.include('zero address')
    expect(shown({ ...change, toExecutionAddress: `0x${'00'.repeat(20)}` })).to.include('zero address')
  })

  it('is the network by name and by the values that are signed', () => {
    expect(shown(change)).to.include('Network: mainnet\nGenesis fork version: 0x00000000\nGenesis validators root: 0x4b363db9')
    expect(shown({ ...exit, network: 'hoodi' })).to.include('Network: hoodi\nCapella fork version: 0x40000910\n')
    expect(shown({ ...exit, network: 'sepolia' })).to.include('Network: sepolia\nCapella fork version: 0x90000072\n')
  })

  it('is that a network given by its values is a known one after all, as far as the signature goes', () => {
    const own = { genesisForkVersion: '0x00000000', capellaForkVersion: '0xabababab', genesisValidatorsRoot: `0x${'ab'.repeat(32)}` }
    expect(shown({ ...deposit, network: own })).to.match(/Warning: .*mainnet/)
    expect(shown({ ...change, network: own })).to.include('given by its values').and.include('Capella fork version: 0xabababab (not part of what is signed)').and.not.include('mainnet')
    expect(shown({ ...deposit, network: { ...own, genesisForkVersion: '0x00000001' } })).to.not.include('mainnet')
  })
})
