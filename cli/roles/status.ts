/** One ceremony's state, read from the log. */
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import type { Feed } from '../../engine/run/feed.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import type { Script } from '../../engine/script/model.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import { screenWidth } from '../output.ts'
import { random } from './airgap-home.ts'
import { abortLines, clockTime, progressTable, isOver, stateOf, STATE_WORDS, waitingLines } from './ceremony-view.ts'
import { textStore } from './client-home.ts'
import type { Identity } from './client-home.ts'
import { clientScript } from './script-files.ts'

/** The ceremony as a feed's log tells it up to now. */
export function ledgerOf(feed: Feed, script: Script, { opening }: Opened): Ledger {
  const ledger = new Ledger({ script, opening, verbs, random, headAt: (offset) => feed.headAt(offset) })
  for (const posted of feed.all) ledger.accept(posted)
  return ledger
}

export interface Status {
  readonly lines: readonly string[]
  readonly json: Record<string, unknown>
}

export async function statusOf(home: string, identity: Identity, feed: Feed, opened: Opened): Promise<Status> {
  const { id, opening, by } = opened
  const number = ceremonyNumber(id)
  const head = [
    `${opening.script.name} ${opening.script.version}${opening.rehearsal ? ' (REHEARSAL)' : ''}, opened by ${by} at ${clockTime(Date.parse(opening.opensAt))}`,
    `id      ${id}`,
    `number  ${number}`,
  ]
  const script = await clientScript(home, opening.script.hash)
  if (script === undefined) {
    return { lines: [...head, `its script, SHA-256 ${opening.script.hash}, is not on this machine`], json: { ceremony: id, number, state: 'unknown-script' } }
  }
  const ledger = ledgerOf(feed, script, opened)
  const state = stateOf(ledger, Date.now(), identity.name)
  const step = script.ceremony.steps[ledger.current]
  const kept = step === undefined ? undefined : await textStore(home).get(`${id}/since-${step.name}`)
  const since = kept === undefined ? undefined : Number(kept)
  const over = isOver(state)
  return {
    lines: [
      ...head,
      `state   ${STATE_WORDS[state]}`,
      '',
      ...progressTable(ledger, identity.name, screenWidth(process.stdout)),
      ...(over ? [] : ['', ...waitingLines(ledger, Date.now(), since)]),
      ...(ledger.aborts.length > 0 && !ledger.certified ? ['', ...abortLines(ledger)] : []),
      ...Object.entries(ledger.outputs ?? {}).map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
    ],
    json: {
      ceremony: id, number, script: opening.script, state, rehearsal: opening.rehearsal, openedBy: by, opensAt: opening.opensAt,
      parameters: opening.parameters, roster: opening.roster.map((card) => card.name),
      ...(step === undefined || over
        ? {}
        : {
            step: step.name, awaited: ledger.missing(step.index), deadline: new Date(ledger.deadline(step.index)).toISOString(),
            since: since === undefined ? null : new Date(since).toISOString(),
          }),
      outputs: ledger.outputs ?? null,
      aborts: ledger.aborts.map(({ from, payload }) => ({ from, ...payload })),
    },
  }
}
