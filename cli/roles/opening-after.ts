/** What opening a ceremony that follows a finished one wants besides: which one, and who of its participants takes part. */
import type { Ceremony } from '../../engine/machines/ceremony.ts'
import type { Message } from '../../engine/messages/kind.ts'
import { isBlind, signerOf } from '../../engine/messages/kinds.ts'
import { grouped } from '../../engine/messages/words.ts'
import type { Posted } from '../../engine/run/feed.ts'
import { readyOf } from '../../engine/run/lobby.ts'
import { canonicalBytes } from '../../engine/wire/canonical.ts'
import type { JsonObject } from '../../engine/wire/canonical.ts'
import type { Card } from '../../engine/wire/card.ts'
import { MAX_MESSAGE } from '../../engine/wire/message.ts'
import { cliError } from '../errors.ts'
import { counted } from '../words.ts'
import type { FollowedLedgers, Ledgers } from './ledgers.ts'
import { namesOf } from './opening.ts'

export interface SplitSets {
  /** What each followed ceremony's id begins with, by the script's name for it. */
  readonly follows: Readonly<Record<string, string>>
  /** The other `--set`s. */
  readonly rest: readonly string[]
}

/** Takes the ids of followed ceremonies out of `--set`. @throws cli.parameters for one that is missing or given twice */
export function splitSets({ follows }: Ceremony, sets: readonly string[]): SplitSets {
  const nameIn = (set: string): string => set.slice(0, Math.max(0, set.indexOf('=')))
  const problems: string[] = []
  const ids = Object.entries(follows).map(([name, script]) => {
    const given = sets.filter((set) => nameIn(set) === name)
    if (given.length === 0) problems.push(`${name} is missing. It wants the id of a finished ${script} ceremony, or its first digits`)
    if (given.length > 1) problems.push(`${name} is given twice`)
    return [name, given[0]?.slice(name.length + 1) ?? ''] as const
  })
  if (problems.length > 0) throw cliError('parameters', { problems })
  return { follows: Object.fromEntries(ids), rest: sets.filter((set) => !Object.hasOwn(follows, nameIn(set))) }
}

/**
 * The finished ceremonies with these ids, which must be a rehearsal's if and only if the new one is a rehearsal.
 *
 * @throws cli.followed, cli.rehearsal
 */
export async function resolveFollows(ledgers: Ledgers, { follows }: Ceremony, wanted: SplitSets['follows'], rehearsal: boolean): Promise<FollowedLedgers> {
  const found: [string, FollowedLedgers[string]][] = []
  for (const [name, id] of Object.entries(wanted)) {
    const ledger = await ledgers.finished(name, id)
    if (ledger.ceremony.name !== follows[name]) {
      throw cliError('followed', { name, wanted: id, why: `it is a ${ledger.ceremony.name}, and the script wants a ${follows[name] ?? ''}` })
    }
    if (ledger.opening.rehearsal !== rehearsal) throw cliError('rehearsal', { isKey: ledger.opening.rehearsal })
    found.push([name, ledger])
  }
  return Object.fromEntries(found)
}

/**
 * The roster of a ceremony that follows another: all of its participants with the cards that they had there, and the opener
 * with its own. Nobody has to be ready anew. One who has got another client since then is named in `--roster` by its new
 * name, and found by what that client posted as Ready and by the airgap, which is the same.
 *
 * @throws cli.roster
 */
export async function rosterAfter(posts: readonly Posted[], followed: FollowedLedgers, wanted: string | undefined, own: Card): Promise<readonly Card[]> {
  const members = Object.values(followed).flatMap(({ roster }) => roster)
  const isMember = ({ airgapKey }: Card): boolean => members.some((one) => one.airgapKey === airgapKey)
  if (!isMember(own)) throw cliError('roster', { why: `you, ${own.name}, took no part with this airgap in the ceremony that made the key` })
  const mine = (card: Card): Card => (card.airgapKey === own.airgapKey ? own : card)
  if (wanted === undefined) return members.map(mine)
  const ready = readyOf(posts).map(({ card }) => card)
  const names = await namesOf(wanted, own.name)
  return names.map((name) => {
    if (name === own.name) return own
    const card = members.find((one) => one.name === name) ?? ready.find((one) => one.name === name && isMember(one))
    if (card === undefined) throw cliError('roster', { why: `${name} took no part in the ceremony that made the key; its participants are ${members.map((one) => one.name).join(', ')}` })
    return mine(card)
  })
}

/** Clients that say, later than the one in the roster, that they speak for its airgap: to be named in `--roster` if that is so. */
export function otherClients(posts: readonly Posted[], roster: readonly Card[]): readonly string[] {
  const all = readyOf(posts)
  return all.flatMap(({ card, offset }) => {
    const member = roster.find((one) => one.airgapKey === card.airgapKey && one.name !== card.name)
    const since = all.find((one) => one.card.name === member?.name)?.offset ?? -1
    return member === undefined || offset < since ? [] : [`${card.name} has posted Ready with the airgap of ${member.name}. If ${member.name} has that client now, name it in --roster instead.`]
  })
}

/** What in the messages deserves a second look before they are opened. */
export function messageWarnings(messages: readonly Message[], followed: FollowedLedgers): readonly string[] {
  const keys = Object.values(followed).map(({ outputs = {} }) => outputs['groupKey'])
  const others = messages.filter((message) => {
    const signer = signerOf(message)
    return signer !== undefined && !keys.includes(signer)
  })
  const blind = messages.filter(isBlind)
  return [
    ...(others.length === 0 ? [] : [`WARNING: ${counted(others.length, 'message')} of ${String(messages.length)} (${kindsOf(others)}) count under another public key than this key: the signatures will be of no use there.`]),
    ...(blind.length === 0 ? [] : [`WARNING: ${counted(blind.length, 'message')} of ${String(messages.length)} would be signed blind. Airgaps refuse that without --allow-blind.`]),
  ]
}

const kindsOf = (messages: readonly { readonly kind: string }[]): string => [...new Set(messages.map(({ kind }) => kind))].join(', ')

/** Room for what stands around the parameters in the message that posts an opening, and for its roster. */
const AROUND = 16_384

/** @throws cli.parameters where an opening would not fit in one message */
export function checkFits(parameters: JsonObject, roster: readonly Card[]): void {
  const [size, most] = [canonicalBytes({ parameters, roster }).length, MAX_MESSAGE - AROUND]
  if (size <= most) return
  const why = `together the parameters take ${grouped(size)} bytes, and an opening holds ${grouped(most)}: sign in several ceremonies, or sign files instead of long texts`
  throw cliError('parameters', { problems: [why] })
}
