/** A board's messages counted, unchecked, to show how far a ceremony is: the participants' own clients check them. */
import type { Script, Step } from '../../engine/machines/ceremony.ts'
import type { Posted } from '../../engine/run/feed.ts'
import { ceremonyId } from '../../engine/wire/card.ts'
import type { Opening } from '../../engine/wire/card.ts'
import type { Progress } from '../screen/ceremony.ts'

export interface Tally extends Progress {
  /** Counts the log's next message. */
  readonly count: (posted: Posted) => void
}

/** @param some how many are enough in a step that does not want all */
export function makeTally({ ceremony }: Script, opening: Opening, some = 1): Tally {
  const id = ceremonyId(opening)
  const { roster } = opening
  const stated = new Set<string>()
  const placeOf = (step: string, name: string): string => `${step}\n${name}`
  const hasStated = (step: string, name: string): boolean => stated.has(placeOf(step, name))
  return {
    ceremony, roster, hasStated,
    disputes: [],
    get current() {
      const isDone = ({ name: step, collect: { kind } }: Step): boolean =>
        roster.filter(({ name }) => hasStated(step, name)).length >= (kind === 'all' ? roster.length : kind === 'any' ? 1 : some)
      const at = ceremony.steps.findIndex((step) => !isDone(step))
      return at === -1 ? ceremony.steps.length : at
    },
    count: ({ message: { statement } }) => {
      if (statement.ceremony !== id || statement.step === null) return
      stated.add(placeOf(statement.step, statement.from))
    },
  }
}
