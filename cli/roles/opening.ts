/** Makes the opening of a ceremony, new or again. */
import { randomBytes } from 'node:crypto'
import { toHex } from '../../engine/base/bytes.ts'
import type { Ceremony, Script } from '../../engine/machines/ceremony.ts'
import { grouped } from '../../engine/messages/kind.ts'
import type { Signable } from '../../engine/messages/kind.ts'
import { isBlind, signerOf } from '../../engine/messages/kinds.ts'
import type { Linked } from '../../engine/wire/log.ts'
import { checkOpeningForm, readyFor, readyOf } from '../../engine/wire/lobby.ts'
import type { Opened } from '../../engine/wire/lobby.ts'
import { checkOpening } from '../../engine/run/opening.ts'
import { textIn } from '../../engine/base/container.ts'
import { readBounded, whyNot } from '../../engine/base/files.ts'
import { canonical, canonicalBytes, parseCanonical } from '../../engine/base/canonical.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { quoted } from '../../engine/base/text.ts'
import { counted } from '../../engine/base/words.ts'
import { instantOf, isName, NAME } from '../../engine/base/names.ts'
import type { Card, Opening } from '../../engine/wire/card.ts'
import { MAX_MESSAGE } from '../../engine/wire/message.ts'
import { cliError } from '../errors.ts'
import { parseParameters } from '../parameters.ts'
import { crlfHash } from '../../engine/script/load.ts'
import { readScript } from '../scripts.ts'
import type { FollowedLedgers, Ledgers } from './client-session.ts'
import { readMessagesFile } from './message-file.ts'

export interface OpeningWish {
  readonly script: Script
  readonly parameters: JsonObject
  readonly roster: readonly Card[]
  readonly rehearsal: boolean
  /** The ceremonies that it follows, by the script's names for them. */
  readonly followed?: FollowedLedgers
}

/**
 * Makes an opening, checked as every airgap will check it.
 *
 * @throws run.opening
 */
export function makeOpening({ script, parameters, roster, rehearsal, followed = {} }: OpeningWish, own: Card, now: Date): Opening {
  const { name, version } = script.ceremony
  const opening: Opening = {
    script: { name, version, hash: script.hash },
    parameters,
    roster: [...roster].sort((a, b) => (a.name < b.name ? -1 : 1)),
    opensAt: instantOf(now),
    nonce: toHex(randomBytes(32)),
    rehearsal,
  }
  // It is checked as every reader will see it, from its canonical JSON.
  const find = (id: string) => Object.values(followed).find((one) => one.id === id)
  checkOpening(checkOpeningForm(parseCanonical(canonical(opening), 'The opening'), 'The opening'), script, own, find)
  return opening
}

/**
 * The cards of a roster: all who are ready for the script, or those that `--roster` names.
 *
 * @param wanted names separated by commas, or the path of a file with a name a line; undefined for all
 * @param me the opener, who takes part
 * @throws cli.roster
 */
export async function rosterOf(posts: readonly Linked[], script: Script, wanted: string | undefined, me: string): Promise<readonly Card[]> {
  const ready = readyFor(posts, script.hash).map((one) => one.card)
  if (wanted === undefined) {
    if (!ready.some((card) => card.name === me)) throw cliError('roster', { why: `you, ${me}, are not ready for ${script.ceremony.name} with this very file yourself` })
    const twice = ready.find((card, i) => ready.findIndex((one) => one.airgapKey === card.airgapKey) < i)
    const first = ready.find((one) => one.airgapKey === twice?.airgapKey)
    if (twice !== undefined && first !== undefined) {
      throw cliError('roster', { why: `${first.name} and ${twice.name} are ready with one and the same airgap, so only one of the two can be that participant’s client now` })
    }
    if (ready.length < 2) throw cliError('roster', { why: `only you, ${me}, are ready for ${script.ceremony.name} with this very file` })
    return ready
  }
  const names = await namesOf(wanted, me)
  return names.map((name) => {
    const card = ready.find((one) => one.name === name)
    if (card !== undefined) return card
    const other = readyFor(posts, crlfHash(script)).some((one) => one.card.name === name)
    throw cliError('roster', { why: `${name} is not ready for ${script.ceremony.name} with this very file${other ? ', but with one that has CR LF at its line ends, as git and editors on Windows leave them; with plain newlines it is this one' : ''}` })
  })
}

async function readRoster(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(path, 64 * 1024)
  } catch (error) {
    throw cliError('roster', { why: `${quoted(path)} is neither a list of names nor a file that can be read (${whyNot('read', error)})` }, error)
  }
}

const NAMES = new RegExp(`^${NAME}(,${NAME})+$`)

/**
 * The names in `--roster`, or in the file that it names.
 *
 * @param me the opener, who takes part
 * @throws cli.roster, container.*
 */
export async function namesOf(wanted: string, me: string): Promise<readonly string[]> {
  // A roster has two names at least, so one word is a file.
  const isList = NAMES.test(wanted)
  const text = isList ? wanted : textIn(await readRoster(wanted), wanted)
  const names = text.split(/[\s,]+/).filter((name) => name !== '')
  const wrong = names.find((name) => !isName(name))
  if (wrong !== undefined) throw cliError('roster', { why: `${quoted(wrong)} is no name` })
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw cliError('roster', { why: `${twice} is named twice` })
  if (!names.includes(me)) throw cliError('roster', { why: `you, ${me}, are not in it, and only who takes part can open` })
  if (names.length < 2) throw cliError('roster', { why: 'one participant is too few' })
  return names
}

/**
 * The command that opens a ceremony of this script among those who are ready so far. @param named the script as its
 * owner named it
 */
export function openCommand(posts: readonly Linked[], script: Script, named: string): string {
  const { parameters, follows } = script.ceremony
  const given = Object.entries(parameters).map(([name, type]) => (type === '[message]' ? '--messages FILE' : name === 'purpose' ? '--purpose TEXT' : `--set ${name}=…`))
  const after = Object.keys(follows).map((name) => `--set ${name}=ID`)
  const ready = readyFor(posts, script.hash).map(({ card }) => card.name)
  // A ceremony that follows another takes its roster from that.
  const roster = after.length > 0 ? [] : [`--roster ${ready.join(',')}`]
  return ['keyrite client open', named, ...after, ...given, ...roster].join(' ')
}

// A ceremony that follows a finished one needs more to be opened: which one, and who of its participants takes part.

export interface SplitSets {
  /** The first digits of each followed ceremony's id, by the script's name for it. */
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
 * The finished ceremonies with these ids. They must be rehearsals if, and only if, the new one is a rehearsal.
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
 * The roster of a ceremony that follows another: all of its participants with their cards from there, and the opener
 * with its own. Nobody has to be ready anew. A participant with another client since then is named in `--roster` by its
 * new name, and found by that client's Ready and by the airgap, which is the same.
 *
 * @throws cli.roster
 */
export async function rosterAfter(posts: readonly Linked[], followed: FollowedLedgers, wanted: string | undefined, own: Card): Promise<readonly Card[]> {
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

/**
 * Warnings about clients whose Ready is later than that of the client in the roster and names the same airgap. If that
 * is right, they are to be named in `--roster`.
 */
export function otherClients(posts: readonly Linked[], roster: readonly Card[]): readonly string[] {
  const all = readyOf(posts)
  return all.flatMap(({ card, offset }) => {
    const member = roster.find((one) => one.airgapKey === card.airgapKey && one.name !== card.name)
    const since = all.find((one) => one.card.name === member?.name)?.offset ?? -1
    return member === undefined || offset < since ? [] : [`${card.name} has posted Ready with the airgap of ${member.name}. If ${member.name} has that client now, name it in --roster instead.`]
  })
}

/** Warnings about messages that deserve a second look before they are opened. */
export function messageWarnings(messages: readonly Signable[], followed: FollowedLedgers): readonly string[] {
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

/** Bytes of a posted opening's message besides its parameters and its roster. */
const AROUND = 16_384

/** @throws cli.parameters where an opening would not fit in one message */
export function checkFits(parameters: JsonObject, roster: readonly Card[]): void {
  const [size, most] = [canonicalBytes({ parameters, roster }).length, MAX_MESSAGE - AROUND]
  if (size <= most) return
  const why = `together the parameters take ${grouped(size)} bytes, and an opening holds ${grouped(most)}: sign in several ceremonies, or sign files instead of long texts`
  throw cliError('parameters', { problems: [why] })
}

// The wish of a command line to open a ceremony, or to open an earlier one again.

export interface OpenFlags {
  readonly set: readonly string[]
  readonly messages?: string | undefined
  readonly purpose?: string | undefined
  readonly roster?: string | undefined
  readonly rehearsal: boolean
}

/** The values on a command line, checked as far as possible without the board. */
export interface Given {
  readonly script: Script
  readonly follows: Readonly<Record<string, string>>
  readonly sets: readonly string[]
  readonly roster: string | undefined
  readonly rehearsal: boolean
}

/**
 * Reads the values on a command line. @throws cli.script-file, cli.script-invalid, cli.library, cli.parameters,
 * message.*
 */
export async function readGiven(named: string, flags: OpenFlags): Promise<Given> {
  const script = await readScript(named)
  const { follows, rest } = splitSets(script.ceremony, flags.set)
  const { messages, purpose, roster, rehearsal } = flags
  const sets = [
    ...rest,
    ...(purpose === undefined ? [] : [`purpose=${purpose}`]),
    ...(messages === undefined ? [] : [`messages=${JSON.stringify((await readMessagesFile(messages)).items)}`]),
  ]
  parseParameters(script.ceremony.parameters, sets)
  return { script, follows, sets, roster, rehearsal }
}

/**
 * Adds the roster and the followed ceremonies, from the board. @throws cli.roster, cli.followed, cli.rehearsal,
 * cli.parameters
 */
export async function wishFor(ledgers: Ledgers, posts: readonly Linked[], { script, follows, sets, roster: wanted, rehearsal }: Given, own: Card): Promise<Required<OpeningWish>> {
  const { ceremony } = script
  const followed = await resolveFollows(ledgers, ceremony, follows, rehearsal)
  const isAfter = Object.keys(ceremony.follows).length > 0
  const roster = isAfter ? await rosterAfter(posts, followed, wanted, own) : await rosterOf(posts, script, wanted, own.name)
  const ids = Object.fromEntries(Object.entries(followed).map(([name, { id }]) => [name, id]))
  const parameters = { ...ids, ...parseParameters(ceremony.parameters, sets, roster.map((card) => card.name)) }
  checkFits(parameters, roster)
  return { script, parameters, roster, rehearsal, followed }
}

/** The wish that opens an earlier ceremony again. @throws cli.followed, run.unknown-script */
export async function wishAgain(ledgers: Ledgers, opened: Opened): Promise<Required<OpeningWish>> {
  const { script, followed, opening: { parameters, roster, rehearsal } } = await ledgers.of(opened)
  return { script, parameters, roster, rehearsal, followed }
}
