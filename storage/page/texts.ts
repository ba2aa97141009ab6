/** Texts from the log, made fit to be shown: on one line, without what steers a screen, and no longer than people read. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { expandMessages, messagesHash } from '../../engine/messages/batch.ts'
import type { Json, JsonObject } from '../../engine/wire/canonical.ts'
import { printableLine } from '../../engine/wire/printable.ts'
import type { FactView } from './model.ts'

const MOST_CHARACTERS = 400
/** The most parameters or outputs that are shown of one ceremony. */
const MOST_FACTS = 24

/** A text of anybody's. Where it is cut, it says how long it was. */
export function line(text: string, most = MOST_CHARACTERS): string {
  const flat = printableLine(text.slice(0, 4 * most).replace(/\s+/g, ' '))
  if (text.length <= most) return flat
  return `${flat.slice(0, most).toWellFormed()}… (${text.length} characters)`
}

/** A value as a text: strings as they are, lists of anything long by their length. */
export function valueText(value: Json | undefined): string {
  if (typeof value === 'string') return line(value)
  const json = JSON.stringify(value ?? null)
  return Array.isArray(value) && json.length > MOST_CHARACTERS ? `${value.length} of them` : line(json)
}

/** The parameters of an opening; `types` as its script declares them, where that is known. */
export function parameterFacts(parameters: JsonObject, types: Readonly<Record<string, string>> | undefined, follows: readonly string[]): readonly FactView[] {
  const all = Object.entries(parameters).map(([key, value]): FactView => {
    const [name, type] = [line(key, 64), types?.[key]]
    if (follows.includes(key)) return { name, text: valueText(value), isCeremony: true }
    if (type === '[message]' && Array.isArray(value)) return { name, text: messagesText(value as readonly Json[]) }
    return { name, text: valueText(value), ...(type === 'text' ? { isClaim: true } : {}) }
  })
  return cut(all)
}

export const outputFacts = (outputs: JsonObject | undefined): readonly FactView[] =>
  cut(Object.entries(outputs ?? {}).map(([name, value]) => ({ name, text: valueText(value) })))

function cut(facts: readonly FactView[]): readonly FactView[] {
  const more = facts.length - MOST_FACTS
  return more > 0 ? [...facts.slice(0, MOST_FACTS), { name: '…', text: `and ${more} more` }] : facts
}

function messagesText(items: readonly Json[]): string {
  try {
    const messages = expandMessages(items)
    return `${messages.length} to be signed, SHA-256 ${messagesHash(messages)}`
  } catch (error) {
    if (isKeyriteError(error)) return 'not readable'
    throw error
  }
}
