/** Faults of a client, or the thief of its keys, that lies to its own airgap. Its airgap and its owner are honest. */
import { toHex } from '../../base/bytes.ts'
import { ed25519FromSeed } from '../../crypto/ed25519.ts'
import { backupOf, emptyMemory, EPOCH, restoredFrom } from '../../run/memory.ts'
import { abandonStep } from '../../machines/ceremony.ts'
import { abortPayload } from '../../wire/abort.ts'
import { canonical } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { ceremonyId } from '../../wire/card.ts'
import type { Card, Opening } from '../../wire/card.ts'
import type { Carried } from '../../wire/exchange.ts'
import { EMPTY_LOG } from '../../wire/log.ts'
import { signMessage } from '../../wire/message.ts'
import { airgapSign, stepsOfAirgap, bringing, bringingIn, fedSteps, flipped, laterSteps, refusedBy } from '../meddling.ts'
import type { Bringing, FaultKind, FaultPlace } from '../meddling.ts'

const collectedIn = ({ body }: Bringing): readonly Carried[] => (body['collected'] ?? []) as readonly Carried[]

/** Brings a step with other statements of others than the log has, and stops there. */
const collecting = (name: string, doc: string, change: (collected: readonly Carried[], bringing: Bringing, place: FaultPlace) => readonly Carried[]): FaultKind => ({
  name, who: 'client', target: 'step', steps: fedSteps, proves: [], doc,
  make: (place) => bringingIn(place.target, (one) =>
    refusedBy(one, { ...one.envelope, body: { ...one.body, collected: change(collectedIn(one), one, place) } })),
})

/** Brings another Opening: as if it were the confirmed one, which the airgap sees; and as its own, which its owner sees. */
const opening = (name: string, doc: string, change: (opening: Opening, place: FaultPlace) => Opening): FaultKind => ({
  name, who: 'client', target: 'none', proves: [], doc,
  make: (place) => bringing(async (one) => {
    if (one.body['opening'] === undefined) return one.bring(one.envelope)
    const other = change(one.body['opening'] as Opening, place)
    const body = { ...one.body, opening: other }
    await refusedBy(one, { ...one.envelope, body })
    return refusedBy(one, { ...one.envelope, ceremony: ceremonyId(other), body })
  }),
})

const withCard = ({ roster, ...more }: Opening, name: string | undefined, change: (card: Card) => Card): Opening =>
  ({ ...more, roster: roster.map((card) => (card.name === name ? change(card) : card)) })

const another = ({ names, participant }: FaultPlace): string | undefined => names.find((name) => name !== participant)

const keyFrom = ({ random }: FaultPlace): string => toHex(ed25519FromSeed(random(32)).publicKey)

/** An airgap whose vault is another one from this step on. */
const vault = (name: string, doc: string, steps: FaultKind['steps'], change: (bringing: Bringing, place: FaultPlace) => Promise<void>): FaultKind => ({
  name, who: 'client', target: 'step', ...(steps === undefined ? {} : { steps }), proves: [], doc,
  make: (place) => bringingIn(place.target, async (one) => {
    await change(one, place)
    return refusedBy(one, one.envelope)
  }),
})

export const airgapLies: readonly FaultKind[] = [
  opening('altered-roster', 'The client brings its airgap an Opening with a key of its own in another’s card.', (one, place) =>
    withCard(one, another(place), (card) => ({ ...card, airgapKey: keyFrom(place) }))),
  opening('altered-card', 'The client brings its airgap an Opening with another epoch in its own card.', (one, place) =>
    withCard(one, place.participant, (card) => ({ ...card, epoch: '00'.repeat(EPOCH) }))),
  opening('altered-parameters', 'The client brings its airgap an Opening with another parameter: a lower threshold, another purpose.', (one) => ({
    ...one, parameters: Object.fromEntries(Object.entries(one.parameters).map(([name, value]) => [name, typeof value === 'number' ? value + 1 : name === 'purpose' ? 'Another' : value])), nonce: '11'.repeat(32),
  })),
  opening('altered-script', 'The client brings its airgap an Opening with another script’s hash.', (one) => ({ ...one, script: { ...one.script, hash: '22'.repeat(32) } })),
  opening('altered-rehearsal', 'The client brings its airgap a rehearsal as the real thing, or the real thing as a rehearsal.', (one) => ({ ...one, rehearsal: !one.rehearsal })),
  {
    name: 'no-opening', who: 'client', target: 'none', proves: [],
    doc: 'The client begins without an Opening.',
    make: () => bringing((one) => {
      const { opening: brought, ...body } = one.body
      return brought === undefined ? one.bring(one.envelope) : refusedBy(one, { ...one.envelope, body })
    }),
  },
  {
    name: 'other-ceremony', who: 'client', target: 'step', steps: stepsOfAirgap, proves: [],
    doc: 'The client brings a request of this ceremony as one of another.',
    make: ({ target, random }) => bringingIn(target, (one) => refusedBy(one, { ...one.envelope, ceremony: toHex(random(32)) })),
  },
  {
    name: 'skipped-step', who: 'client', target: 'step', steps: (script) => stepsOfAirgap(script).filter((step) => laterSteps(script).includes(step)), proves: [],
    doc: 'The client asks for this step before the one before it.',
    make: ({ script, target }) => {
      const index = stepsOfAirgap(script).findIndex((step) => step.name === target)
      return bringingIn(stepsOfAirgap(script)[index - 1]?.name ?? '', async (one) => {
        await refusedBy(one, { ...one.envelope, step: target })
        return one.bring(one.envelope)
      })
    },
  },
  collecting('forged-statement', 'The client brings its airgap another payload in another’s name, with that one’s signature on the first.', ([first, ...more]) =>
    (first === undefined ? [] : [{ ...first, payload: flipped(first.payload) }, ...more])),
  collecting('forged-signature', 'The client brings its airgap another’s statement signed by another key.', ([first, ...more], { member, envelope }) =>
    (first === undefined ? [] : [{ ...first, airgapSignature: airgapSign(member, { ceremony: envelope.ceremony, step: envelope.step, type: 'Nothing', from: first.from, view: null, payload: first.payload }) }, ...more])),
  collecting('missing-statement', 'The client brings its airgap all statements but one.', (all) => all.slice(1)),
  collecting('doubled-statement', 'The client brings its airgap one statement twice, in the place of another.', ([first, ...more]) =>
    (first === undefined ? [] : [first, first, ...more.slice(1)])),
  collecting('own-statement', 'The client brings its airgap its own statement as one of the others’.', ([first, ...more], _, { participant }) =>
    (first === undefined ? [] : [{ ...first, from: participant }, ...more])),
  {
    name: 'swapped-pieces', who: 'client', target: 'step', proves: [],
    steps: (script) => fedSteps(script).filter(({ index }) => script.ceremony.messages[script.ceremony.steps[index - 1]?.sends ?? '']?.to === 'others'),
    doc: 'The client brings its airgap the piece of one as the piece of another.',
    make: ({ target }) => bringingIn(target, (one) => {
      const all = collectedIn(one)
      const collected = all.map((carried, i) => {
        const { piece, path } = all[(i + 1) % all.length] ?? carried
        const { from, payload, airgapSignature } = carried
        return { from, payload, airgapSignature, ...(piece === undefined ? {} : { piece }), ...(path === undefined ? {} : { path: i === 0 ? path.slice(1) : path }) }
      })
      return refusedBy(one, { ...one.envelope, body: { ...one.body, collected } })
    }),
  },
  {
    name: 'asks-twice', who: 'client', target: 'step', steps: fedSteps, proves: [],
    doc: 'The client asks its airgap this step again, with the same statements and then with others.',
    make: ({ target }) => bringingIn(target, async (one) => {
      const [answer, again] = [await one.bring(one.envelope), await one.bring(one.envelope)]
      if (answer['give'] === 'statement' && canonical(answer) !== canonical(again)) throw new Error('the airgap answered the same question otherwise')
      if (answer['give'] === 'statement') await refusedBy(one, { ...one.envelope, body: { ...one.body, collected: collectedIn(one).slice(1) } })
      return answer
    }),
  },
  vault('restored-airgap', 'The airgap is put together anew from a backup in the middle of the ceremony.', laterAirgapSteps, ({ member }) =>
    member.memory.update((memory) => restoredFrom(backupOf(memory, new Date(0)), new Uint8Array(EPOCH).fill(7)))),
  vault('reseeded-airgap', 'The airgap is made anew from its words, and is asked as the old one was.', stepsOfAirgap, ({ member }) =>
    member.memory.update(({ seed, client, archive }) => ({ ...emptyMemory(seed, new Uint8Array(EPOCH).fill(7)), client, archive }))),
  {
    name: 'false-end', who: 'client', target: 'step', steps: laterAirgapSteps, proves: [],
    doc: 'The client shows its airgap an Abort of its own that nobody else ever sees, and then goes on.',
    make: ({ script, target }) => bringingIn(target, async (one) => {
      const { steps, certificate } = script.ceremony
      const [at, committed] = [steps.findIndex(({ name }) => name === target), steps.findIndex(({ name }) => name === certificate)]
      const statement = {
        ceremony: one.envelope.ceremony, step: null, type: 'Abort', from: one.member.name, view: null,
        payload: abortPayload({ reason: 'operator', step: null, accused: null, why: 'no', convicts: false, offsets: [] }),
      }
      const abort = canonical(signMessage(one.member.signingKey, { statement, seen: EMPTY_LOG }))
      const close = { ...one.envelope, step: 'Abort', body: { ask: 'close', abort } }
      if (at > committed) await refusedBy(one, close)
      else if ((await one.bring(close))['give'] !== 'closed') throw new Error('the airgap did not close')
      return at > committed ? one.bring(one.envelope) : refusedBy(one, one.envelope)
    }),
  },
  {
    name: 'asks-to-abandon', who: 'client', target: 'step', proves: [],
    steps: (script) => (abandonStep(script.ceremony) === undefined ? [] : stepsOfAirgap(script).slice(1).filter(({ index }) => index <= script.ceremony.steps.findIndex(({ name }) => name === script.ceremony.certificate))),
    doc: 'The client asks its airgap to give the ceremony up before it stated its part of the certificate.',
    make: ({ script, target }) => bringingIn(target, async (one) => {
      await refusedBy(one, { ...one.envelope, step: abandonStep(script.ceremony)?.name ?? '', body: { ask: 'abandon' } })
      return one.bring(one.envelope)
    }),
  },
  {
    name: 'forged-dispute', who: 'client', target: 'step', steps: ({ ceremony }) => ceremony.steps.filter(({ disputes }) => disputes !== undefined), proves: [],
    doc: 'The client shows its airgap a complaint that nobody made.',
    make: (place) => bringingIn(place.target, async (one) => {
      const name = place.script.ceremony.steps.find((step) => step.name === place.target)?.disputes ?? ''
      const field = Object.keys(place.script.ceremony.messages[name]?.payload ?? {})[0] ?? ''
      const payload: JsonObject = { [field]: place.participant }
      const dispute = { from: another(place) ?? '', payload, airgapSignature: airgapSign(one.member, { ceremony: one.envelope.ceremony, step: place.target, type: name, from: another(place) ?? '', view: null, payload }) }
      await refusedBy(one, { ...one.envelope, step: name, body: { ask: 'dispute', dispute, collected: collectedIn(one) } })
      await refusedBy(one, { ...one.envelope, step: name, body: { ask: 'close', ending: { type: name, ...dispute } } })
      return one.bring(one.envelope)
    }),
  },
]

function laterAirgapSteps(script: FaultPlace['script']) {
  return stepsOfAirgap(script).slice(1)
}
