import { exchangeWith } from '../../../engine/run/client-work.ts'
import { verifyCard } from '../../../engine/wire/card.ts'
import { channelFlags, KeyriteCommand, prose } from '../../base.ts'
import { cliError } from '../../errors.ts'
import { live } from '../../output.ts'
import { exchanger, openChannel, pairingCode, pickChannel, showOn, withoutOldRefusals } from '../../roles/channel.ts'
import { readClient, saveIdentity } from '../../roles/client-home.ts'
import { failedEnd, pageEnd } from '../../web/page.ts'

export class ClientPair extends KeyriteCommand {
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
    const channel = await pickChannel(flags.channel)
    const { home, identity } = await readClient()
    const { signal } = this
    const { screen, page } = await showOn(live(), channel, { role: 'client', owner: identity.name, command: this.commandLine })
    const carrier = await openChannel({ role: 'client', channel, fragment: flags.fragment, screen, page })
    page?.tell({ doing: 'Showing your card: let your airgap’s camera see this code, and this camera your airgap’s screen. Confirm it there.' })
    screen.log('Showing your card to the airgap. Run `keyrite airgap card` there, and confirm.')
    try {
      const asking = withoutOldRefusals(carrier, () => screen.log('Your airgap did not take this card before; it is asked again.'))
      const answer = await exchangeWith((request) => exchanger(asking)(request, signal), null, null, {
        ask: 'pair', name: identity.name, signingKey: identity.signingKey,
      })
      if (answer.give !== 'card' || answer.card.name !== identity.name || answer.card.signingKey !== identity.signingKey) {
        throw cliError('pairing', { name: identity.name })
      }
      const { card: { airgapKey, epoch }, cardSignature } = answer
      if (!verifyCard(answer.card, cardSignature)) throw cliError('pairing', { name: identity.name })
      await saveIdentity(home, { ...identity, airgap: { airgapKey, epoch, cardSignature } })
      const said = ['Paired.', `Pairing code: ${pairingCode(answer.card)}. The airgap must show the same.`, `The airgap’s key is ${answer.card.airgapKey}.`]
      const next = ['keyrite client ready dkg', 'When all have said so, one of you opens the ceremony, as that command says.']
      page?.tell({ end: pageEnd(said, next) })
      for (const line of said) this.log(line)
      this.next(...next)
      return answer.card
    } catch (error) {
      page?.tell({ end: failedEnd(error, this.commandLine) })
      throw error
    } finally {
      await carrier.close()
      await page?.close()
      screen.end()
    }
  }
}
