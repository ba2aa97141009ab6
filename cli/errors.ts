/**
 * The command line's own errors, and what every error becomes on the way out: a text, a JSON object, an exit code.
 */
import { Errors } from '@oclif/core'
import { errorTable, isKeyriteError } from '../engine/wire/error.ts'

export const cliError = errorTable('cli', {
  'no-terminal': ({ what, flag }: { what: string; flag: string }) => ({
    what: `${what} is needed, and there is no terminal to ask at.`,
    todo: `Give it with ${flag}, or run the command in a terminal.`,
  }),
  'not-the-same': ({ what }: { what: string }) => ({
    what: `${what} was not the same twice, three times in a row; nothing was changed.`,
    todo: 'Run the command again.',
  }),
  home: ({ path, why }: { path: string; why: string }) => ({
    what: `The home ${path} cannot be used: ${why}.`,
    todo: 'Check its owner and permissions, or set KEYRITE_HOME to a folder of your own.',
  }),
  'home-path': ({ value }: { value: string }) => ({
    what: `KEYRITE_HOME is not a usable path: ${JSON.stringify(value)}.`,
    todo: 'Set it to a folder, or unset it to use ~/.keyrite.',
  }),
  bundle: ({ why }: { why: string }) => ({
    what: `The bundle was not made: ${why}.`,
    todo: 'Run `npm ci && npm run bundle` in a clean clone.',
  }),
})

/** Exit codes. Scripts rely on them: a number never changes its meaning. */
export const EXIT = {
  ok: 0,
  /** This machine failed: disk, memory, a lock, a port, a bug. */
  failure: 1,
  /** The command line was wrong. */
  usage: 2,
  /** What was given is refused: a script, a request, a passphrase, a file. */
  refused: 3,
  /** The ceremony was aborted. */
  aborted: 4,
  /** What was verified is not right. */
  unverified: 5,
  /** A storage, or another machine, did not answer or made no sense. */
  unreachable: 6,
  /** Ctrl-C, or another signal that asked it to stop. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** By code, or by area where all of an area's errors are alike. What is not listed is a failure. */
const EXITS: Readonly<Record<string, ExitCode>> = {
  wire: EXIT.refused,
  crypto: EXIT.refused,
  script: EXIT.refused,
  compile: EXIT.refused,
  verb: EXIT.refused,
  channel: EXIT.refused,
  run: EXIT.refused,
  board: EXIT.refused,
  verify: EXIT.unverified,
  'vault.passphrase': EXIT.refused,
  'vault.wrong-passphrase': EXIT.refused,
  'vault.truncated': EXIT.refused,
  'vault.altered': EXIT.refused,
  'vault.not-json': EXIT.refused,
  'vault.wrong-shape': EXIT.refused,
  'vault.missing': EXIT.refused,
  'vault.exists': EXIT.refused,
  'vault.too-large': EXIT.refused,
  'cli.no-terminal': EXIT.usage,
  'cli.home-path': EXIT.usage,
  'cli.not-the-same': EXIT.refused,
}

/** An error as a person or a program is told it. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly todo: string
  readonly facts: Readonly<Record<string, unknown>>
  readonly exit: number
}

/** What to tell of an error, whatever was thrown. `command` is the one that was run, for the hint. */
export function failureOf(error: unknown, command: string): Failure {
  if (isKeyriteError(error)) {
    const { code, message, todo, facts } = error
    return { code, message, todo, facts, exit: EXITS[code] ?? EXITS[code.split('.')[0] ?? ''] ?? EXIT.failure }
  }
  if (isInterruption(error)) {
    const todo = 'Run the command again: it goes on where it stopped.'
    return { code: 'cli.interrupted', message: 'Stopped.', todo, facts: {}, exit: EXIT.interrupted }
  }
  if (error instanceof Errors.CLIError) {
    // oclif adds a hint of its own below the message, and colours.
    const message = error.message.replace(/\nSee more help with --help$/, '')
    return { code: 'cli.usage', message, todo: `See \`${command} --help\`.`, facts: {}, exit: error.oclif.exit ?? EXIT.usage }
  }
  return {
    code: 'cli.bug',
    message: `Something unexpected happened: ${error instanceof Error ? error.message : String(error)}`,
    todo: 'This is probably a bug in keyrite; please report it, with what DEBUG=keyrite:* shows.',
    facts: {},
    exit: EXIT.failure,
  }
}

/** Ctrl-C at a prompt, or the command's own signal. */
function isInterruption(error: unknown): boolean {
  return error instanceof Error && ['ExitPromptError', 'AbortPromptError', 'AbortError'].includes(error.name)
}

/** The lines that a person reads: what happened, what to do, the code to search for. */
export function failureText({ code, message, todo }: Failure): string {
  return code === 'cli.interrupted' ? `\n${message} ${todo}` : `Error: ${message}\n  → ${todo}\n  (${code})`
}
