import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type Router from '@koa/router'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import { parse } from 'yaml'
import { hexSchema, identifierSchema, nameSchema } from '../../engine/wire/schema.ts'
import { tokenBuckets } from '../admit.ts'
import { createApp } from '../app.ts'
import { sha256Of } from '../digest.ts'
import { STATUS } from '../errors.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { openLog } from '../log.ts'
import { newMetrics } from '../metrics.ts'
import { readPageFile } from '../pages.ts'
import { openMemoryStore } from '../stores/memory.ts'
import { anyOf, attachmentAuth, BOARD, circleOf, cleanUp, folder, later, person, readyOf, saidOf, start, statedOf, TOKEN } from './support.ts'

interface Operation {
  responses: Record<string, { $ref?: string; content?: Record<string, { schema: object }>; headers?: Record<string, { required?: boolean }> }>
}
interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { properties?: Record<string, { enum?: string[] }> }>; responses: Record<string, Operation['responses'][string]> }
}

const METHODS = ['get', 'put', 'post']
const ann = person('ann')
const bytes = Buffer.from('points')
const hash = sha256Of(bytes)

describe('openapi.yaml', () => {
  let document: Document
  before(async () => {
    document = parse(await readFile(new URL('../openapi.yaml', import.meta.url), 'utf8')) as Document
  })
  afterEach(cleanUp)

  it('names every route that there is, and no other', () => {
    const app = createApp({ boards: new Map(), limits: DEFAULT_LIMITS, metrics: newMetrics(), page: readPageFile(), stopping: new AbortController().signal, say: () => undefined })
    const routes = app.middleware.flatMap((middleware) => ('router' in middleware ? (middleware.router as Router).stack : []))
    const served = routes.flatMap(({ path, methods }) =>
      methods.filter((method) => METHODS.includes(method.toLowerCase())).map((method) => `${method.toLowerCase()} ${String(path).replace(/:(\w+)/g, '{$1}')}`),
    )
    const documented = Object.entries(document.paths).flatMap(([path, item]) => Object.keys(item).filter((key) => METHODS.includes(key)).map((method) => `${method} ${path}`))
    expect(served.sort()).to.deep.equal(documented.sort())
    expect(served).to.have.length(10)
  })

  it('writes names and hex as the code does', () => {
    const { Name, Hash, Signature, Message } = document.components.schemas as Record<string, { pattern?: string }>
    expect([Name?.pattern, Hash?.pattern, Signature?.pattern]).to.deep.equal([nameSchema['pattern'], hexSchema(32)['pattern'], hexSchema(64)['pattern']])
    // Every pattern elsewhere in the document is one of these.
    const known = [nameSchema, hexSchema(32), hexSchema(64), identifierSchema].map((schema) => schema['pattern'])
    const written = Array.from(JSON.stringify(document).matchAll(/"pattern":"([^"]*)"/g), ([, pattern]) => pattern)
    expect(written.length).to.be.greaterThan(6)
    expect(written.filter((pattern) => !known.includes(pattern))).to.deep.equal([])
    expect(JSON.stringify(Message)).to.contain('"pattern"')
  })

  it('names every kind of problem', () => {
    const kinds = document.components.schemas['Problem']!.properties!['type']!.enum!
    expect(kinds.sort()).to.deep.equal(Object.keys(STATUS).map((kind) => `urn:problem-type:keyrite:${kind}`).sort())
  })

  it('describes every answer of every route: each documented status is seen, each seen one documented, each body fits its schema', async () => {
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema(document, 'api')
    const seen = new Set<string>()

    async function call(root: string, method: string, path: string, init: { body?: string | Buffer; type?: string; auth?: string; length?: false; etag?: string } = {}): Promise<void> {
      const headers = { ...(init.type && { 'content-type': init.type }), ...(init.auth && { authorization: init.auth }), ...(init.etag && { 'if-none-match': init.etag }) }
      const whole = typeof init.body === 'object' ? Uint8Array.from(init.body) : init.body
      const body = init.length === false ? new Blob([whole ?? '']).stream() : (whole ?? null)
      const stop = new AbortController()
      const request = { method, headers, body, duplex: 'half', signal: stop.signal } as RequestInit
      const response = await fetch(root + path, request)
      const [pattern, item] = Object.entries(document.paths).find(([pattern]) => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}(\\?|$)`).test(path))!
      const operation = `${method.toLowerCase()} ${pattern} ${String(response.status)}`
      const found = item[method.toLowerCase()]!.responses[String(response.status)]
      expect(found, `${operation} is documented`).to.be.an('object')
      seen.add(operation)
      const documented = found!.$ref === undefined ? found! : document.components.responses[found!.$ref.split('/').at(-1)!]!
      for (const [name, header] of Object.entries(documented.headers ?? {})) {
        if (header.required === true) expect(response.headers.get(name), `${operation} has ${name}`).to.be.a('string')
      }
      const type = response.headers.get('content-type')?.split(';')[0] ?? ''
      expect(type !== '', `${operation} has a body`).to.equal(documented.content !== undefined)
      const schema = documented.content?.[type]?.schema
      if (type !== '') expect(schema, `${operation} has ${type}`).to.be.an('object')
      if (type.endsWith('json')) {
        const body: unknown = await response.json()
        const reference = JSON.stringify(schema).replaceAll('"#/', '"api#/')
        expect(ajv.validate(JSON.parse(reference) as object, body), `${operation}: ${ajv.errorsText()}`).to.be.true
      }
      stop.abort()
    }

    const data = await folder()
    const { url } = await start({ data })
    const root = `/boards/${BOARD}`
    const type = 'application/json'
    const messages = `${root}/messages`
    const token = { auth: `Bearer ${TOKEN}` }
    await call(url, 'POST', messages, { type, body: readyOf(ann) })
    await call(url, 'POST', messages, { type, body: readyOf(ann), ...token })
    await call(url, 'POST', messages, { type, body: readyOf(ann) })
    await call(url, 'POST', messages, { type, body: '{}' })
    await call(url, 'POST', messages, { type, body: anyOf(person('ben'), {}) })
    await call(url, 'POST', '/boards/none/messages', { type, body: '{}' })
    await call(url, 'POST', messages, { type, body: circleOf(ann) })
    await call(url, 'POST', messages, { type, body: statedOf(ann, 'One', { x: 1 }) })
    await call(url, 'POST', messages, { type, body: saidOf(ann, 'One', { x: 2 }) })
    await call(url, 'POST', messages, { type, body: anyOf(ann, {}), length: false })
    await call(url, 'POST', messages, { type, body: 'x'.repeat((1 << 20) + 1) })
    await call(url, 'POST', messages, { type: 'text/plain', body: 'x' })
    await call(url, 'POST', messages, { type, body: statedOf(ann, 'Two', {}, { attachment: hash }) })
    await call(url, 'GET', messages)
    await call(url, 'GET', `${messages}?after=x`)
    await call(url, 'GET', '/boards/none/messages')

    const path = `${root}/attachments/${hash}`
    const put = { type: 'application/octet-stream', body: bytes, auth: attachmentAuth(ann, hash) }
    await call(url, 'PUT', path, { ...put, auth: 'none' })
    await call(url, 'PUT', path, { ...put, auth: attachmentAuth(person('ben'), hash) })
    await call(url, 'PUT', path, { ...put, body: Buffer.from('other') })
    await call(url, 'PUT', path, { ...put, type: 'text/plain' })
    await call(url, 'PUT', path, { ...put, length: false })
    await call(url, 'PUT', path, { ...put, body: Buffer.alloc((4 << 20) + 1) })
    await call(url, 'PUT', `${root}/attachments/xyz`, put)
    await call(url, 'PUT', `/boards/none/attachments/${hash}`, put)
    await call(url, 'GET', path)
    await call(url, 'PUT', path, put)
    await call(url, 'PUT', path, put)
    await call(url, 'GET', path)
    await call(url, 'GET', `${root}/attachments/xyz`)
    await writeFile(join(data, 'boards', BOARD, 'attachments', 'ann', hash), 'damaged')
    await call(url, 'GET', path)

    const { etag } = readPageFile()
    await call(url, 'GET', '/')
    await call(url, 'GET', '/', { etag })
    await call(url, 'GET', root)
    await call(url, 'GET', root, { etag })
    await call(url, 'GET', '/boards/none')
    await call(url, 'GET', `${root}/events`)
    await call(url, 'GET', `${root}/events?after=x`)
    await call(url, 'GET', '/boards/none/events')
    await call(url, 'GET', '/health')
    await call(url, 'GET', '/metrics')
    await call(url, 'GET', '/openapi.yaml')

    const limited = await start({ limits: { rate: 0.1, burst: 1, streams: 0 } })
    await call(limited.url, 'POST', messages, { type, body: readyOf(ann), ...token })
    await call(limited.url, 'POST', messages, { type, body: anyOf(ann, {}) })
    await call(limited.url, 'PUT', path, put)
    await call(limited.url, 'GET', `${root}/events`)

    const broken = await startBroken()
    await call(broken, 'POST', messages, { type, body: readyOf(ann), ...token })
    await call(broken, 'POST', messages, { type, body: anyOf(ann, {}) })
    await call(broken, 'PUT', path, put)
    await call(broken, 'GET', '/health')

    const documented = Object.entries(document.paths).flatMap(([pattern, item]) =>
      METHODS.flatMap((method) => Object.keys(item[method]?.responses ?? {}).filter((status) => status !== 'default').map((status) => `${method} ${pattern} ${status}`)),
    )
    expect([...seen].sort()).to.deep.equal(documented.sort())
  })
})

/** Starts a storage whose disk takes one message and then nothing more. */
async function startBroken(): Promise<string> {
  const store = await openMemoryStore()
  let appends = 0
  const failing = {
    ...store,
    append: (entries: Parameters<typeof store.append>[0]) => (appends++ === 0 ? store.append(entries) : Promise.reject(new Error('ENOSPC'))),
    putAttachment: () => Promise.reject(new Error('ENOSPC')),
  }
  const log = await openLog(BOARD, () => Promise.resolve(failing), DEFAULT_LIMITS)
  const boards = new Map([[BOARD, { log, joinToken: TOKEN, buckets: tokenBuckets(100, 100, () => 0) }]])
  const app = createApp({ boards, limits: DEFAULT_LIMITS, metrics: newMetrics(), page: readPageFile(), stopping: new AbortController().signal, say: () => undefined })
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  later(() => new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  }))
  const address = server.address()
  return `http://127.0.0.1:${String(typeof address === 'object' && address !== null ? address.port : 0)}`
}
