import { PublicKey, Signature, verify } from '@chainsafe/blst'
import { expect } from 'chai'
import { attachedBy, statedBy, text, vectors } from './file.ts'
import type { Hex, Plain } from './form.ts'
import { blsSignature, bytes, g1, hex, jcs, number, scalar, sha256, tagged, utf8 } from './oracle.ts'

const { signing } = vectors
const followed = vectors.dkg.find(({ name }) => name === signing.follows) ?? expect.fail()

/** A number in SSZ: little-endian, in a chunk of 32 bytes. */
function uint64(value: unknown): Buffer {
  const chunk = Buffer.alloc(32)
  chunk.writeBigUInt64LE(BigInt(Number(value)))
  return chunk
}
const padded = (data: Uint8Array): Buffer => Buffer.concat([data, Buffer.alloc(32 - data.length)])
const fieldOf = (message: Plain, name: string): Buffer => bytes(text(message[name]).replace(/^0x/, '').toLowerCase())
/** The root of a key in SSZ: its 48 bytes are two chunks. */
const keyRoot = (key: Uint8Array): Buffer => sha256(key.subarray(0, 32), padded(key.subarray(32)))
const four = (a: Uint8Array, b: Uint8Array, c: Uint8Array): Buffer => sha256(sha256(a, b), sha256(c, Buffer.alloc(32)))

interface Network {
  readonly genesisForkVersion: string
  readonly capellaForkVersion: string
  readonly genesisValidatorsRoot: string
}

/** The networks, from eth-clients' config files. */
const NETWORKS: Readonly<Record<string, Network>> = {
  mainnet: { genesisForkVersion: '00000000', capellaForkVersion: '03000000', genesisValidatorsRoot: '4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95' },
  hoodi: { genesisForkVersion: '10000910', capellaForkVersion: '40000910', genesisValidatorsRoot: '212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f' },
}

/** The signing root compute_signing_root(object, compute_domain(type, version, root)) of Ethereum's consensus-specs. */
function signingRoot(object: Uint8Array, type: number, version: string, validators: string): Buffer {
  const forkData = sha256(padded(bytes(version.replace(/^0x/, ''))), bytes(validators.replace(/^0x/, '')))
  return sha256(object, Buffer.concat([Buffer.of(type, 0, 0, 0), forkData.subarray(0, 28)]))
}

function signedBytes(id: Hex, message: Plain): Buffer {
  const bound = (content: Uint8Array) => Buffer.concat([utf8(`keyrite/2/message/${text(message['kind'])}\n`), bytes(id), content])
  const network = typeof message['network'] === 'string' ? NETWORKS[message['network']] : (message['network'] as unknown as Network | undefined)
  const { genesisForkVersion = '', capellaForkVersion = '', genesisValidatorsRoot = '' } = network ?? {}
  switch (message['kind']) {
    case 'text':
      return bound(utf8(text(message['text'])))
    case 'bytes':
      return bound(fieldOf(message, 'hex'))
    case 'file':
      return bound(fieldOf(message, 'sha256'))
    case 'eth/bls-to-execution-change': {
      const object = four(uint64(message['validatorIndex']), keyRoot(fieldOf(message, 'fromBlsPubkey')), padded(fieldOf(message, 'toExecutionAddress')))
      return signingRoot(object, 10, genesisForkVersion, genesisValidatorsRoot)
    }
    case 'eth/voluntary-exit':
      return signingRoot(sha256(uint64(message['epoch']), uint64(message['validatorIndex'])), 4, capellaForkVersion, genesisValidatorsRoot)
    case 'eth/deposit': {
      const object = four(keyRoot(fieldOf(message, 'pubkey')), fieldOf(message, 'withdrawalCredentials'), uint64(message['amount']))
      return signingRoot(object, 3, genesisForkVersion, '00'.repeat(32))
    }
    case 'raw':
      return fieldOf(message, 'root')
    default:
      return expect.fail(`no kind ${text(message['kind'])}`)
  }
}

describe('what the vectors say is signed', () => {
  for (const { ceremony, message, bytes: given } of vectors.kinds) {
    it(`of ${jcs(message).slice(0, 60)}…`, () => {
      expect(hex(signedBytes(ceremony, message))).to.equal(given)
    })
  }

  it('is there of every kind', () => {
    const kinds = new Set(vectors.kinds.map(({ message }) => message['kind']))
    expect([...kinds].sort()).to.deep.equal(['bytes', 'eth/bls-to-execution-change', 'eth/deposit', 'eth/voluntary-exit', 'file', 'raw', 'text'])
  })
})

describe('the signing of the vectors', () => {
  it('follows a finished key by its id, and signs the messages that its opening has', () => {
    expect(signing.opening.parameters['key']).to.equal(followed.id)
    const messages = signing.signed.map(({ message }) => message)
    expect(signing.opening.parameters['messages']).to.deep.equal(messages)
    expect(signing.messages).to.equal(tagged('messages', jcs(messages)))
    for (const { message, bytes: given } of signing.signed) expect(given).to.equal(hex(signedBytes(signing.id, message)))
  })

  for (const { name, index, partials } of signing.signers) {
    it(`has ${name}’s partial signatures, with its share of the key, bound by a digest`, () => {
      const at = followed.opening.roster.findIndex((card) => card.name === name)
      expect(index).to.equal(at + 1)
      expect(partials).to.deep.equal(signing.signed.map((one) => blsSignature(followed.shares[at] ?? '', bytes(one.bytes))))
      const shareKey = PublicKey.fromBytes(bytes(followed.shareKeys[at] ?? ''), true)
      for (const [i, partial] of partials.entries()) expect(verify(bytes(signing.signed[i]?.bytes ?? ''), shareKey, Signature.fromBytes(bytes(partial), true, true))).to.equal(true)
      expect(statedBy(signing, 'Partial', name).payload).to.deep.equal({ digest: tagged('partials', ...partials.map(bytes)) })
      const coordinates = partials.map((partial) => hex(Signature.fromBytes(bytes(partial), true, true).toBytes(false)))
      expect(attachedBy(signing, 'Partial', name)).to.deep.equal({ partials: coordinates })
    })
  }

  it('has the signatures of the key itself, as one who knew its secret would make them', () => {
    const secret = scalar(followed.dealers.reduce((sum, { coefficients }) => sum + number(coefficients[0] ?? ''), 0n))
    expect(g1(secret)).to.equal(followed.groupKey)
    expect(signing.signatures).to.deep.equal(signing.signed.map((one) => blsSignature(secret, bytes(one.bytes))))
    const key = PublicKey.fromBytes(bytes(followed.groupKey), true)
    for (const [i, signature] of signing.signatures.entries()) expect(verify(bytes(signing.signed[i]?.bytes ?? ''), key, Signature.fromBytes(bytes(signature), true, true))).to.equal(true)
    const [posted] = signing.log.filter(({ message }) => message.statement.type === 'Signature')
    expect(posted?.message.statement.payload).to.deep.equal({})
    expect(posted?.attachment).to.deep.equal({ signatures: signing.signatures })
  })
})
