/**
 * Measures posts a second at 100 connections against a bare Koa that parses the same POST and stores nothing. Both run
 * in processes of their own and take turns; the figures are medians of all turns. Trust the ratio, not the figures.
 *
 *     npx tsx storage/bench/storage.ts [messages a turn]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import Koa from 'koa'
import { heading, median, print } from '../../engine/bench/report.ts'
import { anyOf, BOARD, person, readyOf, TOKEN } from '../test/support.ts'
import { serve } from '../serve.ts'

const CONNECTIONS = 100
const TURNS = 5
const KINDS = ['bare', 'memory', 'nedb'] as const
type Kind = (typeof KINDS)[number]

async function child(kind: string, data: string): Promise<void> {
  if (kind === 'bare') {
    const app = new Koa()
    app.use(async (ctx) => {
      const parts: Buffer[] = []
      for await (const part of ctx.req) if (Buffer.isBuffer(part)) parts.push(part)
      const message: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
      ctx.status = 201
      ctx.body = { offset: typeof message === 'object' ? 1 : 0, head: TOKEN }
    })
    const server = app.listen(0, '127.0.0.1', () => {
      const address = server.address()
      process.send?.(`http://127.0.0.1:${String(typeof address === 'object' && address !== null ? address.port : 0)}`)
    })
    return
  }
  const limits = { rate: 1e9, burst: 1e9, quotaBytes: 1e12 }
  const store = kind === 'nedb' ? 'nedb' : 'memory'
  const serving = await serve({ host: '127.0.0.1', port: 0, store, data, limits, boards: [{ name: BOARD, joinToken: TOKEN }] })
  process.send?.(serving.url)
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })

function post(url: string, text: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(text)
    const options = { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': length, ...headers } }
    const sent = request(`${url}/boards/${BOARD}/messages`, options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

/** Posts a second, over texts made beforehand. */
async function turn(url: string, texts: readonly string[]): Promise<number> {
  let next = 0
  const started = performance.now()
  const worker = async (): Promise<void> => {
    for (let text = texts[next++]; text !== undefined; text = texts[next++]) {
      const status = await post(url, text)
      if (status !== 201) throw new Error(`status ${String(status)}`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, worker))
  return texts.length / ((performance.now() - started) / 1000)
}

async function main(messages: number): Promise<void> {
  heading(`Posting to the storage at ${String(CONNECTIONS)} connections: trust the ratio`)
  const data = await mkdtemp(join(tmpdir(), 'keyrite-bench-'))
  const children = KINDS.map((kind) => ({ kind, process: fork(fileURLToPath(import.meta.url), [kind, join(data, kind)]) }))
  try {
    const people = Array.from({ length: CONNECTIONS }, (_, i) => person(`p-${String(i)}`))
    const urls = new Map<Kind, string>()
    for (const { kind, process } of children) {
      const [url] = (await once(process, 'message')) as [string]
      urls.set(kind, url)
      for (const one of people) await post(url, readyOf(one), { authorization: `Bearer ${TOKEN}` })
    }
    const rates = new Map<Kind, number[]>(KINDS.map((kind) => [kind, []]))
    for (let i = 0; i <= TURNS; i += 1) {
      const texts = Array.from({ length: messages }, (_, j) => anyOf(people[j % CONNECTIONS] ?? person('p'), { i, j }))
      for (const kind of KINDS) {
        const rate = await turn(urls.get(kind) ?? '', texts)
        // The first turn warms up.
        if (i > 0) rates.get(kind)?.push(rate)
      }
    }
    const bare = median(rates.get('bare') ?? [])
    print('Medians of all turns', ['', 'posts a second', 'of bare Koa'], KINDS.map((kind) => {
      const rate = median(rates.get(kind) ?? [])
      return [kind, Math.round(rate), rate / bare]
    }))
  } finally {
    agent.destroy()
    for (const { process } of children) process.kill()
    await rm(data, { recursive: true, force: true })
  }
}

const [kind, data] = process.argv.slice(2)
if (process.send !== undefined && kind !== undefined && data !== undefined) await child(kind, data)
else await main(Number(kind ?? 3000))
