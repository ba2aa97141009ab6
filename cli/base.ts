/**
 * The base of all commands: `--json`, errors that say what to do, exit codes, a graceful end on Ctrl-C, and closing
 * lines on what to do next.
 */
import { Command, Errors, Flags } from '@oclif/core'
import type { Failure } from './errors.ts'
import { EXIT, failureOf, failureText } from './errors.ts'

/** The flag of commands that open a home. Pass its value to `askPassphrase`. */
export const passphraseFlags = {
  'passphrase-file': Flags.string({
    helpValue: 'FILE',
    summary: 'Read the passphrase from the first line of a file instead of asking for it.',
  }),
}

/**
 * The flags of commands that open something under one passphrase and write it under another. Pass them to
 * `otherPassphrase`.
 */
export const newPassphraseFlags = (of: string) => ({
  'new-passphrase': Flags.boolean({ default: false, summary: `Ask for another passphrase for ${of}. Unless told, it has the same.` }),
  'new-passphrase-file': Flags.string({ helpValue: 'FILE', summary: `Read another passphrase for ${of} from the first line of a file.` }),
})

/** The flag of commands that make a home. Pass its value to the function that makes the keyring. */
export const workFactorFlag = {
  'work-factor': Flags.integer({
    summary: 'log₂ of scrypt’s N, which makes guessing the passphrase slow, 10 to 20.',
    description:
      '18, which is age’s own, takes about a second and 256 MiB to open. Less is for machines that have less, and wants a ' +
      'passphrase that cannot be guessed: six or more random words.',
    helpValue: 'N',
    min: 10,
    max: 20,
    default: 18,
  }),
}

/** A help text as paragraphs: single line breaks are the source's, and become spaces. */
export function prose(parts: TemplateStringsArray): string {
  return parts.join('').replace(/([^\n])\n(?!\n)/g, '$1 ')
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export abstract class KeyriteCommand extends Command {
  static override enableJsonFlag = true

  private readonly stopping = new AbortController()
  private listening = false

  /**
   * Aborts at the first Ctrl-C, SIGTERM or closing of the terminal; the second one ends the process at once. Only a
   * command that reads this changes what Ctrl-C does.
   */
  protected get signal(): AbortSignal {
    if (!this.listening) {
      this.listening = true
      for (const name of SIGNALS) process.on(name, this.onSignal)
    }
    return this.stopping.signal
  }

  private readonly onSignal = (): void => {
    if (this.stopping.signal.aborted) process.exit(EXIT.interrupted)
    this.stopping.abort()
  }

  /** The command as its user types it, such as `keyrite client init`. */
  protected get commandLine(): string {
    return [this.config.bin, ...(this.id ?? '').split(':').filter((word) => word !== '')].join(' ')
  }

  /** Prints a line of progress on stderr, with `--json` too: oclif's own logToStderr is silent then. */
  protected say(line: string): void {
    process.stderr.write(`${line}\n`)
  }

  /** Prints closing lines on what to do next, but not with `--json`. */
  protected next(...lines: readonly string[]): void {
    this.log(`\nNext:\n${lines.map((line) => `  ${line}`).join('\n')}`)
  }

  /** Prints every error in one form, and ends the process with its exit code. */
  protected override catch(error: unknown): Promise<never> {
    if (error instanceof Errors.ExitError) throw error
    const failure = failureOf(error, this.commandLine)
    if (this.jsonEnabled()) this.logJson(this.toErrorJson(failure))
    else process.stderr.write(`${failureText(failure)}\n`)
    if (process.env['DEBUG'] !== undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
    return Promise.reject(new Errors.ExitError(failure.exit))
  }

  protected override toErrorJson({ code, message, todo, facts }: Failure): unknown {
    return { error: { code, message, todo, facts } }
  }

  protected override async finally(error: Error | undefined): Promise<void> {
    for (const name of SIGNALS) process.off(name, this.onSignal)
    await super.finally(error)
  }
}
