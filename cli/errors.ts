/**
 * The command line's own errors, and the forms in which every error leaves the program: a text, a JSON object, an exit
 * code.
 */
import { CLIError } from '@oclif/core/errors'
import { errorTable, isKeyriteError } from '../engine/base/errors.ts'
import type { Area, Code, KeyriteError, Reason } from '../engine/base/errors.ts'
import { quoted } from '../engine/base/text.ts'
import { counted } from '../engine/base/words.ts'
import { NAME_SAYS, TOKEN_SAYS } from '../engine/base/names.ts'
import { unpainted, wrapped } from './output.ts'

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
  damaged: ({ path }: { path: string }) => ({
    what: `${path} is not as it was written: this machine’s disk damaged it, or somebody changed it by hand.`,
    todo: 'Put it back from a copy. Without one, make the client anew in another home, under another name: keyrite client init. The airgap stays as it is.',
  }),
  'damaged-copy': ({ path, line }: { path: string; line: number }) => ({
    what: `${path} is not as it was written, from line ${line} on: this machine’s disk damaged it. Nobody else did.`,
    todo: 'It is had again, from the storage or from the airgap. Look at the disk.',
  }),
  'home-path': ({ value }: { value: string }) => ({
    what: `KEYRITE_HOME is not a usable path: ${quoted(value)}.`,
    todo: 'Set it to a folder, or unset it to use ~/.keyrite.',
  }),
  name: ({ value }: { value: string }) => ({
    what: `${quoted(value)} is no name for a participant.`,
    todo: `Take ${NAME_SAYS}.`,
  }),
  'no-client': ({ home }: { home: string }) => ({
    what: `There is no client in ${home}.`,
    todo: 'Make one with `keyrite client init --name NAME --board URL`, or set KEYRITE_HOME to its folder.',
  }),
  'no-airgap': ({ home }: { home: string }) => ({
    what: `There is no airgap in ${home}.`,
    todo: 'Make one with `keyrite airgap init`, or set KEYRITE_HOME to its folder.',
  }),
  'not-paired': ({ name }: { name: string }) => ({
    what: `The client of ${name} is not paired with its airgap yet.`,
    todo: 'Run `keyrite client pair` here and `keyrite airgap card` on the airgap, face to face.',
  }),
  pairing: ({ name }: { name: string }) => ({
    what: `The airgap answered with a card that is not that of ${name}.`,
    todo: 'Check that it is your own airgap, and that nothing else shows codes to this machine; then pair again.',
  }),
  channel: ({ value, ways }: { value: string; ways: string }) => ({
    what: `There is no channel ${quoted(value)}.`,
    todo: `Use ${ways}.`,
  }),
  'no-page': ({ path }: { path: string }) => ({
    what: `The page for the camera is not there: ${path}.`,
    todo: 'Build it with `npm run build`, or install keyrite again. Meanwhile --channel terminal needs none.',
  }),
  roster: ({ why }: { why: string }) => ({
    what: `The roster cannot be made: ${why}.`,
    todo: 'Every participant runs `keyrite client ready SCRIPT` first; then open again, with --roster to name who takes part.',
  }),
  ceremony: ({ why }: { why: string }) => ({
    what: `No ceremony to work on: ${why}.`,
    todo: 'See the ceremonies of this board with `keyrite client status`, and name one by the first digits of its id.',
  }),
  withheld: ({ why }: { why: string }) => ({
    what: `Nothing was written: ${why}.`,
    todo: 'Ask the storage’s operator for it; or export on the machine of a participant whose client has kept it.',
  }),
  followed: ({ name, wanted, why, todo }: { name: string; wanted: string; why: string; todo?: string }) => ({
    what: `The ${name} ${wanted} cannot be used: ${why}.`,
    todo: todo ?? 'See the keys that this client took part in with `keyrite client keys`, and name one by the first digits of its ceremony’s id.',
  }),
  rehearsal: ({ isKey }: { isKey: boolean }) => ({
    what: isKey ? 'That key is a rehearsal’s, and signs in rehearsals only.' : 'That key is real, and never signs in a rehearsal.',
    todo: isKey ? 'Add --rehearsal: all that it makes is then marked as one. Or name a real key.' : 'Leave out --rehearsal, or name a rehearsal’s key.',
  }),
  signatures: ({ ceremony, why }: { ceremony: string; why: string }) => ({
    what: `The ceremony ${ceremony} has no such signatures: ${why}.`,
    todo: 'See what was signed with `keyrite client keys`, and how far a signing is with `keyrite client status`.',
  }),
  accept: ({ ceremony, number }: { ceremony: string; number: string }) => ({
    what: `The ceremony ${ceremony} has the number ${number}, which is not the one that --accept names.`,
    todo: 'Compare the number with the other participants. If it is right, run `keyrite airgap run` again and confirm it on this screen.',
  }),
  'number-form': ({ value }: { value: string }) => ({
    what: `${quoted(value)} is no ceremony number: it has forty digits.`,
    todo: 'Give --accept the whole number that `keyrite client open` and `keyrite client status` show.',
  }),
  'whole-id': ({ value }: { value: string }) => ({
    what: `${quoted(value)} is no whole id of a ceremony: that is 64 small hex digits.`,
    todo: 'Give it as `keyrite client open` and `keyrite client status --json` print it.',
  }),
  'script-file': ({ path, why, shipped }: { path: string; why: string; shipped: readonly string[] }) => ({
    what: `The script ${path} cannot be read: ${why}.`,
    todo: `Name a file, or one of the ceremonies that ship with keyrite: ${shipped.join(', ')}.`,
  }),
  'script-invalid': ({ file, count, text }: { file: string; count: number; text: string; diagnostics: readonly object[] }) => ({
    what: `The script ${file} is refused, with ${counted(count, 'problem')}:\n\n${text}\n`,
    todo: `Mend it, then look again with \`keyrite ceremony validate ${file}\`.`,
  }),
  library: ({ path, why }: { path: string; why: string }) => ({
    what: `The library ${path} cannot be used: ${why}.`,
    todo: 'Give --library a folder that holds the followed ceremony as NAME.yaml.',
  }),
  parameters: ({ problems }: { problems: readonly string[] }) => ({
    what: `The parameters are not right:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    todo: 'Give each parameter of the script once, as --set NAME=VALUE.',
  }),
  participants: ({ why }: { why: string }) => ({
    what: `It is not clear who takes part: ${why}.`,
    todo: `Give --participants with a number, or --names with names separated by commas (each ${NAME_SAYS}).`,
  }),
  'new-name': ({ name, why }: { name: string; why: string }) => ({
    what: `A new ceremony cannot be called ${quoted(name)}: ${why}.`,
    todo: `Choose another name: ${NAME_SAYS}, and none of a ceremony that ships with keyrite.`,
  }),
  'file-exists': ({ path }: { path: string }) => ({
    what: `${path} exists already; nothing was changed.`,
    todo: 'Choose another file, or replace it with --force.',
  }),
  'backup-there': ({ path }: { path: string }) => ({
    what: `${path} exists already; nothing was written.`,
    todo: 'Name another file: a backup never replaces one.',
  }),
  'no-backup': ({ path }: { path: string }) => ({
    what: `There is no file ${path}.`,
    todo: 'Name the file that `keyrite airgap backup` wrote. Without one, the 24 words do: `keyrite airgap init --restore`.',
  }),
  'file-write': ({ path, why }: { path: string; why: string }) => ({
    what: `${path} cannot be written: ${why}.`,
    todo: 'Check that its folder is there, that you may write to it, and that the disk is not full.',
  }),
  listen: ({ value }: { value: string }) => ({
    what: `${quoted(value)} is no address to listen on.`,
    todo: 'Give --listen HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080; port 0 takes a free one.',
  }),
  /** `isHost`: whoever makes the token reads it, not a participant. */
  'join-token': ({ path, why, isHost }: { path: string; why: string; isHost: boolean }) => ({
    what: `The join token file ${path} cannot be used: ${why}.`,
    todo: isHost
      ? `Give the file whose first line is the token, ${TOKEN_SAYS}, or let --new-join-token make it.`
      : 'Give the file with the token that the board’s host sent you. If it has another one, ask for it again.',
  }),
  'demo-folder': ({ path, why }: { path: string; why: string }) => ({
    what: `The demo cannot keep its files in ${path}: ${why}.`,
    todo: 'Name an empty folder, or one that is not there yet.',
  }),
  'demo-process': ({ command, home, code, said }: { command: string; home: string; code: string | number; said: string }) => ({
    what: `\`keyrite ${command}\` in ${home} ended with ${String(code)}. It said:\n${said}`,
    todo: 'Run the demo again with --keep DIR, and look at the logs there.',
  }),
  'stale-manifest': ({ file }: { file: string }) => ({
    what: `The program was compiled anew, and ${file}, which lists its commands, was not written anew.`,
    todo: 'Run `npm run build`, which does both.',
  }),
  bundle: ({ why }: { why: string }) => ({
    what: `The bundle was not made: ${why}.`,
    todo: 'Run `npm ci && npm run bundle` in a clean clone.',
  }),
  interrupted: ({ isKept }: { isKept: boolean }) => ({
    what: 'Stopped.',
    todo: isKept ? 'Run the command again: it goes on where it stopped.' : 'It left nothing behind; run the command again to begin anew.',
  }),
  usage: ({ why, command }: { why: string; command: string }) => ({
    what: why,
    todo: `See \`${command} --help\`.`,
  }),
  endless: ({ ceremony, role, state }: { ceremony: string; role: string; state: string }) => ({
    what: `The ${role}’s machine of ${ceremony} can come to ${state}, from where nothing leads to an end.`,
    todo: 'Do not run this ceremony. That is a bug in keyrite, not in the script; please report it, with the script.',
  }),
  bug: ({ why }: { why: string }) => ({
    what: `Something unexpected happened: ${why}`,
    todo: 'This is probably a bug in keyrite; please report it, with what DEBUG=keyrite:* shows.',
  }),
})

declare module '../engine/base/errors.ts' {
  interface ErrorTables { readonly cli: typeof cliError.table }
}

/** The exit codes. Scripts rely on them, so a number never changes its meaning. */
export const EXIT = {
  ok: 0,
  /** This machine failed: disk, memory, a lock, a port, a bug. */
  failure: 1,
  /** The command line was wrong. */
  usage: 2,
  /** An input is refused: a script, a request, a passphrase, a file. */
  refused: 3,
  /** The ceremony was aborted. */
  aborted: 4,
  /** The verified file is not right. */
  unverified: 5,
  /** A storage or another machine did not answer, or its answer made no sense. */
  unreachable: 6,
  /** Ctrl-C or another signal stopped it. */
  interrupted: 130,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

type Exits = { readonly [A in Area]: ExitCode | ({ readonly else: ExitCode } & { readonly [R in Reason<A>]?: ExitCode }) }

/** Exit codes by the error's area and, where an area's errors are not all alike, by reason. */
const EXITS: Readonly<Record<string, ExitCode | Readonly<Partial<Record<string, ExitCode>>>>> = {
  bytes: EXIT.refused,
  container: EXIT.refused,
  wire: EXIT.refused,
  lobby: EXIT.refused,
  crypto: EXIT.refused,
  script: EXIT.refused,
  verb: EXIT.refused,
  message: EXIT.refused,
  channel: EXIT.refused,
  run: EXIT.refused,
  airgap: EXIT.refused,
  board: {
    else: EXIT.refused,
    unreachable: EXIT.unreachable,
    tampered: EXIT.unreachable,
  },
  vault: {
    else: EXIT.failure,
    passphrase: EXIT.refused,
    'wrong-passphrase': EXIT.refused,
    truncated: EXIT.refused,
    altered: EXIT.refused,
    armored: EXIT.refused,
    'not-json': EXIT.refused,
    'wrong-shape': EXIT.refused,
    'other-version': EXIT.refused,
  },
  file: {
    else: EXIT.failure,
    missing: EXIT.refused,
    exists: EXIT.refused,
    'not-a-file': EXIT.refused,
    'too-large': EXIT.refused,
  },
  lock: EXIT.failure,
  storage: {
    else: EXIT.failure,
    'bad-option': EXIT.usage,
    'bad-url': EXIT.usage,
    'first-version': EXIT.refused,
  },
  cli: {
    else: EXIT.failure,
    name: EXIT.usage,
    'no-client': EXIT.refused,
    'no-airgap': EXIT.refused,
    'not-paired': EXIT.refused,
    pairing: EXIT.refused,
    roster: EXIT.refused,
    ceremony: EXIT.refused,
    followed: EXIT.refused,
    rehearsal: EXIT.refused,
    signatures: EXIT.refused,
    accept: EXIT.refused,
    'script-file': EXIT.refused,
    'script-invalid': EXIT.refused,
    library: EXIT.refused,
    parameters: EXIT.refused,
    participants: EXIT.refused,
    'file-exists': EXIT.refused,
    'backup-there': EXIT.refused,
    'no-backup': EXIT.refused,
    'join-token': EXIT.refused,
    'new-name': EXIT.usage,
    listen: EXIT.usage,
    'number-form': EXIT.usage,
    'whole-id': EXIT.usage,
    channel: EXIT.usage,
    'no-terminal': EXIT.usage,
    'home-path': EXIT.usage,
    'not-the-same': EXIT.refused,
    interrupted: EXIT.interrupted,
    usage: EXIT.usage,
  },
} satisfies Exits

function exitOf(code: Code): ExitCode {
  const [area = '', reason = ''] = code.split('.')
  const exits = EXITS[area]
  return (typeof exits === 'object' ? exits[reason] ?? exits['else'] : exits) ?? EXIT.failure
}

/** An error as a person or a program is told of it. */
export interface Failure extends Pick<KeyriteError, 'code' | 'message' | 'todo' | 'facts'> {
  readonly exit: number
}

/** Says what went wrong, whatever was thrown. `command` is the one that was run; the hint names it. */
export function failureOf(thrown: unknown, command: string): Failure {
  const { code, message, todo, facts } = known(thrown, command)
  const exit = thrown instanceof CLIError ? thrown.oclif.exit : undefined
  return { code, message, todo, facts, exit: exit ?? exitOf(code) }
}

function known(thrown: unknown, command: string): KeyriteError {
  if (isKeyriteError(thrown)) return thrown
  if (isInterruption(thrown)) return cliError('interrupted', { isKept: /^\S+ (client|airgap|storage)/.test(command) })
  if (thrown instanceof CLIError) {
    // oclif adds colours, and a hint of its own below the message.
    return cliError('usage', { why: unpainted(thrown.message).replace(/\nSee more help with --help$/, ''), command })
  }
  return cliError('bug', { why: thrown instanceof Error ? thrown.message : String(thrown) })
}

/** True for Ctrl-C at a prompt and for the command's own signal. */
function isInterruption(error: unknown): boolean {
  return error instanceof Error && ['ExitPromptError', 'AbortPromptError', 'AbortError'].includes(error.name)
}

/** The lines for a person: what happened, what to do, and the code to search for. */
export function failureText({ code, message, todo }: Failure): string {
  return code === 'cli.interrupted' ? `\n${wrapped(`${message} ${todo}`, '')}`
    : `${wrapped(`Error: ${message}`, '  ')}\n  → ${wrapped(todo, '    ')}\n  (${code})`
}
