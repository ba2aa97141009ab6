/** What an opening brings to be signed, whatever its script calls it. */
import type { Script } from '../machines/ceremony.ts'
import { expandMessages } from '../messages/batch.ts'
import type { Message } from '../messages/kind.ts'
import { parseType } from '../verbs/types.ts'
import type { Json } from '../wire/canonical.ts'
import type { Opening } from '../wire/card.ts'

/** The messages of a checked opening, by parameter, templates written out. */
export function messagesIn({ ceremony: { parameters } }: Script, opening: Opening): ReadonlyMap<string, readonly Message[]> {
  return new Map(Object.entries(parameters).flatMap(([name, written]): [string, readonly Message[]][] => {
    const { name: type, list } = parseType(written)
    if (type !== 'message') return []
    const value = opening.parameters[name] ?? null
    return [[name, expandMessages(list && Array.isArray(value) ? (value as readonly Json[]) : [value])]]
  }))
}

/** All of them, in the script's order. */
export const allMessagesIn = (script: Script, opening: Opening): readonly Message[] => [...messagesIn(script, opening).values()].flat()
