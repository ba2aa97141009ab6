/**
 * The values of Ethereum's networks to which signatures are bound. Each was compared with the network's own
 * configuration (config.yaml of ethereum/consensus-specs, eth-clients/hoodi, eth-clients/sepolia, and the genesis
 * validators root in those repositories' README.md) and with a second source (ethstaker-deposit-cli, settings.py). The
 * tests compare them with signatures and fork digests from these networks.
 */
import type { Json } from '../base/canonical.ts'
import { objectSchema } from '../wire/schema.ts'
import { bare, hexField } from './fields.ts'
import type { Field, Line, Signable } from './kind.ts'

/** The values of one network, in small hex without 0x: 4, 4 and 32 bytes. */
export interface Network {
  readonly genesisForkVersion: string
  readonly capellaForkVersion: string
  readonly genesisValidatorsRoot: string
}

export const networks: Readonly<Record<string, Network>> = {
  mainnet: {
    genesisForkVersion: '00000000',
    capellaForkVersion: '03000000',
    genesisValidatorsRoot: '4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95',
  },
  hoodi: {
    genesisForkVersion: '10000910',
    capellaForkVersion: '40000910',
    // The root of the network that started on 17 March 2025; files of its repository from the days before have other roots.
    genesisValidatorsRoot: '212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f',
  },
  sepolia: {
    genesisForkVersion: '90000069',
    capellaForkVersion: '90000072',
    genesisValidatorsRoot: 'd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078',
  },
}

const labels = {
  genesisForkVersion: 'Genesis fork version',
  capellaForkVersion: 'Capella fork version',
  genesisValidatorsRoot: 'Genesis validators root',
} as const

/** The name of a network's value to which a signature is bound. */
export type Bound = keyof typeof labels

const ALL: readonly Bound[] = ['genesisForkVersion', 'capellaForkVersion', 'genesisValidatorsRoot']

export const networkField: Field = {
  label: 'Network',
  wants: `${Object.keys(networks).join(', ')}, or an object of genesisForkVersion, capellaForkVersion (4 bytes of hex each) and genesisValidatorsRoot (32 bytes)`,
  schema: {
    anyOf: [
      { type: 'string', enum: Object.keys(networks) },
      objectSchema({
        genesisForkVersion: hexField('', 4).schema,
        capellaForkVersion: hexField('', 4).schema,
        genesisValidatorsRoot: hexField('', 32).schema,
      }),
    ],
  },
  same: (value) => (typeof value === 'string' ? value : { ...written(value) }),
}

/** The network of a checked message. */
export function networkOf(message: Signable): Network {
  const value = message['network'] ?? null
  return (typeof value === 'string' && Object.hasOwn(networks, value) ? networks[value] : undefined) ?? written(value)
}

/**
 * The lines that the owner sees of a message's network. A network that is given by its values is shown with all of them. If
 * the message's signature counts on a known network, a warning names that one.
 *
 * @param bound the values that go into the signing root of this message
 */
export function networkLines(message: Signable, bound: readonly Bound[]): readonly Line[] {
  const network = networkOf(message)
  const line = (name: Bound, note = ''): Line => ({ label: labels[name], value: `0x${network[name]}${note}` })
  const values = bound.map((name) => line(name))
  if (typeof message['network'] === 'string') return [{ label: 'Network', value: message['network'] }, ...values]
  const unbound = ALL.filter((name) => !bound.includes(name)).map((name) => line(name, ' (not part of what is signed)'))
  const real = Object.keys(networks).filter((name) => bound.every((value) => networks[name]?.[value] === network[value]))
  const warnings: readonly Line[] = real.map((name) => ({ label: 'Warning', value: `These are the values of ${name}: the signature counts there.`, warning: true }))
  return [{ label: 'Network', value: 'another one, given by its values' }, ...values, ...unbound, ...warnings]
}

function written(value: Json): Network {
  const of = (name: Bound): string =>
    bare(typeof value === 'object' && value !== null && !Array.isArray(value) ? ((value as Readonly<Record<string, Json>>)[name] ?? '') : '')
  return { genesisForkVersion: of('genesisForkVersion'), capellaForkVersion: of('capellaForkVersion'), genesisValidatorsRoot: of('genesisValidatorsRoot') }
}
