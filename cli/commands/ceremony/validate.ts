import { Args, Flags } from '@oclif/core'
import type { Ceremony } from '../../../engine/machines/ceremony.ts'
import { deadEnds, machineOf } from '../../../engine/machines/graph.ts'
import { ROLES } from '../../../engine/base/names.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { counted } from '../../../engine/base/words.ts'
import { cliError, EXIT } from '../../errors.ts'
import { paint, shellWord } from '../../output.ts'
import { libraryFlag, scriptArg } from '../../script-flags.ts'
import { lookAtScript } from '../../scripts.ts'
import type { Looked } from '../../scripts.ts'

export class CeremonyValidate extends KeyriteCommand {
  static override summary = 'Say all that is wrong with a ceremony.'
  static override description = prose`Checks scripts layer by layer (text, YAML, fields, and then whether everything in them resolves, fits together, keeps
secrets where they are, and ends), and reports all at once: file:line:column, a caret, and what to do about it. Of a good
one it compiles both machines, and makes sure that every path through them ends.

Exits with 0 if all are good and with 3 if one is not. With --json, prints one array of diagnostics for all files,
empty if there are none.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> lottery.yaml',
    '<%= config.bin %> <%= command.id %> *.yaml --json',
    { description: 'One that follows a ceremony of your own, scripts/lottery.yaml:', command: '<%= config.bin %> <%= command.id %> prize.yaml --library scripts' },
  ]
  static override args = { file: Args.string({ ...scriptArg, required: true, multiple: true }) }
  static override flags = { library: Flags.string(libraryFlag) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CeremonyValidate)
    const all: Looked[] = []
    for (const named of args.file) all.push(await lookAtScript(named, flags))
    const bad = all.filter(({ script }) => script === undefined)
    for (const { script } of all) if (script !== undefined) checkEnds(script.ceremony)
    if (this.jsonEnabled()) this.logJson(all.flatMap(({ problems }) => problems.map(({ diagnostic }) => diagnostic)))
    else this.tell(all, bad)
    if (bad.length > 0) this.exit(EXIT.refused)
  }

  private tell(all: readonly Looked[], bad: readonly Looked[]): void {
    for (const { problems } of bad) for (const { text } of problems) this.log(`${text}\n`)
    for (const { file, script } of all) {
      if (script === undefined) continue
      const { name, version, steps } = script.ceremony
      this.log(`${file}: ${paint('green', 'good', process.stdout)} (${name} ${version}, ${counted(steps.length, 'step')}, every path ends, SHA-256 ${script.hash})`)
    }
    const problems = bad.reduce((sum, one) => sum + one.problems.length, 0)
    if (bad.length > 0) {
      const of = all.length === 1 ? `in ${bad[0]?.file ?? ''}` : `in ${bad.length} of ${counted(all.length, 'script')}`
      this.log(`${paint('red', counted(problems, 'problem'), process.stdout)} ${of}.`)
      return
    }
    const [first] = all
    if (first?.script === undefined) return
    const word = shellWord(first.file)
    const { participants, parameters, follows } = first.script.ceremony
    const sets = Object.keys(parameters).map((name) => ` --set ${name}=…`).join('')
    this.next(
      `keyrite ceremony graph ${word}    draws it`,
      ...(Object.keys(follows).length > 0
        ? []
        : [`keyrite ceremony simulate ${word} --participants ${Math.max(3, participants?.min ?? 2)}${sets}    runs it, with made-up participants`]),
    )
  }
}

/** @throws cli.endless */
function checkEnds(ceremony: Ceremony): void {
  for (const role of ROLES) {
    const [state] = deadEnds(machineOf(ceremony, role))
    if (state !== undefined) throw cliError('endless', { ceremony: ceremony.name, role, state: state.path.join('.') })
  }
}
