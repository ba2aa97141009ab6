import { randomBytes } from 'node:crypto'
import { Flags } from '@oclif/core'
import { toHex } from '../../../engine/base/bytes.ts'
import { isName } from '../../../engine/base/names.ts'
import { ed25519FromSeed } from '../../../engine/crypto/ed25519.ts'
import { connectBoard } from '../../../storage/client.ts'
import { KeyriteCommand, passphraseFlags, prose, workFactorFlag } from '../../base.ts'
import { cliError } from '../../errors.ts'
import { withProgress } from '../../output.ts'
import { askPassphrase } from '../../prompt.ts'
import { createClient, refuseAnotherClient } from '../../roles/client-home.ts'
import { tokenInFile } from '../../secret-file.ts'

export class ClientInit extends KeyriteCommand {
  static override summary = 'Make this machine a participant’s client.'
  static override description = prose`The client is the online machine: it signs messages with a key of its own and reads and writes a board
on a storage. It never holds a secret of a threshold key; those live on the airgap.

Its signing key is made here and kept in an age file under your passphrase. The board's join token, which the storage's
host gives to each participant, lets you post your first message.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --name alice --board https://keys.example.org/boards/main --join-token-file token.txt',
  ]
  static override flags = {
    ...passphraseFlags,
    ...workFactorFlag,
    name: Flags.string({ required: true, summary: 'Your name in ceremonies: a-z, 0-9 and -, at most 32 characters.', helpValue: 'NAME' }),
    board: Flags.string({ required: true, summary: 'The board’s address, http(s)://HOST/boards/NAME.', helpValue: 'URL' }),
    'join-token-file': Flags.string({ summary: 'A file whose first line is the board’s join token.', helpValue: 'FILE' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ClientInit)
    if (!isName(flags.name)) throw cliError('name', { value: flags.name })
    connectBoard({ url: flags.board })
    await refuseAnotherClient()
    const joinToken = flags['join-token-file'] === undefined ? null : await tokenInFile(flags['join-token-file'])
    const passphrase = await askPassphrase({ of: 'the new client', file: flags['passphrase-file'], isNew: true, signal: this.signal })
    const seed = randomBytes(32)
    const signingKey = toHex(ed25519FromSeed(seed).publicKey)
    const identity = { version: 2 as const, name: flags.name, board: flags.board, signingKey, airgap: null }
    const home = await withProgress('Encrypting', () =>
      createClient(identity, { version: 1, signingSeed: toHex(seed), joinToken }, passphrase, flags['work-factor']))
    this.log(`The client of ${flags.name} is ready in ${home}.`)
    this.log(`Its signing key is ${signingKey}.`)
    this.next('On the airgap: keyrite airgap init', 'Then, face to face: keyrite client pair here, and keyrite airgap card there.')
    return { home, ...identity }
  }
}
