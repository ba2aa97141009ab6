import { Flags } from '@oclif/core'
import { runError } from '../../../engine/run/errors.ts'
import { cardIn } from '../../../engine/run/memory.ts'
import { channelFlags, KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { live } from '../../output.ts'
import { unlockedAirgap } from '../../roles/airgap-home.ts'
import { refusalLines, serveAirgap } from '../../roles/airgap-serve.ts'
import { isTyped, pairingCode, pickChannel, readingHint, showOn } from '../../roles/channel.ts'
import { confirmPairing } from '../../screen/consent.ts'
import { failedEnd, pageEnd } from '../../web/page.ts'

export class AirgapCard extends KeyriteCommand {
  static override summary = 'Introduce this airgap and its client to each other.'
  static override description = prose`Reads the name and signing key that \`keyrite client pair\` shows, asks you to confirm them, and answers with
the card that stands in every roster. Ends when the client has been answered.`
  static override examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --channel folder:/media/stick']
  static override flags = {
    ...passphraseFlags,
    ...channelFlags,
    'accept-name': Flags.string({ helpValue: 'NAME', summary: 'For drills: consent beforehand to pair with a client of this name.' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AirgapCard)
    const channel = await pickChannel(flags.channel)
    const airgap = await unlockedAirgap({ file: flags['passphrase-file'], signal: this.signal })
    const { screen, page } = await showOn(live(), channel, { role: 'airgap', owner: airgap.memory.read().client?.name ?? '', command: this.commandLine })
    page?.tell({ doing: 'Waiting for the client’s card: let this camera see the client’s screen.' })
    try {
      await serveAirgap({
        airgap, channel, fragment: flags.fragment, signal: this.signal, screen, page,
        onReady: () => {
          this.say('Waiting for the client’s card. Run `keyrite client pair` there.')
          this.say(readingHint(channel))
        },
        confirm: (question, hand) => {
          if (question.kind !== 'pair') throw runError('not-paired', { name: '' })
          return confirmPairing(question.card, flags['accept-name'], hand)
        },
        onAnswer: (_, answer) => {
          page?.tell({ doing: 'Showing the answer: let the client’s camera see this code.' })
          if (answer.give !== 'refusal') return
          screen.log(answer.code === 'run.pairing-declined' ? 'You did not take this card, and the client is told so.' : refusalLines(answer, process.stderr.columns).join('\n'))
          screen.log(isTyped(channel)
            ? 'Stop this with Ctrl-C once the client has read that; to be asked again, start both again.'
            : 'Waiting for a card again: run `keyrite client pair` there, or stop this with Ctrl-C.')
        },
        until: (request, answer) => request.ask === 'pair' && answer.give === 'card',
      })
      const card = cardIn(airgap.memory.read())
      if (card === null) throw runError('not-paired', { name: '' })
      const said = [`Paired with the client of ${card.name}.`, `Pairing code: ${pairingCode(card)}. The client must show the same.`]
      const next = ['keyrite airgap run, when a ceremony is opened']
      page?.tell({ end: pageEnd(said, next) })
      for (const line of said) this.log(line)
      this.next(...next)
      return card
    } catch (error) {
      page?.tell({ end: failedEnd(error, this.commandLine) })
      throw error
    } finally {
      await page?.close()
      await airgap.close()
    }
  }
}
