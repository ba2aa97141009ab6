/**
 * The rules by which a Ready and an Opening count (protocol §3); both come before any ceremony. Clients, auditors, the storage's
 * page and its admission all read them by these rules. A script's own demands on its opening stand in `run/opening.ts`.
 */
import { errorTable, isKeyriteError } from '../base/errors.ts'
import type { JsonObject } from '../base/canonical.ts'
import { cardProblem, ceremonyId, verifyCard } from './card.ts'
import type { Card, Opening, ScriptRef } from './card.ts'
import type { Linked } from './log.ts'
import { placeProblem, verifyMessage } from './message.ts'
import type { Message } from './message.ts'
import { cardSchema, compileCheck, hexSchema, nameSchema, objectSchema, openingSchema } from './schema.ts'
import type { Check } from './schema.ts'

export const lobbyError = errorTable('lobby', {
  'counts-for-nothing': ({ type, why }: { type: string; why: string }) => ({
    what: `The ${type} counts for nothing: ${why}.`,
    todo: 'Whoever posted it makes it anew: `keyrite client ready` or `keyrite client open`.',
  }),
})

declare module '../base/errors.ts' {
  interface ErrorTables { readonly lobby: typeof lobbyError.table }
}

export interface Ready extends JsonObject {
  readonly card: Card
  /** The airgap's signature that this is its present card. */
  readonly cardSignature: string
  readonly script: ScriptRef
}

export interface Opened {
  /** The ceremony id. */
  readonly id: string
  readonly opening: Opening
  readonly by: string
}

const checkReady = compileCheck<Ready>(
  objectSchema({ card: cardSchema, cardSignature: hexSchema(64), script: objectSchema({ name: nameSchema, hash: hexSchema(32) }) }),
)

/** Checks an opening's form. @throws wire.malformed */
export const checkOpeningForm = compileCheck<Opening>(openingSchema)

/**
 * Reads a Ready and checks all but its signatures, which take longer; gives null for another type of message.
 *
 * @throws lobby.counts-for-nothing
 */
export function readyIn(message: Message): Ready | null {
  const { type, from } = message.statement
  if (type !== 'Ready') return null
  const ready = payloadOf(message, checkReady)
  refuse(type, ready.card.name === from ? cardProblem(ready.card) : `it is from ${from}, with the card of ${ready.card.name}`)
  return ready
}

/** Did the card's own airgap sign it? */
export const isOwnCard = ({ card, cardSignature }: Ready): boolean => verifyCard(card, cardSignature)

/**
 * Reads an Opening and checks all but its signature; gives null for another type of message. Only its author's keys are
 * checked: those of a thousand cards take long, and everyone who joins checks them all.
 *
 * @throws lobby.counts-for-nothing
 */
export function openingIn(message: Message): Opened | null {
  const { type, from: by } = message.statement
  if (type !== 'Opening') return null
  const opening = payloadOf(message, checkOpeningForm)
  refuse(type, openingProblem(opening))
  const card = cardIn(opening, by)
  refuse(type, card === undefined ? `${by} is not in its roster` : cardProblem(card))
  return { id: ceremonyId(opening), opening, by }
}

const cardIn = ({ roster }: Opening, name: string): Card | undefined => roster.find((card) => card.name === name)

/** The reason why an opening of the right form counts for nothing, whatever its script, or null. */
export function openingProblem({ roster, opensAt }: Opening): string | null {
  for (const [i, { name }] of roster.entries()) {
    const before = roster[i - 1]?.name ?? ''
    if (before === name) return `${name} is in the roster twice`
    if (before > name) return 'the roster is not sorted by name'
  }
  return isDate(opensAt) ? null : 'opensAt is no date'
}

/** Is there such a date? One runtime may read a 30th of February as some other day, and another may refuse it. */
function isDate(opensAt: string): boolean {
  const time = Date.parse(opensAt)
  return !Number.isNaN(time) && new Date(time).toISOString() === opensAt.replace('Z', '.000Z')
}

/** The reason why a roster's keys cannot be used together, or null. */
export function rosterProblem(roster: readonly Card[]): string | null {
  for (const card of roster) {
    const problem = cardProblem(card)
    if (problem !== null) return problem
  }
  const keys = roster.flatMap((card) => [card.signingKey, card.airgapKey])
  return new Set(keys).size === keys.length ? null : 'two of its keys are equal'
}

function payloadOf<T>(message: Message, check: Check<T>): T {
  const { type, payload } = message.statement
  refuse(type, placeProblem(message))
  try {
    return check(payload, 'its payload')
  } catch (cause) {
    if (!isKeyriteError(cause)) throw cause
    throw lobbyError('counts-for-nothing', { type, why: cause.message.replace(/\.$/, '') }, cause)
  }
}

function refuse(type: string, why: string | null): void {
  if (why !== null) throw lobbyError('counts-for-nothing', { type, why })
}

// The two as every reader of a log takes them: with their signatures checked, and a wrong one ignored.

/** Reads a Ready that counts; gives undefined for any other message. */
export function readReady(message: Message): Ready | undefined {
  const ready = ifCounts(() => readyIn(message))
  return ready !== undefined && verifyMessage(message, ready.card.signingKey) && isOwnCard(ready) ? ready : undefined
}

/** Reads an Opening that counts; gives undefined for any other message, and for another copy of an opening that is known. */
export function readOpening(message: Message, isKnown: (id: string) => boolean = () => false): Opened | undefined {
  const opened = ifCounts(() => openingIn(message))
  if (opened === undefined || isKnown(opened.id)) return undefined
  const card = cardIn(opened.opening, opened.by)
  return card !== undefined && verifyMessage(message, card.signingKey) ? opened : undefined
}

function ifCounts<T>(read: () => T | null): T | undefined {
  try {
    return read() ?? undefined
  } catch (error) {
    if (isKeyriteError(error, 'lobby.counts-for-nothing')) return undefined
    throw error
  }
}

/** A value with the offset of its entry in the log. */
export type WithOffset<T> = T & { readonly offset: number }

type Read = Pick<Linked, 'message' | 'offset'>

/** Everyone's last valid Ready for the script with this hash, by name. */
export const readyFor = (entries: readonly Read[], hash: string): readonly WithOffset<Ready>[] => lastReady(entries, (ready) => ready.script.hash === hash)

/** Everyone's last valid Ready for any script, by name. */
export const readyOf = (entries: readonly Read[]): readonly WithOffset<Ready>[] => lastReady(entries, () => true)

function lastReady(entries: readonly Read[], counts: (ready: Ready) => boolean): readonly WithOffset<Ready>[] {
  const found = new Map<string, WithOffset<Ready>>()
  for (const { message, offset } of entries) {
    const ready = readReady(message)
    if (ready !== undefined && counts(ready)) found.set(ready.card.name, { ...ready, offset })
  }
  return [...found.values()].sort((a, b) => (a.card.name < b.card.name ? -1 : 1))
}

/** Every opening that counts, in the log's order, each once. */
export function openedIn(entries: readonly Read[]): readonly WithOffset<Opened>[] {
  const found = new Map<string, WithOffset<Opened>>()
  for (const { message, offset } of entries) {
    const opened = readOpening(message, (id) => found.has(id))
    if (opened !== undefined) found.set(opened.id, { ...opened, offset })
  }
  return [...found.values()]
}
