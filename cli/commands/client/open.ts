import { Args, Flags } from '@oclif/core'
import { ceremonyNumber } from '../../../engine/crypto/number.ts'
import { messagesHash } from '../../../engine/messages/batch.ts'
import { allMessagesIn } from '../../../engine/run/opening.ts'
import { ceremonyId } from '../../../engine/wire/card.ts'
import { KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { cardOf, keepScript } from '../../roles/client-home.ts'
import { chosen, Ledgers, openedWith, postSigned, unlockedClient } from '../../roles/client-session.ts'
import { makeOpening, messageWarnings, otherClients, readGiven, wishAgain, wishFor } from '../../roles/opening.ts'
import { claimLines } from '../../screen/ceremony.ts'

export class ClientOpen extends KeyriteCommand {
  static override summary = 'Open a ceremony: script, parameters, roster.'
  static override description = prose`Posts the opening that gives the ceremony its id and its number. Whoever opens it gets no power by that:
every owner sees number, script, parameters and roster on the airgap's own screen, and compares the number with the
others on a call before confirming.

The roster is everyone who is ready for exactly this script file, or those that --roster names.

A ceremony that follows another, as sign follows the dkg that made its key, names it by the first digits of its id
(\`keyrite client keys\` lists them), and takes place among its participants: all of them, or those that --roster names.
Nobody has to be ready for it. They take part with the cards that they had there; whoever has got another client since
then, on the same airgap, is named in --roster by the new name, and has run \`keyrite client ready\` once.

What is to be signed stands in a JSON file; look at it first with \`keyrite message show FILE\`.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg --set threshold=3',
    '<%= config.bin %> <%= command.id %> dkg --set threshold=2 --roster alice,bob,carol --rehearsal',
    '<%= config.bin %> <%= command.id %> sign --set key=7c19 --messages exits.json --purpose "We leave on 1 March"',
    '<%= config.bin %> <%= command.id %> --again 7c19',
  ]
  static override args = { script: Args.string({ description: 'A ceremony that ships with keyrite, or a file. Not with --again.' }) }
  static override flags = {
    ...passphraseFlags,
    set: Flags.string({ multiple: true, default: [], helpValue: 'NAME=VALUE', summary: 'A parameter of the script.' }),
    messages: Flags.string({ helpValue: 'FILE', summary: 'What is to be signed: a JSON file, a list of messages.' }),
    purpose: Flags.string({ helpValue: 'TEXT', summary: 'What it is for, in your words; every airgap shows it as your claim.' }),
    roster: Flags.string({ helpValue: 'NAMES|FILE', summary: 'Who takes part: names separated by commas, or a file with a name a line.' }),
    rehearsal: Flags.boolean({ default: false, summary: 'A rehearsal: its key is marked as one, and never signs for real.' }),
    again: Flags.string({ helpValue: 'CEREMONY', exclusive: ['messages', 'purpose', 'set', 'roster', 'rehearsal'], summary: 'Open an earlier ceremony anew: same script, parameters and participants, another id and number.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientOpen)
    if ((args.script === undefined) === (flags.again === undefined)) this.error('Name a script, or an earlier ceremony with --again.', { exit: 2 })
    // Errors on the command line are told before anybody types a passphrase.
    const given = args.script === undefined ? undefined : await readGiven(args.script, flags)
    const session = await unlockedClient({ file: flags['passphrase-file'], signal: this.signal, say: (line) => this.say(line) })
    try {
      const own = cardOf(session.identity)
      const ledgers = new Ledgers(session.home, session.feed, session.signal)
      const wished = given === undefined
        ? await wishAgain(ledgers, chosen(openedWith(session.feed, own.name), flags.again))
        : await wishFor(ledgers, session.feed.all, given, own)
      const opening = makeOpening(wished, own, new Date())
      await keepScript(session.home, wished.script)
      await postSigned(session, 'Opening', opening)
      const id = ceremonyId(opening)
      const number = ceremonyNumber(id)
      const { name, title, version } = wished.script.ceremony
      this.log(`Opened ${name} ${version}: ${title}${opening.rehearsal ? '\nThis is a REHEARSAL.' : ''}`)
      this.log(`Participants: ${opening.roster.map((card) => card.name).join(', ')}`)
      const claims = claimLines(wished.script.ceremony, opening)
      for (const line of claims) this.log(line)
      for (const [key, value] of Object.entries(opening.parameters)) if (!claims.some((line) => line.startsWith(key))) this.log(`${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
      this.log(`Ceremony id:     ${id}\nCeremony number: ${number}`)
      const messages = allMessagesIn(wished.script, opening)
      for (const line of [...messageWarnings(messages, wished.followed), ...otherClients(session.feed.all, opening.roster)]) this.say(line)
      this.next('Read the number aloud to the others on a call; every airgap shows it.', 'Everyone: keyrite client run, and keyrite airgap run on the airgap.')
      const signed = { messages: { count: messages.length, sha256: messagesHash(messages) } }
      return { ceremony: id, number, opening, ...(messages.length === 0 ? {} : signed) }
    } finally {
      await session.close()
    }
  }
}
