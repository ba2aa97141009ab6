/** Every diagnostic's code and text. Nothing else words one. */
import { declarationCodes } from './codes/declarations.ts'
import { flowCodes } from './codes/flow.ts'
import { stepCodes } from './codes/steps.ts'
import { textCodes } from './codes/text.ts'
import { verbCodes } from './codes/verbs.ts'
import { quotable } from './codes/wording.ts'
import type { Wording } from './codes/wording.ts'

const table = { ...textCodes, ...declarationCodes, ...verbCodes, ...stepCodes, ...flowCodes }

export type Code = keyof typeof table

/** The facts that a code's text is made of. */
export type FactsOf<C extends Code> =
  Parameters<(typeof table)[C]> extends [infer F extends object] ? F : Readonly<Record<string, never>>

/** All codes. */
export const codes: readonly string[] = Object.keys(table)

/** The text of a diagnostic. Whatever a fact takes from the script is cut and made printable first. */
export function wording<C extends Code>(code: C, facts: FactsOf<C>): Wording {
  const build = table[code] as (facts: unknown) => Wording
  return build(Object.fromEntries(Object.entries<unknown>({ ...facts }).map(([name, fact]) => [name, quotable(fact)])))
}
