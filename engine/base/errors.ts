/**
 * Errors with a code and the facts. Each folder declares one closed table in its `errors.ts`; messages are
 * built there and nowhere else, and nobody parses one. Facts are public by rule: never put a secret in one.
 */
import { printable } from './text.ts'

/** What a person reads: what happened, and what to do about it. */
export interface ErrorText {
  readonly what: string
  readonly todo: string
}

export class KeyriteError extends Error {
  override readonly name = 'KeyriteError'
  /** `area.reason`, for example `wire.not-canonical`. */
  readonly code: string
  /** JSON values that locate the problem. Public. */
  readonly facts: Readonly<Record<string, unknown>>
  /** What the reader can do now. */
  readonly todo: string

  constructor(code: string, facts: Readonly<Record<string, unknown>>, text: ErrorText, cause?: unknown) {
    // Facts quote what came from outside, down to the names of members.
    super(printable(text.what), cause === undefined ? undefined : { cause })
    this.code = code
    this.facts = facts
    this.todo = printable(text.todo)
  }
}

type Facts = Readonly<Record<string, unknown>>
type Table = Readonly<Record<string, (facts: never) => ErrorText>>

/** The facts that a table's entry wants. */
type FactsOf<T extends Table, C extends keyof T> = Parameters<T[C]>[0]

/**
 * Makes the error factory of one area.
 *
 * @param area the code's prefix
 * @param table one text builder per reason
 * @returns `make(reason, facts, cause?)`, typed by the table
 */
export function errorTable<T extends Table>(area: string, table: T) {
  return <C extends keyof T & string>(reason: C, facts: FactsOf<T, C> & Facts, cause?: unknown): KeyriteError => {
    const text = table[reason] as ((facts: Facts) => ErrorText) | undefined
    if (text === undefined) throw new TypeError(`no error ${area}.${reason}`)
    return new KeyriteError(`${area}.${reason}`, facts, text(facts), cause)
  }
}

/** Is this a KeyriteError with this code? */
export function isKeyriteError(error: unknown, code?: string): error is KeyriteError {
  return error instanceof KeyriteError && (code === undefined || error.code === code)
}
