import { Flags } from '@oclif/core'
import { passphraseFlags, prose } from '../../base.ts'
import { cliError } from '../../errors.ts'
import { ownerOf, unlockedAirgap } from '../../roles/airgap-home.ts'
import { takePart } from '../../roles/airgap-serve.ts'
import { ChannelCommand, channelFlags } from '../../roles/channel-command.ts'

export class AirgapRun extends ChannelCommand {
  static override summary = 'Take part in ceremonies: answer the client, and ask you.'
  static override description = prose`Reads requests from the client, checks every signature in them itself, and answers. Before the first step of a
ceremony it shows you the number, the script, the parameters and the roster, and asks for your consent. It asks no
more than that, unless the script says so. Leave it running until the client says that the ceremony is complete.

To sign, it shows what is to be signed in words: the purpose that the opener claims, the key, and all messages, by
groups that differ in the validator index alone, the smallest first, with what most have otherwise marked. More than
twenty groups come page by page, and you confirm each. Of more than ten messages you can list, show and find single
ones. What it cannot read it refuses.

A no is asked twice, and may have a reason behind it, which all the others read.

--accept is consent given beforehand to the ceremony with that number, for drills and tests. It does not do for raw
messages (--allow-blind).`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --channel folder:/media/stick --accept "12345 67890 …"',
  ]
  static override flags = {
    ...passphraseFlags,
    ...channelFlags,
    accept: Flags.string({ helpValue: 'NUMBER', summary: 'Consent beforehand to the ceremony with this number (forty digits; spaces do not matter).' }),
    'allow-blind': Flags.boolean({ default: false, summary: 'Let raw messages come to this screen, of which nobody can see what they are. Each time, you type a sentence to sign them.' }),
    'until-finished': Flags.boolean({ default: false, summary: 'End after the last step of a ceremony was answered.' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AirgapRun)
    const { signal } = this
    if (flags.accept !== undefined && !/^(\s*\d){40}\s*$/.test(flags.accept)) throw cliError('number-form', { value: flags.accept })
    return await this.onChannel({
      role: 'airgap', flags,
      open: () => unlockedAirgap({ file: flags['passphrase-file'], signal }),
      owner: ownerOf,
      work: async (airgap, channel) => {
        const { ceremony, frames } = await takePart({
          airgap, channel, signal, accept: flags.accept, allowBlind: flags['allow-blind'], endsItself: flags['until-finished'],
        })
        return ceremony === undefined
          ? { lines: ['The ceremony was aborted.'], next: ['Its client says why. When it is opened again: keyrite airgap run'], isGood: false, json: { ceremony: null, frames } }
          : {
              lines: [`Ceremony ${ceremony.slice(0, 12)}: every step was answered.`],
              next: ['Wait until the client says that the ceremony is complete before you use what it made.'],
              json: { ceremony, frames },
            }
      },
    })
  }
}
