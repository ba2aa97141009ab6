import { Args, Flags } from '@oclif/core'
import type { Script } from '../../../engine/machines/ceremony.ts'
import { faultRows } from '../../../engine/simulate/cells.ts'
import { faultKinds, targetsOf } from '../../../engine/simulate/faults.ts'
import { KeyriteCommand, prose } from '../../base.ts'
import { EXIT } from '../../errors.ts'
import { live, shellWord, table } from '../../output.ts'
import type { Live } from '../../output.ts'
import { parseParameters } from '../../parameters.ts'
import { libraryFlag, scriptArg } from '../../script-flags.ts'
import { readScript } from '../../scripts.ts'
import { exitOfSimulation, peopleOf, reportLines, reportOf } from '../../simulation/report.ts'
import { faultLines, runAllFaults, runSimulation } from '../../simulation/run.ts'
import type { SimulationWish } from '../../simulation/run.ts'

export class CeremonySimulate extends KeyriteCommand {
  static override summary = 'Run a ceremony in memory, with made-up participants.'
  static override description = prose`Gives every made-up participant the real client and the real airgap, with keys that exist nowhere else, over a board in
memory; all owners confirm. What runs here runs, and nothing of it is kept. On a terminal it shows a table of
participants and steps while it runs; then what came out, how everyone ended, what each step took, and how much crossed
between a client and its airgap.

Somebody may cheat: --fault NAME:PARTICIPANT or NAME:PARTICIPANT:TARGET, where the target is a step or another
participant. --faults lists what can go wrong in a script. What a script follows runs first; its parameters stand behind its
local name, as in --set key.threshold=3. Deadlines do not take their time here: they pass as soon as
everybody waits.

--all-faults runs every fault in every step and against everybody, the second participant at fault, and checks what each comes
to: that all honest readers agree, that nobody honest is convicted and whoever can be proved guilty is, that no secret is on the
board. It prints a row for each kind, exits with 0 if all holds, and with 5 if something does not.

Exits with 0 if everyone has confirmed the result; with 4 if it was aborted, is in doubt or unconfirmed; with 3 if the
script, a parameter or a fault is refused; with 130 after Ctrl-C.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> dkg --participants 7 --set threshold=4',
    '<%= config.bin %> <%= command.id %> beacon --names alice,bob,carol --json',
    {
      description: 'A dealer sends bob a wrong share; see it judged:',
      command: '<%= config.bin %> <%= command.id %> dkg --participants 5 --set threshold=3 --fault wrong-share:ada:bob',
    },
    `<%= config.bin %> <%= command.id %> sign --participants 5 --set key.threshold=3 --set purpose=Payday --set messages='[{"kind":"text","text":"hello"}]'`,
    { description: 'Everything that can go wrong, one after the other:', command: '<%= config.bin %> <%= command.id %> dkg --participants 3 --set threshold=2 --all-faults' },
    { description: 'What else can go wrong:', command: '<%= config.bin %> <%= command.id %> dkg --faults' },
  ]
  static override args = { file: Args.string({ ...scriptArg, required: true }) }
  static override flags = {
    participants: Flags.integer({ helpValue: 'N', min: 1, max: 1024, summary: 'How many take part.' }),
    names: Flags.string({ helpValue: 'NAMES', summary: 'Their names, separated by commas.' }),
    set: Flags.string({ helpValue: 'NAME=VALUE', multiple: true, multipleNonGreedy: true, default: [], summary: 'A parameter of the script; each one must be given. Lists and messages are JSON.' }),
    rehearsal: Flags.boolean({ default: false, summary: 'Open it as a rehearsal.' }),
    fault: Flags.string({ helpValue: 'FAULT', multiple: true, multipleNonGreedy: true, default: [], summary: 'Somebody cheats: NAME:PARTICIPANT[:TARGET].' }),
    faults: Flags.boolean({ default: false, summary: 'List the faults that the script can meet, and run nothing.' }),
    'all-faults': Flags.boolean({ default: false, exclusive: ['fault', 'faults'], summary: 'Run every fault, and check what each comes to.' }),
    seed: Flags.string({ helpValue: 'TEXT', summary: 'Draw all random numbers from this text: the same again gives the same run, byte for byte.' }),
    library: Flags.string(libraryFlag),
  }

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CeremonySimulate)
    const script = await readScript(args.file, flags)
    if (flags.faults) return this.listFaults(script)

    const names = peopleOf(script.ceremony, flags.participants, flags.names)
    const { before, parameters } = await this.parametersOf(script, names, flags)
    const { rehearsal, seed, fault: faults } = flags
    const { name, version, title } = script.ceremony
    this.log(`${name} ${version}: ${title}${rehearsal ? ' (rehearsal)' : ''}`)
    this.log(`${names.length} made-up participants${Object.entries(parameters).map(([key, value]) => `, ${key} ${JSON.stringify(value)}`).join('')}`)

    const screen = live(process.stderr, this.jsonEnabled())
    if (flags['all-faults']) return await this.allFaults({ script, names, parameters, rehearsal, seed, before }, screen)
    const simulation = await runSimulation({ script, names, parameters, rehearsal, faults, seed, before }, screen, this.signal)
      .finally(() => screen.end(process.stderr.isTTY ? undefined : []))
    if (simulation === null) {
      this.logToStderr('\nStopped. A simulation leaves nothing behind.')
      this.exit(EXIT.interrupted)
    }
    const report = reportOf(simulation)
    if (this.jsonEnabled()) this.logJson(report)
    else {
      this.log(`\n${reportLines(report).join('\n')}`)
      this.next(...nextSteps(shellWord(args.file), report.outcome === 'usable'))
    }
    const exit = exitOfSimulation(report)
    if (exit !== EXIT.ok) this.exit(exit)
    return undefined
  }

  private async allFaults(wish: Omit<SimulationWish, 'faults'>, screen: Live): Promise<unknown> {
    const ran = await runAllFaults(wish, screen, this.signal).finally(() => screen.end([]))
    if (ran === null) {
      this.logToStderr('\nStopped. A simulation leaves nothing behind.')
      this.exit(EXIT.interrupted)
    }
    const rows = faultRows(ran)
    if (this.jsonEnabled()) this.logJson(ran.map(([, report]) => report))
    else this.log(`\n${faultLines(rows).join('\n')}`)
    if (rows.some(({ problems }) => problems.length > 0)) this.exit(EXIT.unverified)
    return undefined
  }

  /** Reads the script's parameters, and those of the one that it follows: `--set key.threshold=3`. */
  private async parametersOf({ ceremony }: Script, names: readonly string[], flags: { readonly set: readonly string[]; readonly library?: string | undefined }) {
    const [followed] = Object.entries(ceremony.follows)
    if (followed === undefined) return { parameters: parseParameters(ceremony.parameters, flags.set, names) }
    const [local, name] = followed
    const isBefore = (set: string): boolean => set.startsWith(`${local}.`)
    const script = await readScript(name, flags)
    return {
      before: { script, parameters: parseParameters(script.ceremony.parameters, flags.set.filter(isBefore).map((set) => set.slice(local.length + 1)), names) },
      parameters: parseParameters(ceremony.parameters, flags.set.filter((set) => !isBefore(set)), names),
    }
  }

  private listFaults(script: Script): unknown {
    const faults = faultKinds
      .map((kind) => ({ kind, targets: targetsOf(kind, script, ['one', 'other', 'third'], 'one') }))
      .filter(({ targets }) => targets.length > 0)
      .map(({ kind: { name, target, doc }, targets }) => ({ name, target, doc, ...(target === 'step' ? { steps: targets } : {}) }))
    const form = { step: ':STEP', participant: ':PARTICIPANT', none: '' }
    this.log(`What can go wrong in ${script.ceremony.name}, as --fault NAME:PARTICIPANT[:TARGET]:\n`)
    for (const line of table(faults.map(({ name, target, doc }) => [`  ${name}${form[target]}`, doc]))) this.log(line)
    return faults
  }
}

function nextSteps(file: string, isGood: boolean): string[] {
  const faults = `keyrite ceremony simulate ${file} --faults    lists what ${isGood ? '' : 'else '}can go wrong`
  return isGood ? [`${faults}, to see how it ends then`] : [faults]
}
