import { Flags } from '@oclif/core'
import { KeyriteCommand, passphraseFlags } from '../../../../base.ts'
import { makeHome } from '../../../../home.ts'
import { askPassphrase } from '../../../../prompt.ts'

/** Asks for a passphrase and, unlike any real command, prints it. */
export class Ask extends KeyriteCommand {
  static override summary = 'Ask.'
  static override flags = { ...passphraseFlags, new: Flags.boolean() }

  async run(): Promise<{ passphrase: string; home: string }> {
    const { flags } = await this.parse(Ask)
    const home = await makeHome('airgap')
    const passphrase = await askPassphrase({ of: 'this airgap', file: flags['passphrase-file'], isNew: flags.new, signal: this.signal })
    this.log(`got ${passphrase}`)
    return { passphrase, home }
  }
}
