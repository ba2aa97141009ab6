import { KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { unlockedAirgap } from '../../roles/airgap-home.ts'
import { keyLines, keysIn } from '../../roles/airgap-keys.ts'
import { widthOf } from '../../screen/blocks.ts'

export class AirgapKeys extends KeyriteCommand {
  static override summary = 'List the keys that this airgap has a share of.'
  static override description = prose`For each key: the group key, the ceremony that made it and its number, threshold and members, whether it is a
rehearsal's, what this airgap has signed with it, and the withdrawal credentials that belong to it on Ethereum. Nothing
of it is secret.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --json']
  static override flags = { ...passphraseFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AirgapKeys)
    const airgap = await unlockedAirgap({ file: flags['passphrase-file'], signal: this.signal })
    try {
      const keys = keysIn(airgap)
      const me = airgap.memory.read().client?.name
      for (const [i, key] of keys.entries()) this.log([...(i === 0 ? [] : ['']), ...keyLines(key, me, widthOf(process.stdout.columns))].join('\n'))
      if (keys.length === 0) this.log('This airgap has no share of any key yet.')
      this.next(...(keys.length === 0 ? ['keyrite airgap run, when a key generation is opened'] : ['keyrite airgap run, when something is to be signed']))
      return { keys }
    } finally {
      await airgap.close()
    }
  }
}
