import { Flags } from '@oclif/core'
import { passphraseFlags, prose } from '../../base.ts'
import { ChannelCommand, channelFlags } from '../../roles/channel-command.ts'
import { runCeremony } from '../../roles/client-run.ts'
import { unlockedClient } from '../../roles/client-session.ts'

export class ClientRun extends ChannelCommand {
  static override summary = 'Take part in a ceremony: all that this machine has to do.'
  static override description = prose`Follows the board, brings each step's request to the airgap, signs and posts its answers, checks everyone
else's, and shows who is awaited. Waits for an opening if there is none yet. It can be stopped or killed at any moment:
started again, it goes on where it was, and asks for no scan twice.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --channel folder:/media/stick --ceremony 7c19',
  ]
  static override flags = {
    ...passphraseFlags,
    ...channelFlags,
    ceremony: Flags.string({ helpValue: 'ID', summary: 'Which ceremony, by the first digits of its id, where several are open.' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ClientRun)
    const { signal } = this
    return await this.onChannel({
      role: 'client', flags,
      open: (say) => unlockedClient({ file: flags['passphrase-file'], signal, say, isPatient: true }),
      owner: ({ identity }) => identity.name,
      work: (session, channel) => runCeremony({ session, channel, signal, wanted: flags.ceremony }),
    })
  }
}
