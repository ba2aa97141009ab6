import { Flags } from '@oclif/core'
import { KeyriteCommand, prose } from '../base.ts'

export class Demo extends KeyriteCommand {
  static override summary = 'Run a whole ceremony on this machine, every byte through real QR images.'
  static override description = prose`Starts a storage, and a client and an airgap for each participant, each an ordinary keyrite command in a process
and a home of its own. Client and airgap see each other through folders of QR images alone. Ends with a threshold key
that nobody ever held, its birth signature, and a transcript that anyone can verify.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --participants 11 --threshold 6',
    '<%= config.bin %> <%= command.id %> --keep ./demo',
  ]
  static override flags = {
    participants: Flags.integer({ default: 5, min: 2, max: 64, summary: 'How many people.' }),
    threshold: Flags.integer({ min: 2, max: 64, summary: 'How many of them can sign; more than half unless told.' }),
    keep: Flags.string({ helpValue: 'DIR', summary: 'Keep all homes, QR images and logs in this folder, for inspection.' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Demo)
    const threshold = flags.threshold ?? Math.floor(flags.participants / 2) + 1
    if (threshold > flags.participants) this.error(`A threshold of ${String(threshold)} is more than ${String(flags.participants)} participants.`, { exit: 2 })
    const { runDemo } = await import('../demo/run.ts')
    const { duration, live, paint, table } = await import('../output.ts')

    this.say(`keyrite demo: ${String(flags.participants)} people who trust neither one another nor the storage make a key;`)
    this.say(`any ${String(threshold)} of them will be able to sign, and nobody ever holds it.`)
    const screen = live(process.stderr)
    const program = [process.execPath, ...process.execArgv, process.argv[1] ?? '']
    const result = await runDemo({ ...flags, keep: flags.keep, threshold, program, screen, signal: this.signal }).finally(() => screen.end())
    this.log('')
    this.log(paint('green', 'A threshold key was born.', process.stdout))
    this.log(`  group key        ${result.groupKey}`)
    this.log(`  birth signature  ${result.birth.slice(0, 64)}…`)
    this.log(`                   ${result.verdict === 'usable' ? 'verified, with every share proven' : result.verdict}`)
    this.log(`  ceremony number  ${result.number}`)
    this.log(`  QR frames        ${String(result.frames)}`)
    this.log(`  time             ${duration(result.seconds * 1000)}`)
    this.log(`  transcript       ${result.transcript}`)
    this.next(...table([
      [`keyrite verify ${result.transcript}`, 'anyone, offline'],
      ['keyrite ceremony new my-ceremony', 'write a ceremony of your own'],
      ['README.md, "Five people, step by step"', 'the same by hand'],
    ]))
    if (result.verdict !== 'usable') process.exitCode = 5
    return result
  }
}
