import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { isKeyriteError } from '../../engine/base/errors.ts'
import { Feed } from '../../engine/run/feed.ts'
import { readShipped } from '../../engine/script/load.ts'
import { prepareSimulation, runMember, seededRandom } from '../../engine/simulate/simulate.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { Board } from '../../engine/wire/board.ts'
import { canonical } from '../../engine/base/canonical.ts'
import { EMPTY_HEAD, EMPTY_LOG, headAfter } from '../../engine/wire/log.ts'
import { parseMessage, signMessage, textHash } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { clientLog, keptFirst } from '../roles/client-log.ts'
import { withSum } from '../roles/client-log.ts'
import type { ClientLog, LogFile } from '../roles/client-log.ts'

/** A disk that loses in a power cut all that was not synced. */
function fakeDisk() {
  let written = ''
  let durable = ''
  let syncs = 0
  const file: LogFile = {
    read: () => Promise.resolve(written),
    readPin: () => Promise.resolve(undefined),
    writePin: () => Promise.resolve(),
    replace: (text) => {
      written = durable = text
      return Promise.resolve()
    },
    append: async (text) => {
      await setTimeout(1)
      written += text
    },
    sync: async () => {
      syncs += 1
      // Text that is written during a sync may be left out of it.
      const until = written
      await setTimeout(5)
      durable = until
    },
  }
  return { file, durable: () => durable, syncs: () => syncs }
}

/** A line of a log: a message whose payload is this note. */
const line = (note: string): string => canonical(signMessage(new Uint8Array(32).fill(7), {
  statement: { ceremony: null, step: null, type: 'Ready', from: 'ada', view: null, payload: { note } }, seen: EMPTY_LOG,
}))

/** The head after one more line. */
const headWith = (head: string, line: string): string => headAfter(head, parseMessage(line), textHash(line))

/** Whether this text holds the log up to this pin. */
function holds(text: string, { offset, head }: Pin): boolean {
  const lines = text.split('\n').slice(0, -1).map((one) => one.slice(one.indexOf(' ') + 1))
  return offset < lines.length && lines.slice(0, offset + 1).reduce(headWith, EMPTY_HEAD) === head
}

/**
 * Runs a ceremony in which one client keeps its log on a fake disk. Finds the messages that it posted before the log
 * that they name was on that disk.
 */
async function tooEarly(wrap: (board: Board, log: ClientLog) => Board) {
  const disk = fakeDisk()
  const found: string[] = []
  const names = ['ada', 'bob', 'cem', 'dan']
  const script = readShipped('dkg')
  const { members, opening, board } = await prepareSimulation({ script, names, parameters: { threshold: 2 }, verbs, random: seededRandom('log'), idle: 500 })
  const log = clientLog('', true, undefined, disk.file)
  const watched: Board = {
    ...board,
    post: (text) => {
      const { statement, seen } = parseMessage(text)
      if (!holds(disk.durable(), seen)) found.push(statement.type)
      return board.post(text)
    },
  }
  const own = { board: wrap(watched, log), feed: new Feed({ board, store: log }) }
  const { signal } = new AbortController()
  const ends = await Promise.all(members.map((member) =>
    runMember(member.name === 'ada' ? { ...member, client: { ...member.client, ...own } } : member, opening, signal)))
  expect(ends.map((end) => end?.outcome)).to.deep.equal(names.map(() => 'usable'))
  return { found, syncs: disk.syncs(), entries: board.entries.length }
}

describe('a client’s copy of the log', () => {
  it('is on disk up to what a message names as seen, before that is posted, with a sync a post and not one an entry', async () => {
    const { found, syncs, entries } = await tooEarly(keptFirst)
    expect(found).to.deep.equal([])
    // One sync a step.
    expect(syncs).to.be.within(5, 6).and.below(entries / 3)
    // Where nothing is synced, the test finds the fault that it guards against.
    expect((await tooEarly((board) => board)).found).to.include('Commits')
  })

  it('lets nothing be posted any more once a sync failed, even where another would succeed', async () => {
    let tries = 0
    const { file } = fakeDisk()
    const log = clientLog('', true, undefined, { ...file, sync: () => (tries++ === 0 ? Promise.reject(new Error('EIO')) : Promise.resolve()) })
    let posted = 0
    const board = keptFirst({ post: () => Promise.resolve({ offset: posted++, head: EMPTY_HEAD }) } as unknown as Board, log)
    const failures = []
    for (let i = 0; i < 2; i++) failures.push(await board.post('').then(() => 'posted', (error: unknown) => String(error)))
    expect(failures).to.deep.equal(['Error: EIO', 'Error: EIO'])
    expect([posted, tries]).to.deep.equal([0, 1])
  })

  describe('on a real disk', () => {
    let home: string
    before(async () => (home = await mkdtemp(join(tmpdir(), 'keyrite-log-'))))
    after(() => rm(home, { recursive: true }))

    const texts = ['a', 'b', 'c'].map(line)
    const heads = texts.reduce<string[]>((all, text) => [...all, headWith(all.at(-1) ?? EMPTY_HEAD, text)], [])
    const entries = texts.map((text, offset) => ({ offset, head: heads[offset] ?? '', text }))
    const pinAt = (offset: number): Pin => ({ offset, head: heads[offset] ?? '' })
    const [log, pin] = [() => join(home, 'log.jsonl'), () => join(home, 'pin.json')]

    /** Opens a log on the files of a disk. Gives what it loads, and the damage that it tells of. */
    async function look(keep = true) {
      const told: string[] = []
      const store = clientLog(home, keep, ({ facts: { path, line: at } }) => told.push(`${path.slice(home.length + 1)} ${String(at)}`))
      const loaded = (await store.load()).map(({ offset, head, text }) => ({ offset, head, text }))
      return { loaded, pinned: await store.pinned(), held: await store.held(), told }
    }

    beforeEach(async () => {
      await Promise.all([rm(log(), { force: true }), rm(pin(), { force: true })])
      const store = clientLog(home)
      expect(await store.load()).to.deep.equal([])
      await store.append(entries)
      await store.sync()
    })

    it('comes back with its heads, and without the line that a crash cut off', async () => {
      await appendFile(log(), 'half')
      const text = await readFile(log(), 'utf8')
      // A reader beside a running client repairs nothing.
      expect(await look(false)).to.deep.nested.include({ 'loaded': entries, 'told': [] })
      expect(await readFile(log(), 'utf8')).to.equal(text)
      expect(await look()).to.deep.equal({ loaded: entries, pinned: pinAt(2), held: pinAt(2), told: [] })
      expect(await readFile(log(), 'utf8')).to.equal(text.slice(0, -'half'.length))
    })

    it('with any one bit of it flipped is kept up to the line before, which is said, and the pin stays', async () => {
      const bytes = await readFile(log())
      const ends = [0, ...[...bytes.keys()].filter((at) => bytes[at] === 0x0a).map((at) => at + 1)]
      for (let at = 0; at < bytes.length; at += 13) {
        const damaged = Buffer.from(bytes)
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
        await writeFile(log(), damaged)
        const before = ends.findLastIndex((end) => end <= at)
        const { loaded, pinned, told } = await look()
        expect(loaded, String(at)).to.deep.equal(entries.slice(0, before))
        expect([told, pinned], String(at)).to.deep.equal([[`log.jsonl ${String(before + 1)}`], pinAt(2)])
        expect((await look()).told, 'once').to.deep.equal([])
      }
    })

    it('that nothing came into yet, or that is gone, lets its client post', async () => {
      await rm(log())
      const store = clientLog(home)
      await store.load()
      await store.sync()
      expect(await store.pinned()).to.deep.equal(pinAt(2))
      await store.append(entries)
      await store.sync()
      expect((await look()).loaded).to.deep.equal(entries)
    })

    it('that is gone loses nothing of what no storage may take back', async () => {
      await rm(log())
      expect(await look()).to.deep.include({ loaded: [], pinned: pinAt(2), told: [] })
    })

    it('is believed where the pin beside it is damaged, wrong or gone', async () => {
      const text = await readFile(pin(), 'utf8')
      for (const damaged of [text.replace(/"offset":2/, '"offset":9'), text.replace(/[0-9a-f]/, 'z'), text.slice(0, 40), '', withSum({ offset: 2, head: heads[1] ?? '' })]) {
        await writeFile(pin(), damaged)
        expect(await look(), damaged).to.deep.include({ pinned: pinAt(2), told: ['pin.json 1'] })
      }
      await rm(pin())
      expect(await look()).to.deep.include({ told: [] })
    })

    it('without a pin holds a storage to nothing; with one, to what this client verified', async () => {
      const board = (given: typeof entries) => ({ follow: async function* () { await Promise.resolve(); yield* given } }) as unknown as Board
      await rm(log())
      const other = [line('other'), ...texts.slice(1)]
      const forged = other.reduce<typeof entries>((all, text, offset) => [...all, { offset, head: headWith(all.at(-1)?.head ?? EMPTY_HEAD, text), text }], [])
      const run = (given: typeof entries) => new Feed({ board: board(given), store: clientLog(home, false) }).run(new AbortController().signal).then(() => 'followed', (error: unknown) => (isKeyriteError(error) ? error.code : String(error)))
      expect([await run(entries), await run(forged)]).to.deep.equal(['followed', 'board.tampered'])
      await rm(pin())
      expect(await run(forged)).to.equal('followed')
    })
  })
})
