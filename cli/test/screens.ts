/** The screens that show one ledger, read back from their output and held against one another. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual, stripVTControlCharacters } from 'node:util'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { hasBegun } from '../../engine/run/client-work.ts'
import { Ledger } from '../../engine/run/ledger.ts'
import type { Post } from '../../engine/run/reading.ts'
import { standingOf } from '../../engine/run/standing.ts'
import type { CeremonyState, Mark, Self, Standing } from '../../engine/run/standing.ts'
import { MARK_WORDS, sentence, STATE_WORDS } from '../../engine/run/telling.ts'
import { readShipped, shippedLibrary } from '../../engine/script/load.ts'
import { simulateCell } from '../../engine/simulate/cells.ts'
import type { CellOptions, FaultCell } from '../../engine/simulate/cells.ts'
import { seededRandom, simulate } from '../../engine/simulate/simulate.ts'
import type { Simulated } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { Script } from '../../engine/machines/ceremony.ts'
import { EMPTY_HEAD } from '../../engine/wire/log.ts'
import type { Entry } from '../../engine/wire/log.ts'
import { parseMessage } from '../../engine/wire/message.ts'
import { BoardFold } from '../../storage/page/fold.ts'
import type { CeremonyView } from '../../storage/page/model.ts'
import { viewAt } from '../../storage/page/words.ts'
import { RunView } from '../roles/run-view.ts'
import { textStore } from '../roles/client-home.ts'
import { statusIn } from '../roles/client-session.ts'
import { progressTable, waitingLines } from '../screen/ceremony.ts'
import { pageTable } from '../web/ceremony.ts'
import type { PageTable } from '../web/protocol.ts'

/** The statements of one screen; absent where it makes none. */
interface Said {
  readonly state?: CeremonyState
  /** The marks by participant; on a screen that shows only signs, the signs. */
  readonly marks?: Readonly<Record<string, readonly string[]>>
  /** The words of the signs that need one. */
  readonly legend?: readonly string[]
  readonly awaited?: readonly string[]
  readonly needed?: { readonly made: number; readonly wanted: number } | null
  /** The offset of each mark's message, for screens with links to them. */
  readonly offsets?: readonly (readonly (number | null)[])[]
}

const signOf = (mark: Mark): string => MARK_WORDS[mark].sign
const PLAIN: readonly Mark[] = ['done', 'awaited', 'later']

const listed = (names: string): readonly string[] => (names === 'nobody' ? [] : names.split(', '))

/** The awaited participants, from a line for people. */
function waitingIn(lines: readonly string[]): Pick<Said, 'awaited' | 'needed'> {
  for (const line of lines) {
    const answer = /waiting for the answer of (.*)$/.exec(line)?.[1]
    if (answer !== undefined) return { awaited: listed(answer), needed: null }
    const [, more, made, wanted, names] = /^\S+ \(\d+ of \d+\): waiting for (?:(-?\d+) more \((\d+) of (\d+) in\) of )?([^;]*)(?:; .*)?$/.exec(line) ?? []
    if (names === undefined) continue
    if (more === undefined) return { awaited: listed(names), needed: null }
    if (Number(wanted) - Number(made) !== Number(more)) throw new Error(`it does not add up: ${line}`)
    return { awaited: listed(names), needed: { made: Number(made), wanted: Number(wanted) } }
  }
  return { awaited: [], needed: null }
}

/** The table in a terminal, among other lines. */
function tableIn(lines: readonly string[], roster: readonly string[], steps: number): Pick<Said, 'marks' | 'legend'> {
  const marks: Record<string, readonly string[]> = {}
  let last = -1
  for (const [i, line] of lines.entries()) {
    const [name = '', ...cells] = line.replace(' (you)', '').split(/\s{2,}/)
    if (!roster.includes(name) || cells.length !== steps) continue
    marks[name] = cells
    last = i
  }
  const after = lines[last + 1] ?? ''
  return { marks, legend: /^[^\sa-z] /.test(after) ? after.split('   ').map((one) => one.slice(2)) : [] }
}

const marksOf = (rows: Standing['rows'], write: (mark: Mark) => string): Said['marks'] =>
  Object.fromEntries(rows.map(({ name, cells }) => [name, cells.map(({ mark }) => write(mark))]))

const legendOf = (rows: Standing['rows']): readonly string[] =>
  [...new Set(rows.flatMap(({ cells }) => cells.map(({ mark }) => mark)))].filter((mark) => !PLAIN.includes(mark)).map((mark) => MARK_WORDS[mark].word).sort()

const offsetsOf = (rows: Standing['rows']): readonly (readonly (number | null)[])[] => rows.map(({ cells }) => cells.map(({ offset }) => offset))

const stateWith = (words: string | undefined): CeremonyState | undefined =>
  Object.entries(STATE_WORDS).flatMap(([state, one]) => (one.words === words || sentence(one.words) === words ? [state as CeremonyState] : []))[0]

const bare = (lines: readonly string[]): readonly string[] => lines.map((line) => stripVTControlCharacters(line))

/** The statements of every screen, each as it was painted, with marks as signs. */
function screens(ledger: Ledger, standing: Standing, view: CeremonyView, by: string): Readonly<Record<string, Said>> {
  const roster = ledger.roster.map(({ name }) => name)
  const count = ledger.ceremony.steps.length
  const opened = { id: ledger.id, opening: ledger.opening, by, offset: 0 }
  const { lines, json } = statusIn(opened, '', ledger, standing)
  const status = bare(lines)
  const told = viewAt(view, standing.at)
  const page = pageTable(standing)
  // The JSON of a client holds its statements as they are.
  const read = JSON.parse(JSON.stringify(json)) as Pick<Standing, 'state' | 'rows' | 'awaited' | 'needed'>
  return {
    terminal: { ...tableIn(bare(progressTable(standing)), roster, count), ...waitingIn(bare(waitingLines(standing))) },
    status: { state: stateWith(/^state +(.*)$/m.exec(status.join('\n'))?.[1])!, ...tableIn(status, roster, count), ...waitingIn(status) },
    json: { state: read.state, marks: marksOf(read.rows, signOf)!, legend: legendOf(read.rows), awaited: read.awaited, needed: read.needed, offsets: offsetsOf(read.rows) },
    page: pageSaid(page),
    board: { state: told.state, marks: marksOf(told.rows, signOf)!, legend: legendOf(told.rows), awaited: told.awaited, needed: told.needed, offsets: offsetsOf(told.rows) },
  }
}

const pageSaid = ({ rows, waiting }: PageTable): Said => ({
  marks: Object.fromEntries(rows.map(({ name, cells }) => [name, cells.map(signOf)])),
  legend: legendOf(rows.map((row) => ({ ...row, cells: row.cells.map((mark) => ({ mark, offset: null })) }))), ...waitingIn(waiting),
})

/** The differences of each screen from the standing, so also from one another. */
function problemsOf(said: Readonly<Record<string, Said>>, standing: Standing, where: string): readonly string[] {
  const right: Required<Said> = {
    state: standing.state, marks: marksOf(standing.rows, signOf)!, legend: legendOf(standing.rows), needed: standing.needed,
    awaited: standing.awaited, offsets: offsetsOf(standing.rows),
  }
  return Object.entries(said).flatMap(([screen, { legend, ...one }]) => Object.entries({ ...one, ...(legend === undefined ? {} : { legend: [...legend].sort() }) }).flatMap(([what, value]) => {
    const wanted = right[what as keyof Said]
    return isDeepStrictEqual(value, wanted) ? [] : [`${where}: ${screen} says of ${what} ${JSON.stringify(value)}, and the standing ${JSON.stringify(wanted)}`]
  }))
}

export interface Shown {
  readonly script: Script
  readonly run: Simulated
  /** The ceremony that it follows. */
  readonly after?: Simulated
}

/**
 * Reads the log of a run message by message. After each, every screen is painted, for every participant and for nobody,
 * at times before and after the deadlines. At the log's end each client's live table is painted too, which knows
 * whether that client began to post its part.
 *
 * @returns the differences; empty where all screens say the same
 */
export async function screenProblems({ script, run, after }: Shown): Promise<readonly string[]> {
  const [key] = after === undefined ? [] : [...after.results.values()]
  const { entries, attachments } = run.board
  const ledger = new Ledger({
    script, opening: run.opening, verbs, random: seededRandom('a reader'), headAt: (offset) => (offset === -1 ? EMPTY_HEAD : entries[offset]?.head),
    ...(key === undefined ? {} : { followed: Object.fromEntries(Object.keys(script.ceremony.follows).map((local) => [local, key.ledger])) }),
  })
  const fold = new BoardFold({ scripts: [script, readShipped('dkg')], verbs, random: seededRandom('a page') })
  const problems: string[] = []
  const names = run.members.map(({ name }) => name)
  const by = names[0] ?? ''
  let view: CeremonyView | undefined
  for (const { offset, text, head } of entries) {
    const message = parseMessage(text)
    const attachment = attachments.get(message.attachment ?? '')
    const post: Post = { offset, message, ...(attachment === undefined ? {} : { attachment }) }
    ledger.accept(post)
    if (!turn(fold, { offset, text, head }, attachments)) return [...new Set(problems)]
    view = fold.changedViews([run.ceremony], () => null)[0] ?? view
    if (view === undefined || message.statement.ceremony !== run.ceremony) continue
    for (const now of timesOf(ledger)) {
      const where = `after ${offset} at ${now - ledger.deadline(0)}`
      problems.push(...problemsOf(screens(ledger, standingOf(ledger, now), view, by), standingOf(ledger, now), where))
      for (const name of names) problems.push(...ownProblems(ledger, view, { name }, now, by, `${where} for ${name}`))
    }
  }
  if (view === undefined) return [...problems, 'the board’s page never showed it']
  for (const member of run.members) {
    const me = { name: member.name, hasBegun: await hasBegun(member.client.store, ledger) }
    problems.push(...ownProblems(ledger, view, me, Date.now(), by, `at the end for ${member.name}`), ...(await liveProblems(ledger, me)))
  }
  return [...new Set(problems)]
}

/** @returns false where the page rejects the log, as every client does, and shows nothing more of it */
function turn(fold: BoardFold, entry: Entry, attachments: ReadonlyMap<string, Uint8Array>): boolean {
  try {
    fold.take(entry, attachments.get(fold.wants(entry) ?? ''))
    return true
  } catch (error) {
    if (isKeyriteError(error, 'board.tampered')) return false
    throw error
  }
}

/** The differences for one participant. The board's page is nobody's, and shows what its log tells everybody. */
function ownProblems(ledger: Ledger, view: CeremonyView, me: Self, now: number, by: string, where: string): readonly string[] {
  const standing = standingOf(ledger, now, me)
  const { board, ...own } = screens(ledger, standing, view, by)
  // The log tells nobody of a part that only its client knows to have begun.
  if (standing.state === 'doubtful' && !ledger.isBound(me.name)) return problemsOf(own, standing, where)
  const { state, ...shared } = board ?? {}
  return problemsOf({ ...own, board: standing.ending === standing.end ? { ...shared, ...(state === undefined ? {} : { state }) } : shared }, standing, where)
}

/** The times just before and at each deadline on which a standing may depend. */
function timesOf(ledger: Ledger): readonly number[] {
  const { steps } = ledger.ceremony
  const deadlines = [ledger.deadline(Math.min(ledger.current, steps.length - 1)), ...ledger.disputes.map(({ name }) => ledger.disputeDeadline(name))]
  return [...new Set(deadlines)].flatMap((time) => [time - 1, time])
}

/** The differences in what a client shows while it runs, on its terminal and its page. */
async function liveProblems(ledger: Ledger, me: Required<Self>): Promise<readonly string[]> {
  const home = await mkdtemp(join(tmpdir(), 'keyrite-screens-'))
  // The times are stored before, so that nothing is written to a folder that is gone by then.
  for (const { name } of ledger.ceremony.steps) await textStore(home).put(`${ledger.id}/since-${name}`, '0')
  const shown: string[][] = []
  const told: { readonly table?: PageTable | null; readonly doing?: string }[] = []
  const nothing = (): void => undefined
  const view = new RunView({
    home, me: me.name,
    screen: { show: (lines) => void shown.push([...lines]), log: nothing, end: nothing, hold: nothing, release: nothing },
    page: { tell: (state) => void told.push(state), carrier: () => fail(), hand: () => fail(), end: nothing, fail: nothing, screen: (terminal) => terminal, close: () => Promise.resolve() },
  })
  try {
    view.follow(ledger, me.hasBegun)
    const standing = standingOf(ledger, Date.now(), me)
    const lines = bare(shown.at(-1) ?? [])
    const { table, doing } = told.at(-1) ?? {}
    const state = lines.map(stateWith).find((one) => one !== undefined)
    const isTold = !['running', 'usable', 'aborted'].includes(standing.state)
    return problemsOf({
      live: { ...tableIn(lines, ledger.roster.map(({ name }) => name), ledger.ceremony.steps.length), ...waitingIn(lines), ...(isTold || state !== undefined ? { state: state! } : {}) },
      page: { ...(table === undefined || table === null ? {} : pageSaid(table)), ...(standing.state === 'running' ? {} : { state: stateWith(doing)! }) },
    }, standing, `live for ${me.name}`)
  } finally {
    view.close()
    await rm(home, { recursive: true, force: true })
  }
}

function fail(): never {
  throw new TypeError('nothing is asked here')
}

export const people = ['anna', 'ben', 'cleo']
const common = { names: people, verbs, idle: 5, opensAt: Date.UTC(2026, 0, 1), library: shippedLibrary }
const MESSAGES = [{ kind: 'text', text: 'Pay 5 to Anna' }]

/** The shipped scripts as the matrix of misbehaviour runs them. @param key the ceremony that a signing follows */
export const matrixOf = (key: Simulated): Readonly<Record<'dkg' | 'sign' | 'beacon', CellOptions>> => ({
  dkg: { ...common, script: readShipped('dkg'), parameters: { threshold: 2 } },
  sign: { ...common, script: readShipped('sign'), parameters: { purpose: 'Payday', messages: MESSAGES }, after: key },
  beacon: { ...common, script: readShipped('beacon'), parameters: {} },
})

/** A key for the matrix. */
export const keyForMatrix = (): Promise<Simulated> =>
  simulate({ ...common, script: readShipped('dkg'), parameters: { threshold: 2 }, random: seededRandom('a key for the screens') })

/** Runs a cell of the matrix, and has every screen painted. */
export async function cellProblems(cell: FaultCell, options: CellOptions): Promise<readonly string[]> {
  const run = await simulateCell(cell, options)
  return await screenProblems({ script: options.script, run, ...(options.after === undefined ? {} : { after: options.after }) })
}
