/** What an opening must be before anyone joins (protocol §3). Both roles and every auditor run the same checks. */
import { isKeyriteError } from '../base/errors.ts'
import { fromHex } from '../crypto/bytes.ts'
import { checkEd25519Key } from '../crypto/ed25519.ts'
import type { Ceremony, Script } from '../machines/ceremony.ts'
import type { Fields } from '../verbs/signature.ts'
import { fieldsCheck, fieldsProblem } from '../verbs/values.ts'
import { sameCard } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import { compileCheck, openingSchema } from '../wire/schema.ts'
import { runError } from './errors.ts'
import { followedBy, openingFields } from './followed.ts'
import type { FindFollowed } from './followed.ts'

/** Checks an opening's form. @throws wire.malformed */
export const checkOpeningForm = compileCheck<Opening>(openingSchema)

/** Why the card is unusable, or null. */
export function cardProblem(card: Card): string | null {
  for (const [what, key] of [['signing key', card.signingKey], ['airgap key', card.airgapKey]] as const) {
    const problem = checkEd25519Key(fromHex(key, 32))
    if (problem !== null) return `the ${what} of ${card.name} is unusable: ${problem}`
  }
  return card.signingKey === card.airgapKey ? `${card.name} has one key for both machines` : null
}

function rosterProblem(roster: readonly Card[]): string | null {
  for (const [i, card] of roster.entries()) {
    const before = roster[i - 1]
    if (before !== undefined && before.name === card.name) return `${card.name} is in the roster twice`
    if (before !== undefined && before.name > card.name) return 'the roster is not sorted by name'
    const problem = cardProblem(card)
    if (problem !== null) return problem
  }
  const keys = roster.flatMap((card) => [card.signingKey, card.airgapKey])
  return new Set(keys).size === keys.length ? null : 'two of its keys are equal'
}

/**
 * Checks an opening against its script: hash, version, parameters, roster.
 *
 * @param own the reader's own card, which must stand in the roster unaltered; absent for auditors
 * @param find finds the ceremony that this one follows
 * @throws run.opening with the reason
 */
export function checkOpening(opening: Opening, script: Script, own?: Card, find: FindFollowed = () => undefined): void {
  const { ceremony } = script
  const refuse = (why: string): never => {
    throw runError('opening', { why })
  }
  if (opening.script.hash !== script.hash) refuse('it names another script file')
  if (opening.script.name !== ceremony.name || opening.script.version !== ceremony.version) {
    refuse('its script’s name or version is not the file’s')
  }
  const { min, max } = ceremony.participants ?? { min: 2, max: 1024 }
  const n = opening.roster.length
  if (n < min || n > max) refuse(`it has ${n} participants; the script wants ${min} to ${max}`)
  const problem = rosterProblem(opening.roster)
  if (problem !== null) refuse(problem)
  if (!isDate(opening.opensAt)) refuse('opensAt is no date')
  try {
    fieldsCheck(fieldsOf(ceremony))(opening.parameters, 'The parameters')
  } catch (error) {
    if (isKeyriteError(error)) refuse(error.message.replace(/\.$/, ''))
    throw error
  }
  const parameter = fieldsProblem(fieldsOf(ceremony), opening.parameters, opening.roster)
  if (parameter !== null) refuse(`a parameter is wrong: ${parameter}`)
  if (own !== undefined) checkOwnCard(opening.roster, own)
  followedBy(ceremony, opening, find)
}

/** A runtime may read a 30th of February as some other day, and another one not at all. */
function isDate(opensAt: string): boolean {
  const time = Date.parse(opensAt)
  return !Number.isNaN(time) && new Date(time).toISOString() === opensAt.replace('Z', '.000Z')
}

const known = new WeakMap<Ceremony, Fields>()

/** One object for a ceremony, by which its schema is known again. */
function fieldsOf(ceremony: Ceremony): Fields {
  const fields = known.get(ceremony) ?? openingFields(ceremony)
  known.set(ceremony, fields)
  return fields
}

function checkOwnCard(roster: readonly Card[], own: Card): void {
  const found = roster.find((card) => card.name === own.name)
  if (found === undefined) throw runError('opening', { why: `your card (${own.name}) is not in its roster` })
  if (!sameCard(found, own)) {
    throw runError('opening', { why: `your card (${own.name}) was altered in its roster` })
  }
}

/** A step's deadline, in milliseconds since the epoch: opensAt plus the `within` of the steps up to it. */
export function deadlineOf(opening: Opening, script: Script, stepIndex: number): number {
  const within = script.ceremony.steps.slice(0, stepIndex + 1).reduce((sum, step) => sum + step.within, 0)
  return Date.parse(opening.opensAt) + within
}
