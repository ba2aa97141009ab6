import { Flags } from '@oclif/core'
import { channelFlags, KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { live } from '../../output.ts'
import { pickChannel, showOn } from '../../roles/channel.ts'
import { runCeremony } from '../../roles/client-run.ts'
import { unlockedClient } from '../../roles/client-session.ts'
import { failedEnd, pageEnd } from '../../web/page.ts'

export class ClientRun extends KeyriteCommand {
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
    const channel = await pickChannel(flags.channel)
    const terminal = live(process.stderr)
    const session = await unlockedClient({ file: flags['passphrase-file'], signal: this.signal, say: (line) => terminal.log(line), isPatient: true })
    const { screen, page } = await showOn(terminal, channel, { role: 'client', owner: session.identity.name, command: this.commandLine })
    try {
      const result = await runCeremony({ session, screen, page, signal: this.signal, wanted: flags.ceremony, fragment: flags.fragment, channel })
      page?.tell({ end: pageEnd(result.lines, result.next, result.exit === 0) })
      for (const line of result.lines) this.log(line)
      this.next(...result.next)
      if (result.exit !== 0) process.exitCode = result.exit
      return result.json
    } catch (error) {
      page?.tell({ end: failedEnd(error, this.commandLine) })
      throw error
    } finally {
      await page?.close()
      await session.close()
    }
  }
}
