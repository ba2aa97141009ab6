/** Faults of the beacon and of a signing. */
import { DST_SIGNATURE, encodeG2, signShare } from '../crypto/bls.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'
import type { FaultKind, FaultPlace } from '../simulate/faults.ts'
import { cheating, flipped, reattaching } from '../simulate/meddling.ts'
import type { Tampering } from '../simulate/simulate.ts'
import { partialsDigest } from '../verbs/bls-common.ts'
import type { JsonObject } from '../wire/canonical.ts'

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

export const verbFaults: readonly FaultKind[] = [
  ...beaconFaults.map((kind) => ({ ...kind, uses: ['random.commit', 'random.reveal'] })),
  ...signFaults.map((kind) => ({ ...kind, uses: ['bls.signShare', 'bls.combine'] })),
]
