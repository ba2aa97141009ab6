import { Args, Flags } from '@oclif/core'
import { runError } from '../../../../engine/run/errors.ts'
import { KeyriteCommand, passphraseFlags, prose } from '../../../base.ts'
import { unlockedAirgap } from '../../../roles/airgap-home.ts'
import { confirmScript } from '../../../screen/consent.ts'
import { makeHand } from '../../../screen/owner.ts'
import { readScript } from '../../../scripts.ts'

export class AirgapScriptAdd extends KeyriteCommand {
  static override summary = 'Let this airgap run a script that does not ship with keyrite.'
  static override description = prose`An airgap runs only scripts on its own disk, by their hash: a script never comes from the client. Bring the file
yourself, and compare the SHA-256 that is shown with the other participants before you add it.`
  static override examples = ['<%= config.bin %> <%= command.id %> our-ceremony.yaml']
  static override args = { file: Args.string({ required: true, description: 'The script file.' }) }
  static override flags = {
    ...passphraseFlags,
    yes: Flags.boolean({ default: false, summary: 'Add it without asking, where its hash was compared before.' }),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AirgapScriptAdd)
    const script = await readScript(args.file)
    const { name, version } = script.ceremony
    const airgap = await unlockedAirgap({ file: flags['passphrase-file'], signal: this.signal })
    try {
      if (airgap.script(script.hash) === undefined) {
        // A scanner may type on this keyboard, whichever channel is used later.
        const hand = makeHand({ isScanned: true, signal: this.signal })
        if (!(await confirmScript(script, flags.yes, hand))) {
          throw runError('script-declined', { script: name })
        }
        const added = { name, hash: script.hash, source: script.source }
        await airgap.memory.update((memory) => ({ ...memory, scripts: [...memory.scripts, added] }))
        this.log(`Added ${name} ${version}, SHA-256 ${script.hash}.`)
      } else {
        this.log(`This airgap has ${name} ${version} already.`)
      }
      this.next('keyrite airgap run')
      return { name, version, hash: script.hash }
    } finally {
      await airgap.close()
    }
  }
}
