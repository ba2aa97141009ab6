import { Args, Flags } from '@oclif/core'
import { runError } from '../../../engine/run/errors.ts'
import { abortPayload } from '../../../engine/wire/abort.ts'
import { KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { askYesNo } from '../../prompt.ts'
import { chosen, Ledgers, openedWith, postSigned, unlockedClient } from '../../roles/client-session.ts'

export class ClientAbort extends KeyriteCommand {
  static override summary = 'Abort a ceremony, for everyone.'
  static override description = prose`Posts an Abort with your reason. It counts only before the success certificate is complete: then it ends the
ceremony for good for all who have not stated their part of that. Who has is in doubt, until the certificate completes all the same,
its deadlines pass and it is given up with \`keyrite client abandon\`, or it can be proved that it never completes. Complaints are
answered all the same: leave \`keyrite client run\` and the airgap to it. Nobody can be found guilty by an Abort.`
  static override examples = ['<%= config.bin %> <%= command.id %> 7c19 --reason "Bob’s airgap has no battery left"']
  static override args = { ceremony: Args.string({ required: true, description: 'The first digits of its id.' }) }
  static override flags = {
    ...passphraseFlags,
    reason: Flags.string({ required: true, helpValue: 'TEXT', summary: 'Why; everyone will read it.' }),
    yes: Flags.boolean({ default: false, summary: 'Abort without asking.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientAbort)
    const session = await unlockedClient({ file: flags['passphrase-file'], signal: this.signal, say: (line) => this.say(line) })
    try {
      const opened = chosen(openedWith(session.feed, session.identity.name), args.ceremony)
      const ledger = await new Ledgers(session.home, session.feed, session.signal).of(opened)
      const { script } = ledger
      if (ledger.certified) throw runError('closed', { ceremony: ledger.id, why: 'it has succeeded, and nothing undoes that' })
      if (ledger.ending?.kind === 'abort' || ledger.isOut(session.identity.name)) throw runError('closed', { ceremony: ledger.id, why: 'it was aborted already' })
      if (!flags.yes && !(await askYesNo(`Abort ${script.ceremony.name} ${ledger.id.slice(0, 12)} for everyone?`, '--yes', this.signal))) {
        this.log('Nothing was done.')
        return { aborted: false }
      }
      const step = script.ceremony.steps[ledger.current]?.name ?? null
      const payload = abortPayload({ reason: 'operator', step, accused: null, why: flags.reason, convicts: false, offsets: [] })
      await postSigned(session, 'Abort', payload, { ceremony: ledger.id, step, view: ledger.viewBefore(ledger.current) ?? null })
      this.log(`Aborted ${ledger.id}.`)
      this.next(
        'keyrite client run    shows the end to your airgap, and answers complaints, should any come',
        `When the cause is clear: keyrite client open --again ${ledger.id.slice(0, 12)}`,
      )
      return { aborted: true, ceremony: ledger.id }
    } finally {
      await session.close()
    }
  }
}
