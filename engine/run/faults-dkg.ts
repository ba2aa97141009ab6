/** Faults of the key generation: what a dishonest airgap may deal, show and state, and what a client may bring to an honest one. */
import { openEnvelope, sealEnvelope } from '../channel/envelope.ts'
import { DST_SHARE_PROOF, decodeG1OnCurve, encodeG1, encodeG2, signShare, sumG1, timesBase } from '../crypto/bls.ts'
import type { G1 } from '../crypto/bls.ts'
import { fromHex, toHex } from '../crypto/bytes.ts'
import { commitmentDigest, evaluate, polynomial, restHash, sealDeal } from '../crypto/dkg.ts'
import { R } from '../crypto/scalar.ts'
import { openSession } from '../crypto/seed.ts'
import { inSubgroup } from '../crypto/subgroup.ts'
import { dealAad } from '../verbs/dkg-common.ts'
import { ArgReader, text } from '../verbs/runtime.ts'
import type { AirgapScope, AirgapVerb, Args, Stating, Verbs } from '../verbs/runtime.ts'
import { utf8 } from '../wire/canonical.ts'
import type { Json, JsonObject } from '../wire/canonical.ts'
import type { FaultKind, FaultPlace } from './faults.ts'
import { attachmentsOf, flipped, silentInDisputes } from './faults-log.ts'
import type { MemoryBoard } from './memory-board.ts'
import type { Tampering } from './simulate.ts'

type Cheat = (scope: AirgapScope, args: Args, honest: AirgapVerb) => Stating

/** An airgap in which some verbs are another's. */
function cheating({ verbs }: FaultPlace, cheats: Readonly<Record<string, Cheat>>): Tampering {
  const airgap: Record<string, AirgapVerb> = { ...verbs.airgap }
  for (const [name, cheat] of Object.entries(cheats)) {
    const honest = honestVerb(verbs, name)
    airgap[name] = (scope, args) => cheat(scope, args, honest)
  }
  return { airgapVerbs: { ...verbs, airgap } }
}

function honestVerb(verbs: Verbs, name: string): AirgapVerb {
  const verb = verbs.airgap[name]
  if (verb === undefined) throw new TypeError(`no verb ${name}`)
  return verb
}

interface Shown {
  readonly payload: JsonObject
  readonly points: readonly string[]
}

/** An airgap that shows other commitments, and binds itself to those from the first step on. */
function showing(place: FaultPlace, change: (shown: Shown, scope: AirgapScope) => Shown, degree = 0): Tampering {
  const show = (scope: AirgapScope, args: Args): Shown => {
    const shown = honestVerb(place.verbs, 'dkg.commit')(scope, raised(args, degree))
    if (shown.kind !== 'states') throw new TypeError('dkg.commit states nothing')
    return change({ payload: shown.payload, points: new ArgReader('dkg.commit', [shown.attachment?.['points']]).texts(0) }, scope)
  }
  return cheating(place, {
    'dkg.keygen': (scope, args, honest) => {
      const stated = honest(scope, args)
      if (stated.kind !== 'states') return stated
      const { payload } = show(scope, args)
      const [key, proof] = [fromHex(text(payload, 'key'), 48), fromHex(text(payload, 'proof'), 80)]
      const digest = commitmentDigest({ ceremony: scope.ceremony, from: scope.me.name, key, proof, rest: text(payload, 'rest') })
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
    if (point !== undefined && !inSubgroup(point)) return point
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
const wrongShare = (place: FaultPlace): Tampering => cheating(place, {
  'dkg.deal': (scope, args, honest) => {
    const dealt = honest(scope, args)
    if (dealt.kind !== 'states-each') return dealt
    const read = new ArgReader('dkg.deal', args)
    const recipient = read.statements(1).find((one) => one.from === place.target)
    if (recipient === undefined) return dealt
    const sealed = sealDeal({
      session: scope.session, recipientIndex: recipient.index,
      recipientKey: fromHex(text(recipient.payload, 'encryptionKey'), 32),
      share: (evaluate(polynomial(scope.session, read.integer(0)), recipient.index) + 1n) % R,
      aad: dealAad(scope.ceremony, { step: scope.step, type: scope.type, from: scope.me.name }, place.target),
    })
    return { ...dealt, payloads: new Map([...dealt.payloads, [place.target, { sealed: toHex(sealed) }]]) }
  },
})

type Rewrite = (body: JsonObject, board: MemoryBoard, index: number) => JsonObject

/** A client that brings its airgap other requests than it should. */
const bringing = ({ participant, names }: FaultPlace, rewrite: Rewrite): Tampering => ({
  exchange: (airgap, _, board) => async (request) => {
    const { digest, ...envelope } = openEnvelope(request)
    const index = [...names].sort().indexOf(participant) + 1
    const answer = openEnvelope(await airgap.handle(sealEnvelope({ ...envelope, body: rewrite(envelope.body as JsonObject, board, index) })))
    return sealEnvelope({ ...answer, body: { ...(answer.body as JsonObject), request: digest } })
  },
})

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

const DEALS = ['dkg.keygen', 'dkg.commit', 'dkg.deal', 'dkg.respond', 'dkg.finish']

export const dkgFaults: readonly FaultKind[] = ([
  {
    name: 'wrong-share', target: 'participant',
    doc: 'Seals a wrong share to the target.',
    make: wrongShare,
  },
  {
    name: 'garbage-deal', target: 'participant',
    doc: 'Sends the target a deal that does not open.',
    make: (place) => cheating(place, {
      'dkg.deal': (scope, args, honest) => {
        const dealt = honest(scope, args)
        const deal = dealt.kind === 'states-each' ? dealt.payloads.get(place.target) : undefined
        if (dealt.kind !== 'states-each' || deal === undefined) return dealt
        return { ...dealt, payloads: new Map([...dealt.payloads, [place.target, flipped(deal)]]) }
      },
    }),
  },
  {
    name: 'false-complaint', target: 'participant',
    doc: 'Complains of the target’s deal, which is good.',
    make: (place) => cheating(place, {
      'dkg.respond': () => ({ kind: 'disputes', payload: { accused: place.target } }),
    }),
  },
  {
    name: 'no-justification', target: 'participant',
    doc: 'Seals a wrong share to the target, and does not answer the complaint.',
    make: (place) => ({ ...wrongShare(place), ...silentInDisputes(place.script) }),
  },
  {
    name: 'wrong-sums', target: 'none',
    doc: 'The client brings its own airgap wrong sums at first, and the right ones when asked back.',
    make: (place) => bringing(place, (body) => ({ ...body, prepared: changePoints(body['prepared'], generators) })),
  },
  {
    name: 'insisting-sums', target: 'none',
    doc: 'The client brings its own airgap wrong sums, and others as wrong when asked back.',
    make: (place) => bringing(place, (body) => ({
      ...body, prepared: changePoints(body['prepared'], generators),
      ...(body['assist'] === undefined ? {} : { assist: changePoints(body['assist'], generators) }),
    })),
  },
  {
    name: 'fitting-sums', target: 'none',
    doc: 'The client brings its own airgap wrong sums that fit its share all the same (from a threshold of 3).',
    make: (place) => bringing(place, (body, _, index) => ({ ...body, prepared: changePoints(body['prepared'], fitting(index)) })),
  },
  {
    name: 'lying-pinpoint', target: 'participant',
    doc: 'The client wants its own airgap to complain of the target, whose deal is good.',
    make: (place) => bringing(place, (body, board) => {
      const [shown] = attachmentsOf(board, place.target).values()
      return {
        ...body, prepared: changePoints(body['prepared'], generators),
        ...(body['assist'] === undefined ? {} : { assist: { dealer: place.target, points: shown?.['points'] ?? [] } }),
      }
    }),
  },
  {
    name: 'bad-opening', target: 'none',
    doc: 'Shows other commitments than it had bound itself to.',
    make: (place) => {
      const seed = place.random(64)
      return cheating(place, {
        'dkg.commit': (scope, args, honest) => honest({ ...scope, session: openSession(seed, scope.ceremony, scope.rehearsal) }, args),
      })
    },
  },
  {
    name: 'bad-proof', target: 'none',
    doc: 'Does not prove that it knows the secret behind its commitment.',
    make: (place) => showing(place, (shown) => ({ ...shown, payload: { ...shown.payload, ...flipped({ proof: shown.payload['proof'] }) } })),
  },
  {
    name: 'wrong-degree', target: 'none',
    doc: 'Shows one commitment too many, so that more would be needed to sign than was agreed.',
    make: (place) => showing(place, (shown) => shown, 1),
  },
  {
    name: 'identity-point', target: 'none',
    doc: 'Shows the identity as its commitment.',
    make: (place) => showing(place, (shown) => ({ ...shown, payload: { ...shown.payload, key: `c0${'00'.repeat(47)}` } })),
  },
  {
    name: 'off-subgroup-point', target: 'none',
    doc: 'Shows a point of the curve that is outside its subgroup.',
    make: (place) => twisted(place, outsider()),
  },
  {
    name: 'opposite-point', target: 'none',
    doc: 'Like off-subgroup-point, but with the opposite point: the two together do no harm.',
    make: (place) => twisted(place, outsider().negate()),
  },
  {
    name: 'bad-share-proof', target: 'none',
    doc: 'Proves no share in the end, when all have agreed.',
    make: (place) => cheating(place, {
      'dkg.finish': (scope, args, honest) => {
        const stated = honest(scope, args)
        if (stated.kind !== 'states') return stated
        return { ...stated, payload: { ...stated.payload, proof: toHex(encodeG2(signShare(5n, utf8('another'), DST_SHARE_PROOF))) } }
      },
    }),
  },
  {
    name: 'other-group-key', target: 'none',
    doc: 'States another group key than all the others.',
    make: (place) => cheating(place, {
      'dkg.respond': (scope, args, honest) => {
        const stated = honest(scope, args)
        return stated.kind === 'states' ? { ...stated, payload: { ...stated.payload, groupKey: toHex(encodeG1(timesBase(1n))) } } : stated
      },
    }),
  },
] satisfies FaultKind[]).map((kind) => ({ ...kind, uses: DEALS }))
