import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { sha256Of } from '../digest.ts'
import { anyOf, attachmentAuth, BOARD, cleanUp, enter, folder, get, headOf, later, person, post } from './support.ts'

interface Pin { offset: number; head: string }
interface Page { messages: (Pin & { text: string })[]; head: Pin }

async function startChild(data: string): Promise<{ board: string; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./child.ts', import.meta.url)), data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  later(kill)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { board: `${line.toString().trim()}/boards/${BOARD}`, kill }
}

async function everything(board: string): Promise<Page['messages']> {
  const all: Page['messages'] = []
  for (;;) {
    const { messages } = (await get(`${board}/messages?after=${String(all.length - 1)}`)).json as Page
    if (messages.length === 0) return all
    all.push(...messages)
  }
}

describe('a storage that is killed', () => {
  afterEach(cleanUp)

  it('has every acknowledged message and attachment in its place after kill -9, three times over', async () => {
    const data = await folder()
    const people = ['ann', 'ben', 'cleo', 'dora'].map((name) => person(name))
    const acknowledged = new Map<string, Pin>()
    const attachments = new Map<string, Buffer>()
    for (let round = 0; round < 3; round += 1) {
      const { board, kill } = await startChild(data)
      for (const one of people) expect((await enter(board, one)).status).to.equal(round === 0 ? 201 : 200)
      const enough = acknowledged.size + 60
      const work = people.map(async (one) => {
        for (let i = 0; ; i += 1) {
          const text = anyOf(one, { round, i, filler: 'x'.repeat(i * 37) })
          const { status, json } = await post(board, text)
          expect(status).to.equal(201)
          acknowledged.set(text, json as Pin)
          if (i % 8 === 0) {
            const bytes = Buffer.from(`${one.card.name} ${String(round)} ${String(i)}`)
            const hash = sha256Of(bytes)
            const headers = { 'content-type': 'application/octet-stream', authorization: attachmentAuth(one, hash) }
            const put = await fetch(`${board}/attachments/${hash}`, { method: 'PUT', headers, body: bytes })
            if (put.status === 201) attachments.set(hash, bytes)
          }
        }
      })
      const stopped = Promise.allSettled(work)
      while (acknowledged.size < enough) await new Promise((resolve) => setTimeout(resolve, 1))
      await kill()
      for (const result of await stopped) expect(result).to.have.property('reason').that.is.instanceOf(TypeError)
    }
    const { board } = await startChild(data)
    const log = await everything(board)
    for (const [text, { offset, head }] of acknowledged) expect(log[offset]).to.deep.equal({ offset, head, text })
    expect(log.at(-1)?.head).to.equal(headOf(log.map(({ text }) => text)))
    for (const [hash, bytes] of attachments) {
      const response = await fetch(`${board}/attachments/${hash}`)
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).to.be.true
    }
    const [text = ''] = acknowledged.keys()
    expect((await post(board, text)).json).to.deep.equal(acknowledged.get(text))
  })
})
