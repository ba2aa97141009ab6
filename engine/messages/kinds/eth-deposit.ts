import { containerRoot, credentialsLines, DOMAIN, signingRoot, ZERO_ROOT } from '../ethereum.ts'
import { bare, bytesOf, hexField, integerField, integerOf, publicKeyField, textOf } from '../fields.ts'
import { amountText } from '../kind.ts'
import type { MessageKind } from '../kind.ts'
import { networkField, networkLines, networkOf } from '../networks.ts'

/** The least amount that the deposit contract takes, in gwei. */
const MIN_DEPOSIT = 1_000_000_000

/**
 * A deposit (consensus-specs, phase0, `is_valid_deposit_signature`). It is bound to the genesis fork version only, so that
 * a deposit is good before there is a genesis.
 */
export const ethDeposit: MessageKind = {
  name: 'eth/deposit',
  doc: 'Registers a validator with a deposit, and fixes where its stake will go. The amount is in gwei (1 ETH = 1000000000).',
  fields: {
    network: networkField,
    pubkey: publicKeyField('Validator public key'),
    withdrawalCredentials: hexField('Withdrawal credentials', 32),
    amount: integerField('Amount', MIN_DEPOSIT, Number.MAX_SAFE_INTEGER, 'gwei'),
  },
  display: (message) => [
    { label: 'Action', value: 'deposit for a validator' },
    ...networkLines(message, ['genesisForkVersion']),
    { label: 'Validator public key', value: `0x${bare(textOf(message, 'pubkey'))}` },
    ...credentialsLines(bare(textOf(message, 'withdrawalCredentials'))),
    { label: 'Amount', value: amountText(integerOf(message, 'amount')) },
  ],
  signs: {
    root: (message) => {
      // DepositMessage: pubkey, withdrawal_credentials, amount
      const root = containerRoot(bytesOf(message, 'pubkey'), bytesOf(message, 'withdrawalCredentials'), BigInt(integerOf(message, 'amount')))
      return signingRoot(root, DOMAIN.deposit, networkOf(message).genesisForkVersion, ZERO_ROOT)
    },
  },
  signer: (message) => bare(textOf(message, 'pubkey')),
  example: {
    kind: 'eth/deposit',
    network: 'mainnet',
    pubkey: '0xb56720cc59e4fa235e5569dbbf1b90a746d5da9809fae4a10e31724aeb1962d948ae95f5aead9dbb7aa2c94972e5ce34',
    withdrawalCredentials: '0x0100000000000000000000003d80b31a78c30fc628f20b2c89d7ddbf6e53cedc',
    amount: 32_000_000_000,
  },
}
