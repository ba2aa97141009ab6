/**
 * A whole ceremony in memory: n participants, each with the real client and the real airgap, over a board in memory.
 * Nothing is left out but the wires, so a script that runs here runs. Deadlines pass at once where everybody waits, and
 * what all clients verify alike is verified once.
 */
import { setMaxListeners } from 'node:events'
import { isKeyriteError } from '../base/errors.ts'
import { following } from '../base/signals.ts'
import { memoryParts } from '../channel/part-store.ts'
import { sha256, toHex } from '../crypto/bytes.ts'
import { ed25519FromSeed } from '../crypto/ed25519.ts'
import type { Script } from '../machines/ceremony.ts'
import { createAirgap } from '../run/airgap.ts'
import type { Airgap, AirgapPorts, Declined } from '../run/airgap.ts'
import { clientInParts } from '../run/client-parts.ts'
import type { ClientPorts, Clock } from '../run/client-ports.ts'
import { runClient } from '../run/client.ts'
import type { ClientResult } from '../run/client.ts'
import { bringEnd, endToBring } from '../run/close.ts'
import { Feed } from '../run/feed.ts'
import { idleClock } from '../run/idle-clock.ts'
import type { Ledger } from '../run/ledger.ts'
import { memoryBoard } from '../run/memory-board.ts'
import type { MemoryBoard } from '../run/memory-board.ts'
import { cardIn, emptyMemory, EPOCH } from '../run/memory.ts'
import type { AirgapMemory, MemoryStore } from '../run/memory.ts'
import { airgapInParts } from '../run/parts.ts'
import { sharedChecks, sharedVerbs } from '../run/shared.ts'
import { forgetPoints } from '../verbs/points.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import type { Board } from '../wire/board.ts'
import { canonical, utf8 } from '../wire/canonical.ts'
import type { JsonObject } from '../wire/canonical.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import { EMPTY_LOG, parseMessage, signMessage } from '../wire/message.ts'
import type { Message } from '../wire/message.ts'

export interface SimulatedMember {
  readonly name: string
  readonly card: Card
  readonly signingKey: Uint8Array
  readonly seed: Uint8Array
  readonly memory: MemoryStore
  readonly airgap: Airgap
  readonly client: Omit<ClientPorts, 'opening'>
}

/** A participant's keys and memory: what whoever cheats in its name has. */
export type MemberKeys = Omit<SimulatedMember, 'client' | 'airgap'>

/** What a fault may replace in one participant's machines. */
export interface Tampering {
  /** Other verbs in the participant's airgap. */
  readonly airgapVerbs?: Verbs
  /** Another board in front of the participant's client. */
  readonly board?: (board: MemoryBoard, member: MemberKeys, clock: Clock) => Board
  /** Changes what crosses to the airgap and back. */
  readonly exchange?: (airgap: Airgap, member: MemberKeys, board: MemoryBoard) => Exchange
  /** The owner says no, perhaps with a reason. */
  readonly declines?: boolean | string
}

export type Exchange = (request: string, signal: AbortSignal) => Promise<string>

export interface SimulateOptions {
  readonly script: Script
  readonly names: readonly string[]
  readonly parameters: JsonObject
  readonly verbs: Verbs
  readonly random: Random
  readonly rehearsal?: boolean
  /** The finished ceremony that this one follows: on its board, by its participants, or some of them. */
  readonly after?: Simulated
  /** By participant's name. */
  readonly tamper?: Readonly<Record<string, Tampering>>
  /** When it opens, in milliseconds since the epoch; the present unless told. With a seeded `random`, makes a run repeatable. */
  readonly opensAt?: number
  /** Owners in doubt give the ceremony up for good; they do unless told. */
  readonly abandons?: boolean
  /** Lets transfers of more packed bytes cross in parts. None does unless told. */
  readonly partsAbove?: number
  /** Milliseconds without any change in the log after which the next deadline passes. */
  readonly idle?: number
  readonly onProgress?: (event: { readonly name: string; readonly ceremony: string; readonly step: string; readonly doing: string }) => void
  readonly signal?: AbortSignal
}

export interface Simulated {
  readonly opening: Opening
  readonly ceremony: string
  readonly board: MemoryBoard
  readonly members: readonly SimulatedMember[]
  readonly results: ReadonlyMap<string, ClientResult>
}

/** Participants over a board on which the ceremony was opened; their clients do not run yet. */
export interface Prepared {
  readonly opening: Opening
  readonly board: MemoryBoard
  readonly members: readonly SimulatedMember[]
}

/** Runs the script among simulated participants, to every client's end. */
export async function simulate(options: SimulateOptions): Promise<Simulated> {
  const { opening, board, members } = await prepareSimulation(options)
  const stopped = new AbortController()
  const { signal, release } = following(stopped.signal, ...(options.signal === undefined ? [] : [options.signal]))
  // Every participant waits for it; Node takes more than ten for a leak.
  setMaxListeners(0, signal)
  try {
    const ends = await Promise.all(members.map(async (member) => [member.name, await runMember(member, opening, signal)] as const))
    const results = new Map(ends.flatMap(([name, result]) => (result === null ? [] : [[name, result] as const])))
    return { opening, ceremony: ceremonyId(opening), board, members, results }
  } finally {
    stopped.abort()
    release()
  }
}

/**
 * Runs one participant's client, and its feed, to the client's end; null if the signal came first.
 *
 * @throws what stopped its feed, such as board.tampered
 */
export async function runMember({ client }: SimulatedMember, opening: Opening, signal: AbortSignal): Promise<ClientResult | null> {
  const stopped = new AbortController()
  const either = following(stopped.signal, signal)
  const feed = client.feed.run(either.signal).then(() => null)
  try {
    const end = await Promise.race([runClient({ ...client, opening }, either.signal), feed])
    if (end === null) return null
    if (end.outcome === 'aborted' || end.outcome === 'dead') await closeAirgap(client, end.ledger, either.signal)
    return end
  } finally {
    stopped.abort()
    either.release()
    await feed.catch(() => null)
  }
}

/** Has the airgap erase the session of a ceremony that is over, unless it refuses to: it may have stated its part of the certificate. */
async function closeAirgap(client: SimulatedMember['client'], ledger: Ledger, signal: AbortSignal): Promise<void> {
  const request = await endToBring(client, ledger)
  if (request === undefined || signal.aborted) return
  await bringEnd(client.exchange, ledger, request, signal).catch((error: unknown) => {
    if (!isKeyriteError(error)) throw error
  })
}

/** Makes the participants and posts the Opening. */
export async function prepareSimulation(options: SimulateOptions): Promise<Prepared> {
  const keys = new Map<string, string>()
  const board = options.after?.board ?? memoryBoard((name) => keys.get(name))
  const clock = idleClock(board, options.idle ?? 400, options.opensAt ?? Date.now())
  const common: Common = { board, clock, checks: sharedChecks(), verbs: sharedVerbs(options.verbs) }
  const members = options.names.map((name) => createMember(name, options, common))
  for (const { name, card } of members) keys.set(name, card.airgapKey)
  const opening = openingFor(options, members.map((member) => member.card), clock.now())
  const [opener] = members
  if (opener === undefined) throw new TypeError('a ceremony of nobody')
  const statement = { ceremony: null, step: null, type: 'Opening', from: opener.name, view: null, payload: opening }
  await board.post(canonical(signMessage(opener.signingKey, { statement, seen: EMPTY_LOG })))

  return { opening, board, members }
}

/** Owners compare numbers: nobody joins a ceremony of which no Opening was posted. */
const isRead = (question: Parameters<AirgapPorts['confirm']>[0], { entries }: MemoryBoard): boolean =>
  question.kind === 'pair' || entries.some(({ text }) => isOpeningOf(question.ceremony, parseMessage(text)))

const isOpeningOf = (ceremony: string, { statement: { type, payload } }: Message): boolean =>
  type === 'Opening' && ceremonyId(payload) === ceremony

const noOf = (declines: boolean | string = false): true | Declined =>
  declines === false || { declined: typeof declines === 'string' ? declines : null }

/** What all clients of a simulation have in common. */
type Common = Required<Pick<ClientPorts, 'clock' | 'checks' | 'verbs'>> & { readonly board: MemoryBoard }

function createMember(name: string, options: SimulateOptions, { board, clock, checks, verbs }: Common): SimulatedMember {
  const base = options.after === undefined ? newKeys(name, options) : keysOf(name, options.after)
  const { card, memory, signingKey } = base
  const tamper = options.tamper?.[name] ?? {}
  const ports: AirgapPorts = {
    memory,
    confirm: (question) => Promise.resolve(isRead(question, board) ? noOf(tamper.declines) : noOf(true)),
    script: (hash) => (hash === options.script.hash ? options.script : undefined),
    verbs: tamper.airgapVerbs ?? options.verbs,
    random: options.random,
    now: () => new Date(clock.now()),
  }
  const { partsAbove } = options
  const alone = onItsOwn(createAirgap(ports))
  const airgap = partsAbove === undefined ? alone : airgapInParts(alone, { above: partsAbove, store: memoryParts() })
  const exchange: Exchange = tamper.exchange?.(airgap, base, board) ?? ((request) => airgap.handle(request))
  const ownBoard = tamper.board?.(board, base, clock) ?? board
  const store = new Map<string, string>()
  const { onProgress } = options
  return {
    ...base,
    airgap,
    client: {
      script: options.script, me: card, signingKey, board: ownBoard, clock, followed: followedBy(name, options),
      verbs, checks, random: options.random, offerAbandon: () => Promise.resolve(options.abandons ?? true),
      feed: new Feed({ board: ownBoard, store: { load: () => Promise.resolve([]), append: () => Promise.resolve() }, retryDelay: 1 }),
      store: {
        get: (key) => Promise.resolve(store.get(key)),
        put: (key, text) => {
          if (!store.has(key)) store.set(key, text)
          return Promise.resolve()
        },
      },
      exchange: partsAbove === undefined ? exchange : clientInParts(exchange, { above: partsAbove, store: memoryParts() }),
      ...(onProgress === undefined ? {} : { onProgress: (progress) => onProgress({ name, ...progress }) }),
    },
  }
}

function newKeys(name: string, { random }: SimulateOptions): MemberKeys {
  const seed = random(64)
  const signing = ed25519FromSeed(random(32))
  const memory: AirgapMemory = { ...emptyMemory(toHex(seed), random(EPOCH)), client: { name, signingKey: toHex(signing.publicKey) } }
  const card = cardIn(memory)
  if (card === null) throw new TypeError('a participant without a card')
  return { name, card, signingKey: signing.secretKey, seed, memory: memoryStore(memory) }
}

function keysOf(name: string, { members }: Simulated): MemberKeys {
  const member = members.find((one) => one.name === name)
  if (member === undefined) throw new TypeError(`${name} took no part in the ceremony before`)
  const { card, signingKey, seed, memory } = member
  return { name, card, signingKey, seed, memory }
}

/** The ceremony before, as this participant's client knows it, by the script's name for it. */
function followedBy(name: string, { script, after }: SimulateOptions): Readonly<Record<string, Ledger>> {
  const ledger = after?.results.get(name)?.ledger
  return ledger === undefined ? {} : Object.fromEntries(Object.keys(script.ceremony.follows).map((local) => [local, ledger]))
}

/** An airgap that decodes every point itself, as on a machine of its own, and not out of what another one left in this process. */
function onItsOwn(airgap: Airgap): Airgap {
  return {
    handle: (request) => {
      forgetPoints()
      return airgap.handle(request)
    },
  }
}

function openingFor(options: SimulateOptions, cards: readonly Card[], now: number): Opening {
  const { ceremony, hash } = options.script
  return {
    script: { name: ceremony.name, version: ceremony.version, hash },
    parameters: { ...Object.fromEntries(Object.keys(ceremony.follows).map((name) => [name, options.after?.ceremony ?? ''])), ...options.parameters },
    roster: [...cards].sort((a, b) => (a.name < b.name ? -1 : 1)),
    opensAt: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
    nonce: toHex(options.random(32)),
    rehearsal: options.rehearsal ?? false,
  }
}

/** A memory store that forgets at exit. */
export function memoryStore(initial: AirgapMemory): MemoryStore {
  let memory = initial
  return {
    read: () => memory,
    update: (change) => {
      memory = change(memory)
      return Promise.resolve()
    },
  }
}

/** Random bytes from a seed: for simulations that must come out the same again. Never for a real ceremony. */
export function seededRandom(seed: string): Random {
  let counter = 0
  return (length) => {
    const blocks: Uint8Array[] = []
    while (blocks.length * 32 < length) blocks.push(sha256(utf8(`keyrite simulation ${seed} ${counter++}`)))
    const out = new Uint8Array(length)
    blocks.forEach((block, i) => {
      out.set(block.subarray(0, Math.min(32, length - i * 32)), i * 32)
    })
    return out
  }
}
