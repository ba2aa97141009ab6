import { resolve } from 'node:path'
import { Args } from '@oclif/core'
import { KeyriteCommand, newPassphraseFlags, passphraseFlags, prose, workFactorFlag } from '../../base.ts'
import { airgapPassphrase, contentsLines, otherPassphrase, refuseOverwriting, unlockAirgap, writeBackup } from '../../roles/airgap-home.ts'

export class AirgapBackup extends KeyriteCommand {
  static override summary = 'Write a backup of this airgap to a file.'
  static override description = prose`The file holds the seed, the card, all shares, and the scripts that were added: whoever has it and its passphrase
has your shares. It is encrypted under the passphrase of this airgap, or another one, and is never written over another file.

Sessions of ceremonies that are under way are left out. An airgap that was restored could otherwise answer a step a
second time, which others would take for fraud. Make a backup when a ceremony is complete.`
  static override examples = ['<%= config.bin %> <%= command.id %> /media/stick/airgap.backup', '<%= config.bin %> <%= command.id %> airgap.backup --new-passphrase']
  static override args = { file: Args.string({ required: true, description: 'The file to write. There must be none yet.' }) }
  static override flags = { ...passphraseFlags, ...newPassphraseFlags('the backup'), ...workFactorFlag }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AirgapBackup)
    const path = resolve(args.file)
    await refuseOverwriting(path)
    const passphrase = await airgapPassphrase({ file: flags['passphrase-file'], signal: this.signal })
    const airgap = await unlockAirgap(passphrase)
    try {
      const under = await otherPassphrase('the backup', passphrase, flags, this.signal)
      const contents = await writeBackup(path, airgap.memory.read(), under, flags['work-factor'])
      this.log(`The backup is in ${path}, under ${under === passphrase ? 'the passphrase of this airgap' : 'a passphrase of its own'}.\n`)
      for (const line of contentsLines(contents)) this.log(line)
      this.next(
        'Keep it as you would keep the key itself.',
        'If this airgap is lost, on a new one: keyrite airgap restore FILE',
        ...(contents.left.length === 0 ? [] : ['Make another backup when the client says that what is left out is complete, unless it was aborted.']),
      )
      return { path, ...contents }
    } finally {
      await airgap.close()
    }
  }
}
