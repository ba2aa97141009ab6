/** The report of a simulation, as data. */
import type { Ceremony, Script } from '../../engine/machines/ceremony.ts'
import { OUTCOMES } from '../../engine/machines/client.ts'
import type { Outcome, Trouble } from '../../engine/machines/client.ts'
import type { Conviction, Unanswered } from '../../engine/run/ending.ts'
import { convictedIn, unansweredIn, unansweredWords, unmade } from '../../engine/run/ending.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { Simulated } from '../../engine/simulate/simulate.ts'
import { checkAbort } from '../../engine/wire/abort.ts'
import type { AbortReason, Fault } from '../../engine/wire/abort.ts'
import { utf8 } from '../../engine/base/bytes.ts'
import type { JsonObject } from '../../engine/base/canonical.ts'
import { quoted } from '../../engine/base/text.ts'
import { counted } from '../../engine/base/words.ts'
import { isName } from '../../engine/base/names.ts'
import { parseMessage, verifyMessage } from '../../engine/wire/message.ts'
import { cliError, EXIT } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
import { brief, paint, table } from '../output.ts'
import { outputLines } from '../screen/ceremony.ts'
import type { Simulation } from './run.ts'
import { stateIn } from '../../engine/run/memory.ts'

export interface ParticipantEnd {
  readonly name: string
  /** Its client's outcome. */
  readonly outcome: Outcome
  /** How it stands in its airgap (`stateIn`); null if it never joined. */
  readonly airgap: string | null
  /** The names of the values in its vault. The values never leave it. */
  readonly keeps: readonly string[]
  /** The fault that was simulated, as on the command line; null for none. */
  readonly fault: string | null
  /** The fault that its client found and aborted for. */
  readonly found: { readonly reason: AbortReason; readonly step: string | null; readonly accused: string | null; readonly why: string } | null
  /** The trouble that stopped it and that is no matter of the ceremony. */
  readonly trouble: Trouble | null
}

export interface Found extends Conviction {
  /** The participants who find it proved by the log. */
  readonly by: readonly string[]
}

export interface SimulationReport {
  readonly script: { readonly name: string; readonly version: string; readonly hash: string }
  readonly ceremony: string
  readonly rehearsal: boolean
  readonly parameters: JsonObject
  /** The outcome for those who did nothing wrong. */
  readonly outcome: Outcome
  readonly participants: readonly ParticipantEnd[]
  readonly outputs: JsonObject | null
  /** The Aborts in the log's order; each participant may post its own reason. */
  readonly aborts: readonly { readonly from: string; readonly reason: AbortReason; readonly step: string | null; readonly accused: string | null; readonly why: string }[]
  readonly convicted: readonly Found[]
  /** The unanswered complaints, as the participant finds them who read furthest. */
  readonly unanswered: readonly Unanswered[]
  /** The reason why the result cannot be made although every step is complete; null where there is none. */
  readonly unmade: string | null
  /** For each step: its time, and the medians over the participants of the airgap's time and of the bytes that crossed. */
  readonly steps: readonly {
    readonly step: string
    readonly ms: number | null
    readonly airgapMs: number | null
    readonly requestBytes: number | null
    readonly answerBytes: number | null
  }[]
  /** `head` is the head of the whole log. */
  readonly board: { readonly messages: number; readonly head: string; readonly bytes: number; readonly attachmentBytes: number }
  readonly ms: number
}

/** The outcomes from good to bad. */
const ORDER = OUTCOMES

export function reportOf({ script, names, parameters, rehearsal, faults, simulated, ms, times, crossings }: Simulation): SimulationReport {
  const { name, version } = script.ceremony
  const { results, members, board, ceremony } = simulated
  const participants = names.map((one): ParticipantEnd => {
    const result = results.get(one)
    const memory = members.find((member) => member.name === one)?.memory.read()
    return {
      name: one,
      outcome: result?.outcome ?? 'stopped',
      airgap: memory === undefined ? null : stateIn(memory, ceremony),
      keeps: Object.keys(memory?.archive[ceremony]?.values ?? {}),
      fault: faults.find((fault) => fault.split(':')[1] === one) ?? null,
      found: foundOf(result?.fault ?? null),
      trouble: result?.trouble ?? null,
    }
  })
  const ledgers = [...results].map(([reader, { ledger }]) => ({ reader, ledger }))
  const { steps } = script.ceremony
  return {
    script: { name, version, hash: script.hash },
    ceremony, rehearsal, parameters,
    outcome: outcomeOf(script, participants),
    participants,
    outputs: ledgers.find(({ ledger }) => ledger.outputs !== undefined)?.ledger.outputs ?? null,
    aborts: abortsOn(simulated),
    convicted: convictions(ledgers),
    unmade: ledgers.map(({ ledger }) => unmade(ledger)).find((why) => why !== null) ?? null,
    unanswered: ledgers.map(({ ledger }) => ledger).sort((a, b) => b.asOf - a.asOf).slice(0, 1).flatMap(unansweredIn),
    steps: steps.map(({ name: step }, i) => {
      const own = crossings.filter((crossing) => crossing.step === step)
      return {
        step, ms: round(times[i]?.ms ?? null), airgapMs: round(median(own.map((one) => one.ms))),
        requestBytes: median(own.map((one) => one.request)), answerBytes: median(own.map((one) => one.answer)),
      }
    }),
    board: {
      messages: board.entries.length,
      head: board.entries.at(-1)?.head ?? '',
      bytes: board.entries.reduce((sum, { text }) => sum + utf8(text).length, 0),
      attachmentBytes: [...board.attachments.values()].reduce((sum, { length }) => sum + length, 0),
    },
    ms: Math.round(ms),
  }
}

/** The outcome for those who did nothing wrong: the worst of theirs, or the best where some participants are enough. */
function outcomeOf({ ceremony }: Script, participants: readonly ParticipantEnd[]): Outcome {
  const honest = participants.filter(({ fault }) => fault === null)
  const ends = (honest.length > 0 ? honest : participants).map(({ outcome }) => ORDER.indexOf(outcome))
  const certificate = ceremony.steps.find((step) => step.name === ceremony.certificate)
  return ORDER[certificate?.collect.kind === 'all' ? Math.max(...ends) : Math.min(...ends)] ?? 'stopped'
}

const foundOf = (fault: Fault | null): ParticipantEnd['found'] =>
  fault === null ? null : { reason: fault.reason, step: fault.step, accused: fault.accused, why: fault.why }

/** All Aborts on the board, also those that came after a client had ended. */
function abortsOn({ board, ceremony, members }: Simulated): SimulationReport['aborts'] {
  return board.entries.flatMap(({ text }) => {
    const message = parseMessage(text)
    const { type, from, payload, ceremony: of } = message.statement
    const card = members.find(({ name }) => name === from)?.card
    if (type !== 'Abort' || of !== ceremony || card === undefined || !verifyMessage(message, card.signingKey)) return []
    const { reason, step, accused, evidence } = checkAbort(payload, 'An Abort')
    return [{ from, reason, step, accused, why: evidence.why }]
  })
}

function convictions(ledgers: readonly { readonly reader: string; readonly ledger: Ledger }[]): readonly Found[] {
  const found = new Map<string, Conviction & { by: string[] }>()
  for (const { reader, ledger } of ledgers) {
    for (const conviction of convictedIn(ledger)) {
      const key = `${conviction.name} ${conviction.reason}`
      const one = found.get(key) ?? { ...conviction, by: [] }
      if (!one.by.includes(reader)) one.by.push(reader)
      found.set(key, one)
    }
  }
  return [...found.values()]
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

const round = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10)

/** The exit code: 0 for a usable result, 3 when something stopped a machine, else 4. */
export function exitOfSimulation({ outcome }: SimulationReport): ExitCode {
  if (outcome === 'usable') return EXIT.ok
  return outcome === 'stopped' ? EXIT.refused : EXIT.aborted
}

// The report in words.

/** The report's lines for a person. */
export function reportLines(report: SimulationReport): string[] {
  return [headline(report), ...reasons(report), '', ...outputs(report), ...ends(report), '', ...figures(report)]
}

const onStdout = (style: Parameters<typeof paint>[0], text: string): string => paint(style, text, process.stdout)

function headline({ outcome, participants, unmade, ms }: SimulationReport): string {
  const time = brief(ms)
  switch (outcome) {
    case 'usable':
      return onStdout('green', `Succeeded in ${time}: ${participants.every((one) => one.outcome === 'usable') ? `all ${participants.length} have confirmed the result` : 'the result is there and confirmed'}.`)
    case 'unconfirmed':
      return onStdout('yellow', unmade === null ? `Succeeded in ${time}, but not everybody has confirmed: the result must not be used yet.` : `Every step is complete after ${time}, but ${unmade}.`)
    case 'doubtful':
      return onStdout('yellow', `In doubt after ${time}: somebody aborted after others had stated their part of the certificate.`)
    case 'dead':
      return onStdout('red', `Over after ${time}: it can never be usable.`)
    case 'aborted':
      return onStdout('red', `Aborted after ${time}.`)
    case 'stopped':
      return onStdout('red', `Stopped after ${time}: a machine could not go on.`)
  }
}

function reasons({ aborts, convicted, unanswered, participants, outcome }: SimulationReport): string[] {
  const told = new Set(aborts.map(({ why }) => why))
  const convictions = convicted.map(({ name, reason, why, by }) =>
    `  Convicted: ${name} (${reason}), by what ${by.length === participants.length ? `all ${by.length} participants` : counted(by.length, 'participant')} found in the log${told.has(why) ? '' : `: ${why}`}`)
  if (outcome === 'usable') return convictions
  const posted = aborts.map((abort) => ({ ...abort, how: 'posted an Abort' }))
  const kept = participants.flatMap(({ name, found }) =>
    found === null || told.has(found.why) ? [] : [{ ...found, from: name, how: 'found' }])
  // Participants that abort for one reason say the same, so they share a line.
  const said = new Map<string, string[]>()
  for (const { from, how, reason, step, accused, why } of [...posted, ...kept]) {
    const line = `${how}: ${reason}${step === null ? '' : ` in ${step}`}${accused === null ? '' : `, of ${accused}`}: ${why}`
    said.set(line, [...(said.get(line) ?? []), from])
  }
  const troubles = participants.flatMap(({ name, trouble }) => (trouble === null ? [] : [`  ${name} stopped: ${trouble.what} (${trouble.code})`]))
  return [
    ...[...said].map(([line, from]) => `  ${from.join(', ')} ${line}`),
    ...troubles,
    ...unanswered.map((one) => `  ${unansweredWords(one)}.`),
    ...(convictions.length > 0 ? convictions : ['  Convicted: nobody. The log proves no one guilty.']),
  ]
}

function outputs({ outputs: values }: SimulationReport): string[] {
  return values === null ? [] : [...outputLines({ outputs: values }), '']
}

/** With more participants than this, those that ended alike share a line. */
const MOST_LINES = 24

function ends({ participants }: SimulationReport): string[] {
  const isFaulty = participants.some(({ fault }) => fault !== null)
  const head = ['', 'client', 'airgap', 'keeps', ...(isFaulty ? ['fault'] : [])].map((word) => onStdout('dim', word))
  const row = ({ outcome, airgap, keeps, fault }: ParticipantEnd): string[] =>
    [outcome, airgap ?? 'never joined', keeps.join(', ') || '–', ...(isFaulty ? [fault ?? ''] : [])]
  if (participants.length <= MOST_LINES) return table([head, ...participants.map((one) => [one.name, ...row(one)])])
  const alike = new Map<string, { readonly row: string[]; count: number }>()
  for (const one of participants) {
    const key = row(one).join('|')
    const found = alike.get(key) ?? { row: row(one), count: 0 }
    found.count++
    alike.set(key, found)
  }
  return table([head, ...[...alike.values()].map(({ row: cells, count }) => [`${count} of ${participants.length}`, ...cells])])
}

function figures({ steps, board, participants }: SimulationReport): string[] {
  const some = (value: number | null, write: (value: number) => string): string => (value === null ? '–' : write(value))
  const head = ['', `all ${participants.length}`, 'one airgap', 'to it', 'from it'].map((word) => onStdout('dim', word))
  const rows = steps.map(({ step, ms, airgapMs, requestBytes, answerBytes }) =>
    [step, some(ms, brief), some(airgapMs, brief), some(requestBytes, size), some(answerBytes, size)])
  const attached = board.attachmentBytes > 0 ? `, and ${size(board.attachmentBytes)} of attachments` : ''
  return [...table([head, ...rows]), '', `On the board: ${counted(board.messages, 'message')}, ${size(board.bytes)}${attached}.`]
}

function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${Math.round(bytes / 1000)} kB`
}

// The names of a simulation's participants.

/** Names in the order of a roster. */
const PEOPLE = [
  'ada', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy', 'kim', 'leo', 'mona', 'nils', 'olga', 'peggy',
  'quinn', 'ruth', 'sam', 'tara', 'uwe', 'vera', 'walter', 'xenia', 'yuri', 'zoe',
] as const

/**
 * The participants' names, from `--participants` or `--names`.
 *
 * @throws cli.participants where neither is given, they differ, a name is wrong or twice, or the script wants fewer or
 * more
 */
export function peopleOf(ceremony: Ceremony, count: number | undefined, list: string | undefined): readonly string[] {
  const { min, max } = ceremony.participants ?? { min: 2, max: 1024 }
  const refuse = (why: string) => cliError('participants', { why })
  const range = `${ceremony.name} takes ${min} to ${max}`
  const names = list === undefined ? made(count) : list.split(',').map((name) => name.trim())
  if (names === undefined) throw refuse(`neither --participants nor --names says how many; ${range}`)
  if (names.length < min || names.length > max) throw refuse(`${names.length} are too ${names.length < min ? 'few' : 'many'}; ${range}`)
  if (count !== undefined && names.length !== count) throw refuse(`--participants says ${count}, and --names has ${names.length}`)
  const wrong = names.find((name) => !isName(name))
  if (wrong !== undefined) throw refuse(`${quoted(wrong)} is no name`)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw refuse(`${twice} is named twice`)
  return [...names].sort()
}

/** As many names as asked for; undefined if no number was given. */
function made(count: number | undefined): readonly string[] | undefined {
  if (count === undefined) return undefined
  if (count <= PEOPLE.length) return PEOPLE.slice(0, Math.max(0, count))
  const digits = String(count).length
  return Array.from({ length: count }, (_, i) => `p${String(i + 1).padStart(digits, '0')}`)
}
