import { basename, relative } from 'node:path'
import { Flags } from '@oclif/core'
import { untilAborted } from '../../engine/base/signals.ts'
import { duration } from '../../engine/base/time.ts'
import { KeyriteCommand, prose } from '../base.ts'
import { runDemo } from '../demo/run.ts'
import type { DemoResult } from '../demo/run.ts'
import { live, paint, table } from '../output.ts'

export class Demo extends KeyriteCommand {
  static override summary = 'Run a whole ceremony on this machine, every byte through real QR images.'
  static override description = prose`Starts a storage, and a client and an airgap for each participant, each an ordinary keyrite command in a process
and a home of its own. Client and airgap see each other through folders of QR images alone. Ends with a threshold key
that nobody ever held and its birth signature; then as many participants as it takes sign two messages with it. What
is left are transcripts and signatures that anyone can verify.

The storage's board is also a page, whose address is told at once: open it in a browser to watch the ceremony. With
--watch it stays open after the end, until Ctrl-C.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --participants 11 --threshold 6',
    '<%= config.bin %> <%= command.id %> --keep ./demo',
    '<%= config.bin %> <%= command.id %> --watch',
  ]
  static override flags = {
    participants: Flags.integer({ default: 5, min: 2, max: 64, summary: 'How many people.' }),
    threshold: Flags.integer({ min: 2, max: 64, summary: 'How many of them can sign; more than half unless told.' }),
    keep: Flags.string({ helpValue: 'DIR', summary: 'Keep all homes, QR images and logs in this folder: KEYRITE_HOME=DIR/alice is alice’s client and airgap.' }),
    watch: Flags.boolean({ default: false, summary: 'Keep the storage and its page open after the ceremony, until Ctrl-C.' }),
  }

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Demo)
    const threshold = flags.threshold ?? Math.floor(flags.participants / 2) + 1
    if (threshold > flags.participants) this.error(`A threshold of ${String(threshold)} is more than ${String(flags.participants)} participants.`, { exit: 2 })

    this.say(`keyrite demo: ${String(flags.participants)} people who trust neither one another nor the storage make a key;`)
    this.say(`${threshold === flags.participants ? 'only all' : 'any'} ${String(threshold)} of them together will be able to sign, and nobody ever holds it.`)
    const screen = live(process.stderr)
    let isShown = true
    const endScreen = (): void => {
      if (isShown) screen.end()
      isShown = false
    }
    const { signal } = this
    const watch = async (made: DemoResult, board: string): Promise<void> => {
      endScreen()
      this.report(made)
      this.say(`\nThe board stays open in a browser at ${board}\nCtrl-C ends it.`)
      await untilAborted(signal)
    }
    const program = [process.execPath, ...process.execArgv, process.argv[1] ?? '']
    const result = await runDemo({ ...flags, keep: flags.keep, threshold, program, screen, signal, watch: flags.watch ? watch : undefined }).finally(endScreen)
    if (!flags.watch) this.report(result)
    if (result.verdict !== 'usable' || !result.signing.isProven) process.exitCode = 5
    return result
  }

  private report(result: DemoResult): void {
    this.log('')
    this.log(paint('green', 'A threshold key was born.', process.stdout))
    for (const [i, part] of inParts(result.groupKey).entries()) this.log(`  ${i === 0 ? 'group key      ' : '               '}  ${part}`)
    this.log(`  birth signature  ${result.birth.slice(0, 48)}…`)
    this.log(`                   ${result.verdict === 'usable' ? 'verified, with every share proven' : result.verdict}`)
    this.log(`  ceremony number  ${result.number}`)
    const { signing } = result
    this.log(`  signed with it   ${String(signing.messages)} messages, by ${signing.signers.join(', ')}`)
    this.log(`                   ${signing.isProven ? 'verified, with the key’s whole ceremony' : 'NOT VERIFIED'}`)
    this.log(`  QR frames        ${String(result.frames)}`)
    this.log(`  time             ${duration(result.seconds * 1000)}`)
    this.log(`  transcripts      ${result.transcript}`)
    this.log(`                   ${signing.transcript}`)
    this.log(`  signatures       ${signing.signatures}`)
    const program = process.argv[1] ?? ''
    this.next(
      ...table([
        [`keyrite verify ${result.transcript}`, 'anyone, offline'],
        [`keyrite verify ${signing.signatures}`, 'the same; add --transcript'],
        ['keyrite ceremony new my-ceremony', 'write your own'],
        ['README.md, "Five people, step by step"', 'the same by hand'],
      ]),
      ...(basename(program) === 'keyrite' ? [] : [`where keyrite is: node ${relative('.', program)}`]),
    )
  }
}

/** 96 digits of hex in one piece, or in halves where the window is too narrow. */
function inParts(hex: string): readonly string[] {
  const { isTTY, columns } = process.stdout
  return isTTY && columns < 20 + hex.length ? [hex.slice(0, hex.length / 2), hex.slice(hex.length / 2)] : [hex]
}
