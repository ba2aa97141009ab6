/** A ceremony's parameters on a command line: `--set NAME=VALUE`, read by the type that the script declares. */
import { isKeyriteError } from '../engine/base/errors.ts'
import { nearest } from '../engine/script/codes.ts'
import type { Fields } from '../engine/verbs/table.ts'
import { fieldsCheck, valueProblem } from '../engine/verbs/values.ts'
import { parseType, valueTypes } from '../engine/verbs/types.ts'
import type { Json, JsonObject } from '../engine/base/canonical.ts'
import { legibleProblem, quoted } from '../engine/base/text.ts'
import { wholeNumber } from '../engine/base/names.ts'
import type { Card } from '../engine/wire/card.ts'
import { cliError } from './errors.ts'

/**
 * Reads parameters. Numbers are decimal, text and hex are taken as they stand, a `message` and every list is JSON:
 * `--set threshold=3 --set purpose='The first key' --set messages='[{"kind":"text","text":"hello"}]'`.
 *
 * @param fields the types that the script declares, by name
 * @param sets `NAME=VALUE`, each
 * @param names the participants, where they are known: a quorum is at most as many, a participant is one of them
 * @throws cli.parameters with all that is unknown, missing, given twice, or not of its type
 */
export function parseParameters(fields: Fields, sets: readonly string[], names?: readonly string[]): JsonObject {
  const problems: string[] = []
  const values = new Map<string, Json>()
  const given = new Set<string>()
  for (const set of sets) {
    const [, name, text] = /^([^=]*)=(.*)$/s.exec(set) ?? []
    const type = name === undefined || !Object.hasOwn(fields, name) ? undefined : fields[name]
    if (name === undefined || text === undefined) problems.push(`${quoted(set, MOST_SAID)} is not NAME=VALUE`)
    else if (type === undefined) problems.push(unknown(name, Object.keys(fields)))
    else if (given.has(name)) problems.push(`${name} is given twice`)
    else {
      given.add(name)
      const { value, problem } = read(type, text, names)
      if (problem === undefined) values.set(name, value)
      else problems.push(`${name} is ${quoted(text, MOST_SAID)}: ${problem}. It wants ${wanted(type)}`)
    }
  }
  for (const [name, type] of Object.entries(fields)) {
    if (!given.has(name)) problems.push(`${name} is missing. It wants ${wanted(type)}`)
  }
  if (problems.length > 0) throw cliError('parameters', { problems })
  return Object.fromEntries(values)
}

type Reading = { readonly value: Json; readonly problem?: undefined } | { readonly value?: undefined; readonly problem: string }

function read(type: string, text: string, names: readonly string[] | undefined): Reading {
  const written = parse(type, text)
  if (written.problem !== undefined) return written
  const problem = shapeProblem(type, written.value) ?? (names === undefined ? null : valueProblem(type, written.value, names.map(cardOf)))
  return problem === null ? written : { problem }
}

function parse(type: string, text: string): Reading {
  const { name, list } = parseType(type)
  if (!list && (name === 'quorum' || name === 'count')) {
    const value = wholeNumber(text, 16)
    return value === undefined ? { problem: 'it is not a whole number' } : { value }
  }
  if (!list && name !== 'message') return { value: text }
  try {
    return { value: JSON.parse(text) as Json }
  } catch {
    return { problem: 'it is not JSON' }
  }
}

function shapeProblem(type: string, value: Json): string | null {
  try {
    fieldsCheck({ value: type })({ value }, 'It')
    return null
  } catch (error) {
    if (!isKeyriteError(error, 'wire.malformed')) throw error
    const where = error.facts.where.replace(/^\/value\/?/, '')
    const { why } = error.facts
    const illegible = typeof value === 'string' && why.startsWith('must match format') ? legibleProblem(value, { lines: true }) : null
    // A pattern helps nobody; the expected form follows in words.
    return illegible ?? `${where === '' ? 'it' : `its ${where}`} ${why.startsWith('must match ') ? 'has not the right form' : why}`
  }
}

/** A check of parameters looks only at the names of the cards and at their number. */
const cardOf = (name: string): Card => ({ name, signingKey: '', airgapKey: '', epoch: '' })

function unknown(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  if (near !== undefined) return `there is no parameter ${quoted(name, MOST_SAID)}; did you mean ${near}?`
  return `there is no parameter ${quoted(name, MOST_SAID)}; ${known.length === 0 ? 'the script has none' : `there is ${known.join(', ')}`}`
}

function wanted(type: string): string {
  const { name, list } = parseType(type)
  const doc = (Object.hasOwn(valueTypes, name) ? valueTypes[name]?.doc : undefined) ?? ''
  const plain = doc.replace(/\.$/, '')
  return list ? `a JSON list, each a ${name}: ${plain}` : `a ${name}: ${plain}`
}

/** The most characters of a typed value that an error quotes. */
const MOST_SAID = 60
