import { expect } from 'chai'
import { canonical } from '../../engine/base/canonical.ts'
import { ceremonyId } from '../../engine/wire/card.ts'
import { EMPTY_HEAD, headAfter } from '../../engine/wire/log.ts'
import { parseMessage, textHash } from '../../engine/wire/message.ts'
import { sha256Of } from '../digest.ts'
import { storeNames, stores } from '../stores/table.ts'
import { abortOf, anyOf, attachmentAuth, begin, BOARD, CEREMONY, circleOf, cleanUp, enter, folder, get, headOf, openedOf, openingOf, person, post, problem, readyOf, saidOf, start, statedOf, textOf, TOKEN } from './support.ts'
import type { Reply, Started } from './support.ts'

const ann = person('ann')
const ben = person('ben')
const bearer = { authorization: `Bearer ${TOKEN}` }

interface Page {
  messages: { offset: number; head: string; text: string }[]
  head: { offset: number; head: string }
}

const page = async (board: string, query = ''): Promise<Page> => (await get(`${board}/messages${query}`)).json as Page

async function put(board: string, hash: string, body: Uint8Array, authorization?: string, type = 'application/octet-stream'): Promise<Reply> {
  const headers = { 'content-type': type, ...(authorization && { authorization }) }
  const response = await fetch(`${board}/attachments/${hash}`, { method: 'PUT', headers, body: Buffer.from(body) })
  return { status: response.status, headers: response.headers, json: await response.json() }
}

for (const store of storeNames) {
  describe(`a board over HTTP, ${store} store`, () => {
    let storage: Started
    let board: string
    beforeEach(async () => {
      storage = await start({ store, ...(stores[store].isKept ? { data: await folder() } : {}) })
      board = storage.board
    })
    afterEach(cleanUp)

    it('gives each message its offset and the running head, and keeps its text byte for byte', async () => {
      const texts = [readyOf(ann), circleOf(ann), abortOf(ann, { odd: 'a\u2028b\u2029c\u0085d\u0000e\\"🜁' }), statedOf(ann, 'One', { x: 1.5e-7 })]
      let head = EMPTY_HEAD
      for (const [offset, text] of texts.entries()) {
        head = headAfter(head, parseMessage(text), textHash(text))
        const { status, json } = await post(board, text, offset === 0 ? bearer : {})
        expect(status).to.equal(201)
        expect(json).to.deep.equal({ offset, head })
      }
      const { messages, head: end } = await page(board)
      expect(messages.map(({ text }) => text)).to.deep.equal(texts)
      expect(end).to.deep.equal({ offset: 3, head })
      expect(head).to.equal(headOf(texts))
      expect((await page(board, '?after=0&limit=1')).messages.map(({ offset }) => offset)).to.deep.equal([1])
      expect((await page(board, '?after=3')).messages).to.deep.equal([])
      expect((await page(board, '?after=99')).head.offset).to.equal(3)
    })

    it('registers a name with its card and the join token, and nobody otherwise', async () => {
      expect(problem(await post(board, circleOf(ann)))).to.equal('403 not-registered')
      const without = await post(board, readyOf(ann))
      expect(problem(without)).to.equal('401 no-token')
      expect(without.headers.get('www-authenticate')).to.equal('Bearer')
      expect(problem(await post(board, readyOf(ann), { authorization: `Bearer ${TOKEN}x` }))).to.equal('401 no-token')
      expect(problem(await post(board, readyOf(ann, ben.card), bearer))).to.equal('422 bad-card')
      const forged = readyOf(ann).replace(/"signature":"../, '"signature":"00')
      expect(problem(await post(board, forged, bearer))).to.equal('403 bad-signature')
      expect((await enter(board, ann)).status).to.equal(201)
      expect((await post(board, circleOf(ann))).status).to.equal(201)
    })

    it('refuses a second card for a name and a second name for a signing key', async () => {
      await enter(board, ann)
      const other = person('other')
      const impostor = { ...other, card: { ...other.card, name: 'ann' } }
      expect(problem(await post(board, readyOf(impostor), bearer))).to.equal('409 name-taken')
      const sameSigning = { ...ben, airgap: ann.signing, card: { ...ben.card, airgapKey: ann.card.signingKey } }
      expect(problem(await post(board, readyOf(sameSigning), bearer))).to.equal('409 key-taken')
      const sameKey = { ...ann, airgap: ben.airgap, card: { ...ann.card, name: 'anne', airgapKey: ben.card.airgapKey } }
      expect(problem(await post(board, readyOf(sameKey), bearer))).to.equal('409 key-taken')
      const newAirgap = { ...ann, card: { ...ann.card, airgapKey: ben.card.airgapKey } }
      expect(problem(await post(board, readyOf(newAirgap), bearer))).to.equal('409 name-taken')
      const race = await Promise.all([enter(board, ben), post(board, readyOf({ ...other, card: { ...other.card, name: 'ben' } }), bearer)])
      expect(race.map(({ status }) => status).sort()).to.deep.equal([201, 409])
    })

    it('takes a second client of one airgap under a name of its own: the first may be lost', async () => {
      await enter(board, ann)
      const again = { ...ben, airgap: ann.airgap, card: { ...ben.card, airgapKey: ann.card.airgapKey } }
      expect((await post(board, readyOf(again), bearer)).status).to.equal(201)
      expect((await post(board, anyOf(again, {}))).status).to.equal(201)
      expect((await post(board, anyOf(ann, {}))).status).to.equal(201)
    })

    it('refuses a card whose keys are weak or one and the same', async () => {
      const identity = '01' + '00'.repeat(31)
      for (const airgapKey of [identity, '00'.repeat(32), 'ff'.repeat(32), ann.card.signingKey]) {
        const weak = { ...ann, card: { ...ann.card, airgapKey } }
        expect(problem(await post(board, readyOf(weak), bearer)), airgapKey).to.equal('422 bad-card')
      }
    })

    it('takes another Ready of a registered card without a token, and a Ready only in its form', async () => {
      await enter(board, ann)
      const { payload } = parseMessage(readyOf(ann)).statement
      const again = { ceremony: null, step: null, type: 'Ready', from: 'ann', view: null, payload: { ...payload, script: { name: 'beacon', hash: 'bb'.repeat(32) } } }
      expect((await post(board, textOf(ann, again))).status).to.equal(201)
      expect(problem(await post(board, textOf(ann, { ...again, payload: { card: ann.card, script: { name: 'beacon', hash: 'bb'.repeat(32) } } })))).to.equal('422 bad-card')
      expect(problem(await post(board, textOf(ann, { ...again, payload: { ...payload, more: 1 } })))).to.equal('422 bad-card')
    })

    it('registers a card only with its own airgap’s signature', async () => {
      const forged = { ...ann, airgap: ben.airgap }
      expect(problem(await post(board, readyOf(forged), bearer))).to.equal('422 bad-card')
      await enter(board, ann)
      const theirs = { ...ben, card: { ...ben.card, airgapKey: ann.card.airgapKey } }
      expect(problem(await post(board, readyOf(theirs), bearer)), 'another’s airgap beside the own name').to.equal('422 bad-card')
      expect(problem(await post(board, readyOf(ann, { ...ann.card, epoch: '22'.repeat(16) }).replace(/"epoch":"22/, '"epoch":"23')))).to.equal('403 bad-signature')
      expect((await page(board)).head.offset).to.equal(0)
    })

    it('takes a newer Ready of a name whose airgap’s vault was made anew, and none with other keys', async () => {
      await enter(board, ann)
      const anew = person('ann', '22'.repeat(16))
      expect((await post(board, readyOf(anew))).json).to.have.property('offset', 1)
      expect((await post(board, readyOf(ann))).json, 'the first one again').to.have.property('offset', 0)
      const other = { ...anew, airgap: ben.airgap, card: { ...anew.card, airgapKey: ben.card.airgapKey } }
      expect(problem(await post(board, readyOf(other)))).to.equal('409 name-taken')
      const race = await Promise.all([person('ben'), person('ben', '22'.repeat(16))].map((one) => enter(board, one)))
      expect(race.map(({ status }) => status)).to.deep.equal([201, 201])
    })

    it('takes what comes before any ceremony to none, and anything else to one', async () => {
      await begin(board, ann)
      const ready = parseMessage(readyOf(ann, { ...ann.card, epoch: '22'.repeat(16) }))
      const opening = parseMessage(anyOf(ann, { other: 1 }))
      for (const { statement } of [ready, opening]) {
        for (const more of [{ ceremony: CEREMONY }, { step: 'One' }, { view: CEREMONY }]) {
          expect(problem(await post(board, textOf(ann, { ...statement, ...more }))), JSON.stringify(more)).to.equal('422 out-of-place')
        }
        expect(problem(await post(board, textOf(ann, statement, { attachment: CEREMONY })))).to.equal('422 out-of-place')
        expect(problem(await post(board, textOf(ann, statement, {}, 'ab'.repeat(64))))).to.equal('422 out-of-place')
      }
      for (const text of [statedOf(ann, 'One'), abortOf(ann, {})]) {
        expect(problem(await post(board, textOf(ann, { ...parseMessage(text).statement, ceremony: null })))).to.equal('422 out-of-place')
      }
      expect((await page(board)).head.offset).to.equal(1)
    })

    it('takes an Opening of its roster only, in its form, and the same one once', async () => {
      await enter(board, ann)
      await enter(board, ben)
      expect(problem(await post(board, openedOf(ben, openingOf([ann, person('someone')]))))).to.equal('422 bad-opening')
      const thief = { ...person('thief'), card: { ...person('thief').card, name: 'ann' } }
      expect(problem(await post(board, openedOf(ann, openingOf([thief, ben])))), 'another key beside her name').to.equal('422 bad-opening')
      const borrowed = { ...ann, card: { ...ann.card, airgapKey: person('thief').card.airgapKey } }
      expect(problem(await post(board, openedOf(ann, openingOf([borrowed, ben])))), 'another airgap beside it').to.equal('422 bad-opening')
      const good = openingOf([ann, ben])
      const wrong = [{ ...good, more: 1 }, { ...good, roster: [ann.card] }, { ...good, roster: [...good.roster].reverse() }, { ...good, roster: [ann.card, ann.card] }, { ...good, opensAt: '2026-02-30T00:00:00Z' }]
      for (const payload of wrong) {
        const text = textOf(ann, { ceremony: null, step: null, type: 'Opening', from: 'ann', view: null, payload })
        expect(problem(await post(board, text)), JSON.stringify(Object.keys(payload))).to.equal('422 bad-opening')
      }
      const { status, json } = await post(board, openedOf(ann, good))
      expect(status).to.equal(201)
      const seen = json as { offset: number; head: string }
      expect(await post(board, openedOf(ann, good, { seen }))).to.deep.include({ status: 200, json })
      expect(await post(board, openedOf(ben, good)), 'another of its roster').to.deep.include({ status: 200, json })
      const twice = await Promise.all([anyOf(ben, { once: 1 }), anyOf(ben, { once: 1 }, { seen })].map((text) => post(board, text)))
      expect(twice.map((reply) => reply.status).sort()).to.deep.equal([200, 201])
    })

    it('takes a ceremony’s messages of its members only, once it is opened', async () => {
      await enter(board, ann)
      expect(problem(await post(board, statedOf(ann, 'One')))).to.equal('422 not-opened')
      expect((await post(board, circleOf(ann))).status).to.equal(201)
      expect((await post(board, statedOf(ann, 'One'))).status).to.equal(201)
      const stranger = person('stranger')
      expect((await enter(board, stranger)).status, 'the token registers whoever has it').to.equal(201)
      for (const text of [statedOf(stranger, 'One'), abortOf(stranger, {})]) expect(problem(await post(board, text))).to.equal('403 not-member')
      const squatter = { ...person('squatter'), card: { ...person('squatter').card, name: 'ben' } }
      expect((await enter(board, squatter)).status).to.equal(201)
      expect(problem(await post(board, statedOf(squatter, 'One'))), 'a name of the roster, with another key').to.equal('403 not-member')
      const altered = openingOf([ann, { ...stranger, card: { ...stranger.card, airgapKey: person('thief').card.airgapKey } }])
      expect((await post(board, openedOf(ann, altered))).status).to.equal(201)
      expect(problem(await post(board, abortOf(stranger, {}, { ceremony: ceremonyId(altered) }))), 'a roster with another airgap beside the name').to.equal('403 not-member')
      const anew = { ...person('ann2'), airgap: ann.airgap, card: { ...person('ann2').card, airgapKey: ann.card.airgapKey } }
      expect((await enter(board, anew)).status).to.equal(201)
      expect(problem(await post(board, statedOf(anew, 'Two'))), 'a new client of a member’s airgap').to.equal('403 not-member')
    })

    it('refuses a statement that the registered airgap did not sign', async () => {
      await begin(board, ann)
      const forged = statedOf({ ...ann, airgap: ben.airgap }, 'One', { x: 1 })
      expect(problem(await post(board, forged))).to.equal('403 bad-airgap-signature')
      expect((await post(board, statedOf(ann, 'One', { x: 1 }))).status).to.equal(201)
    })

    it('refuses a message under another name and under another key', async () => {
      await begin(board, ann)
      await enter(board, ben)
      const stolen = textOf({ ...ben, card: ann.card }, parseMessage(abortOf(ann, {})).statement)
      expect(problem(await post(board, stolen))).to.equal('403 bad-signature')
    })

    it('answers the same message, and the same statement with another `seen`, with the first place', async () => {
      const first = (await enter(board, ann)).json as { offset: number; head: string }
      await post(board, circleOf(ann))
      expect(await post(board, readyOf(ann))).to.deep.include({ status: 200, json: first })
      const stated = await post(board, statedOf(ann, 'One', { x: 1 }))
      const abort = await post(board, abortOf(ann, { why: 'no' }))
      const again = await post(board, statedOf(ann, 'One', { x: 1 }, { seen: first }))
      expect(again).to.deep.include({ status: 200, json: stated.json })
      expect(await post(board, abortOf(ann, { why: 'no' }))).to.deep.include({ status: 200, json: abort.json })
      expect((await page(board)).head.offset).to.equal(3)
    })

    it('takes the proof of an equivocation, a second statement that the airgap signed, and no third', async () => {
      await begin(board, ann)
      const [first, second, third] = [1, 2, 3].map((x) => statedOf(ann, 'One', { x })) as [string, string, string]
      const { json: pin } = await post(board, first)
      const proof = await post(board, second)
      expect(proof.status).to.equal(201)
      const refused = await post(board, third)
      expect(problem(refused)).to.equal('409 slot-taken')
      expect(refused.json).to.have.property('first').that.deep.equals({ ...(pin as object), text: first })
      expect(await post(board, statedOf(ann, 'One', { x: 1 }, { seen: pin as { offset: number; head: string } }))).to.deep.include({ status: 200, json: pin })
      expect(await post(board, statedOf(ann, 'One', { x: 2 }, { seen: pin as { offset: number; head: string } }))).to.deep.include({ status: 200, json: proof.json })
      expect((await post(board, statedOf(ann, 'Two', { x: 2 }))).status).to.equal(201)
      expect((await post(board, statedOf(ann, 'One', { x: 3, complainer: 'ben' }))).status, 'each complainer’s answer is a slot of its own').to.equal(201)
    })

    it('refuses a second statement that no airgap signed, which proves nothing', async () => {
      await begin(board, ann)
      const text = statedOf(ann, 'One', { x: 1 })
      const { json: pin } = await post(board, text)
      for (const other of [saidOf(ann, 'One', { x: 2 }), textOf(ann, parseMessage(text).statement)]) {
        const refused = await post(board, other)
        expect(problem(refused)).to.equal('409 slot-taken')
        expect(refused.json).to.have.property('first').that.deep.equals({ ...(pin as object), text })
      }
      expect((await post(board, saidOf(ann, 'Two', { x: 1 }))).status).to.equal(201)
      expect(problem(await post(board, saidOf(ann, 'Two', { x: 2 })))).to.equal('409 slot-taken')
    })

    it('lets nobody with the client’s key alone keep the airgap’s statement out, nor the proof against it', async () => {
      await begin(board, ann)
      expect((await post(board, saidOf(ann, 'One', {}))).status).to.equal(201)
      for (const x of [1, 2]) expect((await post(board, statedOf(ann, 'One', { x }))).status).to.equal(201)
      expect(problem(await post(board, statedOf(ann, 'One', { x: 3 })))).to.equal('409 slot-taken')
    })

    it('decides one slot once, however many post at the same time', async () => {
      await begin(board, ann)
      const posts = Array.from({ length: 20 }, (_, i) => post(board, saidOf(ann, 'One', { x: i % 2 })))
      const statuses = (await Promise.all(posts)).map(({ status }) => status)
      expect(statuses.filter((status) => status === 201)).to.have.length(1)
      expect(statuses.filter((status) => status === 409)).to.have.length(10)
      const signed = await Promise.all(Array.from({ length: 20 }, (_, i) => post(board, statedOf(ann, 'Two', { x: i % 4 }))))
      expect(signed.filter(({ status }) => status === 201)).to.have.length(2)
      expect(signed.filter(({ status }) => status === 409)).to.have.length(10)
    })

    it('takes so many messages beside the slots of a member, half of what readers count, and no more', async () => {
      await begin(board, ann)
      await enter(board, ben)
      const aborts = await Promise.all(Array.from({ length: 40 }, (_, i) => post(board, abortOf(ann, { i }))))
      expect(aborts.filter(({ status }) => status === 201)).to.have.length(32)
      expect(new Set(aborts.filter(({ status }) => status !== 201).map(problem))).to.deep.equal(new Set(['403 budget']))
      expect((await post(board, statedOf(ann, 'One', { x: 1 }))).status, 'her slots are still hers').to.equal(201)
      expect(problem(await post(board, statedOf(ann, 'One', { x: 2 }))), 'a second statement takes none').to.equal('403 budget')
      expect((await post(board, abortOf(ben, {}))).status, 'others are not held up').to.equal(201)
      const other = openingOf([ann, ben], { other: true })
      expect((await post(board, openedOf(ann, other))).status).to.equal(201)
    })

    it('takes so many bytes of them, and so many slots', async () => {
      await begin(board, ann)
      const large = 'x'.repeat(300_000)
      expect((await post(board, abortOf(ann, { large }))).status).to.equal(201)
      expect(problem(await post(board, abortOf(ann, { large, i: 1 })))).to.equal('403 budget')
      expect((await post(board, statedOf(ann, 'Large', { large }))).status).to.equal(201)
      const posts = await Promise.all(Array.from({ length: 80 }, (_, i) => post(board, statedOf(ann, `S${String(i)}`))))
      expect(posts.filter(({ status }) => status === 201)).to.have.length(64 + 4 - 1)
      expect(new Set(posts.filter(({ status }) => status !== 201).map(problem))).to.deep.equal(new Set(['403 budget']))
    })

    it('refuses a message whose `seen` is not in this log', async () => {
      const { head } = (await enter(board, ann)).json as { head: string }
      expect(problem(await post(board, anyOf(ann, {}, { seen: { offset: 0, head: 'bb'.repeat(32) } })))).to.equal('422 seen-differs')
      expect(problem(await post(board, anyOf(ann, {}, { seen: { offset: 1, head } })))).to.equal('422 seen-differs')
      expect(problem(await post(board, anyOf(ann, {}, { seen: { offset: -1, head } })))).to.equal('422 seen-differs')
      expect((await post(board, anyOf(ann, {}, { seen: { offset: 0, head } }))).status).to.equal(201)
    })

    it('refuses everything but the exact canonical bytes of a message', async () => {
      await enter(board, ann)
      const text = anyOf(ann, { a: 1 })
      const reversed = JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse()))
      for (const wrong of ['', 'no', '{}', '[]', 'null', ` ${text}`, `${text}\n`, reversed, text.replace('"a":1', '"a":1.0'), text.replace('"a":1', '"a":1,"a":1')]) {
        expect(problem(await post(board, wrong)), wrong).to.equal('400 not-canonical')
      }
      expect(problem(await post(board, canonical({ ...parseMessage(text), more: 1 })))).to.equal('400 not-canonical')
      const broken = await fetch(`${board}/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.from([0xff, 0xfe]) })
      expect(broken.status).to.equal(400)
      expect(problem(await post(board, text, { 'content-type': 'text/plain' }))).to.equal('415 bad-type')
      expect((await page(board)).head.offset).to.equal(0)
    })

    it('bounds the body before it reads it', async () => {
      await enter(board, ann)
      expect(problem(await post(board, 'x'.repeat((1 << 20) + 1)))).to.equal('413 too-large')
      const endless = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)) })
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: endless, duplex: 'half' } as const
      const response = await fetch(`${board}/messages`, init)
      expect(response.status).to.equal(411)
    })

    it('pages by count and by size, and a large message alone', async () => {
      await enter(board, ann)
      const large = 'x'.repeat(900_000)
      for (let i = 0; i < 6; i += 1) expect((await post(board, anyOf(ann, { i, large }))).status).to.equal(201)
      const sizes: number[] = []
      for (let after = -1; after < 6; ) {
        const { messages } = await page(board, `?after=${String(after)}`)
        sizes.push(messages.length)
        after = messages.at(-1)!.offset
      }
      expect(sizes).to.deep.equal([5, 2])
    })

    it('refuses a query that is not a number or out of range', async () => {
      for (const query of ['?after=x', '?after=-2', '?after=1e3', '?after=01', '?limit=0', '?limit=1001', '?after=1&after=2', '?limit=99999999999999999999']) {
        expect(problem(await get(`${board}/messages${query}`)), query).to.equal('400 bad-request')
      }
      expect(problem(await get(`${storage.url}/boards/other/messages`))).to.equal('404 no-board')
      expect(problem(await get(`${storage.url}/nothing`))).to.equal('404 not-found')
      expect(problem(await get(`${storage.url}/boards/${BOARD}/nothing`))).to.equal('404 not-found')
      const wrong = await fetch(`${board}/messages`, { method: 'DELETE' })
      expect(wrong.status).to.equal(405)
      expect(wrong.headers.get('allow')).to.contain('POST')
    })

    it('stores attachments of registered keys only, checked by hash, before the message that names them', async () => {
      const bytes = Buffer.from('some points')
      const hash = sha256Of(bytes)
      expect(problem(await put(board, hash, bytes))).to.equal('401 not-authorized')
      expect(problem(await put(board, hash, bytes, attachmentAuth(ann, hash)))).to.equal('403 not-registered')
      await begin(board, ann)
      await enter(board, ben)
      expect(problem(await put(board, hash, bytes, attachmentAuth(ann, hash, 'other')))).to.equal('401 not-authorized')
      const forged = attachmentAuth(ben, hash).replace('ben', 'ann')
      expect(problem(await put(board, hash, bytes, forged))).to.equal('401 not-authorized')
      expect(problem(await put(board, hash, Buffer.from('others'), attachmentAuth(ann, hash)))).to.equal('422 hash-differs')
      expect(problem(await put(board, 'xyz', bytes, attachmentAuth(ann, hash)))).to.equal('400 bad-request')
      expect(problem(await put(board, hash, bytes, attachmentAuth(ann, hash), 'text/plain'))).to.equal('415 bad-type')
      expect(problem(await post(board, statedOf(ann, 'One', {}, { attachment: hash })))).to.equal('422 attachment-missing')
      expect(problem(await get(`${board}/attachments/${hash}`))).to.equal('404 no-attachment')

      expect((await put(board, hash, bytes, attachmentAuth(ann, hash))).status).to.equal(201)
      expect((await put(board, hash, bytes, attachmentAuth(ben, hash))).status).to.equal(200)
      expect((await post(board, statedOf(ann, 'One', {}, { attachment: hash }))).status).to.equal(201)
      const response = await fetch(`${board}/attachments/${hash}`)
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).to.be.true
      expect(response.headers.get('content-type')).to.equal('application/octet-stream')

      const largest = Buffer.alloc(4 << 20, 7)
      expect((await put(board, sha256Of(largest), largest, attachmentAuth(ann, sha256Of(largest)))).status).to.equal(201)
      const over = Buffer.alloc((4 << 20) + 1, 7)
      expect(problem(await put(board, sha256Of(over), over, attachmentAuth(ann, sha256Of(over))))).to.equal('413 too-large')
    })

    it('keeps one order for a hundred who post at once, the same for everybody', async () => {
      const people = Array.from({ length: 100 }, (_, i) => person(`p-${String(i)}`))
      const opening = openingOf([ann, ...people])
      const ceremony = ceremonyId(opening)
      await enter(board, ann)
      await post(board, openedOf(ann, opening))
      const pins = await Promise.all(people.map(async (one) => {
        const first = (await enter(board, one)).json as { offset: number }
        const second = (await post(board, statedOf(one, 'One', {}, { ceremony }))).json as { offset: number; head: string }
        expect(second.offset).to.be.greaterThan(first.offset)
        return second
      }))
      const { messages, head } = await page(board)
      expect(messages.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 202 }, (_, i) => i))
      let running = EMPTY_HEAD
      for (const entry of messages) {
        running = headAfter(running, parseMessage(entry.text), textHash(entry.text))
        expect(entry.head).to.equal(running)
      }
      expect(head).to.deep.equal({ offset: 201, head: running })
      for (const pin of pins) expect(messages[pin.offset]!.head).to.equal(pin.head)
    })

    it('says how it is, in /health and /metrics', async () => {
      await enter(board, ann)
      const { status, json } = await get(`${storage.url}/health`)
      expect(status).to.equal(200)
      expect(json).to.have.property('status', 'ok')
      const metrics = await (await fetch(`${storage.url}/metrics`)).text()
      expect(metrics).to.contain('keyrite_messages_total{board="meadow"} 1\n')
      expect(metrics).to.contain('keyrite_offset{board="meadow"} 0\n')
      expect(metrics).to.contain('keyrite_requests_total{route="/boards/:board/messages",status="201"} 1\n')
    })
  })
}
