/**
 * Faults by name, for simulations: misbehaviour of a participant, of its machines or of the storage in between. Each is
 * seeded, so that a run can be repeated, and says in one sentence what it does, and whether that can be proved.
 */
import { DST_SIGNATURE, encodeG2, signShare } from '../crypto/bls.ts'
import { fromHex, toHex } from '../base/bytes.ts'
import type { Script } from '../machines/ceremony.ts'
import { runError } from '../run/errors.ts'
import { partialsDigest } from '../verbs/bls.ts'
import type { JsonObject } from '../base/canonical.ts'
import { airgapLies } from './faults/airgap.ts'
import { disputeKinds } from './faults/disputes.ts'
import { dkgFaults } from './faults/dkg.ts'
import { logFaults } from './faults/log.ts'
import { storageFaults } from './faults/storage.ts'
import { cheating, flipped, reattaching, type FaultPlace, type FaultKind } from './meddling.ts'
import type { Tampering } from './simulate.ts'

// Faults of the beacon and of a signing.

const lying = (place: FaultPlace, verb: string, change: (payload: JsonObject) => JsonObject): Tampering => cheating(place, {
  [verb]: (scope, args, honest) => {
    const stated = honest(scope, args)
    return stated.kind === 'states' ? { ...stated, payload: change(stated.payload) } : stated
  },
})

/** The right number of points, signed by another share. */
const others = (list: unknown): string[] => (list as readonly unknown[]).map(() => toHex(encodeG2(signShare(5n, new Uint8Array(1), DST_SIGNATURE))))

const beaconFaults = [
  {
    name: 'other-number', who: 'airgap', target: 'none', proves: ['random.bad-opening'],
    doc: 'Shows another number than it had bound itself to.',
    make: (place) => lying(place, 'random.reveal', flipped),
  },
  {
    name: 'other-commit', who: 'airgap', target: 'none', proves: ['random.bad-opening'],
    doc: 'Binds itself to what it does not show then.',
    make: (place) => lying(place, 'random.commit', flipped),
  },
] satisfies Omit<FaultKind, 'uses'>[]

const signFaults = [
  {
    name: 'bad-partial', who: 'airgap', target: 'none', proves: ['bls.bad-partial'],
    doc: 'Signs with another share than its own.',
    make: (place) => cheating(place, {
      'bls.signShare': (_, args) => {
        const partials = others(args[1])
        return { kind: 'states', payload: { digest: partialsDigest(partials.map((one) => fromHex(one, 96))) }, attachment: { partials } }
      },
    }),
  },
  {
    name: 'unbound-partial', who: 'airgap', target: 'none', proves: [],
    doc: 'States another digest than its partial signatures give. (Its client could have attached others.)',
    make: (place) => cheating(place, {
      'bls.signShare': (_, args) => ({ kind: 'states', payload: { digest: 'ab'.repeat(32) }, attachment: { partials: others(args[1]) } }),
    }),
  },
  {
    name: 'other-signatures', who: 'client', target: 'none', proves: [],
    doc: 'The client posts signatures that are none of the group key’s.',
    make: ({ script }) => reattaching(script.ceremony.certificate, ({ signatures }) => ({ signatures: others(signatures) })),
  },
] satisfies Omit<FaultKind, 'uses'>[]

const verbFaults: readonly FaultKind[] = [
  ...beaconFaults.map((kind) => ({ ...kind, uses: ['random.commit', 'random.reveal'] })),
  ...signFaults.map((kind) => ({ ...kind, uses: ['bls.signShare', 'bls.combine'] })),
]

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
