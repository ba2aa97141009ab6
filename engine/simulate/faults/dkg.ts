/** Faults of the key generation: false deals, commitments and statements of an airgap, and false requests of a client to an honest one. */
import { decodeG1OnCurve, DST_SHARE_PROOF, encodeG1, encodeG2, R, signShare, sumG1, timesBase } from '../../crypto/bls.ts'
import type { G1 } from '../../crypto/bls.ts'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { commitmentDigest, evaluate, polynomial, restHash, sealDeal } from '../../crypto/dkg.ts'
import { sessionSecrets } from '../../crypto/seed.ts'
import { dealAad } from '../../verbs/dkg.ts'
import { ArgReader, textField } from '../../verbs/runtime.ts'
import type { AirgapScope, Args } from '../../verbs/runtime.ts'
import type { Json, JsonObject } from '../../base/canonical.ts'
import { attachmentsOf, bringing, cheating, flipped, inStep, reattaching, restated } from '../meddling.ts'
import type { Bringing, FaultKind, FaultPlace } from '../meddling.ts'
import type { Tampering } from '../simulate.ts'

interface Shown {
  readonly payload: JsonObject
  readonly points: readonly string[]
}

/** An airgap that shows other commitments, and binds itself to those from the first step on. */
function showing(place: FaultPlace, change: (shown: Shown, scope: AirgapScope) => Shown, degree = 0): Tampering {
  const show = (scope: AirgapScope, args: Args): Shown => {
    const shown = place.verbs.airgap['dkg.commit']?.(scope, raised(args, degree))
    if (shown?.kind !== 'states') throw new TypeError('dkg.commit states nothing')
    return change({ payload: shown.payload, points: new ArgReader('dkg.commit', [shown.attachment?.['points']]).texts(0) }, scope)
  }
  return cheating(place, {
    'dkg.keygen': (scope, args, honest) => {
      const stated = honest(scope, args)
      if (stated.kind !== 'states') return stated
      const { payload } = show(scope, args)
      const [key, proof] = [fromHex(textField(payload, 'key'), 48), fromHex(textField(payload, 'proof'), 80)]
      const digest = commitmentDigest({ ceremony: scope.ceremony, from: scope.me.name, key, proof, rest: textField(payload, 'rest') })
      return { ...stated, payload: { ...stated.payload, digest } }
    },
    'dkg.commit': (scope, args) => {
      const { payload, points } = show(scope, args)
      return { kind: 'states', payload, attachment: { points } }
    },
  })
}

const raised = ([threshold, ...more]: Args, by: number): Args => [Number(threshold) + by, ...more]

/** Commitments with other points, and the hash that binds those. */
const withPoints = ({ payload }: Shown, points: readonly string[]): Shown =>
  ({ payload: { ...payload, rest: restHash(points.map((point) => fromHex(point, 48))) }, points })

/** A point of the curve outside the subgroup, always the same. */
function outsider(): G1 {
  for (let x = 1; ; x++) {
    const bytes = new Uint8Array(48)
    bytes[0] = 0x80
    bytes[47] = x
    const point = tryDecode(bytes)
    if (point !== undefined && !point.isTorsionFree()) return point
  }
}

function tryDecode(bytes: Uint8Array): G1 | undefined {
  try {
    return decodeG1OnCurve(bytes)
  } catch {
    return undefined
  }
}

/** Adds to the first point of the attachment. */
const twisted = (place: FaultPlace, twist: G1): Tampering =>
  showing(place, (shown) => {
    const [first = '', ...others] = shown.points
    return withPoints(shown, [toHex(encodeG1(sumG1([decodeG1OnCurve(fromHex(first, 48)), twist]))), ...others])
  })

/** Seals fᵢ(j) + 1 to the target. */
export const wrongShare = (place: FaultPlace): Tampering => cheating(place, {
  'dkg.deal': (scope, args, honest) => {
    const dealt = honest(scope, args)
    if (dealt.kind !== 'states-each') return dealt
    const read = new ArgReader('dkg.deal', args)
    const recipient = read.statements(1).find((one) => one.from === place.target)
    if (recipient === undefined) return dealt
    const sealed = sealDeal({
      session: scope.secrets, recipientIndex: recipient.index,
      recipientKey: fromHex(textField(recipient.payload, 'encryptionKey'), 32),
      share: (evaluate(polynomial(scope.secrets, read.integer(0)), recipient.index) + 1n) % R,
      aad: dealAad(scope.ceremony, { step: scope.step, type: scope.type, from: scope.me.name }, place.target),
    })
    return { ...dealt, payloads: new Map([...dealt.payloads, [place.target, { sealed: toHex(sealed) }]]) }
  },
})

/** A client that brings its airgap other requests than it should, and takes the answers for those to the right ones. */
const rewriting = (change: (body: JsonObject, bringing: Bringing) => JsonObject): Tampering =>
  bringing((one) => one.bring({ ...one.envelope, body: one.body['ask'] === 'step' ? change(one.body, one) : one.body }))

type PointList = readonly string[]
const isPoints = (value: Json | undefined): value is PointList =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one.length === 96)

/** Changes every list of points in an object of a request. */
const changePoints = (object: Json | undefined, change: (points: PointList) => PointList): JsonObject =>
  Object.fromEntries(Object.entries((object ?? {}) as JsonObject).map(([name, value]) => [name, isPoints(value) ? change(value) : value]))

const generators = (points: PointList): PointList => points.map(() => toHex(encodeG1(timesBase(1n))))

/** C₁ + i·G and C₂ - G: other sums, in which participant i's own share fits as well. */
const fitting = (i: number) => (points: PointList): PointList => points.map((point, k) => {
  const add = k === 0 ? BigInt(i) : k === 1 ? R - 1n : 0n
  return toHex(encodeG1(sumG1([decodeG1OnCurve(fromHex(point, 48)), timesBase(add)])))
})

/** Deals as it should, with some payloads changed. */
const dealing = (place: FaultPlace, change: (payloads: Map<string, JsonObject>, scope: AirgapScope) => void): Tampering => cheating(place, {
  'dkg.deal': (scope, args, honest) => {
    const dealt = honest(scope, args)
    if (dealt.kind !== 'states-each') return dealt
    const payloads = new Map(dealt.payloads)
    change(payloads, scope)
    return { ...dealt, payloads }
  },
})

/** States something else than it should in a verb’s place. */
const lying = (place: FaultPlace, verb: string, change: (payload: JsonObject) => JsonObject): Tampering => cheating(place, {
  [verb]: (scope, args, honest) => {
    const stated = honest(scope, args)
    return stated.kind === 'states' ? { ...stated, payload: { ...stated.payload, ...change(stated.payload) } } : stated
  },
})

/** A statement whose airgap bound a key that nobody could use; its digest binds it too. */
const showingKey = (place: FaultPlace, key: string): Tampering => showing(place, (shown) => ({ ...shown, payload: { ...shown.payload, key } }))

/** A number of 48 bytes that is no x of a point. */
function offCurve(): string {
  for (let x = 1; ; x++) {
    const bytes = new Uint8Array(48)
    bytes[0] = 0x80
    bytes[47] = x
    if (tryDecode(bytes) === undefined) return toHex(bytes)
  }
}

const IDENTITY = `c0${'00'.repeat(47)}`
/** G with p added to its x, or the flag of its sign at the wrong place: no canonical form of any point. */
const NOT_CANONICAL = `9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaac`
/** The point of order 2 of X25519, and one that is not below 2²⁵⁵-19. */
const LOW_ORDER = '00'.repeat(32)
const LOOSE_KEY = `edffffff${'ff'.repeat(27)}7f`

export const DEALS = ['dkg.keygen', 'dkg.commit', 'dkg.deal', 'dkg.respond', 'dkg.finish']

const malformed = (name: string, doc: string, make: FaultKind['make']): Omit<FaultKind, 'uses'> =>
  ({ name, who: 'airgap', target: 'none', proves: ['malformed'], doc, make })

export const dkgFaults: readonly FaultKind[] = ([
  malformed('low-order-key', 'Shows a key to seal to that is of low order.', (place) => lying(place, 'dkg.keygen', () => ({ encryptionKey: LOW_ORDER }))),
  malformed('loose-key', 'Shows a key to seal to that is not below the field’s order.', (place) => lying(place, 'dkg.keygen', () => ({ encryptionKey: LOOSE_KEY }))),
  malformed('identity-point', 'Shows the identity as its commitment.', (place) => showingKey(place, IDENTITY)),
  malformed('off-curve-point', 'Shows as its commitment what is no point of the curve.', (place) => showingKey(place, offCurve())),
  malformed('loose-point', 'Shows as its commitment a point that is not canonical.', (place) => showingKey(place, NOT_CANONICAL)),
  malformed('outside-point', 'Shows as its commitment a point of the curve outside the subgroup.', (place) => showingKey(place, toHex(encodeG1(outsider())))),
  {
    name: 'bad-opening', who: 'airgap', target: 'none', proves: ['dkg.bad-opening'],
    doc: 'Shows other commitments than it had bound itself to.',
    make: (place) => {
      const seed = place.random(64)
      return cheating(place, {
        'dkg.commit': (scope, args, honest) => honest({ ...scope, secrets: sessionSecrets(seed, scope.ceremony, scope.rehearsal) }, args),
      })
    },
  },
  {
    name: 'bad-proof', who: 'airgap', target: 'none', proves: ['dkg.bad-proof'],
    doc: 'Does not prove that it knows the secret behind its commitment.',
    make: (place) => showing(place, (shown) => ({ ...shown, payload: { ...shown.payload, ...flipped({ proof: shown.payload['proof'] }) } })),
  },
  {
    name: 'wrong-degree', who: 'airgap', target: 'none', proves: [],
    doc: 'Shows one commitment too many, so that more would be needed to sign than was agreed. (A client could have attached them.)',
    make: (place) => showing(place, (shown) => shown, 1),
  },
  {
    name: 'off-subgroup-point', who: 'airgap', target: 'none', proves: ['dkg.bad-points'],
    doc: 'Binds itself to a point of the curve that is outside its subgroup.',
    make: (place) => twisted(place, outsider()),
  },
  {
    name: 'opposite-point', who: 'airgap', target: 'none', proves: ['dkg.bad-points'],
    doc: 'Like off-subgroup-point, but with the opposite point: the two together do no harm.',
    make: (place) => twisted(place, outsider().negate()),
  },
  {
    name: 'wrong-share', who: 'airgap', target: 'participant', proves: ['dkg.bad-deal'],
    doc: 'Seals a wrong share to the target.',
    make: wrongShare,
  },
  {
    name: 'garbage-deal', who: 'airgap', target: 'participant', proves: ['dkg.bad-deal'],
    doc: 'Sends the target a piece that does not open.',
    make: (place) => dealing(place, (payloads) => payloads.set(place.target, flipped(payloads.get(place.target) ?? {}))),
  },
  {
    name: 'swapped-deal', who: 'airgap', target: 'participant', proves: ['dkg.bad-deal'],
    doc: 'Sends the target the piece of another, or somebody’s own from elsewhere.',
    make: (place) => dealing(place, (payloads) => {
      const other = [...payloads].find(([name]) => name !== place.target)?.[1]
      payloads.set(place.target, other ?? { sealed: 'ab'.repeat(80) })
    }),
  },
  {
    name: 'malformed-deal', who: 'airgap', target: 'participant', proves: ['malformed'],
    doc: 'Binds itself to a piece for the target that is of another form.',
    make: (place) => dealing(place, (payloads) => payloads.set(place.target, { sealed: 'ab' })),
  },
  {
    name: 'no-deal', who: 'airgap', target: 'participant', proves: ['malformed'],
    doc: 'Binds itself to no piece for the target.',
    make: (place) => dealing(place, (payloads) => payloads.delete(place.target)),
  },
  {
    name: 'own-deal', who: 'airgap', target: 'none', proves: ['malformed'],
    doc: 'Binds itself to a piece for itself, of which there is none.',
    make: (place) => dealing(place, (payloads) => payloads.set(place.participant, { sealed: 'ab'.repeat(80) })),
  },
  {
    name: 'other-pieces', who: 'airgap', target: 'none', proves: [],
    doc: 'States a root that no pieces give. (Its client could have attached others.)',
    make: () => inStep('SendDeals', (one) => one.board.post(restated(one, { payload: { root: 'cd'.repeat(32) } }))),
  },
  {
    name: 'stolen-pieces', who: 'client', target: 'participant', proves: [],
    doc: 'The client attaches another piece for the target than its airgap made.',
    make: ({ names, target }) => reattaching('SendDeals', ({ pieces }) => ({
      pieces: (pieces as readonly (JsonObject | null)[]).map((piece, i) => ([...names].sort()[i] === target ? { sealed: 'ab'.repeat(80) } : piece)),
    })),
  },
  {
    name: 'wrong-sums', who: 'client', target: 'none', proves: [],
    doc: 'The client brings its own airgap wrong sums at first, and the right ones when asked back.',
    make: () => rewriting((body) => ({ ...body, prepared: changePoints(body['prepared'], generators) })),
  },
  {
    name: 'insisting-sums', who: 'client', target: 'none', proves: [],
    doc: 'The client brings its own airgap wrong sums, and others as wrong when asked back.',
    make: () => rewriting((body) => ({
      ...body, prepared: changePoints(body['prepared'], generators),
      ...(body['assist'] === undefined ? {} : { assist: changePoints(body['assist'], generators) }),
    })),
  },
  {
    name: 'fitting-sums', who: 'client', target: 'none', proves: [],
    doc: 'The client brings its own airgap wrong sums that fit its share all the same (from a threshold of 3).',
    make: ({ names, participant }) =>
      rewriting((body) => ({ ...body, prepared: changePoints(body['prepared'], fitting([...names].sort().indexOf(participant) + 1)) })),
  },
  {
    name: 'lying-pinpoint', who: 'client', target: 'participant', proves: [],
    doc: 'The client wants its own airgap to complain of the target, whose piece is good.',
    make: (place) => rewriting((body, { board }) => {
      const [shown] = attachmentsOf(board, place.target).values()
      return {
        ...body, prepared: changePoints(body['prepared'], generators),
        ...(body['assist'] === undefined ? {} : { assist: { dealer: place.target, points: shown?.['points'] ?? [] } }),
      }
    }),
  },
  {
    name: 'other-group-key', who: 'airgap', target: 'none', proves: ['dkg.other-key'],
    doc: 'States another group key than all the others.',
    make: (place) => lying(place, 'dkg.respond', () => ({ groupKey: toHex(encodeG1(timesBase(1n))) })),
  },
  {
    name: 'other-sums', who: 'airgap', target: 'none', proves: [],
    doc: 'States other sums than all the others. (A client could have brought them.)',
    make: (place) => lying(place, 'dkg.respond', () => ({ sums: 'ef'.repeat(32) })),
  },
  {
    name: 'bad-share-proof', who: 'airgap', target: 'none', proves: ['dkg.bad-share-proof'],
    doc: 'Proves no share in the end, when all have agreed.',
    make: (place) => lying(place, 'dkg.finish', () => ({ proof: toHex(encodeG2(signShare(5n, utf8('another'), DST_SHARE_PROOF))) })),
  },
  {
    name: 'other-final-key', who: 'airgap', target: 'none', proves: ['dkg.bad-share-proof'],
    doc: 'States another group key in the end than all have agreed on.',
    make: (place) => lying(place, 'dkg.finish', () => ({ groupKey: toHex(encodeG1(timesBase(1n))) })),
  },
] satisfies Omit<FaultKind, 'uses'>[]).map((kind) => ({ ...kind, uses: DEALS }))
