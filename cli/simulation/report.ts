/** How a simulation went: as data, and as lines for people. */
import type { Fault } from '../../engine/run/abort.ts'
import type { Outcome } from '../../engine/compile/client.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import { utf8 } from '../../engine/wire/canonical.ts'
import type { JsonObject } from '../../engine/wire/canonical.ts'
import { EXIT } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
import { paint, table } from '../output.ts'
import { brief, counted } from '../words.ts'
import type { Simulation } from './run.ts'

export interface ParticipantEnd {
  readonly name: string
  /** How its client ended. */
  readonly outcome: Outcome
  /** How its airgap remembers it: live, finished, declined, aborted; null if it never joined. */
  readonly airgap: string | null
  /** What its vault keeps, by name: the values never leave it. */
  readonly keeps: readonly string[]
  /** As on the command line, where one was simulated. */
  readonly fault: string | null
  /** What stopped it, where that is no matter of the ceremony. */
  readonly trouble: { readonly code: string; readonly what: string; readonly todo: string } | null
}

export interface Conviction {
  readonly name: string
  readonly reason: string
  readonly why: string
  /** Who finds it proved by the log. */
  readonly by: readonly string[]
}

export interface Report {
  readonly script: { readonly name: string; readonly version: string; readonly hash: string }
  readonly ceremony: string
  readonly rehearsal: boolean
  readonly parameters: JsonObject
  /** The worst of all. */
  readonly outcome: Outcome
  readonly participants: readonly ParticipantEnd[]
  readonly outputs: JsonObject | null
  /** In the order of the log; each participant may say why it aborts. */
  readonly aborts: readonly { readonly from: string; readonly reason: string; readonly step: string | null; readonly accused: string | null; readonly why: string }[]
  readonly convicted: readonly Conviction[]
  /** Per step: how long it took, and per participant what its airgap took and what crossed (medians). */
  readonly steps: readonly {
    readonly step: string
    readonly ms: number | null
    readonly airgapMs: number | null
    readonly requestBytes: number | null
    readonly answerBytes: number | null
  }[]
  readonly board: { readonly messages: number; readonly bytes: number; readonly attachmentBytes: number }
  readonly ms: number
}

/** From good to bad. */
const ORDER: readonly Outcome[] = ['usable', 'unconfirmed', 'doubtful', 'aborted', 'stopped']

export function reportOf({ script, names, parameters, rehearsal, faults, simulated, ms, times, crossings }: Simulation): Report {
  const { name, version } = script.ceremony
  const { results, members, board, ceremony } = simulated
  const participants = names.map((one): ParticipantEnd => {
    const result = results.get(one)
    const memory = members.find((member) => member.name === one)?.memory.read()
    return {
      name: one,
      outcome: result?.outcome ?? 'stopped',
      airgap: memory?.ceremonies[ceremony]?.state ?? (memory?.kept[ceremony] === undefined ? null : 'finished'),
      keeps: Object.keys(memory?.kept[ceremony]?.values ?? {}),
      fault: faults.find((fault) => fault.split(':')[1] === one) ?? null,
      trouble: result?.trouble ?? null,
    }
  })
  const ledgers = [...results].map(([reader, { ledger }]) => ({ reader, ledger }))
  const fullest = ledgers.map(({ ledger }) => ledger).sort((a, b) => b.aborts.length - a.aborts.length || b.current - a.current)[0]
  const { steps } = script.ceremony
  return {
    script: { name, version, hash: script.hash },
    ceremony, rehearsal, parameters,
    outcome: ORDER[Math.max(...participants.map(({ outcome }) => ORDER.indexOf(outcome)))] ?? 'stopped',
    participants,
    outputs: ledgers.find(({ ledger }) => ledger.outputs !== undefined)?.ledger.outputs ?? null,
    aborts: (fullest?.aborts ?? []).map(({ from, payload: { reason, step, accused, evidence } }) => ({ from, reason, step, accused, why: evidence.why })),
    convicted: convictions(ledgers),
    steps: steps.map(({ name: step }, i) => {
      const own = crossings.filter((crossing) => crossing.step === step)
      return {
        step, ms: round(times[i]?.ms ?? null), airgapMs: round(median(own.map((one) => one.ms))),
        requestBytes: median(own.map((one) => one.request)), answerBytes: median(own.map((one) => one.answer)),
      }
    }),
    board: {
      messages: board.entries.length,
      bytes: board.entries.reduce((sum, { text }) => sum + utf8(text).length, 0),
      attachmentBytes: [...board.attachments.values()].reduce((sum, { length }) => sum + length, 0),
    },
    ms: Math.round(ms),
  }
}

function convictions(ledgers: readonly { readonly reader: string; readonly ledger: Ledger }[]): readonly Conviction[] {
  const found = new Map<string, Fault & { by: string[] }>()
  for (const { reader, ledger } of ledgers) {
    for (const fault of ledger.faults) {
      if (!fault.convicts || fault.accused === null) continue
      const key = `${fault.accused} ${fault.reason}`
      const one = found.get(key) ?? { ...fault, by: [] }
      if (!one.by.includes(reader)) one.by.push(reader)
      found.set(key, one)
    }
  }
  return [...found.values()].map(({ accused, reason, why, by }) => ({ name: accused ?? '', reason, why, by }))
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}

const round = (value: number | null): number | null => (value === null ? null : Math.round(value * 10) / 10)

/** 0 when it is complete and confirmed by all; 3 when something stopped a machine; else 4. */
export function exitOf({ outcome }: Report): ExitCode {
  if (outcome === 'usable') return EXIT.ok
  return outcome === 'stopped' ? EXIT.refused : EXIT.aborted
}

/** The lines that a person reads. */
export function reportLines(report: Report): string[] {
  return [headline(report), ...reasons(report), '', ...outputs(report), ...ends(report), '', ...figures(report)]
}

const onStdout = (style: Parameters<typeof paint>[0], text: string): string => paint(style, text, process.stdout)

function headline({ outcome, participants, ms }: Report): string {
  const time = brief(ms)
  switch (outcome) {
    case 'usable':
      return onStdout('green', `Succeeded in ${time}: all ${participants.length} have confirmed the result.`)
    case 'unconfirmed':
      return onStdout('yellow', `Succeeded in ${time}, but not everybody has confirmed: the result must not be used yet.`)
    case 'doubtful':
      return onStdout('yellow', `In doubt after ${time}: somebody aborted after others had stated their part of the certificate.`)
    case 'aborted':
      return onStdout('red', `Aborted after ${time}.`)
    case 'stopped':
      return onStdout('red', `Stopped after ${time}: a machine could not go on.`)
  }
}

function reasons({ aborts, convicted, participants, outcome }: Report): string[] {
  if (outcome === 'usable') return convicted.map(convictionLine)
  // All that abort for one reason say it alike.
  const said = new Map<string, string[]>()
  for (const { from, reason, step, accused, why } of aborts) {
    const line = `${reason}${step === null ? '' : ` in ${step}`}${accused === null ? '' : `, of ${accused}`}: ${why}`
    said.set(line, [...(said.get(line) ?? []), from])
  }
  const troubles = participants.flatMap(({ name, trouble }) => (trouble === null ? [] : [`  ${name} stopped: ${trouble.what} (${trouble.code})`]))
  return [
    ...[...said].map(([line, from]) => `  ${from.join(', ')} posted an Abort: ${line}`),
    ...troubles,
    ...(convicted.length > 0 ? convicted.map(convictionLine) : ['  Convicted: nobody. The log proves no one guilty.']),
  ]
}

const convictionLine = ({ name, reason, why, by }: Conviction): string =>
  `  Convicted: ${name} (${reason}), by what ${counted(by.length, 'participant')} found in the log: ${why}`

function outputs({ outputs: values }: Report): string[] {
  const entries = Object.entries(values ?? {})
  return entries.length === 0 ? [] : [...entries.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`), '']
}

/** More participants than this, and those that ended alike share a line. */
const MOST_LINES = 24

function ends({ participants }: Report): string[] {
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

function figures({ steps, board, participants }: Report): string[] {
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
