/** Makes the opening of a ceremony, new or again. */
import { randomBytes } from 'node:crypto'
import { toHex } from '../../engine/crypto/bytes.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Posted } from '../../engine/run/feed.ts'
import { readyFor } from '../../engine/run/lobby.ts'
import { checkOpening, checkOpeningForm } from '../../engine/run/opening.ts'
import { readBounded } from '../../engine/vault/files.ts'
import { canonical, parseCanonical } from '../../engine/wire/canonical.ts'
import type { JsonObject } from '../../engine/wire/canonical.ts'
import type { Card, Opening } from '../../engine/wire/card.ts'
import { cliError } from '../errors.ts'
import { whyUnreadable } from '../scripts.ts'
import type { FollowedLedgers } from './ledgers.ts'

export interface OpeningWish {
  readonly script: Script
  readonly parameters: JsonObject
  readonly roster: readonly Card[]
  readonly rehearsal: boolean
  /** What it follows, by the script's name for it. */
  readonly followed?: FollowedLedgers
}

/**
 * A fresh opening, checked as every airgap will check it.
 *
 * @throws run.opening
 */
export function makeOpening({ script, parameters, roster, rehearsal, followed = {} }: OpeningWish, own: Card, now: Date): Opening {
  const { name, version } = script.ceremony
  const opening: Opening = {
    script: { name, version, hash: script.hash },
    parameters,
    roster: [...roster].sort((a, b) => (a.name < b.name ? -1 : 1)),
    opensAt: now.toISOString().replace(/\.\d+Z$/, 'Z'),
    nonce: toHex(randomBytes(32)),
    rehearsal,
  }
  // As every reader will see it: out of its canonical JSON.
  const find = (id: string) => Object.values(followed).find((one) => one.id === id)
  checkOpening(checkOpeningForm(parseCanonical(canonical(opening), 'The opening'), 'The opening'), script, own, find)
  return opening
}

/**
 * The cards of a roster: all who are ready for the script, or those that `--roster` names.
 *
 * @param wanted names separated by commas, or the path of a file with a name a line; undefined for all
 * @param me who opens, and takes part
 * @throws cli.roster
 */
export async function rosterOf(posts: readonly Posted[], script: Script, wanted: string | undefined, me: string): Promise<readonly Card[]> {
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
    if (card === undefined) throw cliError('roster', { why: `${name} is not ready for ${script.ceremony.name} with this very file` })
    return card
  })
}

async function readRoster(path: string): Promise<Uint8Array> {
  try {
    return await readBounded(path, 64 * 1024)
  } catch (error) {
    throw cliError('roster', { why: `${JSON.stringify(path)} is neither a list of names nor a file that can be read (${whyUnreadable(error)})` }, error)
  }
}

/**
 * The names in `--roster`, or in the file that it names.
 *
 * @param me who opens, and takes part
 * @throws cli.roster
 */
export async function namesOf(wanted: string, me: string): Promise<readonly string[]> {
  // A name alone is no roster, so a word alone is a file.
  const isList = /^[a-z0-9-]{1,32}(,[a-z0-9-]{1,32})+$/.test(wanted)
  const text = isList ? wanted : new TextDecoder().decode(await readRoster(wanted))
  const names = text.split(/[\s,]+/).filter((name) => name !== '')
  const wrong = names.find((name) => !/^[a-z0-9-]{1,32}$/.test(name))
  if (wrong !== undefined) throw cliError('roster', { why: `${JSON.stringify(wrong)} is no name` })
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw cliError('roster', { why: `${twice} is named twice` })
  if (!names.includes(me)) throw cliError('roster', { why: `you, ${me}, are not in it, and only who takes part can open` })
  if (names.length < 2) throw cliError('roster', { why: 'one participant is too few' })
  return names
}

/** How a ceremony of this script is opened among those who are ready for it so far. @param named as its owner named the script */
export function openCommand(posts: readonly Posted[], script: Script, named: string): string {
  const { parameters, follows } = script.ceremony
  const given = Object.entries(parameters).map(([name, type]) => (type === '[message]' ? '--messages FILE' : name === 'purpose' ? '--purpose TEXT' : `--set ${name}=…`))
  const after = Object.keys(follows).map((name) => `--set ${name}=ID`)
  const ready = readyFor(posts, script.hash).map(({ card }) => card.name)
  // A ceremony that follows another has its roster from that.
  const roster = after.length > 0 ? [] : [`--roster ${ready.join(',')}`]
  return ['keyrite client open', named, ...after, ...given, ...roster].join(' ')
}
