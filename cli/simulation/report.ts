/** How a simulation went, as data. */
import type { Script } from '../../engine/machines/ceremony.ts'
import { OUTCOMES } from '../../engine/machines/client.ts'
import type { Outcome } from '../../engine/machines/client.ts'
import { unmade } from '../../engine/run/ending.ts'
import { convictedIn, unansweredIn } from '../../engine/run/guilt.ts'
import type { Conviction, Unanswered } from '../../engine/run/guilt.ts'
import type { Ledger } from '../../engine/run/ledger.ts'
import type { Simulated } from '../../engine/simulate/simulate.ts'
import { checkAbort } from '../../engine/wire/abort.ts'
import type { Fault } from '../../engine/wire/abort.ts'
import { utf8 } from '../../engine/wire/canonical.ts'
import type { JsonObject } from '../../engine/wire/canonical.ts'
import { parseMessage, verifyMessage } from '../../engine/wire/message.ts'
import { EXIT } from '../errors.ts'
import type { ExitCode } from '../errors.ts'
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
  /** What its client found wrong, where it aborted for that. */
  readonly found: { readonly reason: string; readonly step: string | null; readonly accused: string | null; readonly why: string } | null
  /** What stopped it, where that is no matter of the ceremony. */
  readonly trouble: { readonly code: string; readonly what: string; readonly todo: string } | null
}

export interface Found extends Conviction {
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
  readonly convicted: readonly Found[]
  /** As who read furthest finds it. */
  readonly unanswered: readonly Unanswered[]
  /** Why its result cannot be made although every step is complete; null where that is not so. */
  readonly unmade: string | null
  /** Per step: how long it took, and per participant what its airgap took and what crossed (medians). */
  readonly steps: readonly {
    readonly step: string
    readonly ms: number | null
    readonly airgapMs: number | null
    readonly requestBytes: number | null
    readonly answerBytes: number | null
  }[]
  /** `head` is that of the whole log. */
  readonly board: { readonly messages: number; readonly head: string; readonly bytes: number; readonly attachmentBytes: number }
  readonly ms: number
}

/** From good to bad. */
const ORDER = OUTCOMES

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

/** What it came to for those who did nothing wrong: the worst, or the best where some are enough. */
function outcomeOf({ ceremony }: Script, participants: readonly ParticipantEnd[]): Outcome {
  const honest = participants.filter(({ fault }) => fault === null)
  const ends = (honest.length > 0 ? honest : participants).map(({ outcome }) => ORDER.indexOf(outcome))
  const certificate = ceremony.steps.find((step) => step.name === ceremony.certificate)
  return ORDER[certificate?.collect.kind === 'all' ? Math.max(...ends) : Math.min(...ends)] ?? 'stopped'
}

const foundOf = (fault: Fault | null): ParticipantEnd['found'] =>
  fault === null ? null : { reason: fault.reason, step: fault.step, accused: fault.accused, why: fault.why }

/** All Aborts on the board, also those that a client which had ended did not read any more. */
function abortsOn({ board, ceremony, members }: Simulated): Report['aborts'] {
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

/** 0 when it is complete and confirmed by all; 3 when something stopped a machine; else 4. */
export function exitOf({ outcome }: Report): ExitCode {
  if (outcome === 'usable') return EXIT.ok
  return outcome === 'stopped' ? EXIT.refused : EXIT.aborted
}
