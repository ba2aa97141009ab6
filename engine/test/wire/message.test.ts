import { expect } from 'chai'
import { createPublicKey, verify } from 'node:crypto'
import { ed25519FromSeed } from '../../crypto/ed25519.ts'
import { fromHex, toHex, utf8 } from '../../base/bytes.ts'
import { sha256Hex } from '../../crypto/hash.ts'
import { canonical } from '../../base/canonical.ts'
import type { JsonObject } from '../../base/canonical.ts'
import { ceremonyId, cardProblem, indexOf, sameCard, signCard, verifyCard } from '../../wire/card.ts'
import type { Opening } from '../../wire/card.ts'
import { EMPTY_HEAD, EMPTY_LOG, headAfter, markOf, nextHead } from '../../wire/log.ts'
import { MAX_MESSAGE, ceremonyOf, hashOf, parseMessage, placeProblem, provesMore, sameStatement, signMessage, signStatement, slotKey, slotOf, textHash, verifyMessage, verifyStatement } from '../../wire/message.ts'
import type { Message, Statement, Unsigned } from '../../wire/message.ts'
import { signObject, verifyObject } from '../../wire/sign.ts'
import { codeOf, seededRandom } from '../crypto/random.ts'

const random = seededRandom('message')
const client = ed25519FromSeed(random(32))
const airgap = ed25519FromSeed(random(32))
const [clientKey, airgapKey] = [toHex(client.publicKey), toHex(airgap.publicKey)]

const statement: Statement = { ceremony: 'ab'.repeat(32), step: 'SendDeals', type: 'Deals', from: 'anna', view: 'cd'.repeat(32), payload: { root: '00' } }
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
    for (const change of [{ ceremony: '00'.repeat(32) }, { step: 'Other' }, { type: 'Other' }, { from: 'ben' }, { view: null }, { payload: {} }]) {
      expect(verifyStatement({ ...statement, ...change }, unsigned.airgapSignature ?? '', airgapKey), Object.keys(change)[0]).to.equal(false)
      expect(verifyMessage({ ...message, statement: { ...statement, ...change } }, clientKey)).to.equal(false)
    }
    expect(verifyMessage({ ...message, seen: EMPTY_LOG }, clientKey)).to.equal(false)
    expect(verifyMessage({ ...message, attachment: '00'.repeat(32) }, clientKey)).to.equal(false)
  })

  it('is signed over the bytes that the protocol says', () => {
    // sign(key, label, object) is Ed25519 over "keyrite/2/" + label + "\n" || JCS(object), here written by hand.
    const text = `keyrite/2/statement\n{"ceremony":"${'ab'.repeat(32)}","from":"anna","payload":{"root":"00"},"step":"SendDeals","type":"Deals","view":"${'cd'.repeat(32)}"}`
    // node:crypto alone accepts the signature, over this very text.
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
    ['an empty name', (one) => ({ ...one, statement: { ...statement, from: '' } })],
    ['a name with a line end', (one) => ({ ...one, statement: { ...statement, from: 'anna\n' } })],
    ['a payload that is a list', (one) => ({ ...one, statement: { ...statement, payload: [] } })],
    ['no payload', (one) => ({ ...one, statement: { ...statement, payload: undefined } })],
  ]
  for (const [what, change] of wrong) {
    it(`with ${what} is refused`, () => {
      expect(codeOf(() => parseMessage(canonical(change(message))))).to.equal('wire.malformed')
    })
  }

  it('of the first version is refused as such, by the recipient that its statement had', () => {
    for (const to of [null, 'ben']) expect(codeOf(() => parseMessage(canonical({ ...message, statement: { ...statement, to } })))).to.equal('wire.other-version')
    expect(codeOf(() => parseMessage(canonical({ ...message, to: 'ben' })))).to.equal('wire.malformed')
  })

  it('is refused where it is not canonical, or too long, before it is looked into', () => {
    expect(codeOf(() => parseMessage(` ${canonical(message)}`))).to.equal('wire.not-canonical')
    const long = (length: number) => canonical({ ...message, statement: { ...statement, payload: { text: 'é'.repeat(length) } } })
    expect(codeOf(() => parseMessage(long(MAX_MESSAGE / 2)))).to.equal('wire.malformed')
    expect(codeOf(() => parseMessage('['.repeat(MAX_MESSAGE + 1)))).to.equal('wire.malformed')
    expect(parseMessage(long(MAX_MESSAGE / 2 - 1000)).statement.from).to.equal('anna')
  })

  it('takes one slot, whatever it says there; log messages take none', () => {
    const slot = slotOf(statement)
    expect(slot).to.equal(slotKey(statement.ceremony, 'SendDeals', 'anna'))
    expect(slotOf({ ...statement, type: 'Other', payload: {}, view: null })).to.equal(slot)
    for (const change of [{ ceremony: null }, { step: null }, { from: 'ben' }]) expect(slotOf({ ...statement, ...change })).not.to.equal(slot)
    for (const type of ['Ready', 'Opening', 'Abort']) expect(slotOf({ ...statement, type })).to.equal(null)
  })

  it('has, as an answer to a dispute, a slot for each who complains', () => {
    const answer = (complainer: string): Statement => ({ ...statement, type: 'Justification', payload: { complainer } })
    expect(slotOf(answer('ben'))).to.equal(slotKey(statement.ceremony, 'SendDeals', 'anna', 'ben'))
    expect(new Set([slotOf(statement), slotOf(answer('ben')), slotOf(answer('cleo'))]).size).to.equal(3)
  })

  const other = (payload: JsonObject): Message => ({ ...message, statement: { ...statement, payload } })
  const clients: Message = { statement, seen: message.seen, signature: message.signature }

  it('is no other statement for what its client adds or another signature on it, and another without its airgap’s', () => {
    const resigned: Message = { ...message, seen: EMPTY_LOG, attachment: '00'.repeat(32), airgapSignature: '00'.repeat(64) }
    expect(sameStatement(message, resigned)).to.equal(true)
    const elsewhere: Message = { ...clients, signature: '00'.repeat(64) }
    expect(sameStatement(clients, elsewhere)).to.equal(true)
    expect(sameStatement(message, clients)).to.equal(false)
    expect(sameStatement(clients, message)).to.equal(false)
    expect(sameStatement(message, other({}))).to.equal(false)
  })

  it('proves more beside one other statement of its airgap, and not beside itself, two, or for a client alone', () => {
    for (const holders of [[], [clients], [other({})], [other({}), clients]]) expect(provesMore(message, holders)).to.equal(true)
    for (const holders of [[message], [clients, message], [other({}), other({ root: '01' })]]) expect(provesMore(message, holders)).to.equal(false)
    for (const holders of [[], [message], [other({})]]) expect(provesMore(clients, holders)).to.equal(false)
  })

  it('stands before any ceremony and names none, or names one', () => {
    const before = (type: string, change: Partial<Statement> = {}): Message => ({
      statement: { ceremony: null, step: null, type, from: 'anna', view: null, payload: {}, ...change }, seen: EMPTY_LOG, signature: '00'.repeat(64),
    })
    for (const type of ['Ready', 'Opening']) {
      expect(placeProblem(before(type)), type).to.equal(null)
      for (const change of [{ ceremony: 'ab'.repeat(32) }, { step: 'SendDeals' }, { view: 'cd'.repeat(32) }]) {
        expect(placeProblem(before(type, change)), Object.keys(change)[0]).to.contain('speaks of a ceremony')
      }
      expect(placeProblem({ ...before(type), airgapSignature: '00'.repeat(64) })).to.contain('has an airgap signature')
      expect(placeProblem({ ...before(type), attachment: '00'.repeat(32) })).to.contain('or an attachment')
    }
    expect(placeProblem(message)).to.equal(null)
    expect(placeProblem(before('Abort', { ceremony: 'ab'.repeat(32) }))).to.equal(null)
    for (const type of ['Abort', 'Deals', 'Complaint']) expect(placeProblem(before(type))).to.equal(`a ${type} of no ceremony`)
  })
})

describe('a log’s head', () => {
  const hash = textHash(canonical(message))

  it('follows from the one before, whose entry it is, and the message’s hash', () => {
    expect(hash).to.equal(hashOf(message))
    const mark = markOf('ab'.repeat(32), 'anna')
    expect(mark).to.equal(sha256Hex(utf8('keyrite/2/mark\n'), utf8(`["${'ab'.repeat(32)}","anna"]`)))
    const head = nextHead(EMPTY_HEAD, mark, hash)
    expect(head).to.equal(sha256Hex(utf8('keyrite/2/head\n'), new Uint8Array(32), fromHex(mark, 32), fromHex(hash, 32)))
    expect(headAfter(EMPTY_HEAD, message, hash)).to.equal(head)
    const others = [nextHead(head, mark, hash), nextHead(EMPTY_HEAD, hash, mark), nextHead(EMPTY_HEAD, markOf('ab'.repeat(32), 'ben'), hash), nextHead(EMPTY_HEAD, markOf(null, 'anna'), hash)]
    expect(new Set([head, ...others]).size).to.equal(5)
  })

  it('marks an entry as one of the ceremony that it speaks of, an Opening as one of its own, and a Ready as of none', () => {
    const payload = { nonce: 'ef'.repeat(32) }
    const opening: Statement = { ceremony: null, step: null, type: 'Opening', from: 'anna', view: null, payload }
    expect(ceremonyOf(opening)).to.equal(ceremonyId(payload))
    expect(ceremonyOf({ ...opening, type: 'Ready' })).to.equal(null)
    // A Ready belongs to no ceremony, even if it names one.
    expect(ceremonyOf({ ...opening, type: 'Ready', ceremony: 'ab'.repeat(32) })).to.equal(null)
    expect(ceremonyOf({ ...opening, ceremony: 'ab'.repeat(32) })).to.equal(ceremonyId(payload))
    for (const type of ['Abort', 'Deals']) expect(ceremonyOf({ ...statement, type })).to.equal('ab'.repeat(32))
    const posted = signMessage(client.secretKey, { statement: opening, seen: EMPTY_LOG })
    expect(headAfter(EMPTY_HEAD, posted, hashOf(posted))).to.equal(nextHead(EMPTY_HEAD, markOf(ceremonyId(payload), 'anna'), hashOf(posted)))
  })

  it('refuses what is no hash', () => {
    expect(codeOf(() => nextHead('00', markOf(null, 'anna'), hash))).to.equal('bytes.not-hex')
    expect(codeOf(() => nextHead(EMPTY_HEAD, '', hash))).to.equal('bytes.not-hex')
    expect(codeOf(() => nextHead(EMPTY_HEAD, markOf(null, 'anna'), hash.toUpperCase()))).to.equal('bytes.not-hex')
  })
})

describe('an opening', () => {
  const card = (name: string) => ({ name, signingKey: toHex(ed25519FromSeed(random(32)).publicKey), airgapKey: toHex(ed25519FromSeed(random(32)).publicKey), epoch: toHex(random(16)) })
  const opening: Opening = {
    script: { name: 'dkg', version: '1.0.0', hash: '00'.repeat(32) }, parameters: { threshold: 2 }, roster: [card('anna'), card('ben')],
    opensAt: '2026-01-01T00:00:00Z', nonce: '11'.repeat(32), rehearsal: false,
  }

  it('has an id that everything in it changes', () => {
    const id = ceremonyId(opening)
    expect(id).to.equal(sha256Hex(utf8('keyrite/2/ceremony\n'), utf8(canonical(opening))))
    const changes: Partial<Opening>[] = [
      { script: { ...opening.script, hash: '01'.repeat(32) } }, { parameters: { threshold: 3 } }, { roster: [...opening.roster].reverse() },
      { opensAt: '2026-01-01T00:00:01Z' }, { nonce: '12'.repeat(32) }, { rehearsal: true },
      { roster: opening.roster.map((one, i) => (i === 0 ? { ...one, epoch: '00'.repeat(16) } : one)) },
    ]
    expect(new Set([id, ...changes.map((change) => ceremonyId({ ...opening, ...change }))]).size).to.equal(8)
  })

  it('counts its participants from 1', () => {
    expect(['anna', 'ben', 'zoe'].map((name) => indexOf(opening.roster, name))).to.deep.equal([1, 2, 0])
  })

  it('has cards of usable, different keys only', () => {
    const [good] = opening.roster
    if (good === undefined) return expect.fail()
    expect(cardProblem(good)).to.equal(null)
    expect(cardProblem({ ...good, airgapKey: good.signingKey })).to.contain('are the same')
    for (const bad of ['00'.repeat(32), `01${'00'.repeat(31)}`, 'ff'.repeat(32), `ec${'ff'.repeat(30)}7f`]) {
      expect(cardProblem({ ...good, signingKey: bad }), bad).to.contain('the signing key of anna cannot be used')
      expect(cardProblem({ ...good, airgapKey: bad }), bad).to.contain('the airgap key of anna cannot be used')
    }
  })

  it('has cards that their airgaps signed, epoch and all', () => {
    const mine = { name: 'anna', signingKey: clientKey, airgapKey, epoch: '22'.repeat(16) }
    const signature = signCard(airgap.secretKey, mine)
    expect(signature).to.equal(signObject(airgap.secretKey, 'card', mine))
    expect(verifyCard(mine, signature)).to.equal(true)
    for (const change of [{ name: 'ben' }, { signingKey: airgapKey }, { epoch: '23'.repeat(16) }]) {
      expect(verifyCard({ ...mine, ...change }, signature), Object.keys(change)[0]).to.equal(false)
      expect(sameCard({ ...mine, ...change }, mine)).to.equal(false)
    }
    // It holds under no other key, nor as another kind of object.
    expect(verifyCard(mine, signCard(client.secretKey, mine))).to.equal(false)
    expect(verifyCard({ ...mine, airgapKey: clientKey }, signature)).to.equal(false)
    expect(verifyCard(mine, signObject(airgap.secretKey, 'statement', mine))).to.equal(false)
    expect(sameCard(mine, { ...mine })).to.equal(true)
  })
})
