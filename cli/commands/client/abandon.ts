import { Args } from '@oclif/core'
import { passphraseFlags, prose } from '../../base.ts'
import { askAirgap } from '../../roles/channel.ts'
import { ChannelCommand, channelFlags } from '../../roles/channel-command.ts'
import { abandonOn, refuseAbandon } from '../../roles/client-run.ts'
import { chosen, Ledgers, openedWith, unlockedClient } from '../../roles/client-session.ts'

export class ClientAbandon extends ChannelCommand {
  static override summary = 'Give up a ceremony in doubt, for everyone and for good.'
  static override description = prose`A ceremony is in doubt when your part of its success is stated and somebody else’s never came: it may still succeed,
whatever was aborted. After its last deadline you may end that: your airgap asks you, states that it will never finish the ceremony,
and forgets it. Then nobody can ever use what it would have made, everybody knows, and a new one can be opened. Nothing undoes it.`
  static override examples = ['<%= config.bin %> <%= command.id %> 7c19']
  static override args = { ceremony: Args.string({ required: true, description: 'The first digits of its id.' }) }
  static override flags = { ...passphraseFlags, ...channelFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientAbandon)
    const { signal } = this
    return await this.onChannel({
      role: 'client', flags,
      open: (say) => unlockedClient({ file: flags['passphrase-file'], signal, say }),
      owner: ({ identity }) => identity.name,
      work: async (session, channel) => {
        const opened = chosen(openedWith(session.feed, session.identity.name), args.ceremony)
        const ledger = await new Ledgers(session.home, session.feed, session.signal).of(opened)
        await refuseAbandon(session, ledger)
        channel.page?.tell({ doing: 'Showing the request: let your airgap’s camera see this code, and this camera your airgap’s screen. Confirm it there.' })
        channel.screen.log('Showing the request to the airgap. Run `keyrite airgap run` there, and confirm.')
        await askAirgap(channel, (line) => channel.screen.log(line), (exchange) => abandonOn(session, ledger, exchange, signal))
        return {
          lines: [`Given up for good: ${ledger.id}.`],
          next: [`One of you opens it anew: keyrite client open --again ${ledger.id.slice(0, 12)}`],
          json: { abandoned: true, ceremony: ledger.id },
        }
      },
    })
  }
}
