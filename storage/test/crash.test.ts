import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { sha256Of } from '../digest.ts'
import { anyOf, attachmentAuth, BOARD, cleanUp, enter, folder, get, headOf, later, person, post } from './support.ts'

interface Pin { offset: number; head: string }
interface Page { messages: (Pin & { text: string })[]; head: Pin }

const program = fileURLToPath(new URL('./child.ts', import.meta.url))

function killer(child: ChildProcess): () => Promise<void> {
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  later(kill)
  return kill
}

async function startChild(data: string): Promise<{ board: string; kill: () => Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, data], { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = killer(child)
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

/**
 * Starts a process that runs a storage on a folder when told to, and gives its address or the reason why it did not
 * start; null stops it.
 */
async function starter(): Promise<(data: string | null) => Promise<string>> {
  const child = fork(program, { execArgv: ['--import', 'tsx'] })
  killer(child)
  const answer = (): Promise<string> => new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the starter ended'))
    child.once('close', ended)
    child.once('message', (said: string) => {
      child.off('close', ended)
      resolve(said)
    })
  })
  await answer()
  return (data) => {
    const said = answer()
    child.send(data as string)
    return said
  }
}

describe('a storage that is killed', () => {
  afterEach(cleanUp)

  it('is followed by one, however many start at once, and none of them loses what was acknowledged', async () => {
    const killed = join(await folder(), 'killed')
    const before = await startChild(killed)
    expect((await enter(before.board, person('ann'))).status).to.equal(201)
    await before.kill()
    const starters = await Promise.all([starter(), starter(), starter(), starter()])
    for (let trial = 0; trial < 12; trial += 1) {
      const data = join(await folder(), 'data')
      await cp(killed, data, { recursive: true })
      const said = await Promise.all(starters.map((tell) => tell(data)))
      expect(said.filter((one) => one !== 'lock.held'), `trial ${String(trial)}`).to.have.length(1)
      const i = said.findIndex((one) => one !== 'lock.held')
      expect((await post(`${said[i] ?? ''}/boards/${BOARD}`, anyOf(person('ann'), { trial }))).status).to.equal(201)
      expect(await starters[i]?.(null)).to.equal('closed')
      const url = await starters[(i + 1) % starters.length]?.(data)
      expect(await everything(`${url ?? ''}/boards/${BOARD}`)).to.have.length(2)
      await starters[(i + 1) % starters.length]?.(null)
    }
  })

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
