/** One ceremony's state, read from the log. */
import { isKeyriteError } from '../../engine/base/errors.ts'
import { ceremonyNumber } from '../../engine/crypto/number.ts'
import { hasBegun } from '../../engine/run/client-work.ts'
import { withheldWords } from '../../engine/run/following.ts'
import { convictedIn, unansweredIn } from '../../engine/run/guilt.ts'
import type { Opened } from '../../engine/run/lobby.ts'
import { screenWidth } from '../output.ts'
import { abortLines, claimLines, clockTime, isOver, outputLines, progressTable, STATE_WORDS, stateOf, waitingLines } from '../screen/ceremony.ts'
import type { CeremonyState } from '../screen/ceremony.ts'
import { textStore } from './client-home.ts'
import type { Identity } from './client-home.ts'
import type { Ledgers } from './ledgers.ts'

export interface Status {
  readonly id: string
  /** Null where it cannot be read. */
  readonly state: CeremonyState | null
  readonly lines: readonly string[]
  readonly json: Record<string, unknown>
}

/** Why a ceremony cannot be read, where that is not for what its opening says. */
const UNREADABLE: Readonly<Record<string, string>> = { 'run.unknown-script': 'unknown-script', 'board.unreachable': 'unreachable' }

/** A ceremony that cannot be read, for want of its script or of what it follows, says why. */
export async function statusOf(home: string, identity: Identity, ledgers: Ledgers, opened: Opened): Promise<Status> {
  const { id, opening, by } = opened
  const number = ceremonyNumber(id)
  const head = [
    `${opening.script.name} ${opening.script.version}${opening.rehearsal ? ' (REHEARSAL)' : ''}, opened by ${by} at ${clockTime(Date.parse(opening.opensAt))}`,
    `id      ${id}`,
    `number  ${number}`,
  ]
  const ledger = await ledgers.of(opened).catch((error: unknown) => {
    if (!isKeyriteError(error)) throw error
    return error
  })
  if (isKeyriteError(ledger)) {
    const state = UNREADABLE[ledger.code] ?? 'refused'
    return { id, state: null, lines: [...head, `state   cannot be read: ${ledger.message}`], json: { ceremony: id, number, state, why: ledger.message } }
  }
  const { script } = ledger
  const state = stateOf(ledger, Date.now(), identity.name, await hasBegun(textStore(home), ledger))
  const step = script.ceremony.steps[ledger.current]
  const kept = step === undefined ? undefined : await textStore(home).get(`${id}/since-${step.name}`)
  const since = kept === undefined ? undefined : Number(kept)
  const over = isOver(state)
  return {
    id, state,
    lines: [
      ...head,
      ...claimLines(script.ceremony, opening),
      `state   ${STATE_WORDS[state]}`,
      ...(ledger.withheld === null ? [] : [`        ${withheldWords(ledger.withheld, ledger.asOf)}`]),
      '',
      ...progressTable(ledger, identity.name, screenWidth(process.stdout)),
      ...(over ? [] : ['', ...waitingLines(ledger, Date.now(), since)]),
      ...(['aborted', 'dead', 'abandoned', 'disputed', 'doubtful'].includes(state) ? ['', ...abortLines(ledger)] : []),
      ...outputLines(ledger),
    ],
    json: {
      ceremony: id, number, script: opening.script, state, rehearsal: opening.rehearsal, openedBy: by, opensAt: opening.opensAt,
      parameters: opening.parameters, roster: opening.roster.map((card) => card.name),
      ...(step === undefined || over
        ? {}
        : {
            step: step.name, awaited: ledger.missing(step.index).filter((name) => !ledger.isOut(name)), deadline: new Date(ledger.deadline(step.index)).toISOString(),
            since: since === undefined ? null : new Date(since).toISOString(),
          }),
      outputs: ledger.outputs ?? null,
      aborts: ledger.aborts.map(({ from, payload }) => ({ from, ...payload })),
      convicted: convictedIn(ledger), unanswered: unansweredIn(ledger), withheld: ledger.withheld,
    },
  }
}
