/**
 * The matrix of misbehaviour: every fault that a script can meet, in every step and against every target, one run each, and the rules
 * that must hold after each of them (protocol §1, §13): all honest readers agree, nobody honest is convicted, everybody who can be
 * proved guilty is, no secret is on the board, and nobody honest has something usable that another honest one must take for dead.
 */
import { isDeepStrictEqual } from 'node:util'
import { scalarToBytes } from '../crypto/bls.ts'
import { concat, fromHex, toHex } from '../base/bytes.ts'
import { airgapKeyPair, derive, encryptionKeyPair, sessionSecrets } from '../crypto/seed.ts'
import type { Script } from '../machines/ceremony.ts'
import type { ClientResult } from '../run/client.ts'
import { LOG_ENDINGS } from '../run/disputes.ts'
import type { LogEnding } from '../run/disputes.ts'
import { convictedIn, endingFor } from '../run/ending.ts'
import type { Conviction, OwnEnding } from '../run/ending.ts'
import { Ledger } from '../run/ledger.ts'
import type { Post } from '../run/reading.ts'
import { writeTranscript } from '../run/transcript.ts'
import { verifyTranscript } from '../run/verify.ts'
import type { Library } from '../script/load.ts'
import { canonical } from '../base/canonical.ts'
import { Chain } from '../wire/log.ts'
import type { Entry } from '../wire/log.ts'
import { faultKinds, targetsOf } from './faults.ts'
import type { FaultKind } from './meddling.ts'
import { memoryBoard, memoryStore, seededRandom, simulate } from './simulate.ts'
import type { Simulated, SimulatedMember, SimulateOptions } from './simulate.ts'
import type { Trouble } from '../machines/client.ts'

// The secrets of a simulated participant by their names, in the form in which somebody would find them: for checks that nobody does.

/** Everything secret in hex that a participant's machines hold of a ceremony. A number that the script has it show is none. */
export function secretsOf({ seed, signingKey, memory }: SimulatedMember, { ceremony, opening }: Pick<Simulated, 'ceremony' | 'opening'>, { ceremony: { steps } }: Script): ReadonlyMap<string, string> {
  const session = sessionSecrets(seed, ceremony, opening.rehearsal)
  const id = fromHex(ceremony, 32)
  const salt = derive(seed, 'salt', id)
  const shows = steps.some(({ airgap }) => airgap?.verb === 'random.reveal')
  const secrets: [string, string][] = [
    ['seed', toHex(seed)], ['signing key', toHex(signingKey)], ['airgap key', toHex(airgapKeyPair(seed).secretKey)],
    ['session salt', toHex(salt)], ['session seed', toHex(derive(seed, opening.rehearsal ? 'rehearsal' : 'session', concat(id, salt)))],
    ['encryption key', toHex(encryptionKeyPair(session).secretKey)],
    ...(shows ? [] : [['number', toHex(session.expand('random/value', 32))] as [string, string]]),
  ]
  opening.roster.forEach((_, k) => secrets.push([`coefficient ${k}`, toHex(scalarToBytes(session.scalar(`coefficient/${k}`)))]))
  for (const { values } of Object.values(memory.read().archive)) {
    for (const value of Object.values(values)) {
      if (typeof value === 'object' && value !== null && 'share' in value && typeof value.share === 'string') secrets.push(['share', value.share])
    }
  }
  return new Map(secrets)
}

/** One fault of one participant: a cell of the matrix. */
export interface FaultCell {
  readonly kind: FaultKind
  readonly participant: string
  /** '' where the kind takes none. */
  readonly target: string
}

/** All cells of a script with one participant at fault. */
export const cellsOf = (script: Script, names: readonly string[], participant: string): readonly FaultCell[] =>
  faultKinds.flatMap((kind) => targetsOf(kind, script, names, participant).map((target) => ({ kind, participant, target })))

/** A cell as a command line has it. */
export const cellName = ({ kind, participant, target }: FaultCell): string => [kind.name, participant, ...(target === '' ? [] : [target])].join(':')

export interface CellOptions extends Omit<SimulateOptions, 'tamper' | 'random' | 'onProgress'> {
  readonly library: Library
}

type Proved = Pick<Conviction, 'name' | 'reason'>

export interface CellReport {
  readonly cell: string
  readonly who: FaultKind['who']
  /** The ending of the whole log. */
  readonly logEnding: LogEnding
  /** The outcome of each participant's client. */
  readonly ends: Readonly<Record<string, string>>
  /** Each once. */
  readonly convicted: readonly Proved[]
  /** The rules that do not hold; empty where all is as it must be. */
  readonly problems: readonly string[]
}

/** Runs one cell. Everything random in it follows from its name. */
export async function simulateCell(cell: FaultCell, options: CellOptions): Promise<Simulated> {
  const random = seededRandom(cellName(cell))
  const { script, verbs, names, after } = options
  const tampering = cell.kind.make({ script, verbs, random, names, participant: cell.participant, target: cell.target })
  const beforehand = after === undefined ? {} : { after: await copyOf(after) }
  return await simulate({ ...options, ...beforehand, random, tamper: { [cell.participant]: tampering } })
}

/** Runs one cell and checks its result. Never throws for what it finds. */
export async function runCell(cell: FaultCell, options: CellOptions): Promise<CellReport> {
  try {
    return await judged(cell, await simulateCell(cell, options), options)
  } catch (error) {
    return {
      cell: cellName(cell), who: cell.kind.who, logEnding: 'open', ends: {}, convicted: [],
      problems: [`the run failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}`],
    }
  }
}

/** The same ceremony on a board and in vaults of its own, so that many can follow it and none sees another. */
async function copyOf(run: Simulated): Promise<Simulated> {
  const board = memoryBoard((name) => run.members.find((member) => member.name === name)?.card.airgapKey)
  for (const bytes of run.board.attachments.values()) await board.putAttachment(bytes)
  for (const { text } of run.board.entries) board.force(text)
  return { ...run, board, members: run.members.map((member) => ({ ...member, memory: memoryStore(member.memory.read()) })) }
}

/** The conclusions from a log at one place. */
interface Said {
  readonly end: LogEnding
  readonly convicted: readonly Proved[]
  /** For every participant. */
  readonly own: Readonly<Record<string, OwnEnding>>
}

const provedIn = (ledger: Ledger): readonly Proved[] => convictedIn(ledger).map(({ name, reason }) => ({ name, reason })).sort((a, b) => (a.name + a.reason < b.name + b.reason ? -1 : 1))

const saidBy = (ledger: Ledger): Said => ({
  end: ledger.end, convicted: provedIn(ledger),
  own: Object.fromEntries(ledger.roster.map(({ name }) => [name, endingFor(ledger, name)])),
})

/** A log as anybody reads it, with the conclusions after each of its messages. */
interface Reading {
  readonly ledger: Ledger
  readonly history: readonly Said[]
  readonly headAt: (offset: number) => string | undefined
}

function readingOf(run: Simulated, { script, verbs, after }: CellOptions, entries: readonly Entry[]): Reading {
  const chain = new Chain()
  const headAt = (offset: number) => chain.headAt(offset)
  const [before] = after === undefined ? [] : [...after.results.values()]
  const ledger = new Ledger({
    script, opening: run.opening, verbs, random: seededRandom('a reader'), headAt,
    ...(before === undefined ? {} : { followed: Object.fromEntries(Object.keys(script.ceremony.follows).map((local) => [local, before.ledger])) }),
  })
  const history = entries.map((entry) => {
    const { offset, message } = chain.next(entry)
    const attachment = run.board.attachments.get(message.attachment ?? '')
    const post: Post = { offset, message, ...(attachment === undefined ? {} : { attachment }) }
    ledger.accept(post)
    return saidBy(ledger)
  })
  return { ledger, history, headAt }
}

async function judged(cell: FaultCell, run: Simulated, options: CellOptions): Promise<CellReport> {
  const { kind, participant } = cell
  const problems: string[] = []
  const log = readingOf(run, options, run.board.entries)
  const { ledger } = log
  const convicted = provedIn(ledger)
  const isHonest = (name: string): boolean => name !== participant || kind.who === 'storage'

  for (const member of run.members) {
    const result = run.results.get(member.name)
    if (result === undefined) problems.push(`${member.name} did not end`)
    else problems.push(...(await problemsOf(member, result, { cell, run, options, log, isHonest: isHonest(member.name) })))
  }
  const reasons = convicted.filter(({ name }) => name === participant).map(({ reason }) => reason)
  for (const { name, reason } of convicted) if (name !== participant || kind.who !== 'airgap') problems.push(`${name} is honest, and convicted of ${reason}`)
  if (kind.who === 'airgap' && reasons.join() !== [...kind.proves].sort().join()) {
    problems.push(`${participant} is convicted of ${reasons.join(', ') || 'nothing'}, where ${kind.proves.join(', ') || 'nothing'} can be proved`)
  }
  problems.push(...finality(log), ...together(run, options.script, ledger, isHonest), ...transcriptProblems(run, options, ledger), ...leaks(cell, run, options.script))
  return {
    cell: cellName(cell), who: kind.who, logEnding: ledger.end, convicted, problems: [...new Set(problems)],
    ends: Object.fromEntries(run.members.map(({ name }) => [name, run.results.get(name)?.outcome ?? 'running'])),
  }
}

interface Judging {
  readonly cell: FaultCell
  readonly run: Simulated
  readonly options: CellOptions
  readonly log: Reading
  readonly isHonest: boolean
}

/** The problems with how one participant read its log, and with how it ended. */
async function problemsOf(member: SimulatedMember, result: ClientResult, { cell, run, options, log, isHonest }: Judging): Promise<readonly string[]> {
  const { name, client, memory } = member
  const { ledger, outcome, trouble } = result
  const problems: string[] = []
  // A bug is a problem of anybody's; an airgap that gave what it must refuse shows as one.
  if (trouble?.code === 'bug') problems.push(`${name}: ${trouble.what}`)
  if (!isHonest) return problems

  const wasStopped = await ledger.settled().then(() => false, () => true)
  const shown = client.feed.all
  const isSame = shown.every(({ offset, head }) => log.headAt(offset) === head)
  const { history } = isSame ? log : readingOf(run, options, shown.slice(0, ledger.asOf + 1))
  const own = saidBy(ledger)
  const says = [history[ledger.asOf], ...(wasStopped ? [history[ledger.asOf - 1]] : [])]
  if (!says.some((one) => one !== undefined && isDeepStrictEqual(one, own))) {
    problems.push(`${name} reads ${JSON.stringify(own)} at offset ${ledger.asOf}, where another reader reads ${JSON.stringify(says[0])}`)
  }
  const { certificate } = ledger.ceremony
  const hasBegun = (await client.store.get(`${run.ceremony}/outbox-${certificate}`)) !== undefined
  if (!follows(outcome, own.own[name] ?? 'open', { hasBegun, isStorage: cell.kind.who === 'storage', trouble: trouble?.code })) {
    problems.push(`${name} ended ${outcome}${trouble === null ? '' : ` (${trouble.code}: ${trouble.what})`}, where the log says ${own.own[name] ?? ''}`)
  }
  const { sessions, archive } = memory.read()
  const sessionState = sessions[run.ceremony]?.state
  // After an airgap's part of the certificate it takes more than an Abort to close its session.
  const isCommitted = sessions[run.ceremony]?.steps[certificate] !== undefined
  if ((outcome === 'aborted' || outcome === 'dead') && sessionState === 'live' && !isCommitted) problems.push(`${name} ended ${outcome}, and its airgap still has the session`)
  const keeps = archive[run.ceremony] !== undefined
  if (keeps && (outcome === 'aborted' || outcome === 'dead')) {
    if (sessionState !== 'finished') problems.push(`${name} ended ${outcome}, and keeps a share`)
  }
  if (outcome === 'usable' && !keeps && Object.keys(ledger.ceremony.keeps).length > 0) problems.push(`${name} ended usable, and keeps nothing`)
  return problems
}

/** Does a client's end follow from what its log says of it, and from what it did? */
function follows(outcome: string, own: OwnEnding, { hasBegun, isStorage, trouble }: { readonly hasBegun: boolean; readonly isStorage: boolean; readonly trouble: Trouble['code'] | undefined }): boolean {
  switch (outcome) {
    case 'stopped':
      return trouble === 'board.tampered'
    case 'dead':
      return own === 'dead' || own === 'abandoned'
    case 'aborted':
      // A client whose own Abort never comes back to it has waited long enough.
      return own === 'aborted' || own === 'left' || (own === 'open' && isStorage)
    case 'doubtful':
      // The part that it began to post may be in a log that it is not shown.
      return own === 'doubtful' || (hasBegun && (own === 'aborted' || (own === 'open' && isStorage)))
    default:
      return outcome === own
  }
}

/** Finds endings that changed although they are for ever, and proofs that were lost. */
function finality({ history }: Reading): readonly string[] {
  return history.flatMap(({ end, convicted }, i) => {
    const before = history[i - 1]
    if (before === undefined) return []
    const changes = (before.end === 'usable' || before.end === 'dead') && end !== before.end
    const unproved = before.convicted.filter((one) => !convicted.some(({ name, reason }) => name === one.name && reason === one.reason))
    return [
      ...(changes ? [`the log said ${before.end} at offset ${i - 1}, and ${end} after it`] : []),
      ...unproved.map(({ name, reason }) => `${name} was convicted of ${reason} before offset ${i}, and is not after it`),
    ]
  })
}

/** Finds the rules that do not hold among the honest, and against what the whole log says. */
function together({ members, results, ceremony }: Simulated, { ceremony: { steps } }: Script, ledger: Ledger, isHonest: (name: string) => boolean): readonly string[] {
  const honest = members.filter(({ name }) => isHonest(name))
  const ends = honest.flatMap(({ name }) => {
    const result = results.get(name)
    return result === undefined ? [] : [{ name, outcome: result.outcome, outputs: result.ledger.outputs }]
  })
  const problems: string[] = []
  if (steps.every(({ collect }) => collect.kind === 'all')) {
    const succeeds = ledger.end === 'usable' || ends.some(({ outcome }) => outcome === 'usable')
    for (const { name, outcome } of ends) if (succeeds && (outcome === 'aborted' || outcome === 'dead')) problems.push(`${name} ended ${outcome}, and for others it is usable`)
    for (const { name, outcome } of ends) if (ledger.end === 'dead' && outcome === 'usable') problems.push(`${name} ended usable, and the log is dead`)
    for (const { name, outcome } of ends) if (ledger.end === 'unconfirmed' && outcome === 'aborted') problems.push(`${name} ended aborted, and the certificate is complete`)
  }
  const outputs = new Set(ends.flatMap(({ outcome, outputs: made }) => (outcome === 'usable' ? [canonical({ ...made })] : [])))
  if (outputs.size > 1) problems.push('those who are honest have different results')
  const keys = new Set(honest.flatMap(({ memory }) => Object.values(memory.read().archive[ceremony]?.values ?? {}).map((value) =>
    typeof value === 'object' && value !== null && 'groupKey' in value ? canonical(value.groupKey ?? null) : '')))
  if (keys.size > 1) problems.push('those who are honest keep shares of different keys')
  return problems
}

/** Finds where the transcript of the whole log says something else than the log. */
function transcriptProblems({ board }: Simulated, { library, verbs }: CellOptions, ledger: Ledger): readonly string[] {
  const text = [...writeTranscript(ledger, board.entries)].join('')
  const { verdict, convicted = [], findings } = verifyTranscript(text, { library, verbs, random: seededRandom('a verifier') })
  const proved = [...new Set(convicted.map(({ name, reason }) => `${name} ${reason}`))].sort().join(', ')
  const wanted = provedIn(ledger).map(({ name, reason }) => `${name} ${reason}`).sort().join(', ')
  return [
    ...(verdict === ledger.end ? [] : [`the transcript says ${verdict}, and the log ${ledger.end}: ${findings.findLast(({ holds }) => !holds)?.detail ?? ''}`]),
    ...(verdict === 'invalid' || proved === wanted ? [] : [`the transcript convicts ${proved || 'nobody'}, and the log ${wanted || 'nobody'}`]),
  ]
}

/** Finds secrets, of those whose airgaps are honest, that somebody could read on the board. */
function leaks({ kind, participant }: FaultCell, run: Simulated, script: Script): readonly string[] {
  const decoder = new TextDecoder()
  const all = [...run.board.entries.map(({ text }) => text), ...[...run.board.attachments.values()].map((bytes) => decoder.decode(bytes))].join('\n')
  return run.members.filter(({ name }) => name !== participant || kind.who !== 'airgap').flatMap((member) =>
    [...secretsOf(member, run, script)].flatMap(([what, secret]) => (all.includes(secret) ? [`the ${what} of ${member.name} is on the board`] : [])))
}

// The matrix of misbehaviour as a table for people: a row for each kind, with the results of its cells.

export interface FaultRow {
  readonly fault: string
  readonly who: FaultCell['kind']['who']
  readonly doc: string
  /** The number of cells. */
  readonly cells: number
  /** The endings of the log, each once, from open to dead. */
  readonly ends: readonly string[]
  /** The reasons for which the one at fault was convicted. */
  readonly convicted: readonly string[]
  readonly problems: readonly string[]
}

/** Rows in the order of the kinds. */
export function faultRows(ran: readonly (readonly [cell: FaultCell, report: CellReport])[]): readonly FaultRow[] {
  const kinds = [...new Set(ran.map(([{ kind }]) => kind))]
  return kinds.map((kind) => {
    const reports = ran.flatMap(([cell, report]) => (cell.kind === kind ? [report] : []))
    const ended = new Set(reports.map(({ logEnding }) => logEnding))
    return {
      fault: kind.name, who: kind.who, doc: kind.doc, cells: reports.length,
      ends: LOG_ENDINGS.filter((ending) => ended.has(ending)),
      convicted: [...new Set(reports.flatMap(({ convicted }) => convicted.map(({ reason }) => reason)))].sort(),
      problems: reports.flatMap(({ cell, problems }) => problems.map((problem) => `${cell}: ${problem}`)),
    }
  })
}

/** Rows as a table in Markdown. */
export function faultMarkdown(rows: readonly FaultRow[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(['fault', 'whose', 'what happens', 'the log ends', 'proved']), line(['---', '---', '---', '---', '---']),
    ...rows.map(({ fault, who, doc, ends, convicted }) => line([`\`${fault}\``, who, doc, ends.join(', '), convicted.map((one) => `\`${one}\``).join(', ') || 'nobody'])),
  ].join('\n')
}
