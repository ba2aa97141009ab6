/** What a board's log says before and around ceremonies: who is ready for which script, and what was opened. */
import { isKeyriteError } from '../base/errors.ts'
import { ceremonyId, verifyCard } from '../wire/card.ts'
import type { Card, Opening, ScriptRef } from '../wire/card.ts'
import { placeProblem, verifyMessage } from '../wire/message.ts'
import { cardSchema, compileCheck, hexSchema, nameSchema, objectSchema } from '../wire/schema.ts'
import type { Posted } from './feed.ts'
import { cardProblem, checkOpeningForm } from './opening.ts'

interface ReadyPayload {
  readonly card: Card
  /** The airgap's word that this is its card of now. */
  readonly cardSignature: string
  readonly script: ScriptRef
}

const checkReady = compileCheck<{ readonly [key: string]: never } & ReadyPayload>(
  objectSchema({ card: cardSchema, cardSignature: hexSchema(64), script: objectSchema({ name: nameSchema, hash: hexSchema(32) }) }),
)

export interface Ready extends ReadyPayload {
  readonly offset: number
}

export interface Opened {
  /** The ceremony id. */
  readonly id: string
  readonly opening: Opening
  readonly by: string
  readonly offset: number
}

/** Everyone's last valid Ready for the script with this hash, by name. */
export const readyFor = (posts: readonly Posted[], hash: string): readonly Ready[] => lastReady(posts, (ready) => ready.script.hash === hash)

/** Everyone's last valid Ready for any script, by name. */
export const readyOf = (posts: readonly Posted[]): readonly Ready[] => lastReady(posts, () => true)

function lastReady(posts: readonly Posted[], counts: (ready: ReadyPayload) => boolean): readonly Ready[] {
  const found = new Map<string, Ready>()
  for (const { message, offset } of posts) {
    const { type, from, payload } = message.statement
    if (type !== 'Ready' || placeProblem(message) !== null) continue
    const ready = ifValid(() => checkReady(payload, 'A Ready'))
    if (ready === undefined || ready.card.name !== from || cardProblem(ready.card) !== null) continue
    if (!verifyMessage(message, ready.card.signingKey) || !verifyCard(ready.card, ready.cardSignature)) continue
    if (counts(ready)) found.set(from, { ...ready, offset })
  }
  return [...found.values()].sort((a, b) => (a.card.name < b.card.name ? -1 : 1))
}

/** Every opening that a participant of it signed, in the log's order, each once. */
export function openedIn(posts: readonly Posted[]): readonly Opened[] {
  const found = new Map<string, Opened>()
  for (const { message, offset } of posts) {
    const { type, from, payload } = message.statement
    if (type !== 'Opening' || placeProblem(message) !== null) continue
    const opening = ifValid(() => checkOpeningForm(payload, 'An Opening'))
    const card = opening?.roster.find((one) => one.name === from)
    if (opening === undefined || card === undefined || cardProblem(card) !== null) continue
    if (!verifyMessage(message, card.signingKey)) continue
    const id = ceremonyId(opening)
    if (!found.has(id)) found.set(id, { id, opening, by: from, offset })
  }
  return [...found.values()]
}

function ifValid<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isKeyriteError(error)) return undefined
    throw error
  }
}
