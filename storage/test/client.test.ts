import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { Entry } from '../../engine/wire/log.ts'
import type { Board } from '../../engine/wire/board.ts'
import { EMPTY_LOG } from '../../engine/wire/log.ts'
import { textHash } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { sha256Of } from '../digest.ts'
import { connectBoard } from '../client.ts'
import type { ConnectOptions } from '../client.ts'
import { anyOf, begin, BOARD, circleOf, cleanUp, credentialsOf, enter, folder, headOf, later, person, readyOf, rejection, saidOf, start, statedOf, textOf, TOKEN } from './support.ts'
import type { Started } from './support.ts'

const ann = person('ann')
const quick = { delay: () => new Promise<void>((resolve) => setTimeout(resolve, 5)), random: () => 0.5 }

const clientOf = (url: string, more: Partial<ConnectOptions> = {}): Board =>
  connectBoard({ url, token: TOKEN, credentials: credentialsOf(ann), ...quick, ...more })

/** Follows until `count` entries are in. */
async function follow(board: Board, pin: Pin, count: number, onTrouble?: (error: Error) => void): Promise<Entry[]> {
  const stop = new AbortController()
  const entries: Entry[] = []
  if (count === 0) return entries
  for await (const entry of board.follow(pin, stop.signal, onTrouble)) {
    entries.push(entry)
    if (entries.length === count) break
  }
  stop.abort()
  return entries
}

async function drain(entries: AsyncIterable<Entry>): Promise<number> {
  let count = 0
  for await (const entry of entries) count += entry.offset === count ? 1 : 0
  return count
}

/** Follows until it fails. */
async function failure(board: Board, pin: Pin = EMPTY_LOG): Promise<unknown> {
  return rejection(drain(board.follow(pin, AbortSignal.timeout(5000))))
}

/** The first trouble that a follower meets. */
async function trouble(board: Board): Promise<Error> {
  const stop = new AbortController()
  const troubles: Error[] = []
  await drain(board.follow(EMPTY_LOG, stop.signal, (error) => {
    troubles.push(error)
    stop.abort()
  }))
  return troubles[0] ?? new Error('no trouble')
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Starts a server that answers as the test wants. */
async function fake(handler: Handler): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  later(() => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/boards/${BOARD}`
}

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

/** A log of good entries. */
function chain(count: number): Entry[] {
  const texts = Array.from({ length: count }, (_, offset) => anyOf(ann, { offset }))
  return texts.map((text, offset) => ({ offset, head: headOf(texts.slice(0, offset + 1)), text }))
}

const pinOf = ({ offset, head }: Pin): Pin => ({ offset, head })

/** Serves these entries: the first `paged` in pages, the rest as events. */
const servesLog = (entries: readonly Entry[], paged: number, head?: Pin): Handler => (request, response) => {
  const after = Number(new URL(request.url ?? '', 'http://x').searchParams.get('after'))
  const end = head ?? pinOf(entries[paged - 1] ?? EMPTY_LOG)
  if (request.url?.includes('/messages') === true) {
    json(response, { messages: entries.slice(after + 1, paged), head: end })
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`event: head\ndata: ${JSON.stringify(end)}\n\n`)
  for (const entry of entries.slice(after + 1)) response.write(`id: ${String(entry.offset)}\ndata: ${JSON.stringify(entry)}\n\n`)
}

describe('the storage client', () => {
  afterEach(cleanUp)

  describe('with an honest storage', () => {
    let storage: Started
    let board: Board
    beforeEach(async () => {
      storage = await start()
      board = clientOf(storage.board)
    })

    it('registers, posts, posts again, and puts and gets attachments', async () => {
      const pin = await board.post(readyOf(ann))
      expect(pin).to.deep.equal({ offset: 0, head: headOf([readyOf(ann)]) })
      expect(await board.post(readyOf(ann))).to.deep.equal(pin)
      await board.post(circleOf(ann))
      const bytes = new TextEncoder().encode('points')
      const hash = await board.putAttachment(bytes)
      expect(hash).to.equal(sha256Of(bytes))
      expect(await board.putAttachment(bytes)).to.equal(hash)
      expect(Buffer.from(await board.getAttachment(hash)).toString()).to.equal('points')
      expect(await board.post(statedOf(ann, 'One', {}, { attachment: hash }))).to.have.property('offset', 2)
      expect((await rejection(board.getAttachment(sha256Of('other')))).code).to.equal('board.missing')
    })

    it('says where the log ends', async () => {
      expect(await board.head()).to.deep.equal(EMPTY_LOG)
      const pin = await board.post(readyOf(ann))
      expect(await board.head()).to.deep.equal(pin)
      expect((await rejection(clientOf(`${storage.url}/boards/none`).head())).code).to.equal('board.refused')
    })

    it('sends the token with Ready alone', async () => {
      const sent: (string | null)[] = []
      const spy: typeof fetch = (input, init) => {
        sent.push(new Headers(init?.headers).get('authorization'))
        return fetch(input, init)
      }
      const watched = clientOf(storage.board, { fetch: spy })
      await watched.post(readyOf(ann))
      await watched.post(anyOf(ann, {}))
      expect(sent).to.deep.equal([`Bearer ${TOKEN}`, null])
    })

    it('tells conflict from refusal, with what stands in the place', async () => {
      await begin(storage.board, ann)
      const text = statedOf(ann, 'One', { x: 1 })
      const pin = await board.post(text)
      const conflict = await rejection(board.post(saidOf(ann, 'One', { x: 2 })))
      expect(conflict.code).to.equal('board.conflict')
      expect(conflict.facts).to.include({ ...pin, text })
      const impostor = { ...person('other'), card: { ...person('other').card, name: 'ann' } }
      expect((await rejection(board.post(readyOf(impostor)))).facts).to.include({ status: 409 })
      const wrong = clientOf(storage.board, { token: 'wrong-wrong-wrong-wrong' })
      const refused = await rejection(wrong.post(readyOf(person('ben'))))
      expect(refused.code).to.equal('board.refused')
      expect(refused.facts).to.include({ status: 401 })
      expect(refused.message + JSON.stringify(refused.facts)).not.to.contain('wrong-wrong')
      expect((await rejection(clientOf(`${storage.url}/boards/none`).post(text))).facts).to.include({ status: 404 })
    })

    it('follows history over several pages, then what comes in, from any pin', async () => {
      await board.post(readyOf(ann))
      await Promise.all(Array.from({ length: 1100 }, (_, i) => board.post(anyOf(ann, { i }))))
      const following = follow(board, EMPTY_LOG, 1103)
      await board.post(anyOf(ann, { late: 1 }))
      await board.post(anyOf(ann, { late: 2 }))
      const entries = await following
      expect(entries.map(({ offset }) => offset)).to.deep.equal(Array.from({ length: 1103 }, (_, i) => i))
      const rest = await follow(board, pinOf(entries[1000]!), 102)
      expect(rest).to.deep.equal(entries.slice(1001))
    }).timeout(60_000)

    it('stops without an error when its signal aborts, while it waits and before', async () => {
      const stop = new AbortController()
      const following = drain(board.follow(EMPTY_LOG, stop.signal))
      setTimeout(() => stop.abort(), 50)
      expect(await following).to.equal(0)
      expect(await drain(board.follow(EMPTY_LOG, stop.signal))).to.equal(0)
    })
  })

  it('goes on after the storage was stopped and started again, and says what troubles it', async () => {
    const data = await folder()
    const first = await start({ data })
    await enter(first.board, ann)
    const troubles: Error[] = []
    const board = clientOf(first.board)
    const following = follow(board, EMPTY_LOG, 3, (error) => void troubles.push(error))
    await board.post(anyOf(ann, { i: 1 }))
    await first.close()
    const down = await rejection(board.post(anyOf(ann, { i: 2 })))
    expect(down.code).to.equal('board.unreachable')
    expect(down.message).to.contain('ECONNREFUSED')
    const port = Number(new URL(first.url).port)
    await start({ data, port })
    await board.post(anyOf(ann, { i: 2 }))
    expect((await following).map(({ offset }) => offset)).to.deep.equal([0, 1, 2])
    expect(troubles.length).to.be.greaterThan(0)
    for (const error of troubles) expect(error).to.have.property('code', 'board.unreachable')
  })

  it('finds a storage that went back to an older log', async () => {
    const old = await start()
    await enter(old.board, ann)
    const pin = { offset: 5, head: 'cc'.repeat(32) }
    const error = await failure(clientOf(old.board), pin)
    expect(error).to.have.property('code', 'board.tampered')
    expect(error).to.have.property('message').that.contains('offset 5')
  })

  const good = chain(6)
  const swap = good.map((entry, i) => (i === 4 ? { ...entry, text: anyOf(ann, { offset: 'other' }) } : entry))
  const skip = [...good.slice(0, 4), ...good.slice(5)]
  const twice = [...good.slice(0, 4), good[3]!, ...good.slice(4)]
  const lies: readonly (readonly [string, Handler, number])[] = [
    ['a changed message in a page', servesLog(swap, 6), 4],
    ['a changed message in the stream', servesLog(swap, 2), 4],
    ['a message left out of a page', servesLog(skip, 5), 4],
    ['a message left out of the stream', servesLog(skip, 2), 4],
    ['a message given twice', servesLog(twice, 2), 4],
    ['another head at the end of the log', servesLog(good, 6, { offset: 5, head: 'dd'.repeat(32) }), 5],
    ['a log that ends before what it gave', servesLog(good, 6, pinOf(good[2]!)), 5],
  ]
  for (const [what, handler, offset] of lies) {
    it(`finds a lying storage: ${what}`, async () => {
      const error = await failure(clientOf(await fake(handler)))
      expect(error).to.have.property('code', 'board.tampered')
      expect(error).to.have.nested.property('facts.offset', offset)
    })
  }

  const first = good[0]!.text
  const nowhere = textOf(ann, { ceremony: null, step: 'One', type: 'Thing', from: 'ann', view: null, payload: {} })
  const somewhere = good[1]!.text.replace('"ceremony":null', `"ceremony":"${'aa'.repeat(32)}"`)
  // A text that is no message has no head: nobody can compute one.
  const misplaced: readonly (readonly [string, string, string, RegExp])[] = [
    ['a text that is no message', '{"no":"message"}', textHash(''), /no message/],
    ['a message that is not canonical', ` ${good[1]!.text}`, good[1]!.head, /no message/],
    ['a statement of no ceremony', nowhere, headOf([first, nowhere]), /no honest storage takes/],
    ['an Opening in a ceremony', somewhere, headOf([first, somewhere]), /no honest storage takes/],
  ]
  for (const [what, text, head, words] of misplaced) {
    it(`takes ${what} for tampering, in a page and in the stream, and gives nothing of it`, async () => {
      for (const paged of [2, 1]) {
        const board = clientOf(await fake(servesLog([good[0]!, { offset: 1, head, text }], paged)))
        const given: number[] = []
        const error = await rejection((async () => {
          for await (const { offset } of board.follow(EMPTY_LOG, AbortSignal.timeout(5000))) given.push(offset)
        })())
        expect(error).to.have.property('code', 'board.tampered')
        expect(error.facts).to.include({ offset: 1 })
        expect(error.message).to.match(words)
        expect(given).to.deep.equal([0])
      }
    })
  }

  it('gives the good entries before the lie, and a fork at the pin is found', async () => {
    const board = clientOf(await fake(servesLog(swap, 2)))
    expect((await follow(board, EMPTY_LOG, 4)).map(({ offset, head, text }) => ({ offset, head, text }))).to.deep.equal(good.slice(0, 4))
    const forked = { offset: 2, head: 'ee'.repeat(32) }
    expect(await failure(clientOf(await fake(servesLog(good, 6))), forked)).to.have.property('code', 'board.tampered')
    expect(await failure(clientOf(await fake(servesLog(good, 3))), forked)).to.have.property('code', 'board.tampered')
  })

  it('finds an attachment that is not what its hash says', async () => {
    const board = clientOf(await fake((_, response) => void response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('other')))
    expect((await rejection(board.getAttachment(sha256Of('points')))).code).to.equal('board.tampered')
  })

  const endless: Handler = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = (): void => {
      if (!response.destroyed && response.write(' '.repeat(100_000))) setImmediate(more)
    }
    response.on('drain', more)
    more()
  }
  const nonsense: readonly (readonly [string, Handler, RegExp])[] = [
    ['a page of HTML', (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Hi</h1>'), /text\/html/],
    ['broken JSON', (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"messages":'), /broken JSON/],
    ['JSON of another shape', (_, response) => json(response, { messages: [{ offset: '0' }], head: 3 }), /malformed/],
    ['an endless body', endless, /larger than/],
    ['a body announced as huge', (_, response) => response.writeHead(200, { 'content-length': '99999999999' }).flushHeaders(), /larger than/],
    ['a body that never ends', (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'), /within 0.3 s/],
    ['nothing at all', () => undefined, /no answer within 0.3 s/],
    ['a cut connection', (request) => void request.socket.destroy(), /cut/],
    ['a redirect', (_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), /redirect/],
    ['another server\u2019s 404', (_, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('no'), /status 404/],
    ['an error in a gateway', (_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('no'), /status 502/],
  ]
  for (const [what, handler, words] of nonsense) {
    it(`says in one clear error that it got ${what}`, async () => {
      const board = clientOf(await fake(handler), { timeout: 300 })
      const error = await rejection(board.post(anyOf(ann, {})))
      expect(error.code).to.equal('board.unreachable')
      expect(error.message).to.match(words)
      expect((await trouble(board)).message).to.match(words)
    })
  }

  it('opens a silent, endless or senseless event stream anew', async () => {
    const streams = [': x', `data: ${'x'.repeat(3 << 20)}`, 'data: {"offset":0}\n\n', 'data: no\n\n']
    for (const stream of streams) {
      const board = clientOf(await fake((request, response) => {
        if (request.url?.includes('/messages') === true) json(response, { messages: [], head: EMPTY_LOG })
        else response.writeHead(200, { 'content-type': 'text/event-stream' }).write(stream)
      }), { idle: 300 })
      expect(await trouble(board)).to.have.property('code', 'board.unreachable')
    }
  })

  it('waits longer after every failure, up to five seconds, and as long as it is told', async () => {
    const waits: number[] = []
    const stop = new AbortController()
    let tries = 0
    const url = await fake((_, response) => {
      tries += 1
      response.writeHead(503, tries === 9 ? { 'retry-after': '20' } : {}).end()
    })
    const delay = (ms: number): Promise<void> => {
      waits.push(ms)
      if (waits.length === 10) stop.abort()
      return Promise.resolve()
    }
    await drain(clientOf(url, { delay, random: () => 0 }).follow(EMPTY_LOG, stop.signal))
    expect(waits).to.deep.equal([125, 250, 500, 1000, 2000, 2500, 2500, 2500, 20_000, 2500])
  })

  it('says how long a busy storage asks to wait', async () => {
    const { board } = await start({ limits: { rate: 0.1, burst: 1 } })
    await enter(board, ann)
    const error = await rejection(clientOf(board).post(anyOf(ann, {})))
    expect(error.code).to.equal('board.unreachable')
    expect(error.facts).to.have.property('retryAfter', 10)
  })

  it('refuses an address that is no board', () => {
    for (const url of ['', 'meadow', 'ftp://x/boards/a', 'http://x/', 'http://x/boards/A', 'http://x/boards/a?b', 'http://u:p@x/boards/a']) {
      expect(() => connectBoard({ url }), url).to.throw().with.property('code', 'storage.bad-url')
    }
    connectBoard({ url: 'https://x/under/boards/a/' })
  })
})
