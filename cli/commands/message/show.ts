import { Args, Flags } from '@oclif/core'
import { isHex, toHex } from '../../../engine/base/bytes.ts'
import { groupsOf } from '../../../engine/messages/batch.ts'
import { displayMessage, isBlind, isBoundToCeremony, signedBytesOf } from '../../../engine/messages/kinds.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { cliError } from '../../errors.ts'
import { readMessagesFile } from '../../roles/message-file.ts'
import { linesOf, widthOf } from '../../screen/blocks.ts'
import { groupPages, signedBlocks } from '../../screen/messages.ts'

interface Shown {
  readonly kind: string
  readonly display: readonly { readonly label: string; readonly value: string; readonly warning?: true }[]
  /** The exact bytes that are signed, in hex; null where they include a ceremony's id and none was given. */
  readonly signedBytes: string | null
}

export class MessageShow extends KeyriteCommand {
  static override summary = 'Show messages as an airgap would, and the exact bytes to be signed.'
  static override description = prose`FILE is a JSON list of messages, each an object with a kind; \`keyrite message kinds\` explains them. Everything in it is
checked as it is before a signing opens, and every mistake is told with its line and column.

What is signed of Ethereum's kinds is the signing root. Of text, bytes and file it is the prefix keyrite/2/message/KIND
and a line end, the id of the ceremony that signs (32 bytes), and the content: --ceremony says which id.

With --json, prints a list of {kind, display, signedBytes}, those in hex, or null without the id that is in them.`
  static override examples = ['<%= config.bin %> <%= command.id %> exits.json', '<%= config.bin %> <%= command.id %> exits.json --json']
  static override args = { file: Args.string({ description: 'A JSON file: a list of messages.', required: true }) }
  static override flags = { ceremony: Flags.string({ helpValue: 'ID', summary: 'The whole id of the ceremony that signs, 64 hex digits.' }) }

  async run(): Promise<readonly Shown[]> {
    const { args, flags: { ceremony } } = await this.parse(MessageShow)
    if (ceremony !== undefined && !isHex(ceremony, 32)) throw cliError('whole-id', { value: ceremony })
    const { messages } = await readMessagesFile(args.file)
    if (this.jsonEnabled()) {
      return messages.map((message) => ({
        kind: message.kind, display: displayMessage(message),
        signedBytes: ceremony === undefined && isBoundToCeremony(message) ? null : toHex(signedBytesOf(message, ceremony ?? '')),
      }))
    }
    const width = widthOf(process.stdout.columns)
    const pages = groupPages(messages, groupsOf(messages))
    for (const page of [...pages, signedBlocks(messages, ceremony)]) this.log(`${linesOf(page, width).join('\n')}\n`)
    if (messages.some(isBlind)) this.log('WARNING: what is of the kind raw is signed blind. An airgap signs it only with --allow-blind, and after its owner typed out a warning.')
    return []
  }
}
