import { Flags } from '@oclif/core'
import { runError } from '../../../engine/run/errors.ts'
import { cardIn } from '../../../engine/run/memory.ts'
import { isRefusal } from '../../../engine/wire/exchange.ts'
import { passphraseFlags, prose } from '../../base.ts'
import { ownerOf, unlockedAirgap } from '../../roles/airgap-home.ts'
import { refusalLines, serveAirgap } from '../../roles/airgap-serve.ts'
import { pairingCode } from '../../roles/channel.ts'
import { ChannelCommand, channelFlags } from '../../roles/channel-command.ts'
import { confirmPairing } from '../../screen/consent.ts'

export class AirgapCard extends ChannelCommand {
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
    const { signal } = this
    return await this.onChannel({
      role: 'airgap', flags,
      open: () => unlockedAirgap({ file: flags['passphrase-file'], signal }),
      owner: ownerOf,
      work: async (airgap, channel) => {
        const { screen, page } = channel
        page?.tell({ doing: 'Waiting for the client’s card: let this camera see the client’s screen.' })
        await serveAirgap({
          airgap, channel, signal,
          onReady: () => {
            this.say('Waiting for the client’s card. Run `keyrite client pair` there.')
            this.say(channel.hint)
          },
          confirm: (question, hand) => {
            if (question.kind !== 'pair') throw runError('not-paired', { name: '' })
            return confirmPairing(question.card, flags['accept-name'], hand)
          },
          onAnswer: (_, answer) => {
            page?.tell({ doing: 'Showing the answer: let the client’s camera see this code.' })
            if (answer.give !== 'refusal') return
            screen.log(isRefusal(answer, 'run.pairing-declined') ? 'You did not take this card, and the client is told so.' : refusalLines(answer, process.stderr.columns).join('\n'))
            screen.log(channel.isTyped
              ? 'Stop this with Ctrl-C once the client has read that; to be asked again, start both again.'
              : 'Waiting for a card again: run `keyrite client pair` there, or stop this with Ctrl-C.')
          },
          until: (request, answer) => request.ask === 'pair' && answer.give === 'card',
        })
        const card = cardIn(airgap.memory.read())
        if (card === null) throw runError('not-paired', { name: '' })
        return {
          lines: [`Paired with the client of ${card.name}.`, `Pairing code: ${pairingCode(card)}. The client must show the same.`],
          next: ['keyrite airgap run, when a ceremony is opened'],
          json: card,
        }
      },
    })
  }
}
