/** A stand-in for a command towards its page: it sends the states that a test gives, and records the page's requests. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { HEARTBEAT, PAGE_TAKEN } from '../../web/protocol.ts'
import type { FramesResult, PageState } from '../../web/protocol.ts'
import { closing } from '../browser/closing.ts'
import { openSite } from '../browser/site.ts'

export interface FakeServer {
  readonly address: string
  /** The page's requests, by path. */
  readonly sent: { readonly path: string; readonly body: unknown }[]
  readonly tell: (state: PageState) => void
  /** The answer to the next frames. */
  result: FramesResult
  /** The bytes of the transfer that is shown. */
  message: Uint8Array
  /** Gives no sign of life any more. */
  readonly hang: () => void
  /** Refuses the key from now on. */
  readonly forget: () => void
  readonly close: () => Promise<void>
}

export const pageFile = (): string => join(import.meta.dirname, '..', '..', '..', 'dist', 'cli', 'page.html')

export async function fakeServer(first: PageState): Promise<FakeServer> {
  const html = readFileSync(pageFile(), 'utf8')
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? ''
  let state = first
  let stream: ServerResponse | undefined
  let isHanging = false
  let key: string | undefined = 'the-key'
  const sent: FakeServer['sent'] = []
  const replies: Readonly<Record<string, () => unknown>> = {
    '/session': () => ({ key }), '/frames': () => fake.result, '/answer': () => ({}), '/taken': () => ({}),
  }

  function serve(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1')
    if (pathname === '/') {
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': `${policy}; frame-ancestors 'none'` }).end(html)
    } else if (pathname !== '/session' && request.headers.authorization !== `Bearer ${key ?? ''}`) {
      response.writeHead(401, { 'Content-Type': 'application/json' }).end(JSON.stringify({ code: 'web.key', message: 'This page does not belong to the command that runs.', todo: 'Open the address that it prints.' }))
    } else if (pathname === '/events' && isHanging) {
      // There is not even an answer.
    } else if (pathname === '/events') {
      stream?.end(`${JSON.stringify({ code: PAGE_TAKEN })}\n`)
      stream = response
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' }).write(`${JSON.stringify(state)}\n`)
    } else if (pathname === '/message') {
      response.writeHead(200, { 'Content-Type': 'application/octet-stream' }).end(fake.message)
    } else {
      sent.push({ path: pathname, body: JSON.parse(body) as unknown })
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(replies[pathname]?.() ?? {}))
    }
  }

  const site = await openSite((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => serve(request, response, body))
  })
  const beat = setInterval(() => {
    if (!isHanging) stream?.write('\n')
  }, HEARTBEAT / 2)
  const fake: FakeServer = {
    address: `http://127.0.0.1:${site.port}/#the-token`,
    sent, result: { state: 'progress', seen: 1, needed: 26 },
    message: Uint8Array.from({ length: 5200 }, (_, i) => (i * i * 31 + i * 7) & 0xff),
    tell: (next) => {
      state = next
      stream?.write(`${JSON.stringify(state)}\n`)
    },
    hang: () => (isHanging = true),
    forget: () => (key = undefined),
    close: closing(async () => {
      clearInterval(beat)
      await site.close()
    }),
  }
  return fake
}
