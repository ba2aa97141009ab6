/** Whom a log proves guilty, and who was accused and has not answered (protocol §5.6, §6). */
import type { Fault } from '../wire/abort.ts'
import type { DisputeState } from './disputes.ts'

export interface Conviction {
  readonly name: string
  readonly reason: string
  readonly why: string
}

export interface Unanswered {
  readonly name: string
  /** Who complains. */
  readonly by: string
}

/** Each once, however often it was done. */
export function convictedIn({ faults }: { readonly faults: readonly Fault[] }): readonly Conviction[] {
  const found = new Map<string, Conviction>()
  for (const { convicts, accused, reason, why } of faults) {
    const key = `${accused} ${reason}`
    if (convicts && accused !== null && !found.has(key)) found.set(key, { name: accused, reason, why })
  }
  return [...found.values()]
}

export const unansweredIn = ({ disputes }: { readonly disputes: readonly DisputeState[] }): readonly Unanswered[] =>
  disputes.flatMap(({ answered, accused, complainer }) => (answered ? [] : [{ name: accused, by: complainer }]))

/** One sentence, without its full stop. */
export const unansweredWords = ({ name, by }: Unanswered): string =>
  `${name} is accused by ${by} and has not answered: neither guilty nor cleared`
