/** The checks of an opening before anyone joins (protocol §3). Both roles and every auditor run the same. */
import { isKeyriteError } from '../base/errors.ts'
import type { Ceremony, Script } from '../machines/ceremony.ts'
import { expandMessages } from '../messages/batch.ts'
import type { Signable } from '../messages/kind.ts'
import { isBlind } from '../messages/kinds.ts'
import type { Followed } from '../verbs/runtime.ts'
import type { Fields } from '../verbs/table.ts'
import { fieldsCheck, fieldsProblem } from '../verbs/values.ts'
import { parseType } from '../verbs/types.ts'
import type { Json, JsonObject } from '../base/canonical.ts'
import { sameCard } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import { openingProblem, rosterProblem } from '../wire/lobby.ts'
import { runError } from './errors.ts'

// The ceremony that another one follows, by its id: a signing follows the key generation that made its key. Both roles
// and every auditor hold the opening of the second against the first by the same rules.

/** Finds a finished ceremony by its id; undefined where there is none here. */
type FindFollowed<T extends Followed = Followed> = (id: string) => T | undefined

/** The parameters of an opening: the script's own, and the ids of the ceremonies that it follows. */
const openingFields = ({ follows, parameters }: Ceremony): Fields =>
  ({ ...Object.fromEntries(Object.keys(follows).map((name) => [name, 'hash'])), ...parameters })

/** The ceremonies that an opening says it follows, by the script's local name. */
export function followedIds({ follows }: Ceremony, { parameters }: Opening): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(follows).map((name) => {
    const id = parameters[name]
    return [name, typeof id === 'string' ? id : '']
  }))
}

/**
 * Finds the ceremonies that an opening follows and compares it with them: the script, the rehearsal, and the participants, by their
 * airgap keys, since a participant may have got another client in between.
 *
 * @throws run.opening with the reason
 */
export function followedBy<T extends Followed>(ceremony: Ceremony, opening: Opening, find: FindFollowed<T>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(followedIds(ceremony, opening)).map(([name, id]) => {
    const refuse = (why: string) => runError('opening', { why })
    const found = find(id)
    if (found === undefined) throw refuse(`it follows the ceremony ${id.slice(0, 12)}, which is not known here as finished`)
    const { script, roster, rehearsal, parameters } = found.opening
    if (script.name !== ceremony.follows[name]) throw refuse(`it follows a ${script.name}, where the script wants a ${ceremony.follows[name] ?? ''}`)
    if (rehearsal !== opening.rehearsal) throw refuse(rehearsal ? 'a rehearsal’s key signs in rehearsals only' : 'it is a rehearsal, and the key that it uses is real')
    const stranger = opening.roster.find((card) => !roster.some((one) => one.airgapKey === card.airgapKey))
    if (stranger !== undefined) throw refuse(`${stranger.name} took no part with this airgap in the ceremony that it follows`)
    const wanted = quorumOf(ceremony, name, parameters)
    if (opening.roster.length < wanted) throw refuse(`it takes ${wanted} participants, and has ${opening.roster.length}`)
    return [name, found]
  }))
}

/** The most participants that any step collects from, by a parameter of the followed ceremony. */
function quorumOf({ steps }: Ceremony, name: string, parameters: JsonObject): number {
  return Math.max(1, ...steps.map(({ collect }) => {
    const isHere = collect.kind === 'count' && collect.of.from === 'followed-value' && collect.of.name === name
    return isHere ? Number(parameters[collect.of.field]) : 1
  }))
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
  const problem = openingProblem(opening) ?? rosterProblem(opening.roster)
  if (problem !== null) refuse(problem)
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

const known = new WeakMap<Ceremony, Fields>()

/** One object for each ceremony, by which its schema is known again. */
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

// The messages that an opening brings to be signed, whatever its script calls them.

/** The messages of a checked opening, by parameter, templates written out. */
export function messagesIn({ ceremony: { parameters } }: Script, opening: Opening): ReadonlyMap<string, readonly Signable[]> {
  return new Map(Object.entries(parameters).flatMap(([name, written]): [string, readonly Signable[]][] => {
    const { name: type, list } = parseType(written)
    if (type !== 'message') return []
    const value = opening.parameters[name] ?? null
    return [[name, expandMessages(list && Array.isArray(value) ? (value as readonly Json[]) : [value])]]
  }))
}

/** All messages of a checked opening, in the script's order. */
export const allMessagesIn = (script: Script, opening: Opening): readonly Signable[] => [...messagesIn(script, opening).values()].flat()

// Messages whose meaning nobody can see: an airgap signs them only where its owner allows it.

/** Refuses an opening with such a message; nothing is used up. @throws run.blind */
export function refuseBlind(id: string, script: Script, opening: Opening): void {
  const count = allMessagesIn(script, opening).filter(isBlind).length
  if (count > 0) throw runError('blind', { ceremony: id, count })
}
