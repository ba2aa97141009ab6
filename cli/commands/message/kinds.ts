import { messageKinds } from '../../../engine/messages/kinds.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { brokenLines, widthOf } from '../../screen/blocks.ts'

interface Kind {
  readonly kind: string
  readonly doc: string
  /** True for a kind that is signed without anybody seeing what it is. */
  readonly blind: boolean
  readonly fields: readonly { readonly name: string; readonly wants: string; readonly schema: unknown }[]
  readonly example: unknown
}

export class MessageKinds extends KeyriteCommand {
  static override summary = 'List the kinds of messages that can be signed, their fields, and an example of each.'
  static override description = prose`What an airgap does not know it refuses; it never signs blind, but for the kind raw, if it runs with --allow-blind.

Messages that differ in one field only may be written as one, with a list of that field's values:
{"kind": "text", "each": {"text": ["one", "two"]}}.`
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<readonly Kind[]> {
    await this.parse(MessageKinds)
    const width = widthOf(process.stdout.columns)
    for (const { name, doc, fields, example } of messageKinds) {
      this.log(`${name}\n${brokenLines(doc, width - 2).map((line) => `  ${line}`).join('\n')}`)
      for (const [field, { wants }] of Object.entries(fields)) {
        this.log(brokenLines(wants, width - 26).map((line, i) => `  ${(i === 0 ? field : '').padEnd(23)} ${line}`).join('\n'))
      }
      this.log(`  for example             ${JSON.stringify(example)}\n`)
    }
    return messageKinds.map(({ name, doc, fields, example, blind }) => ({
      kind: name,
      doc,
      blind: blind === true,
      fields: Object.entries(fields).map(([field, { wants, schema }]) => ({ name: field, wants, schema })),
      example,
    }))
  }
}
