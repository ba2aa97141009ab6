import { Args, Flags } from '@oclif/core'
import { KeyriteCommand, passphraseFlags, prose } from '../../base.ts'

export class ClientOpen extends KeyriteCommand {
  static override summary = 'Open a ceremony: script, parameters, roster.'
  static override description = prose`Posts the opening that gives the ceremony its id and its number. Whoever opens it gets no power by that:
every owner sees number, script, parameters and roster on the airgap's own screen, and compares the number with the
others on a call before confirming.

The roster is everyone who is ready for exactly this script file, or those that --roster names.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg --set threshold=3',
    '<%= config.bin %> <%= command.id %> dkg --set threshold=2 --roster alice,bob,carol --rehearsal',
    '<%= config.bin %> <%= command.id %> --again 7c19',
  ]
  static override args = { script: Args.string({ description: 'A ceremony that ships with keyrite, or a file. Not with --again.' }) }
  static override flags = {
    ...passphraseFlags,
    set: Flags.string({ multiple: true, default: [], helpValue: 'NAME=VALUE', summary: 'A parameter of the script.' }),
    roster: Flags.string({ helpValue: 'NAMES|FILE', summary: 'Who takes part: names separated by commas, or a file with a name a line.' }),
    rehearsal: Flags.boolean({ default: false, summary: 'A rehearsal: its key is marked as one, and never signs for real.' }),
    again: Flags.string({ helpValue: 'CEREMONY', summary: 'Open an earlier ceremony anew: same script, parameters and participants, another id and number.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientOpen)
    const { postSigned, unlockedClient } = await import('../../roles/client-session.ts')
    const { chosen, openedWith } = await import('../../roles/board.ts')
    const { cardOf } = await import('../../roles/client-home.ts')
    const { clientScript, keepScript } = await import('../../roles/script-files.ts')
    const { makeOpening, rosterOf } = await import('../../roles/opening.ts')
    const { parseParameters } = await import('../../parameters.ts')
    const { readScript } = await import('../../scripts.ts')
    const { ceremonyId } = await import('../../../engine/wire/card.ts')
    const { ceremonyNumber } = await import('../../../engine/crypto/number.ts')
    const { runError } = await import('../../../engine/run/errors.ts')

    if ((args.script === undefined) === (flags.again === undefined)) this.error('Name a script, or an earlier ceremony with --again.', { exit: 2 })
    const session = await unlockedClient({ file: flags['passphrase-file'], signal: this.signal, say: (line) => this.say(line) })
    try {
      const own = cardOf(session.identity)
      const wish = async () => {
        if (args.script !== undefined) {
          const script = await readScript(args.script)
          const roster = await rosterOf(session.feed.all, script, flags.roster, own.name)
          const parameters = parseParameters(script.ceremony.parameters, flags.set, roster.map((card) => card.name))
          return { script, parameters, roster, rehearsal: flags.rehearsal }
        }
        const { opening } = chosen(openedWith(session.feed, own.name), flags.again)
        const script = await clientScript(session.home, opening.script.hash)
        if (script === undefined) throw runError('unknown-script', { script: opening.script.name, hash: opening.script.hash })
        return { script, parameters: opening.parameters, roster: opening.roster, rehearsal: opening.rehearsal }
      }
      const wished = await wish()
      const opening = makeOpening(wished, own, new Date())
      await keepScript(session.home, wished.script)
      await postSigned(session, 'Opening', opening)
      const id = ceremonyId(opening)
      const number = ceremonyNumber(id)
      const { name, title, version } = wished.script.ceremony
      this.log(`Opened ${name} ${version}: ${title}${opening.rehearsal ? '\nThis is a REHEARSAL.' : ''}`)
      this.log(`Participants: ${opening.roster.map((card) => card.name).join(', ')}`)
      for (const [key, value] of Object.entries(opening.parameters)) this.log(`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      this.log(`Ceremony id:     ${id}\nCeremony number: ${number}`)
      this.next('Read the number aloud to the others on a call; every airgap shows it.', 'Everyone: keyrite client run, and keyrite airgap run on the airgap.')
      return { ceremony: id, number, opening }
    } finally {
      await session.close()
    }
  }
}
