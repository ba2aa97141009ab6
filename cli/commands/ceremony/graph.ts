import { Args, Flags } from '@oclif/core'
import { mermaid } from '../../../engine/machines/graph.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { libraryFlag, scriptArg } from '../../script-flags.ts'
import { readScript } from '../../scripts.ts'

const ROLES = ['client', 'airgap'] as const
type Role = (typeof ROLES)[number]

export class CeremonyGraph extends KeyriteCommand {
  static override summary = 'Draw a ceremony as Mermaid state diagrams.'
  static override description = prose`Prints the states that each participant's two machines go through: the client (online) and the airgap (offline). One
diagram for each, below a comment that says which; --role chooses one, and --markdown puts each into a block that
GitHub, GitLab and many editors show as a drawing.

Only the diagrams go to standard output.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg --markdown > dkg.md',
    '<%= config.bin %> <%= command.id %> lottery.yaml --role client > lottery.mmd',
  ]
  static override args = { file: Args.string({ ...scriptArg, required: true }) }
  static override flags = {
    role: Flags.option({ options: ROLES })({ summary: 'Only this machine. Both, if it is not given.' }),
    markdown: Flags.boolean({ default: false, summary: 'As Markdown, with headings and code blocks.' }),
    library: Flags.string(libraryFlag),
  }

  async run(): Promise<Partial<Record<Role, string>>> {
    const { args, flags } = await this.parse(CeremonyGraph)
    const { ceremony } = await readScript(args.file, flags)
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
    if (process.stdout.isTTY && !this.jsonEnabled()) {
      this.logToStderr('\nNext:\n  Paste one diagram into https://mermaid.live, or keep them: keyrite ceremony graph … --markdown > FILE.md')
    }
    return Object.fromEntries(drawn.map(({ role, text }) => [role, text]))
  }
}
