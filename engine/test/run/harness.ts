/** Ceremonies in memory for these tests: real clients, real airgaps, a board in memory, and everything that crossed. */
import { openEnvelope, sealEnvelope } from '../../channel/envelope.ts'
import type { Envelope } from '../../channel/envelope.ts'
import { toHex } from '../../base/bytes.ts'
import type { Script } from '../../machines/ceremony.ts'
import { createAirgap } from '../../run/airgap.ts'
import type { AirgapPorts } from '../../run/airgap-session.ts'
import type { ClientResult } from '../../run/client.ts'
import { Ledger } from '../../run/ledger.ts'
import { emptyMemory, EPOCH } from '../../run/memory.ts'
import type { AirgapMemory } from '../../run/memory.ts'
import { recover } from '../../run/recover.ts'
import { writeTranscript } from '../../run/transcript.ts'
import { readShipped } from '../../script/load.ts'
import { tamperingOf } from '../../simulate/faults.ts'
import { memoryStore, seededRandom, simulate } from '../../simulate/simulate.ts'
import type { Simulated, SimulatedMember, SimulateOptions, Tampering } from '../../simulate/simulate.ts'
import { verbs } from '../../verbs/implementations.ts'
import type { Json, JsonObject } from '../../base/canonical.ts'
import { checkAnswer } from '../../wire/exchange.ts'
import type { Answer } from '../../wire/exchange.ts'
import { Chain, EMPTY_HEAD, holding } from '../../wire/log.ts'
import { parseMessage } from '../../wire/message.ts'

export const dkg = readShipped('dkg')
export const beacon = readShipped('beacon')

const NAMES = ['anna', 'ben', 'cleo', 'dan', 'eva', 'finn', 'gwen']
export const namesOf = (n: number): string[] => NAMES.slice(0, n)

/** The milliseconds for which a simulated log must be still before a deadline passes. All runs in one thread, so hardly any. */
const IDLE = 5

/** Options for a key generation among the first n names. Everything random in it follows from the seed. */
export function dkgOptions(n: number, t: number, seed: string, more: Partial<SimulateOptions> = {}): SimulateOptions {
  return {
    script: dkg, names: namesOf(n), parameters: { threshold: t }, verbs, random: seededRandom(seed), idle: IDLE,
    opensAt: Date.UTC(2026, 0, 1), ...more,
  }
}

export const simulateDkg = (n: number, t: number, seed: string, more: Partial<SimulateOptions> = {}): Promise<Simulated> =>
  simulate(dkgOptions(n, t, seed, more))

/** Options for a key generation with faults, as a command line names them. */
export function faultyOptions(n: number, t: number, faults: readonly string[], more: Partial<SimulateOptions> = {}): SimulateOptions {
  const random = seededRandom(faults.join())
  return dkgOptions(n, t, faults.join(), { random, tamper: tamperingOf(faults, { script: dkg, verbs, random, names: namesOf(n) }), ...more })
}

export const simulateFaults = (n: number, t: number, faults: readonly string[], more: Partial<SimulateOptions> = {}): Promise<Simulated> =>
  simulate(faultyOptions(n, t, faults, more))

export function resultOf({ results }: Simulated, name: string): ClientResult {
  const result = results.get(name)
  if (result === undefined) throw new Error(`${name} did not end`)
  return result
}

export function memberOf({ members }: { readonly members: readonly SimulatedMember[] }, name: string): SimulatedMember {
  const member = members.find((one) => one.name === name)
  if (member === undefined) throw new Error(`nobody is called ${name}`)
  return member
}

/** The share that one participant's airgap has of the ceremony in its archive. */
export function keptBy(run: Simulated, name: string): JsonObject {
  const value = memberOf(run, name).memory.read().archive[run.ceremony]?.values['share']
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${name} keeps nothing`)
  return value as JsonObject
}

/** One request that crossed to an airgap, and the answer. */
export interface Crossing {
  readonly name: string
  readonly step: string
  readonly request: string
  readonly answer: string
  /** The airgap's memory before it took the request. */
  readonly before: AirgapMemory
  readonly after: AirgapMemory
}

/** A recorder for `tamper`: everything that crosses to these participants' airgaps. */
export function recording(names: readonly string[], into: Crossing[]): Record<string, Tampering> {
  return Object.fromEntries(names.map((name) => [name, {
    exchange: (airgap, member) => async (request) => {
      const before = member.memory.read()
      const answer = await airgap.handle(request)
      into.push({ name, step: openEnvelope(request).step ?? '', request, answer, before, after: member.memory.read() })
      return answer
    },
  } satisfies Tampering]))
}

/** A finished key generation with all that crossed. */
export interface Recorded extends Simulated {
  readonly crossings: readonly Crossing[]
  readonly crossing: (name: string, step: string) => Crossing
}

export async function recordDkg(n: number, t: number, seed: string, more: Partial<SimulateOptions> = {}): Promise<Recorded> {
  const crossings: Crossing[] = []
  const run = await simulateDkg(n, t, seed, { tamper: recording(namesOf(n), crossings), ...more })
  const crossing = (name: string, step: string): Crossing => {
    const found = crossings.find((one) => one.name === name && one.step === step)
    if (found === undefined) throw new Error(`${name} brought no request for ${step}`)
    return found
  }
  return { ...run, crossings, crossing }
}

/** An airgap made anew from a memory, as after a restart. */
export function airgapFrom(memory: AirgapMemory, more: Partial<AirgapPorts> = {}) {
  const store = memoryStore(memory)
  const asked: unknown[] = []
  const airgap = createAirgap({
    memory: store,
    confirm: (question) => {
      asked.push(question)
      return Promise.resolve(true)
    },
    script: (hash) => [dkg, beacon].find((script) => script.hash === hash),
    verbs,
    random: seededRandom('an airgap'),
    now: () => new Date(Date.UTC(2026, 0, 2)),
    ...more,
  })
  return { airgap, memory: store, asked }
}

type Body = Record<string, unknown>

/** A request with some of its envelope or body changed, sealed again. */
export function changed(request: string, change: { readonly body?: (body: Body) => Body; readonly step?: string; readonly ceremony?: string }): string {
  const { kind, ceremony, step, body } = openEnvelope(request)
  return sealEnvelope({
    kind, ceremony: change.ceremony ?? ceremony, step: change.step ?? step,
    body: (change.body?.(structuredClone(body) as Body) ?? body) as Envelope['body'],
  })
}

export const bodyOf = (request: string): Body => structuredClone(openEnvelope(request).body) as Body

export const readAnswer = (text: string): Answer => checkAnswer(openEnvelope(text).body, 'An answer')

/** The code of an airgap's refusal, or what it gives instead. */
export function refusalOf(text: string): string {
  const answer = readAnswer(text)
  return answer.give === 'refusal' ? answer.code : `gives ${answer.give}`
}

/** A log of its own: messages one after the other, and the ledger that read them. */
export class TestLog {
  readonly ledger: Ledger
  private readonly chain = new Chain()

  constructor(run: Pick<Simulated, 'opening'>, script = dkg, followed: Readonly<Record<string, Ledger>> = {}) {
    const headAt = (offset: number) => this.chain.headAt(offset)
    this.ledger = new Ledger({ script, opening: run.opening, verbs, random: seededRandom('a ledger'), headAt, followed })
  }

  get pin() {
    return this.chain.pin
  }

  /** Adds a message. `attachments` holds what it may name. */
  add(text: string, attachments?: ReadonlyMap<string, Uint8Array>): void {
    const { offset, message } = holding(() => this.chain.append(text), ({ cause }) => cause)
    const attachment = attachments?.get(message.attachment ?? '')
    this.ledger.accept({ offset, message, ...(attachment === undefined ? {} : { attachment }) })
  }
}

/** Any value that left a machine as text, with all that JSON would leave out of it. */
export const asText = (value: unknown): string => JSON.stringify(value, (_, one: unknown) => {
  if (one instanceof Uint8Array) return Buffer.from(one).toString('hex')
  if (one instanceof Error) return [one.name, one.message, one.stack, one.cause, Object.entries(one)]
  if (one instanceof Map) return [...(one as Map<unknown, unknown>)]
  return typeof one === 'bigint' ? one.toString(16) : one
})

/** A JSON value that must be text. */
export function textOf(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error(`${typeof value} where text should be`)
  return value
}

/** The transcript that any client of the run would export. */
export function transcriptOf({ board, opening }: Simulated, script: Script = dkg): string {
  return [...writeTranscript(readerOf({ board, opening }, script), board.entries)].join('')
}

/** The log of a run as anybody reads it from its first message to its last. */
export function readerOf({ board, opening }: Pick<Simulated, 'board' | 'opening'>, script: Script = dkg): Ledger {
  const headAt = (offset: number) => (offset === -1 ? EMPTY_HEAD : board.entries[offset]?.head)
  const ledger = new Ledger({ script, opening, verbs, random: seededRandom('a reader'), headAt })
  for (const { offset, text } of board.entries) {
    const message = parseMessage(text)
    const attachment = board.attachments.get(message.attachment ?? '')
    ledger.accept({ offset, message, ...(attachment === undefined ? {} : { attachment }) })
  }
  return ledger
}

/** The share that a new airgap has from the mnemonic's seed and the transcript. */
export async function recovered(run: Simulated, name: string): Promise<Json | undefined> {
  const memory = memoryStore(emptyMemory(toHex(memberOf(run, name).seed), new Uint8Array(EPOCH)))
  await recover(transcriptOf(run), {
    memory, script: (hash) => (hash === dkg.hash ? dkg : undefined), verbs, random: seededRandom('recover'), now: () => new Date(0),
  })
  return memory.read().archive[run.ceremony]?.values['share']
}
