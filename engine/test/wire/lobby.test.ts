import { expect } from 'chai'
import { isKeyriteError } from '../../base/errors.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { airgapKeyPair } from '../../crypto/seed.ts'
import { ceremonyId, signCard } from '../../wire/card.ts'
import type { Card, Opening } from '../../wire/card.ts'
import { openedIn, openingIn, openingProblem, readOpening, readReady, readyFor, readyIn, readyOf, rosterProblem } from '../../wire/lobby.ts'
import { EMPTY_LOG } from '../../wire/log.ts'
import { signMessage } from '../../wire/message.ts'
import type { Message, Statement, Unsigned } from '../../wire/message.ts'
import { toHex } from '../../base/bytes.ts'

const keysOf = (byte: number) => airgapKeyPair(new Uint8Array(64).fill(byte))

function person(name: string, byte: number, epoch = '11'.repeat(16)) {
  const [client, airgap] = [keysOf(byte), keysOf(byte + 100)]
  return { name, client, airgap, card: { name, signingKey: toHex(client.publicKey), airgapKey: toHex(airgap.publicKey), epoch } satisfies Card }
}
type Person = ReturnType<typeof person>

const [ann, ben, cleo] = [person('ann', 1), person('ben', 2), person('cleo', 3)]
const script = { name: 'dkg', hash: 'ab'.repeat(32) }

const said = (by: Person, type: string, payload: JsonObject, change: Partial<Statement> = {}, more: Partial<Unsigned> = {}): Message =>
  signMessage(by.client.secretKey, { statement: { ceremony: null, step: null, type, from: by.name, view: null, payload, ...change }, seen: EMPTY_LOG, ...more })

const readyOfOne = (by: Person, change: JsonObject = {}, card: Card = by.card): Message =>
  said(by, 'Ready', { card, cardSignature: signCard(by.airgap.secretKey, card), script, ...change })

const opening = (change: Partial<Opening> = {}): Opening => ({
  script: { ...script, version: '1' }, parameters: {}, roster: [ann.card, ben.card], opensAt: '2026-02-28T00:00:00Z', nonce: '00'.repeat(32), rehearsal: false, ...change,
})
const openingBy = (by: Person, change: Partial<Opening> = {}): Message => said(by, 'Opening', { ...opening(change) })

/** The reason why a message counts for nothing. */
function why(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (isKeyriteError(error, 'lobby.counts-for-nothing')) return error.facts.why
    throw error
  }
  return 'it counts'
}

const WEAK = `01${'00'.repeat(31)}`

describe('a Ready', () => {
  it('counts with its own card, signed by both of its machines', () => {
    expect(readReady(readyOfOne(ann))).to.deep.include({ card: ann.card, script })
    expect(readyIn(openingBy(ann))).to.equal(null)
    expect(readReady(openingBy(ann))).to.equal(undefined)
  })

  const wrong: readonly (readonly [string, Message, RegExp])[] = [
    ['in a ceremony', said(ann, 'Ready', readyOfOne(ann).statement.payload, { ceremony: 'aa'.repeat(32) }), /speaks of a ceremony/],
    ['with an attachment', said(ann, 'Ready', readyOfOne(ann).statement.payload, {}, { attachment: '00'.repeat(32) }), /attachment/],
    ['of another form', readyOfOne(ann, { more: 1 }), /more/],
    ['with another’s card', readyOfOne(ann, {}, ben.card), /it is from ann, with the card of ben/],
    ['with a weak key', readyOfOne(ann, {}, { ...ann.card, airgapKey: WEAK }), /the airgap key of ann cannot be used/],
    ['with one key for both machines', readyOfOne(ann, {}, { ...ann.card, airgapKey: ann.card.signingKey }), /the two keys of ann are the same/],
  ]
  for (const [what, message, words] of wrong) {
    it(`${what} counts for nothing`, () => {
      expect(why(() => readyIn(message))).to.match(words)
      expect(readReady(message)).to.equal(undefined)
    })
  }

  it('that only one of its machines signed counts for nothing, though it is of the right form', () => {
    const forged = [readyOfOne({ ...ann, client: ben.client }), readyOfOne({ ...ann, airgap: ben.airgap })]
    for (const message of forged) {
      expect(why(() => readyIn(message))).to.equal('it counts')
      expect(readReady(message)).to.equal(undefined)
    }
  })

  it('is the newest of its author’s, for the one script or for any', () => {
    const anew = person('ann', 1, '22'.repeat(16))
    const other = { name: 'sign', hash: 'cd'.repeat(32) }
    const log = [readyOfOne(ben), readyOfOne(ann), readyOfOne(anew), readyOfOne(anew, { more: 1 }), readyOfOne(ben, { script: other })].map((message, offset) => ({ message, offset }))
    expect(readyOf(log).map(({ card, offset }) => [card.name, card.epoch.slice(0, 2), offset])).to.deep.equal([['ann', '22', 2], ['ben', '11', 4]])
    expect(readyFor(log, script.hash).map(({ card, offset }) => [card.name, offset])).to.deep.equal([['ann', 2], ['ben', 0]])
  })
})

describe('an Opening', () => {
  it('counts where a participant of it signed it, and has its id from its payload', () => {
    const id = ceremonyId(opening())
    expect(readOpening(openingBy(ben))).to.deep.equal({ id, opening: opening(), by: 'ben' })
    expect(openingIn(readyOfOne(ann))).to.equal(null)
    expect(readOpening(readyOfOne(ann))).to.equal(undefined)
  })

  const weak = { ...ann.card, signingKey: WEAK }
  const wrong: readonly (readonly [string, Message, RegExp])[] = [
    ['in a ceremony', said(ann, 'Opening', { ...opening() }, { ceremony: 'aa'.repeat(32) }), /speaks of a ceremony/],
    ['of another form', said(ann, 'Opening', { ...opening(), more: 1 }), /more/],
    ['by a stranger', openingBy(cleo), /cleo is not in its roster/],
    ['with a roster that is not sorted', openingBy(ann, { roster: [ben.card, ann.card] }), /not sorted by name/],
    ['with a name twice', openingBy(ann, { roster: [ann.card, { ...cleo.card, name: 'ann' }, ben.card] }), /ann is in the roster twice/],
    ['on a day that there is not', openingBy(ann, { opensAt: '2026-02-30T00:00:00Z' }), /opensAt is no date/],
    ['at an hour that there is not', openingBy(ann, { opensAt: '2026-02-03T25:00:00Z' }), /opensAt is no date/],
    ['by somebody whose key there is weak', openingBy(ann, { roster: [weak, ben.card] }), /the signing key of ann cannot be used/],
  ]
  for (const [what, message, words] of wrong) {
    it(`${what} counts for nothing`, () => {
      expect(why(() => openingIn(message))).to.match(words)
      expect(readOpening(message)).to.equal(undefined)
    })
  }

  it('is the first of its id that a participant signed, whatever copies stand before and after', () => {
    const forged = openingBy({ ...ann, client: cleo.client })
    const log = [openingBy(cleo), forged, openingBy(ben), openingBy(ann), openingBy(ann, { nonce: '11'.repeat(32) })].map((message, offset) => ({ message, offset }))
    expect(openedIn(log).map(({ by, offset }) => [by, offset])).to.deep.equal([['ben', 2], ['ann', 4]])
  })

  it('has keys that whoever joins it checks, all of them', () => {
    expect(rosterProblem([ann.card, ben.card])).to.equal(null)
    expect(rosterProblem([ann.card, { ...ben.card, signingKey: WEAK }])).to.match(/the signing key of ben cannot be used/)
    expect(rosterProblem([ann.card, { ...ben.card, airgapKey: ann.card.signingKey }])).to.equal('two of its keys are equal')
    // A reader that joins nothing does not check all keys, since a thousand take long.
    expect(openingProblem(opening({ roster: [ann.card, { ...ben.card, signingKey: WEAK }] }))).to.equal(null)
  })
})
