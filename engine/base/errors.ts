/**
 * Errors with a code and facts. Each area declares one closed table. Messages are built there and nowhere else, and
 * no code parses one. Facts are public by rule: never put a secret in one.
 */
import { printable } from './text.ts'

/** The text of an error for a person: what happened, and what to do about it. */
export interface ErrorText {
  readonly what: string
  readonly todo: string
}

/**
 * Every area's table, by the prefix of its codes. This file knows none of them: each area adds its own beside its table,
 * in a `declare module` with `interface ErrorTables { readonly wire: typeof wireError.table }`.
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- others fill it
export interface ErrorTables {}

export type Area = keyof ErrorTables

/** The reasons of one area, the second half of its codes. */
export type Reason<A extends Area> = keyof ErrorTables[A] & string

/** Every code that there is, or those of one area: `area.reason`, for example `wire.not-canonical`. */
export type Code<A extends Area = Area> = { [K in A]: `${K}.${Reason<K>}` }[A]

/** The facts of the errors with these codes. */
export type FactsOf<C extends string> = C extends `${infer A extends Area}.${infer R}` ? FactsIn<ErrorTables[A], R> : never
type FactsIn<T, R> = R extends keyof T ? (T[R] extends (facts: infer F) => ErrorText ? F : never) : never

/** The mark of keyrite's errors, the same in every copy of this file: a program and a library that it uses may each load a copy. */
const MARK = Symbol.for('keyrite.error')

/** An error of keyrite. The type parameter is its code where that is known, else any code. */
export class KeyriteError<C extends string = Code, F = FactsOf<C>> extends Error {
  override readonly name = 'KeyriteError'
  readonly [MARK] = true
  readonly code: C
  /** JSON values that locate the problem. Public. */
  readonly facts: Readonly<F>
  /** The advice to the reader: what to do now. */
  readonly todo: string

  constructor(code: C, facts: F, text: ErrorText, cause?: unknown) {
    // Facts quote input from outside, even names of members, which could hold control characters.
    super(printable(text.what), cause === undefined ? undefined : { cause })
    this.code = code
    this.facts = facts
    this.todo = printable(text.todo)
  }
}

/** The facts of each reason. They are never `unknown`: that would make the facts of a union of errors unknown too. */
type FactsByReason<F> = { readonly [R in keyof F]: object }

/** One text builder for each reason. Its argument is the facts of that reason. */
export type Table<F extends FactsByReason<F>> = { readonly [R in keyof F]: (facts: F[R]) => ErrorText }

/** Makes the errors of one area, typed by its table. */
export interface ErrorMaker<A extends Area, F extends FactsByReason<F>> {
  <R extends keyof F & string>(reason: R, facts: F[R], cause?: unknown): KeyriteError<`${A}.${R}`, F[R]>
  readonly table: Table<F>
  /** Is this an error of the area? */
  readonly made: (error: unknown) => error is KeyriteError<Code<A>>
}

/**
 * The error maker of one area.
 *
 * @param area the codes' prefix, under which the table stands in `ErrorTables`
 */
export function errorTable<A extends Area, F extends FactsByReason<F>>(area: A, table: Table<F>): ErrorMaker<A, F> {
  const make = <R extends keyof F & string>(reason: R, facts: F[R], cause?: unknown) =>
    new KeyriteError(`${area}.${reason}`, facts, table[reason](facts), cause)
  const made = (error: unknown): error is KeyriteError<Code<A>> => isKeyriteError(error) && error.code.startsWith(`${area}.`)
  return Object.assign(make, { table, made })
}

/** Is this an error of keyrite, with one of these codes if any are given? */
export function isKeyriteError<C extends Code = Code>(error: unknown, ...codes: readonly C[]): error is KeyriteError<C> {
  return error instanceof Error && MARK in error && (codes.length === 0 || codes.some((code) => 'code' in error && code === error.code))
}
