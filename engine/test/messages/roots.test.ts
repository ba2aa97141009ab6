import { PublicKey, Signature, verify } from '@chainsafe/blst'
import { ByteVectorType, ContainerType, UintBigintType } from '@chainsafe/ssz'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import bls from 'bls-eth-wasm'
import { expect } from 'chai'
import type { Signable } from '../../messages/kind.ts'
import { checkMessage, signedBytesOf, signerOf } from '../../messages/kinds.ts'
import { networks } from '../../messages/networks.ts'
import { seededRandom } from '../crypto/random.ts'
import { changes, deposits, exits } from './vectors.ts'

const random = seededRandom('messages')
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/^0x/, ''), 'hex'))

// The containers of consensus-specs, written out for another library.
const uint64 = new UintBigintType(8)
const Bytes4 = new ByteVectorType(4)
const Bytes20 = new ByteVectorType(20)
const Bytes32 = new ByteVectorType(32)
const Bytes48 = new ByteVectorType(48)
const ForkData = new ContainerType({ current_version: Bytes4, genesis_validators_root: Bytes32 })
const SigningData = new ContainerType({ object_root: Bytes32, domain: Bytes32 })
const Change = new ContainerType({ validator_index: uint64, from_bls_pubkey: Bytes48, to_execution_address: Bytes20 })
const Exit = new ContainerType({ epoch: uint64, validator_index: uint64 })
const Deposit = new ContainerType({ pubkey: Bytes48, withdrawal_credentials: Bytes32, amount: uint64 })

function rootOf(object: Uint8Array, type: number, version: string, genesis: string): string {
  const forkData = ForkData.hashTreeRoot({ current_version: bytes(version), genesis_validators_root: bytes(genesis) })
  const domain = Uint8Array.of(type, 0, 0, 0, ...forkData.subarray(0, 28))
  return hex(SigningData.hashTreeRoot({ object_root: object, domain }))
}

const G1 = bls12_381.G1.Point
const publicKey = (): string => G1.BASE.multiply(BigInt(`0x${hex(random(16))}`) + 1n).toHex()
const below = (most: number): number => Number(BigInt(`0x${hex(random(8))}`) % BigInt(most))
/** The id of some ceremony. */
const SOME = 'c5'.repeat(32)
const signed = (message: Signable): string => hex(signedBytesOf(checkMessage(message), SOME))

const ZERO = '00'.repeat(32)
const own = () => ({ genesisForkVersion: `0x${hex(random(4))}`, capellaForkVersion: hex(random(4)), genesisValidatorsRoot: `0x${hex(random(32))}` })
const everywhere = [...Object.keys(networks), own(), own()].map((network) => ({
  network,
  values: typeof network === 'string' ? networks[network]! : network,
}))

describe('signing roots', () => {
  before(() => bls.init(bls.BLS12_381))

  for (const { by, message, publicKey: key, signature } of [...changes, ...deposits, ...exits]) {
    it(`of ${message.kind} are those signed by ${by}`, () => {
      const root = signedBytesOf(checkMessage(message), SOME)
      expect(signedBytesOf(message, '00'.repeat(32))).to.deep.equal(root)
      expect(root).to.have.length(32)
      expect(verify(root, PublicKey.fromBytes(bytes(key)), Signature.fromBytes(bytes(signature)))).to.equal(true)
      expect(bls.deserializeHexStrToPublicKey(key).verify(bls.deserializeHexStrToSignature(signature), root)).to.equal(true)
      expect(signerOf(message)).to.equal(message.kind === 'eth/voluntary-exit' ? undefined : key)
    })
  }

  it('of a change of any field, or of the network, are others', () => {
    const [change] = changes
    const variants = [
      { validatorIndex: 96194 },
      { network: 'hoodi' },
      { network: 'sepolia' },
      { toExecutionAddress: '0xb9d7934878b5fb9610b3fe8a5e441e8fad7e293e' },
      { fromBlsPubkey: deposits[0]!.publicKey },
    ].map((variant) => signed({ ...change!.message, ...variant }))
    expect(new Set([...variants, signed(change!.message)])).to.have.property('size', 6)
  })

  it('of BLS-to-execution changes are those of another SSZ library, on every network', () => {
    for (const { network, values } of everywhere) {
      for (const validatorIndex of [0, 1, below(2 ** 40), 2 ** 40 - 1]) {
        const from = publicKey()
        const to = random(20)
        const object = Change.hashTreeRoot({ validator_index: BigInt(validatorIndex), from_bls_pubkey: bytes(from), to_execution_address: to })
        expect(signed({ kind: 'eth/bls-to-execution-change', network, validatorIndex, fromBlsPubkey: from, toExecutionAddress: `0x${hex(to)}` }))
          .to.equal(rootOf(object, 10, values.genesisForkVersion, values.genesisValidatorsRoot))
      }
    }
  })

  it('of voluntary exits are those of another SSZ library, on every network, always under Capella’s fork version', () => {
    for (const { network, values } of everywhere) {
      for (const epoch of [0, 1, below(2 ** 32), Number.MAX_SAFE_INTEGER]) {
        const validatorIndex = below(2 ** 40)
        const object = Exit.hashTreeRoot({ epoch: BigInt(epoch), validator_index: BigInt(validatorIndex) })
        expect(signed({ kind: 'eth/voluntary-exit', network, epoch, validatorIndex })).to.equal(rootOf(object, 4, values.capellaForkVersion, values.genesisValidatorsRoot))
      }
    }
  })

  it('of deposits are those of another SSZ library, on every network, bound to no genesis', () => {
    for (const { network, values } of everywhere) {
      for (const amount of [1_000_000_000, 32_000_000_000, 2_048_000_000_000, Number.MAX_SAFE_INTEGER]) {
        const pubkey = publicKey()
        const credentials = random(32)
        const object = Deposit.hashTreeRoot({ pubkey: bytes(pubkey), withdrawal_credentials: credentials, amount: BigInt(amount) })
        expect(signed({ kind: 'eth/deposit', network, pubkey: `0x${pubkey}`, withdrawalCredentials: hex(credentials), amount })).to.equal(rootOf(object, 3, values.genesisForkVersion, ZERO))
      }
    }
    for (const { message, depositMessageRoot } of deposits) {
      const network = everywhere.find((one) => one.network === message['network'])?.values ?? { genesisForkVersion: '20000089' }
      expect(signed(message)).to.equal(rootOf(bytes(depositMessageRoot), 3, network.genesisForkVersion, ZERO))
    }
  })
})

describe('networks', () => {
  it('have the values from which follow the fork digests that their nodes announce', () => {
    // The signatures above prove mainnet's values. The others' digests are from eth-clients/sepolia, README.md, and from the `eth2`
    // entries of the ENRs in eth-clients/hoodi, bootstrap_nodes.yaml: 5df5c106 at genesis, d2f1997f under Deneb (50000910).
    const digest = (version: string, name: string): string =>
      hex(ForkData.hashTreeRoot({ current_version: bytes(version), genesis_validators_root: bytes(networks[name]!.genesisValidatorsRoot) })).slice(0, 8)
    expect(digest(networks['sepolia']!.genesisForkVersion, 'sepolia')).to.equal('a8fee8ee')
    expect(digest(networks['hoodi']!.genesisForkVersion, 'hoodi')).to.equal('5df5c106')
    expect(digest('50000910', 'hoodi')).to.equal('d2f1997f')
  })
})

describe('the bytes that are signed of other kinds', () => {
  const prefix = (kind: string): Buffer => Buffer.concat([Buffer.from(`keyrite/2/message/${kind}\n`, 'utf8'), Buffer.alloc(32, 0xc5)])
  const of = (message: Signable, ceremony = SOME): Buffer => Buffer.from(signedBytesOf(checkMessage(message), ceremony))

  it('stand behind a prefix of their kind and the ceremony’s id, so that none can be a root in disguise', () => {
    expect(of({ kind: 'text', text: 'grüß\ndich' })).to.deep.equal(Buffer.concat([prefix('text'), Buffer.from('grüß\ndich', 'utf8')]))
    expect(of({ kind: 'bytes', hex: '0x00ff' })).to.deep.equal(Buffer.concat([prefix('bytes'), Buffer.of(0, 255)]))
    const sha256 = 'ab'.repeat(32)
    expect(of({ kind: 'file', name: 'a', size: 1, sha256 })).to.deep.equal(Buffer.concat([prefix('file'), Buffer.from(sha256, 'hex')]))
    expect(of({ kind: 'bytes', hex: sha256 })).to.not.deep.equal(Buffer.from(sha256, 'hex'))
  })

  it('are others in another ceremony, but for a root', () => {
    const text: Signable = { kind: 'text', text: 'a' }
    expect(of(text, '00'.repeat(32))).to.not.deep.equal(of(text))
    expect(() => of(text, 'c5'.repeat(31))).to.throw()
    const raw: Signable = { kind: 'raw', root: 'ab'.repeat(32) }
    expect(of(raw, '00'.repeat(32))).to.deep.equal(of(raw))
  })

  it('differ between kinds with the same content', () => {
    const content = 'ab'.repeat(32)
    const all = [{ kind: 'bytes', hex: content }, { kind: 'file', name: 'a', size: 1, sha256: content }, { kind: 'raw', root: content }].map((one) => of(one).toString('hex'))
    expect(new Set(all)).to.have.property('size', 3)
    expect(all[2]).to.equal(content)
  })
})
