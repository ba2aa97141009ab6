import { once } from 'node:events'
import { appendFile, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import Datastore from 'nedb-promises'
import { canonical } from '../../engine/base/canonical.ts'
import { headAfter } from '../../engine/wire/log.ts'
import { parseMessage, slotOf, textHash } from '../../engine/wire/message.ts'
import type { Stored } from '../store.ts'
import { openNedbStore } from '../stores/nedb.ts'
import { abortOf, anyOf, begin, BOARD, circleOf, cleanUp, enter, folder, get, headOf, later, person, post, problem, rejection, saidOf, start, statedOf } from './support.ts'

const ann = person('ann')
const texts = Array.from({ length: 5 }, (_, i) => anyOf(ann, { i, note: 'line\u2028one\u2029two\u0085three' }))

interface Page { messages: { offset: number; head: string; text: string }[]; head: unknown }

/** A data folder with a Ready and five messages in it, and the path of its log. */
async function filled(): Promise<{ data: string; path: string; page: Page }> {
  const data = await folder()
  const storage = await start({ data })
  await enter(storage.board, ann)
  for (const text of texts) expect((await post(storage.board, text)).status).to.equal(201)
  const page = (await get(`${storage.board}/messages`)).json as Page
  await storage.close()
  return { data, path: join(data, 'boards', BOARD, 'messages.db'), page }
}

async function pageAfterRestart(data: string): Promise<{ page: Page; said: readonly string[] }> {
  const storage = await start({ data })
  const page = (await get(`${storage.board}/messages`)).json as Page
  await storage.close()
  return { page, said: storage.said }
}

describe('the NeDB store', () => {
  afterEach(cleanUp)

  it('gives the same log after every restart, line separators in messages included', async () => {
    const { data, page } = await filled()
    for (let i = 0; i < 3; i += 1) expect((await pageAfterRestart(data)).page).to.deep.equal(page)
    expect(page.messages.slice(1).map(({ text }) => text)).to.deep.equal(texts)
  })

  it('knows cards, slots and attachments again after a restart', async () => {
    const { data } = await filled()
    const storage = await start({ data })
    expect((await post(storage.board, texts[2]!)).json).to.have.property('offset', 3)
    expect((await post(storage.board, anyOf(ann, { more: 1 }))).status).to.equal(201)
    expect(problem(await post(storage.board, anyOf(person('ben'), {})))).to.equal('403 not-registered')
  })

  it('knows both statements of a slot, who takes part in what, and what each has posted, again after a restart', async () => {
    const data = await folder()
    const before = await start({ data })
    await begin(before.board, ann)
    const stated = [1, 2, 3].map((x) => statedOf(ann, 'One', { x })) as [string, string, string]
    const pins = [(await post(before.board, stated[0])).json, (await post(before.board, stated[1])).json]
    expect((await post(before.board, saidOf(ann, 'Two', { x: 1 }))).status).to.equal(201)
    for (let i = 0; i < 30; i += 1) expect((await post(before.board, abortOf(ann, { i }))).status).to.equal(201)
    await before.close()

    const { board } = await start({ data })
    expect((await post(board, stated[0])).json).to.deep.equal(pins[0])
    expect((await post(board, statedOf(ann, 'One', { x: 2 }, { seen: pins[0] as { offset: number; head: string } }))).json).to.deep.equal(pins[1])
    expect(problem(await post(board, stated[2]))).to.equal('409 slot-taken')
    expect(problem(await post(board, saidOf(ann, 'Two', { x: 2 })))).to.equal('409 slot-taken')
    expect((await post(board, circleOf(ann))).json, 'the Opening').to.have.property('offset', 1)
    expect(problem(await post(board, statedOf(ann, 'One', {}, { ceremony: 'bb'.repeat(32) })))).to.equal('422 not-opened')
    // The second statement and thirty Aborts were there before.
    expect((await post(board, abortOf(ann, { last: true }))).status).to.equal(201)
    expect(problem(await post(board, abortOf(ann, { more: true })))).to.equal('403 budget')
    expect((await enter(board, person('stranger'))).status).to.equal(201)
    expect(problem(await post(board, statedOf(person('stranger'), 'One')))).to.equal('403 not-member')
  })

  it('says in one sentence that a data folder is of the first protocol version, and leaves the file as it is', async () => {
    const { data, path } = await filled()
    const [ready = ''] = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('"_id"'))
    const { text } = JSON.parse(ready) as { text: string }
    const message = JSON.parse(text) as { statement: object }
    const old = canonical({ ...message, statement: { ...message.statement, to: null } })
    const line = JSON.stringify({ ...JSON.parse(ready) as object, text: old, hash: textHash(old), head: textHash('as it was reckoned then') })
    const index = '{"$$indexCreated":{"fieldName":"slot","unique":true,"sparse":true}}\n'
    for (const content of [`${line}\n`, line, index]) {
      await writeFile(path, content)
      const error = await rejection(start({ data }))
      expect(error.code).to.equal('storage.first-version')
      expect(error.message).to.match(/is of keyrite’s first protocol version, which this one does not read/)
      expect(await readFile(path, 'utf8')).to.equal(content)
    }
  })

  it('refuses to start on a message that stands in no log, though its head is right', async () => {
    const { data, path } = await filled()
    const { statement, ...rest } = parseMessage(texts[0]!)
    const text = canonical({ ...rest, statement: { ...statement, ceremony: 'aa'.repeat(32) } })
    const head = headAfter('00'.repeat(32), parseMessage(text), textHash(text))
    const document = { _id: '0'.repeat(16), offset: 0, head, hash: textHash(text), text }
    expect(slotOf(parseMessage(text).statement)).to.equal(null)
    await writeFile(path, `${JSON.stringify(document)}\n`)
    const error = await rejection(start({ data }))
    expect(error.code).to.equal('storage.damaged')
    expect(error.message).to.contain('stands in no log')
  })

  it('cuts off a torn last line, at whatever byte, and says so', async () => {
    const { data, path, page } = await filled()
    const whole = await readFile(path)
    const line = whole.subarray(0, whole.indexOf(10) + 1)
    for (const length of [1, 20, line.length - 2]) {
      await writeFile(path, Buffer.concat([whole, line.subarray(0, length)]))
      const { page: again, said } = await pageAfterRestart(data)
      expect(again).to.deep.equal(page)
      expect(said.join('\n')).to.contain(`${String(length)} bytes were cut off`)
    }
    await writeFile(path, Buffer.concat([whole, Buffer.alloc(100)]))
    expect((await pageAfterRestart(data)).page, 'zeros, as a power cut leaves them').to.deep.equal(page)
  })

  it('keeps a last line that is whole but for its end', async () => {
    const { data, path, page } = await filled()
    const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('"_id"'))
    await writeFile(path, lines.join('\n'))
    const { page: again, said } = await pageAfterRestart(data)
    expect(again).to.deep.equal(page)
    expect(said.join('\n')).to.contain('its end was added')
  })

  const damages: Readonly<Record<string, (lines: string[]) => string[]>> = {
    'a changed message': (lines) => lines.map((line, i) => (i === 3 ? line.replace('"i\\":2', '"i\\":3') : line)),
    'a changed head': (lines) => lines.map((line, i) => (i === 3 ? line.replace(/"head":"../, '"head":"zz') : line)),
    'a line that is not JSON': (lines) => lines.map((line, i) => (i === 3 ? line.slice(0, -5) : line)),
    'an empty line': (lines) => [...lines.slice(0, 3), '', ...lines.slice(3)],
    'a missing line': (lines) => [...lines.slice(0, 3), ...lines.slice(4)],
    'a repeated message': (lines) => {
      const { text } = JSON.parse(lines[1]!) as { text: string }
      const message = parseMessage(text)
      const { head } = JSON.parse(lines[2]!) as { head: string }
      const again = { ...JSON.parse(lines[1]!) as object, _id: '3'.padStart(16, '0'), offset: 3, head: headAfter(head, message, textHash(text)) }
      return [...lines.slice(0, 3), JSON.stringify(again), ...lines.slice(3)]
    },
    'a repeated line': (lines) => [...lines.slice(0, 3), lines[2]!, ...lines.slice(3)],
    'a deletion in NeDB form': (lines) => [...lines.slice(0, 3), '{"$$deleted":true,"_id":"0000000000000001"}', ...lines.slice(3)],
    'a changed slot': (lines) => lines.map((line, i) => (i === 3 ? line.replace('"text"', '"slot":"x","text"') : line)),
    'a line of another program': (lines) => [...lines.slice(0, 3), '{"_id":"x"}', ...lines.slice(3)],
  }
  for (const [what, damage] of Object.entries(damages)) {
    it(`refuses to start on ${what}, says where, and leaves the file as it is`, async () => {
      const { data, path } = await filled()
      const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('"_id"'))
      const damaged = damage(lines).join('\n') + '\n'
      expect(damaged).not.to.equal(lines.join('\n') + '\n')
      await writeFile(path, damaged)
      const error = await rejection(start({ data }))
      expect(error.code).to.equal('storage.damaged')
      expect(error.facts).to.include({ path, line: 4, byte: Buffer.byteLength(lines.slice(0, 3).join('\n') + '\n') })
      expect(await readFile(path, 'utf8')).to.equal(damaged)
    })
  }

  it('refuses to start when only a rewrite in progress is left of the log', async () => {
    const { data, path } = await filled()
    await rename(path, `${path}~`)
    expect((await rejection(start({ data }))).code).to.equal('storage.damaged')
    await rename(`${path}~`, path)
    await writeFile(`${path}~`, 'half a rewrite')
    expect((await pageAfterRestart(data)).page.messages).to.have.length(6)
  })

  it('starts without a change to the file, byte for byte', async () => {
    const { data, path } = await filled()
    const before = await readFile(path)
    const { ino } = await stat(path)
    await pageAfterRestart(data)
    expect((await readFile(path)).equals(before)).to.equal(true)
    expect((await stat(path)).ino).to.equal(ino)
  })

  it('writes a file that NeDB itself reads to the last document, and goes on with one that NeDB rewrote', async () => {
    const { data, path, page } = await filled()
    const before = await readFile(path, 'utf8')
    const database: Datastore<{ _id: string; text: string }> = Datastore.create({ filename: path, corruptAlertThreshold: 0 })
    await database.load()
    await database.ensureIndex({ fieldName: 'hash', unique: true })
    const found = await database.find({}).sort({ _id: 1 })
    expect(found.map(({ text }) => text)).to.deep.equal(page.messages.map(({ text }) => text))
    expect(await readFile(path, 'utf8')).to.include('$$indexCreated').and.not.include(before)
    expect(await readFile(path, 'utf8')).to.include('$$indexCreated')
    expect((await pageAfterRestart(data)).page).to.deep.equal(page)
  })

  it('hands on each entry as it was checked, once and in order, a last line without its end included', async () => {
    const { data, path } = await filled()
    await writeFile(path, (await readFile(path, 'utf8')).trimEnd())
    const heard: Stored[] = []
    const store = await openNedbStore(join(data, 'boards', BOARD), () => undefined, ({ message, ...entry }, slot) => {
      expect(message).to.deep.equal(parseMessage(entry.text))
      heard.push({ ...entry, slot })
    })
    expect(heard).to.have.length(6)
    expect(heard).to.deep.equal(await store.range(-1, 100))
    expect(store.last()).to.deep.equal({ offset: 5, head: heard[5]?.head })
    await store.close()
  })

  it('shows and acknowledges nothing before it is synced', async () => {
    const { board } = await start({ data: await folder() })
    await enter(board, ann)
    const gate = await holdSyncs()
    let answered = false
    const posting = post(board, texts[0]!).then((reply) => {
      answered = true
      return reply
    })
    await gate.waiting
    expect(((await get(`${board}/messages`)).json as Page).messages).to.have.length(1)
    expect(answered).to.be.false
    gate.release()
    expect((await posting).status).to.equal(201)
    expect(((await get(`${board}/messages`)).json as Page).messages).to.have.length(2)
  })

  it('lets requests wait that come before its boards are read, and cuts them where it cannot start', async () => {
    const { data, path, page } = await filled()
    const port = await freePort()
    const whole = await readFile(path)
    for (const content of [whole, whole.subarray(1)]) {
      await writeFile(path, content)
      const gate = await holdSyncs()
      const starting = rejectionOr(start({ data, port }))
      await gate.waiting
      const board = `http://127.0.0.1:${String(port)}/boards/${BOARD}`
      const asked = rejectionOr(Promise.all([get(`${board}/messages`), post(board, texts[1]!)]))
      const isAnswered = await Promise.race([asked.then(() => true), new Promise((resolve) => setTimeout(() => resolve(false), 100))])
      expect(isAnswered).to.equal(false)
      gate.release()
      const [started, answers] = await Promise.all([starting, asked])
      if (content === whole) {
        expect(Array.isArray(answers) && answers.map(({ json }) => json)).to.deep.equal([page, { offset: 2, head: page.messages[2]!.head }])
        if ('close' in started) await started.close()
      } else {
        expect(started).to.have.property('code', 'storage.damaged')
        expect(answers).to.be.an('error')
      }
    }
  })

  it('takes nothing more after a write error, says so in /health, still reads, and goes on after a restart', async () => {
    const data = await folder()
    const storage = await start({ data })
    const { url, board } = storage
    await enter(board, ann)
    const gate = await holdSyncs()
    const posting = post(board, texts[0]!)
    await gate.waiting
    const behind = post(board, texts[1]!)
    gate.release(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
    expect(problem(await posting)).to.equal('503 failed')
    expect(problem(await behind)).to.equal('503 failed')
    expect(problem(await post(board, texts[2]!))).to.equal('503 failed')
    expect((await get(`${url}/health`)).json).to.deep.include({ status: 'failed' })
    expect(((await get(`${board}/messages`)).json as Page).messages).to.have.length(1)
    await storage.close()
    const again = await start({ data })
    expect((await post(again.board, texts[2]!)).status).to.equal(201)
    const { messages } = (await get(`${again.board}/messages`)).json as Page
    expect(messages.at(-1)?.head).to.equal(headOf(messages.map(({ text }) => text)))
  })

  it('lets one process at a time use a data folder', async () => {
    const data = await folder()
    const storage = await start({ data })
    const error = await rejection(start({ data }))
    expect(error.code).to.equal('lock.held')
    expect(error.facts).to.include({ path: data, pid: process.pid })
    await storage.close()
    await (await start({ data })).close()
    expect(await readdir(data)).to.deep.equal(['boards'])
  })

  it('refuses a data folder that cannot be used', async () => {
    const data = await folder()
    await writeFile(join(data, 'file'), '')
    expect((await rejection(start({ data: join(data, 'file') }))).code).to.equal('storage.unusable')
    await writeFile(join(data, 'boards'), '')
    const error = await rejection(start({ data }))
    expect([error.code, error.message]).to.deep.equal(['storage.unusable', `The data folder ${data} cannot be used: it is not a folder.`])
    expect((await readdir(data)).sort(), 'and gives it back').to.deep.equal(['boards', 'file'])
  })

  it('removes attachments that a crash left half written', async () => {
    const at = await folder()
    const store = await openNedbStore(at, () => undefined)
    await store.putAttachment('ann', textHash('points'), Buffer.from('points'))
    await appendFile(join(at, 'attachments', 'ann', `.${textHash('other')}.77-0123456789ab.tmp`), 'ot')
    expect(await store.attachments()).to.deep.equal([{ owner: 'ann', hash: textHash('points'), size: 6 }])
    expect(await readdir(join(at, 'attachments', 'ann'))).to.have.length(1)
    await store.close()
  })
})

const rejectionOr = <T>(promise: Promise<T>): Promise<T | Error> => promise.catch((error: unknown) => error as Error)

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Holds the next fdatasync until it is released, well or with an error. */
async function holdSyncs(): Promise<{ waiting: Promise<void>; release: (error?: Error) => void }> {
  const handle = await open(process.execPath, 'r')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  const original = Object.getOwnPropertyDescriptor(prototype, 'datasync')!
  const restore = (): void => {
    Object.defineProperty(prototype, 'datasync', original)
  }
  later(() => {
    restore()
    return Promise.resolve()
  })
  let called: () => void = () => undefined
  let release: (error?: Error) => void = () => undefined
  const waiting = new Promise<void>((resolve) => (called = resolve))
  const released = new Promise<Error | undefined>((resolve) => (release = resolve))
  prototype.datasync = async function (this: FileHandle) {
    called()
    const error = await released
    restore()
    if (error !== undefined) throw error
    return this.datasync()
  }
  return { waiting, release }
}
