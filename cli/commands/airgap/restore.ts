import { Args } from '@oclif/core'
import { clockTime } from '../../../engine/base/time.ts'
import { KeyriteCommand, newPassphraseFlags, passphraseFlags, prose, workFactorFlag } from '../../base.ts'
import { withProgress } from '../../output.ts'
import { askPassphrase } from '../../prompt.ts'
import { contentsLines, contentsOf, createAirgapHome, otherPassphrase, readBackup, refuseAnotherAirgap, refuseNoBackup } from '../../roles/airgap-home.ts'

export class AirgapRestore extends KeyriteCommand {
  static override summary = 'Make this machine an airgap from a backup.'
  static override description = prose`Takes what \`keyrite airgap backup\` wrote. There must be no airgap here yet, and the one that the backup is of must
never run again: two of them could state different things in one ceremony, and its owner would be blamed.

Its card is another one than before, so it takes no step of a ceremony that was under way, and joins only those whose roster has
the new card: pair it again, and say anew that you are ready. The share of one that
succeeded after the backup was made comes back with \`keyrite airgap recover\`. (From the 24 words alone: \`keyrite
airgap init --restore\`.)`
  static override examples = ['<%= config.bin %> <%= command.id %> /media/stick/airgap.backup']
  static override args = { file: Args.string({ required: true, description: 'The backup.' }) }
  static override flags = { ...passphraseFlags, ...newPassphraseFlags('the new vault'), ...workFactorFlag }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AirgapRestore)
    await refuseNoBackup(args.file)
    await refuseAnotherAirgap()
    const passphrase = await askPassphrase({ of: 'the backup', file: flags['passphrase-file'], signal: this.signal })
    const { madeAt, memory } = await readBackup(args.file, passphrase)
    const under = await otherPassphrase('the new vault', passphrase, flags, this.signal)
    const home = await withProgress('Encrypting', () => createAirgapHome(memory, under, flags['work-factor']))
    const contents = contentsOf(memory)
    this.log(`The airgap is ready in ${home}, as it was at ${clockTime(Date.parse(madeAt))}.\nIts key is ${contents.airgapKey}.\n`)
    for (const line of contentsLines(contents)) this.log(line)
    this.next(
      'Never run the airgap again that this backup is of.',
      'keyrite airgap card here, and keyrite client pair there: this airgap’s card is a new one',
      'For each key that was made after the backup: keyrite airgap recover TRANSCRIPT',
    )
    return { home, madeAt, ...contents }
  }
}
