/**
 * Faults by name, for simulations: what a participant, its machines or the storage in between may do wrong. Each is
 * seeded, so that a run can be repeated, and says in one sentence what it does, and whether that can be proved.
 */
import type { Script, Step } from '../machines/ceremony.ts'
import { runError } from '../run/errors.ts'
import { verbFaults } from '../run/faults-verbs.ts'
import type { Random, Verbs } from '../verbs/runtime.ts'
import { airgapLies } from './faults/airgap.ts'
import { disputeKinds } from './faults/disputes.ts'
import { dkgFaults } from './faults/dkg.ts'
import { logFaults } from './faults/log.ts'
import { storageFaults } from './faults/storage.ts'
import type { Tampering } from './simulate.ts'

/** Where a fault happens. */
export interface FaultPlace {
  readonly script: Script
  readonly verbs: Verbs
  readonly random: Random
  readonly names: readonly string[]
  /** Who cheats, or is cheated by its own machine. */
  readonly participant: string
  /** A participant's or a step's name, as the kind wants it; '' where it wants none. */
  readonly target: string
}

export interface FaultKind {
  readonly name: string
  /** One sentence: what happens. */
  readonly doc: string
  /** Whose machine is dishonest. Of a `client`, its airgap and its owner are honest; of a `storage`, everybody is. */
  readonly who: 'airgap' | 'client' | 'storage'
  /** The reasons for which the log proves the participant guilty: those and no others; none where it proves nobody so. */
  readonly proves: readonly string[]
  /** What it takes after the participant. */
  readonly target: 'step' | 'participant' | 'none'
  /** Verbs that a script must use for this to happen in it. */
  readonly uses?: readonly string[]
  /** The fewest participants among whom it can happen; two unless told. */
  readonly among?: number
  /** The steps in which it can happen, for those that take one. */
  readonly steps?: (script: Script) => readonly Step[]
  readonly make: (place: FaultPlace) => Tampering
}

/** All kinds, in the order in which documents list them. */
export const faultKinds: readonly FaultKind[] = [...logFaults, ...storageFaults, ...airgapLies, ...dkgFaults, ...disputeKinds, ...verbFaults]

/** The targets that a kind can have in a script, for one participant; [''] where it takes none, [] where it cannot happen. */
export function targetsOf(kind: FaultKind, script: Script, names: readonly string[], participant: string): readonly string[] {
  const { steps } = script.ceremony
  const used = steps.flatMap(({ airgap, client, check, assist }) => [airgap, client, check, assist]).map((call) => call?.verb)
  if (kind.uses?.some((verb) => !used.includes(verb)) === true || names.length < (kind.among ?? 2)) return []
  if (kind.target === 'none') return ['']
  if (kind.target === 'participant') return names.filter((name) => name !== participant)
  return (kind.steps?.(script) ?? steps).map((step) => step.name)
}

/**
 * Reads faults as a command line has them, `NAME:PARTICIPANT` or `NAME:PARTICIPANT:TARGET`. Without a target, a fault
 * happens in the first step, or to the first other participant, that it can.
 *
 * @returns what `simulate` takes as `tamper`
 * @throws run.bad-fault with the reason
 */
export function tamperingOf(
  faults: readonly string[], place: Omit<FaultPlace, 'participant' | 'target'>,
): Readonly<Record<string, Tampering>> {
  const tamper = new Map<string, Tampering>()
  for (const fault of faults) {
    const refuse = (why: string) => runError('bad-fault', { fault, why })
    const [name = '', participant = '', wanted, ...more] = fault.split(':')
    const kind = faultKinds.find((one) => one.name === name)
    if (kind === undefined || more.length > 0) throw refuse(`there is no ${name}; there are ${faultKinds.map((one) => one.name).join(', ')}`)
    if (!place.names.includes(participant)) throw refuse(`nobody is called ${participant}; there are ${place.names.join(', ')}`)
    if (tamper.has(participant)) throw refuse(`${participant} has a fault already`)
    const targets = targetsOf(kind, place.script, place.names, participant)
    const target = wanted ?? targets[0]
    if (target === undefined) throw refuse(`it cannot happen in ${place.script.ceremony.name}`)
    if (!targets.includes(target)) throw refuse(kind.target === 'none' ? 'it takes no target' : `${target} is none of ${targets.join(', ')}`)
    tamper.set(participant, kind.make({ ...place, participant, target }))
  }
  return Object.fromEntries(tamper)
}
