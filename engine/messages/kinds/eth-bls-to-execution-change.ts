import { containerRoot, DOMAIN, nobodyLines, signingRoot, validatorField } from '../ethereum.ts'
import { addressField, bare, bytesOf, checkedAddress, integerOf, publicKeyField, textOf } from '../fields.ts'
import type { MessageKind } from '../kind.ts'
import { networkField, networkLines, networkOf } from '../networks.ts'

/**
 * A change of withdrawal credentials (consensus-specs, capella, `process_bls_to_execution_change`). The domain has the
 * genesis fork version, so that the signature stays good across forks.
 */
export const ethBlsToExecutionChange: MessageKind = {
  name: 'eth/bls-to-execution-change',
  doc: 'Turns a validator’s withdrawal credentials from a BLS key to an address of the execution layer, for ever.',
  fields: {
    network: networkField,
    validatorIndex: validatorField,
    fromBlsPubkey: publicKeyField('From BLS public key'),
    toExecutionAddress: addressField('To execution address'),
  },
  series: 'validatorIndex',
  display: (message) => [
    { label: 'Action', value: 'send the withdrawals of a validator to an address, for ever' },
    ...networkLines(message, ['genesisForkVersion', 'genesisValidatorsRoot']),
    { label: 'Validator index', value: String(integerOf(message, 'validatorIndex')) },
    { label: 'From BLS public key', value: `0x${bare(textOf(message, 'fromBlsPubkey'))}` },
    { label: 'To execution address', value: checkedAddress(bare(textOf(message, 'toExecutionAddress'))) },
    ...nobodyLines(bare(textOf(message, 'toExecutionAddress'))),
  ],
  signs: {
    root: (message) => {
      const { genesisForkVersion, genesisValidatorsRoot } = networkOf(message)
      // BLSToExecutionChange: validator_index, from_bls_pubkey, to_execution_address
      const root = containerRoot(
        BigInt(integerOf(message, 'validatorIndex')), bytesOf(message, 'fromBlsPubkey'), bytesOf(message, 'toExecutionAddress'),
      )
      return signingRoot(root, DOMAIN.blsToExecutionChange, genesisForkVersion, genesisValidatorsRoot)
    },
  },
  signer: (message) => bare(textOf(message, 'fromBlsPubkey')),
  example: {
    kind: 'eth/bls-to-execution-change',
    network: 'mainnet',
    validatorIndex: 96193,
    fromBlsPubkey: '0xb67aca71f04b673037b54009b760f1961f3836e5714141c892afdb75ec0834dce6784d9c72ed8ad7db328cff8fe9f13e',
    toExecutionAddress: '0xB9D7934878B5FB9610B3fE8A5e441e8fad7E293f',
  },
}
