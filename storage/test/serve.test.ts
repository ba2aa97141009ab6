import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { get as httpsGet } from 'node:https'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { tokenBuckets } from '../admit.ts'
import { sha256Of } from '../digest.ts'
import { serve } from '../serve.ts'
import { anyOf, attachmentAuth, begin, BOARD, cleanUp, enter, folder, get, later, person, post, problem, rejection, start, statedOf, TOKEN } from './support.ts'

const ann = person('ann')

/** Reads an event stream until `count` message events are in. Gives their ids and the whole text. */
async function events(url: string, count: number, headers: Readonly<Record<string, string>> = {}): Promise<{ ids: string[]; text: string; done: boolean }> {
  const stop = new AbortController()
  const response = await fetch(url, { headers, signal: stop.signal })
  expect(response.headers.get('content-type')).to.match(/^text\/event-stream\b/)
  let text = ''
  let done = false
  const decoder = new TextDecoder()
  const reader = response.body!.getReader()
  const ids = (): string[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id!)
  while (ids().length < count) {
    const part = await reader.read()
    done = part.done
    if (part.done) break
    text += decoder.decode(part.value, { stream: true })
  }
  stop.abort()
  return { ids: ids(), text, done }
}

describe('a serving storage', () => {
  afterEach(cleanUp)

  it('streams history, then what comes in, and resumes after Last-Event-ID', async () => {
    const { board } = await start()
    await enter(board, ann)
    await post(board, anyOf(ann, { i: 1 }))
    const live = events(`${board}/events`, 4)
    await post(board, anyOf(ann, { i: 2 }))
    await post(board, anyOf(ann, { i: 3 }))
    expect((await live).ids).to.deep.equal(['0', '1', '2', '3'])
    expect((await events(`${board}/events`, 2, { 'last-event-id': '1' })).ids).to.deep.equal(['2', '3'])
    expect((await events(`${board}/events?after=2`, 1)).ids).to.deep.equal(['3'])
    expect(problem(await get(`${board}/events?after=x`))).to.equal('400 bad-request')
    const head = await fetch(`${board}/events`, { method: 'HEAD' })
    expect(head.status).to.equal(200)
  })

  it('streams more than one page of history, and says the end of the log in heartbeats', async () => {
    const { board } = await start({ limits: { heartbeat: 50 } })
    await enter(board, ann)
    await Promise.all(Array.from({ length: 250 }, (_, i) => post(board, anyOf(ann, { i }))))
    const { ids } = await events(`${board}/events`, 251)
    expect(ids).to.deep.equal(Array.from({ length: 251 }, (_, i) => String(i)))
    const response = await fetch(`${board}/events?after=250`)
    let text = ''
    for await (const part of response.body!) {
      text += Buffer.from(part).toString()
      if ((text.match(/event: head/g) ?? []).length >= 3) break
    }
    expect(text).to.contain('"offset":250')
  })

  it('bounds the number of event streams, and frees a place when one ends', async () => {
    const { board } = await start({ limits: { streams: 1 } })
    const stop = new AbortController()
    const first = await fetch(`${board}/events`, { signal: stop.signal })
    const second = await get(`${board}/events`)
    expect(problem(second)).to.equal('503 busy')
    expect(Number(second.headers.get('retry-after'))).to.be.greaterThan(0)
    stop.abort()
    await first.text().catch(() => undefined)
    for (;;) {
      const again = await fetch(`${board}/events`)
      await again.body?.cancel()
      if (again.status === 200) break
    }
  })

  it('lets a key post so many messages at once and no more, and says when to come again', async () => {
    const ben = person('ben')
    const { board } = await start({ limits: { rate: 0.5, burst: 65 } })
    await begin(board, ann)
    const answers = Array.from({ length: 62 }, (_, i) => post(board, statedOf(ann, 'Deal', { complainer: `p-${String(i)}` })))
    expect((await Promise.all(answers)).every(({ status }) => status === 201)).to.be.true
    const more = await Promise.all([1, 2, 3].map((i) => post(board, anyOf(ann, { i }))))
    const refused = more.filter(({ status }) => status !== 201)
    expect(refused.length).to.be.greaterThan(0)
    expect(problem(refused[0]!)).to.equal('429 too-many')
    expect(refused[0]!.headers.get('retry-after')).to.match(/^[12]$/)
    expect((await enter(board, ben)).status, 'others are not held up').to.equal(201)
    const stolen = anyOf({ ...person('thief'), card: ben.card }, {})
    for (let i = 0; i < 70; i += 1) expect(problem(await post(board, stolen))).to.equal('403 bad-signature')
    expect((await post(board, anyOf(ben, {}))).status, 'nobody else can use up a rate').to.equal(201)
  })

  it('fills buckets again at their rate, never above the burst', () => {
    let now = 0
    const buckets = tokenBuckets(2, 3, () => now)
    const taken = (): number => [1, 2, 3, 4, 5].filter(() => buckets.take('a') === 0).length
    expect(taken()).to.equal(3)
    now = 1000
    expect(taken()).to.equal(2)
    now = 60_000
    expect(taken()).to.equal(3)
    expect(buckets.take('b')).to.equal(0)
  })

  it('bounds what one key may store', async () => {
    const { board } = await start({ limits: { quotaBytes: 20_000, quotaAttachments: 2 } })
    await enter(board, ann)
    const put = async (bytes: Buffer): Promise<number> => {
      const hash = sha256Of(bytes)
      const headers = { 'content-type': 'application/octet-stream', authorization: attachmentAuth(ann, hash) }
      return (await fetch(`${board}/attachments/${hash}`, { method: 'PUT', headers, body: Uint8Array.from(bytes) })).status
    }
    expect(await put(Buffer.alloc(30_000))).to.equal(403)
    expect(await put(Buffer.alloc(5000))).to.equal(201)
    expect(await put(Buffer.alloc(5001))).to.equal(201)
    expect(await put(Buffer.alloc(1))).to.equal(403)
    expect((await post(board, anyOf(ann, { large: 'x'.repeat(6000) }))).status).to.equal(201)
    expect(problem(await post(board, anyOf(ann, { large: 'y'.repeat(6000) })))).to.equal('403 quota')
  })

  it('bounds the bodies that it receives at one time', async () => {
    const { url, board } = await start({ limits: { bodyBytes: 100_000 } })
    await enter(board, ann)
    const { hostname, port } = new URL(url)
    const slow = connect(Number(port), hostname)
    later(() => Promise.resolve(slow.destroy()))
    slow.write(`POST /boards/${BOARD}/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n`)
    for (;;) if ((await post(board, anyOf(ann, {}))).status === 503) break
    slow.destroy()
    for (;;) if ((await post(board, anyOf(ann, {}))).status === 200) break
  })

  it('closes a connection that sends its request too slowly', async () => {
    const { url } = await start({ limits: { headersTimeout: 100, requestTimeout: 200 } })
    const { hostname, port } = new URL(url)
    const slow = connect(Number(port), hostname)
    slow.on('error', () => undefined)
    slow.write('GET /health HTTP/1.1\r\nHost: x\r\n')
    slow.resume()
    await once(slow, 'close')
  })

  it('stops in order: answers what is being written, ends the streams, frees the port', async () => {
    const data = await folder()
    const storage = await start({ data })
    const { board } = storage
    await enter(board, ann)
    const stream = events(`${board}/events`, 1000)
    const posts = Array.from({ length: 30 }, (_, i) => post(board, anyOf(ann, { i })).then(({ status }) => status, () => 0))
    await Promise.race(posts)
    const closing = storage.close()
    expect(storage.close()).to.equal(closing)
    const answered = (await Promise.all(posts)).filter((status) => status === 201).length
    await closing
    expect((await stream).done).to.be.true
    const port = Number(new URL(storage.url).port)
    const again = await start({ data, port })
    const { head } = (await get(`${again.board}/messages`)).json as { head: { offset: number } }
    expect(head.offset).to.be.at.least(answered)
  })

  it('says that a port is in use, and leaves the data folder free', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    later(() => new Promise((resolve) => other.close(resolve)))
    const { port } = other.address() as AddressInfo
    const data = join(await folder(), 'data')
    const error = await rejection(start({ data, port }))
    expect(error.code).to.equal('storage.port-in-use')
    expect(error.message).to.contain(String(port))
    expect(existsSync(data), 'it is not touched before the port is bound').to.equal(false)
    await start({ data })
    expect((await rejection(serve({ host: '203.0.113.1', port: 0, store: 'memory', boards: [{ name: 'a', joinToken: TOKEN }] }))).code).to.equal('storage.cannot-listen')
  })

  it('refuses boards without a name or with a weak token', async () => {
    const good = { name: 'a', joinToken: TOKEN }
    const wrong = [[], [{ ...good, name: 'A' }], [good, good], [{ ...good, joinToken: 'short' }], [{ ...good, joinToken: `${TOKEN}\n` }]]
    for (const boards of wrong) {
      const error = await rejection(serve({ host: '127.0.0.1', port: 0, store: 'memory', boards }))
      expect(error.code).to.equal('storage.bad-option')
      expect(JSON.stringify([error.message, error.facts])).not.to.contain(TOKEN)
    }
    expect((await rejection(serve({ host: '127.0.0.1', port: 0, store: 'nedb', boards: [good] }))).code).to.equal('storage.bad-option')
  })

  it('serves several boards apart, and says which are kept but not served', async () => {
    const data = await folder()
    const boards = ['a', 'b'].map((name) => ({ name, joinToken: `${TOKEN}${name}` }))
    const first = await serve({ host: '127.0.0.1', port: 0, store: 'nedb', data, boards })
    expect((await enter(`${first.url}/boards/a`, ann)).status, "the other board's token").to.equal(401)
    await first.close()
    const said: string[] = []
    const second = await serve({ host: '127.0.0.1', port: 0, store: 'nedb', data, boards: boards.slice(0, 1), say: (line) => void said.push(line) })
    await second.close()
    expect(said.join('\n')).to.contain('Board b is in the data folder, but is not served')
  })

  it('serves https with a certificate, and says what is wrong with one', async () => {
    const at = await folder()
    const [cert, key] = [join(at, 'cert.pem'), join(at, 'key.pem')]
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' })
    const options = { host: '127.0.0.1', port: 0, store: 'memory', boards: [{ name: 'a', joinToken: TOKEN }] } as const
    const serving = await serve({ ...options, tls: { cert, key } })
    later(() => serving.close())
    expect(serving.url).to.match(/^https:/)
    const status = await new Promise((resolve, reject) => {
      httpsGet(`${serving.url}/health`, { rejectUnauthorized: false, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject)
    })
    expect(status).to.equal(200)
    expect((await rejection(serve({ ...options, tls: { cert, key: join(at, 'none.pem') } }))).code).to.equal('storage.tls')
    await writeFile(join(at, 'bad.pem'), 'no')
    expect((await rejection(serve({ ...options, tls: { cert: join(at, 'bad.pem'), key } }))).code).to.equal('storage.tls')
    await writeFile(join(at, 'powershell.pem'), Buffer.from(`\ufeff${await readFile(cert, 'utf8')}`, 'utf16le'))
    const utf16 = await rejection(serve({ ...options, tls: { cert: join(at, 'powershell.pem'), key } }))
    expect(utf16.code).to.equal('container.not-text')
    expect(utf16.message).to.include('powershell.pem').and.include('UTF-16')
  })
})
