/**
 * The ceremony that another one follows, by its id: a signing follows the key generation that made its key. Both roles
 * and every auditor hold the opening of the second against the first by the same rules.
 */
import type { Ceremony } from '../machines/ceremony.ts'
import type { Followed } from '../verbs/runtime.ts'
import type { Fields } from '../verbs/signature.ts'
import type { JsonObject } from '../wire/canonical.ts'
import type { Opening } from '../wire/card.ts'
import { runError } from './errors.ts'

/** Finds a finished ceremony by its id; undefined where there is none such here. */
export type FindFollowed<T extends Followed = Followed> = (id: string) => T | undefined

/** The parameters of an opening: the script's own, and the ids of what it follows. */
export const openingFields = ({ follows, parameters }: Ceremony): Fields =>
  ({ ...Object.fromEntries(Object.keys(follows).map((name) => [name, 'hash'])), ...parameters })

/** The ceremonies that an opening says it follows, by the script's local name. */
export function followedIds({ follows }: Ceremony, { parameters }: Opening): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(follows).map((name) => {
    const id = parameters[name]
    return [name, typeof id === 'string' ? id : '']
  }))
}

/**
 * Finds what an opening follows and holds it against that: the script, the rehearsal, and who takes part, by airgap keys, since
 * a participant may have got another client in between.
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
