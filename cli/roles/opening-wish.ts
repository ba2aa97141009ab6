/** What a command line wants opened, and what a ceremony was that is opened again. */
import type { Script } from '../../engine/machines/ceremony.ts'
import type { Posted } from '../../engine/run/feed.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import type { Card } from '../../engine/wire/card.ts'
import { parseParameters } from '../parameters.ts'
import { readScript } from '../scripts.ts'
import type { Ledgers } from './ledgers.ts'
import { readMessagesFile } from './message-file.ts'
import { checkFits, resolveFollows, rosterAfter, splitSets } from './opening-after.ts'
import { rosterOf } from './opening.ts'
import type { OpeningWish } from './opening.ts'

export interface OpenFlags {
  readonly set: readonly string[]
  readonly messages?: string | undefined
  readonly purpose?: string | undefined
  readonly roster?: string | undefined
  readonly rehearsal: boolean
}

/** What was given, checked as far as it can be without the board. */
export interface Given {
  readonly script: Script
  readonly follows: Readonly<Record<string, string>>
  readonly sets: readonly string[]
  readonly roster: string | undefined
  readonly rehearsal: boolean
}

/** Reads what a command line gives. @throws cli.script-*, cli.parameters, message.* */
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

/** What is given, with roster and what it follows, from the board. @throws cli.roster, cli.followed, cli.rehearsal, cli.parameters */
export async function wishFor(ledgers: Ledgers, posts: readonly Posted[], { script, follows, sets, roster: wanted, rehearsal }: Given, own: Card): Promise<Required<OpeningWish>> {
  const { ceremony } = script
  const followed = await resolveFollows(ledgers, ceremony, follows, rehearsal)
  const isAfter = Object.keys(ceremony.follows).length > 0
  const roster = isAfter ? await rosterAfter(posts, followed, wanted, own) : await rosterOf(posts, script, wanted, own.name)
  const ids = Object.fromEntries(Object.entries(followed).map(([name, { id }]) => [name, id]))
  const parameters = { ...ids, ...parseParameters(ceremony.parameters, sets, roster.map((card) => card.name)) }
  checkFits(parameters, roster)
  return { script, parameters, roster, rehearsal, followed }
}

/** The same again as an earlier ceremony. @throws cli.followed, run.unknown-script */
export async function wishAgain(ledgers: Ledgers, opened: Opened): Promise<Required<OpeningWish>> {
  const { script, followed, opening: { parameters, roster, rehearsal } } = await ledgers.of(opened)
  return { script, parameters, roster, rehearsal, followed }
}
