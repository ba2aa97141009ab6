import { Args, Flags } from '@oclif/core'
import { KeyriteCommand } from '../../base.ts'
import { prose } from '../../output.ts'

interface Shown {
  readonly kind: string
  readonly display: readonly { readonly label: string; readonly value: string; readonly warning?: true }[]
  /** The exact bytes that are signed, hex; null where they hold the id of a ceremony, and none was given. */
  readonly signedBytes: string | null
}

export class MessageShow extends KeyriteCommand {
  static override summary = 'Show messages as an airgap would, and the exact bytes to be signed.'
  static override description = prose(`FILE is a JSON list of messages, each an object with a kind; \`keyrite message kinds\` explains them. Everything in it is
checked as it is before a signing opens, and every mistake is told with its line and column.

What is signed of Ethereum's kinds is the signing root. Of text, bytes and file it is the prefix keyrite/2/message/KIND
and a line end, the id of the ceremony that signs (32 bytes), and the content: --ceremony says which id.

With --json, prints a list of {kind, display, signedBytes}, those in hex, or null without the id that is in them.`)
  static override examples = ['<%= config.bin %> <%= command.id %> exits.json', '<%= config.bin %> <%= command.id %> exits.json --json']
  static override args = { file: Args.string({ description: 'A JSON file: a list of messages.', required: true }) }
  static override flags = { ceremony: Flags.string({ helpValue: 'ID', summary: 'The whole id of the ceremony that signs, 64 hex digits.' }) }

  async run(): Promise<readonly Shown[]> {
    const { args, flags: { ceremony } } = await this.parse(MessageShow)
    const { cliError } = await import('../../errors.ts')
    const { isHex, toHex } = await import('../../../engine/base/bytes.ts')
    if (ceremony !== undefined && !isHex(ceremony, 32)) throw cliError('whole-id', { value: ceremony })
    const { readMessagesFile } = await import('../../roles/message-file.ts')
    const { displayMessage, isBlind, isBoundToCeremony, signedBytesOf } = await import('../../../engine/messages/kinds.ts')
    const { messages } = await readMessagesFile(args.file)
    if (this.jsonEnabled()) {
      return messages.map((message) => ({
        kind: message.kind, display: displayMessage(message),
        signedBytes: ceremony === undefined && isBoundToCeremony(message) ? null : toHex(signedBytesOf(message, ceremony ?? '')),
      }))
    }
    const { groupsOf } = await import('../../../engine/messages/batch.ts')
    const { groupPages, signedBlocks } = await import('../../screen/messages.ts')
    const { linesOf } = await import('../../screen/blocks.ts')
    const { widthOf } = await import('../../screen/blocks.ts')
    const width = widthOf(process.stdout.columns)
    const pages = groupPages(messages, groupsOf(messages))
    for (const page of [...pages, signedBlocks(messages, ceremony)]) this.log(`${linesOf(page, width).join('\n')}\n`)
    if (messages.some(isBlind)) this.log('WARNING: what is of the kind raw is signed blind. An airgap signs it only with --allow-blind, and after its owner typed out a warning.')
    return []
  }
}
