import { ByteVectorType, ContainerType, UintBigintType } from '@chainsafe/ssz'
import { expect } from 'chai'
import { ETH2_TYPES } from 'micro-eth-signer/ssz.js'
import { containerRoot } from '../../messages/ethereum.ts'
import { seededRandom } from '../crypto/random.ts'

const random = seededRandom('ssz')
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('hash tree roots', () => {
  it('of containers are those of another library, for every number and length of fields', () => {
    for (let count = 1; count <= 9; count++) {
      const lengths = Array.from({ length: count }, (_, i) => [0, 4, 20, 32, 48, 96, 33][i % 7] ?? 0)
      const type = new ContainerType(Object.fromEntries(lengths.map((length, i) => [`f${i}`, length === 0 ? new UintBigintType(8) : new ByteVectorType(length)])) as Record<string, ByteVectorType>)
      for (let run = 0; run < 5; run++) {
        const fields = lengths.map((length) => (length === 0 ? BigInt(`0x${hex(random(8))}`) : random(length)))
        const value = Object.fromEntries(fields.map((field, i) => [`f${i}`, field])) as Record<string, Uint8Array>
        expect(hex(containerRoot(...fields))).to.equal(hex(type.hashTreeRoot(value)))
      }
    }
  })

  it('of Ethereum’s containers are those of a third one', () => {
    for (let run = 0; run < 5; run++) {
      const [index, key, address, root, version] = [BigInt(`0x${hex(random(8))}`), random(48), random(20), random(32), random(4)] as const
      const types = ETH2_TYPES
      const pairs: [Uint8Array, Uint8Array][] = [
        [containerRoot(index, key, address), types.BLSToExecutionChange.merkleRoot({ validator_index: index, from_bls_pubkey: key, to_execution_address: address })],
        [containerRoot(key, root, index), types.DepositMessage.merkleRoot({ pubkey: key, withdrawal_credentials: root, amount: index })],
        [containerRoot(index, 7n), types.VoluntaryExit.merkleRoot({ epoch: index, validator_index: 7n })],
        [containerRoot(version, root), types.ForkData.merkleRoot({ current_version: version, genesis_validators_root: root })],
        [containerRoot(root, random(32).fill(3)), types.SigningData.merkleRoot({ object_root: root, domain: new Uint8Array(32).fill(3) })],
      ]
      for (const [ours, theirs] of pairs) expect(hex(ours)).to.equal(hex(theirs))
    }
  })
})
