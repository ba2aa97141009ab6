import { Args } from '@oclif/core'
import { KeyriteCommand } from '../../base.ts'
import { prose } from '../../help.ts'

interface Shown {
  readonly kind: string
  readonly display: readonly { readonly label: string; readonly value: string; readonly warning?: true }[]
  /** The exact bytes that are signed, hex: for Ethereum's kinds the signing root. */
  readonly signingRoot: string
}

export class MessageShow extends KeyriteCommand {
  static override summary = 'Show messages as an airgap would, and the exact bytes to be signed.'
  static override description = prose(`FILE is a JSON list of messages, each an object with a kind; \`keyrite message kinds\` explains them. Everything in it is
checked as it is before a signing opens, and every mistake is told with its line and column.

With --json, prints a list of {kind, display, signingRoot}, where signingRoot is the exact bytes that are signed, in hex:
for Ethereum's kinds the signing root, for text, bytes and file their content behind the prefix keyrite/1/message/KIND and
a line end.`)
  static override examples = ['<%= config.bin %> <%= command.id %> exits.json', '<%= config.bin %> <%= command.id %> exits.json --json']
  static override args = { file: Args.string({ description: 'A JSON file: a list of messages.', required: true }) }

  async run(): Promise<readonly Shown[]> {
    const { args } = await this.parse(MessageShow)
    const { readMessagesFile } = await import('../../roles/message-file.ts')
    const { displayMessage, signedBytesOf } = await import('../../../engine/messages/kinds.ts')
    const { toHex } = await import('../../../engine/crypto/bytes.ts')
    const { messages } = await readMessagesFile(args.file)
    if (this.jsonEnabled()) return messages.map((message) => ({ kind: message.kind, display: displayMessage(message), signingRoot: toHex(signedBytesOf(message)) }))

    const { summaryOfMessages } = await import('../../../engine/messages/summary.ts')
    const { messageBlocks, summaryBlocks } = await import('../../roles/message-text.ts')
    const { linesOf } = await import('../../roles/block-lines.ts')
    const { widthOf } = await import('../../roles/airgap-text.ts')
    const summary = summaryOfMessages(messages)
    const blocks = [...summaryBlocks(summary), ...messages.flatMap((message, i) => [{ kind: 'gap' as const }, ...messageBlocks(message, i + 1)])]
    for (const line of linesOf(blocks, widthOf(process.stdout.columns))) this.log(line)
    if (summary.blind) this.log('\nWARNING: what is of the kind raw is signed blind. An airgap signs it only with --allow-blind, and after its owner typed out a warning.')
    return []
  }
}
