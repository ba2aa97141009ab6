/** An airgap's memory of one ceremony: found, joined, written, erased. */
import { fromHex, toHex } from '../crypto/bytes.ts'
import { airgapKeyPair } from '../crypto/seed.ts'
import type { Script } from '../script/model.ts'
import { ceremonyId } from '../wire/card.ts'
import type { Opening } from '../wire/card.ts'
import type { StepRequest } from '../wire/exchange.ts'
import type { AirgapPorts } from './airgap.ts'
import { knownOf } from './airgap-verify.ts'
import type { Known } from './airgap-verify.ts'
import { runError } from './errors.ts'
import { followedBy } from './followed.ts'
import { followedIn } from './memory.ts'
import type { Cell } from './memory.ts'
import { checkOpening } from './opening.ts'
import { checkRunnable } from './runnable.ts'

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
export function joinedFor(ports: AirgapPorts, id: string, body: StepRequest): Joined {
  const memory = ports.memory.read()
  const cell = memory.ceremonies[id]
  if (cell?.state === 'left') throw runError('restored', { ceremony: id, why: 'it was under way when the backup was made' })
  if (cell !== undefined && cell.state !== 'live' && cell.state !== 'finished') {
    throw runError('closed', { ceremony: id, why: cell.state === 'declined' ? 'its owner declined it' : 'it was aborted' })
  }
  const opening = cell?.opening ?? body.opening
  if (opening === undefined || ceremonyId(opening) !== id) throw runError('unknown-ceremony', { ceremony: id })
  const script = scriptFor(ports, opening)
  if (memory.card === null) throw runError('not-paired', { name: '' })
  if (cell === undefined) {
    if (memory.kept[id] !== undefined) throw runError('closed', { ceremony: id, why: 'it is finished, and its session is erased' })
    refuseBefore(id, opening, memory.restoredAt)
    checkOpening(opening, script, memory.card, (followed) => followedIn(memory, followed))
    checkRunnable(script, ports.verbs)
  }
  return { id, cell, script, opening }
}

/**
 * A restored airgap does not know what it stated after its backup was made. A second statement in a place would be taken for
 * equivocation, so it joins nothing that was opened before. Openings have whole seconds.
 */
function refuseBefore(id: string, { opensAt }: Opening, restoredAt: string | undefined): void {
  if (restoredAt === undefined || Date.parse(opensAt) >= Math.floor(Date.parse(restoredAt) / 1000) * 1000) return
  throw runError('restored', { ceremony: id, why: `it was opened at ${opensAt}, and this airgap was restored at ${restoredAt}: it may have joined it before` })
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
  const { seed, ceremonies } = memory
  const airgapKey = toHex(airgapKeyPair(fromHex(seed, 64)).publicKey)
  const me = opening.roster.find((card) => card.airgapKey === airgapKey)
  if (me === undefined) throw runError('opening', { why: 'this airgap’s key is not in its roster' })
  const followed = followedBy(script.ceremony, opening, (one) => followedIn(memory, one))
  return knownOf(script, ceremonies[id] ?? newCell(opening, null), me, followed)
}

export const newCell = (opening: Opening, salt: string | null): Cell => ({ opening, salt, state: 'live', steps: {}, disputes: {} })

/** Writes a cell; resolves when it is durable. */
export async function saveCell(ports: AirgapPorts, id: string, change: (cell: Cell | undefined) => Cell): Promise<void> {
  await ports.memory.update((memory) => ({
    ...memory, ceremonies: { ...memory.ceremonies, [id]: change(memory.ceremonies[id]) },
  }))
}

/** A cell when what was under way in it is over. */
export const withoutWork = ({ opening, salt, state, steps, disputes }: Cell): Cell => ({ opening, salt, state, steps, disputes })

/** A cell without its session: what was answered stays, to be answered again; salt and others' statements go. */
export function erased(cell: Cell, state: 'finished' | 'aborted' | 'declined'): Cell {
  const steps = Object.fromEntries(
    Object.entries(cell.steps).map(([name, step]) => [name, { ...step, collected: [], prepared: {} }]),
  )
  return { ...withoutWork(cell), salt: null, state, steps }
}

/** The dispute that this airgap stated instead of what the step sends, if it did: the ceremony aborts, and nothing comes after it. */
export function disputedIn({ script, cell }: Joined): string | undefined {
  return script.ceremony.steps.find((step) => statedType(cell, step.name) === step.disputes && step.disputes !== undefined)?.name
}

/** The type of what an airgap stated in a step. */
export const statedType = (cell: Cell | undefined, step: string): string | undefined =>
  cell !== undefined && Object.hasOwn(cell.steps, step) ? cell.steps[step]?.stated[0]?.type : undefined
