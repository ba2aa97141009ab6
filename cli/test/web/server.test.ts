import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { HEARTBEAT } from '../../web/protocol.ts'
import type { PageState } from '../../web/protocol.ts'
import { servePage } from '../../web/server.ts'
import type { PageServer } from '../../web/server.ts'

const STATE: PageState = {
  role: 'airgap', owner: 'ada', command: 'keyrite airgap run', isRehearsal: false, ceremony: null, doing: '', isWaitingForOwner: false, record: [],
  table: null, showing: null, isReading: true, read: null, progress: null, question: null, end: null,
}
const PAGE = { html: '<!doctype html><title>page</title>', policy: "default-src 'none'; script-src 'sha256-x'" }

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

describe('a command’s page on loopback', () => {
  let server: PageServer
  let state: PageState
  let heard: string[]
  let port: number
  let token: string

  beforeEach(async () => {
    state = STATE
    heard = []
    server = await servePage({
      page: PAGE, state: () => state, message: (id) => (id === 'one' ? Uint8Array.of(1, 2, 3) : undefined),
      onFrames: (frames) => {
        heard.push(...frames)
        return { state: 'progress', seen: frames.length, needed: 9 }
      },
      onAnswer: (question, answer) => {
        heard.push(`${question}: ${answer}`)
        return question === 'asked'
      },
      onTaken: (id) => heard.push(`taken ${id}`), onPage: (there) => heard.push(there ? 'came' : 'went'), onStale: () => heard.push('stale'),
    })
    newAddress()
  })
  afterEach(() => server.close())

  function newAddress(): void {
    const url = new URL(server.address())
    expect(url.hostname).to.equal('127.0.0.1')
    port = Number(url.port)
    token = url.hash.slice(1)
  }

  function ask(method: string, path: string, more: { readonly body?: string; readonly key?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1', port, method, path, agent: false, setHost: more.headers?.['host'] === undefined,
        headers: {
          ...(method === 'POST' ? { origin: `http://127.0.0.1:${port}`, 'content-type': 'application/json' } : {}),
          ...(more.key === undefined ? {} : { authorization: `Bearer ${more.key}` }), ...more.headers,
        },
      }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      })
      sent.on('error', reject).end(more.body)
    })
  }

  async function opened(): Promise<string> {
    const { status, text } = await ask('POST', '/session', { body: JSON.stringify({ token }) })
    expect(status).to.equal(200)
    return (JSON.parse(text) as { key: string }).key
  }

  /** Reads a stream's lines as they come. */
  function follow(key: string): { readonly lines: string[]; readonly ended: Promise<void> } {
    const lines: string[] = []
    const ended = new Promise<void>((resolve, reject) => {
      request({ host: '127.0.0.1', port, agent: false, path: '/events', headers: { authorization: `Bearer ${key}` } }, (response) => {
        response.setEncoding('utf8').on('data', (piece: string) => lines.push(...piece.split('\n').slice(0, -1)))
        response.on('end', resolve)
      }).on('error', reject).end()
    })
    return { lines, ended }
  }

  const soon = async (is: () => boolean): Promise<void> => {
    for (let i = 0; i < 400 && !is(); i++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(is()).to.equal(true)
  }

  it('serves its one file to anyone, with a strict policy and nothing secret in it', async () => {
    const { status, headers, text } = await ask('GET', '/')
    expect(status).to.equal(200)
    expect(text).to.equal(PAGE.html)
    expect(headers['content-security-policy']).to.equal(`${PAGE.policy}; frame-ancestors 'none'`)
    expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store', 'cross-origin-opener-policy': 'same-origin' })
    expect(text).to.not.include(token)
  })

  it('gives a key for its token once, and tells where a used one is brought', async () => {
    const first = token
    const key = await opened()
    expect(key).to.match(/^[\w-]{43}$/).and.not.equal(token)
    expect((await ask('POST', '/session', { body: JSON.stringify({ token }) })).status).to.equal(403)
    expect(heard).to.deep.equal(['stale'])
    expect((await ask('POST', '/session', { body: JSON.stringify({ token: 'x'.repeat(43) }) })).status).to.equal(403)
    expect(heard).to.deep.equal(['stale'])
    expect((await ask('POST', '/taken', { key, body: '{"id":"one"}' })).status).to.equal(200)
    expect(heard).to.deep.equal(['stale', 'taken one'])
    // While an unused address is out, nobody has to be told of a new one.
    newAddress()
    for (let i = 0; i < 3; i++) expect((await ask('POST', '/session', { body: JSON.stringify({ token: first }) })).status).to.equal(403)
    expect(heard).to.have.length(2)
    await opened()
  })

  it('makes an address that was not used good for nothing with the next one', async () => {
    const first = token
    newAddress()
    expect(token).to.not.equal(first)
    expect((await ask('POST', '/session', { body: JSON.stringify({ token: first }) })).status).to.equal(403)
    await opened()
  })

  it('is closed to everyone without the key', async () => {
    const key = await opened()
    newAddress()
    const newer = await opened()
    for (const wrong of [undefined, '', 'x', key, `${newer}x`, token]) {
      const more = wrong === undefined ? {} : { key: wrong }
      for (const path of ['/events', '/message?id=one']) expect((await ask('GET', path, more)).status, path).to.equal(401)
      for (const path of ['/frames', '/answer', '/taken']) expect((await ask('POST', path, { body: '{}', ...more })).status, path).to.equal(401)
    }
    expect(heard).to.deep.equal([])
    expect((await ask('GET', '/message?id=one', { key: newer })).text).to.equal('\u0001\u0002\u0003')
    expect((await ask('GET', '/message?id=two', { key: newer })).status).to.equal(404)
  })

  it('refuses another Host, whatever resolves to this machine', async () => {
    const key = await opened()
    for (const host of [`localhost:${port}`, `evil.example:${port}`, '127.0.0.1', `127.0.0.1:${port + 1}`, `127.0.0.1:${port}.evil.example`]) {
      expect((await ask('GET', '/', { headers: { host } })).status, host).to.equal(421)
      expect((await ask('POST', '/answer', { key, headers: { host }, body: '{"question":"asked","answer":"yes"}' })).status, host).to.equal(421)
    }
    expect(heard).to.deep.equal([])
  })

  it('refuses another Origin, and none where something is changed', async () => {
    const key = await opened()
    const body = '{"question":"asked","answer":"yes"}'
    for (const origin of ['http://evil.example', `http://localhost:${port}`, `https://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`, 'null']) {
      expect((await ask('POST', '/answer', { key, headers: { origin }, body })).status, origin).to.equal(403)
      expect((await ask('GET', '/events', { key, headers: { origin } })).status, origin).to.equal(403)
      expect((await ask('GET', '/', { headers: { origin } })).status, origin).to.equal(403)
    }
    expect(heard).to.deep.equal([])
    // A form on another site can send neither this type nor a request without an origin.
    expect((await ask('POST', '/answer', { key, headers: { 'content-type': 'text/plain' }, body })).status).to.equal(415)
  })

  it('takes nothing that has not its form, and nothing large', async () => {
    const key = await opened()
    const bodies = ['', '{', '[]', '{"frames":1}', '{"frames":[1]}', JSON.stringify({ frames: Array<string>(17).fill('x') }), '{"frames":[],"more":1}']
    for (const body of bodies) expect((await ask('POST', '/frames', { key, body })).status, body).to.equal(400)
    expect((await ask('POST', '/answer', { key, body: JSON.stringify({ question: 'asked', answer: 'x'.repeat(300) }) })).status).to.equal(400)
    const large = await ask('POST', '/frames', { key, body: JSON.stringify({ frames: ['x'.repeat(5 << 20)] }) }).catch(() => ({ status: 413 }))
    expect(large.status).to.equal(413)
    for (const [method, path] of [['GET', '/x'], ['GET', '/frames'], ['POST', '/'], ['PUT', '/answer'], ['DELETE', '/'], ['GET', '/%2e%2e/package.json'], ['POST', '/__proto__']] as const) {
      expect((await ask(method, path, { key, ...(method === 'POST' ? { body: '{}' } : {}), headers: { origin: `http://127.0.0.1:${port}` } })).status, path).to.be.oneOf([404, 405])
    }
    expect(heard).to.deep.equal([])
  })

  it('tells the state at once and at every change, lives, and says that a question is over', async () => {
    const key = await opened()
    const { lines } = follow(key)
    await soon(() => lines.length === 1)
    expect(JSON.parse(lines[0] ?? '')).to.deep.equal(STATE)
    state = { ...STATE, doing: 'Computing.' }
    server.tell()
    await soon(() => lines.length === 2)
    expect(JSON.parse(lines[1] ?? '')).to.deep.equal(state)
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT + 300))
    expect(lines.at(-1)).to.equal('')
    expect((await ask('POST', '/answer', { key, body: '{"question":"asked","answer":"no"}' })).status).to.equal(200)
    expect((await ask('POST', '/answer', { key, body: '{"question":"other","answer":"yes"}' })).status).to.equal(409)
    expect(heard).to.deep.equal(['came', 'asked: no', 'other: yes'])
  })

  it('has one page: a second one replaces the first, which hears so', async () => {
    const key = await opened()
    const first = follow(key)
    await soon(() => first.lines.length === 1)
    const second = follow(key)
    await first.ended
    expect(first.lines.at(-1)).to.equal('{"code":"page.taken"}')
    await soon(() => second.lines.length === 1)
    expect(heard).to.deep.equal(['came', 'came'])
  })

  it('is not kept from its owner by connections that say nothing', async () => {
    const key = await opened()
    const silent = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    expect((await ask('POST', '/answer', { key, body: '{"question":"asked","answer":"yes"}' })).status).to.equal(200)
    await Promise.all(silent.map((socket) => once(socket.resume(), 'close')))
  })

  it('tells a page that takes its time the newest state, and none of those between', async () => {
    const key = await opened()
    const socket = connect(port, '127.0.0.1')
    socket.write(`GET /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n\r\n`)
    await once(socket, 'data')
    socket.pause()
    const long = 'x'.repeat(200_000)
    for (let i = 0; i < 200; i++) {
      state = { ...STATE, doing: `${long} ${i}` }
      server.tell()
      await new Promise((resolve) => setImmediate(resolve))
    }
    let text = ''
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece)).resume()
    await soon(() => text.includes('x 199'))
    expect(text.split('\n').filter((line) => line.startsWith('{')).length).to.be.below(60)
    socket.destroy()
  })

  it('listens on the port of last time, and on another where somebody has that', async () => {
    const use = {
      page: PAGE, state: () => state, message: () => undefined, onFrames: () => ({ state: 'progress', seen: 0, needed: 1 }) as const,
      onAnswer: () => true, onTaken: () => undefined, onPage: () => undefined, onStale: () => undefined,
    }
    const second = await servePage({ ...use, port })
    expect(second.port).to.not.equal(port)
    await Promise.all([server.close(), second.close()])
    server = await servePage({ ...use, port })
    expect(server.port).to.equal(port)
    expect(new URL(server.address()).port).to.equal(String(port))
    expect((await ask('POST', '/session', { body: JSON.stringify({ token }) })).status).to.equal(403)
    newAddress()
    await opened()
  })

  it('tells its page how it ended before it goes', async () => {
    const { lines, ended } = follow(await opened())
    await soon(() => lines.length === 1)
    state = { ...STATE, end: { isGood: true, lines: ['Done.'], next: [] } }
    await server.close()
    await ended
    expect(JSON.parse(lines.at(-1) ?? '')).to.have.nested.property('end.lines[0]', 'Done.')
    expect(await ask('GET', '/').catch((error: unknown) => error)).to.have.property('code', 'ECONNREFUSED')
  })
})
