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
import { clientLog, keptFirst } from '../roles/client-home.ts'
import type { ClientLog, LogFile } from '../roles/client-home.ts'

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

/** A line of a log, by somebody who says this of itself. */
const line = (note: string): string => canonical(signMessage(new Uint8Array(32).fill(7), {
  statement: { ceremony: null, step: null, type: 'Ready', from: 'ada', view: null, payload: { note } }, seen: EMPTY_LOG,
}))

/** The head after one more line. */
const headWith = (head: string, line: string): string => headAfter(head, parseMessage(line), textHash(line))

/** Does this text hold the log up to there? */
function holds(text: string, { offset, head }: Pin): boolean {
  const lines = text.split('\n').slice(0, -1)
  return offset < lines.length && lines.slice(0, offset + 1).reduce(headWith, EMPTY_HEAD) === head
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
    // One a step.
    expect(syncs).to.be.within(5, 6).and.below(entries / 3)
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
      const [a, b] = [line('a'), line('b')]
      await log.append([{ offset: 0, head: '', text: a }, { offset: 1, head: '', text: b }])
      await log.sync()
      await appendFile(join(home, 'log.jsonl'), 'half')
      const first = headWith(EMPTY_HEAD, a)
      const whole = [{ offset: 0, head: first, text: a }, { offset: 1, head: headWith(first, b), text: b }]
      const loaded = async (keep: boolean) => (await clientLog(home, keep).load()).map(({ offset, head, text }) => ({ offset, head, text }))
      // A reader beside a running client repairs nothing.
      expect(await loaded(false)).to.deep.equal(whole)
      expect(await readFile(join(home, 'log.jsonl'), 'utf8')).to.equal(`${a}\n${b}\nhalf`)
      expect(await loaded(true)).to.deep.equal(whole)
      expect(await readFile(join(home, 'log.jsonl'), 'utf8')).to.equal(`${a}\n${b}\n`)
    })

    it('of the protocol’s first version, in which statements had recipients, is refused by that name, and left as it is', async () => {
      const { statement, ...rest } = parseMessage(line('a'))
      const text = `${canonical({ ...rest, statement: { ...statement, to: null } })}\n`
      await writeFile(join(home, 'log.jsonl'), text)
      const error: unknown = await clientLog(home).load().then(() => undefined, (reason: unknown) => reason)
      expect(isKeyriteError(error, 'wire.other-version'), String(error)).to.equal(true)
      expect(await readFile(join(home, 'log.jsonl'), 'utf8')).to.equal(text)
    })
  })
})
