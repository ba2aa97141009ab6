import { Args } from '@oclif/core'
import { recover } from '../../../engine/run/recover.ts'
import { verbs } from '../../../engine/verbs/implementations.ts'
import { KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { random } from '../../random.ts'
import { unlockedAirgap } from '../../roles/airgap-home.ts'
import { readTranscriptFile, refuseNoText } from '../../roles/transcript-file.ts'

export class AirgapRecover extends KeyriteCommand {
  static override summary = 'Get a share back from the mnemonic and a transcript.'
  static override description = prose`For an airgap that was made anew with --restore: takes the transcript of a ceremony that succeeded with it in the
roster, checks all of it, does its own part again, and has the share it had. It makes no statement, and closes the
ceremony for live steps.`
  static override examples = ['<%= config.bin %> <%= command.id %> dkg.transcript']
  static override args = { transcript: Args.string({ required: true, description: 'The file that `keyrite client export` wrote.' }) }
  static override flags = { ...passphraseFlags }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AirgapRecover)
    refuseNoText(args.transcript)
    const pieces = readTranscriptFile(args.transcript)
    const airgap = await unlockedAirgap({ file: flags['passphrase-file'], signal: this.signal })
    try {
      const { memory, script, crlfScript } = airgap
      const recovered = await recover(pieces, { memory, script, crlfScript, verbs, random, now: () => new Date() })
      this.log(`Recovered ${recovered.names.join(', ')} of ceremony ${recovered.ceremony}.`)
      if (recovered.isUnconfirmed) this.log('It is UNCONFIRMED: in this transcript not everybody has confirmed, and the others may have given it up. This airgap says so before it signs with it.')
      this.next('Pair this airgap with your client again: keyrite airgap card here, and keyrite client pair there.')
      return recovered
    } finally {
      await airgap.close()
    }
  }
}
