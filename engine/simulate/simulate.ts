/**
 * A whole ceremony in memory: n participants, each with the real client and the real airgap, over a board in memory.
 * Nothing is left out but the wires, so a script that runs here runs. Deadlines pass at once where everybody waits, and
 * what all clients verify alike is verified once.
 */
import { setMaxListeners } from 'node:events'
import { isKeyriteError } from '../base/errors.ts'
import { alarm, following, happening } from '../base/signals.ts'
import { memoryParts } from '../channel/parts.ts'
import { toHex, utf8 } from '../base/bytes.ts'
import { sha256, sha256Hex } from '../crypto/hash.ts'
import { ed25519FromSeed } from '../crypto/ed25519.ts'
import type { Script } from '../machines/ceremony.ts'
import { createAirgap } from '../run/airgap.ts'
import type { AirgapPorts, Declined } from '../run/airgap-session.ts'
import type { Airgap } from '../run/airgap.ts'
import { bringEnd, endToBring } from '../run/client-work.ts'
import type { ClientPorts, Clock } from '../run/client-work.ts'
import { runClient } from '../run/client.ts'
import type { ClientResult } from '../run/client.ts'
import { Feed } from '../run/feed.ts'
import type { Ledger } from '../run/ledger.ts'
import { cardIn, emptyMemory, EPOCH } from '../run/memory.ts'
import type { AirgapMemory, MemoryStore } from '../run/memory.ts'
import { airgapInParts, clientInParts } from '../run/parts.ts'
import { ownChecks } from '../run/reading.ts'
import type { MessageChecks } from '../run/reading.ts'
import { forgetPoints } from '../verbs/dkg.ts'
import type { Args, CheckVerb, Random, Scope, Verbs } from '../verbs/runtime.ts'
import { boardError } from '../wire/board.ts'
import type { Linked } from '../wire/log.ts'
import type { Board } from '../wire/board.ts'
import { canonical } from '../base/canonical.ts'
import type { JsonObject } from '../base/canonical.ts'
import { instantOf } from '../base/names.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import { Chain, EMPTY_LOG, pinOf } from '../wire/log.ts'
import { parseMessage, placeProblem, provesMore, sameStatement, signMessage, slotOf, verifyStatement } from '../wire/message.ts'
import type { Message, Pin } from '../wire/message.ts'
import type { Exchange } from '../wire/exchange.ts'

/**
 * Time as a simulation needs it: a deadline passes once the log has been still for `idle` milliseconds, the nearest
 * one first, for all that wait for it.
 */
function idleClock(board: MemoryBoard, idle: number, begin: number): Clock {
  let now = begin
  const waits = new Set<{ readonly time: number; readonly wake: () => void }>()
  let seen = -1
  const timer = alarm(() => {
    if (board.entries.length === seen && waits.size > 0) {
      now = Math.max(now, Math.min(...[...waits].map((wait) => wait.time)))
      for (const wait of [...waits]) if (wait.time <= now) wait.wake()
    }
    seen = board.entries.length
    if (waits.size > 0) timer.set(idle)
  })
  return {
    now: () => now,
    until: async (time, signal) => {
      if (time <= now) return
      await happening((wake) => {
        const wait = { time, wake }
        waits.add(wait)
        timer.begin(idle)
        return () => {
          waits.delete(wait)
          if (waits.size === 0) timer.clear()
        }
      }, { signal })
    },
  }
}

// A board in memory, for simulations and tests: one log, the storage's rules, no network.

export interface MemoryBoard extends Board {
  readonly entries: readonly Linked[]
  readonly attachments: ReadonlyMap<string, Uint8Array>
  /** The head at an offset; that of the empty log at -1. */
  readonly headAt: (offset: number) => string | undefined
  /** Puts any message into the log, as only a dishonest storage would. */
  readonly force: (text: string) => Pin
}

/**
 * @param airgapKeyOf finds the airgap's key of a registered name, hex. A second statement in a slot that is signed by it is taken, as
 * the proof that the airgap made two
 */
export function memoryBoard(airgapKeyOf: (name: string) => string | undefined = () => undefined): MemoryBoard {
  const entries: Linked[] = []
  const chain = new Chain()
  const attachments = new Map<string, Uint8Array>()
  const places = new Map<string, { readonly pin: Pin; readonly message: Message }[]>()
  const waiting = new Set<() => void>()

  function post(text: string): Pin {
    const message = parseMessage(text)
    const problem = placeProblem(message)
    if (problem !== null) throw boardError('refused', { url: 'memory', status: 400, why: problem })
    const slot = slotOf(message.statement) ?? text
    const before = places.get(slot) ?? []
    const same = before.find((one) => sameStatement(one.message, message))
    if (same !== undefined) return same.pin
    const [first] = before
    if (first !== undefined && !(isAirgaps(message) && provesMore(message, before.map((one) => one.message)))) throw boardError('conflict', { offset: first.pin.offset, why: 'its slot is taken' })
    const pin = append(text)
    places.set(slot, [...before, { pin, message }])
    return pin
  }

  function isAirgaps({ statement, airgapSignature }: Message): boolean {
    const key = airgapKeyOf(statement.from)
    return airgapSignature !== undefined && key !== undefined && verifyStatement(statement, airgapSignature, key)
  }

  function append(text: string): Pin {
    const entry = chain.append(text)
    entries.push(entry)
    for (const wake of [...waiting]) wake()
    return pinOf(entry)
  }

  return {
    entries,
    attachments,
    headAt: (offset) => chain.headAt(offset),
    force: append,
    post: (text) => Promise.resolve().then(() => post(text)),
    head: () => Promise.resolve(chain.pin),
    async *follow(pin, signal) {
      for (let next = pin.offset + 1; ; next++) {
        while (entries.length <= next && !signal.aborted) await change(waiting, signal)
        const entry = entries[next]
        if (entry === undefined || signal.aborted) return
        yield entry
      }
    },
    putAttachment: (bytes) => {
      const hash = sha256Hex(bytes)
      attachments.set(hash, bytes)
      return Promise.resolve(hash)
    },
    getAttachment: (hash) => {
      const found = attachments.get(hash)
      return found === undefined ? Promise.reject(boardError('missing', { hash })) : Promise.resolve(found)
    },
  }
}

/** Resolves at the next post, or when the signal aborts. */
async function change(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  await happening((wake) => {
    waiting.add(wake)
    return () => waiting.delete(wake)
  }, { signal })
}

// The work that the clients of one simulation do only once: all of them verify the same public messages, with the same
// result, and n clients in one process would take n times as long for it. Each result is stored by all that it follows
// from, so that a client that is shown something else (by a fault) verifies that itself. Airgaps share nothing: every one
// does all of its work. Nothing but a simulation uses this.

/** Gives the first result again for equal arguments. A call that throws is made again. */
function once<A extends readonly unknown[], R>(run: (...args: A) => R, keyOf: (...args: A) => unknown): (...args: A) => R {
  const known = new Map<string, R>()
  return (...args) => {
    // Not canonical, for it is five times as fast: equal values in another order are done twice.
    const key = JSON.stringify(keyOf(...args))
    if (known.has(key)) return known.get(key) as R
    const result = frozen(run(...args))
    known.set(key, result)
    return result
  }
}

/** Freezes deeply: nobody changes what others were given too. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const item of Object.values(value)) frozen(item)
  }
  return value
}

/** The checks on messages, for clients that share them. For one ceremony: rosters are taken for equal. */
export function sharedChecks(): MessageChecks {
  return {
    message: once(ownChecks.message, (message, key) => [message, key]),
    statement: once(ownChecks.statement, (statement, signature, key) => [statement, signature, key]),
    fields: once(ownChecks.fields, (fields, object, _, held, skip) => [fields, object, held, skip]),
  }
}

/** The key of a verb's result: the place and arguments that it follows from. Its randomness is for weights, and changes nothing. */
const placeOf = ({ ceremony, rehearsal, step, type, view }: Scope, args: Args) => [ceremony, rehearsal, step, type, view, args.map(printOf)]

const prints = new WeakMap<object, string>()

/** A text that stands for an argument, which may be all n² messages of a step, and the same again for the next message. */
function printOf(arg: unknown): unknown {
  if (typeof arg !== 'object' || arg === null) return arg
  const known = prints.get(arg) ?? sha256Hex(utf8(JSON.stringify(arg)))
  prints.set(arg, known)
  return known
}

function sharedCheck({ when, before, run, slices }: CheckVerb): CheckVerb {
  const shared = once(run, (scope, incoming, args) => [placeOf(scope, args), incoming])
  return {
    when,
    run: shared,
    // Two clients that do it a slice at a time would both do all of it.
    ...(slices === undefined ? {} : {
      slices: function* (...given) {
        yield
        return shared(...given)
      },
    }),
    ...(before === undefined ? {} : { before: once(before, (scope, one, args) => [placeOf(scope, args), one]) }),
  }
}

const mapped = <T>(table: Readonly<Record<string, T>>, change: (verb: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(table).map(([name, verb]) => [name, change(verb)]))

/** The same verbs, for clients that share the results. */
export function sharedVerbs(verbs: Verbs): Verbs {
  return {
    airgap: verbs.airgap,
    value: mapped(verbs.value, (run) => once(run, placeOf)),
    client: mapped(verbs.client, (run) => once(run, placeOf)),
    check: mapped(verbs.check, sharedCheck),
    assist: mapped(verbs.assist, (run) => once(run, (scope, me, question, args) => [placeOf(scope, args), me, question])),
    judge: mapped(verbs.judge, (run) => once(run, (scope, dispute, answer, args) => [placeOf(scope, args), dispute, answer])),
  }
}

export interface SimulatedMember {
  readonly name: string
  readonly card: Card
  readonly signingKey: Uint8Array
  readonly seed: Uint8Array
  readonly memory: MemoryStore
  readonly airgap: Airgap
  readonly client: Omit<ClientPorts, 'opening'>
}

/** A participant's keys and memory: all that a cheat in its name has. */
export type MemberKeys = Omit<SimulatedMember, 'client' | 'airgap'>

/** The parts of one participant's machines that a fault may replace. */
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
  /** The time at which it opens, in milliseconds since the epoch; the present unless told. With a seeded `random`, makes a run repeatable. */
  readonly opensAt?: number
  /** Do owners in doubt give the ceremony up for good? They do unless told. */
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

/** Is there an Opening of the question's ceremony? Owners compare numbers, so nobody joins a ceremony without one. */
const isRead = (question: Parameters<AirgapPorts['confirm']>[0], { entries }: MemoryBoard): boolean =>
  question.kind === 'pair' || entries.some(({ text }) => isOpeningOf(question.ceremony, parseMessage(text)))

const isOpeningOf = (ceremony: string, { statement: { type, payload } }: Message): boolean =>
  type === 'Opening' && ceremonyId(payload) === ceremony

const noOf = (declines: boolean | string = false): true | Declined =>
  declines === false || { declined: typeof declines === 'string' ? declines : null }

/** The things that all clients of a simulation share. */
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
    opensAt: instantOf(now),
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
