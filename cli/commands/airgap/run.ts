import { Flags } from '@oclif/core'
import { isKeyriteError } from '../../../engine/base/errors.ts'
import { channelFlags, KeyriteCommand, passphraseFlags, prose } from '../../base.ts'
import { cliError } from '../../errors.ts'
import { live } from '../../output.ts'
import { unlockedAirgap } from '../../roles/airgap-home.ts'
import { airgapLog, serveAirgap } from '../../roles/airgap-serve.ts'
import { pickChannel, readingHint, showOn } from '../../roles/channel.ts'
import { confirmAbandon, confirmCeremony, confirmPairing } from '../../screen/consent.ts'
import { failedEnd, pageEnd } from '../../web/page.ts'

export class AirgapRun extends KeyriteCommand {
  static override summary = 'Take part in ceremonies: answer the client, and ask you.'
  static override description = prose`Reads requests from the client, checks every signature in them itself, and answers. Before the first step of a
ceremony it shows you the number, the script, the parameters and the roster, and asks for your consent. It asks no
more than that, unless the script says so. Leave it running until the client says that the ceremony is complete.

To sign, it shows what is to be signed in words: the purpose that the opener claims, the key, and all messages, by
groups that differ in the validator index alone, the smallest first, with what most have otherwise marked. More than
twenty groups come page by page, and you confirm each. Of more than ten messages you can list, show and find single
ones. What it cannot read it refuses.

A no is asked twice, and may have a reason behind it, which all the others read.

--accept is consent given beforehand to the ceremony with that number, for drills and tests. It does not do for raw
messages (--allow-blind).`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --channel folder:/media/stick --accept "12345 67890 …"',
  ]
  static override flags = {
    ...passphraseFlags,
    ...channelFlags,
    accept: Flags.string({ helpValue: 'NUMBER', summary: 'Consent beforehand to the ceremony with this number (forty digits; spaces do not matter).' }),
    'allow-blind': Flags.boolean({ default: false, summary: 'Let raw messages come to this screen, of which nobody can see what they are. Each time, you type a sentence to sign them.' }),
    'until-finished': Flags.boolean({ default: false, summary: 'End after the last step of a ceremony was answered.' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(AirgapRun)
    const channel = await pickChannel(flags.channel)
    if (flags.accept !== undefined && !/^(\s*\d){40}\s*$/.test(flags.accept)) throw cliError('number-form', { value: flags.accept })
    const airgap = await unlockedAirgap({ file: flags['passphrase-file'], signal: this.signal })
    const frames = { in: 0, out: 0 }
    const { screen, page } = await showOn(live(), channel, { role: 'airgap', owner: airgap.memory.read().client?.name ?? '', command: this.commandLine })
    // Where the owner cannot be asked at all, the client is told, and this ends.
    let unasked: Error | undefined
    const log = airgapLog({ ...screen, page, airgap, endsItself: flags['until-finished'] })
    try {
      await serveAirgap({
        airgap, channel, fragment: flags.fragment, allowBlind: flags['allow-blind'], signal: this.signal, screen, page,
        onReady: () => {
          log.start()
          screen.log(readingHint(channel))
        },
        confirm: (question, hand) =>
          (question.kind === 'pair' ? confirmPairing(question.card, undefined, hand)
            : question.kind === 'abandon' ? confirmAbandon(question, hand) : confirmCeremony(question, flags.accept, hand))
            .catch((error: unknown) => {
              if (isKeyriteError(error, 'cli.no-terminal')) unasked = error
              throw error
            }),
        onProgress: log.progress,
        onCrossing: ({ direction }) => {
          if (direction === 'in') frames.in += 1
          else frames.out += 1
        },
        onAnswer: log.answer,
        until: (_, answer) => unasked !== undefined || flags['until-finished'] && (log.finished() !== undefined || answer.give === 'closed'),
      }).catch((error: unknown) => {
        // Whoever stops it after the last answer has stopped nothing.
        if (!this.signal.aborted || !log.isDone()) throw error
      })
      if (unasked !== undefined) throw unasked
      const ceremony = log.finished()
      const said = ceremony === undefined ? 'The ceremony was aborted.' : `Ceremony ${ceremony.slice(0, 12)}: every step was answered.`
      const next = ceremony === undefined
        ? 'Its client says why. When it is opened again: keyrite airgap run'
        : 'Wait until the client says that the ceremony is complete before you use what it made.'
      page?.tell({ end: pageEnd([said], [next], ceremony !== undefined) })
      this.log(said)
      this.next(next)
      return { ceremony: ceremony ?? null, frames }
    } catch (error) {
      page?.tell({ end: failedEnd(error, this.commandLine) })
      throw error
    } finally {
      await page?.close()
      await airgap.close()
    }
  }
}
