import { Args, Flags } from '@oclif/core'
import { KeyriteCommand, prose } from '../../base.ts'
import { shellWord } from '../../output.ts'
import { writeNewScript } from '../../scripts.ts'

export class CeremonyNew extends KeyriteCommand {
  static override summary = 'Write a small ceremony to start from.'
  static override description = prose`Writes NAME.yaml: two steps, valid as they stand, with comments that say what to change. Its first line tells an
editor that knows YAML schemas (VS Code with the YAML extension, for one) where keyrite's schema is, so that it
explains every field and completes verbs and types while you write.

A file that is there already is not replaced, unless --force says so.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> lottery',
    '<%= config.bin %> <%= command.id %> lottery --title "Who brings the cake" --output scripts/lottery.yaml',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'What the ceremony is called: 1 to 32 small letters, digits and hyphens.' }),
  }
  static override flags = {
    title: Flags.string({ helpValue: 'TEXT', summary: 'One line for the participants: what it is for.' }),
    output: Flags.string({ helpValue: 'FILE', summary: 'Where to write it, instead of NAME.yaml here.' }),
    force: Flags.boolean({ default: false, summary: 'Replace a file that is there.' }),
  }

  async run(): Promise<{ file: string; name: string; schema: string }> {
    const { args, flags } = await this.parse(CeremonyNew)
    const file = flags.output ?? `${args.name}.yaml`
    const schema = await writeNewScript({ name: args.name, title: flags.title, file, force: flags.force })
    const word = shellWord(file)
    this.log(`Wrote ${file}: a ceremony of two steps, which you can change into your own.`)
    this.next(
      `edit ${word}`,
      `keyrite ceremony validate ${word}    says what is wrong with it, all at once`,
      `keyrite ceremony graph ${word}       draws it`,
      `keyrite ceremony simulate ${word} --participants 3 --set purpose="A first try"`,
    )
    return { file, name: args.name, schema }
  }
}
