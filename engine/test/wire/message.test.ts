import { expect } from 'chai'
import { createPublicKey, verify } from 'node:crypto'
import { ed25519FromSeed } from '../../crypto/ed25519.ts'
import { fromHex, sha256Hex, toHex } from '../../crypto/bytes.ts'
import { canonical, utf8 } from '../../wire/canonical.ts'
import type { JsonObject } from '../../wire/canonical.ts'
import { ceremonyId, checkCard, indexOf } from '../../wire/card.ts'
import type { Opening } from '../../wire/card.ts'
import {
  EMPTY_HEAD, EMPTY_LOG, MAX_MESSAGE, hashOf, nextHead, parseMessage, signMessage, signObject, signStatement, slotOf, textHash,
  verifyMessage, verifyObject, verifyStatement,
} from '../../wire/message.ts'
import type { Message, Statement, Unsigned } from '../../wire/message.ts'
import { codeOf, seededRandom } from '../crypto/random.ts'

const random = seededRandom('message')
const client = ed25519FromSeed(random(32))
const airgap = ed25519FromSeed(random(32))
const [clientKey, airgapKey] = [toHex(client.publicKey), toHex(airgap.publicKey)]

const statement: Statement = { ceremony: 'ab'.repeat(32), step: 'SendDeals', type: 'Deal', from: 'anna', to: 'ben', view: 'cd'.repeat(32), payload: { sealed: '00' } }
const unsigned: Unsigned = { statement, airgapSignature: signStatement(airgap.secretKey, statement), seen: { offset: 3, head: 'ef'.repeat(32) } }
const message = signMessage(client.secretKey, unsigned)

describe('a message', () => {
  it('is read as it was written, and bears both signatures', () => {
    const read = parseMessage(canonical(message))
    expect(read).to.deep.equal(message)
    expect(verifyMessage(read, clientKey)).to.equal(true)
    expect(verifyStatement(read.statement, read.airgapSignature ?? '', airgapKey)).to.equal(true)
  })

  it('verifies under no other key, label or content', () => {
    expect(verifyMessage(message, airgapKey)).to.equal(false)
    expect(verifyStatement(statement, unsigned.airgapSignature ?? '', clientKey)).to.equal(false)
    expect(verifyStatement(statement, signObject(airgap.secretKey, 'message', statement), airgapKey)).to.equal(false)
    expect(verifyObject(clientKey, 'statement', unsigned, message.signature)).to.equal(false)
    for (const change of [{ ceremony: '00'.repeat(32) }, { step: 'Other' }, { type: 'Other' }, { from: 'ben' }, { to: null }, { view: null }, { payload: {} }]) {
      expect(verifyStatement({ ...statement, ...change }, unsigned.airgapSignature ?? '', airgapKey), Object.keys(change)[0]).to.equal(false)
      expect(verifyMessage({ ...message, statement: { ...statement, ...change } }, clientKey)).to.equal(false)
    }
    expect(verifyMessage({ ...message, seen: EMPTY_LOG }, clientKey)).to.equal(false)
    expect(verifyMessage({ ...message, attachment: '00'.repeat(32) }, clientKey)).to.equal(false)
  })

  it('is signed over the bytes that the protocol says', () => {
    // sign(key, label, object) is Ed25519 over "keyrite/1/" + label + "\n" || JCS(object): here by hand.
    const text = `keyrite/1/statement\n{"ceremony":"${'ab'.repeat(32)}","from":"anna","payload":{"sealed":"00"},"step":"SendDeals","to":"ben","type":"Deal","view":"${'cd'.repeat(32)}"}`
    // node:crypto alone takes it, over this very text.
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(airgap.publicKey).toString('base64url') }, format: 'jwk' })
    const signature = Buffer.from(unsigned.airgapSignature ?? '', 'hex')
    expect(verify(null, utf8(text), key, signature)).to.equal(true)
    expect(verify(null, utf8(text.replace('statement\n', 'message\n')), key, signature)).to.equal(false)
    expect(sha256Hex(utf8(text.split('\n')[1] ?? ''))).to.equal(hashOf(statement))
  })

  const wrong: [string, (message: JsonObject) => JsonObject][] = [
    ['a member more', (one) => ({ ...one, more: 1 })],
    ['a member more in its statement', (one) => ({ ...one, statement: { ...statement, more: 1 } })],
    ['a member more in what it saw', (one) => ({ ...one, seen: { offset: 1, head: EMPTY_HEAD, more: 1 } })],
    ['no signature', ({ statement: s, seen }) => ({ statement: s, seen })],
    ['no statement', ({ seen, signature }) => ({ seen, signature })],
    ['nothing seen', ({ statement: s, signature }) => ({ statement: s, signature })],
    ['a signature too short', (one) => ({ ...one, signature: '00'.repeat(63) })],
    ['a signature in capitals', (one) => ({ ...one, signature: 'AB'.repeat(64) })],
    ['a signature that is null', (one) => ({ ...one, airgapSignature: null })],
    ['an offset below -1', (one) => ({ ...one, seen: { offset: -2, head: EMPTY_HEAD } })],
    ['an offset that is no whole number', (one) => ({ ...one, seen: { offset: 1.5, head: EMPTY_HEAD } })],
    ['an offset without end', (one) => ({ ...one, seen: { offset: 2 ** 41, head: EMPTY_HEAD } })],
    ['a ceremony too long', (one) => ({ ...one, statement: { ...statement, ceremony: 'ab'.repeat(33) } })],
    ['a step with a space', (one) => ({ ...one, statement: { ...statement, step: 'Send Deals' } })],
    ['a step too long', (one) => ({ ...one, statement: { ...statement, step: 'S'.repeat(65) } })],
    ['a name in capitals', (one) => ({ ...one, statement: { ...statement, from: 'Anna' } })],
    ['a name too long', (one) => ({ ...one, statement: { ...statement, from: 'a'.repeat(33) } })],
    ['an empty name', (one) => ({ ...one, statement: { ...statement, to: '' } })],
    ['a name with a line end', (one) => ({ ...one, statement: { ...statement, from: 'anna\n' } })],
    ['a payload that is a list', (one) => ({ ...one, statement: { ...statement, payload: [] } })],
    ['no payload', (one) => ({ ...one, statement: { ...statement, payload: undefined } })],
  ]
  for (const [what, change] of wrong) {
    it(`with ${what} is refused`, () => {
      expect(codeOf(() => parseMessage(canonical(change(message))))).to.equal('wire.malformed')
    })
  }

  it('is refused where it is not canonical, or too long, before it is looked into', () => {
    expect(codeOf(() => parseMessage(` ${canonical(message)}`))).to.equal('wire.not-canonical')
    const long = (length: number) => canonical({ ...message, statement: { ...statement, payload: { text: 'é'.repeat(length) } } })
    expect(codeOf(() => parseMessage(long(MAX_MESSAGE / 2)))).to.equal('wire.malformed')
    expect(codeOf(() => parseMessage('['.repeat(MAX_MESSAGE + 1)))).to.equal('wire.malformed')
    expect(parseMessage(long(MAX_MESSAGE / 2 - 1000)).statement.from).to.equal('anna')
  })

  it('takes one slot, whatever it says there; log messages take none', () => {
    const slot = slotOf(statement)
    expect(slotOf({ ...statement, type: 'Other', payload: {}, view: null })).to.equal(slot)
    for (const change of [{ ceremony: null }, { step: null }, { from: 'ben' }, { to: null }]) expect(slotOf({ ...statement, ...change })).not.to.equal(slot)
    for (const type of ['Ready', 'Opening', 'Abort']) expect(slotOf({ ...statement, type })).to.equal(null)
  })
})

describe('a log’s head', () => {
  it('follows from the one before and the message’s hash', () => {
    const text = canonical(message)
    const hash = textHash(text)
    expect(hash).to.equal(hashOf(message))
    expect(nextHead(EMPTY_HEAD, hash)).to.equal(sha256Hex(new Uint8Array(32), fromHex(hash, 32)))
    expect(nextHead(nextHead(EMPTY_HEAD, hash), hash)).not.to.equal(nextHead(EMPTY_HEAD, hash))
  })
})

describe('an opening', () => {
  const card = (name: string) => ({ name, signingKey: toHex(ed25519FromSeed(random(32)).publicKey), airgapKey: toHex(ed25519FromSeed(random(32)).publicKey) })
  const opening: Opening = {
    script: { name: 'dkg', version: '1.0.0', hash: '00'.repeat(32) }, parameters: { threshold: 2 }, roster: [card('anna'), card('ben')],
    opensAt: '2026-01-01T00:00:00Z', nonce: '11'.repeat(32), rehearsal: false,
  }

  it('has an id that everything in it changes', () => {
    const id = ceremonyId(opening)
    expect(id).to.equal(sha256Hex(utf8('keyrite/1/ceremony\n'), utf8(canonical(opening))))
    const changes: Partial<Opening>[] = [
      { script: { ...opening.script, hash: '01'.repeat(32) } }, { parameters: { threshold: 3 } }, { roster: [...opening.roster].reverse() },
      { opensAt: '2026-01-01T00:00:01Z' }, { nonce: '12'.repeat(32) }, { rehearsal: true },
    ]
    expect(new Set([id, ...changes.map((change) => ceremonyId({ ...opening, ...change }))]).size).to.equal(7)
  })

  it('counts its participants from 1', () => {
    expect(['anna', 'ben', 'zoe'].map((name) => indexOf(opening.roster, name))).to.deep.equal([1, 2, 0])
  })

  it('has cards of usable, different keys only', () => {
    const [good] = opening.roster
    if (good === undefined) return expect.fail()
    expect(checkCard(good)).to.equal(null)
    expect(checkCard({ ...good, airgapKey: good.signingKey })).to.contain('are the same')
    for (const bad of ['00'.repeat(32), `01${'00'.repeat(31)}`, 'ff'.repeat(32), `ec${'ff'.repeat(30)}7f`]) {
      expect(checkCard({ ...good, signingKey: bad }), bad).to.contain('the signing key of anna cannot be used')
      expect(checkCard({ ...good, airgapKey: bad }), bad).to.contain('the airgap key of anna cannot be used')
    }
    const { signature }: Message = message
    expect(signature).to.have.lengthOf(128)
  })
})
