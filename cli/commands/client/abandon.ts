import { Args } from '@oclif/core'
import { channelFlags, KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { live } from '../../output.ts'
import { exchanger, openChannel, pickChannel, showOn, withoutOldRefusals } from '../../roles/channel.ts'
import { abandonOn, refuseAbandon } from '../../roles/client-run.ts'
import { chosen, Ledgers, openedWith, unlockedClient } from '../../roles/client-session.ts'
import { failedEnd, pageEnd } from '../../web/page.ts'

export class ClientAbandon extends KeyriteCommand {
  static override summary = 'Give up a ceremony in doubt, for everyone and for good.'
  static override description = prose`A ceremony is in doubt when your part of its success is stated and somebody else’s never came: it may still succeed,
whatever was aborted. After its last deadline you may end that: your airgap asks you, states that it will never finish the ceremony,
and forgets it. Then nobody can ever use what it would have made, everybody knows, and a new one can be opened. Nothing undoes it.`
  static override examples = ['<%= config.bin %> <%= command.id %> 7c19']
  static override args = { ceremony: Args.string({ required: true, description: 'The first digits of its id.' }) }
  static override flags = { ...passphraseFlags, ...channelFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientAbandon)
    const channel = await pickChannel(flags.channel)
    const terminal = live(process.stderr)
    const session = await unlockedClient({ file: flags['passphrase-file'], signal: this.signal, say: (line) => terminal.log(line) })
    const { screen, page } = await showOn(terminal, channel, { role: 'client', owner: session.identity.name, command: this.commandLine })
    try {
      const ledger = await new Ledgers(session.home, session.feed, session.signal).of(chosen(openedWith(session.feed, session.identity.name), args.ceremony))
      await refuseAbandon(session, ledger)
      const carrier = await openChannel({ role: 'client', channel, fragment: flags.fragment, screen, page })
      try {
        page?.tell({ doing: 'Showing the request: let your airgap’s camera see this code, and this camera your airgap’s screen. Confirm it there.' })
        screen.log('Showing the request to the airgap. Run `keyrite airgap run` there, and confirm.')
        await abandonOn(session, ledger, exchanger(withoutOldRefusals(carrier, (line) => screen.log(line))), this.signal)
      } finally {
        await carrier.close()
      }
      const said = [`Given up for good: ${ledger.id}.`]
      const next = [`One of you opens it anew: keyrite client open --again ${ledger.id.slice(0, 12)}`]
      page?.tell({ end: pageEnd(said, next) })
      for (const line of said) this.log(line)
      this.next(...next)
      return { abandoned: true, ceremony: ledger.id }
    } catch (error) {
      page?.tell({ end: failedEnd(error, this.commandLine) })
      throw error
    } finally {
      await page?.close()
      await session.close()
      screen.end()
    }
  }
}
