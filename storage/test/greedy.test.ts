/** Readers that ask for much and take little. */
import { once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { connect, Socket } from 'node:net'
import { expect } from 'chai'
import { entryPieces, gathered, makeHolding, pagePieces, PIECE } from '../app.ts'
import { sha256Of } from '../digest.ts'
import { anyOf, attachmentAuth, BOARD, cleanUp, enter, later, person, post, start } from './support.ts'

const ann = person('ann')

describe('a storage with greedy readers', () => {
  afterEach(cleanUp)

  function open(url: string): Socket {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    later(() => Promise.resolve(socket.destroy()))
    return socket
  }

  async function readAll(socket: Socket): Promise<string> {
    let text = ''
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    await once(socket, 'close')
    return text
  }

  const streamsOf = async (url: string): Promise<number> => Number(/^keyrite_streams (\d+)/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1] ?? 0)

  it('answers the first of many requests in one packet, refuses the next one, and closes', async () => {
    const { url, board } = await start()
    await enter(board, ann)
    await post(board, anyOf(ann, { text: '"'.repeat(100_000) }))
    const socket = open(url)
    socket.write(`GET /boards/${BOARD}/messages HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(500))
    const answers = (await readAll(socket)).split(/(?=HTTP\/1\.1 )/)
    expect(answers.map((answer) => answer.slice(9, 12))).to.deep.equal(['200', '400'])
    expect(answers[1]).to.match(/Connection: close/i).and.match(/before the answer to the one before it/)
  })

  it('frees the place of every stream that was asked for, also of those that waited behind another', async () => {
    const { url, board } = await start({ limits: { streams: 10 } })
    for (let i = 0; i < 5; i++) {
      const socket = open(url)
      socket.write(`GET /boards/${BOARD}/events HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(20))
      await once(socket, 'data')
      socket.destroy()
    }
    while ((await streamsOf(url)) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
    const stop = new AbortController()
    expect((await fetch(`${board}/events`, { signal: stop.signal })).status).to.equal(200)
    expect(await streamsOf(url)).to.equal(1)
    stop.abort()
    while ((await streamsOf(url)) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  })

  it('holds so many bytes for those who are slow to take them, until they have them or are gone, whichever they say first', () => {
    const waiting = (): ServerResponse => {
      const request = new IncomingMessage(new Socket())
      return new ServerResponse(request)
    }
    const [first, second, third] = [waiting(), waiting(), waiting()]
    const answers = makeHolding(10)
    answers.hold(first, 6)
    answers.hold(second, 4)
    expect(() => answers.hold(third, 1)).to.throw(/busy/)
    first.emit('close')
    first.req.socket.emit('close')
    answers.hold(third, 6)
    expect(() => answers.hold(first, 1)).to.throw(/busy/)
    // This answer waited behind another.
    second.req.socket.emit('close')
    answers.hold(first, 4)
    expect(() => answers.hold(second, 1)).to.throw(/busy/)
  })

  it('gives an attachment to one after another, as often as they like', async () => {
    const { board } = await start({ limits: { answerBytes: 4 << 20 } })
    await enter(board, ann)
    const bytes = Buffer.alloc(1000, 7)
    const hash = sha256Of(bytes)
    await fetch(`${board}/attachments/${hash}`, { method: 'PUT', headers: { 'content-type': 'application/octet-stream', authorization: attachmentAuth(ann, hash) }, body: bytes })
    for (let i = 0; i < 5; i++) {
      const response = await fetch(`${board}/attachments/${hash}`)
      expect(response.status).to.equal(200)
      expect((await response.arrayBuffer()).byteLength).to.equal(1000)
    }
  })

  describe('in pieces', () => {
    const entries = [
      { offset: 0, head: 'aa', text: '{"a":"\\u0000 \u{1f511} ü"}' },
      // One character falls into two pieces, a surrogate in each.
      { offset: 1, head: 'bb', text: `${'x'.repeat(PIECE - 1)}\u{1f511}${'"'.repeat(3 * PIECE)}` },
      { offset: 2, head: 'cc', text: '' },
      ...Array.from({ length: 100 }, (_, i) => ({ offset: 3 + i, head: 'dd', text: `{"i":${i}}` })),
    ]

    it('gives what it would give at once', () => {
      for (const entry of entries) expect(JSON.parse([...entryPieces(entry)].join(''))).to.deep.equal(entry)
      const pin = { offset: 102, head: 'ee' }
      expect(JSON.parse([...pagePieces(entries, pin)].join(''))).to.deep.equal({ messages: entries, head: pin })
      expect(JSON.parse([...pagePieces([], pin)].join(''))).to.deep.equal({ messages: [], head: pin })
    })

    it('makes none much longer than another, and few of many short texts', () => {
      const pieces = [...gathered(pagePieces(entries, { offset: 102, head: 'ee' }))]
      expect(Math.max(...pieces.map(({ length }) => length))).to.be.below(4 * PIECE)
      expect(pieces.length).to.be.below(8)
    })
  })
})
