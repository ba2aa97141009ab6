import { exchangeWith } from '../../../engine/run/client-work.ts'
import { verifyCard } from '../../../engine/wire/card.ts'
import { prose } from '../../base.ts'
import { cliError } from '../../errors.ts'
import { askAirgap, pairingCode } from '../../roles/channel.ts'
import { ChannelCommand, channelFlags } from '../../roles/channel-command.ts'
import { readClient, saveIdentity } from '../../roles/client-home.ts'

export class ClientPair extends ChannelCommand {
  static override summary = 'Introduce this client and its airgap to each other.'
  static override description = prose`Shows your name and signing key to the airgap, which answers with its card once its owner confirmed. Run
\`keyrite airgap card\` on the airgap at the same time. Both screens then show the same pairing code: compare it.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --channel folder:/media/stick',
  ]
  static override flags = { ...channelFlags }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ClientPair)
    const { signal } = this
    return await this.onChannel({
      role: 'client', flags, open: readClient, owner: ({ identity }) => identity.name,
      work: async ({ home, identity }, channel) => {
        const { name, signingKey } = identity
        channel.page?.tell({ doing: 'Showing your card: let your airgap’s camera see this code, and this camera your airgap’s screen. Confirm it there.' })
        channel.screen.log('Showing your card to the airgap. Run `keyrite airgap card` there, and confirm.')
        const answer = await askAirgap(channel, () => channel.screen.log('Your airgap did not take this card before; it is asked again.'), (exchange) =>
          exchangeWith((request) => exchange(request, signal), null, null, { ask: 'pair', name, signingKey }))
        if (answer.give !== 'card' || answer.card.name !== name || answer.card.signingKey !== signingKey) throw cliError('pairing', { name })
        const { card, cardSignature } = answer
        if (!verifyCard(card, cardSignature)) throw cliError('pairing', { name })
        const { airgapKey, epoch } = card
        await saveIdentity(home, { ...identity, airgap: { airgapKey, epoch, cardSignature } })
        return {
          lines: ['Paired.', `Pairing code: ${pairingCode(card)}. The airgap must show the same.`, `The airgap’s key is ${airgapKey}.`],
          next: ['keyrite client ready dkg', 'When all have said so, one of you opens the ceremony, as that command says.'],
          json: card,
        }
      },
    })
  }
}
