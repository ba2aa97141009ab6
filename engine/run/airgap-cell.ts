/** An airgap's memory of one ceremony: found, joined, written, erased. */
import type { JsonObject } from '../base/canonical.ts'
import { isKeyriteError } from '../base/errors.ts'
import type { KeyriteError } from '../base/errors.ts'
import type { Script } from '../machines/ceremony.ts'
import type { Verbs, Random } from '../verbs/runtime.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Card, Opening } from '../wire/card.ts'
import type { RefusalAnswer } from '../wire/exchange.ts'
import { airgapKeyOf, knownOf } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { runError } from './errors.ts'
import { cardIn, followedIn } from './memory.ts'
import type { Cell, CellState, KeptShown, MemoryStore } from './memory.ts'
import { checkOpening, followedBy } from './opening.ts'
import { checkRunnable } from './verbs.ts'

/** What the owner sees and confirms, on the airgap's own screen. */
export interface Confirmation {
  readonly kind: 'join' | 'step'
  readonly ceremony: string
  /** 40 digits in eight groups, to be read aloud. */
  readonly number: string
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
  readonly step: string
  /** What this step wants shown besides, by parameter name. */
  readonly shows: JsonObject
  /** What the ceremony follows, by the script's name for it. */
  readonly followed: Readonly<Record<string, KeptShown>>
}

export interface Pairing {
  readonly kind: 'pair'
  readonly card: Card
}

/** Asks whether a ceremony is to be given up for good: after that nobody can ever use its result. */
export interface Abandoning {
  readonly kind: 'abandon'
  readonly ceremony: string
  readonly script: Script
  readonly opening: Opening
  readonly me: Card
}

/** A no for good, and why: one line that everybody can read (`reasonProblem`), or null. */
export interface Declined {
  readonly declined: string | null
}

export interface AirgapPorts {
  readonly memory: MemoryStore
  /** Asks the owner. @throws what the owner's screen cannot do; the step is then not used up */
  readonly confirm: (question: Confirmation | Pairing | Abandoning) => Promise<true | Declined>
  /** The script with this hash, from the airgap's own disk. */
  readonly script: (hash: string) => Script | undefined
  readonly verbs: Verbs
  readonly random: Random
  readonly now: () => Date
  /** Brings messages before the owner of which nobody can see what they are; without it they are refused unasked. */
  readonly allowBlind?: boolean
  /** Stops work that takes long; what was done is kept first. */
  readonly signal?: AbortSignal
  /** Hears what the airgap does, for its screen. Public. */
  readonly onProgress?: (progress: AirgapProgress) => void
}

export interface AirgapProgress {
  readonly ceremony: string
  readonly step: string
  readonly state: 'verifying' | 'confirming' | 'computing' | 'answered' | 'asking' | 'refused' | 'finished'
  /** Of work that takes long: how much is done, of how much. */
  readonly done?: number
  readonly total?: number
}

/** One ceremony on one airgap: its cell, if it joined, and the script from its own disk. */
export interface Joined {
  readonly id: string
  readonly cell: Cell | undefined
  readonly script: Script
  readonly opening: Opening
}

/**
 * The ceremony's cell, or what its first request brings.
 *
 * @throws run.closed, run.unknown-ceremony, run.unknown-script, run.not-paired, run.not-runnable, run.opening, run.restored
 */
export function joinedFor(ports: AirgapPorts, id: string, brought: Opening | undefined): Joined {
  const memory = ports.memory.read()
  const cell = memory.ceremonies[id]
  refuseOver(id, cell)
  const opening = cell?.opening ?? brought
  if (opening === undefined || ceremonyId(opening) !== id) throw runError('unknown-ceremony', { ceremony: id })
  const script = scriptFor(ports, opening)
  const card = cardIn(memory)
  if (card === null) throw runError('not-paired', { name: '' })
  if (cell === undefined) {
    if (memory.kept[id] !== undefined) throw runError('closed', { ceremony: id, why: 'it is finished, and its session is erased' })
    refuseEarlier(id, opening, card)
    checkOpening(opening, script, card, (followed) => followedIn(memory, followed))
    checkRunnable(script, ports.verbs)
  }
  return { id, cell, script, opening }
}

const OVER: Readonly<Partial<Record<CellState, string>>> = {
  declined: 'its owner declined it', closed: 'its client showed that it is over', abandoned: 'its owner gave it up for good',
}

/** @throws run.restored, run.closed where this airgap takes no step of it any more */
export function refuseOver(id: string, cell: Cell | undefined): void {
  if (cell?.state === 'left') throw runError('restored', { ceremony: id, why: 'it was under way when the backup was made' })
  const why = cell === undefined ? undefined : OVER[cell.state]
  if (why !== undefined) throw runError('closed', { ceremony: id, why })
}

/**
 * A vault that was made anew from the words or a backup does not know what the one before stated. Whatever that one may have joined
 * has its epoch in the roster, and is not joined here: a second statement in a place would be equivocation.
 */
function refuseEarlier(id: string, { roster }: Opening, own: Card): void {
  const here = roster.find(({ airgapKey }) => airgapKey === own.airgapKey)
  if (here === undefined || here.epoch === own.epoch) return
  throw runError('restored', { ceremony: id, why: 'its roster has this airgap’s card from before it was made anew, and the one before may have joined it' })
}

/** The opening's script, from the airgap's own disk. @throws run.unknown-script */
export function scriptFor(ports: AirgapPorts, { script: { name, hash } }: Opening): Script {
  const script = ports.script(hash)
  if (script === undefined) throw runError('unknown-script', { script: name, hash })
  return script
}

/** The ceremony as this airgap knows it now. @throws run.opening where its key is not in the roster */
export function knownNow(ports: AirgapPorts, { id, script, opening }: Omit<Joined, 'cell'>): Known {
  const memory = ports.memory.read()
  const airgapKey = airgapKeyOf(memory)
  const me = opening.roster.find((card) => card.airgapKey === airgapKey)
  if (me === undefined) throw runError('opening', { why: 'this airgap’s key is not in its roster' })
  const followed = followedBy(script.ceremony, opening, (one) => followedIn(memory, one))
  return knownOf(script, memory.ceremonies[id] ?? newCell(opening), me, followed)
}

export const newCell = (opening: Opening): Cell => ({ opening, state: 'live', steps: {}, disputes: {} })

/** Writes a cell; resolves when it is durable. */
export async function saveCell(ports: AirgapPorts, id: string, change: (cell: Cell | undefined) => Cell): Promise<void> {
  await ports.memory.update((memory) => ({
    ...memory, ceremonies: { ...memory.ceremonies, [id]: change(memory.ceremonies[id]) },
  }))
}

/** A cell when what was under way in it is over. */
export const withoutWork = ({ opening, state, steps, disputes }: Cell): Cell => ({ opening, state, steps, disputes })

/** A cell without its session: what was answered stays, to be answered again; others' statements go. */
export function erased(cell: Cell, state: Exclude<CellState, 'live'>): Cell {
  const steps = Object.fromEntries(
    Object.entries(cell.steps).map(([name, step]) => [name, { ...step, collected: [], prepared: {} }]),
  )
  return { ...withoutWork(cell), state, steps }
}

/** The dispute that this airgap stated instead of what the step sends, if it did: the ceremony aborts, and nothing comes after it. */
export function disputedIn({ script, cell }: Joined): string | undefined {
  return script.ceremony.steps.find((step) => statedType(cell, step.name) === step.disputes && step.disputes !== undefined)?.name
}

/** The type of what an airgap stated in a step. */
export const statedType = (cell: Cell | undefined, step: string): string | undefined =>
  cell !== undefined && Object.hasOwn(cell.steps, step) ? cell.steps[step]?.stated?.type : undefined

/** This airgap stated its part of the certificate, and no dispute in its place: the ceremony may succeed with it, whatever else happens. */
export function isCommitted(script: Script, cell: Cell | undefined): boolean {
  const { certificate, steps } = script.ceremony
  const type = statedType(cell, certificate)
  return type !== undefined && type === steps.find(({ name }) => name === certificate)?.sends
}

/** It was shown a dispute of another, which can have no place beside a success: it never finishes that ceremony (protocol §5.6). */
export const isBarred = (cell: Cell | undefined): boolean => cell !== undefined && Object.keys(cell.disputes).length > 0

// What an airgap answers where it refuses.

/** @throws what is no refusal: it ends this airgap */
export function refusal(request: string, error: unknown): RefusalAnswer {
  if (!isKeyriteError(error)) throw error
  return { give: 'refusal', request, code: error.code, what: shortened(error.message), todo: shortened(error.todo), ...faultFacts(error) }
}

/** A text may quote what came from outside, and a cut may fall between the two halves of a character. */
const shortened = (text: string): string => text.slice(0, 2000).toWellFormed()

function faultFacts(error: KeyriteError): Pick<RefusalAnswer, 'fault'> {
  if (error.code === 'run.rejected') {
    const { reason: why } = error.facts
    return { fault: { reason: 'rejected', accused: null, ...(typeof why === 'string' ? { why } : {}) } }
  }
  if (error.code !== 'verb.fault') return {}
  const { reason, accused } = error.facts
  return { fault: { reason: String(reason), accused: accused === '' ? null : String(accused) } }
}
