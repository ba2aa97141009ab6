/**
 * Questions at the terminal. Secrets come from here or from a file, never from an argument or the environment.
 * Questions go to stderr, so that stdout stays for results.
 */
import { checkNewPassphrase } from '../engine/vault/passphrase.ts'
import { cliError } from './errors.ts'
import { passphraseInFile } from './secret-file.ts'

/** The package is loaded only where somebody is asked at a terminal. */
const prompts = () => import('@inquirer/prompts')

export interface PassphraseQuestion {
  /** The thing that it opens, for the question, such as `this airgap's vault`. */
  readonly of: string
  /** The value of `--passphrase-file`. */
  readonly file?: string | undefined
  /** True for a passphrase that is being chosen: it is asked twice and held to the rules for new ones. */
  readonly isNew?: boolean
  readonly signal?: AbortSignal
}

/**
 * Reads a passphrase from its file, or asks for it.
 *
 * @throws cli.no-terminal, cli.not-the-same, vault.passphrase, container.*, file.missing, file.unreadable, file.too-large
 */
export async function askPassphrase(question: PassphraseQuestion): Promise<string> {
  if (question.file !== undefined) {
    const passphrase = await passphraseInFile(question.file)
    if (question.isNew === true) checkNewPassphrase(passphrase)
    return passphrase
  }
  requireTerminal(`The passphrase of ${question.of}`, '--passphrase-file FILE')
  if (question.isNew !== true) return await askHidden(`Passphrase of ${question.of}:`, () => undefined, question.signal)
  for (let attempt = 0; attempt < 3; attempt++) {
    const first = await askHidden(`New passphrase for ${question.of}:`, checkNewPassphrase, question.signal)
    const second = await askHidden('The same again:', () => undefined, question.signal)
    if (first === second) return first
    process.stderr.write('They are not the same. Once more.\n')
  }
  throw cliError('not-the-same', { what: `The passphrase of ${question.of}` })
}

/**
 * Asks for yes or no; Enter alone means no.
 *
 * @param flag the flag that replaces the question where there is no terminal
 * @throws cli.no-terminal
 */
export async function askYesNo(message: string, flag: string, signal?: AbortSignal): Promise<boolean> {
  requireTerminal('A confirmation', flag)
  const { confirm } = await prompts()
  return await confirm({ message, default: false }, contextOf(signal))
}

/**
 * Asks for a line of text that everyone may see.
 *
 * @param refuse gives the reason why an answer is refused, or undefined
 * @param flag the flag that replaces the question where there is no terminal
 * @throws cli.no-terminal
 */
export async function askLine(
  message: string,
  flag: string,
  refuse: (answer: string) => string | undefined = () => undefined,
  signal?: AbortSignal,
): Promise<string> {
  requireTerminal(message, flag)
  const { input } = await prompts()
  return await input({ message, validate: (answer) => refuse(answer) ?? true }, contextOf(signal))
}

/**
 * Asks for a line that is not shown while it is typed, such as a mnemonic that is restored.
 *
 * @throws cli.no-terminal
 */
export async function askSecret(message: string, flag: string, check: (answer: string) => void, signal?: AbortSignal): Promise<string> {
  requireTerminal(message, flag)
  return await askHidden(message, check, signal)
}

async function askHidden(message: string, check: (answer: string) => void, signal: AbortSignal | undefined): Promise<string> {
  const { password } = await prompts()
  const validate = (answer: string): true | string => {
    try {
      check(answer)
      return true
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
  return await password({ message, validate }, contextOf(signal))
}

const contextOf = (signal: AbortSignal | undefined) => ({ output: process.stderr, ...(signal === undefined ? {} : { signal }) })

/** @throws cli.no-terminal where nobody can be asked */
export function requireTerminal(
  what: string, flag: string, input: { readonly isTTY?: boolean } = process.stdin, output: { readonly isTTY?: boolean } = process.stderr,
): void {
  if (input.isTTY !== true || output.isTTY !== true) throw cliError('no-terminal', { what, flag })
}
