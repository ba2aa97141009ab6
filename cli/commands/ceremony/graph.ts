import { Args, Flags } from '@oclif/core'
import { configOf, machineOf, mermaid } from '../../../engine/machines/graph.ts'
import { ROLES } from '../../../engine/base/names.ts'
import type { Role } from '../../../engine/base/names.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { libraryFlag, scriptArg } from '../../script-flags.ts'
import { readScript } from '../../scripts.ts'

export class CeremonyGraph extends KeyriteCommand {
  static override summary = 'Draw a ceremony’s machines, or export them.'
  static override description = prose`Prints the states that each participant's two machines go through, the client (online) and the airgap (offline), as
Mermaid state diagrams. One for each, below a comment that says which; --role chooses one, and --markdown puts each into
a block that GitHub, GitLab and many editors show as a drawing. What is drawn is the machine that runs.

With --json, prints the machines as data, in the form that Stately's editor and XState's createMachine read: with --role
that one's, else both under their roles.

Only diagrams or data go to standard output.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg --markdown > dkg.md',
    '<%= config.bin %> <%= command.id %> lottery.yaml --role client > lottery.mmd',
    '<%= config.bin %> <%= command.id %> lottery.yaml --role client --json > lottery.json',
  ]
  static override args = { file: Args.string({ ...scriptArg, required: true }) }
  static override flags = {
    role: Flags.option({ options: ROLES })({ summary: 'Only this machine. Both, if it is not given.' }),
    markdown: Flags.boolean({ default: false, summary: 'As Markdown, with headings and code blocks.' }),
    library: Flags.string(libraryFlag),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CeremonyGraph)
    const { ceremony } = await readScript(args.file, flags)
    const exported = (role: Role): unknown => configOf(machineOf(ceremony, role))
    if (this.jsonEnabled()) return flags.role === undefined ? Object.fromEntries(ROLES.map((role) => [role, exported(role)])) : exported(flags.role)
    const roles: readonly Role[] = flags.role === undefined ? ROLES : [flags.role]
    const drawn = roles.map((role) => ({ role, text: mermaid(ceremony, role) }))
    const what = `${ceremony.name} ${ceremony.version}`
    this.log(
      drawn
        .map(({ role, text }) =>
          flags.markdown ? `## ${what}: the ${role}\n\n\`\`\`mermaid\n${text}\`\`\`\n` : `${drawn.length > 1 ? `%% ${what}: the ${role}\n` : ''}${text}`)
        .join('\n')
        .trimEnd(),
    )
    if (process.stdout.isTTY) {
      this.logToStderr('\nNext:\n  Paste one diagram into https://mermaid.live, or keep them: keyrite ceremony graph … --markdown > FILE.md')
    }
    return undefined
  }
}
