import { Args, Flags } from '@oclif/core'
import { KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { airgapOf, cardOf, keepScript } from '../../roles/client-home.ts'
import { postSigned, unlockedClient } from '../../roles/client-session.ts'
import { openCommand } from '../../roles/opening.ts'
import { readScript } from '../../scripts.ts'
import { tokenInFile } from '../../secret-file.ts'

export class ClientReady extends KeyriteCommand {
  static override summary = 'Say on the board that you are ready for a ceremony.'
  static override description = prose`Posts your identity card and the script’s hash. Whoever opens the ceremony makes its roster of those who are
ready for exactly this script file. Your first message also registers your name on the board, with its join token.`
  static override examples = ['<%= config.bin %> <%= command.id %> dkg', '<%= config.bin %> <%= command.id %> ./our-ceremony.yaml']
  static override args = { script: Args.string({ required: true, description: 'A ceremony that ships with keyrite (dkg, beacon, sign), or a file.' }) }
  static override flags = {
    ...passphraseFlags,
    'join-token-file': Flags.string({ helpValue: 'FILE', summary: 'A file whose first line is the board’s join token, where the client was made with none, or a wrong one.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientReady)
    const script = await readScript(args.script)
    const token = flags['join-token-file']
    const joinToken = token === undefined ? {} : { joinToken: await tokenInFile(token) }
    const session = await unlockedClient({ file: flags['passphrase-file'], signal: this.signal, say: (line) => this.say(line), ...joinToken })
    try {
      const card = cardOf(session.identity)
      const { cardSignature } = airgapOf(session.identity)
      await keepScript(session.home, script)
      const { name } = script.ceremony
      const pin = await postSigned(session, 'Ready', { card, cardSignature, script: { name, hash: script.hash } })
      this.log(`${card.name} is ready for ${name} ${script.ceremony.version}, SHA-256 ${script.hash}.`)
      const isShipped = !/[./\\\\]/.test(args.script)
      this.next(
        ...(isShipped ? [] : [`On each airgap, which runs no script that it does not have: keyrite airgap script add ${args.script}`]),
        `When all are ready, one of you opens it for all of you: ${openCommand(session.feed.all, script, args.script)}`,
        'Everyone: keyrite client run, and keyrite airgap run on the airgap.',
      )
      return { card, script: { name, hash: script.hash }, offset: pin.offset }
    } finally {
      await session.close()
    }
  }
}
