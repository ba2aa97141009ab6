import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { Feed } from '../../engine/run/feed.ts'
import { prepareSimulation, runMember, seededRandom } from '../../engine/run/simulate.ts'
import { readShipped } from '../../engine/script/shipped.ts'
import { verbs } from '../../engine/verbs/implementations.ts'
import type { Board } from '../../engine/wire/board.ts'
import { EMPTY_HEAD, nextHead, parseMessage, textHash } from '../../engine/wire/message.ts'
import type { Pin } from '../../engine/wire/message.ts'
import { clientLog, keptFirst } from '../roles/client-log.ts'
import type { ClientLog, LogFile } from '../roles/client-log.ts'

/** A disk that loses, in a power cut, all that was not synced. */
function fakeDisk() {
  let written = ''
  let durable = ''
  let syncs = 0
  const file: LogFile = {
    read: () => Promise.resolve(written),
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
      // What is written while it runs may be left out.
      const until = written
      await setTimeout(5)
      durable = until
    },
  }
  return { file, durable: () => durable, syncs: () => syncs }
}

/** Does this text hold the log up to there? */
function holds(text: string, { offset, head }: Pin): boolean {
  const lines = text.split('\n').slice(0, -1)
  return offset < lines.length && lines.slice(0, offset + 1).reduce((before, line) => nextHead(before, textHash(line)), EMPTY_HEAD) === head
}

/** Runs a ceremony in which one client keeps its log on a fake disk, and finds what it posted before that was on it. */
async function tooEarly(wrap: (board: Board, log: ClientLog) => Board) {
  const disk = fakeDisk()
  const found: string[] = []
  const names = ['ada', 'bob', 'cem', 'dan']
  const script = readShipped('dkg')
  const { members, opening, board } = await prepareSimulation({ script, names, parameters: { threshold: 2 }, verbs, random: seededRandom('log'), idle: 500 })
  const log = clientLog('', true, disk.file)
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
    // Five steps, of which one posts to each of three.
    expect(syncs).to.be.within(5, 8).and.below(entries / 3)
    // What this guards against is found where nothing is synced.
    expect((await tooEarly((board) => board)).found).to.include('Commits')
  })

  it('lets nothing be posted any more once a sync failed, even where another would succeed', async () => {
    let tries = 0
    const { file } = fakeDisk()
    const log = clientLog('', true, { ...file, sync: () => (tries++ === 0 ? Promise.reject(new Error('EIO')) : Promise.resolve()) })
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

    it('comes back with its heads, and without the line that a crash cut off', async () => {
      const log = clientLog(home)
      expect(await log.load()).to.deep.equal([])
      await log.append([{ offset: 0, head: '', text: 'a' }, { offset: 1, head: '', text: 'b' }])
      await log.sync()
      await appendFile(join(home, 'log.jsonl'), 'half')
      const first = nextHead(EMPTY_HEAD, textHash('a'))
      const whole = [{ offset: 0, head: first, text: 'a' }, { offset: 1, head: nextHead(first, textHash('b')), text: 'b' }]
      // A reader beside a running client repairs nothing.
      expect(await clientLog(home, false).load()).to.deep.equal(whole)
      expect(await readFile(join(home, 'log.jsonl'), 'utf8')).to.equal('a\nb\nhalf')
      expect(await clientLog(home).load()).to.deep.equal(whole)
      expect(await readFile(join(home, 'log.jsonl'), 'utf8')).to.equal('a\nb\n')
    })
  })
})
