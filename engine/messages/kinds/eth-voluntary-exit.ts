import { containerRoot, DOMAIN, signingRoot, validatorField } from '../ethereum.ts'
import { integerField, integerOf } from '../fields.ts'
import type { MessageKind } from '../kind.ts'
import { networkField, networkLines, networkOf } from '../networks.ts'

/** A voluntary exit (consensus-specs, deneb, `process_voluntary_exit`, EIP-7044). It always has Capella's fork version, so it stays good. */
export const ethVoluntaryExit: MessageKind = {
  name: 'eth/voluntary-exit',
  doc: 'Ends a validator’s service. There is no way back.',
  fields: {
    network: networkField,
    epoch: integerField('Epoch', 0, Number.MAX_SAFE_INTEGER),
    validatorIndex: validatorField,
  },
  series: 'validatorIndex',
  display: (message) => [
    { label: 'Action', value: 'end the service of a validator, for ever' },
    ...networkLines(message, ['capellaForkVersion', 'genesisValidatorsRoot']),
    { label: 'Epoch', value: `${integerOf(message, 'epoch')} (not before)` },
    { label: 'Validator index', value: String(integerOf(message, 'validatorIndex')) },
  ],
  signs: {
    root: (message) => {
      const { capellaForkVersion, genesisValidatorsRoot } = networkOf(message)
      // VoluntaryExit: epoch, validator_index
      const root = containerRoot(BigInt(integerOf(message, 'epoch')), BigInt(integerOf(message, 'validatorIndex')))
      return signingRoot(root, DOMAIN.voluntaryExit, capellaForkVersion, genesisValidatorsRoot)
    },
  },
  example: { kind: 'eth/voluntary-exit', network: 'mainnet', epoch: 305658, validatorIndex: 100 },
}
