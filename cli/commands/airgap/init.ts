import { unlink } from 'node:fs/promises'
import { Flags } from '@oclif/core'
import { toHex } from '../../../engine/base/bytes.ts'
import { airgapKeyPair, newMnemonic, seedFromMnemonic } from '../../../engine/crypto/seed.ts'
import { emptyMemory, EPOCH } from '../../../engine/run/memory.ts'
import { writeDurable } from '../../../engine/base/files.ts'
import { KeyriteCommand, passphraseFlags, prose, workFactorFlag } from '../../base.ts'
import { withProgress } from '../../output.ts'
import { askPassphrase, askSecret } from '../../prompt.ts'
import { random } from '../../random.ts'
import { createAirgapHome, refuseAnotherAirgap, showWords } from '../../roles/airgap-home.ts'
import { wordsInFile } from '../../secret-file.ts'

export class AirgapInit extends KeyriteCommand {
  static override summary = 'Make this machine a participant’s airgap.'
  static override description = prose`The airgap is the offline machine: take its network away for ever before you run this. It holds the seed from
which every secret is derived, in a vault under your passphrase.

A new mnemonic of 24 words is shown once: write it on paper. Together with the public transcripts of your ceremonies it
restores your shares, so whoever finds it can too. --restore takes the words of an earlier airgap instead (\`keyrite
airgap restore\` takes a backup). Its card is then another one: pair it again, and say anew that you are ready. It joins only
ceremonies whose roster has that card.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --restore']
  static override flags = {
    ...passphraseFlags,
    ...workFactorFlag,
    restore: Flags.boolean({ default: false, summary: 'Restore from the words of an earlier airgap.' }),
    'mnemonic-file': Flags.string({
      helpValue: 'FILE',
      summary: 'For drills: with --restore read the words from this file, on one line or several, otherwise write the new words to it instead of showing them.',
    }),
    'extra-passphrase': Flags.boolean({ default: false, summary: 'Ask for a BIP-39 passphrase besides the words (a 25th word). It is needed again with --restore.' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AirgapInit)
    await refuseAnotherAirgap()
    const file = flags['mnemonic-file']
    const words = async (): Promise<string> => {
      if (!flags.restore) return newMnemonic(random)
      if (file !== undefined) return await wordsInFile(file)
      return await askSecret('The 24 words:', '--mnemonic-file FILE', (answer) => void seedFromMnemonic(answer, ''), this.signal)
    }
    const mnemonic = await words()
    const extra = flags['extra-passphrase'] ? await askSecret('BIP-39 passphrase:', '--extra-passphrase', () => undefined, this.signal) : ''
    const seed = seedFromMnemonic(mnemonic, extra)
    const passphrase = await askPassphrase({ of: 'the new vault', file: flags['passphrase-file'], isNew: true, signal: this.signal })
    // The words are handed over first: a vault whose words nobody has is worth nothing.
    const takeBack = flags.restore ? () => Promise.resolve() : await this.handOver(mnemonic, file)
    const memory = emptyMemory(toHex(seed), random(EPOCH))
    const home = await withProgress('Encrypting', () => createAirgapHome(memory, passphrase, flags['work-factor'])).catch(async (error: unknown) => {
      await takeBack()
      throw error
    })
    const airgapKey = toHex(airgapKeyPair(seed).publicKey)
    this.log(`The airgap is ready in ${home}.\nIts key is ${airgapKey}.`)
    this.next(
      'Face to face with your client: keyrite airgap card here, and keyrite client pair there.',
      ...(flags.restore ? ['Then, for each key of yours: keyrite airgap recover TRANSCRIPT'] : []),
    )
    return { home, airgapKey }
  }

  /**
   * Shows the words once and clears the screen, or writes them to the file that was asked for.
   *
   * @returns a function that deletes that file again
   */
  private async handOver(mnemonic: string, file: string | undefined): Promise<() => Promise<void>> {
    if (file !== undefined) {
      await writeDurable(file, new TextEncoder().encode(`${mnemonic}\n`), { exclusive: true })
      this.say(`The 24 words are in ${file}. Keep that file as you would keep the key itself.`)
      return () => unlink(file)
    }
    await showWords(mnemonic, this.signal)
    return () => Promise.resolve()
  }
}
