/** Messages of which nobody can see what they are: an airgap signs them only where its owner allows it. */
import { expandMessages } from '../messages/batch.ts'
import { isBlind } from '../messages/kinds.ts'
import type { Message } from '../messages/kind.ts'
import type { Script } from '../script/model.ts'
import { parseType } from '../verbs/types.ts'
import type { Json } from '../wire/canonical.ts'
import type { Opening } from '../wire/card.ts'
import { runError } from './errors.ts'

/** The messages that a checked opening brings to be signed, by parameter. */
export function messagesIn({ ceremony: { parameters } }: Script, opening: Opening): ReadonlyMap<string, readonly Message[]> {
  return new Map(Object.entries(parameters).flatMap(([name, written]): [string, readonly Message[]][] => {
    const { name: type, list } = parseType(written)
    if (type !== 'message') return []
    const value = opening.parameters[name] ?? null
    return [[name, expandMessages(list && Array.isArray(value) ? (value as readonly Json[]) : [value])]]
  }))
}

/** @throws run.blind where there is a message that is signed blind; nothing is used up */
export function refuseBlind(id: string, script: Script, opening: Opening): void {
  const count = [...messagesIn(script, opening).values()].flat().filter(isBlind).length
  if (count > 0) throw runError('blind', { ceremony: id, count })
}
