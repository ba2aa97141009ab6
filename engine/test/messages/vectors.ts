/** Signatures that others made of these very messages. Each verifies only with the right signing root. */
import type { Signable } from '../../messages/kind.ts'

export interface Signed {
  readonly by: string
  readonly message: Signable
  /** 48 bytes, hex. */
  readonly publicKey: string
  /** 96 bytes, hex. */
  readonly signature: string
}

/** A signed deposit as a deposit tool wrote it, with the tool's own `deposit_message_root`. */
export interface SignedDeposit extends Signed {
  readonly depositMessageRoot: string
}

const deposit = (by: string, network: Signable['network'], publicKey: string, withdrawalCredentials: string, signature: string, depositMessageRoot: string): SignedDeposit => ({
  by, publicKey, signature, depositMessageRoot,
  message: { kind: 'eth/deposit', network, pubkey: publicKey, withdrawalCredentials, amount: 32_000_000_000 },
})

export const deposits: readonly SignedDeposit[] = [
  deposit(
    'a mainnet deposit made by eth2.0-deposit-cli 1.2.0', 'mainnet',
    'b56720cc59e4fa235e5569dbbf1b90a746d5da9809fae4a10e31724aeb1962d948ae95f5aead9dbb7aa2c94972e5ce34',
    '0100000000000000000000003d80b31a78c30fc628f20b2c89d7ddbf6e53cedc',
    '84739bf51b0995def38d6e744d063da983034903fc5a7e80c7cbcb05898057a047956b380be42bd128f0dce2ef98e08902a16d7152fc431809f2ced350e6535328b9a303348bed0dfb40d093046fafcd2dc9a68018bfd7496ec5d29d4fb9fa7d',
    '9f558b40930a2cc295c844d7d34781de63c52adc089020d943f8e113306377c8',
  ),
  deposit(
    'a mainnet deposit of eth-staking-smith’s tests', 'mainnet',
    '8844cebb34d10e0e57f3c29ada375dafe14762ab85b2e408c3d6d55ce6d03317660bca9f2c2d17d8fbe14a2529ada1ea',
    '0045b91b2f60b88e7392d49ae1364b55e713d06f30e563f9f99e10994b26221d',
    '96ebebf92967a2b187e031062f5cb5128a2bfc42559bd9dfdd1e481a056b3ef2cfddf1a0381530286013e3893e097b02129113e62a94bedd250253eb766f010824d0be7616f51b9f7609972695231bcda1cabf7a6a2d60a07e14237f2b6096ab',
    'bfd9d2c616eb570ad3fd4d4caf169b88f80490d8923537474bf1f6c5cec5e56d',
  ),
  deposit(
    'a deposit by staking-deposit-cli 2.7.0 on a network of its own',
    { genesisForkVersion: '0x20000089', capellaForkVersion: '0x20000092', genesisValidatorsRoot: `0x${'00'.repeat(32)}` },
    '98db81971df910a5d46314d21320f897060d76fdf137d22f0eb91a8693a4767d2a22730a3aaa955f07d13ad604f968e9',
    '010000000000000000000000468c15d616b52fcef0b932bf89d42157984be2a5',
    'a20d736d6807720cb2a2f48526eb3df83162b387b806bdf7d0d08bb31d3d4e4daaf4a11120dc194b188035e9e5c9bdbf00c3be3ca68adec9c4fb2fb59d936337b750ae08a9e7add56fb82526792876066456010a64c5629b7f1f564f9923ff8e',
    '2304faca7c177b307c224757df6e8a955026c613c86045ea569ba5547f8d104c',
  ),
]

export const changes: readonly Signed[] = [
  {
    by: 'the owner of validator 96193, in mainnet’s pool of BLS-to-execution changes',
    message: {
      kind: 'eth/bls-to-execution-change', network: 'mainnet', validatorIndex: 96193,
      fromBlsPubkey: '0xb67aca71f04b673037b54009b760f1961f3836e5714141c892afdb75ec0834dce6784d9c72ed8ad7db328cff8fe9f13e',
      toExecutionAddress: '0xb9d7934878b5fb9610b3fe8a5e441e8fad7e293f',
    },
    publicKey: 'b67aca71f04b673037b54009b760f1961f3836e5714141c892afdb75ec0834dce6784d9c72ed8ad7db328cff8fe9f13e',
    signature: '988251748925e7a2966f28230c250e8c37495346d551e86fd89ea53148302b1145eb069647572801a689c9c1c5b8f2071019e652e01d92055d9aa99aa86696eb453889de38733caf2d5dce7a2786fed910365dcb7df082a62b130436fb9a1035',
  },
]

const exit = (validatorIndex: number, publicKey: string, signature: string): Signed => ({
  by: `ethdo, for mainnet’s validator ${validatorIndex} after Capella (in eth-staking-smith’s tests)`,
  message: { kind: 'eth/voluntary-exit', network: 'mainnet', epoch: 305658, validatorIndex },
  publicKey, signature,
})

export const exits: readonly Signed[] = [
  exit(
    100, '8844cebb34d10e0e57f3c29ada375dafe14762ab85b2e408c3d6d55ce6d03317660bca9f2c2d17d8fbe14a2529ada1ea',
    'a74f22d26da9934c2a9c783799fb9e7bef49b3d7c3759a0683b52ee5d71516c0ecdbcc47703f11959c5e701a6c47194410bed800217bd4dd0dab1e0587b14551771accd04ff1c78302f9605f44c3894976c5b3537b70cb7ac9dcb5398dc22079',
  ),
  exit(
    200, 'a15cc019cf4ce59f587d24bd58ae6011c8b638770c3c133cc9f081e161e7db01c92611f1a566b00208dd1e709f6ec716',
    '8db88aabdd8f03cebba47cf3df7dd5e06ab9a49f57fc209a00cb73c5ecdea192b6ab0c5965ad8e7b6b63b9d397be3df40ea84150f2ed13ca9e0ba382c24f583ca921ff0364f18e51444838992d628623598c7c12122ff46da795c000ae15dd65',
  ),
]
