/** An airgap's session of one ceremony: found, joined, written and erased, and the state of its machine that follows from it. */
import { initialTransition, transition } from 'xstate'
import type { SnapshotFrom } from 'xstate'
import { canonicalBytes } from '../base/canonical.ts'
import type { JsonObject } from '../base/canonical.ts'
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import { cut } from '../base/text.ts'
import type { Ceremony, Script } from '../machines/ceremony.ts'
import type { Verbs, Random } from '../verbs/runtime.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { RefusalAnswer } from '../wire/exchange.ts'
import { airgapKeyOf, knownOf } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { noScript, runError } from './errors.ts'
import { cardIn, followedIn } from './memory.ts'
import type { Session, SessionState, ArchivedShown, MemoryStore, AirgapMemory } from './memory.ts'
import { checkOpening, followedBy } from './opening.ts'
import { checkRunnable } from './verbs.ts'
import { airgapSteps, compileAirgap } from '../machines/airgap.ts'
import type { AirgapEvent, AirgapOutcome, AirgapPlace } from '../machines/airgap.ts'
import { MAX_MESSAGE } from '../wire/message.ts'

/** The question to the owner, who sees and confirms it on the airgap's own screen. */
export interface Confirmation {
  readonly kind: 'join' | 'step'
  readonly ceremony: string
  /** 40 digits in eight groups, to be read aloud. */
  readonly number: string
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
  readonly step: string
  /** The values that this step wants shown besides, by parameter name. */
  readonly shows: JsonObject
  /** The ceremonies that this one follows, by the script's name for each. */
  readonly followed: Readonly<Record<string, ArchivedShown>>
}

export interface Pairing {
  readonly kind: 'pair'
  readonly card: Card
}

/** The question whether a ceremony is to be given up for good: after that nobody can ever use its result. */
export interface Abandoning {
  readonly kind: 'abandon'
  readonly ceremony: string
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
}

/** An owner's no for good, with the reason: one line that everybody can read (`reasonProblem`), or null. */
export interface Declined {
  readonly declined: string | null
}

export interface AirgapPorts {
  readonly memory: MemoryStore
  /** Asks the owner. @throws what the owner's screen cannot do; the step is then not used up */
  readonly confirm: (question: Confirmation | Pairing | Abandoning) => Promise<true | Declined>
  /** The script with this hash, from the airgap's own disk. */
  readonly script: (hash: string) => Script | undefined
  /** The script on that disk that has this hash once its lines end with CR LF. */
  readonly crlfScript?: (hash: string) => Script | undefined
  readonly verbs: Verbs
  readonly random: Random
  readonly now: () => Date
  /** Asks the owner also about messages whose meaning nobody can see; without it they are refused unasked. */
  readonly allowBlind?: boolean
  /** Stops work that takes long; what was done is stored first. */
  readonly signal?: AbortSignal
  /** Hears what the airgap does, for its screen. Public. */
  readonly onProgress?: (progress: AirgapProgress) => void
}

export interface AirgapProgress {
  readonly ceremony: string
  readonly step: string
  readonly state: 'verifying' | 'confirming' | 'computing' | 'answered' | 'asking' | 'refused' | 'finished'
  /** How much of the work that takes long is done, of `total`. */
  readonly done?: number
  readonly total?: number
}

/** @throws run.closed where its owner declined it */
export function refuseDeclined({ declined }: AirgapMemory, id: string): void {
  if (declined.includes(id)) throw runError('closed', { ceremony: id, why: 'its owner declined it' })
}

/** One ceremony on one airgap: its session, if it joined, and the script from its own disk. */
export interface Joined {
  readonly id: string
  readonly session: Session | undefined
  readonly script: Script
  readonly opening: Opening
  readonly position: Position
}

/**
 * Finds the ceremony's session, or checks the opening that its first request brings.
 *
 * @throws run.closed, run.unknown-ceremony, run.unknown-script, run.not-paired, run.not-runnable, run.opening, run.restored
 */
export function joinedFor(ports: AirgapPorts, id: string, brought: Opening | undefined): Joined {
  const memory = ports.memory.read()
  const session = memory.sessions[id]
  refuseDeclined(memory, id)
  const opening = session?.opening ?? brought
  if (opening === undefined || ceremonyId(opening) !== id) throw runError('unknown-ceremony', { ceremony: id })
  const script = scriptFor(ports, opening)
  const position = positionOf(script.ceremony, session)
  refuseOver(id, position)
  const card = cardIn(memory)
  if (card === null) throw runError('not-paired', { name: '' })
  if (session === undefined) {
    if (memory.archive[id] !== undefined) throw runError('closed', { ceremony: id, why: 'it is finished, and its session is erased' })
    if (canonicalBytes(opening).length > MAX_MESSAGE) throw runError('opening', { why: 'it is larger than any message on a board' })
    refuseEarlier(id, opening, card)
    checkOpening(opening, script, card, (followed) => followedIn(memory, followed))
    checkRunnable(script, ports.verbs)
  }
  return { id, session, script, opening, position }
}

/** The state of an airgap's machine: its position in a ceremony. */
export type Position = SnapshotFrom<ReturnType<typeof compileAirgap>>

const machines = new WeakMap<Ceremony, ReturnType<typeof compileAirgap>>()

function machineOf(ceremony: Ceremony): ReturnType<typeof compileAirgap> {
  const machine = machines.get(ceremony) ?? compileAirgap(ceremony)
  machines.set(ceremony, machine)
  return machine
}

/** Moves the machine by an event; an event that may not come now changes nothing. */
export const moved = (ceremony: Ceremony, position: Position, event: AirgapEvent): Position => transition(machineOf(ceremony), position, event)[0]

/** The events of a live session, in an order in which they can have come. */
function eventsOf(ceremony: Ceremony, { steps, disputes }: Session): readonly AirgapEvent[] {
  const answered = airgapSteps(ceremony).flatMap(({ name, disputes: complaint }): readonly AirgapEvent[] => {
    const stated = Object.hasOwn(steps, name) ? steps[name]?.stated ?? null : null
    if (stated === null) return []
    return [{ type: 'REQUEST', step: name }, { type: 'VERIFIED' }, { type: 'CONFIRMED' }, { type: stated.type === complaint ? 'DISPUTED' : 'ANSWERED' }]
  })
  return [...answered, ...Object.keys(disputes).map((): AirgapEvent => ({ type: 'ACCUSED' }))]
}

/**
 * Finds the position of a session; the beginning where there is none. An end is taken from the session's state alone, whatever its
 * steps say: a backup has no steps, and a recovered ceremony has none of its answers.
 */
export function positionOf(ceremony: Ceremony, session: Session | undefined): Position {
  const machine = machineOf(ceremony)
  const [first] = initialTransition(machine)
  if (session === undefined) return first
  if (session.state !== 'live') return machine.resolveState({ value: session.state, context: first.context, status: 'done', output: session.state })
  return eventsOf(ceremony, session).reduce((position, event) => moved(ceremony, position, event), first)
}

/** The step that the airgap is in, and what it does there; undefined where it takes no step any more. */
export const airgapPlace = (position: Position): AirgapPlace | undefined => Object.values(position.getMeta()).find((meta) => meta !== undefined)

const OVER: Readonly<Partial<Record<AirgapOutcome, string>>> = {
  closed: 'its client showed that it is over', abandoned: 'its owner gave it up for good',
}

/** Refuses a ceremony in which this airgap takes no step any more; a finished one still gives its answers. @throws run.restored, run.closed */
export function refuseOver(id: string, { output }: Position): void {
  if (output === undefined || output === 'finished') return
  if (output === 'left') throw runError('restored', { ceremony: id, why: 'it was under way when the backup was made' })
  throw runError('closed', { ceremony: id, why: OVER[output] ?? output })
}

/** The error that says why a step may not come at a position. */
export function outOfPlace(id: string, ceremony: Ceremony, position: Position, step: string): KeyriteError {
  const refused = (why: string): KeyriteError => runError('closed', { ceremony: id, why })
  const place = airgapPlace(position)
  // An airgap that was recovered has its share, but not its answers: to state one anew, from other statements, would be equivocation.
  if (position.output === 'finished') return refused('it is finished, and its session is erased')
  if (place === undefined) return refused(`this airgap disputed in ${ceremony.steps.find(({ disputes }) => disputes !== undefined)?.name ?? ''}, so it aborts`)
  if (place.step === step) return refused('this airgap was shown a complaint, beside which there can be no success')
  return runError('out-of-order', { step, expected: place.step })
}

/**
 * Refuses a ceremony of an earlier vault. A vault that was made anew from the words or a backup does not know what the earlier one
 * stated. A ceremony that the earlier one may have joined has its epoch in the roster, and is not joined here: a second statement in
 * a slot would be equivocation.
 */
function refuseEarlier(id: string, { roster }: Opening, own: Card): void {
  const here = roster.find(({ airgapKey }) => airgapKey === own.airgapKey)
  if (here === undefined || here.epoch === own.epoch) return
  throw runError('restored', { ceremony: id, why: 'its roster has this airgap’s card from before it was made anew, and the one before may have joined it' })
}

/** Finds the opening's script on the airgap's own disk. @throws run.unknown-script */
export function scriptFor(ports: AirgapPorts, { script: { name, hash } }: Opening): Script {
  const script = ports.script(hash)
  if (script === undefined) throw noScript({ name, hash }, ports.crlfScript?.(hash))
  return script
}

/** The ceremony as this airgap knows it now. @throws run.opening where its key is not in the roster */
export function knownNow(ports: AirgapPorts, { id, script, opening }: Pick<Joined, 'id' | 'script' | 'opening'>): Known {
  const memory = ports.memory.read()
  const airgapKey = airgapKeyOf(memory)
  const me = opening.roster.find((card) => card.airgapKey === airgapKey)
  if (me === undefined) throw runError('opening', { why: 'this airgap’s key is not in its roster' })
  const followed = followedBy(script.ceremony, opening, (one) => followedIn(memory, one))
  return knownOf(script, memory.sessions[id] ?? newSession(opening), me, followed)
}

export const newSession = (opening: Opening): Session => ({ opening, state: 'live', steps: {}, disputes: {} })

/** Writes a session; resolves when it is durable. */
export async function saveSession(ports: AirgapPorts, id: string, change: (session: Session | undefined) => Session): Promise<void> {
  await ports.memory.update((memory) => ({
    ...memory, sessions: { ...memory.sessions, [id]: change(memory.sessions[id]) },
  }))
}

/** Erases what there is of a ceremony that its owner declines, and remembers its id; resolves when that is durable. */
export async function saveDeclined({ memory }: AirgapPorts, id: string): Promise<void> {
  await memory.update((before) => {
    const sessions = Object.fromEntries(Object.entries(before.sessions).filter(([one]) => one !== id))
    return { ...before, sessions, declined: [...before.declined, id] }
  })
}

/** Drops the work under way from a session. */
export const withoutWork = ({ opening, state, steps, disputes }: Session): Session => ({ opening, state, steps, disputes })

/** A session that is over: its answers stay, to be given again; the others’ statements and the work under way go. */
export function erased(session: Session, state: Exclude<SessionState, 'live'>): Session {
  const steps = Object.fromEntries(
    Object.entries(session.steps).map(([name, step]) => [name, { ...step, collected: [], prepared: {} }]),
  )
  return { ...withoutWork(session), state, steps }
}

// The answer of an airgap that refuses.

/** The most characters of each text that a refusal has room for. */
const MOST_SAID = 2000

/** Makes an error the answer that refuses. @throws the error itself where it is no refusal: it ends this airgap */
export function refusalAnswer(request: string, error: unknown): RefusalAnswer {
  if (!isKeyriteError(error)) throw error
  return { give: 'refusal', request, code: error.code, what: cut(error.message, MOST_SAID - 1), todo: cut(error.todo, MOST_SAID - 1), ...faultFacts(error) }
}

function faultFacts(error: KeyriteError): Pick<RefusalAnswer, 'fault'> {
  if (isKeyriteError(error, 'run.rejected')) {
    const { reason: why } = error.facts
    return { fault: { reason: 'rejected', accused: null, ...(why === null ? {} : { why }) } }
  }
  if (!isKeyriteError(error, 'verb.fault')) return {}
  const { reason, accused } = error.facts
  return { fault: { reason, accused: accused === '' ? null : accused } }
}
